/* SPDX-License-Identifier: MIT */
/*
 * The layout in the guest's RAM: kernel at its text offset, then its bss, and
 * from the next 2 MiB boundary on (Linux keeps the rest of its last 2 MiB for
 * itself) the device tree and the initrd.
 */
#include "core/vm_load.h"

#include <string.h>

#include "config/guest_fdt.h"
#include "core/csr.h"
#include "core/page.h"
#include "lib/random.h"

/* The header of a RISC-V Linux Image (Documentation/arch/riscv/boot-image-header.rst). */
struct image_header {
	uint32_t code[2];
	uint64_t text_offset;
	uint64_t image_size;
};

static struct random random_state;

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

static void copy_kernel(struct vm *vm, uint64_t to)
{
	const struct blob *kernel = &vm->spec->kernel;
	uint64_t first = (to + BLOCK_SIZE - 1) & ~(BLOCK_SIZE - 1);

	/* No need to zero the blocks that it fills. */
	for (uint64_t at = first; at + BLOCK_SIZE <= to + kernel->size; at += BLOCK_SIZE)
		vm_populate(vm, gpa(at), VM_UNDEFINED);
	memcpy(place(vm, to, kernel->size), kernel->data, kernel->size);
}

void vm_load(struct vm *vm, struct vm_entry *out)
{
	const struct vm_spec *spec = vm->spec;
	const struct image_header *header = spec->kernel.data;
	uint64_t kernel = GUEST_RAM_BASE + header->text_offset;
	uint64_t size =
		header->image_size > spec->kernel.size ? header->image_size : spec->kernel.size;
	uint64_t fdt = (kernel + size + BLOCK_SIZE - 1) & ~(BLOCK_SIZE - 1);
	uint64_t initrd = fdt + GUEST_FDT_MAX;
	struct guest_fdt_input in = {
		.spec = spec,
		.isa = vm->features->guest_isa,
		.mmu_type = vm->features->guest_mmu,
		.timebase_hz = vm->features->timebase_hz,
		.initrd_start = initrd,
		.initrd_end = initrd + spec->initrd.size,
	};

	random_stir(&random_state, csr_read(time));
	random_bytes(&random_state, in.rng_seed, sizeof(in.rng_seed));
	copy_kernel(vm, kernel);
	if (spec->initrd.size)
		memcpy(place(vm, initrd, spec->initrd.size), spec->initrd.data, spec->initrd.size);
	if (guest_fdt_build(place(vm, fdt, GUEST_FDT_MAX), GUEST_FDT_MAX, &in) != OK)
		panic("the device tree of %s does not fit", spec->name);
	*out = (struct vm_entry){.pc = kernel, .fdt = fdt};
}
