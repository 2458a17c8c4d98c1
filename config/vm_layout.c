/* SPDX-License-Identifier: MIT */
/*
 * A Linux Image says how much memory it takes, so the device tree and the
 * initrd follow it at the next 2 MiB boundary (Linux keeps the rest of its
 * last 2 MiB for itself). Of any other kernel nobody knows the heap: there
 * both lie as high as QEMU would put them.
 */
#include "config/vm_layout.h"

#include <stddef.h>
#include <string.h>

#include "config/guest_fdt.h"

#define PAGE 4096ull

/* More than any VM has; below, no sum of a few of these overflows. */
#define SIZE_LIMIT GIB(1024)

/* The header of a RISC-V Linux Image (Documentation/arch/riscv/boot-image-header.rst). */
struct image_header {
	uint32_t code[2];
	uint64_t text_offset, image_size;
};

#define IMAGE_ALIGN 4096ull
#define RAW_OFFSET  MIB(2)

static uint64_t up(uint64_t n, uint64_t align)
{
	return (n + align - 1) & ~(align - 1);
}

static uint64_t down(uint64_t n, uint64_t align)
{
	return n & ~(align - 1);
}

static struct image_header read_image(const struct blob *kernel)
{
	struct image_header header = {0};

	if (kernel->size >= sizeof(header))
		memcpy(&header, kernel->data, sizeof(header));
	return header;
}

static bool image_piece(const struct blob *kernel, struct elf_segment *out)
{
	struct image_header header = read_image(kernel);

	if (header.text_offset > SIZE_LIMIT || header.image_size > SIZE_LIMIT ||
		header.text_offset % IMAGE_ALIGN)
		return false;
	out->addr = GUEST_RAM_BASE + header.text_offset;
	out->size = header.image_size > kernel->size ? header.image_size : kernel->size;
	out->data = *kernel;
	return true;
}

bool vm_layout_kernel(const struct vm_spec *spec, unsigned i, struct elf_segment *out)
{
	if (spec->kernel_kind == VM_KERNEL_ELF)
		return elf_segment(&spec->kernel, i, out);
	if (i)
		return false;
	if (spec->kernel_kind == VM_KERNEL_IMAGE)
		return image_piece(&spec->kernel, out);
	*out = (struct elf_segment){GUEST_RAM_BASE + RAW_OFFSET, spec->kernel.size, spec->kernel};
	return true;
}

/* Entry and end of the kernel. */
static bool place_kernel(const struct vm_spec *spec, struct vm_layout *out)
{
	struct elf_segment piece;
	unsigned i = 0;

	for (; vm_layout_kernel(spec, i, &piece); i++) {
		uint64_t end = piece.addr + piece.size;

		out->entry = i ? out->entry : piece.addr;
		out->kernel_end = end > out->kernel_end ? end : out->kernel_end;
	}
	if (spec->kernel_kind == VM_KERNEL_ELF && i)
		out->entry = elf_entry(&spec->kernel);
	return i != 0;
}

static void place_behind(const struct vm_spec *spec, struct vm_layout *out)
{
	out->fdt = up(out->kernel_end, VM_LAYOUT_ALIGN);
	out->initrd = out->fdt + out->fdt_size;
	out->end = out->initrd + spec->initrd.size;
	out->needed = up(out->end - GUEST_RAM_BASE, MIB(2));
}

/* The initrd below the device tree, both below `top`. false: they meet the kernel. */
static bool place_below(const struct vm_spec *spec, uint64_t top, struct vm_layout *out)
{
	uint64_t start = up(out->kernel_end, PAGE);
	uint64_t room = up(spec->initrd.size, PAGE);

	out->fdt = down(top - out->fdt_size, VM_LAYOUT_ALIGN);
	out->initrd = out->fdt - room;
	out->end = out->fdt + out->fdt_size;
	return out->fdt >= start && out->fdt - start >= room;
}

static void place_high(const struct vm_spec *spec, struct vm_layout *out)
{
	uint64_t ram_end = GUEST_RAM_BASE + spec->memory;
	uint64_t least =
		up(up(out->kernel_end, PAGE) + up(spec->initrd.size, PAGE), VM_LAYOUT_ALIGN) +
		up(out->fdt_size, VM_LAYOUT_ALIGN);

	out->needed = least - GUEST_RAM_BASE;
	if (ram_end > VM_LAYOUT_LOW && place_below(spec, VM_LAYOUT_LOW, out))
		return;
	if (!place_below(spec, ram_end, out))
		place_below(spec, least, out);
}

enum status vm_layout(const struct vm_spec *spec, struct vm_layout *out)
{
	*out = (struct vm_layout){.fdt_size = guest_fdt_size(spec->vcpus)};
	if (!place_kernel(spec, out) || spec->initrd.size > SIZE_LIMIT ||
		spec->kernel.size > SIZE_LIMIT)
		return ERR_INVALID;
	if (spec->kernel_kind == VM_KERNEL_IMAGE)
		place_behind(spec, out);
	else
		place_high(spec, out);
	return OK;
}
