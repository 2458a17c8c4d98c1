/* SPDX-License-Identifier: MIT */
/* A good configuration gives the spec it says; every kind of mistake gives its own message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/guest_fdt.h"
#include "config/vm_config.h"
#include "config/vm_rules.h"
#include "tests/unit/dts.h"
#include "tests/unit/elf_file.h"
#include "tests/unit/fit.h"

#define KERNEL_OFFSET 0x200000
#define KERNEL_SIZE   0x1800000 /* in memory, with its bss: 24 MiB */

static uint64_t kernel[16];     /* a RISC-V Image's header */
static uint8_t erofs[1024 + 8]; /* a superblock's magic */
static struct elf_file elf;
static struct fit_image other; /* one more image, if it has a name */
static struct bundle bundle;
static unsigned n_vms;
static struct vm_spec spec;
static struct config_error error;
static void *fit;

static void set_kernel(uint64_t offset, uint64_t size)
{
	kernel[1] = offset;
	kernel[2] = size;
	kernel[7] = 0x05435352;
}

/* Opens a bundle with the configuration and the images. */
static void open_bundle(const char *source, size_t initrd_size)
{
	static char initrd[4096];
	size_t config_size, size;
	void *config = dts_compile(source, &config_size);
	const struct fit_image images[] = {
		{"config", config, config_size},
		{"kernel", kernel, sizeof(kernel)},
		{"initramfs", initrd, initrd_size},
		{"root", erofs, sizeof(erofs)},
		{"debian", kernel, sizeof(kernel)}, /* as the examples name them */
		{"debian-initramfs", initrd, initrd_size},
		{"debian-root", erofs, sizeof(erofs)},
		{"debian-init", erofs, sizeof(erofs)},
		{"elf", elf.bytes, elf.size},
		other,
	};

	free(fit);
	fit = fit_make(images, other.name ? 10 : 9, 0, &size);
	free(config);
	assert_int_equal(bundle_open(&bundle, fit, size, &error), OK);
}

/* Reads all of the VMs; `spec` is then the last. */
static enum status read_with(const char *source, size_t initrd_size)
{
	enum status status;

	open_bundle(source, initrd_size);
	status = vm_config_count(&bundle, &n_vms, &error);
	for (unsigned i = 0; i < n_vms && status == OK; i++)
		status = vm_config_read(&bundle, i, &spec, &error);
	return status;
}

static int set_up(void **state)
{
	(void)state;
	memset(kernel, 0, sizeof(kernel));
	set_kernel(KERNEL_OFFSET, KERNEL_SIZE);
	memcpy(erofs + 1024, "\xe2\xe1\xf5\xe0", 4);
	memset(&error, 0, sizeof(error));
	other = (struct fit_image){0};
	elf_file_make(&elf, 0x80200000,
		(const struct elf_file_segment[]){{1, 0x80200000, 0x80200000, 0x1000000, 4}}, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(fit);
	fit = NULL;
	return 0;
}

#define CONFIG(body) "/dts-v1/; / { compatible = \"vesper,config\"; " body " };"
/* A later piece of source overrides an earlier one: `body` may set again what is set here. */
#define VM(body)                                                                               \
	CONFIG("debian { compatible = \"vesper,vm\"; memory-mib = <64>; cpus = <1>; kernel = " \
	       "\"kernel\"; };")                                                               \
	" / { debian { " body " }; };"
#define FS(name, tag)                                      \
	name " { compatible = \"vesper,fs\"; tag = \"" tag \
	     "\"; image = \"root\"; writable-mib = <8>; };"

#define EIGHT        \
	FS("a", "1") \
	FS("b", "2") FS("c", "3") FS("d", "4") FS("e", "5") FS("f", "6") FS("g", "7") FS("h", "8")

static void test_full(void **state)
{
	(void)state;
	assert_int_equal(
		read_with(VM("initrd = \"initramfs\"; bootargs = \"console=hvc0 root=root\";"
			     "console { compatible = \"vesper,console\"; };" FS("root", "root")),
			4000),
		OK);
	assert_string_equal(spec.name, "debian");
	assert_int_equal(spec.memory, 64 << 20);
	assert_int_equal(spec.vcpus, 1);
	assert_string_equal(spec.bootargs, "console=hvc0 root=root");
	assert_int_equal(spec.kernel.size, sizeof(kernel));
	assert_memory_equal(spec.kernel.data, kernel, sizeof(kernel));
	assert_int_equal(spec.initrd.size, 4000);
	assert_int_equal(spec.n_devices, 2);
	assert_int_equal(spec.devices[0].kind, VM_DEVICE_CONSOLE);
	assert_int_equal(spec.devices[0].port, 0);
	assert_int_equal(spec.devices[1].kind, VM_DEVICE_FS);
	assert_string_equal(spec.devices[1].tag, "root");
	assert_int_equal(spec.devices[1].image.size, sizeof(erofs));
	assert_int_equal(spec.devices[1].arena_size, 8 << 20);
}

static void test_least(void **state)
{
	(void)state;
	assert_int_equal(read_with(VM(""), 1), OK);
	assert_string_equal(spec.bootargs, "");
	assert_int_equal(spec.initrd.size, 0);
	assert_int_equal(spec.n_devices, 0);
	assert_int_equal(n_vms, 1);
	assert_int_equal(spec.kernel_kind, VM_KERNEL_IMAGE);
	assert_int_equal(spec.weight, VM_WEIGHT);
	assert_int_equal(spec.n_harts, 0);
	assert_false(spec.dedicated);
	assert_false(spec.manual);
	assert_int_equal(spec.irqchip, VM_IRQCHIP_BEST);
	assert_int_equal(spec.transport, VM_TRANSPORT_PCI);
}

static void test_placement(void **state)
{
	(void)state;
	assert_int_equal(read_with(VM("cpus = <64>; weight = <10000>; harts = <3 0 4294967295>;"
				      "start = \"manual\"; interrupt-controller = \"aia\";"),
				 1),
		OK);
	assert_int_equal(spec.vcpus, 64);
	assert_int_equal(spec.weight, 10000);
	assert_int_equal(spec.n_harts, 3);
	assert_int_equal(spec.harts[0], 3);
	assert_int_equal(spec.harts[1], 0);
	assert_int_equal(spec.harts[2], UINT32_MAX);
	assert_false(spec.dedicated);
	assert_true(spec.manual);
	assert_int_equal(spec.irqchip, VM_IRQCHIP_AIA);
	assert_int_equal(read_with(VM("cpus = <2>; weight = <1>; harts = <0 1>; dedicated;"
				      "start = \"boot\"; interrupt-controller = \"plic\";"),
				 1),
		OK);
	assert_true(spec.dedicated);
	assert_false(spec.manual);
	assert_int_equal(spec.weight, 1);
	assert_int_equal(spec.irqchip, VM_IRQCHIP_PLIC);
	assert_int_equal(read_with(VM("interrupt-controller = \"best\";"), 1), OK);
	assert_int_equal(spec.irqchip, VM_IRQCHIP_BEST);
}

/* A source of one VM with `n` harts in its list, each `step` more than the one before. */
static enum status read_with_harts(unsigned n, unsigned step)
{
	char source[4096];
	int at = snprintf(source, sizeof(source), VM("harts = <"));

	at -= (int)strlen(" }; };"); /* the end of VM() */
	for (unsigned i = 0; i < n; i++)
		at += snprintf(source + at, sizeof(source) - (size_t)at, " %u", i * step);
	snprintf(source + at, sizeof(source) - (size_t)at, ">; }; };");
	return read_with(source, 1);
}

static void test_harts(void **state)
{
	(void)state;
	assert_int_equal(read_with_harts(VM_HARTS_MAX, 3), OK);
	assert_int_equal(spec.n_harts, VM_HARTS_MAX);
	assert_int_equal(spec.harts[VM_HARTS_MAX - 1], 3 * (VM_HARTS_MAX - 1));
	assert_int_equal(read_with_harts(VM_HARTS_MAX + 1, 1), ERR_INVALID);
	assert_string_equal(error.text, "/debian: harts has 129 numbers (128 at most)");
}

static void test_several(void **state)
{
	static const char source[] = CONFIG(
		"a { compatible = \"vesper,vm\"; memory-mib = <64>; cpus = <1>; kernel = "
		"\"kernel\";"
		" dedicated; harts = <1 2>; console { compatible = \"vesper,console\"; }; };"
		"b { compatible = \"vesper,vm\"; memory-mib = <32>; cpus = <2>; kernel = \"elf\";"
		" harts = <0 3>; console { compatible = \"vesper,console\"; }; };"
		"a@1 { compatible = \"vesper,vm\"; memory-mib = <32>; cpus = <3>; kernel = \"elf\";"
		" harts = <3>; };");
	static const char *const names[] = {"a", "b", "a@1"};

	(void)state;
	open_bundle(source, 1);
	assert_int_equal(vm_config_count(&bundle, &n_vms, &error), OK);
	assert_int_equal(n_vms, 3);
	/* In any order. */
	for (unsigned i = 3; i--;) {
		assert_int_equal(vm_config_read(&bundle, i, &spec, &error), OK);
		assert_string_equal(spec.name, names[i]);
		assert_int_equal(spec.vcpus, i + 1);
		assert_int_equal(spec.n_devices, i < 2);
	}
	assert_int_equal(vm_config_read(&bundle, 3, &spec, &error), ERR_INVALID);
	assert_string_equal(error.text, "/: there are only 3 VMs");
}

/* In the compiled configuration: the `len` bytes `old` become `new`. */
static void patch(const char *old, const char *new, size_t len)
{
	char *at = (char *)(uintptr_t)bundle.config.data, *end = at + bundle.config.size;

	while (at + len <= end && memcmp(at, old, len) != 0)
		at++;
	assert_true(at + len <= end);
	memcpy(at, new, len);
}

/* dtc refuses these, but not everybody is dtc. */
static void test_names(void **state)
{
	static const char source[] = CONFIG(
		"vm-1 { compatible = \"vesper,vm\"; }; vm-2 { compatible = \"vesper,vm\"; };");

	(void)state;
	open_bundle(source, 1);
	patch("vm-2", "vm-1", 4);
	assert_int_equal(vm_config_count(&bundle, &n_vms, &error), ERR_INVALID);
	assert_string_equal(error.text, "/vm-1: another VM has this name");
	patch("vm-1", "v\n-1", 4);
	assert_int_equal(vm_config_read(&bundle, 0, &spec, &error), ERR_INVALID);
	assert_string_equal(error.text, "/v?-1: the name holds a character that is not printable");
	/* The beginning of a node called "x". */
	open_bundle(CONFIG("x { compatible = \"vesper,vm\"; };"), 1);
	patch("\0\0\0\1x\0\0", "\0\0\0\1\0\0\0", 8);
	assert_int_equal(vm_config_read(&bundle, 0, &spec, &error), ERR_INVALID);
	assert_string_equal(error.text, "/: a VM needs a name: its node's");
}

static void test_many(void **state)
{
	char *source = malloc(1 << 20);
	int at = sprintf(source, "/dts-v1/; / { compatible = \"vesper,config\";");

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		at += sprintf(source + at,
			"vm%u { compatible = \"vesper,vm\"; memory-mib = <64>; cpus = <1>;"
			" kernel = \"kernel\"; };",
			i);
	strcpy(source + at, "};");
	open_bundle(source, 1);
	free(source);
	assert_int_equal(vm_config_count(&bundle, &n_vms, &error), OK);
	assert_int_equal(n_vms, 1000);
	assert_int_equal(vm_config_read(&bundle, 999, &spec, &error), OK);
	assert_string_equal(spec.name, "vm999");
}

static char *read_example(const char *path)
{
	static char text[8192];
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	return text;
}

static void test_examples(void **state)
{
	(void)state;
	assert_int_equal(read_with(read_example("config/examples/debian.dts"), 4000), OK);
	assert_int_equal(n_vms, 1);
	assert_string_equal(spec.name, "debian");
	assert_int_equal(spec.n_devices, 7);
	assert_int_equal(read_with(read_example("config/examples/vms.dts"), 4000), OK);
	assert_int_equal(n_vms, 2);
	assert_int_equal(vm_config_read(&bundle, 0, &spec, &error), OK);
	assert_int_equal(spec.weight, 300);
	assert_int_equal(spec.n_harts, 0);
	assert_int_equal(vm_config_read(&bundle, 1, &spec, &error), OK);
	assert_int_equal(spec.weight, VM_WEIGHT);
	assert_int_equal(spec.n_harts, 1);
	assert_int_equal(spec.n_devices, 3);
	assert_int_equal(read_with(read_example("config/examples/disks.dts"), 4000), OK);
	assert_int_equal(n_vms, 2);
	assert_string_equal(spec.name, "db");
	assert_int_equal(spec.devices[3].kind, VM_DEVICE_DISK);
	assert_string_equal(spec.devices[4].net.network, "backend");
}

static void test_messages(void **state)
{
	static const struct {
		const char *source, *text;
	} cases[] = {
		/* the root */
		{"/dts-v1/; / { };", "/: compatible = \"vesper,config\" is missing"},
		{"/dts-v1/; / { compatible = \"vesper,conf\"; };",
			"/: unknown compatible \"vesper,conf\" (did you mean \"vesper,config\"?)"},
		{CONFIG(""), "/: no VM: add a node with compatible = \"vesper,vm\""},
		{CONFIG("colour = <1>;"), "/: unknown property \"colour\""},
		{CONFIG("source = <1>;"), "/: source must be one string: source = \"...\""},
		{CONFIG("a { dedicated; harts = <4 2>; }; b { harts = <1 2>; };"),
			"/b: harts names hart 2, which is also /a's; one of them has it dedicated"},
		{CONFIG("a { harts = <1>; }; b { harts = <0>; }; c { harts = <1>; dedicated; };"),
			"/c: harts names hart 1, which is also /a's; one of them has it dedicated"},
		/* the VM */
		{CONFIG("a { };"), "/a: compatible = \"vesper,vm\" or the like is missing"},
		{CONFIG("a { compatible = \"vesper,vn\"; };"),
			"/a: unknown compatible \"vesper,vn\" (did you mean \"vesper,vm\"?)"},
		{CONFIG("a { compatible = \"vesper,vm\"; };"), "/a: memory-mib is missing"},
		{CONFIG("a { compatible = \"vesper,vm\"; memory-mib = <64>; cpus = <1>; };"),
			"/a: kernel is missing"},
		{VM("colour = <3>;"), "/debian: unknown property \"colour\""},
		{VM("bootarg = \"x\";"),
			"/debian: unknown property \"bootarg\" (did you mean \"bootargs\"?)"},
		{VM("inird = \"x\";"),
			"/debian: unknown property \"inird\" (did you mean \"initrd\"?)"},
		{VM("memory-mib = \"64\";"),
			"/debian: memory-mib must be one number: memory-mib = <2>"},
		{VM("memory-mib = <64 64>;"),
			"/debian: memory-mib must be one number: memory-mib = <2>"},
		{VM("memory-mib;"), "/debian: memory-mib must be one number: memory-mib = <2>"},
		{VM("memory-mib = <0>;"),
			"/debian: memory-mib = <0> is out of range (2 to 1048576)"},
		{VM("memory-mib = <65>;"), "/debian: memory-mib = <65> must be a multiple of 2"},
		{VM("cpus = <0>;"), "/debian: cpus = <0> is out of range (1 to 64)"},
		{VM("cpus = <65>;"), "/debian: cpus = <65> is out of range (1 to 64)"},
		{VM("weight = <0>;"), "/debian: weight = <0> is out of range (1 to 10000)"},
		{VM("weight = <10001>;"), "/debian: weight = <10001> is out of range (1 to 10000)"},
		{VM("harts;"), "/debian: harts must be a list of numbers: harts = <0 1>"},
		{VM("harts = [00 00];"), "/debian: harts must be a list of numbers: harts = <0 1>"},
		{VM("harts = <3 1 3>;"), "/debian: harts names hart 3 twice"},
		{VM("dedicated = <1>;"), "/debian: dedicated takes no value: dedicated;"},
		{VM("dedicated;"), "/debian: dedicated needs harts: harts = <...>"},
		{VM("dedicated; cpus = <3>; harts = <0 1>;"),
			"/debian: dedicated needs a hart for each of cpus = <3>, but harts names "
			"2"},
		{VM("start = \"never\";"),
			"/debian: start = \"never\" is unknown; known are: \"boot\", \"manual\""},
		{VM("start = <1>;"), "/debian: start must be one string: start = \"...\""},
		{VM("interrupt-controller = \"gic\";"),
			"/debian: interrupt-controller = \"gic\" is unknown; known are: \"best\", "
			"\"plic\", \"aia\""},
		{VM("kernel-type = \"elf\";"),
			"/debian: kernel-type = \"elf\" is unknown; known are: \"raw\""},
		{VM("kernel = <1>;"), "/debian: kernel must be one string: kernel = \"...\""},
		{VM("kernel = \"kernel\", \"other\";"),
			"/debian: kernel must be one string: kernel = \"...\""},
		{VM("kernel = \"\";"), "/debian: kernel has 0 characters (1 to 63 are allowed)"},
		{VM("kernel = \"absent\";"),
			"/debian: kernel: image \"absent\" is not in the bundle"},
		{VM("kernel = \"root\";"),
			"/debian: kernel is neither a RISC-V Linux Image (for Debian "
			"/boot/vmlinux-*) "
			"nor an ELF file; to boot it as it is, say kernel-type = \"raw\""},
		{VM("kernel = \"elf\"; memory-mib = <16>;"),
			"/debian: kernel has a segment of 0x1000000 bytes at 0x80200000, out of "
			"the RAM "
			"(0x80000000 to 0x80ffffff)"},
		{VM("kernel = \"elf\"; memory-mib = <18>;"),
			"/debian: memory-mib = <18> is too little: the kernel needs 20 MiB; raise "
			"--memory"},
		{VM("kernel-type = \"raw\"; memory-mib = <4>;"),
			"/debian: memory-mib = <4> is too little: the kernel needs 6 MiB; raise "
			"--memory"},
		{"/dts-v1/; / { source = \"vms.dts\"; compatible = \"vesper,config\"; a { "
		 "compatible ="
		 " \"vesper,vm\"; memory-mib = <2>; cpus = <1>; kernel = \"kernel\"; }; };",
			"vms.dts: /a: memory-mib = <2> is too little: the kernel needs 28 MiB"},
		{"/dts-v1/; / { source = \"vms.dts\"; compatible = \"vesper,config\"; colour; };",
			"vms.dts: /: unknown property \"colour\""},
		{VM("initrd = \"absent\";"),
			"/debian: initrd: image \"absent\" is not in the bundle"},
		{VM("bootargs = \"a\\nb\";"),
			"/debian: bootargs holds a character that is not printable ASCII"},
		{VM("memory-mib = <26>;"),
			"/debian: memory-mib = <26> is too little: the kernel needs 28 "
			"MiB; raise --memory"},
		{VM("memory-mib = <26>; initrd = \"initramfs\";"),
			"/debian: memory-mib = <26> is too little: the kernel and its initrd need "
			"28 "
			"MiB; raise --memory"},
		{CONFIG("name-of-a-vm-that-never-comes-to-an-end { compatible = \"vesper,vm\"; };"),
			"/name-of-a-vm-that-never-comes-to-an-en: the name is too long (at most 31 "
			"characters)"},
		/* devices */
		{VM("root { };"),
			"/debian/root: compatible = \"vesper,console\" or the like is missing"},
		{VM("root { compatible = \"vesper,teapot\"; };"),
			"/debian/root: unknown compatible \"vesper,teapot\""},
		{VM("root { compatible = \"vesper,sf\"; };"),
			"/debian/root: unknown compatible \"vesper,sf\" (did you mean "
			"\"vesper,fs\"?)"},
		{VM("root { compatible = \"vesper,fs\"; tga = \"root\"; };"),
			"/debian/root: unknown property \"tga\" (did you mean \"tag\"?)"},
		{VM("root { compatible = \"vesper,fs\"; };"), "/debian/root: tag is missing"},
		{VM("root { compatible = \"vesper,fs\"; tag = \"a\"; image = \"root\"; };"),
			"/debian/root: writable-mib is missing"},
		{VM("root { compatible = \"vesper,fs\"; tag = \"a\"; image = \"root\"; "
		    "writable-mib = <0>; };"),
			"/debian/root: writable-mib = <0> is out of range (1 to 32768)"},
		{VM("root { compatible = \"vesper,fs\"; tag = \"a\"; image = \"kernel\"; "
		    "writable-mib = <1>; };"),
			"/debian/root: image is not an EROFS image: make it with mkfs.erofs"},
		{VM(FS("root", "123456789012345678901234567890123456a")),
			"/debian/root: tag has 37 characters (1 to 36 are allowed)"},
		{VM(FS("a", "x") FS("b", "x")),
			"/debian/b: tag = \"x\" is taken by another vesper,fs"},
		{VM("c { compatible = \"vesper,console\"; d { }; };"),
			"/debian/c: unknown node \"d\""},
		{VM("c { compatible = \"vesper,console\"; };"
		    "d { compatible = \"vesper,console\"; };"),
			"/debian/d: a VM has one console at most"},
		{VM("transport = \"mmio\";" EIGHT FS("i", "9")),
			"/debian/i: a VM with transport = \"mmio\" has at most 8 devices, with "
			"\"pci\" 16"},
		{VM(EIGHT FS("i", "9") FS("j", "10") FS("k", "11") FS("l", "12") FS("m", "13")
				 FS("n", "14") FS("o", "15") FS("p", "16") FS("q", "17")),
			"/debian/q: a VM has at most 16 devices"},
		{VM("transport = \"usb\";"),
			"/debian: transport = \"usb\" is unknown; known are: \"pci\", \"mmio\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		error.text[0] = 0;
		assert_int_equal(read_with(cases[i].source, 4000), ERR_INVALID);
		assert_string_equal(error.text, cases[i].text);
	}
}

/* All 36 bytes of a tag may be used, and then there is no NUL. */
static void test_longest_tag(void **state)
{
	static const char tag[] = "123456789012345678901234567890123456";

	(void)state;
	assert_int_equal(read_with(VM(FS("root", "123456789012345678901234567890123456")), 1), OK);
	assert_memory_equal(spec.devices[0].tag, tag, VM_TAG_MAX);
}

static void test_longest_bootargs(void **state)
{
	char source[2048], args[VM_BOOTARGS_MAX + 1];

	(void)state;
	memset(args, 'x', sizeof(args));
	args[VM_BOOTARGS_MAX - 1] = 0;
	snprintf(source, sizeof(source), VM("bootargs = \"%s\";"), args);
	assert_int_equal(read_with(source, 1), OK);
	assert_string_equal(spec.bootargs, args);
	args[VM_BOOTARGS_MAX - 1] = 'x';
	args[VM_BOOTARGS_MAX] = 0;
	snprintf(source, sizeof(source), VM("bootargs = \"%s\";"), args);
	assert_int_equal(read_with(source, 1), ERR_INVALID);
	assert_string_equal(
		error.text, "/debian: bootargs has 1024 characters (0 to 1023 are allowed)");
}

/* What the loader places is what is counted. */
static void test_memory_is_exact(void **state)
{
	uint64_t left = (64ull << 20) - (2 << 20);
	size_t room = (2 << 20) - GUEST_FDT_SIZE(1);

	(void)state;
	set_kernel(KERNEL_OFFSET, left - KERNEL_OFFSET);
	assert_int_equal(read_with(VM("initrd = \"initramfs\";"), 4096), OK);
	set_kernel(KERNEL_OFFSET, left - KERNEL_OFFSET + 1);
	assert_int_equal(read_with(VM(""), 1), ERR_INVALID);
	/* An initrd that takes the room behind the device tree to the byte. */
	set_kernel(KERNEL_OFFSET, left - KERNEL_OFFSET);
	other = (struct fit_image){"large", calloc(1, room + 1), room};
	assert_int_equal(read_with(VM("initrd = \"large\";"), 1), OK);
	other.size++;
	assert_int_equal(read_with(VM("initrd = \"large\";"), 1), ERR_INVALID);
	assert_non_null(strstr(error.text, "the kernel and its initrd need 66 MiB"));
	free((void *)(uintptr_t)other.data);
}

/* Each kind of kernel is known by its first bytes; of what can't be booted is said what it is. */
static void test_kernel_kinds(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{"\x1f\x8b\x08", "compressed with gzip"},
		{"\xfd"
		 "7zXZ",
			"compressed with xz"},
		{"\x28\xb5\x2f\xfd", "compressed with zstd"},
		{"\x04\x22\x4d\x18", "compressed with LZ4"},
		{"\x02\x21\x4c\x18", "compressed with LZ4"},
		{"BZh91AY", "compressed with bzip2"},
		{"MZ\x90", "an EFI program (PE)"},
		{"\x27\x05\x19\x56", "a U-Boot legacy image"},
		{"\xd0\x0d\xfe\xed", "a device tree or a FIT"},
		{"#!/bin/sh", "neither a RISC-V Linux Image"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char bytes[128] = "", want[160];

		strcpy(bytes, cases[i].bytes);
		other = (struct fit_image){"other", bytes, sizeof(bytes)};
		assert_int_equal(read_with(VM("kernel = \"other\";"), 1), ERR_INVALID);
		snprintf(want, sizeof(want), "/debian: kernel is %s", cases[i].text);
		assert_memory_equal(error.text, want, strlen(want));
		assert_non_null(strstr(error.text, "kernel-type = \"raw\""));
		assert_int_equal(
			read_with(VM("kernel = \"other\"; kernel-type = \"raw\";"), 1), OK);
		assert_int_equal(spec.kernel_kind, VM_KERNEL_RAW);
	}
	other = (struct fit_image){0};
	/* Debian's Image is an EFI program too; raw is obeyed whatever the kernel looks like. */
	memcpy(kernel, "MZ", 2);
	assert_int_equal(read_with(VM(""), 1), OK);
	assert_int_equal(spec.kernel_kind, VM_KERNEL_IMAGE);
	assert_int_equal(read_with(VM("kernel-type = \"raw\";"), 1), OK);
	assert_int_equal(spec.kernel_kind, VM_KERNEL_RAW);
	assert_int_equal(read_with(VM("kernel = \"elf\";"), 1), OK);
	assert_int_equal(spec.kernel_kind, VM_KERNEL_ELF);
	/* Shorter than a header of any kind. */
	other = (struct fit_image){"other", "\x7f", 1};
	assert_int_equal(read_with(VM("kernel = \"other\";"), 1), ERR_INVALID);
	assert_int_equal(read_with(VM("kernel = \"other\"; kernel-type = \"raw\";"), 1), OK);
}

/* A long name of a file leaves room for the rest; what is not printable is not printed. */
static void test_source(void **state)
{
	(void)state;
	assert_int_equal(
		read_with("/dts-v1/; / { compatible = \"vesper,config\"; source = \"a\\x1b[b\"; };",
			1),
		ERR_INVALID);
	assert_string_equal(
		error.text, "a?[b: /: source holds a character that is not printable ASCII");
	assert_int_equal(read_with("/dts-v1/; / { compatible = \"vesper,config\"; source = \""
				   "/home/somebody/with/a/long/path/that/goes/on/and/on/until/it/"
				   "is/cut.dts\"; };",
				 1),
		ERR_INVALID);
	assert_string_equal(error.text, "ody/with/a/long/path/that/goes/on/and/on/until/it/is/"
					"cut.dts: /: no VM: add a node "
					"with compatible = \"vesper,vm\"");
}

static void test_kernel_header(void **state)
{
	static const uint64_t bad[][2] = {
		{UINT64_MAX, 1},
		{UINT64_MAX & ~4095ull, 4096},
		{KERNEL_OFFSET, UINT64_MAX},
		{KERNEL_OFFSET, UINT64_MAX - KERNEL_OFFSET + 1},
		{KERNEL_OFFSET + 2, KERNEL_SIZE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_kernel(bad[i][0], bad[i][1]);
		assert_int_equal(read_with(VM(""), 1), ERR_INVALID);
		assert_string_equal(
			error.text, "/debian: the header of kernel is damaged: install it again");
	}
}

static void test_not_a_tree(void **state)
{
	bundle = (struct bundle){.config = {"/dts-v1/; / { }; and so on, not compiled at all", 40}};
	(void)state;
	assert_int_equal(vm_config_count(&bundle, &n_vms, &error), ERR_INVALID);
	assert_non_null(strstr(error.text, "not a compiled device tree (FDT_ERR_"));
	assert_int_equal(vm_config_read(&bundle, 0, &spec, &error), ERR_INVALID);
	assert_non_null(strstr(error.text, "not a compiled device tree (FDT_ERR_"));
}

static void test_similar(void **state)
{
	static const char *const names[] = {"image", "tag", "writable-mib"};

	(void)state;
	assert_string_equal(vm_rules_similar("tag", names, 3), "tag");
	assert_string_equal(vm_rules_similar("tga", names, 3), "tag");
	assert_string_equal(vm_rules_similar("writeable-mb", names, 3), "writable-mib");
	assert_string_equal(vm_rules_similar("iamge", names, 3), "image");
	assert_null(vm_rules_similar("colour", names, 3));
	assert_null(vm_rules_similar("writable", names, 3));
	assert_null(vm_rules_similar("a-name-that-is-longer-than-any-of-ours-could-be", names, 3));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_full),
		TEST(test_least),
		TEST(test_placement),
		TEST(test_harts),
		TEST(test_several),
		TEST(test_names),
		TEST(test_many),
		TEST(test_examples),
		TEST(test_messages),
		TEST(test_longest_tag),
		TEST(test_longest_bootargs),
		TEST(test_memory_is_exact),
		TEST(test_kernel_kinds),
		TEST(test_source),
		TEST(test_kernel_header),
		TEST(test_not_a_tree),
		TEST(test_similar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
