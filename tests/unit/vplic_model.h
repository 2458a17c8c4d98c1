/* SPDX-License-Identifier: MIT */
/* A PLIC written for plainness: one struct a source, no words, no bits. The reference for vplic. */
#ifndef VESPER_TESTS_UNIT_VPLIC_MODEL_H
#define VESPER_TESTS_UNIT_VPLIC_MODEL_H

#include "irq/vplic.h"

struct model_source {
	bool line, pending, in_service;
	unsigned priority;
};

#define MODEL_VCPUS    2
#define MODEL_CONTEXTS (2 * MODEL_VCPUS)

struct vplic_model {
	struct model_source source[GUEST_PLIC_SOURCES];
	bool enabled[MODEL_CONTEXTS][GUEST_PLIC_SOURCES];
	unsigned threshold[MODEL_CONTEXTS];
};

void model_init(struct vplic_model *m);
void model_set_line(struct vplic_model *m, unsigned source, bool level);
uint32_t model_read(struct vplic_model *m, uint64_t offset, unsigned size);
void model_write(struct vplic_model *m, uint64_t offset, unsigned size, uint64_t value);
bool model_output(const struct vplic_model *m, unsigned context);

/* One action on both, chosen by the arguments; false: they differ. */
bool model_step(
	struct vplic *p, struct vplic_model *m, uint32_t what, uint32_t where, uint32_t value);

#endif
