/* SPDX-License-Identifier: MIT */
/* Kernel, initrd and device tree go where config/vm_layout.c says. */
#include "core/vm_load.h"

#include <string.h>

#include "config/guest_fdt.h"
#include "config/vm_layout.h"
#include "core/csr.h"
#include "core/page.h"
#include "lib/random.h"
#include "lib/spinlock.h"

static struct random random_state;
static struct spinlock random_lock;

void vm_load_seed(const uint8_t *seed, unsigned len)
{
	random_seed(&random_state, seed, len);
}

/* RAM at `addr`; the spec was checked to fit, so that it is there is our own affair. */
static void *place(struct vm *vm, uint64_t addr, uint64_t size)
{
	void *at = vm_ram(vm, gpa(addr), size);

	ASSERT(at);
	return at;
}

/* One piece of the kernel; what it has beyond the file's bytes is zero already. */
static void copy_piece(struct vm *vm, const struct elf_segment *piece)
{
	uint64_t first = (piece->addr + BLOCK_SIZE - 1) & ~(BLOCK_SIZE - 1);

	/* No need to zero the blocks that it fills. */
	for (uint64_t at = first; at + BLOCK_SIZE <= piece->addr + piece->data.size;
		at += BLOCK_SIZE)
		vm_populate(vm, gpa(at), VM_UNDEFINED);
	memcpy(place(vm, piece->addr, piece->data.size), piece->data.data, piece->data.size);
}

static void make_seed(uint8_t *seed, size_t size)
{
	spin_lock(&random_lock);
	random_stir(&random_state, csr_read(time));
	random_bytes(&random_state, seed, size);
	spin_unlock(&random_lock);
}

void vm_load(struct vm *vm, struct vm_entry *out)
{
	const struct vm_spec *spec = vm->spec;
	struct vm_layout layout;
	struct elf_segment piece;

	if (vm_layout(spec, &layout) != OK)
		panic("%s was checked and can't be laid out", spec->name);
	struct guest_fdt_input in = {
		.spec = spec,
		.aia = vm->aia,
		.isa = vm->features->guest_isa,
		.mmu_type = vm->features->guest_mmu,
		.timebase_hz = vm->features->timebase_hz,
		.initrd_start = layout.initrd,
		.initrd_end = layout.initrd + spec->initrd.size,
	};

	make_seed(in.rng_seed, sizeof(in.rng_seed));
	for (unsigned i = 0; vm_layout_kernel(spec, i, &piece); i++)
		copy_piece(vm, &piece);
	if (spec->initrd.size)
		memcpy(place(vm, layout.initrd, spec->initrd.size), spec->initrd.data,
			spec->initrd.size);
	if (guest_fdt_build(place(vm, layout.fdt, layout.fdt_size), layout.fdt_size, &in) != OK)
		panic("the device tree of %s does not fit", spec->name);
	*out = (struct vm_entry){.pc = layout.entry, .fdt = layout.fdt};
}
