/* SPDX-License-Identifier: MIT */
/* Any accesses and any lines: the virtual APLIC does what the plain model does. */
#include <string.h>

#include "irq/vaplic.h"
#include "tests/unit/vaplic_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vaplic_model model;
	struct vaplic aplic;
	uint32_t step[3];

	vaplic_init(&aplic, 2);
	vaplic_model_init(&model, 2);
	for (size_t at = 0; size - at >= sizeof(step); at += sizeof(step)) {
		memcpy(step, data + at, sizeof(step));
		if (!vaplic_model_step(&aplic, &model, step[0], step[1], step[2]))
			__builtin_trap();
	}
	return 0;
}
