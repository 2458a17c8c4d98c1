/* SPDX-License-Identifier: MIT */
/*
 * Every way a split ring can be broken, one after the other: the device stops, says
 * so once, ignores everything but a reset, and works again after it. Over each transport.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/console_vm.h"

#define TX   CONSOLE_VM_TX
#define SIZE 8
#define NEXT VIRTQ_DESC_F_NEXT
#define IN   VIRTQ_DESC_F_WRITE
#define IND  VIRTQ_DESC_F_INDIRECT

static uint64_t page; /* some RAM */

static void desc(unsigned i, uint64_t addr, uint32_t len, unsigned flags, unsigned next)
{
	vm.driver.q[TX].desc[i] = (struct virtq_desc){addr, len, (uint16_t)flags, (uint16_t)next};
}

/* An indirect table of n good out-descriptors at `page`, for a form to spoil. */
static struct virtq_desc *table(unsigned n)
{
	struct virtq_desc *t = host_ram(&vm.host, gpa(page), n * sizeof(*t));

	for (unsigned i = 0; i < n; i++)
		t[i] = (struct virtq_desc){page, 1, i + 1 < n ? NEXT : 0, (uint16_t)(i + 1)};
	return t;
}

static void expose(unsigned head)
{
	driver_expose(&vm.driver, TX, (uint16_t)head);
}

/* ---- forms: each makes one bad chain available ---- */

static void head_out_of_range(void)
{
	desc(0, page, 1, 0, 0);
	expose(SIZE);
}

static void head_far_out_of_range(void)
{
	expose(0xffff);
}

static void next_out_of_range(void)
{
	desc(0, page, 1, NEXT, SIZE);
	expose(0);
}

static void chain_to_itself(void)
{
	desc(0, page, 1, NEXT, 0);
	expose(0);
}

static void circle(void)
{
	for (unsigned i = 0; i < SIZE; i++)
		desc(i, page, 1, NEXT, (i + 1) % SIZE);
	expose(3);
}

static void empty_descriptor(void)
{
	desc(0, page, 0, 0, 0);
	expose(0);
}

static void in_before_out(void)
{
	desc(0, page, 1, NEXT | IN, 1);
	desc(1, page, 1, 0, 0);
	expose(0);
}

static void below_ram(void)
{
	desc(0, GUEST_RAM_BASE - 1, 2, 0, 0);
	expose(0);
}

static void across_the_end_of_ram(void)
{
	desc(0, GUEST_RAM_BASE + CONSOLE_VM_RAM - 1, 2, 0, 0);
	expose(0);
}

static void address_wraps(void)
{
	desc(0, UINT64_MAX, 2, 0, 0);
	expose(0);
}

static void second_not_ram(void)
{
	desc(0, page, 1, NEXT, 1);
	desc(1, GUEST_VIRTIO_BASE, 1, IN, 0);
	expose(0);
}

static void too_many_available(void)
{
	desc(0, page, 1, 0, 0);
	vm.driver.q[TX].avail->idx = SIZE + 1;
}

static void avail_goes_back(void)
{
	vm.driver.q[TX].avail->idx = 0xffff;
}

static void indirect_with_next(void)
{
	table(2);
	desc(0, page, 32, IND | NEXT, 1);
	desc(1, page, 1, 0, 0);
	expose(0);
}

static void indirect_in_indirect(void)
{
	struct virtq_desc *t = table(3);
	t[1] = (struct virtq_desc){page + 32, 16, IND, 0}; /* t[2], a good one */
	desc(0, page, 32, IND, 0);
	expose(0);
}

static void indirect_empty(void)
{
	desc(0, page, 0, IND, 0);
	expose(0);
}

static void indirect_odd_length(void)
{
	table(2);
	desc(0, page, 33, IND, 0);
	expose(0);
}

static void indirect_shorter_than_one(void)
{
	table(1);
	desc(0, page, 15, IND, 0);
	expose(0);
}

static void indirect_beyond_queue_size(void)
{
	table(SIZE + 1);
	desc(0, page, 16 * (SIZE + 1), IND, 0);
	expose(0);
}

/* Too long even if little of it is used. */
static void indirect_long_table_short_chain(void)
{
	table(SIZE + 1)[0].flags = 0;
	desc(0, page, 16 * (SIZE + 1), IND, 0);
	expose(0);
}

static void indirect_huge(void)
{
	desc(0, page, UINT32_MAX - 15, IND, 0);
	expose(0);
}

static void indirect_not_ram(void)
{
	desc(0, GUEST_RAM_BASE + CONSOLE_VM_RAM - 16, 32, IND, 0);
	expose(0);
}

static void indirect_next_out_of_range(void)
{
	table(2)[0].next = 2;
	desc(0, page, 32, IND, 0);
	expose(0);
}

static void indirect_circle(void)
{
	struct virtq_desc *t = table(2);
	t[1].flags = NEXT;
	t[1].next = 0;
	desc(0, page, 32, IND, 0);
	expose(0);
}

static void indirect_bad_segment(void)
{
	table(2)[1].addr = 0;
	desc(0, page, 32, IND, 0);
	expose(0);
}

static void longer_than_queue_with_indirect(void)
{
	table(SIZE);
	desc(0, page, 1, NEXT, 1);
	desc(1, page, 16 * SIZE, IND, 0);
	expose(0);
}

#define FORM(name)          \
	{                   \
#name, name \
	}
static const struct form {
	const char *name;
	void (*make)(void);
} forms[] = {
	FORM(head_out_of_range),
	FORM(head_far_out_of_range),
	FORM(next_out_of_range),
	FORM(chain_to_itself),
	FORM(circle),
	FORM(empty_descriptor),
	FORM(in_before_out),
	FORM(below_ram),
	FORM(across_the_end_of_ram),
	FORM(address_wraps),
	FORM(second_not_ram),
	FORM(too_many_available),
	FORM(avail_goes_back),
	FORM(indirect_with_next),
	FORM(indirect_in_indirect),
	FORM(indirect_empty),
	FORM(indirect_odd_length),
	FORM(indirect_shorter_than_one),
	FORM(indirect_beyond_queue_size),
	FORM(indirect_long_table_short_chain),
	FORM(indirect_huge),
	FORM(indirect_not_ram),
	FORM(indirect_next_out_of_range),
	FORM(indirect_circle),
	FORM(indirect_bad_segment),
	FORM(longer_than_queue_with_indirect),
};

static void start(uint64_t features)
{
	host_free_all(&vm.host);
	assert_true(driver_start(&vm.driver, features, SIZE));
	page = host_alloc(&vm.host, 4096, 4096).a;
}

static void send_byte_works(void)
{
	struct host_port *port = &vm.host.port[CONSOLE_VM_PORT];
	uint8_t byte = 'x';

	port->output_len = 0;
	assert_int_equal(driver_request(&vm.driver, TX, &byte, 1, NULL, 0, 0), 0);
	assert_int_equal(port->output_len, 1);
	assert_int_equal(port->output[0], 'x');
}

static void check_broken(const char *name)
{
	struct driver *d = &vm.driver;
	unsigned before = vm.host.traces[DM_RING_BROKEN];

	driver_notify(d, TX);
	driver_run(d);
	if (!(driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET))
		fail_msg("%s: accepted", name);
	assert_int_equal(vm.host.traces[DM_RING_BROKEN], before + 1);
	assert_int_equal(vm.host.trace_a, CONSOLE_VM_DEVICE);
	assert_int_equal(vm.host.trace_b, TX);
	assert_int_equal(d->q[TX].used->idx, 0);
	assert_true(driver_irq(d));
	assert_int_equal(driver_interrupt(d), VIRTIO_INTERRUPT_CONFIG);
	assert_false(driver_irq(d));

	/* From here on nothing counts. */
	driver_notify(d, TX);
	dm_port_ready(vm.dm, CONSOLE_VM_PORT);
	driver_run(d);
	driver_ok(d);
	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, TX);
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 0);
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 1);
	assert_true(driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(vm.host.traces[DM_RING_BROKEN], before + 1);
	assert_false(driver_irq(d));
}

static void test_each_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		start(DRIVER_FEATURES);
		forms[i].make();
		check_broken(forms[i].name);
		assert_int_equal(vm.host.port[CONSOLE_VM_PORT].output_len, 0);
		start(DRIVER_FEATURES);
		send_byte_works();
		vm.host.port[CONSOLE_VM_PORT].output_len = 0;
	}
}

/* The other device of the VM does not notice. */
static void test_the_neighbour_lives(void **state)
{
	struct driver other;
	uint8_t byte = 'y';
	(void)state;

	start(DRIVER_FEATURES);
	driver_open(&other, &vm.host, vm.dm, 0);
	assert_true(driver_start(&other, DRIVER_FEATURES, SIZE));
	circle();
	check_broken("circle");
	assert_int_equal(driver_request(&other, TX, &byte, 1, NULL, 0, 0), 0);
	assert_int_equal(vm.host.port[0].output_len, 1);
}

static void test_indirect_not_negotiated(void **state)
{
	(void)state;
	start(VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
	table(2);
	desc(0, page, 32, IND, 0);
	expose(0);
	check_broken("indirect without the feature");
}

/* Descriptors may overlap, so a sum of 2^32 takes only 32 MiB of RAM. */
static void test_sum_beyond_32_bits(void **state)
{
	struct driver_queue *q = &vm.driver.q[TX];
	uint32_t len = 32u << 20;
	(void)state;

	host_close(&vm.host);
	host_open(&vm.host, len);
	vm.host.has_msi = console_vm_options.msi;
	vm.host.port[CONSOLE_VM_PORT].send = host_limit(0);
	for (unsigned n = 127; n <= 128; n++) {
		host_free_all(&vm.host);
		assert_true(driver_start(&vm.driver, DRIVER_FEATURES, 256));
		for (unsigned i = 0; i < n; i++)
			desc(i, GUEST_RAM_BASE, len, i + 1 < n ? NEXT : 0, i + 1);
		expose(0);
		if (n == 128) {
			check_broken("sum of 2^32");
		} else {
			driver_notify(&vm.driver, TX);
			driver_run(&vm.driver);
			assert_int_equal(driver_read(&vm.driver, VIRTIO_MMIO_STATUS), 15);
		}
	}
	assert_int_equal(q->used->idx, 0);
}

/* Good chains before the bad one are served, and the used ring stays as it was. */
static void test_good_before_bad(void **state)
{
	(void)state;
	start(DRIVER_FEATURES);
	desc(0, page, 1, 0, 0);
	desc(1, page, 0, 0, 0);
	expose(0);
	expose(1);
	driver_notify(&vm.driver, TX);
	driver_run(&vm.driver);
	assert_int_equal(vm.driver.q[TX].used->idx, 1);
	assert_int_equal(vm.host.port[CONSOLE_VM_PORT].output_len, 1);
	assert_true(driver_read(&vm.driver, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
}

/* ---- rings that are not where rings may be ---- */

static void check_refused_queue(uint64_t d_addr, uint64_t a_addr, uint64_t u_addr, unsigned size)
{
	struct driver *d = &vm.driver;
	unsigned before = vm.host.traces[DM_RING_BROKEN];

	driver_reset(d);
	assert_true(driver_negotiate(d, DRIVER_FEATURES));
	d->q[TX].size = size;
	d->q[TX].desc_addr = gpa(d_addr);
	d->q[TX].avail_addr = gpa(a_addr);
	d->q[TX].used_addr = gpa(u_addr);
	driver_set_queue(d, TX);
	assert_int_equal(driver_read(d, VIRTIO_MMIO_QUEUE_READY), 0);
	assert_true(driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(vm.host.traces[DM_RING_BROKEN], before + 1);
	assert_int_equal(vm.host.trace_b, TX);
	driver_ok(d);
	assert_false(driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_DRIVER_OK);
	driver_notify(d, TX);
	driver_run(d);
	assert_int_equal(vm.host.port[CONSOLE_VM_PORT].sends, 0);
}

static void test_refused_rings(void **state)
{
	uint64_t a = GUEST_RAM_BASE + 0x1000, b = a + 0x1000, c = b + 0x1000;
	uint64_t end = GUEST_RAM_BASE + CONSOLE_VM_RAM;
	static const unsigned bad_sizes[] = {0, 3, 12, 255, 257, 512, 0x8000, 0x10000, 0x10008};
	(void)state;

	check_refused_queue(a + 8, b, c, SIZE);
	check_refused_queue(a, b + 1, c, SIZE);
	check_refused_queue(a, b, c + 2, SIZE);
	check_refused_queue(0, b, c, SIZE);
	check_refused_queue(a, 0, c, SIZE);
	check_refused_queue(a, b, 0, SIZE);
	check_refused_queue(end - 16 * SIZE + 16, b, c, SIZE);
	check_refused_queue(a, end - 4 - 2 * SIZE, c, SIZE); /* no room for the event index */
	check_refused_queue(a, b, end - 4 - 8 * SIZE, SIZE);
	check_refused_queue(UINT64_MAX - 15, b, c, SIZE);
	for (size_t i = 0; i < sizeof(bad_sizes) / sizeof(bad_sizes[0]); i++) {
		/* Over PCI the register has 16 bits. */
		if (!vm.driver.pci.present || bad_sizes[i] <= UINT16_MAX)
			check_refused_queue(a, b, c, bad_sizes[i]);
	}
}

/* ---- a guest that rewrites descriptors while they are looked at ---- */

static unsigned meddle_after;

/* Once the first segment's address has been asked for, everything in the ring turns bad. */
static void spoil(struct host *host)
{
	if (host->ram_calls <= meddle_after)
		return;
	for (unsigned i = 0; i < SIZE; i++)
		desc(i, GUEST_RAM_BASE + CONSOLE_VM_RAM - 1, 0x10000, IN, 0xffff);
}

static void test_descriptor_is_copied_once(void **state)
{
	struct host_port *port = &vm.host.port[CONSOLE_VM_PORT];
	(void)state;

	start(DRIVER_FEATURES);
	memset(host_ram(&vm.host, gpa(page), 16), 'k', 16);
	desc(0, page, 16, 0, 0);
	expose(0);
	meddle_after = vm.host.ram_calls;
	vm.host.meddle = spoil;
	driver_notify(&vm.driver, TX);
	driver_run(&vm.driver);
	vm.host.meddle = NULL;
	assert_int_equal(port->output_len, 16);
	assert_memory_equal(port->output, "kkkkkkkkkkkkkkkk", 16);
	assert_int_equal(vm.driver.q[TX].used->idx, 1);
}

/* The second descriptor changes before it is read: it is bad, and nothing of the chain was sent. */
static void test_rewritten_before_it_is_read(void **state)
{
	(void)state;
	start(DRIVER_FEATURES);
	desc(0, page, 1, NEXT, 1);
	desc(1, page, 1, 0, 0);
	expose(0);
	meddle_after = vm.host.ram_calls;
	vm.host.meddle = spoil;
	driver_notify(&vm.driver, TX);
	driver_run(&vm.driver);
	vm.host.meddle = NULL;
	assert_true(driver_read(&vm.driver, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(vm.host.port[CONSOLE_VM_PORT].output_len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, console_vm_setup, console_vm_teardown)

static int run_all(struct console_vm_options options, const char *name)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_form),
		TEST(test_the_neighbour_lives),
		TEST(test_indirect_not_negotiated),
		TEST(test_sum_beyond_32_bits),
		TEST(test_good_before_bad),
		TEST(test_refused_rings),
		TEST(test_descriptor_is_copied_once),
		TEST(test_rewritten_before_it_is_read),
	};

	console_vm_options = options;
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return run_all((struct console_vm_options){.transport = VM_TRANSPORT_MMIO}, "mmio") +
	       run_all((struct console_vm_options){.transport = VM_TRANSPORT_PCI}, "intx") +
	       run_all(
		       (struct console_vm_options){
			       .transport = VM_TRANSPORT_PCI, .msi = true, .use_msix = true},
		       "msix");
}
