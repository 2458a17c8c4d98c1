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
#include "tests/unit/fit.h"

#define KERNEL_OFFSET 0x200000
#define KERNEL_SIZE   0x1800000 /* in memory, with its bss: 24 MiB */

static uint64_t kernel[16];     /* a RISC-V Image's header */
static uint8_t erofs[1024 + 8]; /* a superblock's magic */
static struct vm_spec spec;
static struct config_error error;
static void *fit;

static void set_kernel(uint64_t offset, uint64_t size)
{
	kernel[1] = offset;
	kernel[2] = size;
	kernel[7] = 0x05435352;
}

static enum status read_with(const char *source, size_t initrd_size)
{
	static char initrd[4096];
	size_t config_size, size;
	void *config = dts_compile(source, &config_size);
	const struct fit_image images[] = {
		{"config", config, config_size},
		{"kernel", kernel, sizeof(kernel)},
		{"initramfs", initrd, initrd_size},
		{"root", erofs, sizeof(erofs)},
	};
	struct bundle bundle;

	free(fit);
	fit = fit_make(images, 4, 0, &size);
	free(config);
	assert_int_equal(bundle_open(&bundle, fit, size, &error), OK);
	return vm_config_read(&bundle, &spec, &error);
}

static int set_up(void **state)
{
	(void)state;
	memset(kernel, 0, sizeof(kernel));
	set_kernel(KERNEL_OFFSET, KERNEL_SIZE);
	memcpy(erofs + 1024, "\xe2\xe1\xf5\xe0", 4);
	memset(&error, 0, sizeof(error));
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
}

static void test_example(void **state)
{
	size_t size;
	FILE *file = fopen("config/examples/debian.dts", "r");
	char text[8192];

	(void)state;
	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = 0;
	assert_int_equal(read_with(text, 4000), OK);
	assert_string_equal(spec.name, "debian");
	assert_int_equal(spec.n_devices, 2);
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
		{CONFIG("a { }; b { };"),
			"/: only one VM is supported for now, but \"b\" follows \"a\""},
		/* the VM */
		{CONFIG("a { };"), "/a: compatible = \"vesper,vm\" is missing"},
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
		{VM("cpus = <0>;"), "/debian: cpus = <0> is out of range (1 to 1)"},
		{VM("cpus = <2>;"), "/debian: cpus = <2> is out of range (1 to 1)"},
		{VM("kernel = <1>;"), "/debian: kernel must be one string: kernel = \"...\""},
		{VM("kernel = \"kernel\", \"other\";"),
			"/debian: kernel must be one string: kernel = \"...\""},
		{VM("kernel = \"\";"), "/debian: kernel has 0 characters (1 to 63 are allowed)"},
		{VM("kernel = \"absent\";"),
			"/debian: kernel: image \"absent\" is not in the bundle"},
		{VM("kernel = \"root\";"), "/debian: kernel is not a RISC-V Linux Image: give the "
					   "uncompressed one, for "
					   "Debian /boot/vmlinux-*"},
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
			"/debian/d: only one console is supported for now"},
		{VM(FS("a", "1") FS("b", "2") FS("c", "3") FS("d", "4") FS("e", "5") FS("f", "6")
				 FS("g", "7") FS("h", "8") FS("i", "9")),
			"/debian/i: a VM has at most 8 devices"},
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

/* What the loader places is what is counted, to the page. */
static void test_memory_is_exact(void **state)
{
	uint64_t left = (64ull << 20) - GUEST_FDT_MAX;

	(void)state;
	set_kernel(KERNEL_OFFSET, left - KERNEL_OFFSET);
	assert_int_equal(read_with(VM(""), 1), OK);
	assert_int_equal(read_with(VM("initrd = \"initramfs\";"), 1), ERR_INVALID);
	set_kernel(KERNEL_OFFSET, left - KERNEL_OFFSET - 4096);
	assert_int_equal(read_with(VM("initrd = \"initramfs\";"), 4096), OK);
	set_kernel(KERNEL_OFFSET, left - KERNEL_OFFSET + 1);
	assert_int_equal(read_with(VM(""), 1), ERR_INVALID);
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
	const struct bundle bundle = {
		.config = {"/dts-v1/; / { }; and so on, not compiled at all", 40}};

	(void)state;
	assert_int_equal(vm_config_read(&bundle, &spec, &error), ERR_INVALID);
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
		TEST(test_example),
		TEST(test_messages),
		TEST(test_longest_tag),
		TEST(test_longest_bootargs),
		TEST(test_memory_is_exact),
		TEST(test_kernel_header),
		TEST(test_not_a_tree),
		TEST(test_similar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
