/* SPDX-License-Identifier: MIT */
/* How the functions behind the host bridge interrupt: INTx, each on its line, MSI-X with its masks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "include/abi/pci.h"
#include "include/abi/virtio_pci.h"
#include "tests/sim/lender.h"
#include "tests/sim/pci_access.h"

#define INDEX    2
#define SLOT     (INDEX + 1)
#define VECTORS  4 /* three queues and the configuration */
#define ENTRY(v) (d->pci.table + (v)*PCI_MSIX_ENTRY_SIZE)

static struct driver *const d = &lender.driver[INDEX];

/* A request on queue q, from start to end; the interrupt is there afterwards, if it is to come. */
static void serve(struct driver *driver, unsigned q)
{
	struct slice in = {host_alloc(&lender.host, 8, 8), 8};
	uint16_t head;
	uint32_t written;

	assert_true(driver_add(driver, q, NULL, 0, &in, 1) >= 0);
	driver_kick(driver, q);
	driver_run(driver);
	host_complete_all(&lender.host, lender.dm, OK);
	driver_run(driver);
	assert_true(driver_collect(driver, q, &head, &written));
}

/* ---- INTx ---- */

/* Each asserts and acknowledges for itself. */
static void test_own_line(void **state)
{
	struct driver *a = &lender.driver[0], *b = &lender.driver[4];
	(void)state;

	assert_true(driver_start(a, DRIVER_FEATURES, 8));
	assert_true(driver_start(b, DRIVER_FEATURES, 8));
	serve(a, 0);
	serve(b, 2);
	assert_true(pci_access_config(1, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	assert_true(pci_access_config(5, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	assert_int_equal(lender.host.irq_rises[driver_line(a)], 1);
	assert_int_equal(lender.host.irq_rises[driver_line(b)], 1);
	assert_int_equal(driver_interrupt(a), VIRTIO_INTERRUPT_USED);
	assert_int_equal(driver_interrupt(a), 0);
	assert_false(driver_irq(a));
	assert_true(driver_irq(b));
	assert_false(pci_access_config(1, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	assert_int_equal(driver_interrupt(b), VIRTIO_INTERRUPT_USED);
	assert_false(driver_irq(b));
	serve(b, 0);
	assert_int_equal(lender.host.irq_rises[driver_line(b)], 2);
	driver_reset(b);
	assert_false(driver_irq(b));
}

static void test_every_line(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LENDER_DEVICES; i++) {
		struct driver *driver = &lender.driver[i];
		assert_true(driver_start(driver, DRIVER_FEATURES, 8));
		serve(driver, 0);
		for (unsigned line = 0; line < HOST_IRQS; line++)
			assert_int_equal(lender.host.irq[line], line == GUEST_PCI_IRQ + i);
		driver_interrupt(driver);
	}
}

static void test_intx_disable(void **state)
{
	uint32_t on = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	(void)state;

	assert_true(driver_start(d, DRIVER_FEATURES, 8));
	pci_access_set_config(SLOT, PCI_COMMAND, 2, on | PCI_COMMAND_INTX_DISABLE);
	serve(d, 0);
	assert_false(driver_irq(d));
	assert_true(pci_access_config(SLOT, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	pci_access_set_config(SLOT, PCI_COMMAND, 2, on);
	assert_true(driver_irq(d));
	pci_access_set_config(SLOT, PCI_COMMAND, 2, on | PCI_COMMAND_INTX_DISABLE);
	assert_false(driver_irq(d));
	assert_int_equal(driver_interrupt(d), VIRTIO_INTERRUPT_USED);
}

/* A device that may not reach memory does nothing; when it may, it looks at all queues. */
static void test_bus_master(void **state)
{
	struct slice in = {host_alloc(&lender.host, 8, 8), 8};
	(void)state;

	assert_true(driver_start(d, DRIVER_FEATURES, 8));
	pci_access_set_config(SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_true(driver_add(d, 0, NULL, 0, &in, 1) >= 0);
	driver_notify(d, 0);
	driver_run(d);
	assert_int_equal(lender.host.n_lent, 0);
	pci_access_set_config(SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	driver_run(d);
	assert_int_equal(lender.host.n_lent, 1);
}

/* ---- MSI-X ---- */

static void start_msix(void)
{
	assert_true(driver_start(d, DRIVER_FEATURES, 8));
	assert_int_equal(d->pci.vectors, VECTORS);
}

static const struct host_msi *last_message(void)
{
	return &lender.host.msi[(lender.host.msis - 1) % HOST_MSIS_MAX];
}

static void set_control(uint32_t bits)
{
	pci_access_set_config(SLOT, d->pci.msix + PCI_MSIX_CONTROL, 2, bits);
}

static uint32_t pending(void)
{
	uint32_t pba = pci_access_config(SLOT, d->pci.msix + PCI_MSIX_PBA, 4);
	uint64_t at = DRIVER_BAR(INDEX) + (pba & ~7u), value = pci_access_load(at, 8);

	assert_int_equal(pba & 7, 0);
	assert_true(value >> VECTORS == 0);
	assert_int_equal(pci_access_load(at, 4), value);
	return (uint32_t)value;
}

static void test_each_vector(void **state)
{
	(void)state;
	start_msix();
	for (unsigned q = 0; q < VECTORS - 1; q++) {
		unsigned before = lender.host.msis;
		serve(d, q);
		assert_int_equal(lender.host.msis, before + 1);
		assert_int_equal(last_message()->addr.a, DRIVER_MSI_ADDR);
		assert_int_equal(last_message()->data, DRIVER_MSI_DATA(INDEX, q));
	}
	driver_set_config(d, 0, 4, LENDER_CHANGES);
	assert_int_equal(last_message()->data, DRIVER_MSI_DATA(INDEX, VECTORS - 1));
	for (unsigned line = 0; line < HOST_IRQS; line++)
		assert_int_equal(lender.host.irq_rises[line], 0);
	/* With MSI-X, queues set no bit of the ISR; the configuration does (4.1.4.5.1). */
	assert_int_equal(pci_access_load(d->pci.isr, 1), VIRTIO_INTERRUPT_CONFIG);
	assert_int_equal(pci_access_load(d->pci.isr, 1), 0);
}

static void test_masked_vector(void **state)
{
	(void)state;
	start_msix();
	pci_access_store(ENTRY(1) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, UINT32_MAX);
	assert_int_equal(pci_access_load(ENTRY(1) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4), 1);
	serve(d, 1);
	serve(d, 1);
	assert_int_equal(lender.host.msis, 0);
	assert_int_equal(pending(), 1 << 1);
	serve(d, 0);
	assert_int_equal(lender.host.msis, 1);
	/* A masked entry may be written anew. */
	pci_access_store(ENTRY(1) + PCI_MSIX_ENTRY_DATA, 4, 0x77);
	pci_access_store(ENTRY(1) + PCI_MSIX_ENTRY_ADDR_LOW, 4, 0x28001003);
	assert_int_equal(pending(), 1 << 1);
	pci_access_store(ENTRY(1) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
	assert_int_equal(lender.host.msis, 2);
	assert_int_equal(last_message()->data, 0x77);
	assert_int_equal(last_message()->addr.a, 0x28001000);
	assert_int_equal(pending(), 0);
}

static void test_masked_function(void **state)
{
	(void)state;
	start_msix();
	set_control(PCI_MSIX_CONTROL_ENABLE | PCI_MSIX_CONTROL_MASK);
	for (unsigned q = 0; q < VECTORS - 1; q++)
		serve(d, q);
	driver_set_config(d, 0, 4, LENDER_CHANGES);
	assert_int_equal(lender.host.msis, 0);
	assert_int_equal(pending(), (1 << VECTORS) - 1);
	pci_access_store(ENTRY(2) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 1);
	set_control(PCI_MSIX_CONTROL_ENABLE);
	assert_int_equal(lender.host.msis, VECTORS - 1);
	assert_int_equal(pending(), 1 << 2);
	driver_write(d, VIRTIO_MMIO_STATUS, 0); /* and the pending one is gone */
	pci_access_store(ENTRY(2) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
	assert_int_equal(lender.host.msis, VECTORS - 1);
}

/* Without MSI-X INTA is back, with what the ISR holds; with it again, it falls. */
static void test_msix_off_and_on(void **state)
{
	(void)state;
	start_msix();
	set_control(0);
	serve(d, 0);
	assert_int_equal(lender.host.msis, 0);
	assert_true(lender.host.irq[driver_line(d)]);
	set_control(PCI_MSIX_CONTROL_ENABLE);
	assert_false(lender.host.irq[driver_line(d)]);
	assert_false(pci_access_config(SLOT, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	serve(d, 0);
	assert_int_equal(lender.host.msis, 1);
	set_control(0);
	assert_true(lender.host.irq[driver_line(d)]);
	assert_int_equal(pci_access_load(d->pci.isr, 1), VIRTIO_INTERRUPT_USED);
	assert_false(lender.host.irq[driver_line(d)]);
}

static void test_no_vector(void **state)
{
	uint64_t queue = d->pci.common + VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR,
		 config_vector = d->pci.common + VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR;
	(void)state;

	start_msix();
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, 0);
	pci_access_store(queue, 2, VECTORS); /* there is none such */
	assert_int_equal(pci_access_load(queue, 2), VIRTIO_PCI_MSI_NO_VECTOR);
	pci_access_store(config_vector, 2, 0xfffe);
	assert_int_equal(pci_access_load(config_vector, 2), VIRTIO_PCI_MSI_NO_VECTOR);
	serve(d, 0);
	driver_set_config(d, 0, 4, LENDER_CHANGES);
	assert_int_equal(lender.host.msis, 0);
	assert_int_equal(pending(), 0);
	driver_reset(d);
	assert_int_equal(pci_access_load(queue, 2), VIRTIO_PCI_MSI_NO_VECTOR);
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, 1000);
	pci_access_store(queue, 2, 0);
	assert_int_equal(pci_access_load(queue, 2), VIRTIO_PCI_MSI_NO_VECTOR);
}

/* A function without access to the bus keeps its messages back. */
static void test_message_without_bus(void **state)
{
	(void)state;
	start_msix();
	pci_access_set_config(SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	driver_set_config(d, 0, 4, LENDER_CHANGES);
	assert_int_equal(lender.host.msis, 0);
	assert_int_equal(pending(), 1 << (VECTORS - 1));
	pci_access_set_config(SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(lender.host.msis, 1);
}

static void test_table_widths(void **state)
{
	(void)state;
	start_msix();
	pci_access_store(ENTRY(0), 8, 0x9988776655443322);
	assert_true(pci_access_load(ENTRY(0), 8) == 0x9988776655443320);
	pci_access_store(ENTRY(0), 1, 0);
	pci_access_store(ENTRY(0), 2, 0);
	assert_true(pci_access_load(ENTRY(0), 8) == 0x9988776655443320);
	pci_access_store(ENTRY(VECTORS), 8, UINT64_MAX);
	assert_true(pci_access_load(ENTRY(VECTORS), 8) == 0);
	pci_access_store(DRIVER_BAR(INDEX) + pci_access_config(SLOT, d->pci.msix + PCI_MSIX_PBA, 4),
		8, UINT64_MAX);
	assert_int_equal(pending(), 0);
	/* An address of 64 bits goes out as it is: whether something is there is not the function's affair. */
	pci_access_store(ENTRY(0) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
	serve(d, 0);
	assert_true(last_message()->addr.a == 0x9988776655443320);
}

/* ---- reset ---- */

/* The VM's reset is one of the function, too; the virtio device's own is not. */
static void test_power_on(void **state)
{
	(void)state;
	start_msix();
	driver_reset(d);
	assert_int_equal(pci_access_config(SLOT, PCI_BAR0, 4), DRIVER_BAR(INDEX));
	assert_int_equal(
		pci_access_load(ENTRY(1) + PCI_MSIX_ENTRY_DATA, 4), DRIVER_MSI_DATA(INDEX, 1));
	dm_reset(lender.dm);
	assert_int_equal(pci_access_config(SLOT, PCI_BAR0, 4), 0);
	assert_int_equal(pci_access_config(SLOT, PCI_COMMAND, 2), 0);
	assert_int_equal(pci_access_config(SLOT, d->pci.msix + PCI_MSIX_CONTROL, 2), VECTORS - 1);
	assert_int_equal(pci_access_load(DRIVER_BAR(INDEX), 4), UINT32_MAX);
	pci_access_set_config(SLOT, PCI_BAR0, 4, (uint32_t)DRIVER_BAR(INDEX));
	pci_access_set_config(SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	for (unsigned v = 0; v < VECTORS; v++) {
		assert_int_equal(pci_access_load(ENTRY(v) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4), 1);
		assert_int_equal(pci_access_load(ENTRY(v) + PCI_MSIX_ENTRY_DATA, 4), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lender_setup, lender_teardown)

static int run_intx(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_own_line),
		TEST(test_every_line),
		TEST(test_intx_disable),
		TEST(test_bus_master),
	};

	lender_options = (struct lender_options){.queues = VECTORS - 1};
	return cmocka_run_group_tests_name("intx", tests, NULL, NULL);
}

static int run_msix(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_vector),
		TEST(test_masked_vector),
		TEST(test_masked_function),
		TEST(test_msix_off_and_on),
		TEST(test_no_vector),
		TEST(test_message_without_bus),
		TEST(test_table_widths),
		TEST(test_power_on),
	};

	lender_options =
		(struct lender_options){.queues = VECTORS - 1, .msi = true, .use_msix = true};
	return cmocka_run_group_tests_name("msix", tests, NULL, NULL);
}

int main(void)
{
	return run_intx() + run_msix();
}
