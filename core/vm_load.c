/* SPDX-License-Identifier: MIT */
/* Kernel, initrd and device tree go where config/vm_layout.c says. */
#include "core/vm_load.h"

#include "backends/entropy.h"
#include "config/guest_fdt.h"
#include "config/vm_layout.h"
#include "core/copy.h"
#include "core/csr.h"
#include "core/page.h"

/* RAM at `addr`; the spec was checked to fit, so that it is there is our own affair. */
static void *place(struct vm *vm, uint64_t addr, uint64_t size)
{
	void *at = vm_ram(vm, gpa(addr), size);

	ASSERT(at);
	return at;
}

/* At most a block of it, and of no more than one; what it has beyond the file's bytes is zero already. true: that was all. */
static bool copy_some(struct vm *vm, const struct elf_segment *piece)
{
	uint64_t done = vm->loader.done, at = piece->addr + done;
	uint64_t left = piece->data.size - done, n = BLOCK_SIZE - at % BLOCK_SIZE;

	n = n < left ? n : left;
	/* No need to zero a block that it fills. */
	if (n == BLOCK_SIZE)
		vm_populate(vm, gpa(at), VM_UNDEFINED);
	copy_bytes(place(vm, at, n), (const char *)piece->data.data + done, n);
	vm->loader.done = n < left ? done + n : 0;
	return n == left;
}

static void write_fdt(struct vm *vm)
{
	const struct vm_spec *spec = vm->spec;
	const struct vm_layout *layout = &vm->loader.layout;
	struct guest_fdt_input in = {
		.spec = spec,
		.aia = vm->aia,
		.isa = vm->features->guest_isa,
		.mmu_type = vm->features->guest_mmu,
		.timebase_hz = vm->features->timebase_hz,
		.initrd_start = layout->initrd,
		.initrd_end = layout->initrd + spec->initrd.size,
	};

	entropy_read(in.rng_seed, sizeof(in.rng_seed));
	if (guest_fdt_build(place(vm, layout->fdt, layout->fdt_size), layout->fdt_size, &in) != OK)
		panic("the device tree of %s does not fit", spec->name);
}

void vm_load_init(struct vm *vm)
{
	vm->loader = (struct vm_loader){0};
	if (vm_layout(vm->spec, &vm->loader.layout) != OK)
		panic("%s was checked and can't be laid out", vm->spec->name);
}

/* Piece `i` of all that is copied: those of the kernel, then the initrd. */
static bool piece_of(const struct vm *vm, unsigned i, struct elf_segment *out)
{
	const struct blob *initrd = &vm->spec->initrd;

	if (vm_layout_kernel(vm->spec, i, out))
		return true;
	*out = (struct elf_segment){vm->loader.layout.initrd, initrd->size, *initrd};
	return initrd->size &&
	       (i == 0 || vm_layout_kernel(vm->spec, i - 1, &(struct elf_segment){0}));
}

bool vm_load_step(struct vm *vm)
{
	struct elf_segment piece;

	if (!piece_of(vm, vm->loader.piece, &piece)) {
		write_fdt(vm);
		return true;
	}
	if (copy_some(vm, &piece))
		vm->loader.piece++;
	return false;
}
