/* SPDX-License-Identifier: MIT */
/*
 * A VM with a random device and a balloon. The host keeps account of the blocks that it was given: what a correct device
 * never asks for aborts.
 */
#ifndef VESPER_TESTS_SIM_SMALL_VM_H
#define VESPER_TESTS_SIM_SMALL_VM_H

#include "devices/balloon.h"
#include "devices/rng.h"
#include "include/abi/virtio_balloon.h"
#include "tests/sim/driver.h"

#define SMALL_VM_RNG     0
#define SMALL_VM_BALLOON 1
#define SMALL_VM_BLOCK   MIB(2)
#define SMALL_VM_BLOCKS  68u /* more than one request takes */
#define SMALL_VM_RAM     (SMALL_VM_BLOCKS * SMALL_VM_BLOCK)

struct small_vm {
	struct host host;
	struct vm_spec spec;
	void *mem;
	struct dm *dm;
	struct driver rng, balloon;
	/* What the host did with each block: it has it (of inflating), how often it was released. */
	bool given[SMALL_VM_BLOCKS];
	unsigned released[SMALL_VM_BLOCKS];
	unsigned releases, reclaims; /* requests that were done */
	bool last_give;
	/* How the host answers the next submissions; then DM_LENT. */
	enum dm_answer answer[64];
	unsigned n_answers, at_answer;
};

extern struct small_vm vm;

void small_vm_open(enum vm_transport transport);
/* Nothing may be lent. */
void small_vm_close(void);

/* Request i of host.lent is done as it says, or fails. */
void small_vm_complete(unsigned i, enum status status);
/* Until nothing is lent and nothing is left to run. */
void small_vm_settle(void);

/* Blocks that the host has. */
unsigned small_vm_given(void);

/* The page of a byte of RAM. */
static inline uint32_t small_vm_pfn(uint64_t offset)
{
	return (uint32_t)((GUEST_RAM_BASE + offset) / VIRTIO_BALLOON_PAGE);
}

/* The same as fixtures of cmocka. */
int small_vm_setup_mmio(void **state);
int small_vm_setup_pci(void **state);
int small_vm_teardown(void **state);

#endif
