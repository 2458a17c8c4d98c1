/* SPDX-License-Identifier: MIT */
/*
 * What this machine's harts can do, probed at boot: the device tree is asked
 * first, then the hart itself, and only what both confirm is used.
 */
#ifndef VESPER_CORE_FEATURES_H
#define VESPER_CORE_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "config/machine.h"

/* What Vesper makes itself not see, to stand for a hart that does not say it. */
enum features_ignored {
	IGNORE_NOTHING,
	IGNORE_HTINST, /* but for a page-table walk: a hart that gives an address must tell of that */
	IGNORE_HTVAL, /* and htinst at all */
};

struct features {
	uint64_t gstage_modes; /* bit m: hgatp.MODE m, ATP_SV39 (Sv39x4) to ATP_SV57 */
	unsigned vmid_bits;
	uint64_t henvcfg;       /* every bit that a guest may be given */
	uint64_t henvcfg_reset; /* those that are set when a vCPU starts */
	bool sstc;
	bool stateen;
	bool aia;            /* Ssaia's registers */
	bool imsic;          /* and an IMSIC at each hart */
	bool lcofi;          /* counter overflows can be a guest's interrupt */
	unsigned vlenb;      /* bytes of a vector register; 0: no V */
	unsigned cboz_block; /* bytes that cbo.zero zeroes for Vesper itself; 0: not usable */
	enum features_ignored ignored;
	uint64_t timebase_hz;
	struct isa guest_isa;
	const char *guest_mmu; /* "riscv,sv39", ... */
};

/* Fills it. Without the H extension this is where Vesper ends. */
void features_probe(const struct machine *machine, struct features *out);

/* What was found, in one line (cut to fit). */
void features_describe(const struct features *f, char *buf, unsigned size);

#endif
