/* SPDX-License-Identifier: MIT */
/*
 * What kind of file a VM's kernel is: told by its first bytes, because that is
 * the only thing that can't be written down wrong. What can't be booted is
 * named, for whoever wonders why a file that boots elsewhere is refused here.
 */
#include <stddef.h>
#include <string.h>

#include "config/elf.h"
#include "config/vm_layout.h"
#include "config/vm_parts.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

/* Of a RISC-V Linux Image's header (Documentation/arch/riscv/boot-image-header.rst). */
#define IMAGE_MAGIC_OFFSET 0x38
#define IMAGE_MAGIC        "RSC\x05"

static const struct {
	const char *magic; /* the file's first bytes */
	const char *what;
} others[] = {
	{"\x1f\x8b", "compressed with gzip: give the uncompressed one (gunzip)"},
	{"\xfd"
	 "7zXZ",
		"compressed with xz: give the uncompressed one (unxz)"},
	{"\x28\xb5\x2f\xfd", "compressed with zstd: give the uncompressed one (unzstd)"},
	{"\x04\x22\x4d\x18", "compressed with LZ4: give the uncompressed one (unlz4)"},
	{"\x02\x21\x4c\x18", "compressed with LZ4: give the uncompressed one (unlz4)"},
	{"BZh", "compressed with bzip2: give the uncompressed one (bunzip2)"},
	{"MZ", "an EFI program (PE) and no RISC-V Linux Image: give the Image inside"},
	{"\x27\x05\x19\x56", "a U-Boot legacy image: give what is inside"},
	{"\xd0\x0d\xfe\xed", "a device tree or a FIT: give a kernel"},
};

static bool is_image(const struct blob *kernel)
{
	return kernel->size >= IMAGE_MAGIC_OFFSET + 8 &&
	       !memcmp((const char *)kernel->data + IMAGE_MAGIC_OFFSET, IMAGE_MAGIC, 4);
}

/* What the file is, for a sentence that begins with "kernel is". */
static const char *describe(const struct blob *kernel)
{
	for (unsigned i = 0; i < COUNT(others); i++) {
		size_t len = strlen(others[i].magic);

		if (kernel->size >= len && !memcmp(kernel->data, others[i].magic, len))
			return others[i].what;
	}
	return "neither a RISC-V Linux Image (for Debian /boot/vmlinux-*) nor an ELF file";
}

static bool check_elf(const struct vm_node *n, const struct vm_spec *spec)
{
	struct config_error why;

	if (elf_check(&spec->kernel, GUEST_RAM_BASE, spec->memory, &why) == OK)
		return true;
	return vm_rules_fail(n, "kernel %s", why.text);
}

static bool detect(const struct vm_node *n, struct vm_spec *spec)
{
	if (is_image(&spec->kernel)) {
		spec->kernel_kind = VM_KERNEL_IMAGE;
		return true;
	}
	if (elf_is(&spec->kernel)) {
		spec->kernel_kind = VM_KERNEL_ELF;
		return check_elf(n, spec);
	}
	return vm_rules_fail(n, "kernel is %s; to boot it as it is, say kernel-type = \"raw\"",
		describe(&spec->kernel));
}

bool vm_kernel_check(const struct vm_node *n, bool raw, struct vm_spec *spec)
{
	struct vm_layout layout;

	spec->kernel_kind = VM_KERNEL_RAW;
	if (!raw && !detect(n, spec))
		return false;
	if (vm_layout(spec, &layout) != OK)
		return vm_rules_fail(n, "the header of kernel is damaged: install it again");
	if (layout.needed <= spec->memory)
		return true;
	return vm_rules_fail(n, "memory-mib = <%lu> is too little: the kernel%s %lu MiB%s",
		(unsigned long)(spec->memory / MIB(1)),
		spec->initrd.size ? " and its initrd need" : " needs",
		(unsigned long)(layout.needed / MIB(1)),
		/* Without a file the configuration is the command's, made of its options. */
		n->source ? "" : "; raise --memory");
}
