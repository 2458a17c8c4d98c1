/* SPDX-License-Identifier: MIT */
/* Where the host has virtio-mmio windows and PCI host bridges, in QEMU's trees and in written ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "config/machine.h"
#include "tests/unit/dts.h"

static struct machine machine;
static struct config_error error;

#define DEVICES (&machine.devices)

static void parse_qemu(const char *machine_options, const char *options)
{
	size_t size;
	void *dtb = dts_qemu(machine_options, options, &size);

	assert_int_equal(machine_parse(dtb, 0, &machine, &error), OK);
	free(dtb);
}

/* A machine with a PLIC of phandle 9 and `root` besides. */
static void parse(const char *root)
{
	static char text[16384];
	size_t size;

	snprintf(text, sizeof(text),
		"/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;"
		"memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x10000000>; };"
		"cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = <1000000>;"
		"cpu@0 { device_type = \"cpu\"; reg = <0>; riscv,isa = \"rv64imach\";"
		" interrupt-controller { compatible = \"riscv,cpu-intc\"; #interrupt-cells = <1>;"
		" phandle = <8>; interrupt-controller; }; }; };"
		"plic@c000000 { compatible = \"sifive,plic-1.0.0\"; reg = <0 0xc000000 0 0x600000>;"
		" #interrupt-cells = <1>; #address-cells = <0>; phandle = <9>; "
		"interrupt-controller;"
		" interrupts-extended = <8 9>; riscv,ndev = <50>; };"
		"%s };",
		root);
	void *dtb = dts_compile(text, &size);

	assert_int_equal(machine_parse(dtb, 0, &machine, &error), OK);
	free(dtb);
}

/* ---- QEMU ---- */

static const struct host_mmio *mmio_at(uint64_t base)
{
	for (unsigned i = 0; i < DEVICES->n_mmio; i++)
		if (DEVICES->mmio[i].base == base)
			return &DEVICES->mmio[i];
	fail_msg("no window at %#lx", (unsigned long)base);
	return NULL;
}

static void assert_virt(bool messages)
{
	const struct host_pci *pci = &DEVICES->pci[0];

	assert_int_equal(DEVICES->n_mmio, 8);
	for (unsigned i = 0; i < 8; i++) {
		const struct host_mmio *m = mmio_at(0x10001000 + 0x1000 * i);

		assert_int_equal(m->size, 0x1000);
		assert_int_equal(m->irq.source, 1 + i);
		assert_false(m->irq.rising_edge);
	}
	assert_int_equal(DEVICES->n_pci, 1);
	assert_int_equal(pci->ecam, 0x30000000);
	assert_int_equal(pci->first_bus, 0);
	assert_int_equal(pci->last_bus, 255);
	assert_int_equal(pci->msi, messages);
	assert_int_equal(pci->n_windows, 2);
	assert_int_equal(pci->window[0].bus_base, 0x40000000);
	assert_int_equal(pci->window[0].cpu_base, 0x40000000);
	assert_int_equal(pci->window[0].size, 0x40000000);
	assert_int_equal(pci->window[1].cpu_base % 0x400000000, 0);
	assert_int_equal(pci->n_routes, 16);
	assert_int_equal(pci->function_mask, 0x18);
	assert_int_equal(pci->pin_mask, 7);
	for (unsigned i = 0; i < 16; i++) {
		const struct host_pci_route *r = &pci->route[i];

		assert_int_equal(r->irq.source, 32 + (r->function / 8 + r->pin - 1) % 4);
		assert_false(r->irq.rising_edge);
	}
}

static void test_qemu_plic(void **state)
{
	(void)state;
	parse_qemu("", "-cpu rv64,h=true -smp 2 -m 1G");
	assert_int_equal(machine.irqchip, MACHINE_IRQCHIP_PLIC);
	assert_virt(false);
	assert_int_equal(DEVICES->iommu, 0);
}

static void test_qemu_imsic(void **state)
{
	(void)state;
	parse_qemu(",aia=aplic-imsic,aia-guests=7", "-cpu max -smp 2 -m 1G");
	assert_int_equal(machine.irqchip, MACHINE_IRQCHIP_APLIC);
	assert_virt(true);
}

static void test_qemu_aplic(void **state)
{
	(void)state;
	parse_qemu(",aia=aplic", "-cpu max -smp 2 -m 1G");
	assert_int_equal(machine.irqchip, MACHINE_IRQCHIP_APLIC);
	assert_virt(false);
}

static void test_qemu_iommu(void **state)
{
	(void)state;
	parse_qemu(",aia=aplic-imsic,aia-guests=7,iommu-sys=on", "-cpu max -smp 2 -m 1G");
	assert_virt(true);
	assert_int_equal(DEVICES->iommu, 0x3010000);
}

/* ---- written trees ---- */

#define MMIO(at, more) \
	"virtio@" #at " { compatible = \"virtio,mmio\"; reg = <0 0x" #at " 0 0x200>;" more " };"

static void test_mmio(void **state)
{
	(void)state;
	parse(MMIO(1000, "interrupts = <7>; interrupt-parent = <9>;")
			MMIO(2000, "interrupts-extended = <9 50>;") MMIO(
				3000, "interrupts-extended = <9 51>;") /* past the last source */
		MMIO(4000, "interrupts-extended = <8 7>;")             /* another controller */
		MMIO(5000, "") MMIO(6000,
			"status = \"disabled\"; interrupts-extended = <9 6>;") "virtio@7000 { "
									       "compatible = "
									       "\"virtio,mmio\"; "
									       "reg = <0 0x7000 0 "
									       "0x80>; };");
	assert_int_equal(machine.irqchip, MACHINE_IRQCHIP_PLIC);
	assert_int_equal(DEVICES->n_mmio, 5);
	assert_int_equal(mmio_at(0x1000)->irq.source, 7);
	assert_int_equal(mmio_at(0x2000)->irq.source, 50);
	assert_int_equal(mmio_at(0x3000)->irq.source, 0);
	assert_int_equal(mmio_at(0x4000)->irq.source, 0);
	assert_int_equal(mmio_at(0x5000)->irq.source, 0);
	assert_int_equal(mmio_at(0x5000)->size, 0x200);
}

/* A PLIC with two cells: the second says how the line is. */
#define PLIC2                                                                                  \
	"plic@d000000 { compatible = \"sifive,plic-1.0.0\"; reg = <0 0xd000000 0 0x600000>;"   \
	" #interrupt-cells = <2>; #address-cells = <0>; phandle = <10>; interrupt-controller;" \
	" interrupts-extended = <8 9>; riscv,ndev = <50>; };"
#define UART10                                                             \
	"serial@100 { compatible = \"ns16550a\"; reg = <0 0x100 0 0x100>;" \
	" interrupts-extended = <10 1 4>; };"

static void test_edges(void **state)
{
	(void)state;
	parse(PLIC2 UART10 MMIO(1000, "interrupts = <2 1>; interrupt-parent = <10>;")
			MMIO(2000, "interrupts = <3 4>; interrupt-parent = <10>;")
				MMIO(3000, "interrupts = <4 2>; interrupt-parent = <10>;")
					MMIO(4000, "interrupts = <5 8>; interrupt-parent = <10>;")
						MMIO(5000, "interrupts-extended = <10 6 1 9 7>;"));
	assert_int_equal(machine.uart_irq, 1);
	assert_int_equal(mmio_at(0x1000)->irq.source, 2);
	assert_true(mmio_at(0x1000)->irq.rising_edge);
	assert_int_equal(mmio_at(0x2000)->irq.source, 3);
	assert_false(mmio_at(0x2000)->irq.rising_edge);
	assert_int_equal(mmio_at(0x3000)->irq.source, 0);
	assert_int_equal(mmio_at(0x4000)->irq.source, 0);
	assert_int_equal(mmio_at(0x5000)->irq.source, 6);
	assert_true(mmio_at(0x5000)->irq.rising_edge);
}

#define PCI(more)                                                                       \
	"pci@e0000000 { compatible = \"pci-host-ecam-generic\"; device_type = \"pci\";" \
	" #address-cells = <3>; #size-cells = <2>; #interrupt-cells = <1>;" more " };"

static void test_pci(void **state)
{
	const struct host_pci *pci = &DEVICES->pci[0];

	(void)state;
	parse(PCI("reg = <0 0xe0000000 0 0x400000>; bus-range = <2 9>;"
		  "ranges = <0x01000000 0 0 0 0x3000000 0 0x10000>,"
		  " <0x02000000 0 0x1000000 1 0x50000000 0 0x100000>,"
		  " <0x43000000 8 0 8 0 1 0>, <0x02000000 0 0 0xffffffff 0xfffff000 0 0x2000>;"
		  "interrupt-map-mask = <0x800 0 0 1>;"
		  "interrupt-map = <0 0 0 1 9 40>, <0x800 0 0 1 8 41>, <0 0 0 0 9 60>;"));
	assert_int_equal(DEVICES->n_pci, 1);
	assert_int_equal(pci->ecam, 0xe0000000);
	assert_int_equal(pci->first_bus, 2);
	assert_int_equal(pci->last_bus, 5); /* no more fit the registers */
	assert_int_equal(pci->n_windows, 2);
	assert_int_equal(pci->window[0].bus_base, 0x1000000);
	assert_int_equal(pci->window[0].cpu_base, 0x150000000);
	assert_int_equal(pci->window[0].size, 0x100000);
	assert_false(pci->window[0].prefetchable);
	assert_int_equal(pci->window[1].bus_base, 0x800000000);
	assert_int_equal(pci->window[1].size, 0x100000000);
	assert_true(pci->window[1].prefetchable);
	assert_int_equal(pci->function_mask, 8);
	assert_int_equal(pci->pin_mask, 1);
	assert_int_equal(pci->n_routes, 3);
	assert_int_equal(pci->route[0].irq.source, 40);
	assert_int_equal(pci->route[1].function, 8);
	assert_int_equal(pci->route[1].irq.source, 0); /* not the controller in use */
	assert_int_equal(pci->route[2].irq.source, 0); /* it has no such source */
	assert_false(pci->msi);
}

/* What is cut off, or makes no sense. */
static void test_pci_that_is_wrong(void **state)
{
	(void)state;
	parse(PCI("reg = <0 0xe0000000 0 0x80000>;"));
	assert_int_equal(DEVICES->n_pci, 0);
	parse(PCI("reg = <0 0xe0000000 0 0x400000>; bus-range = <3 2>;"));
	assert_int_equal(DEVICES->n_pci, 0);
	parse(PCI("reg = <0 0xe0000000 0 0x400000>; bus-range = <0 256>;"));
	assert_int_equal(DEVICES->n_pci, 0);
	parse(PCI("reg = <0 0xe0000000 0 0x400000>; ranges = <0x02000000 0 0 0 0 0>;"
		  "interrupt-map = <0 0 0 1 77 40>, <0 0 0 1 9 40>;"));
	assert_int_equal(DEVICES->n_pci, 1);
	assert_int_equal(DEVICES->pci[0].n_windows, 0);
	assert_int_equal(DEVICES->pci[0].n_routes, 0);
	parse(PCI("reg = <0 0xe0000000 0 0x400000>; interrupt-map = <0 0 0 1 9 40 0 0 0 2 9>;"));
	assert_int_equal(DEVICES->pci[0].n_routes, 1);
}

static void test_too_many(void **state)
{
	static char text[8192];
	size_t at = 0;

	(void)state;
	for (unsigned i = 0; i < HOST_MMIO_MAX + 3; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"v@%x { compatible = \"virtio,mmio\"; reg = <0 0x%x 0 0x1000>; };",
			0x1000 * (i + 1), 0x1000 * (i + 1));
	parse(text);
	assert_int_equal(DEVICES->n_mmio, HOST_MMIO_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_qemu_plic),
		cmocka_unit_test(test_qemu_imsic),
		cmocka_unit_test(test_qemu_aplic),
		cmocka_unit_test(test_qemu_iommu),
		cmocka_unit_test(test_mmio),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_pci),
		cmocka_unit_test(test_pci_that_is_wrong),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
