/* SPDX-License-Identifier: MIT */
/* Any accesses and any MSIs: the software interrupt file does what the plain model does. */
#include <string.h>

#include "irq/vimsic.h"
#include "tests/unit/vimsic_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vimsic_model model;
	struct vimsic_state file;
	struct {
		uint32_t what, where;
		uint64_t value;
	} step;

	vimsic_init(&file);
	vimsic_model_init(&model);
	for (size_t at = 0; size - at >= sizeof(step); at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		if (!vimsic_model_step(&file, &model, step.what, step.where, step.value))
			__builtin_trap();
	}
	return 0;
}
