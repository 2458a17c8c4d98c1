/* SPDX-License-Identifier: MIT */
/*
 * A guest made of fuzzer input against six functions that lend what they get: any access to ECAM, to BARs (wherever it
 * puts them) and to RAM, with requests that come back at any time. Nothing outside RAM is touched
 * (AddressSanitizer), all work ends, a line is what the functions on it say, and messages
 * go only where they are switched on.
 */
#include <stdlib.h>

#include "include/abi/pci.h"
#include "include/abi/virtio_pci.h"
#include "tests/fuzz/input.h"
#include "tests/sim/lender.h"

#define OPS      300
#define RUNS_MAX 1000
#define QUEUES   3
#define RAM      (64u << 10) /* what 16-bit numbers of the input can reach */

static struct input input;
static unsigned msix_cap; /* the same in every function; 0: none */

static void require(bool what)
{
	if (!what)
		abort();
}

static uint64_t ecam(void)
{
	static const uint8_t regs[] = {PCI_COMMAND, PCI_BAR0, PCI_BAR0 + 1, PCI_BAR0 + 3, 0x78,
		0x7c, 0x80, 0x84, 0x9a, 0x98};
	uint64_t pick = input_number(&input, 1), slot = pick % 8;

	if (pick & 128)
		return GUEST_ECAM_BASE + input_number(&input, 3) % GUEST_ECAM_SIZE;
	return GUEST_ECAM_BASE + (slot << PCI_ECAM_SLOT_SHIFT) + regs[(pick >> 3) % sizeof(regs)];
}

static uint64_t bar(void)
{
	static const uint16_t places[] = {VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT,
		VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT, VIRTIO_PCI_COMMON_DRIVER_FEATURE,
		VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR, VIRTIO_PCI_COMMON_DEVICE_STATUS,
		VIRTIO_PCI_COMMON_QUEUE_SELECT, VIRTIO_PCI_COMMON_QUEUE_SIZE,
		VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR, VIRTIO_PCI_COMMON_QUEUE_ENABLE,
		VIRTIO_PCI_COMMON_QUEUE_DESC, VIRTIO_PCI_COMMON_QUEUE_DRIVER,
		VIRTIO_PCI_COMMON_QUEUE_DEVICE, VIRTIO_PCI_COMMON_QUEUE_RESET, 0x1000, 0x2000,
		0x3000, 0x3004, 0x400c, 0x401c, 0x5000};
	uint64_t pick = input_number(&input, 1);
	uint64_t base = DRIVER_BAR(pick % LENDER_DEVICES);

	if (pick & 128)
		return base + input_number(&input, 2);
	return base + places[(pick >> 2) % (sizeof(places) / sizeof(places[0]))];
}

static void access_at(uint64_t addr, bool write)
{
	uint64_t value = input_number(&input, 4);
	unsigned size = 1u << (input_number(&input, 1) & 3);

	addr -= addr % size;
	if (size < 8)
		value &= UINT64_MAX >> (64 - 8 * size);
	if (write) {
		require(dm_mmio_write(lender.dm, gpa(addr), size, value) == DM_MMIO_DONE);
		return;
	}
	require(dm_mmio_read(lender.dm, gpa(addr), size, &value));
	require(size == 8 || value >> (8 * size) == 0);
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

	while (dm_run(lender.dm))
		require(++runs < RUNS_MAX);
}

/* Only the function that is meant is at its BAR. */
static void alone(unsigned index)
{
	for (unsigned i = 0; i < LENDER_DEVICES; i++) {
		if (i != index)
			driver_pci_config_write(lender.dm, i + 1, PCI_COMMAND, 2, 0);
	}
}

/* Gets to a working device in one step; what follows breaks it. */
static void start_device(void)
{
	unsigned how = (unsigned)input_number(&input, 1), index = how % LENDER_DEVICES;
	struct driver *d = &lender.driver[index];
	uint64_t features = how & 8 ? DRIVER_TRANSPORT_FEATURES : DRIVER_FEATURES;

	host_complete_all(&lender.host, lender.dm, OK);
	host_free_all(&lender.host);
	alone(index);
	d->use_msix = lender_options.msi && (how & 16);
	(void)driver_start(d, features, 1u << (how >> 5 & 3));
}

static void add_chain(void)
{
	unsigned how = (unsigned)input_number(&input, 1);
	struct driver *d = &lender.driver[how % LENDER_DEVICES];
	unsigned q = (how >> 3) % QUEUES;
	struct slice in = {gpa(GUEST_RAM_BASE + input_number(&input, 2)), how >> 5};

	if (d->q[q].size == 0 || driver_add(d, q, NULL, 0, &in, 1) < 0)
		return;
	d->q[q].chain_len[0] = 1; /* whatever comes back, it is not looked at */
	dm_port_ready(lender.dm, how % LENDER_DEVICES + 1);
}

static void step(void)
{
	switch (input_number(&input, 1) % 12) {
	case 0:
		access_at(ecam(), false);
		break;
	case 1:
		access_at(ecam(), true);
		break;
	case 2:
		access_at(bar(), false);
		break;
	case 3:
	case 4:
		access_at(bar(), true);
		break;
	case 5:
		change_ram(&lender.host);
		break;
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
		if (lender.host.n_lent > 0)
			host_complete(&lender.host, lender.dm,
				(unsigned)input_number(&input, 1) % lender.host.n_lent,
				input_number(&input, 1) & 1 ? OK : ERR_IO);
		break;
	case 10:
		dm_port_ready(lender.dm, (unsigned)input_number(&input, 1) % 8);
		break;
	case 11:
		if (input_number(&input, 1) == 0)
			dm_reset(lender.dm);
		break;
	}
}

static void check(unsigned messages)
{
	bool line[4] = {false}, msix = false;

	for (unsigned i = 0; i < LENDER_DEVICES; i++) {
		uint32_t command = driver_pci_config_read(lender.dm, i + 1, PCI_COMMAND, 4);

		line[(i + 1) % 4] |= (command >> 16 & PCI_STATUS_INTERRUPT) &&
				     !(command & PCI_COMMAND_INTX_DISABLE);
		msix |= msix_cap &&
			(driver_pci_config_read(lender.dm, i + 1, msix_cap + PCI_MSIX_CONTROL, 2) &
				PCI_MSIX_CONTROL_ENABLE);
	}
	for (unsigned i = 0; i < 4; i++)
		require(lender.host.irq[GUEST_PCI_IRQ + i] == line[i]);
	require(msix || lender.host.msis == messages);
	require(dm_lent(lender.dm) == lender.host.n_lent);
	require(lender.host.n_pins <= 3 * QUEUES * LENDER_DEVICES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct input){data, size};
	lender_options = (struct lender_options){
		.msi = input_number(&input, 1) & 1, .queues = QUEUES, .size = 16, .ram = RAM};
	lender_open();
	msix_cap = driver_pci_find(lender.dm, 1, PCI_CAP_ID_MSIX, 0);
	if (input_number(&input, 1) & 1)
		lender.host.meddle = change_ram;
	for (unsigned i = 0; i < OPS && input.left > 0; i++) {
		unsigned messages = lender.host.msis;
		step();
		check(messages);
	}
	lender.host.meddle = NULL;
	lender_close();
	return 0;
}
