/* SPDX-License-Identifier: MIT */
/*
 * A guest made of fuzzer input against two consoles: any register access, any
 * change of RAM, ports that are ready or not, in any order. Nothing outside
 * RAM is touched (AddressSanitizer), all work ends, and the interrupt line is
 * what the status register says.
 */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tests/sim/console_vm.h"

#define OPS      300
#define RUNS_MAX 1000
#define RAM      (64u << 10) /* what 16-bit numbers of the input can reach */

static struct input input;

static void require(bool what)
{
	if (!what)
		abort();
}

static uint64_t some_register(void)
{
	static const uint16_t offsets[] = {VIRTIO_MMIO_DEVICE_FEATURES_SEL,
		VIRTIO_MMIO_DRIVER_FEATURES, VIRTIO_MMIO_DRIVER_FEATURES_SEL, VIRTIO_MMIO_QUEUE_SEL,
		VIRTIO_MMIO_QUEUE_NUM, VIRTIO_MMIO_QUEUE_READY, VIRTIO_MMIO_QUEUE_NOTIFY,
		VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_STATUS, VIRTIO_MMIO_QUEUE_DESC_LOW,
		VIRTIO_MMIO_QUEUE_DESC_HIGH, VIRTIO_MMIO_QUEUE_DRIVER_LOW,
		VIRTIO_MMIO_QUEUE_DRIVER_HIGH, VIRTIO_MMIO_QUEUE_DEVICE_LOW,
		VIRTIO_MMIO_QUEUE_DEVICE_HIGH, VIRTIO_MMIO_QUEUE_RESET, VIRTIO_MMIO_CONFIG};
	uint64_t pick = input_number(&input, 1), window = (pick >> 7) * GUEST_VIRTIO_SIZE;

	if (pick & 64)
		return GUEST_VIRTIO_BASE - 4096 + input_number(&input, 2) % 0x5000;
	return GUEST_VIRTIO_BASE + window + offsets[pick % (sizeof(offsets) / sizeof(offsets[0]))];
}

static bool is_device(uint64_t addr)
{
	return range_inside(addr, 1, GUEST_VIRTIO_BASE, 2 * GUEST_VIRTIO_SIZE) ||
	       range_inside(addr, 1, GUEST_UART_BASE, GUEST_UART_SIZE);
}

static void access_register(bool write)
{
	uint64_t addr = some_register(), value = input_number(&input, 4);
	unsigned size = value & 1 ? 4u : 1u << (input_number(&input, 1) & 3);

	addr -= addr % size;
	bool answered = write ? dm_mmio_write(vm.dm, gpa(addr), size, value) == DM_MMIO_DONE
			      : dm_mmio_read(vm.dm, gpa(addr), size, &value);
	require(answered == is_device(addr));
	if (!write && answered && size < 8)
		require(value >> (8 * size) == 0);
}

static void change_ram(struct host *host)
{
	uint64_t at = input_number(&input, 2), len = input_number(&input, 1) % 33;

	if (at + len <= host->ram_size)
		input_bytes(&input, host->ram + at, len);
}

static void run(void)
{
	unsigned runs = 0;

	while (dm_run(vm.dm))
		require(++runs < RUNS_MAX);
	for (unsigned i = 0; i < HOST_PORTS; i++)
		vm.host.port[i].output_len = 0;
}

/* One byte that is sent as soon as the device runs: the console gives input only after that. */
static void speak(void)
{
	struct slice out = {gpa(GUEST_RAM_BASE), 1};

	(void)driver_add(&vm.driver, CONSOLE_VM_TX, &out, 1, NULL, 0);
}

/* Gets to a working device in one step; what follows breaks it. */
static void start_device(void)
{
	uint8_t how = (uint8_t)input_number(&input, 1);

	host_free_all(&vm.host);
	driver_open(&vm.driver, &vm.host, vm.dm, how & 1);
	uint64_t features =
		how & 2 ? DRIVER_TRANSPORT_FEATURES : DRIVER_TRANSPORT_FEATURES & ~(3ull << 28);
	if (how & 32)
		features &= ~VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	bool started = driver_start(&vm.driver, features, 1u << (how >> 2 & 3));
	if (started && how & 16)
		speak();
}

/* A chain as a driver makes it, in the queue of the device started last. */
static void add_chain(void)
{
	unsigned how = (unsigned)input_number(&input, 1), q = how & 1;
	struct slice s = {gpa(GUEST_RAM_BASE + input_number(&input, 2)), how >> 1};

	if (vm.driver.q[q].size == 0 || vm.driver.q[q].n_free == 0)
		return;
	if (vm.driver.packed) {
		(void)driver_add(&vm.driver, q, &s, 1, NULL, 0);
		return;
	}
	uint16_t slot = (uint16_t)(vm.driver.q[q].avail_idx % vm.driver.q[q].size);
	vm.driver.q[q].desc[slot] = (struct virtq_desc){
		s.addr.a, s.len, (uint16_t)(input_number(&input, 1) & 7), (uint16_t)(slot + 1)};
	driver_expose(&vm.driver, q, slot);
}

static void step(void)
{
	switch (input_number(&input, 1) % 10) {
	case 0:
		access_register(false);
		break;
	case 1:
	case 2:
		access_register(true);
		break;
	case 3:
		change_ram(&vm.host);
		break;
	case 4:
		dm_port_ready(vm.dm, (unsigned)input_number(&input, 1) % 3);
		break;
	case 5:
	case 6:
		run();
		break;
	case 7:
		start_device();
		break;
	case 8:
		add_chain();
		break;
	case 9:
		if (input_number(&input, 1) == 0)
			dm_reset(vm.dm);
		break;
	}
}

static void check_lines(void)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t isr = 0, addr = GUEST_VIRTIO_BASE + i * GUEST_VIRTIO_SIZE;
		require(dm_mmio_read(vm.dm, gpa(addr + VIRTIO_MMIO_INTERRUPT_STATUS), 4, &isr));
		require(vm.host.irq[GUEST_VIRTIO_IRQ + i] == (isr != 0));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t typed[4096];

	input = (struct input){data, size};
	console_vm_open(RAM);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t limit = input_number(&input, 1);
		host_input(&vm.host, i, typed, sizeof(typed));
		vm.host.port[i].send = host_limit(limit);
		vm.host.port[i].recv = host_limit(limit / 2);
	}
	if (input_number(&input, 1) & 1)
		vm.host.meddle = change_ram;
	for (unsigned i = 0; i < OPS && input.left > 0; i++) {
		step();
		check_lines();
	}
	vm.host.meddle = NULL;
	console_vm_close();
	return 0;
}
