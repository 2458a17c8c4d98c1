/* SPDX-License-Identifier: MIT */
/*
 * Guest-physical and host-physical addresses as distinct types, so that the
 * compiler refuses to mix them. Unwrap with .a where arithmetic is the point.
 */
#ifndef VESPER_LIB_ADDR_H
#define VESPER_LIB_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
	uint64_t a;
} gpa_t;

typedef struct {
	uint64_t a;
} hpa_t;

static inline gpa_t gpa(uint64_t a)
{
	return (gpa_t){a};
}

static inline hpa_t hpa(uint64_t a)
{
	return (hpa_t){a};
}

/* Is [addr, addr+len) inside [base, base+size)? Never overflows; an empty range must still lie
 * inside. */
static inline bool range_inside(uint64_t addr, uint64_t len, uint64_t base, uint64_t size)
{
	return addr >= base && len <= size && addr - base <= size - len;
}

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#endif
