/* SPDX-License-Identifier: MIT */
/* Any accesses and any lines: the virtual PLIC does what the plain model does. */
#include <string.h>

#include "irq/vplic.h"
#include "tests/unit/vplic_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vplic_model model;
	struct vplic plic;
	uint32_t step[3];

	vplic_init(&plic, MODEL_VCPUS);
	model_init(&model);
	for (size_t at = 0; size - at >= sizeof(step); at += sizeof(step)) {
		memcpy(step, data + at, sizeof(step));
		if (!model_step(&plic, &model, step[0], step[1], step[2]))
			__builtin_trap();
	}
	return 0;
}
