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
#include "config/machine.h"
#include "lib/addr.h"
#include "tests/unit/dts.h"

static char buf[GUEST_FDT_MAX];
static struct vm_spec spec;
static struct guest_fdt_input in;

static int set_up(void **state)
{
	(void)state;
	spec = (struct vm_spec){.name = "debian",
		.memory = MIB(512),
		.vcpus = 1,
		.n_devices = 2,
		.transport = VM_TRANSPORT_MMIO};
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
	assert_int_equal(guest_fdt_build(buf, guest_fdt_size(spec.vcpus), &in), OK);
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
	for (unsigned aia = 0; aia < 2; aia++) {
		in.aia = aia;
		spec.transport = VM_TRANSPORT_MMIO;
		spec.n_devices = VM_MMIO_MAX;
		build();
		assert_string_equal(dts_complaints(buf, fdt_totalsize(buf)), "");
		spec.transport = VM_TRANSPORT_PCI;
		spec.n_devices = VM_DEVICES_MAX;
		build();
		assert_string_equal(dts_complaints(buf, fdt_totalsize(buf)), "");
	}
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

/* As QEMU's `virt` has it. */
static void test_uart(void **state)
{
	const char *uart = "/soc/serial@10000000";

	(void)state;
	build();
	assert_text(uart, "compatible", "ns16550a");
	CELLS(uart, "reg", 0, 0x10000000, 0, 0x100);
	CELLS(uart, "clock-frequency", 3686400);
	CELLS(uart, "interrupts", 10);
	assert_text("/chosen", "stdout-path", uart);
	assert_text("/aliases", "serial0", uart);
	assert_int_equal(fdt_path_offset(buf, "serial0"), node(uart));
}

static void test_aia(void **state)
{
	const char *imsics = "/soc/imsics@28000000", *aplic = "/soc/aplic@d000000";
	uint32_t intc[2];

	(void)state;
	in.aia = true;
	spec.vcpus = 2;
	build();
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		char path[64];

		snprintf(path, sizeof(path), "/cpus/cpu@%u/interrupt-controller", cpu);
		intc[cpu] = fdt_get_phandle(buf, node(path));
	}
	assert_true(intc[0] != intc[1]);
	assert_text(imsics, "compatible", "riscv,imsics");
	CELLS(imsics, "reg", 0, 0x28000000, 0, 0x2000);
	CELLS(imsics, "interrupts-extended", intc[0], 9, intc[1], 9);
	CELLS(imsics, "riscv,num-ids", 255);
	CELLS(imsics, "#msi-cells", 0);
	CELLS(imsics, "#interrupt-cells", 0);
	assert_property(imsics, "msi-controller", "", 0);
	assert_property(imsics, "interrupt-controller", "", 0);
	assert_text(aplic, "compatible", "riscv,aplic");
	CELLS(aplic, "reg", 0, 0xd000000, 0, 0x8000);
	CELLS(aplic, "msi-parent", fdt_get_phandle(buf, node(imsics)));
	CELLS(aplic, "riscv,num-sources", 95);
	CELLS(aplic, "#interrupt-cells", 2);
	CELLS("/soc/serial@10000000", "interrupts", 10, 4);
	CELLS("/soc/rtc@101000", "interrupts", 11, 4);
	CELLS("/soc/virtio_mmio@10002000", "interrupts", 2, 4);
	CELLS("/soc/virtio_mmio@10002000", "interrupt-parent", fdt_get_phandle(buf, node(aplic)));
	assert_true(fdt_path_offset(buf, "/soc/plic@c000000") < 0);
	assert_text(
		"/cpus/cpu@1", "riscv,isa", "rv64imafdc_zicboz_zicntr_zicsr_zifencei_ssaia_sstc");
	assert_true(fdt_stringlist_search(
			    buf, node("/cpus/cpu@1"), "riscv,isa-extensions", "ssaia") > 0);
	assert_true(fdt_stringlist_search(
			    buf, node("/cpus/cpu@1"), "riscv,isa-extensions", "smaia") < 0);
}

/* The interrupt of a slot's pin, as the map says; 0: none. */
static uint32_t mapped_irq(const char *pci, unsigned slot, unsigned pin)
{
	const unsigned cells = in.aia ? 7 : 6;
	int len;
	const fdt32_t *map = fdt_getprop(buf, node(pci), "interrupt-map", &len);
	const fdt32_t *mask = fdt_getprop(buf, node(pci), "interrupt-map-mask", NULL);
	uint32_t parent =
		fdt_get_phandle(buf, node(in.aia ? "/soc/aplic@d000000" : "/soc/plic@c000000"));

	assert_int_equal((unsigned)len % (cells * 4), 0);
	for (unsigned i = 0; i < (unsigned)len / 4; i += cells) {
		if (fdt32_to_cpu(map[i]) != (slot << 11 & fdt32_to_cpu(mask[0])) ||
			fdt32_to_cpu(map[i + 3]) != (pin & fdt32_to_cpu(mask[3])))
			continue;
		assert_int_equal(fdt32_to_cpu(map[i + 4]), parent);
		assert_true(!in.aia || fdt32_to_cpu(map[i + 6]) == 4);
		return fdt32_to_cpu(map[i + 5]);
	}
	return 0;
}

static void test_pci(void **state)
{
	const char *pci = "/soc/pci@30000000";

	(void)state;
	build();
	assert_true(fdt_path_offset(buf, pci) < 0);
	spec.transport = VM_TRANSPORT_PCI;
	for (unsigned aia = 0; aia < 2; aia++) {
		in.aia = aia;
		build();
		assert_text(pci, "compatible", "pci-host-ecam-generic");
		assert_text(pci, "device_type", "pci");
		CELLS(pci, "reg", 0, 0x30000000, 0, 0x100000);
		CELLS(pci, "bus-range", 0, 0);
		CELLS(pci, "ranges", 0x02000000, 0, 0x40000000, 0, 0x40000000, 0, 0x40000000);
		assert_property(pci, "dma-coherent", "", 0);
		for (unsigned i = 0; i < VM_DEVICES_MAX; i++)
			assert_int_equal(mapped_irq(pci, 1 + i, 1), GUEST_PCI_IRQ + i);
		if (aia)
			CELLS(pci, "msi-parent",
				fdt_get_phandle(buf, node("/soc/imsics@28000000")));
		else
			assert_null(fdt_getprop(buf, node(pci), "msi-parent", NULL));
		assert_true(fdt_path_offset(buf, "/soc/virtio_mmio@10001000") < 0);
	}
}

/* What Vesper reads out of the tree that it writes: as good a judge as any. */
static void assert_reads_back(void)
{
	static struct machine machine;
	struct config_error error = {""};

	assert_int_equal(machine_parse(buf, spec.vcpus - 1, &machine, &error), OK);
	assert_int_equal(machine.n_harts, spec.vcpus);
	assert_int_equal(machine.uart.base, GUEST_UART_BASE);
	assert_int_equal(machine.uart_irq, GUEST_UART_IRQ);
	assert_int_equal(
		machine.uart_irqchip, in.aia ? MACHINE_IRQCHIP_APLIC : MACHINE_IRQCHIP_PLIC);
	assert_int_equal(machine.aplic_msi, in.aia);
	for (unsigned i = 0; i < spec.vcpus; i++) {
		assert_int_equal(machine.hart[i].id, i);
		assert_int_equal(machine.hart[i].imsic, in.aia ? GUEST_IMSIC_BASE + i * 0x1000 : 0);
		assert_int_equal(machine.hart[i].aplic_hart, in.aia ? i : MACHINE_NO_CONTEXT);
		assert_int_equal(
			machine.hart[i].plic_context, in.aia ? MACHINE_NO_CONTEXT : 2 * i + 1);
	}
}

static void test_each_size(void **state)
{
	static const unsigned vcpus[] = {1, 2, 3, 16, 63, 64};

	(void)state;
	for (unsigned aia = 0; aia < 2; aia++) {
		for (size_t i = 0; i < sizeof(vcpus) / sizeof(vcpus[0]); i++) {
			in.aia = aia;
			spec.vcpus = vcpus[i];
			build();
			assert_string_equal(dts_complaints(buf, fdt_totalsize(buf)), "");
			assert_reads_back();
		}
	}
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

/* guest_fdt_size() is a promise: everything at its longest fits, with any number of vCPUs. */
static void test_largest(void **state)
{
	(void)state;
	for (unsigned i = 0; i < isa_table_rows; i++)
		isa_add_name(&in.isa, isa_table[i].name);
	in.isa.cbom_block = in.isa.cboz_block = in.isa.cbop_block = 64;
	in.initrd_start = 0x84000000;
	in.initrd_end = 0x84100000;
	in.mmu_type = "riscv,sv57";
	memset(spec.bootargs, 'x', VM_BOOTARGS_MAX - 1);
	for (unsigned i = 0; i < 4; i++) {
		in.aia = i & 1;
		spec.transport = i & 2 ? VM_TRANSPORT_PCI : VM_TRANSPORT_MMIO;
		spec.n_devices = i & 2 ? VM_DEVICES_MAX : VM_MMIO_MAX;
		for (spec.vcpus = 1; spec.vcpus <= VM_VCPUS_MAX; spec.vcpus++)
			build();
		spec.vcpus = VM_VCPUS_MAX;
		assert_string_equal(dts_complaints(buf, fdt_totalsize(buf)), "");
		assert_true(fdt_totalsize(buf) <= GUEST_FDT_MAX);
	}
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
		TEST(test_uart),
		TEST(test_aia),
		TEST(test_pci),
		TEST(test_each_size),
		TEST(test_initrd),
		TEST(test_largest),
		TEST(test_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
