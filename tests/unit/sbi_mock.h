/* SPDX-License-Identifier: MIT */
/* sbi/sbi_core.h in the way of a test: it writes down what the SBI server asks for. */
#ifndef VESPER_TESTS_UNIT_SBI_MOCK_H
#define VESPER_TESTS_UNIT_SBI_MOCK_H

#include "sbi/sbi_core.h"

#define MOCK_VCPUS    70
#define MOCK_RAM_BASE 0x80000000ull
#define MOCK_RAM_SIZE 0x2000ull
#define MOCK_MASK_VA  0x7000ull /* two words of memory that the guest maps */

enum mock_fence { FENCE_NONE, FENCE_I, FENCE_SFENCE, FENCE_SFENCE_ASID };

struct vcpu {
	enum vcpu_state state;
	bool software_irq;
	uint64_t timer;
	enum mock_fence fence; /* the last one, and its arguments */
	uint64_t start, size, asid;
	uint64_t pc, opaque; /* of start and of non-retentive suspend */
	bool stopped, suspended, suspended_nonretentive;
};

struct mock {
	struct vcpu vcpu[MOCK_VCPUS];
	unsigned count;
	char ram[MOCK_RAM_SIZE];
	uint64_t mask[2];
	char output[8192], input[64];
	size_t output_len, input_len;
	bool shutdown, failed, reboot;
	uint64_t ram_asked; /* bytes of RAM that core would have to make sure of */
};

extern struct mock mock;

/* `count` vCPUs, hart 0 running and the others stopped. */
void mock_reset(unsigned count);

#endif
