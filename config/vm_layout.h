/* SPDX-License-Identifier: MIT */
/*
 * Where in the guest's RAM everything goes at a start. The check of the
 * configuration and the loader both ask here, so they can't disagree.
 */
#ifndef VESPER_CONFIG_VM_LAYOUT_H
#define VESPER_CONFIG_VM_LAYOUT_H

#include "config/elf.h"
#include "include/vm_spec.h"
#include "lib/addr.h"

/* Of the device tree: Linux maps that much around it. */
#define VM_LAYOUT_ALIGN MIB(2)
/* QEMU's limit: who knows 32 bits only finds the device tree below it. */
#define VM_LAYOUT_LOW   0xc0000000ull

struct vm_layout {
	uint64_t entry;         /* GPA of the first instruction */
	uint64_t kernel_end;    /* GPA behind the kernel and its bss */
	uint64_t fdt, fdt_size; /* GPA; bytes of room (a page multiple) */
	uint64_t initrd;        /* GPA, page-aligned; spec->initrd.size bytes */
	uint64_t end;    /* GPA behind all of that; inside RAM iff the VM has memory enough */
	uint64_t needed; /* the least spec->memory that holds it */
};

/*
 * spec's memory, vcpus, kernel_kind, kernel and initrd count. ERR_INVALID: the kernel's header is
 * damaged (an ELF file is expected to have passed elf_check()). OK says nothing about fitting: that
 * is `needed` <= spec->memory.
 */
MUST_CHECK enum status vm_layout(const struct vm_spec *spec, struct vm_layout *out);

/* Piece `i` (0, 1, ...) of the kernel of a spec that vm_layout() finds OK; false: no more. */
bool vm_layout_kernel(const struct vm_spec *spec, unsigned i, struct elf_segment *out);

#endif
