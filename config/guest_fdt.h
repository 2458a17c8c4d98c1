/* SPDX-License-Identifier: MIT */
/* The device tree that a guest sees, written with libfdt. */
#ifndef VESPER_CONFIG_GUEST_FDT_H
#define VESPER_CONFIG_GUEST_FDT_H

#include "config/isa.h"
#include "include/status.h"
#include "include/vm_spec.h"

struct guest_fdt_input {
	const struct vm_spec *spec;
	bool aia;             /* APLIC and IMSIC instead of the PLIC; Ssaia is added to `isa` */
	struct isa isa;       /* what the guest may use: isa_for_guest() */
	const char *mmu_type; /* "riscv,sv39", ... */
	uint64_t timebase_hz;
	uint64_t initrd_start, initrd_end; /* GPA; equal: none */
	uint8_t rng_seed[32];
};

/* Bytes that always suffice, in whole pages. */
#define GUEST_FDT_SIZE(vcpus) (((vcpus)*2560ull + 8192 + 4095) & ~4095ull)
#define GUEST_FDT_MAX         GUEST_FDT_SIZE(VM_VCPUS_MAX)

static inline uint64_t guest_fdt_size(unsigned vcpus)
{
	return GUEST_FDT_SIZE(vcpus);
}

/* Writes the tree into buf; ERR_NO_SPACE if it does not fit. */
MUST_CHECK enum status guest_fdt_build(void *buf, size_t size, const struct guest_fdt_input *in);

#endif
