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

struct features {
	uint64_t gstage_mode; /* the widest hgatp.MODE: ATP_SV39 (Sv39x4), ... */
	unsigned vmid_bits;
	uint64_t henvcfg; /* every bit that a guest may be given */
	bool sstc;
	bool stateen;
	bool vector;
	unsigned cboz_block; /* bytes that cbo.zero zeroes for Vesper itself; 0: not usable */
	bool use_htinst;     /* false: ignored, as on a hart that always writes 0 */
	uint64_t timebase_hz;
	struct isa guest_isa;
	const char *guest_mmu; /* "riscv,sv39", ... */
};

/* Fills it. Without the H extension this is where Vesper ends. */
void features_probe(const struct machine *machine, struct features *out);

/* What was found, in one line (cut to fit). */
void features_describe(const struct features *f, char *buf, unsigned size);

#endif
