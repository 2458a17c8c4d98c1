/* SPDX-License-Identifier: MIT */
/* The guest's tree: dtc finds nothing to say about it, and it reads back as what was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "config/guest_fdt.h"
#include "config/isa_table.h"
#include "lib/addr.h"
#include "tests/unit/dts.h"

static char buf[GUEST_FDT_MAX];
static struct vm_spec spec;
static struct guest_fdt_input in;

static int set_up(void **state)
{
	(void)state;
	spec = (struct vm_spec){
		.name = "debian", .memory = MIB(512), .vcpus = VM_VCPUS_MAX, .n_devices = 2};
	strcpy(spec.bootargs, "console=hvc0");
	in = (struct guest_fdt_input){
		.spec = &spec, .mmu_type = "riscv,sv39", .timebase_hz = 10000000};
	isa_parse_string(&in.isa, "rv64imafdc_sstc_zicboz");
	in.isa.cboz_block = 64;
	for (unsigned i = 0; i < sizeof(in.rng_seed); i++)
		in.rng_seed[i] = (uint8_t)(i + 1);
	return 0;
}

static void build(void)
{
	memset(buf, 0xa5, sizeof(buf));
	assert_int_equal(guest_fdt_build(buf, sizeof(buf), &in), OK);
	assert_int_equal(fdt_check_full(buf, sizeof(buf)), 0);
}

static int node(const char *path)
{
	int offset = fdt_path_offset(buf, path);

	assert_true(offset >= 0);
	return offset;
}

static void assert_property(const char *path, const char *name, const void *want, size_t size)
{
	int len;
	const void *value = fdt_getprop(buf, node(path), name, &len);

	assert_non_null(value);
	assert_int_equal(len, size);
	assert_memory_equal(value, want, size);
}

static void assert_text(const char *path, const char *name, const char *want)
{
	assert_property(path, name, want, strlen(want) + 1);
}

static void assert_cells(const char *path, const char *name, const uint32_t *want, unsigned n)
{
	uint32_t cells[16];

	for (unsigned i = 0; i < n; i++)
		cells[i] = cpu_to_fdt32(want[i]);
	assert_property(path, name, cells, n * 4);
}

#define CELLS(path, name, ...)                                    \
	assert_cells(path, name, (const uint32_t[]){__VA_ARGS__}, \
		sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void test_no_complaints(void **state)
{
	(void)state;
	in.initrd_start = 0x84000000;
	in.initrd_end = 0x84100000;
	spec.n_devices = VM_DEVICES_MAX;
	build();
	assert_string_equal(dts_complaints(buf, fdt_totalsize(buf)), "");
}

static void test_contents(void **state)
{
	static const char isa_list[] = "i\0m\0a\0f\0d\0c\0zicboz\0zicntr\0zicsr\0zifencei\0sstc";

	(void)state;
	build();
	assert_text("/", "compatible", "riscv-virtio");
	assert_text("/", "model", "vesper,virt");
	assert_text("/chosen", "bootargs", "console=hvc0");
	assert_property("/chosen", "rng-seed", in.rng_seed, 32);
	CELLS("/memory@80000000", "reg", 0, 0x80000000, 0, 0x20000000);
	CELLS("/cpus", "timebase-frequency", 10000000);
	assert_text("/cpus/cpu@0", "mmu-type", "riscv,sv39");
	assert_text("/cpus/cpu@0", "riscv,isa", "rv64imafdc_zicboz_zicntr_zicsr_zifencei_sstc");
	assert_property("/cpus/cpu@0", "riscv,isa-extensions", isa_list, sizeof(isa_list));
	CELLS("/cpus/cpu@0", "riscv,cboz-block-size", 64);
	assert_null(fdt_getprop(buf, node("/cpus/cpu@0"), "riscv,cbom-block-size", NULL));
}

static void test_interrupts(void **state)
{
	const char *plic = "/soc/plic@c000000";
	uint32_t intc, phandle;

	(void)state;
	build();
	intc = fdt_get_phandle(buf, node("/cpus/cpu@0/interrupt-controller"));
	phandle = fdt_get_phandle(buf, node(plic));
	CELLS(plic, "reg", 0, 0xc000000, 0, 0x600000);
	CELLS(plic, "interrupts-extended", intc, 0xffffffff, intc, 9);
	CELLS(plic, "riscv,ndev", 95);
	CELLS("/soc/test@100000", "reg", 0, 0x100000, 0, 0x1000);
	CELLS("/soc/rtc@101000", "reg", 0, 0x101000, 0, 0x1000);
	CELLS("/soc/rtc@101000", "interrupts", 11);
	CELLS("/soc/virtio_mmio@10001000", "reg", 0, 0x10001000, 0, 0x1000);
	CELLS("/soc/virtio_mmio@10001000", "interrupts", 1);
	CELLS("/soc/virtio_mmio@10002000", "interrupts", 2);
	CELLS("/soc/virtio_mmio@10002000", "interrupt-parent", phandle);
	assert_true(fdt_path_offset(buf, "/soc/virtio_mmio@10003000") < 0);
}

static void test_initrd(void **state)
{
	(void)state;
	build();
	assert_null(fdt_getprop(buf, node("/chosen"), "linux,initrd-start", NULL));
	in.initrd_start = 0x184000000;
	in.initrd_end = 0x184001234;
	build();
	CELLS("/chosen", "linux,initrd-start", 1, 0x84000000);
	CELLS("/chosen", "linux,initrd-end", 1, 0x84001234);
}

/* GUEST_FDT_MAX is a promise: everything at its longest fits. */
static void test_largest(void **state)
{
	(void)state;
	for (unsigned i = 0; i < isa_table_rows; i++)
		isa_add_name(&in.isa, isa_table[i].name);
	in.isa.cbom_block = in.isa.cboz_block = in.isa.cbop_block = 64;
	in.initrd_start = 0x84000000;
	in.initrd_end = 0x84100000;
	in.mmu_type = "riscv,sv57";
	spec.n_devices = VM_DEVICES_MAX;
	memset(spec.bootargs, 'x', VM_BOOTARGS_MAX - 1);
	build();
	assert_string_equal(dts_complaints(buf, fdt_totalsize(buf)), "");
}

/* Too small is an error at every size, and never a write past the end. */
static void test_too_small(void **state)
{
	size_t whole;

	(void)state;
	build();
	whole = fdt_totalsize(buf);
	for (size_t size = 0; size < whole; size++) {
		void *small = malloc(size + 1);

		assert_int_equal(guest_fdt_build(small, size, &in), ERR_NO_SPACE);
		free(small);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_complaints),
		TEST(test_contents),
		TEST(test_interrupts),
		TEST(test_initrd),
		TEST(test_largest),
		TEST(test_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
