/* SPDX-License-Identifier: MIT */
/* An interrupt file written for plainness: a bool an identity. The reference for vimsic. */
#ifndef VESPER_TESTS_UNIT_VIMSIC_MODEL_H
#define VESPER_TESTS_UNIT_VIMSIC_MODEL_H

#include "irq/vimsic.h"

struct vimsic_model {
	bool delivery;
	unsigned threshold;
	bool pending[GUEST_IMSIC_IDS + 1], enabled[GUEST_IMSIC_IDS + 1];
};

void vimsic_model_init(struct vimsic_model *m);

/* One action on both, chosen by the arguments; false: they differ. */
bool vimsic_model_step(struct vimsic_state *s, struct vimsic_model *m, uint32_t what,
	uint32_t where, uint64_t value);

#endif
