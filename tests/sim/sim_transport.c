/* SPDX-License-Identifier: MIT */
/*
 * What the transports do with requests that are lent, with several queues, and with a configuration that
 * changes. Each test runs over virtio-mmio, PCI with INTx and PCI with MSI-X.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/lender.h"

#define RING_RESET VIRTIO_FEATURE(VIRTIO_F_RING_RESET)
#define FEATURES   (DRIVER_FEATURES | RING_RESET)
#define QUEUES     17
#define BUSY_LEN   13

static struct driver *const d = &lender.driver[2];

static struct slice buffer(uint32_t len)
{
	return (struct slice){host_alloc(&lender.host, len, 8), len};
}

static void offer(struct driver *driver, unsigned q)
{
	struct slice in = buffer(BUSY_LEN);

	assert_true(driver_add(driver, q, NULL, 0, &in, 1) >= 0);
	driver_kick(driver, q);
	driver_run(driver);
}

static bool collect(struct driver *driver, unsigned q)
{
	uint16_t head;
	uint32_t written;
	bool there = driver_collect(driver, q, &head, &written);

	assert_true(!there || written == BUSY_LEN);
	return there;
}

/* ---- requests ---- */

static void test_request_comes_back(void **state)
{
	static const uint64_t features[] = {DRIVER_FEATURES, DRIVER_PACKED,
		DRIVER_PACKED & ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX)};
	(void)state;

	for (unsigned i = 0; i < 3; i++) {
		assert_true(driver_start(d, features[i], 8));
		for (unsigned n = 0; n < 30; n++) {
			offer(d, 0);
			assert_int_equal(dm_lent(lender.dm), 1);
			assert_false(collect(d, 0));
			assert_false(driver_irq(d));
			host_complete(&lender.host, lender.dm, 0, OK);
			assert_int_equal(dm_lent(lender.dm), 0);
			driver_run(d);
			assert_true(driver_irq(d));
			assert_int_equal(driver_interrupt(d), VIRTIO_INTERRUPT_USED);
			assert_true(collect(d, 0));
		}
	}
}

/* In another order than they were lent; all at once are one interrupt. */
static void test_requests_in_any_order(void **state)
{
	(void)state;
	assert_true(driver_start(d, DRIVER_FEATURES, 64));
	for (unsigned i = 0; i < 40; i++)
		offer(d, 0);
	for (unsigned i = 40; i > 0; i--)
		host_complete(&lender.host, lender.dm, (i * 7) % i, OK);
	driver_run(d);
	assert_int_equal(driver_interrupt(d), VIRTIO_INTERRUPT_USED);
	for (unsigned i = 0; i < 40; i++)
		assert_true(collect(d, 0));
	assert_false(collect(d, 0));
}

static enum dm_answer busy(struct host *host, unsigned port, struct dm_request *request)
{
	(void)request;
	assert_int_equal(port, 3);
	return host->context ? DM_LENT : DM_BUSY;
}

/* A host that has no room is asked again when its port is ready. */
static void test_busy(void **state)
{
	(void)state;
	lender.host.submit = busy;
	assert_true(driver_start(d, DRIVER_FEATURES, 8));
	offer(d, 0);
	offer(d, 0);
	assert_int_equal(lender.host.n_lent, 0);
	lender.host.context = &lender;
	dm_port_ready(lender.dm, 2); /* another's */
	driver_run(d);
	assert_int_equal(lender.host.n_lent, 0);
	dm_port_ready(lender.dm, 3);
	driver_run(d);
	assert_int_equal(lender.host.n_lent, 2);
}

/* ---- resets while requests are lent ---- */

static void assert_reset_pends(void)
{
	if (!d->pci.present) {
		/* The store waits, however often it runs. */
		assert_int_equal(driver_try_write(d, VIRTIO_MMIO_STATUS, 0), DM_MMIO_AGAIN);
		assert_int_equal(driver_try_write(d, VIRTIO_MMIO_STATUS, 0), DM_MMIO_AGAIN);
	} else {
		driver_write(d, VIRTIO_MMIO_STATUS, 0);
		driver_write(d, VIRTIO_MMIO_STATUS, 0);
	}
	assert_int_not_equal(driver_read(d, VIRTIO_MMIO_STATUS), 0);
	/* Until it is over, nothing else counts. */
	driver_write(d, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, 0);
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 1);
	driver_notify(d, 0);
	driver_run(d);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	assert_int_not_equal(driver_read(d, VIRTIO_MMIO_STATUS), 0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_ACKNOWLEDGE, 0);
}

static void test_reset_waits(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		assert_true(driver_start(d, FEATURES, 8));
		for (unsigned i = 0; i < 5; i++)
			offer(d, i % 2);
		unsigned submits = lender.host.submits;
		while (lender.host.n_lent > 0) {
			assert_reset_pends();
			assert_int_equal(lender.host.n_pins, 0);
			host_complete(&lender.host, lender.dm, 0, round == 1 ? ERR_IO : OK);
		}
		driver_run(d);
		assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 0);
		assert_int_equal(driver_try_write(d, VIRTIO_MMIO_STATUS, 0), DM_MMIO_DONE);
		assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 0);
		for (unsigned q = 0; q < 2; q++)
			assert_false(collect(d, q));
		assert_false(driver_irq(d));
		assert_int_equal(lender.host.submits, submits);
	}
	assert_true(driver_start(d, FEATURES, 8));
}

/* The VM's reset forgets all at once, and the requests come back unnoticed. */
static void test_dm_reset_with_requests_lent(void **state)
{
	(void)state;
	assert_true(driver_start(d, FEATURES, 8));
	for (unsigned i = 0; i < 6; i++)
		offer(d, 0);
	dm_reset(lender.dm);
	assert_int_equal(dm_lent(lender.dm), 6);
	assert_int_equal(lender.host.n_pins, 0);
	host_complete_all(&lender.host, lender.dm, OK);
	assert_int_equal(dm_lent(lender.dm), 0);
	driver_run(d);
	assert_false(collect(d, 0));
	assert_true(driver_start(d, FEATURES, 8));
	offer(d, 0);
	host_complete_all(&lender.host, lender.dm, OK);
	driver_run(d);
	assert_true(collect(d, 0));
}

static void assert_queue_reset_pends(unsigned q)
{
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, q);
	assert_int_equal(driver_try_write(d, VIRTIO_MMIO_QUEUE_RESET, 1),
		d->pci.present ? DM_MMIO_DONE : DM_MMIO_AGAIN);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_RESET), 1);
	driver_write(d, VIRTIO_MMIO_QUEUE_NUM, 4);
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_RESET), 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 15);
}

static void restart_queue(unsigned q, unsigned size)
{
	driver_alloc_queue(d, q, size);
	driver_set_queue(d, q);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_RESET), 0);
}

/* One queue is reset, with requests of its own and of others lent, and comes back with another size. */
static void test_queue_reset(void **state)
{
	static const uint64_t features[] = {FEATURES, DRIVER_TRANSPORT_FEATURES};
	(void)state;

	for (unsigned i = 0; i < 2; i++) {
		assert_true(driver_start(d, features[i], 8));
		offer(d, 1);
		offer(d, 0);
		offer(d, 1);
		unsigned pins = lender.host.n_pins;
		assert_queue_reset_pends(1);
		assert_int_equal(lender.host.n_pins, pins - 3);
		host_complete(&lender.host, lender.dm, 0, OK);
		assert_queue_reset_pends(1);
		host_complete(&lender.host, lender.dm, 1, OK);
		assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_RESET), 0);
		assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
		assert_false(collect(d, 1));
		restart_queue(1, 16);
		offer(d, 1);
		host_complete_all(&lender.host, lender.dm, OK);
		driver_run(d);
		assert_true(collect(d, 0));
		assert_true(collect(d, 1));
		assert_false(collect(d, 1));
	}
}

/* Without the feature there is no such register; nor for a queue that is not there. */
static void test_queue_reset_not_negotiated(void **state)
{
	(void)state;
	assert_true(driver_start(d, DRIVER_FEATURES, 8));
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, 0);
	driver_write(d, VIRTIO_MMIO_QUEUE_RESET, 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 1);
	assert_true(driver_start(d, FEATURES, 8));
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, QUEUES);
	driver_write(d, VIRTIO_MMIO_QUEUE_RESET, 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_RESET), 0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 15);
}

/* virtio-mmio: a queue that is stopped is not over before its requests are. */
static void test_ready_zero_waits(void **state)
{
	(void)state;
	if (d->pci.present)
		return;
	assert_true(driver_start(d, DRIVER_FEATURES, 8));
	offer(d, 1);
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, 1);
	assert_int_equal(driver_try_write(d, VIRTIO_MMIO_QUEUE_READY, 0), DM_MMIO_AGAIN);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 1);
	host_complete_all(&lender.host, lender.dm, OK);
	assert_int_equal(driver_try_write(d, VIRTIO_MMIO_QUEUE_READY, 0), DM_MMIO_DONE);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	restart_queue(1, 8);
}

/* A ring that breaks while requests are lent: they come back, and nothing of them is seen. */
static void test_broken_with_requests_lent(void **state)
{
	(void)state;
	assert_true(driver_start(d, DRIVER_FEATURES, 8));
	offer(d, 0);
	uint16_t used = d->q[0].used->idx;
	driver_expose(d, 0, 8);
	driver_notify(d, 0);
	driver_run(d);
	assert_true(driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	host_complete_all(&lender.host, lender.dm, OK);
	driver_run(d);
	assert_int_equal(d->q[0].used->idx, used);
	driver_reset(d);
}

/* ---- several queues and sizes ---- */

static void test_only_kicked_queues_run(void **state)
{
	(void)state;
	assert_true(driver_start(d, DRIVER_FEATURES, 8));
	driver_run(d);
	for (unsigned q = 0; q < QUEUES; q++) {
		struct slice in = buffer(BUSY_LEN);
		assert_true(driver_add(d, q, NULL, 0, &in, 1) >= 0);
	}
	for (unsigned q = QUEUES; q-- > 0;) {
		driver_notify(d, q);
		driver_run(d);
		assert_int_equal(lender.host.n_lent, QUEUES - q);
		assert_int_equal(lender.host.lent[QUEUES - q - 1]->queue, q);
	}
	host_complete_all(&lender.host, lender.dm, OK);
	driver_run(d);
	for (unsigned q = 0; q < QUEUES; q++)
		assert_true(collect(d, q));
}

static void check_size(uint64_t features, unsigned size)
{
	host_free_all(&lender.host);
	assert_true(driver_start(d, features, size));
	for (unsigned i = 0; i < 2 * size + 3; i++) {
		offer(d, i % QUEUES);
		host_complete(&lender.host, lender.dm, 0, OK);
		driver_run(d);
		assert_true(collect(d, i % QUEUES));
	}
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, QUEUES - 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 1);
}

/* Powers of two; packed rings of any size. */
static void test_every_size(void **state)
{
	(void)state;
	for (unsigned size = 1; size <= 1024; size *= 2) {
		check_size(FEATURES, size);
		check_size(DRIVER_TRANSPORT_FEATURES, size);
		check_size(DRIVER_TRANSPORT_FEATURES, size == 1 ? 3 : size - 1);
	}
}

static void test_size_refused(void **state)
{
	static const unsigned sizes[] = {0, 3, 1000, 1025, 2048, 0xffff};
	(void)state;

	for (unsigned i = 0; i < 6; i++) {
		driver_reset(d);
		assert_true(driver_negotiate(d, FEATURES));
		driver_alloc_queue(d, 0, 16);
		d->q[0].size = sizes[i];
		driver_set_queue(d, 0);
		assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
		assert_true(driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	}
}

/* What changes after DRIVER_OK has no effect: neither on the features nor on what the device does. */
static void test_features_after_driver_ok(void **state)
{
	(void)state;
	assert_true(driver_start(d, FEATURES, 8));
	for (unsigned i = 0; i < 2; i++) {
		driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES, i ? UINT32_MAX : 0);
	}
	driver_write(d, VIRTIO_MMIO_STATUS, 15);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 15);
	for (unsigned i = 0; i < 20; i++) {
		offer(d, 0);
		host_complete_all(&lender.host, lender.dm, OK);
		driver_run(d);
		assert_true(collect(d, 0));
	}
	/* RING_RESET is still there, packed rings are not. */
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, 0);
	driver_write(d, VIRTIO_MMIO_QUEUE_RESET, 1);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	restart_queue(0, 4);
	offer(d, 0);
	host_complete_all(&lender.host, lender.dm, OK);
	driver_run(d);
	assert_true(collect(d, 0));
}

/* ---- configuration ---- */

static void test_config(void **state)
{
	(void)state;
	assert_true(driver_offered(d) & 1 << 3);
	assert_true(driver_start(d, FEATURES, 8));
	driver_run(d);
	uint32_t generation = driver_read(d, VIRTIO_MMIO_CONFIG_GENERATION);
	driver_set_config(d, 0, 4, 0x11223344);
	assert_int_equal(driver_config(d, 0, 4), 0x11223344);
	assert_int_equal(driver_config(d, 1, 1), 0x33);
	assert_int_equal(driver_config(d, 2, 2), 0x1122);
	assert_int_equal(driver_config(d, 0, 8), 0x11223344);
	assert_int_equal(driver_config(d, 8, 8), 0); /* partly behind the end */
	assert_int_equal(driver_config(d, 16, 4), 0);
	driver_set_config(d, 4, 4, 7);
	if (!d->pci.present) /* over PCI two writes of 4 */
		driver_set_config(d, 0, 8, 7);
	assert_int_equal(driver_config(d, 0, 8), 0x11223344);
	assert_false(driver_irq(d));
	assert_int_equal(driver_read(d, VIRTIO_MMIO_CONFIG_GENERATION), generation);

	driver_set_config(d, 0, 4, LENDER_CHANGES);
	assert_true(driver_irq(d));
	assert_int_equal(driver_interrupt(d), VIRTIO_INTERRUPT_CONFIG);
	assert_int_equal(driver_config(d, 4, 8), 0xfffffffe00000001);
	assert_int_not_equal(driver_read(d, VIRTIO_MMIO_CONFIG_GENERATION), generation);
}

/* ---- what is where ---- */

static uint64_t status_register(void)
{
	return d->pci.present ? d->pci.common + 0x14
			      : GUEST_VIRTIO_BASE + 2 * GUEST_VIRTIO_SIZE + VIRTIO_MMIO_STATUS;
}

/* Over and over: a guest's devices do not influence each other. */
static void test_neighbours(void **state)
{
	struct driver *other = &lender.driver[LENDER_DEVICES - 1];
	uint64_t value;
	(void)state;

	assert_true(driver_start(other, FEATURES, 8));
	assert_true(driver_start(d, FEATURES, 8));
	offer(d, 3);
	offer(other, 5);
	assert_int_equal(lender.host.lent_port[0], 3);
	assert_int_equal(lender.host.lent_port[1], LENDER_DEVICES);
	host_complete(&lender.host, lender.dm, 1, OK);
	driver_run(d);
	assert_true(driver_irq(other));
	driver_interrupt(other);
	assert_false(driver_irq(d));
	assert_true(collect(other, 5));
	assert_true(
		dm_mmio_read(lender.dm, gpa(status_register()), d->pci.present ? 1 : 4, &value));
	assert_int_equal(value, 15);
	host_complete_all(&lender.host, lender.dm, OK);
	driver_reset(d);
	assert_int_equal(driver_read(other, VIRTIO_MMIO_STATUS), 15);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lender_setup, lender_teardown)

static int run_all(struct lender_options options, const char *name)
{
	const struct CMUnitTest tests[] = {
		TEST(test_request_comes_back),
		TEST(test_requests_in_any_order),
		TEST(test_busy),
		TEST(test_reset_waits),
		TEST(test_dm_reset_with_requests_lent),
		TEST(test_queue_reset),
		TEST(test_queue_reset_not_negotiated),
		TEST(test_ready_zero_waits),
		TEST(test_broken_with_requests_lent),
		TEST(test_only_kicked_queues_run),
		TEST(test_every_size),
		TEST(test_size_refused),
		TEST(test_features_after_driver_ok),
		TEST(test_config),
		TEST(test_neighbours),
	};

	lender_options = options;
	lender_options.queues = QUEUES;
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return run_all((struct lender_options){.transport = VM_TRANSPORT_MMIO}, "mmio") +
	       run_all((struct lender_options){.transport = VM_TRANSPORT_PCI}, "intx") +
	       run_all(
		       (struct lender_options){
			       .transport = VM_TRANSPORT_PCI, .msi = true, .use_msix = true},
		       "msix");
}
