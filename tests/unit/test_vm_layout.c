/* SPDX-License-Identifier: MIT */
/* Where each kind of kernel, the device tree and the initrd go, and how much RAM that takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/guest_fdt.h"
#include "config/vm_layout.h"
#include "tests/unit/elf_file.h"

#define RAM GUEST_RAM_BASE

static uint64_t image[16];
static struct elf_file elf;
static struct vm_spec spec;
static struct vm_layout layout;

static int set_up(void **state)
{
	(void)state;
	image[1] = 0x200000;
	image[2] = 0x1800000;
	spec = (struct vm_spec){.memory = MIB(64), .vcpus = 1, .kernel = {image, sizeof(image)}};
	return 0;
}

static void use_elf(uint64_t addr, uint64_t size)
{
	const struct elf_file_segment segment = {1, addr, addr, size, 8};

	elf_file_make(&elf, addr + 4, &segment, 1);
	spec.kernel = (struct blob){elf.bytes, elf.size};
	spec.kernel_kind = VM_KERNEL_ELF;
}

static void lay_out(void)
{
	assert_int_equal(vm_layout(&spec, &layout), OK);
}

static void test_image(void **state)
{
	struct elf_segment piece;

	(void)state;
	spec.initrd.size = 5000;
	lay_out();
	assert_int_equal(layout.entry, RAM + 0x200000);
	assert_int_equal(layout.kernel_end, RAM + 0x1a00000);
	assert_int_equal(layout.fdt, RAM + 0x1a00000);
	assert_int_equal(layout.fdt_size, GUEST_FDT_SIZE(1));
	assert_int_equal(layout.initrd, layout.fdt + layout.fdt_size);
	assert_int_equal(layout.end, layout.initrd + 5000);
	assert_int_equal(layout.needed, 0x1c00000);
	assert_true(vm_layout_kernel(&spec, 0, &piece));
	assert_int_equal(piece.addr, RAM + 0x200000);
	assert_int_equal(piece.size, 0x1800000);
	assert_ptr_equal(piece.data.data, image);
	assert_int_equal(piece.data.size, sizeof(image));
	assert_false(vm_layout_kernel(&spec, 1, &piece));
}

/* The device tree keeps to itself: nothing of the kernel's last 2 MiB is near it. */
static void test_image_end(void **state)
{
	(void)state;
	image[2] = 0x1800001;
	lay_out();
	assert_int_equal(layout.kernel_end, RAM + 0x1a00001);
	assert_int_equal(layout.fdt, RAM + 0x1c00000);
	/* An old Image says no size. */
	image[2] = 0;
	lay_out();
	assert_int_equal(layout.kernel_end, RAM + 0x200000 + sizeof(image));
	assert_int_equal(layout.fdt, RAM + 0x400000);
}

static void test_damaged_header(void **state)
{
	static const uint64_t bad[][2] = {{UINT64_MAX, 1}, {UINT64_MAX & ~4095ull, 4096},
		{0x200000, UINT64_MAX}, {0x200002, 4096}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(image + 1, bad[i], sizeof(bad[i]));
		assert_int_equal(vm_layout(&spec, &layout), ERR_INVALID);
	}
}

static void test_elf(void **state)
{
	struct elf_segment piece;

	(void)state;
	use_elf(RAM + 0x1000, 0x5000);
	spec.initrd.size = 5000;
	lay_out();
	assert_int_equal(layout.entry, RAM + 0x1004);
	assert_int_equal(layout.kernel_end, RAM + 0x6000);
	assert_int_equal(layout.fdt, RAM + MIB(62));
	assert_int_equal(layout.initrd, RAM + MIB(62) - 8192);
	assert_int_equal(layout.end, layout.fdt + layout.fdt_size);
	assert_int_equal(layout.needed, MIB(4));
	assert_true(vm_layout_kernel(&spec, 0, &piece));
	assert_int_equal(piece.addr, RAM + 0x1000);
	assert_int_equal(piece.data.size, 8);
	assert_false(vm_layout_kernel(&spec, 1, &piece));
}

static void test_raw(void **state)
{
	(void)state;
	spec.kernel_kind = VM_KERNEL_RAW;
	lay_out();
	assert_int_equal(layout.entry, RAM + MIB(2));
	assert_int_equal(layout.kernel_end, RAM + MIB(2) + sizeof(image));
	assert_int_equal(layout.fdt, RAM + MIB(62));
	assert_int_equal(layout.needed, MIB(6));
}

/* With much RAM they stay below 3 GiB, unless the kernel is there. */
static void test_high(void **state)
{
	(void)state;
	spec.memory = GIB(8);
	spec.kernel_kind = VM_KERNEL_RAW;
	lay_out();
	assert_int_equal(layout.fdt, VM_LAYOUT_LOW - MIB(2));
	use_elf(VM_LAYOUT_LOW - MIB(2) - 4096, 4096);
	lay_out();
	assert_int_equal(layout.fdt, VM_LAYOUT_LOW - MIB(2));
	spec.initrd.size = 1;
	lay_out();
	assert_int_equal(layout.fdt, RAM + GIB(8) - MIB(2));
	assert_int_equal(layout.initrd, RAM + GIB(8) - MIB(2) - 4096);
	spec.initrd.size = 0;
	use_elf(RAM + GIB(8) - 4096, 4096);
	lay_out();
	assert_int_equal(layout.needed, GIB(8) + MIB(2));
}

/* `needed` is exact: with that much nothing meets and all is inside; with 2 MiB less it does not fit. */
static void test_needed(void **state)
{
	static const uint64_t ends[] = {0x1000, 0x1ff000, 0x200000, 0x3ff001, 0x400000};
	static const uint64_t initrds[] = {0, 1, 4096, 0x1fe000, 0x1ff001, 0x500000};

	(void)state;
	for (unsigned vcpus = 1; vcpus <= VM_VCPUS_MAX; vcpus += VM_VCPUS_MAX - 1)
		for (size_t e = 0; e < 5; e++)
			for (size_t i = 0; i < 6; i++) {
				uint64_t ram_end;

				spec.vcpus = vcpus;
				spec.initrd.size = initrds[i];
				use_elf(RAM, ends[e]);
				spec.memory = MIB(64);
				lay_out();
				spec.memory = layout.needed;
				lay_out();
				ram_end = RAM + spec.memory;
				assert_int_equal(layout.needed, spec.memory);
				assert_true(layout.initrd >= layout.kernel_end);
				assert_true(layout.initrd + initrds[i] <= layout.fdt);
				assert_int_equal(layout.initrd % 4096, 0);
				assert_int_equal(layout.fdt % MIB(2), 0);
				assert_true(layout.end <= ram_end);
				spec.memory -= MIB(2);
				lay_out();
				assert_int_equal(layout.needed, spec.memory + MIB(2));
			}
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_image),
		TEST(test_image_end),
		TEST(test_damaged_header),
		TEST(test_elf),
		TEST(test_raw),
		TEST(test_high),
		TEST(test_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
