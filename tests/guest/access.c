/* SPDX-License-Identifier: MIT */
/* The table of loads and stores, and the check that an address has nothing behind it. */
#include "tests/guest/access.h"

#define LOAD(name, size, sign)                                 \
	{                                                      \
#name, access_##name, size, false, sign, false \
	}
#define STORE(name, size)                                      \
	{                                                      \
#name, access_##name, size, true, false, false \
	}
#define ZCB_LOAD(name, size, sign)                            \
	{                                                     \
#name, access_##name, size, false, sign, true \
	}
#define ZCB_STORE(name, size)                                 \
	{                                                     \
#name, access_##name, size, true, false, true \
	}

const struct access accesses[N_ACCESSES] = {
	LOAD(lb, 1, true),
	LOAD(lbu, 1, false),
	LOAD(lh, 2, true),
	LOAD(lhu, 2, false),
	LOAD(lw, 4, true),
	LOAD(lwu, 4, false),
	LOAD(ld, 8, true),
	STORE(sb, 1),
	STORE(sh, 2),
	STORE(sw, 4),
	STORE(sd, 8),
	LOAD(c_lw, 4, true),
	LOAD(c_ld, 8, true),
	STORE(c_sw, 4),
	STORE(c_sd, 8),
	LOAD(c_lwsp, 4, true),
	LOAD(c_ldsp, 8, true),
	STORE(c_swsp, 4),
	STORE(c_sdsp, 8),
	ZCB_LOAD(c_lbu, 1, false),
	ZCB_LOAD(c_lhu, 2, false),
	ZCB_LOAD(c_lh, 2, true),
	ZCB_STORE(c_sb, 1),
	ZCB_STORE(c_sh, 2),
};

uint64_t access_extend(const struct access *access, uint64_t raw)
{
	unsigned unused = 64 - 8 * access->size;

	raw <<= unused;
	return access->sign_extend ? (uint64_t)((int64_t)raw >> unused) : raw >> unused;
}

uint64_t access_fault(const struct access *access)
{
	return access->store ? CAUSE_STORE_ACCESS : CAUSE_LOAD_ACCESS;
}

void access_check_nothing(uint64_t address, const char *what)
{
	for (unsigned i = 0; i < N_ACCESSES; i++) {
		const struct access *access = &accesses[i];
		struct outcome outcome = guest_try(access->fn, address, ~0ul);

		if (access->zcb && outcome.cause == CAUSE_ILLEGAL)
			continue;
		if (outcome.cause != access_fault(access) || outcome.stval != address) {
			print_line("ssssx", what, ": ", access->name, " at ", address);
			CHECK(outcome.cause, access_fault(access), "scause");
			CHECK(outcome.stval, address, "stval");
		}
	}
}
