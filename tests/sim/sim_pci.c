/* SPDX-License-Identifier: MIT */
/* The host bridge and the functions behind it: configuration space and BARs. */
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

#define BAR_SIZE 0x8000u
#define INDEX    2
#define SLOT     (INDEX + 1)
#define VECTORS  4 /* three queues and the configuration */

static struct driver *const d = &lender.driver[INDEX];

static uint64_t ones(unsigned size)
{
	return UINT64_MAX >> (64 - 8 * size);
}

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

/* ---- configuration space ---- */

static void test_bridge(void **state)
{
	(void)state;
	assert_int_equal(pci_access_config(0, PCI_VENDOR_ID, 4), 0x00081b36);
	assert_int_equal(pci_access_config(0, PCI_CLASS_CODE, 1), 0);
	assert_int_equal(pci_access_config(0, PCI_CLASS_CODE + 1, 2), 0x0600);
	assert_int_equal(pci_access_config(0, PCI_HEADER_TYPE, 1), 0);
	assert_int_equal(pci_access_config(0, PCI_CAPABILITIES, 1), 0);
	for (unsigned reg = 0; reg < 0x1000; reg += 4) {
		uint32_t before = pci_access_config(0, reg, 4);
		pci_access_set_config(0, reg, 4, UINT32_MAX);
		assert_int_equal(pci_access_config(0, reg, 4), before);
	}
}

static void test_header(void **state)
{
	(void)state;
	for (unsigned slot = 1; slot <= LENDER_DEVICES; slot++) {
		assert_int_equal(pci_access_config(slot, PCI_VENDOR_ID, 2), 0x1af4);
		assert_int_equal(pci_access_config(slot, PCI_DEVICE_ID, 2), 0x1040 + LENDER_ID);
		assert_int_equal(pci_access_config(slot, PCI_REVISION_ID, 1), 1);
		assert_int_equal(pci_access_config(slot, PCI_CLASS_CODE - 1, 4), 0xff020101);
		assert_int_equal(pci_access_config(slot, PCI_HEADER_TYPE, 1), 0);
		assert_int_equal(pci_access_config(slot, PCI_SUBSYSTEM_VENDOR, 2), 0x1af4);
		assert_true(pci_access_config(slot, PCI_SUBSYSTEM_ID, 2) >= 0x40);
		assert_int_equal(pci_access_config(slot, PCI_INTERRUPT_PIN, 1), 1);
		assert_true(pci_access_config(slot, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES);
	}
}

static void test_nothing_there(void **state)
{
	(void)state;
	for (unsigned slot = 0; slot < 32; slot++) {
		for (unsigned function = 0; function < 8; function++) {
			uint64_t at = GUEST_ECAM_BASE + (slot << 15) + (function << 12);
			if (slot <= LENDER_DEVICES && function == 0)
				continue;
			for (unsigned size = 1; size <= 8; size *= 2) {
				pci_access_store(at + 8, size, 0);
				assert_true(pci_access_load(at, size) == ones(size));
				assert_true(pci_access_load(at + 0xff8, size) == ones(size));
			}
		}
	}
	for (unsigned size = 1; size <= 8; size *= 2) {
		assert_true(pci_access_load(GUEST_PCI_BASE + GUEST_PCI_SIZE - size, size) ==
			    ones(size));
		pci_access_store(GUEST_PCI_BASE + GUEST_PCI_SIZE - size, size, 1);
	}
	uint64_t value;
	assert_false(dm_mmio_read(lender.dm, gpa(GUEST_ECAM_BASE + GUEST_ECAM_SIZE), 4, &value));
	assert_false(dm_mmio_read(lender.dm, gpa(GUEST_PCI_BASE - 4), 4, &value));
	assert_int_equal(
		dm_mmio_write(lender.dm, gpa(GUEST_PCI_BASE + GUEST_PCI_SIZE), 4, 0), DM_MMIO_NONE);
	/* The other transport's windows are not there. */
	assert_false(dm_mmio_read(lender.dm, gpa(GUEST_VIRTIO_BASE), 4, &value));
}

/* The other way round. */
static void test_mmio_has_no_bridge(void **state)
{
	static const uint64_t addrs[] = {GUEST_ECAM_BASE, GUEST_PCI_BASE};
	uint64_t value;
	(void)state;

	lender_options.transport = VM_TRANSPORT_MMIO;
	lender_open();
	for (unsigned i = 0; i < 2; i++) {
		assert_false(dm_mmio_read(lender.dm, gpa(addrs[i]), 4, &value));
		assert_int_equal(dm_mmio_write(lender.dm, gpa(addrs[i]), 4, 0), DM_MMIO_NONE);
	}
	lender_close();
}

/* Which bits a guest can change; all others stay, whatever the width. */
static void test_writable_bits(void **state)
{
	(void)state;
	pci_access_set_config(SLOT, PCI_COMMAND, 4, UINT32_MAX);
	assert_int_equal(pci_access_config(SLOT, PCI_COMMAND, 2), 0x0406);
	pci_access_set_config(SLOT, PCI_COMMAND, 2, 0);
	assert_int_equal(pci_access_config(SLOT, PCI_COMMAND, 2), 0);
	pci_access_set_config(SLOT, PCI_INTERRUPT_LINE, 1, 0xa5);
	assert_int_equal(pci_access_config(SLOT, PCI_INTERRUPT_LINE, 1), 0xa5);
	for (unsigned reg = 0; reg < 0x1000; reg += 4) {
		uint32_t before = pci_access_config(SLOT, reg, 4);
		pci_access_set_config(SLOT, reg, 4, ~before);
		pci_access_set_config(SLOT, reg, 4, before);
		assert_int_equal(pci_access_config(SLOT, reg, 4), before);
		if (reg < 0x40 && reg != PCI_COMMAND && reg != PCI_BAR0 &&
			reg != PCI_CACHE_LINE_SIZE && reg != PCI_INTERRUPT_LINE) {
			pci_access_set_config(SLOT, reg, 4, ~before);
			assert_int_equal(pci_access_config(SLOT, reg, 4), before);
		}
		assert_int_equal(pci_access_config(SLOT, reg, 4),
			pci_access_load(GUEST_ECAM_BASE + SLOT * 0x8000 + reg, 8) & UINT32_MAX);
	}
}

static void test_bar_size(void **state)
{
	(void)state;
	pci_access_set_config(SLOT, PCI_COMMAND, 2, 0);
	pci_access_set_config(SLOT, PCI_BAR0, 4, UINT32_MAX);
	assert_int_equal(pci_access_config(SLOT, PCI_BAR0, 4), ~(BAR_SIZE - 1));
	for (unsigned i = 1; i < 6; i++) {
		pci_access_set_config(SLOT, PCI_BAR0 + 4 * i, 4, UINT32_MAX);
		assert_int_equal(pci_access_config(SLOT, PCI_BAR0 + 4 * i, 4), 0);
	}
	pci_access_set_config(SLOT, 0x30, 4, UINT32_MAX); /* no ROM */
	assert_int_equal(pci_access_config(SLOT, 0x30, 4), 0);
	/* Byte by byte. */
	pci_access_set_config(SLOT, PCI_BAR0, 4, 0);
	pci_access_set_config(SLOT, PCI_BAR0 + 3, 1, 0x51);
	pci_access_set_config(SLOT, PCI_BAR0 + 1, 1, 0xff);
	assert_int_equal(pci_access_config(SLOT, PCI_BAR0, 4), 0x51008000);
	pci_access_set_config(SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(
		pci_access_load(0x51008000 + VIRTIO_PCI_COMMON_NUM_QUEUES, 2), VECTORS - 1);
}

static unsigned capability(unsigned type)
{
	return driver_pci_find(lender.dm, SLOT, PCI_CAP_ID_VENDOR, type);
}

static void test_capabilities(void **state)
{
	uint64_t end = 0;
	(void)state;

	for (unsigned type = VIRTIO_PCI_CAP_COMMON_CFG; type <= VIRTIO_PCI_CAP_PCI_CFG; type++) {
		unsigned at = capability(type);
		assert_int_not_equal(at, 0);
		uint32_t offset = pci_access_config(SLOT, at + VIRTIO_PCI_CAP_OFFSET, 4),
			 length = pci_access_config(SLOT, at + VIRTIO_PCI_CAP_LENGTH, 4);
		assert_int_equal(offset % 4, 0);
		assert_true(offset + length <= BAR_SIZE);
		end = offset + length > end ? offset + length : end;
	}
	assert_true(end > 0);
	assert_true(pci_access_config(SLOT,
			    capability(VIRTIO_PCI_CAP_COMMON_CFG) + VIRTIO_PCI_CAP_LENGTH,
			    4) >= VIRTIO_PCI_COMMON_SIZE);
	assert_int_equal(pci_access_config(SLOT,
				 capability(VIRTIO_PCI_CAP_DEVICE_CFG) + VIRTIO_PCI_CAP_LENGTH, 4),
		12);
	assert_int_equal(
		driver_pci_find(lender.dm, SLOT, PCI_CAP_ID_MSIX, 0) != 0, lender_options.msi);
}

/* The window of the configuration space reaches every register that the BAR has. */
static void test_window(void **state)
{
	unsigned at = capability(VIRTIO_PCI_CAP_PCI_CFG);
	unsigned common = pci_access_config(
		SLOT, capability(VIRTIO_PCI_CAP_COMMON_CFG) + VIRTIO_PCI_CAP_OFFSET, 4);
	(void)state;

	pci_access_set_config(SLOT, PCI_COMMAND, 2, 0); /* it needs no BAR */
	pci_access_set_config(
		SLOT, at + VIRTIO_PCI_CAP_OFFSET, 4, common + VIRTIO_PCI_COMMON_NUM_QUEUES);
	pci_access_set_config(SLOT, at + VIRTIO_PCI_CAP_LENGTH, 4, 2);
	assert_int_equal(pci_access_config(SLOT, at + VIRTIO_PCI_CAP_DATA, 4), VECTORS - 1);
	pci_access_set_config(
		SLOT, at + VIRTIO_PCI_CAP_OFFSET, 4, common + VIRTIO_PCI_COMMON_DEVICE_STATUS);
	pci_access_set_config(SLOT, at + VIRTIO_PCI_CAP_LENGTH, 4, 1);
	pci_access_set_config(
		SLOT, at + VIRTIO_PCI_CAP_DATA, 4, 0xffffff00 | VIRTIO_STATUS_ACKNOWLEDGE);
	assert_int_equal(
		pci_access_config(SLOT, at + VIRTIO_PCI_CAP_DATA, 1), VIRTIO_STATUS_ACKNOWLEDGE);
	driver_pci_enable(d);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), VIRTIO_STATUS_ACKNOWLEDGE);
	/* Nonsense reads what was written there. */
	static const uint32_t bad[][3] = {{1, 0, 4}, {0, 0, 3}, {0, 0, 0}, {0, 0, 8}, {0, 2, 4},
		{0, BAR_SIZE, 4}, {0, UINT32_MAX - 3, 4}, {255, 0, 1}};
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		pci_access_set_config(SLOT, at + VIRTIO_PCI_CAP_BAR, 1, bad[i][0]);
		pci_access_set_config(SLOT, at + VIRTIO_PCI_CAP_OFFSET, 4, bad[i][1]);
		pci_access_set_config(SLOT, at + VIRTIO_PCI_CAP_LENGTH, 4, bad[i][2]);
		pci_access_set_config(SLOT, at + VIRTIO_PCI_CAP_DATA, 4, 0x01020304);
		assert_int_equal(pci_access_config(SLOT, at + VIRTIO_PCI_CAP_DATA, 4), 0x01020304);
	}
}

/* A kick through the window is one. */
static void test_window_notifies(void **state)
{
	unsigned at = capability(VIRTIO_PCI_CAP_PCI_CFG);
	struct slice in = {host_alloc(&lender.host, 8, 8), 8};
	(void)state;

	assert_true(driver_start(d, DRIVER_FEATURES, 8));
	driver_run(d);
	assert_true(driver_add(d, 1, NULL, 0, &in, 1) >= 0);
	pci_access_set_config(SLOT, at + VIRTIO_PCI_CAP_OFFSET, 4,
		(uint32_t)(d->pci.notify - DRIVER_BAR(INDEX)) + d->pci.multiplier);
	pci_access_set_config(SLOT, at + VIRTIO_PCI_CAP_LENGTH, 4, 2);
	pci_access_set_config(SLOT, at + VIRTIO_PCI_CAP_DATA, 2, 1);
	driver_run(d);
	assert_int_equal(lender.host.n_lent, 1);
}

/* ---- BARs ---- */

static bool answers_at(uint64_t base)
{
	return pci_access_load(base + VIRTIO_PCI_COMMON_NUM_QUEUES, 2) == VECTORS - 1;
}

/* In the window and switched on, a BAR decodes; nowhere else. */
static void test_bar_moves(void **state)
{
	static const uint32_t outside[] = {
		0, 0x20000000, 0x30000000, 0x3fff8000, 0x80000000, 0xffff8000};
	uint64_t last = GUEST_PCI_BASE + GUEST_PCI_SIZE - BAR_SIZE;
	(void)state;

	assert_true(answers_at(DRIVER_BAR(INDEX)));
	pci_access_set_config(SLOT, PCI_BAR0, 4, (uint32_t)last);
	assert_true(answers_at(last));
	assert_false(answers_at(DRIVER_BAR(INDEX)));
	pci_access_set_config(SLOT, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	assert_false(answers_at(last));
	pci_access_set_config(SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_true(answers_at(last));
	for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		uint64_t value;
		pci_access_set_config(SLOT, PCI_BAR0, 4, outside[i]);
		assert_false(answers_at(last));
		if (outside[i] != GUEST_ECAM_BASE)
			assert_false(dm_mmio_read(lender.dm, gpa(outside[i] + 0x40), 4, &value));
	}
	assert_int_equal(pci_access_config(0, PCI_VENDOR_ID, 4), 0x00081b36);
}

/* Every distance between two BARs: each finds its own, also where they share a guess. */
static void test_bars_apart(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 300; n++) {
		uint64_t base = GUEST_PCI_BASE + 0x1000000 + n * BAR_SIZE;
		pci_access_set_config(1, PCI_BAR0, 4, GUEST_PCI_BASE + 0x1000000);
		pci_access_set_config(SLOT, PCI_BAR0, 4, (uint32_t)base);
		pci_access_store(GUEST_PCI_BASE + 0x1000000 + VIRTIO_PCI_COMMON_QUEUE_SELECT, 2, n);
		pci_access_store(base + VIRTIO_PCI_COMMON_QUEUE_SELECT, 2, n + 1000);
		assert_int_equal(
			pci_access_load(
				GUEST_PCI_BASE + 0x1000000 + VIRTIO_PCI_COMMON_QUEUE_SELECT, 2),
			n);
		assert_int_equal(
			pci_access_load(base + VIRTIO_PCI_COMMON_QUEUE_SELECT, 2), n + 1000);
		assert_false(answers_at(base + BAR_SIZE));
	}
}

/* Where BARs overlap, the lowest function's is there. */
static void test_bars_overlap(void **state)
{
	uint64_t select = DRIVER_BAR(4) + VIRTIO_PCI_COMMON_QUEUE_SELECT;
	(void)state;

	for (unsigned slot = 2; slot <= 5; slot++)
		pci_access_set_config(slot, PCI_BAR0, 4, (uint32_t)DRIVER_BAR(4));
	for (unsigned slot = 2; slot <= 5; slot++) {
		pci_access_store(select, 2, slot);
		for (unsigned other = 2; other < slot; other++)
			assert_false(pci_access_config(other, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
		assert_int_equal(pci_access_load(select, 2), slot);
		pci_access_set_config(slot, PCI_COMMAND, 2, 0);
		if (slot < 5)
			assert_int_not_equal(pci_access_load(select, 2), slot);
	}
	assert_int_equal(pci_access_load(select, 2), 0xffff);
}

/* Any access to any place of a BAR is answered, and breaks nothing. */
static void test_all_accesses(void **state)
{
	(void)state;
	assert_true(driver_start(d, DRIVER_FEATURES, 8));
	for (unsigned size = 1; size <= 8; size *= 2) {
		for (unsigned at = 0; at < BAR_SIZE; at += size) {
			pci_access_load(DRIVER_BAR(INDEX) + at, size);
			pci_access_store(DRIVER_BAR(INDEX) + at, size, at ^ ones(size));
			driver_run(d);
		}
		for (unsigned at = 0; at < 0x1000; at += size) {
			uint64_t ecam = GUEST_ECAM_BASE + SLOT * 0x8000;
			pci_access_store(
				ecam + at, size, pci_access_load(ecam + at, size) ^ ones(size));
			pci_access_store(
				ecam + at, size, pci_access_load(ecam + at, size) ^ ones(size));
			driver_run(d);
		}
		host_complete_all(&lender.host, lender.dm, OK);
		dm_reset(lender.dm);
		assert_true(driver_start(d, DRIVER_FEATURES, 8));
		serve(d, 1);
	}
}

/* Registers take their own width and no other. */
static void test_widths(void **state)
{
	uint64_t select = d->pci.common + VIRTIO_PCI_COMMON_QUEUE_SELECT,
		 ring = d->pci.common + VIRTIO_PCI_COMMON_QUEUE_DESC;
	(void)state;

	driver_reset(d);
	pci_access_store(select, 2, 1);
	pci_access_store(select, 1, 2);
	pci_access_store(select & ~3ull, 4, 0x20000);
	assert_int_equal(pci_access_load(select, 2), 1);
	assert_int_equal(pci_access_load(select, 1), 0);
	assert_int_equal(pci_access_load(select & ~3ull, 4), 0);
	assert_true(driver_negotiate(d, DRIVER_FEATURES));
	pci_access_store(ring, 8, 0x1122334455667788);
	assert_true(pci_access_load(ring, 8) == 0x1122334455667788);
	assert_true(pci_access_load(ring, 4) == 0x55667788);
	assert_true(pci_access_load(ring + 4, 4) == 0x11223344);
	pci_access_store(ring, 2, 0);
	pci_access_store(ring + 4, 1, 0);
	assert_true(pci_access_load(ring, 8) == 0x1122334455667788);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lender_setup, lender_teardown)

static int run_intx(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bridge),
		TEST(test_header),
		TEST(test_nothing_there),
		TEST(test_writable_bits),
		TEST(test_bar_size),
		TEST(test_capabilities),
		TEST(test_window),
		TEST(test_window_notifies),
		TEST(test_bar_moves),
		TEST(test_bars_apart),
		TEST(test_bars_overlap),
		TEST(test_all_accesses),
		TEST(test_widths),
	};

	lender_options = (struct lender_options){.queues = VECTORS - 1};
	return cmocka_run_group_tests_name("intx", tests, NULL, NULL);
}

static int run_msix(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_header),
		TEST(test_writable_bits),
		TEST(test_capabilities),
		TEST(test_window),
		TEST(test_all_accesses),
	};

	lender_options =
		(struct lender_options){.queues = VECTORS - 1, .msi = true, .use_msix = true};
	return cmocka_run_group_tests_name("msix", tests, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest mmio[] = {cmocka_unit_test(test_mmio_has_no_bridge)};

	return cmocka_run_group_tests_name("mmio", mmio, NULL, NULL) + run_intx() + run_msix();
}
