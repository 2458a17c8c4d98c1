/* SPDX-License-Identifier: MIT */
#include "drivers/io.h"

#define DEFINE_IO(bits)                                                       \
	uint##bits##_t io_read##bits(uintptr_t address)                       \
	{                                                                     \
		uint##bits##_t v = *(const volatile uint##bits##_t *)address; \
		__asm__ volatile("fence i, r" ::: "memory");                  \
		return v;                                                     \
	}                                                                     \
	void io_write##bits(uintptr_t address, uint##bits##_t value)          \
	{                                                                     \
		__asm__ volatile("fence w, o" ::: "memory");                  \
		*(volatile uint##bits##_t *)address = value;                  \
	}

DEFINE_IO(8)
DEFINE_IO(16)
DEFINE_IO(32)
