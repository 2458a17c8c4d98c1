/* SPDX-License-Identifier: MIT */
/*
 * How the driver reaches a device behind PCI: it walks the capabilities of the
 * configuration space for the places of the registers, and knows these by the names that
 * virtio-mmio gives them. See driver.h.
 */
#include <stdlib.h>

#include "include/abi/pci.h"
#include "include/abi/virtio_pci.h"
#include "tests/sim/driver.h"

static void require(bool what)
{
	if (!what)
		abort();
}

/* ---- configuration space ---- */

static gpa_t config_addr(unsigned slot, unsigned reg)
{
	return gpa(GUEST_ECAM_BASE + ((uint64_t)slot << PCI_ECAM_SLOT_SHIFT) + reg);
}

uint32_t driver_pci_config_read(struct dm *dm, unsigned slot, unsigned reg, unsigned size)
{
	uint64_t value = 0;

	require(dm_mmio_read(dm, config_addr(slot, reg), size, &value));
	require(value <= UINT32_MAX);
	return (uint32_t)value;
}

void driver_pci_config_write(
	struct dm *dm, unsigned slot, unsigned reg, unsigned size, uint32_t value)
{
	require(dm_mmio_write(dm, config_addr(slot, reg), size, value) == DM_MMIO_DONE);
}

bool driver_pci_present(struct dm *dm)
{
	uint64_t value = 0;

	return dm_mmio_read(dm, config_addr(0, PCI_VENDOR_ID), 4, &value);
}

unsigned driver_pci_find(struct dm *dm, unsigned slot, unsigned id, unsigned type)
{
	unsigned at = driver_pci_config_read(dm, slot, PCI_CAPABILITIES, 1), steps = 0;

	for (; at != 0; at = driver_pci_config_read(dm, slot, at + 1, 1)) {
		require(at >= 0x40 && at % 4 == 0 && ++steps < 48);
		if (driver_pci_config_read(dm, slot, at, 1) != id)
			continue;
		if (id != PCI_CAP_ID_VENDOR ||
			driver_pci_config_read(dm, slot, at + VIRTIO_PCI_CAP_CFG_TYPE, 1) == type)
			return at;
	}
	return 0;
}

/* ---- setting the function up ---- */

static uint64_t structure(struct driver *d, unsigned type)
{
	unsigned slot = d->index + 1, cap = driver_pci_find(d->dm, slot, PCI_CAP_ID_VENDOR, type);

	if (cap == 0)
		return 0;
	require(driver_pci_config_read(d->dm, slot, cap + VIRTIO_PCI_CAP_BAR, 1) == 0);
	return DRIVER_BAR(d->index) +
	       driver_pci_config_read(d->dm, slot, cap + VIRTIO_PCI_CAP_OFFSET, 4);
}

static void enable_msix(struct driver *d)
{
	unsigned slot = d->index + 1, reg = d->pci.msix + PCI_MSIX_CONTROL;
	uint32_t control = driver_pci_config_read(d->dm, slot, reg, 2);

	driver_pci_config_write(d->dm, slot, reg, 2, control | PCI_MSIX_CONTROL_ENABLE);
	for (unsigned v = 0; v < d->pci.vectors; v++) {
		uint64_t entry = d->pci.table + v * PCI_MSIX_ENTRY_SIZE;
		driver_pci_write(d, entry + PCI_MSIX_ENTRY_ADDR_LOW, 4, DRIVER_MSI_ADDR);
		driver_pci_write(d, entry + PCI_MSIX_ENTRY_ADDR_HIGH, 4, 0);
		driver_pci_write(d, entry + PCI_MSIX_ENTRY_DATA, 4, DRIVER_MSI_DATA(d->index, v));
		driver_pci_write(d, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
	}
}

static void find_msix(struct driver *d)
{
	unsigned slot = d->index + 1;

	d->pci.msix = (uint8_t)driver_pci_find(d->dm, slot, PCI_CAP_ID_MSIX, 0);
	if (d->pci.msix == 0)
		return;
	d->pci.vectors =
		1 +
		(driver_pci_config_read(d->dm, slot, d->pci.msix + PCI_MSIX_CONTROL, 2) & 0x7ff);
	uint32_t table = driver_pci_config_read(d->dm, slot, d->pci.msix + PCI_MSIX_TABLE, 4);
	require((table & 7) == 0);
	d->pci.table = DRIVER_BAR(d->index) + table;
}

void driver_pci_enable(struct driver *d)
{
	unsigned slot = d->index + 1, notify = driver_pci_find(d->dm, slot, PCI_CAP_ID_VENDOR,
					      VIRTIO_PCI_CAP_NOTIFY_CFG);

	driver_pci_config_write(d->dm, slot, PCI_BAR0, 4, (uint32_t)DRIVER_BAR(d->index));
	driver_pci_config_write(
		d->dm, slot, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	d->pci.common = structure(d, VIRTIO_PCI_CAP_COMMON_CFG);
	d->pci.isr = structure(d, VIRTIO_PCI_CAP_ISR_CFG);
	d->pci.device = structure(d, VIRTIO_PCI_CAP_DEVICE_CFG);
	d->pci.notify = structure(d, VIRTIO_PCI_CAP_NOTIFY_CFG);
	d->pci.multiplier =
		driver_pci_config_read(d->dm, slot, notify + VIRTIO_PCI_CAP_MULTIPLIER, 4);
	find_msix(d);
	if (d->use_msix && d->pci.msix != 0)
		enable_msix(d);
}

/* ---- registers ---- */

uint64_t driver_pci_read(struct driver *d, uint64_t addr, unsigned size)
{
	uint64_t value = 0;

	require(dm_mmio_read(d->dm, gpa(addr), size, &value));
	return value;
}

void driver_pci_write(struct driver *d, uint64_t addr, unsigned size, uint64_t value)
{
	require(dm_mmio_write(d->dm, gpa(addr), size, value) == DM_MMIO_DONE);
}

/* Where in the common configuration what virtio-mmio has is. */
static const struct {
	uint16_t mmio;
	uint8_t common, size;
} same[] = {
	{VIRTIO_MMIO_DEVICE_FEATURES, VIRTIO_PCI_COMMON_DEVICE_FEATURE, 4},
	{VIRTIO_MMIO_DEVICE_FEATURES_SEL, VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT, 4},
	{VIRTIO_MMIO_DRIVER_FEATURES, VIRTIO_PCI_COMMON_DRIVER_FEATURE, 4},
	{VIRTIO_MMIO_DRIVER_FEATURES_SEL, VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT, 4},
	{VIRTIO_MMIO_QUEUE_SEL, VIRTIO_PCI_COMMON_QUEUE_SELECT, 2},
	{VIRTIO_MMIO_QUEUE_NUM_MAX, VIRTIO_PCI_COMMON_QUEUE_SIZE, 2},
	{VIRTIO_MMIO_QUEUE_NUM, VIRTIO_PCI_COMMON_QUEUE_SIZE, 2},
	{VIRTIO_MMIO_QUEUE_READY, VIRTIO_PCI_COMMON_QUEUE_ENABLE, 2},
	{VIRTIO_MMIO_QUEUE_RESET, VIRTIO_PCI_COMMON_QUEUE_RESET, 2},
	{VIRTIO_MMIO_STATUS, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1},
	{VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_PCI_COMMON_QUEUE_DESC, 4},
	{VIRTIO_MMIO_QUEUE_DESC_HIGH, VIRTIO_PCI_COMMON_QUEUE_DESC + 4, 4},
	{VIRTIO_MMIO_QUEUE_DRIVER_LOW, VIRTIO_PCI_COMMON_QUEUE_DRIVER, 4},
	{VIRTIO_MMIO_QUEUE_DRIVER_HIGH, VIRTIO_PCI_COMMON_QUEUE_DRIVER + 4, 4},
	{VIRTIO_MMIO_QUEUE_DEVICE_LOW, VIRTIO_PCI_COMMON_QUEUE_DEVICE, 4},
	{VIRTIO_MMIO_QUEUE_DEVICE_HIGH, VIRTIO_PCI_COMMON_QUEUE_DEVICE + 4, 4},
	{VIRTIO_MMIO_CONFIG_GENERATION, VIRTIO_PCI_COMMON_CONFIG_GENERATION, 1},
};

static unsigned row_of(unsigned offset)
{
	unsigned i = 0;

	while (i < sizeof(same) / sizeof(same[0]) && same[i].mmio != offset)
		i++;
	require(i < sizeof(same) / sizeof(same[0]));
	return i;
}

uint32_t driver_pci_register_read(struct driver *d, unsigned offset)
{
	if (offset == VIRTIO_MMIO_INTERRUPT_STATUS)
		return (uint32_t)driver_pci_read(d, d->pci.isr, 1);
	unsigned i = row_of(offset);
	return (uint32_t)driver_pci_read(d, d->pci.common + same[i].common, same[i].size);
}

/* Where no queue is, another place of the structure. */
static void notify(struct driver *d, uint32_t q)
{
	uint64_t select = d->pci.common + VIRTIO_PCI_COMMON_QUEUE_SELECT, at = 1000;
	uint64_t selected = driver_pci_read(d, select, 2);

	if (q < DRIVER_QUEUES) {
		driver_pci_write(d, select, 2, q);
		at = driver_pci_read(d, d->pci.common + VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF, 2);
		driver_pci_write(d, select, 2, selected);
	}
	driver_pci_write(d, d->pci.notify + at * d->pci.multiplier, 2, q & 0xffff);
}

/* A vector of its own for each queue, the last one for the configuration. */
static void set_vectors(struct driver *d)
{
	uint64_t queue = d->pci.common + VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR,
		 config = d->pci.common + VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR;
	uint64_t q = driver_pci_read(d, d->pci.common + VIRTIO_PCI_COMMON_QUEUE_SELECT, 2);

	if (driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET)
		return;
	driver_pci_write(d, queue, 2, q);
	require(driver_pci_read(d, queue, 2) == q);
	driver_pci_write(d, config, 2, d->pci.vectors - 1);
	require(driver_pci_read(d, config, 2) == d->pci.vectors - 1);
}

void driver_pci_register_write(struct driver *d, unsigned offset, uint32_t value)
{
	if (offset == VIRTIO_MMIO_INTERRUPT_ACK)
		return; /* reading it was enough */
	if (offset == VIRTIO_MMIO_QUEUE_NOTIFY) {
		notify(d, value);
		return;
	}
	if (offset == VIRTIO_MMIO_QUEUE_READY && value == 1 && d->use_msix && d->pci.vectors > 0)
		set_vectors(d);
	unsigned i = row_of(offset), unused = 32 - 8u * same[i].size;
	driver_pci_write(
		d, d->pci.common + same[i].common, same[i].size, value << unused >> unused);
}
