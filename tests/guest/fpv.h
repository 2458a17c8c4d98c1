/* SPDX-License-Identifier: MIT */
/* The FP and vector registers as memory; sstatus.FS or VS must be on. */
#ifndef VESPER_TESTS_GUEST_FPV_H
#define VESPER_TESTS_GUEST_FPV_H

#include "tests/guest/guest.h"

#define FPV_VLENB_MAX 128 /* VLEN 1024 */

struct fpv_fp {
	uint64_t f[32];
	uint64_t fcsr;
};

struct fpv_vector_csrs {
	uint64_t vl, vtype, vstart, vcsr;
};

void fpv_load_fp(const struct fpv_fp *from);
void fpv_store_fp(struct fpv_fp *to);

/* v0 to v31, vlenb bytes each. */
void fpv_load_vector(const void *from, const struct fpv_vector_csrs *csrs);
void fpv_store_vector(void *to, struct fpv_vector_csrs *csrs);

/* For guest_try(): the arguments and nothing else. */
uint64_t fpv_vlenb(uint64_t unused, uint64_t unused_too);

#endif
