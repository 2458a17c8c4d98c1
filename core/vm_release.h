/* SPDX-License-Identifier: MIT */
/*
 * Memory that a guest gives back. Its blocks leave the guest's addresses at once, with the VM's lock; they can be used
 * again when all harts have forgotten them, which nobody may wait for with a lock. So the request is lent, and whoever has the
 * lock finishes it after he gave it up (vm_unlock_devices()).
 */
#ifndef VESPER_CORE_VM_RELEASE_H
#define VESPER_CORE_VM_RELEASE_H

#include "core/vm.h"

#define VM_RELEASE_BLOCKS 128 /* at once; of a longer request the rest stays */

struct vm_release {
	struct dm_request *request; /* NULL: none */
	bool finishing;             /* somebody does it */
	unsigned n;
	void *block[VM_RELEASE_BLOCKS];
	/* Each costs all harts a fence, so there is a limit: the host time at which what was done is paid for. [give] */
	uint64_t next[2];
};

/* host_submit() for DM_RELEASE and DM_RECLAIM. With the lock. */
enum dm_answer vm_release_submit(struct vm *vm, struct dm_request *request);

static inline bool vm_release_pending(const struct vm *vm)
{
	return vm->release->request && !vm->release->finishing;
}

/* With no lock held. */
void vm_release_finish(struct vm *vm);

/* There is more free memory: the balloons of the others that want some back are told. */
void vm_release_told(const struct vm *giver);

#endif
