/* SPDX-License-Identifier: MIT */
/*
 * An APLIC domain written for plainness from the tables of AIA 1.0, 4.5 and 4.7: one struct a source, no
 * words, no bits. The reference for vaplic.
 */
#ifndef VESPER_TESTS_UNIT_VAPLIC_MODEL_H
#define VESPER_TESTS_UNIT_VAPLIC_MODEL_H

#include "irq/vaplic.h"

struct vaplic_model_source {
	unsigned mode; /* SM; 0: inactive */
	bool line, pending, enabled;
	unsigned hart, eiid;
};

struct vaplic_model {
	unsigned n_harts;
	bool enabled;
	bool genmsi_waits;
	unsigned genmsi_hart, genmsi_eiid;
	struct vaplic_model_source source[GUEST_APLIC_SOURCES];
};

void vaplic_model_init(struct vaplic_model *m, unsigned vcpus);

/* One action on both, chosen by the arguments, and then all MSIs; false: they differ. */
bool vaplic_model_step(
	struct vaplic *v, struct vaplic_model *m, uint32_t what, uint32_t where, uint32_t value);

#endif
