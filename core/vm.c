/* SPDX-License-Identifier: MIT */
#include "core/vm.h"

#include <string.h>

#include "core/csr.h"
#include "core/hfence.h"
#include "core/own.h"
#include "core/page.h"
#include "core/power.h"
#include "core/trap.h"
#include "core/vm_load.h"

#define BITMAP_PAGES_MAX 4

/* Blocks zeroed before a guest starts: a quarter of what Linux touches while it boots. */
#define BLOCKS_AHEAD 8

_Static_assert(sizeof(struct vm) <= PAGE_SIZE, "vm_create takes one page");

extern char stack_top[]; /* image.ld */

static uint64_t blocks(uint64_t bytes)
{
	return (bytes + BLOCK_SIZE - 1) / BLOCK_SIZE;
}

static unsigned bitmap_pages(const struct vm_spec *spec)
{
	unsigned pages = 1;

	while (pages < BITMAP_PAGES_MAX && pages * PAGE_SIZE * 8 < blocks(spec->memory))
		pages *= 2;
	return pages;
}

_Noreturn static void too_little_memory(const struct vm_spec *spec, uint64_t needed)
{
	die("%s: needs %lu MiB but this machine has %lu MiB free: lower the VM's memory or give "
	    "the machine more (QEMU: -m)",
		spec->name, (unsigned long)(needed >> 20),
		(unsigned long)(page_free_bytes() >> 20));
}

/* A window of `size` bytes with every block there, contents undefined. */
static uint8_t *allocate_memory(const struct vm_spec *spec, uint64_t size)
{
	uint8_t *window = own_window(size);

	for (uint64_t i = 0; window && i < blocks(size); i++) {
		void *block = page_alloc_block();

		if (!block || own_window_map(window + i * BLOCK_SIZE, block) != OK)
			too_little_memory(spec, size);
	}
	if (!window)
		too_little_memory(spec, size);
	return window;
}

static void create_devices(struct vm *vm)
{
	size_t size = dm_memory_needed(vm->spec);

	if (!size)
		die("%s: the device model refuses its configuration", vm->spec->name);
	vm->dm_memory = allocate_memory(vm->spec, size);
	if (dm_create(vm->dm_memory, size, vm->spec, (struct host *)vm, &vm->dm) != OK)
		die("%s: an image is not an EROFS image that Vesper can read: make it with "
		    "mkfs.erofs, uncompressed",
			vm->spec->name);
}

struct vm *vm_create(const struct vm_spec *spec, const struct features *features)
{
	/* Page tables and the like: one block and 1/256 of the RAM are plenty. */
	uint64_t needed = spec->memory + spec->memory / 256 + BLOCK_SIZE + dm_memory_needed(spec);
	struct vm *vm = page_alloc(1);

	if (!vm || page_free_bytes() < needed)
		too_little_memory(spec, needed);
	vm->spec = spec;
	vm->features = features;
	vm->vmid = features->vmid_bits ? 1 : 0;
	vm->ram = own_window(spec->memory);
	vm->populated = page_alloc(bitmap_pages(spec));
	if (!vm->ram || !vm->populated || gstage_init(&vm->gstage, ATP_SV39) != OK)
		too_little_memory(spec, needed);
	create_devices(vm);
	for (unsigned i = 0; i < spec->vcpus; i++) {
		vm->vcpu[i].vm = vm;
		vm->vcpu[i].id = i;
		vm->vcpu[i].ignore_htinst = !features->use_htinst;
		vm->vcpu[i].stack = (uintptr_t)stack_top;
	}
	return vm;
}

bool vm_populate(struct vm *vm, gpa_t addr, enum vm_fill fill)
{
	uint64_t index = (addr.a - GUEST_RAM_BASE) / BLOCK_SIZE;
	uint64_t bit = 1ull << (index % 64);

	if (vm->populated[index / 64] & bit)
		return false;
	void *block = fill == VM_ZEROED ? page_alloc_zeroed_block() : page_alloc_block();
	gpa_t at = gpa(GUEST_RAM_BASE + index * BLOCK_SIZE);

	/* vm_create has made sure that there is memory for all of it. */
	ASSERT(block);
	if (own_window_map(vm->ram + index * BLOCK_SIZE, block) != OK ||
		gstage_map(&vm->gstage, at, hpa((uintptr_t)block), BLOCK_SIZE, GSTAGE_RWX) != OK)
		panic("no memory for the page tables of %s", vm->spec->name);
	vm->populated[index / 64] |= bit;
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

/* Takes all RAM back; what the guest had is not kept. */
static void release_ram(struct vm *vm)
{
	for (uint64_t i = 0; i < vm->spec->memory / BLOCK_SIZE; i++) {
		gpa_t at = gpa(GUEST_RAM_BASE + i * BLOCK_SIZE);
		uint64_t leaf;
		hpa_t block;

		if (!gstage_lookup(&vm->gstage, at, &block, &leaf))
			continue;
		gstage_unmap(&vm->gstage, at, BLOCK_SIZE);
		own_window_unmap(vm->ram + i * BLOCK_SIZE);
		page_free_block((void *)block.a);
	}
	memset(vm->populated, 0, bitmap_pages(vm->spec) * PAGE_SIZE);
	hfence_gvma_all();
}

_Noreturn void vm_start(struct vm *vm)
{
	struct vm_entry entry;

	vplic_init(&vm->vplic, vm->spec->vcpus);
	vm_load(vm, &entry);
	page_zero_ahead(BLOCKS_AHEAD);
	csr_write(hgatp, gstage_hgatp(&vm->gstage, vm->vmid));
	hfence_gvma_all();
	hfence_vvma_all();
	vm->time_delta = -csr_read(time);
	vcpu_reset(&vm->vcpu[0], entry.pc, entry.fdt);
	trap_enter_guest(&vm->vcpu[0]);
}

_Noreturn void vm_reboot(struct vm *vm)
{
	log_line("%s: reboots", vm->spec->name);
	dm_reset(vm->dm);
	release_ram(vm);
	vm_start(vm);
}

_Noreturn void vm_end(struct vm *vm, unsigned status)
{
	if (status)
		log_line("%s: ended with status %u", vm->spec->name, status);
	power_off(status);
}

_Noreturn void vm_crash(struct vm *vm, const char *why)
{
	const struct exit_info *e = &vm->vcpu[0].last_exit;

	die("%s: stopped: %s (scause %lu, pc %lx, stval %lx, gpa %lx)", vm->spec->name, why,
		(unsigned long)e->scause, (unsigned long)e->sepc, (unsigned long)e->stval,
		(unsigned long)(e->htval << 2));
}

void vm_run_devices(struct vm *vm)
{
	/* A software interrupt of our own brings us back right after the guest is entered. */
	if (dm_run(vm->dm))
		csr_set(sip, SIE_SSIE);
}

uint64_t vm_device_memory(const struct vm *vm)
{
	uint64_t size = dm_memory_needed(vm->spec);

	for (unsigned i = 0; i < vm->spec->n_devices; i++)
		size -= vm->spec->devices[i].arena_size;
	return size;
}

bool vm_may_log(struct vm *vm)
{
	return log_allowed(&vm->log_limit, csr_read(time), vm->features->timebase_hz);
}
