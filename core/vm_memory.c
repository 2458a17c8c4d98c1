/* SPDX-License-Identifier: MIT */
/*
 * A VM's memory. RAM is reserved at the start and given out in 2 MiB blocks at
 * the first touch, zeroed; Vesper sees it through a window in which the blocks
 * are contiguous. Any of the VM's vCPUs may touch first; one claims the block,
 * makes it ready without a lock and puts it in its place with one.
 */
#include <string.h>

#include "core/page.h"
#include "core/vm.h"

static uint64_t blocks(uint64_t bytes)
{
	return (bytes + BLOCK_SIZE - 1) / BLOCK_SIZE;
}

/* ---- windows ---- */

static void window_hide(uint8_t *window, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		own_window_hide(window + i * BLOCK_SIZE);
}

/* After hart_fence_all(). */
static void window_free(uint8_t *window, uint64_t n, void (*give)(void *block))
{
	for (uint64_t i = 0; i < n; i++) {
		void *block = own_window_take(window + i * BLOCK_SIZE);

		if (block)
			give(block);
	}
}

static enum status window_fill(uint8_t *window, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		void *block = page_alloc_block();

		if (block && own_window_map(window + i * BLOCK_SIZE, block) == OK)
			continue;
		if (block)
			page_free_block(block);
		/* Nobody has looked at what was mapped, so there is nothing to fence. */
		window_hide(window, i);
		window_free(window, i, page_free_block);
		return ERR_NO_MEMORY;
	}
	return OK;
}

/* ---- RAM ---- */

static bool is_populated(const struct vm *vm, uint64_t index)
{
	return __atomic_load_n(&vm->populated[index / 64], __ATOMIC_ACQUIRE) >> (index % 64) & 1;
}

/* Both tables were given their pages in vm_memory_take(), or will get them from what the VM has reserved. */
static void put_block(struct vm *vm, uint64_t index, void *block)
{
	gpa_t at = gpa(GUEST_RAM_BASE + index * BLOCK_SIZE);

	if (own_window_map(vm->ram + index * BLOCK_SIZE, block) != OK ||
		gstage_map(&vm->gstage, at, hpa((uintptr_t)block), BLOCK_SIZE, GSTAGE_RWX) != OK)
		panic("no memory for the page tables of %s", vm->spec->name);
	vm->n_populated++;
	__atomic_fetch_or(&vm->populated[index / 64], 1ull << (index % 64), __ATOMIC_RELEASE);
}

/* true: the block is the caller's to make. Else it is there, now that this returns. */
static bool claim(struct vm *vm, uint64_t index)
{
	uint64_t bit = 1ull << (index % 64);

	if (!(__atomic_fetch_or(&vm->claimed[index / 64], bit, __ATOMIC_ACQ_REL) & bit))
		return true;
	/* Another hart zeroes it, and waits for nobody. */
	while (!is_populated(vm, index))
		;
	return false;
}

bool vm_populate(struct vm *vm, gpa_t addr, enum vm_fill fill)
{
	uint64_t index = (addr.a - GUEST_RAM_BASE) / BLOCK_SIZE;

	if (is_populated(vm, index) || !claim(vm, index))
		return false;
	void *block = fill == VM_ZEROED ? page_take_reserved_zeroed() : page_take_reserved();

	spin_lock(&vm->memory_lock);
	put_block(vm, index, block);
	spin_unlock(&vm->memory_lock);
	return true;
}

void *vm_ram(struct vm *vm, gpa_t addr, uint64_t len)
{
	if (!range_inside(addr.a, len, GUEST_RAM_BASE, vm->spec->memory))
		return NULL;
	uint64_t offset = addr.a - GUEST_RAM_BASE;

	if (len)
		for (uint64_t b = offset / BLOCK_SIZE; b <= (offset + len - 1) / BLOCK_SIZE; b++)
			vm_populate(vm, gpa(GUEST_RAM_BASE + b * BLOCK_SIZE), VM_ZEROED);
	return vm->ram + offset;
}

/* ---- all of it ---- */

/* RAM is the last thing in it. */
uint64_t vm_gstage_mode(const struct vm *vm)
{
	return gstage_mode(vm->features->gstage_modes, GUEST_RAM_BASE + vm->spec->memory);
}

/* Page tables and the like: one block and 1/256 of the RAM are plenty. */
static uint64_t blocks_needed(const struct vm *vm)
{
	return blocks(vm->spec->memory) + blocks(vm->spec->memory / 256) + 1;
}

uint64_t vm_memory_needed(const struct vm *vm)
{
	return (blocks_needed(vm) + blocks(dm_memory_needed(vm->spec))) * BLOCK_SIZE;
}

enum status vm_memory_take(struct vm *vm)
{
	if (!page_reserve(blocks_needed(vm)))
		return ERR_NO_MEMORY;
	if (gstage_init(&vm->gstage, vm_gstage_mode(vm)) != OK)
		goto no_gstage;
	if (window_fill(vm->dm_memory, blocks(dm_memory_needed(vm->spec))) != OK)
		goto no_devices;
	vm->n_populated = 0;
	return OK;

no_devices:
	gstage_destroy(&vm->gstage);
no_gstage:
	page_unreserve(blocks_needed(vm));
	return ERR_NO_MEMORY;
}

/* The addresses go first, on every hart, then the memory behind them. `give` takes each block of RAM. */
static void release_ram(struct vm *vm, void (*give)(void *block))
{
	uint64_t n = blocks(vm->spec->memory);

	window_hide(vm->ram, n);
	hart_fence_all();
	window_free(vm->ram, n, give);
	memset(vm->claimed, 0, (n + 63) / 64 * 8);
	memset(vm->populated, 0, (n + 63) / 64 * 8);
	memset(vm->last_vcpu, 0, sizeof(vm->last_vcpu));
}

void vm_memory_renew(struct vm *vm)
{
	release_ram(vm, page_return_reserved);
	gstage_clear(&vm->gstage);
	vm->n_populated = 0;
}

void vm_memory_release(struct vm *vm)
{
	uint64_t dm = blocks(dm_memory_needed(vm->spec));

	window_hide(vm->dm_memory, dm);
	release_ram(vm, page_free_block);
	window_free(vm->dm_memory, dm, page_free_block);
	page_unreserve(blocks_needed(vm) - vm->n_populated);
	vm->n_populated = 0;
	gstage_destroy(&vm->gstage);
}
