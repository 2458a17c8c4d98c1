/* SPDX-License-Identifier: MIT */
#ifndef VESPER_CORE_COPY_H
#define VESPER_CORE_COPY_H

#include <stdint.h>

/* As memcpy(), for kernels and the like: long ones take hardly more than a load and a store for eight bytes. */
void copy_bytes(void *to, const void *from, uint64_t size);

#endif
