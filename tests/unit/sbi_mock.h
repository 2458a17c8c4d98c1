/* SPDX-License-Identifier: MIT */
/* sbi/sbi_core.h in the way of a test: it writes down what the SBI server asks for. */
#ifndef VESPER_TESTS_UNIT_SBI_MOCK_H
#define VESPER_TESTS_UNIT_SBI_MOCK_H

#include "sbi/sbi_core.h"
#include "sbi/state.h"

#define MOCK_VCPUS    64
#define MOCK_RAM_BASE 0x80000000ull
#define MOCK_RAM_SIZE 0x4000ull
#define MOCK_MASK_VA  0x7000ull /* a word of memory that the guest maps */
#define MOCK_EVENTS   22

/* What programmable counters can count, besides cycles. */
#define MOCK_CACHE_EVENT 0x10019ull
#define MOCK_RAW_DATA    0x77ull
#define MOCK_HPM_CSR     0xc04u /* of the first */

enum mock_fence { FENCE_NONE, FENCE_I, FENCE_SFENCE, FENCE_SFENCE_ASID };

struct mock_hpm {
	bool configured, started, overflown;
	uint64_t event, inhibit, value;
};

struct vcpu {
	enum vcpu_state state;
	bool software_irq;
	uint64_t timer;
	enum mock_fence fence; /* the last one, and its arguments */
	uint64_t start, size, asid;
	unsigned fenced_at, waited_at; /* moments; 0: never */
	uint64_t pc, opaque;           /* of start and of non-retentive suspend */
	bool stopped, suspended, suspended_nonretentive;
	uint64_t steal_area;
	uint64_t envcfg;
	struct sbi_state sbi;
	uint64_t raw[2]; /* enum vcpu_counter */
	uint64_t events[MOCK_EVENTS];
	uint32_t trapped_counters;
	struct mock_hpm hpm[SBI_PMU_HPM_MAX];
	struct vcpu_frame frame;
	bool notified; /* of a software event */
};

struct mock {
	struct vcpu vcpu[MOCK_VCPUS];
	unsigned count;
	unsigned caller; /* hart ID of the vCPU that calls */
	struct sbi_vm sbi;
	char ram[MOCK_RAM_SIZE] __attribute__((aligned(4096)));
	uint64_t mask;
	char output[8192], input[64];
	size_t output_len, input_len;
	size_t output_room; /* for vcpu_console_send() */
	bool shutdown, failed, reboot;
	bool start_fails;   /* another hart is always faster */
	uint64_t ram_asked; /* bytes of RAM that core would have to make sure of */
	unsigned moment;
	unsigned hpm_counters;
	bool hpm_overflows;
	uint64_t envcfg_supported;
	uint64_t
		pmm_illegal; /* a value of the field PMM that this hart does not take; 0: takes all */
};

extern struct mock mock;

/* `count` vCPUs, hart 0 running and the others stopped. */
void mock_reset(unsigned count);

#endif
