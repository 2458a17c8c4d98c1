/* SPDX-License-Identifier: MIT */
/* The AIA machine of a guest: APLIC, IMSICs and the CSRs of an interrupt file. */
#ifndef VESPER_TESTS_GUEST_AIA_H
#define VESPER_TESTS_GUEST_AIA_H

#include "tests/guest/smp.h"

#define APLIC         0x0d000000ul
#define IMSIC(hart)   (0x28000000ul + 0x1000ul * (hart))
#define IMSIC_IDS     255
#define APLIC_SOURCES 95

#define EIDELIVERY  0x70
#define EITHRESHOLD 0x72
#define EIP(id)     (0x80 + (id) / 64 * 2)
#define EIE(id)     (0xc0 + (id) / 64 * 2)
#define BIT64(id)   (1ul << ((id) % 64))

#define STOPI_EXTERNAL 9

#define siselect 0x150
#define sireg    0x151
#define stopei   0x15c
#define stopi    0xdb0

#define csr_number(op, csr)                                                                 \
	({                                                                                  \
		uint64_t csr_value;                                                         \
		__asm__ volatile(op " %0, %1, x0" : "=r"(csr_value) : "i"(csr) : "memory"); \
		csr_value;                                                                  \
	})

static inline uint64_t aia_get(uint64_t select)
{
	__asm__ volatile("csrw %0, %1" ::"i"(siselect), "r"(select) : "memory");
	return csr_number("csrrs", sireg);
}

static inline void aia_set(uint64_t select, uint64_t value)
{
	__asm__ volatile(
		"csrw %0, %1\n\tcsrw %2, %3" ::"i"(siselect), "r"(select), "i"(sireg), "r"(value)
		: "memory");
}

/* Sets or clears bits of a register. */
static inline void aia_set_bits(uint64_t select, uint64_t bits)
{
	__asm__ volatile(
		"csrw %0, %1\n\tcsrs %2, %3" ::"i"(siselect), "r"(select), "i"(sireg), "r"(bits)
		: "memory");
}

static inline void aia_clear_bits(uint64_t select, uint64_t bits)
{
	__asm__ volatile(
		"csrw %0, %1\n\tcsrc %2, %3" ::"i"(siselect), "r"(select), "i"(sireg), "r"(bits)
		: "memory");
}

/* The identity that is on top; and takes it. */
static inline uint64_t aia_top(void)
{
	return csr_number("csrrs", stopei) >> 16;
}

static inline uint64_t aia_claim(void)
{
	return csr_number("csrrw", stopei) >> 16;
}

/* An MSI. */
static inline void aia_send(uint64_t hart, uint32_t id)
{
	__asm__ volatile("fence rw, rw" ::: "memory");
	*(volatile uint32_t *)IMSIC(hart) = id;
}

static inline bool aia_pending(unsigned id)
{
	return aia_get(EIP(id)) & BIT64(id);
}

static inline void aia_enable(unsigned id)
{
	aia_set_bits(EIE(id), BIT64(id));
}

/* The calling hart's file: nothing pending or enabled, delivery on. */
static inline void aia_open(void)
{
	for (unsigned id = 0; id <= IMSIC_IDS; id += 64) {
		aia_set(EIE(id), 0);
		aia_set(EIP(id), 0);
	}
	aia_set(EITHRESHOLD, 0);
	aia_set(EIDELIVERY, 1);
}

/* Waits in wfi for one interrupt; returns what it claims. */
static inline uint64_t aia_wait(void)
{
	struct smp_hart *self = smp_self();
	uint64_t before = smp_interrupts(self, CAUSE_EXTERNAL);

	csr_write(sie, SIP_SEIP);
	while (smp_interrupts(self, CAUSE_EXTERNAL) == before)
		guest_sleep();
	smp_interrupts_off();
	return aia_claim();
}

#endif
