/* SPDX-License-Identifier: MIT */
/* The instructions of access.S as functions and as a table of all integer loads and stores. */
#ifndef VESPER_TESTS_GUEST_ACCESS_H
#define VESPER_TESTS_GUEST_ACCESS_H

#include "tests/guest/guest.h"

uint64_t access_lb(uint64_t, uint64_t), access_lbu(uint64_t, uint64_t),
	access_lh(uint64_t, uint64_t), access_lhu(uint64_t, uint64_t),
	access_lw(uint64_t, uint64_t), access_lwu(uint64_t, uint64_t),
	access_ld(uint64_t, uint64_t), access_sb(uint64_t, uint64_t), access_sh(uint64_t, uint64_t),
	access_sw(uint64_t, uint64_t), access_sd(uint64_t, uint64_t),
	access_c_lw(uint64_t, uint64_t), access_c_ld(uint64_t, uint64_t),
	access_c_sw(uint64_t, uint64_t), access_c_sd(uint64_t, uint64_t),
	access_c_lwsp(uint64_t, uint64_t), access_c_ldsp(uint64_t, uint64_t),
	access_c_swsp(uint64_t, uint64_t), access_c_sdsp(uint64_t, uint64_t),
	access_c_lbu(uint64_t, uint64_t), access_c_lhu(uint64_t, uint64_t),
	access_c_lh(uint64_t, uint64_t), access_c_sb(uint64_t, uint64_t),
	access_c_sh(uint64_t, uint64_t);

/* What no device model answers: floating point and atomics. FP needs sstatus.FS. */
uint64_t access_flw(uint64_t, uint64_t), access_fsd(uint64_t, uint64_t),
	access_c_fld(uint64_t, uint64_t), access_lr_w(uint64_t, uint64_t),
	access_amoadd_w(uint64_t, uint64_t), access_amoswap_d(uint64_t, uint64_t);

uint64_t access_jump(uint64_t, uint64_t);

/* Index 1..31: a word through that register. */
extern const access_fn load_through[32], store_through[32];

struct access {
	const char *name;
	access_fn fn;
	unsigned size; /* bytes */
	bool store, sign_extend;
	bool zcb; /* an illegal instruction on a hart without Zcb */
};

#define N_ACCESSES 24
extern const struct access accesses[N_ACCESSES];

/* What a load of `size` bytes gives when the bytes in memory are those of `raw`. */
uint64_t access_extend(const struct access *access, uint64_t raw);

/* The cause of an access fault of this access. */
uint64_t access_fault(const struct access *access);

/* Tries every load and store at an address where nothing is: each must fault with it in stval. */
void access_check_nothing(uint64_t address, const char *what);

#endif
