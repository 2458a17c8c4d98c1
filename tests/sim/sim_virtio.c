/* SPDX-License-Identifier: MIT */
/*
 * The transports and split rings as a well-behaved driver (and an odd one) sees them: each test over
 * virtio-mmio, over PCI with INTx and over PCI with MSI-X.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/console_vm.h"

#define RX      CONSOLE_VM_RX
#define TX      CONSOLE_VM_TX
#define V1      VIRTIO_FEATURE(VIRTIO_F_VERSION_1)
#define EVENT   VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX)
#define WINDOW1 (GUEST_VIRTIO_BASE + CONSOLE_VM_DEVICE * GUEST_VIRTIO_SIZE)

static struct driver *const d = &vm.driver;

static struct host_port *port(void)
{
	return &vm.host.port[CONSOLE_VM_PORT];
}

static struct slice buffer(uint32_t len, uint8_t fill)
{
	struct slice s = {host_alloc(&vm.host, len, 1), len};
	memset(host_ram(&vm.host, s.addr, len), fill, len);
	return s;
}

/* One byte through the transmit queue, whatever is negotiated. */
static void send_byte(uint8_t byte)
{
	size_t before = port()->output_len;
	assert_int_equal(driver_request(d, TX, &byte, 1, NULL, 0, 0), 0);
	assert_int_equal(port()->output_len, before + 1);
	assert_int_equal(port()->output[before], byte);
}

static unsigned interrupts(void)
{
	return d->use_msix ? vm.host.msis : vm.host.irq_rises[driver_line(d)];
}

/* ---- registers ---- */

static void test_identity(void **state)
{
	(void)state;
	assert_int_equal(driver_read(d, VIRTIO_MMIO_CONFIG_GENERATION), 0);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t want = i == 0 ? 3u << 28 : i == 1 ? 0x105u : 0;
		driver_write(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, i);
		assert_int_equal(driver_read(d, VIRTIO_MMIO_DEVICE_FEATURES), want);
	}
	if (d->pci.present)
		return;
	assert_int_equal(driver_read(d, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_VERSION), 2);
	assert_int_not_equal(driver_read(d, VIRTIO_MMIO_VENDOR_ID), 0);
	/* There is no shared memory region: a length of all ones says so. */
	assert_int_equal(driver_read(d, VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_SHM_LEN_HIGH), UINT32_MAX);
}

static void test_queues_that_exist(void **state)
{
	(void)state;
	for (unsigned q = 0; q < 4; q++) {
		driver_write(d, VIRTIO_MMIO_QUEUE_SEL, q);
		assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_NUM_MAX), q < 2 ? 256 : 0);
		assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	}
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, UINT32_MAX);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
}

static void test_only_32_bit_register_accesses(void **state)
{
	static const unsigned sizes[] = {1, 2, 8};
	uint64_t value;
	(void)state;

	for (unsigned i = 0; i < 3; i++) {
		value = 1;
		assert_true(dm_mmio_read(vm.dm, gpa(WINDOW1), sizes[i], &value));
		assert_int_equal(value, 0);
		assert_true(dm_mmio_write(vm.dm, gpa(WINDOW1 + VIRTIO_MMIO_STATUS), sizes[i], 1));
		assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 0);
	}
	for (unsigned size = 1; size <= 8; size *= 2) {
		value = 1;
		assert_true(dm_mmio_read(vm.dm, gpa(WINDOW1 + 0x108), size, &value));
		assert_int_equal(value, 0);
		assert_true(dm_mmio_read(vm.dm, gpa(WINDOW1 + 0x1000 - size), size, &value));
		assert_int_equal(value, 0);
	}
}

static void test_where_no_device_is(void **state)
{
	static const uint64_t addrs[] = {0, GUEST_VIRTIO_BASE - 4, GUEST_VIRTIO_BASE + 0x2000,
		GUEST_VIRTIO_BASE + (1ull << 44), UINT64_MAX - 3, GUEST_RAM_BASE};
	uint64_t value;
	(void)state;

	for (unsigned i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		assert_false(dm_mmio_read(vm.dm, gpa(addrs[i]), 4, &value));
		assert_false(dm_mmio_write(vm.dm, gpa(addrs[i]), 4, 0));
	}
	assert_true(dm_mmio_read(vm.dm, gpa(GUEST_VIRTIO_BASE + 0x1ffc), 4, &value));
}

/* ---- features ---- */

/* Every subset of what is offered is accepted if VERSION_1 is in it, and anything else is refused. */
static void test_feature_subsets(void **state)
{
	static const unsigned bits[] = {VIRTIO_F_INDIRECT_DESC, VIRTIO_F_EVENT_IDX,
		VIRTIO_F_VERSION_1, VIRTIO_F_RING_PACKED, VIRTIO_F_RING_RESET};
	(void)state;

	for (unsigned subset = 0; subset < 32; subset++) {
		uint64_t features = 0;
		for (unsigned i = 0; i < 5; i++)
			features |= subset >> i & 1 ? VIRTIO_FEATURE(bits[i]) : 0;
		host_free_all(&vm.host);
		assert_int_equal(driver_start(d, features, 16), (features & V1) != 0);
		for (unsigned i = 0; i < 40 && (features & V1); i++) {
			send_byte((uint8_t)i);
			assert_true(driver_irq(d));
			assert_int_equal(driver_interrupt(d), VIRTIO_INTERRUPT_USED);
			assert_false(driver_irq(d));
		}
	}
	assert_int_equal(driver_offered(d), DRIVER_TRANSPORT_FEATURES);
}

static void test_features_refused(void **state)
{
	static const uint64_t refused[] = {0, EVENT, DRIVER_FEATURES & ~V1, V1 | 1,
		V1 | VIRTIO_FEATURE(35), V1 | VIRTIO_FEATURE(33), V1 | VIRTIO_FEATURE(63),
		UINT64_MAX};
	(void)state;

	for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		driver_reset(d);
		assert_false(driver_negotiate(d, refused[i]));
		driver_ok(d); /* has no effect */
		assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS),
			VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	}
}

static void test_features_are_frozen(void **state)
{
	uint16_t head;
	uint32_t written;
	struct slice out[2] = {buffer(1, 'a'), buffer(1, 'b')};
	(void)state;

	driver_reset(d);
	assert_true(driver_negotiate(d, DRIVER_FEATURES));
	driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES, 0);
	driver_alloc_queue(d, TX, 8);
	driver_set_queue(d, TX);
	driver_ok(d);
	assert_true(driver_add_indirect(d, TX, out, 2, NULL, 0) >= 0);
	driver_notify(d, TX);
	driver_run(d);
	assert_true(driver_collect(d, TX, &head, &written));
}

static void test_status_bits_stay(void **state)
{
	(void)state;
	assert_true(driver_start(d, V1, 8));
	driver_write(d, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 15);
	driver_write(d, VIRTIO_MMIO_STATUS,
		VIRTIO_STATUS_NEEDS_RESET | (d->pci.present ? 0 : 0xffffff00u));
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 15);
	driver_write(d, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_FAILED);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 143);
}

/* ---- queues ---- */

static void test_no_queue_before_features_ok(void **state)
{
	(void)state;
	driver_reset(d);
	driver_alloc_queue(d, TX, 8);
	driver_set_queue(d, TX);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 0);
}

static void test_nothing_before_driver_ok(void **state)
{
	struct slice out = buffer(1, 'z');
	(void)state;

	driver_reset(d);
	assert_true(driver_negotiate(d, V1));
	driver_alloc_queue(d, TX, 8);
	driver_set_queue(d, TX);
	assert_true(driver_add(d, TX, &out, 1, NULL, 0) >= 0);
	driver_notify(d, TX);
	driver_run(d);
	assert_int_equal(port()->output_len, 0);
	driver_ok(d);
	driver_run(d); /* no second kick is needed */
	assert_int_equal(port()->output_len, 1);
}

static void test_a_ready_queue_does_not_move(void **state)
{
	struct slice out = buffer(1, 'q');
	(void)state;

	assert_true(driver_start(d, V1, 8));
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, TX);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 1);
	driver_write(d, VIRTIO_MMIO_QUEUE_NUM, 1);
	driver_write(d, VIRTIO_MMIO_QUEUE_DESC_LOW, 0);
	driver_write(d, VIRTIO_MMIO_QUEUE_DRIVER_HIGH, 7);
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(driver_request(d, TX, "abcdefgh", 8, NULL, 0, 1), 0); /* 8 pieces */
	assert_int_equal(port()->output_len, 8);

	/* No driver may write 0 there over PCI, and it stops nothing. */
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 0);
	if (d->pci.present) {
		assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 1);
		send_byte('p');
		return;
	}
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	assert_true(driver_add(d, TX, &out, 1, NULL, 0) >= 0);
	driver_notify(d, TX);
	driver_run(d);
	assert_int_equal(port()->output_len, 8);
	driver_alloc_queue(d, TX, 16); /* stopped, it may be set up anew */
	driver_set_queue(d, TX);
	send_byte('r');
}

static void test_every_queue_size(void **state)
{
	(void)state;
	for (unsigned size = 1; size <= 256; size *= 2) {
		host_free_all(&vm.host);
		assert_true(driver_start(d, size % 3 ? DRIVER_FEATURES : V1, size));
		for (unsigned i = 0; i < 3 * size; i++)
			send_byte((uint8_t)i);
		struct slice out[256];
		for (unsigned i = 0; i < size; i++)
			out[i] = buffer(1, (uint8_t)i);
		port()->output_len = 0;
		assert_true(driver_add(d, TX, out, size, NULL, 0) >= 0); /* as long as can be */
		driver_kick(d, TX);
		driver_run(d);
		assert_int_equal(port()->output_len, size);
		for (unsigned i = 0; i < size; i++)
			assert_int_equal(port()->output[i], (uint8_t)i);
	}
}

static void test_indices_wrap(void **state)
{
	static const uint64_t features[] = {V1, DRIVER_FEATURES};
	(void)state;
	for (unsigned f = 0; f < 2; f++) {
		host_free_all(&vm.host);
		assert_true(driver_start(d, features[f], 4));
		for (unsigned i = 0; i < 0x10000 + 20; i++) {
			port()->output_len = 0;
			send_byte((uint8_t)i);
			assert_true(driver_irq(d));
			driver_interrupt(d);
		}
		assert_int_equal(d->q[TX].used->idx, 20);
	}
}

/* ---- indirect ---- */

static void check_indirect(unsigned n, unsigned misalign)
{
	struct slice out[256];
	uint16_t head;
	uint32_t written;

	for (unsigned i = 0; i < n; i++)
		out[i] = buffer(2, (uint8_t)i);
	int added = driver_add_indirect(d, TX, out, n, NULL, 0);
	assert_true(added >= 0);
	struct virtq_desc *desc = &d->q[TX].desc[added];
	gpa_t moved = gpa(host_alloc(&vm.host, desc->len + 16, 16).a + misalign);
	memcpy(host_ram(&vm.host, moved, desc->len), host_ram(&vm.host, gpa(desc->addr), desc->len),
		desc->len);
	desc->addr = moved.a;
	port()->output_len = 0;
	driver_kick(d, TX);
	driver_run(d);
	assert_true(driver_collect(d, TX, &head, &written));
	assert_int_equal(port()->output_len, 2 * n);
	for (unsigned i = 0; i < 2 * n; i++)
		assert_int_equal(port()->output[i], i / 2);
}

static void test_indirect(void **state)
{
	(void)state;
	assert_true(driver_start(d, DRIVER_FEATURES, 256));
	for (unsigned n = 1; n <= 256; n = n * 2 + (n < 128))
		check_indirect(n, n % 16);
	check_indirect(256, 0);
}

/* Some descriptors of the ring, then an indirect table whose write flag means nothing. */
static void test_indirect_at_the_end(void **state)
{
	struct slice out[3] = {buffer(1, 'a'), buffer(1, 'b'), buffer(1, 'c')};
	(void)state;

	assert_true(driver_start(d, DRIVER_FEATURES, 8));
	int head = driver_add(d, TX, out, 2, NULL, 0);
	assert_true(head >= 0);
	gpa_t addr = host_alloc(&vm.host, 16, 16);
	struct virtq_desc inner = {out[2].addr.a, 1, 0, 0};
	memcpy(host_ram(&vm.host, addr, 16), &inner, 16);
	d->q[TX].desc[d->q[TX].desc[head].next] =
		(struct virtq_desc){addr.a, 16, VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_WRITE, 0};
	driver_kick(d, TX);
	driver_run(d);
	assert_int_equal(port()->output_len, 2);
	assert_memory_equal(port()->output, "ac", 2);
}

/* ---- notifications ---- */

static void test_no_interrupt_flag(void **state)
{
	(void)state;
	assert_true(driver_start(d, V1, 8));
	d->q[TX].avail->flags = VIRTQ_AVAIL_F_NO_INTERRUPT;
	send_byte('a');
	assert_false(driver_irq(d));
	d->q[TX].avail->flags = 0;
	send_byte('b');
	assert_true(driver_irq(d));
	assert_int_equal(driver_interrupt(d), VIRTIO_INTERRUPT_USED);
	assert_false(driver_irq(d));
}

/* With an event index, the flag means nothing and only passing the index interrupts. */
static void test_used_event(void **state)
{
	(void)state;
	assert_true(driver_start(d, V1 | EVENT, 8));
	d->q[TX].avail->flags = VIRTQ_AVAIL_F_NO_INTERRUPT;
	for (unsigned i = 0; i < 8; i++) {
		send_byte('a');
		d->q[TX].avail->ring[8] = 5; /* driver_collect() had set it to "the next" */
		assert_int_equal(driver_irq(d), i == 0 || i == 5);
		driver_interrupt(d);
	}
}

static void test_one_interrupt_for_many(void **state)
{
	struct slice out = buffer(1, 'm');
	(void)state;

	assert_true(driver_start(d, DRIVER_FEATURES, 128));
	for (unsigned i = 0; i < 100; i++)
		assert_true(driver_add(d, TX, &out, 1, NULL, 0) >= 0);
	assert_true(driver_kick(d, TX));
	driver_run(d);
	assert_int_equal(d->q[TX].used->idx, 100);
	assert_int_equal(interrupts(), 1);
}

/* A chain added while the device looks at an empty ring is seen at once or asked to be kicked for. */
static void test_kick_for_each_after_empty(void **state)
{
	static const uint64_t features[] = {V1, V1 | EVENT};
	struct slice out = buffer(1, 'k');
	uint16_t head;
	uint32_t written;
	(void)state;

	for (unsigned f = 0; f < 2; f++) {
		assert_true(driver_start(d, features[f], 4));
		for (unsigned i = 0; i < 40; i++) {
			assert_true(driver_add(d, TX, &out, 1, NULL, 0) >= 0);
			assert_true(driver_kick(d, TX));
			driver_run(d);
			assert_true(driver_collect(d, TX, &head, &written));
		}
	}
}

static void test_idle_run_is_false(void **state)
{
	(void)state;
	assert_true(driver_start(d, V1, 8));
	driver_run(d);
	assert_false(dm_run(vm.dm));
	driver_write(d, VIRTIO_MMIO_QUEUE_NOTIFY, 2);
	driver_write(d, VIRTIO_MMIO_QUEUE_NOTIFY, UINT32_MAX);
	assert_false(dm_run(vm.dm));
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 15);
}

/* One call does a bounded part of what a driver can queue. */
static void test_run_is_bounded(void **state)
{
	struct slice out = buffer(1, 'm');
	(void)state;

	assert_true(driver_start(d, V1, 256));
	for (unsigned i = 0; i < 256; i++)
		assert_true(driver_add(d, TX, &out, 1, NULL, 0) >= 0);
	driver_notify(d, TX);
	assert_true(dm_run(vm.dm));
	assert_in_range(port()->output_len, 1, 32);
	driver_run(d);
	assert_int_equal(port()->output_len, 256);
}

/* ---- reset ---- */

static void check_as_new(void)
{
	assert_int_equal(driver_read(d, VIRTIO_MMIO_STATUS), 0);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	assert_false(vm.host.irq[driver_line(d)]);
	for (unsigned q = 0; q < 2; q++) {
		driver_write(d, VIRTIO_MMIO_QUEUE_SEL, q);
		assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	}
}

static void test_reset_mid_flight(void **state)
{
	struct slice out = buffer(1, 'x');
	(void)state;

	for (unsigned i = 0; i < 2; i++) {
		assert_true(driver_start(d, DRIVER_FEATURES, 64));
		for (unsigned n = 0; n < 60; n++)
			assert_true(driver_add(d, TX, &out, 1, NULL, 0) >= 0);
		driver_notify(d, TX);
		assert_true(dm_run(vm.dm));
		assert_true(driver_irq(d));
		uint16_t used = d->q[TX].used->idx;
		size_t sent = port()->output_len;
		struct virtq_used *ring = d->q[TX].used;
		if (i == 0)
			driver_reset(d);
		else
			dm_reset(vm.dm);
		assert_int_equal(vm.host.n_pins, 0);
		if (d->pci.present)
			driver_pci_enable(d);
		check_as_new();
		assert_false(dm_run(vm.dm));
		dm_port_ready(vm.dm, CONSOLE_VM_PORT);
		driver_run(d);
		assert_int_equal(ring->idx, used); /* memory is the guest's own again */
		assert_int_equal(port()->output_len, sent);
	}
	assert_true(driver_start(d, DRIVER_FEATURES, 64));
	send_byte('y');
}

/* ---- memory ---- */

static void test_memory_needed(void **state)
{
	struct vm_spec spec = {.n_devices = 0};
	(void)state;

	assert_true(dm_memory_needed(&spec) > 0);
	assert_int_equal(dm_memory_needed(&spec) % 4096, 0);
	spec.n_devices = VM_DEVICES_MAX;
	spec.transport = VM_TRANSPORT_MMIO;
	assert_int_equal(dm_memory_needed(&spec), 0); /* there are not as many windows */
	spec.transport = VM_TRANSPORT_PCI;
	for (unsigned i = 0; i < VM_DEVICES_MAX; i++)
		spec.devices[i].kind = i % 2 ? VM_DEVICE_FS : VM_DEVICE_CONSOLE;
	spec.devices[1].arena_size = MIB(8);
	size_t with_one = dm_memory_needed(&spec);
	spec.devices[3].arena_size = MIB(16);
	assert_int_equal(dm_memory_needed(&spec), with_one + MIB(16));

	static const uint64_t absurd[] = {1, 4095, MIB(8) + 1, UINT64_MAX, UINT64_MAX - 4095,
		UINT64_MAX - 8191, UINT64_MAX - MIB(16)};
	for (unsigned i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
		spec.devices[5].arena_size = absurd[i];
		assert_int_equal(dm_memory_needed(&spec), 0);
	}
	spec.devices[5].arena_size = UINT64_C(1) << 63;
	spec.devices[7].arena_size = UINT64_C(1) << 63;
	assert_int_equal(dm_memory_needed(&spec), 0);
	spec.devices[5].arena_size = spec.devices[7].arena_size = 0;
	spec.devices[4].kind = (enum vm_device_kind)7;
	assert_int_equal(dm_memory_needed(&spec), 0);
	spec.devices[4].kind = VM_DEVICE_CONSOLE;
	spec.n_devices = VM_DEVICES_MAX + 1;
	assert_int_equal(dm_memory_needed(&spec), 0);
	spec.n_devices = UINT32_MAX;
	assert_int_equal(dm_memory_needed(&spec), 0);
}

static void test_create_refuses(void **state)
{
	size_t size = dm_memory_needed(&vm.spec);
	struct dm *dm = NULL;
	(void)state;

	assert_int_equal(dm_create(vm.mem, size - 1, &vm.spec, &vm.host, &dm), ERR_NO_SPACE);
	assert_int_equal(dm_create((char *)vm.mem + 8, size, &vm.spec, &vm.host, &dm), ERR_INVALID);
	vm.spec.devices[0].kind = VM_DEVICE_FS; /* kinds_console.c never accepts an image */
	assert_int_equal(dm_create(vm.mem, size, &vm.spec, &vm.host, &dm), ERR_INVALID);
	vm.spec.devices[0].kind = VM_DEVICE_CONSOLE;
	assert_null(dm);
	assert_int_equal(dm_create(vm.mem, size, &vm.spec, &vm.host, &vm.dm), OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, console_vm_setup, console_vm_teardown)

static int run_both(struct console_vm_options options, const char *name)
{
	const struct CMUnitTest tests[] = {
		TEST(test_identity),
		TEST(test_queues_that_exist),
		TEST(test_feature_subsets),
		TEST(test_features_refused),
		TEST(test_features_are_frozen),
		TEST(test_status_bits_stay),
		TEST(test_no_queue_before_features_ok),
		TEST(test_nothing_before_driver_ok),
		TEST(test_a_ready_queue_does_not_move),
		TEST(test_every_queue_size),
		TEST(test_indices_wrap),
		TEST(test_indirect),
		TEST(test_indirect_at_the_end),
		TEST(test_no_interrupt_flag),
		TEST(test_used_event),
		TEST(test_one_interrupt_for_many),
		TEST(test_kick_for_each_after_empty),
		TEST(test_idle_run_is_false),
		TEST(test_run_is_bounded),
		TEST(test_reset_mid_flight),
	};

	console_vm_options = options;
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest mmio[] = {
		TEST(test_only_32_bit_register_accesses),
		TEST(test_where_no_device_is),
		TEST(test_memory_needed),
		TEST(test_create_refuses),
	};
	int failed = cmocka_run_group_tests(mmio, NULL, NULL);

	failed += run_both((struct console_vm_options){.transport = VM_TRANSPORT_MMIO}, "mmio");
	failed += run_both((struct console_vm_options){.transport = VM_TRANSPORT_PCI}, "intx");
	failed += run_both(
		(struct console_vm_options){
			.transport = VM_TRANSPORT_PCI, .msi = true, .use_msix = true},
		"msix");
	return failed;
}
