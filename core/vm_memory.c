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
#include "core/vm_ports.h"

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

enum status vm_window_fill(uint8_t *window, uint64_t bytes)
{
	uint64_t n = blocks(bytes);

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

void vm_window_hide(uint8_t *window, uint64_t bytes)
{
	window_hide(window, blocks(bytes));
}

void vm_window_free(uint8_t *window, uint64_t bytes)
{
	window_free(window, blocks(bytes), page_free_block);
}

void *vm_table_create(uint64_t bytes)
{
	for (unsigned pages = 1; pages <= 4; pages *= 2)
		if (bytes <= pages * PAGE_SIZE)
			return page_alloc(pages);
	uint8_t *window = own_window(bytes);

	if (!window || vm_window_fill(window, bytes) != OK)
		return NULL;
	memset(window, 0, bytes);
	return window;
}

/* ---- RAM ---- */

/* In a word of vm->block: how many pins there are; the rest is the block's address. */
#define PINS (BLOCK_SIZE - 1)

static uint64_t index_of(gpa_t addr)
{
	return (addr.a - GUEST_RAM_BASE) / BLOCK_SIZE;
}

static bool is_populated(const struct vm *vm, uint64_t index)
{
	return __atomic_load_n(&vm->block[index], __ATOMIC_ACQUIRE);
}

/* Both tables were given their pages in vm_memory_take(), or will get them from what the VM has reserved. */
static void put_block(struct vm *vm, uint64_t index, void *block)
{
	gpa_t at = gpa(GUEST_RAM_BASE + index * BLOCK_SIZE);

	if (own_window_map(vm->ram + index * BLOCK_SIZE, block) != OK ||
		gstage_map(&vm->gstage, at, hpa((uintptr_t)block), BLOCK_SIZE, GSTAGE_RWX) != OK)
		panic("no memory for the page tables of %s", vm->spec->name);
	__atomic_store_n(&vm->block[index], (uintptr_t)block, __ATOMIC_RELEASE);
}

static void set_claimed(struct vm *vm, uint64_t index, bool claimed)
{
	uint64_t bit = 1ull << (index % 64);

	if (claimed)
		__atomic_fetch_or(&vm->claimed[index / 64], bit, __ATOMIC_ACQ_REL);
	else
		__atomic_fetch_and(&vm->claimed[index / 64], ~bit, __ATOMIC_RELEASE);
}

/* true: the block is the caller's to make. Else it is there, now that this returns. */
static bool claim(struct vm *vm, uint64_t index)
{
	uint64_t bit = 1ull << (index % 64);

	/* Another hart zeroes it, and waits for nobody; or it came and was taken away again. */
	while (__atomic_fetch_or(&vm->claimed[index / 64], bit, __ATOMIC_ACQ_REL) & bit)
		if (is_populated(vm, index))
			return false;
	return true;
}

/* What a guest touches of what it gave away has to be found again. */
static bool reserve_again(struct vm *vm)
{
	spin_lock(&vm->memory_lock);
	bool reserved = vm->n_given && page_reserve(1);

	vm->n_given -= reserved;
	spin_unlock(&vm->memory_lock);
	return reserved;
}

static bool count_claimed(struct vm *vm)
{
	uint64_t n = __atomic_add_fetch(&vm->n_claimed, 1, __ATOMIC_SEQ_CST);

	if (n <= blocks(vm->spec->memory) - __atomic_load_n(&vm->n_given, __ATOMIC_SEQ_CST) ||
		reserve_again(vm))
		return true;
	__atomic_fetch_sub(&vm->n_claimed, 1, __ATOMIC_RELAXED);
	return false;
}

enum vm_populated vm_populate(struct vm *vm, gpa_t addr, enum vm_fill fill)
{
	uint64_t index = index_of(addr);

	if (is_populated(vm, index) || !claim(vm, index))
		return VM_WAS_THERE;
	if (!count_claimed(vm)) {
		set_claimed(vm, index, false);
		return VM_NO_MEMORY;
	}
	void *block = fill == VM_ZEROED ? page_take_reserved_zeroed() : page_take_reserved();

	spin_lock(&vm->memory_lock);
	put_block(vm, index, block);
	spin_unlock(&vm->memory_lock);
	return VM_IS_NEW;
}

/* The blocks that [addr, addr + len) lies in: from *first to before the number returned. */
static uint64_t blocks_of(gpa_t addr, uint64_t len, uint64_t *first)
{
	*first = index_of(addr);
	return len ? index_of(gpa(addr.a + len - 1)) + 1 : *first;
}

/* Out of line, so that what is there already, which is nearly all, needs no stack frame. */
static __attribute__((noinline)) void *populate_range(struct vm *vm, gpa_t addr, uint64_t len)
{
	uint64_t b, end = blocks_of(addr, len, &b);

	for (; b < end; b++)
		if (vm_populate(vm, gpa(GUEST_RAM_BASE + b * BLOCK_SIZE), VM_ZEROED) ==
			VM_NO_MEMORY)
			return NULL;
	return vm->ram + (addr.a - GUEST_RAM_BASE);
}

void *vm_ram(struct vm *vm, gpa_t addr, uint64_t len)
{
	if (!range_inside(addr.a, len, GUEST_RAM_BASE, vm->spec->memory))
		return NULL;
	if (addr.a % BLOCK_SIZE + len > BLOCK_SIZE || !len || !is_populated(vm, index_of(addr)))
		return populate_range(vm, addr, len);
	return vm->ram + (addr.a - GUEST_RAM_BASE);
}

/* ---- pins ---- */

/* As many as the requests of all disks and networks of a VM can have, and their posted buffers, are far below. */
_Static_assert(VM_DEVICES_MAX * 64ull * DM_SLICES_MAX < PINS / 4,
	"pins are counted in a word of the block");

/* false: it is not there any more. */
static bool pin_block(struct vm *vm, uint64_t index)
{
	uint64_t word = __atomic_load_n(&vm->block[index], __ATOMIC_RELAXED);

	while (word)
		if (__atomic_compare_exchange_n(&vm->block[index], &word, word + 1, true,
			    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

static void unpin_blocks(struct vm *vm, uint64_t from, uint64_t end)
{
	for (; from < end; from++)
		__atomic_fetch_sub(&vm->block[from], 1, __ATOMIC_RELEASE);
}

/* false: there is no memory for it. */
static bool populate_pinned(struct vm *vm, uint64_t index)
{
	gpa_t at = gpa(GUEST_RAM_BASE + index * BLOCK_SIZE);

	while (!pin_block(vm, index))
		if (vm_populate(vm, at, VM_ZEROED) == VM_NO_MEMORY)
			return false;
	return true;
}

static __attribute__((noinline)) void *pin_range(struct vm *vm, gpa_t addr, uint64_t len)
{
	uint64_t first, end = blocks_of(addr, len, &first);

	for (uint64_t b = first; b < end; b++) {
		if (!populate_pinned(vm, b)) {
			unpin_blocks(vm, first, b);
			return NULL;
		}
	}
	return vm->ram + (addr.a - GUEST_RAM_BASE);
}

void *vm_pin(struct vm *vm, gpa_t addr, uint64_t len)
{
	if (!range_inside(addr.a, len, GUEST_RAM_BASE, vm->spec->memory))
		return NULL;
	if (addr.a % BLOCK_SIZE + len > BLOCK_SIZE || !len || !pin_block(vm, index_of(addr)))
		return pin_range(vm, addr, len);
	return vm->ram + (addr.a - GUEST_RAM_BASE);
}

void vm_unpin(struct vm *vm, gpa_t addr, uint64_t len)
{
	uint64_t first, end = blocks_of(addr, len, &first);

	unpin_blocks(vm, first, end);
}

hpa_t vm_pinned_hpa(const struct vm *vm, gpa_t addr)
{
	uint64_t word = __atomic_load_n(&vm->block[index_of(addr)], __ATOMIC_RELAXED);

	return hpa((word & ~PINS) + addr.a % BLOCK_SIZE);
}

/* ---- what a guest gives back ---- */

void *vm_block_take(struct vm *vm, gpa_t addr)
{
	uint64_t index = index_of(addr);
	uint8_t *at = vm->ram + index * BLOCK_SIZE;
	uint64_t word = __atomic_load_n(&vm->block[index], __ATOMIC_RELAXED);
	void *block = NULL;

	spin_lock(&vm->memory_lock);
	/* From then on nobody can pin it. Who touches it waits until `claimed` is clear. */
	if (word && !(word & PINS) &&
		__atomic_compare_exchange_n(
			&vm->block[index], &word, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
		gstage_unmap(&vm->gstage, addr, BLOCK_SIZE);
		own_window_hide(at);
		block = own_window_take(at);
		set_claimed(vm, index, false);
	}
	spin_unlock(&vm->memory_lock);
	return block;
}

bool vm_block_is_there(const struct vm *vm, gpa_t addr)
{
	return is_populated(vm, index_of(addr));
}

void vm_block_free(struct vm *vm, void *block, bool give)
{
	page_return_reserved(block);
	/* Given first, so that a touch of it meanwhile reserves another. */
	if (give) {
		spin_lock(&vm->memory_lock);
		vm->n_given++;
		spin_unlock(&vm->memory_lock);
	}
	__atomic_fetch_sub(&vm->n_claimed, 1, __ATOMIC_RELEASE);
	if (give)
		page_unreserve(1);
}

/* A touch of it counts itself and then looks what is given; this is the other way round, so one of them sees the other. */
void vm_block_give(struct vm *vm)
{
	spin_lock(&vm->memory_lock);
	uint64_t given = __atomic_add_fetch(&vm->n_given, 1, __ATOMIC_SEQ_CST);
	bool one_left = __atomic_load_n(&vm->n_claimed, __ATOMIC_SEQ_CST) + given <=
			blocks(vm->spec->memory);

	if (!one_left)
		vm->n_given--;
	spin_unlock(&vm->memory_lock);
	if (one_left)
		page_unreserve(1);
}

bool vm_reclaim(struct vm *vm, uint64_t n)
{
	spin_lock(&vm->memory_lock);
	/* Of more than it gave it has all already. */
	n = n < vm->n_given ? n : vm->n_given;
	bool reserved = page_reserve(n);

	if (reserved)
		vm->n_given -= n;
	spin_unlock(&vm->memory_lock);
	return reserved;
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
	return (blocks_needed(vm) + blocks(dm_memory_needed(vm->spec))) * BLOCK_SIZE +
	       vm_ports_memory(vm->spec);
}

enum status vm_memory_take(struct vm *vm)
{
	if (!page_reserve(blocks_needed(vm)))
		return ERR_NO_MEMORY;
	if (gstage_init(&vm->gstage, vm_gstage_mode(vm)) != OK)
		goto no_gstage;
	if (vm_window_fill(vm->dm_memory, dm_memory_needed(vm->spec)) != OK)
		goto no_devices;
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
	memset(vm->block, 0, n * 8);
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vm->vcpu[i]->shared_len = 0;
	memset(vm->last_vcpu, 0, sizeof(vm->last_vcpu));
}

bool vm_memory_renew(struct vm *vm)
{
	release_ram(vm, page_return_reserved);
	gstage_clear(&vm->gstage);
	vm->n_claimed = 0;
	return vm_reclaim(vm, vm->n_given);
}

void vm_memory_release(struct vm *vm)
{
	uint64_t dm = dm_memory_needed(vm->spec);

	vm_window_hide(vm->dm_memory, dm);
	release_ram(vm, page_free_block);
	vm_window_free(vm->dm_memory, dm);
	page_unreserve(blocks_needed(vm) - vm->n_claimed - vm->n_given);
	vm->n_claimed = vm->n_given = 0;
	gstage_destroy(&vm->gstage);
}
