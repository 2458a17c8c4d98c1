/* SPDX-License-Identifier: MIT */
#include "core/vm_release.h"

#include "core/csr.h"
#include "core/page.h"
#include "core/vm_ports.h"

#define REPORTS_PER_SECOND 200

_Static_assert(sizeof(struct vm_release) <= PAGE_SIZE, "");

/*
 * A report of free memory may be ignored. What the guest was asked for is taken as often as it has blocks; beyond that, it
 * plays a game.
 */
static bool too_often(struct vm *vm, const struct dm_request *request)
{
	uint64_t *next = &vm->release->next[request->give];
	uint64_t now = csr_read(time), interval = vm->features->timebase_hz / REPORTS_PER_SECOND;
	uint64_t burst = request->give ? vm->spec->memory / BLOCK_SIZE * interval : 0;

	if (*next > now + burst)
		return true;
	*next = (*next > now ? *next : now) + interval;
	return false;
}

static void take_block(struct vm *vm, gpa_t addr, bool give)
{
	struct vm_release *r = vm->release;

	if (!vm_block_is_there(vm, addr)) {
		if (give)
			vm_block_give(vm);
		return;
	}
	void *block = r->n < VM_RELEASE_BLOCKS ? vm_block_take(vm, addr) : NULL;

	if (block)
		r->block[r->n++] = block;
}

static void take_blocks(struct vm *vm, const struct slice *slice, bool give)
{
	if (!range_inside(slice->addr.a, slice->len, GUEST_RAM_BASE, vm->spec->memory))
		return;
	for (uint64_t at = 0; at + BLOCK_SIZE <= slice->len; at += BLOCK_SIZE)
		take_block(vm, gpa(slice->addr.a + at), give);
}

static enum dm_answer release(struct vm *vm, struct dm_request *request)
{
	struct vm_release *r = vm->release;

	if (r->request)
		return DM_BUSY;
	if (too_often(vm, request))
		return request->give ? DM_FAILED : DM_DONE;
	r->n = 0;
	for (unsigned i = 0; i < request->n_slices; i++)
		take_blocks(vm, &request->slices[i], request->give);
	if (!r->n)
		return DM_DONE;
	r->request = request;
	return DM_LENT;
}

static enum dm_answer reclaim(struct vm *vm, const struct dm_request *request)
{
	return vm_reclaim(vm, request->len / BLOCK_SIZE) ? DM_DONE : DM_BUSY;
}

enum dm_answer vm_release_submit(struct vm *vm, struct dm_request *request)
{
	return request->op == DM_RELEASE ? release(vm, request) : reclaim(vm, request);
}

void vm_release_told(const struct vm *giver)
{
	for (struct vm *vm = vm_first(); vm; vm = vm->next)
		if (vm != giver && vm->n_given)
			vm_ports_ready(vm, VM_DEVICE_BALLOON);
}

/* The request, when it is this hart's to finish. */
static struct dm_request *claim(struct vm *vm)
{
	struct vm_release *r = vm->release;
	struct dm_request *request = NULL;

	spin_lock(&vm->lock);
	if (vm_release_pending(vm)) {
		request = r->request;
		r->finishing = true;
	}
	spin_unlock(&vm->lock);
	return request;
}

void vm_release_finish(struct vm *vm)
{
	struct vm_release *r = vm->release;
	struct dm_request *request = claim(vm);

	if (!request)
		return;
	bool give = request->give;

	hart_fence_all();
	for (unsigned i = 0; i < r->n; i++)
		vm_block_free(vm, r->block[i], give);
	spin_lock(&vm->lock);
	r->request = NULL;
	r->finishing = false;
	dm_request_done(vm->dm, request, OK);
	/* What the device does next is done after the next guest entry. */
	vm->dm_again = true;
	csr_set(sip, SIE_SSIE);
	spin_unlock(&vm->lock);
	if (give)
		vm_release_told(vm);
}

bool vm_set_balloon(struct vm *vm, uint64_t bytes)
{
	bool any = false;

	for (unsigned i = 0; i < vm->spec->n_devices; i++)
		any |= vm->spec->devices[i].kind == VM_DEVICE_BALLOON;
	__atomic_store_n(&vm->balloon_target, bytes, __ATOMIC_RELAXED);
	vm_ports_ready(vm, VM_DEVICE_BALLOON);
	return any;
}
