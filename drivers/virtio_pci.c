/* SPDX-License-Identifier: MIT */
#include "drivers/virtio_pci.h"

#include <stdio.h>

#include "drivers/io.h"
#include "include/abi/virtio_pci.h"
#include "lib/addr.h"
#include "lib/log.h"

#define DEVICE_FIRST 0x1000u /* transitional ones, whose subsystem ID is that of virtio */
#define DEVICE_LAST  0x107fu
#define DOORBELL     2u /* bytes */

#define MSIX_SIZE(control) (((control)&0x7ffu) + 1)
#define MSIX_BAR(where)    ((where)&7u)
#define MSIX_OFFSET(where) ((where) & ~7u)

bool virtio_pci_is(uint16_t vendor, uint16_t device)
{
	return vendor == VIRTIO_PCI_VENDOR && device >= DEVICE_FIRST && device <= DEVICE_LAST;
}

/* ---- registers of the common configuration ---- */

static uintptr_t common(const struct virtio_device *d, unsigned offset)
{
	return d->base + offset;
}

static uint32_t status(const struct virtio_device *d)
{
	return io_read8(common(d, VIRTIO_PCI_COMMON_DEVICE_STATUS));
}

static void set_status(const struct virtio_device *d, uint32_t value)
{
	io_write8(common(d, VIRTIO_PCI_COMMON_DEVICE_STATUS), (uint8_t)value);
}

static uint32_t feature_word(const struct virtio_device *d, unsigned word)
{
	io_write32(common(d, VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT), word);
	return io_read32(common(d, VIRTIO_PCI_COMMON_DEVICE_FEATURE));
}

static uint64_t features(const struct virtio_device *d)
{
	return (uint64_t)feature_word(d, 1) << 32 | feature_word(d, 0);
}

static void set_features(const struct virtio_device *d, uint64_t value)
{
	for (unsigned word = 0; word < 2; word++) {
		io_write32(common(d, VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT), word);
		io_write32(common(d, VIRTIO_PCI_COMMON_DRIVER_FEATURE),
			(uint32_t)(value >> 32 * word));
	}
}

static uint32_t generation(const struct virtio_device *d)
{
	return io_read8(common(d, VIRTIO_PCI_COMMON_CONFIG_GENERATION));
}

static unsigned queue_size(const struct virtio_device *d, unsigned queue)
{
	if (queue >= io_read16(common(d, VIRTIO_PCI_COMMON_NUM_QUEUES)))
		return 0;
	io_write16(common(d, VIRTIO_PCI_COMMON_QUEUE_SELECT), (uint16_t)queue);
	return io_read16(common(d, VIRTIO_PCI_COMMON_QUEUE_SIZE));
}

static void set_address(const struct virtio_device *d, unsigned offset, const void *address)
{
	io_write32(common(d, offset), (uint32_t)(uintptr_t)address);
	io_write32(common(d, offset + 4), (uint32_t)((uint64_t)(uintptr_t)address >> 32));
}

static bool set_vector(const struct virtio_device *d, unsigned offset, unsigned vector)
{
	if (vector == VIRTIO_NO_VECTOR)
		return true;
	io_write16(common(d, offset), (uint16_t)vector);
	return io_read16(common(d, offset)) == vector;
}

static bool queue_start(const struct virtio_device *d, struct virtio_ring *ring, unsigned vector)
{
	uint64_t doorbell;

	io_write16(common(d, VIRTIO_PCI_COMMON_QUEUE_SELECT), ring->number);
	io_write16(common(d, VIRTIO_PCI_COMMON_QUEUE_SIZE), ring->size);
	doorbell =
		(uint64_t)io_read16(common(d, VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF)) * d->notify_step;
	if (!range_inside(doorbell, DOORBELL, 0, d->notify_size) ||
		!set_vector(d, VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR, vector))
		return false;
	ring->doorbell = d->notify + (uintptr_t)doorbell;
	set_address(d, VIRTIO_PCI_COMMON_QUEUE_DESC, ring->desc);
	set_address(d, VIRTIO_PCI_COMMON_QUEUE_DRIVER, ring->avail);
	set_address(d, VIRTIO_PCI_COMMON_QUEUE_DEVICE, ring->used);
	io_write16(common(d, VIRTIO_PCI_COMMON_QUEUE_ENABLE), 1);
	return io_read16(common(d, VIRTIO_PCI_COMMON_QUEUE_ENABLE)) == 1;
}

static void notify(const struct virtio_ring *ring)
{
	io_write16(ring->doorbell, ring->number);
}

/* ---- interrupts ---- */

/* Reading it acknowledges. */
static uint32_t interrupts(const struct virtio_device *d)
{
	return io_read8(d->isr);
}

static void set_message(
	const struct virtio_device *d, unsigned vector, const struct driver_msi *msi)
{
	uintptr_t entry = d->vectors + (uintptr_t)PCI_MSIX_ENTRY_SIZE * vector;

	io_write32(entry + PCI_MSIX_ENTRY_ADDR_LOW, (uint32_t)msi->addr);
	io_write32(entry + PCI_MSIX_ENTRY_ADDR_HIGH, (uint32_t)(msi->addr >> 32));
	io_write32(entry + PCI_MSIX_ENTRY_DATA, msi->data);
	io_write32(entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
}

static void use_messages(const struct virtio_device *d, bool on)
{
	uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	if (d->msix)
		io_write16(
			d->function + d->msix + PCI_MSIX_CONTROL, on ? PCI_MSIX_CONTROL_ENABLE : 0);
	io_write16(d->function + PCI_COMMAND,
		(uint16_t)(on ? command | PCI_COMMAND_INTX_DISABLE : command));
	if (on)
		io_write16(common(d, VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR), VIRTIO_VECTOR_SHARED);
}

static void cut_off(const struct virtio_device *d)
{
	io_write16(d->function + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE);
}

static const struct virtio_transport pci = {
	.status = status,
	.set_status = set_status,
	.features = features,
	.set_features = set_features,
	.generation = generation,
	.queue_size = queue_size,
	.queue_start = queue_start,
	.notify = notify,
	.interrupts = interrupts,
	.set_message = set_message,
	.use_messages = use_messages,
	.cut_off = cut_off,
};

/* ---- finding the parts ---- */

/* The CPU's address of `size` bytes in a BAR, mapped; 0: they are not in it. */
static uintptr_t map(const struct pci_function *f, unsigned bar, uint32_t offset, uint64_t size)
{
	if (bar >= PCI_BARS || !size || !range_inside(offset, size, 0, f->bar[bar].size))
		return 0;
	driver_map(f->bar[bar].base + offset, size);
	return (uintptr_t)(f->bar[bar].base + offset);
}

/* The structure of that type, `min` bytes at least; the first that is usable counts. */
static uintptr_t find(const struct pci_function *f, uint8_t type, uint32_t min, uint32_t *size,
	uint32_t *multiplier)
{
	unsigned at;

	for (unsigned n = 0; (at = pci_capability(f, PCI_CAP_ID_VENDOR, n)) > 0; n++) {
		uintptr_t cap = f->config + at;
		uintptr_t address;

		if (io_read8(cap + VIRTIO_PCI_CAP_CFG_TYPE) != type)
			continue;
		*size = io_read32(cap + VIRTIO_PCI_CAP_LENGTH);
		if (multiplier)
			*multiplier = io_read32(cap + VIRTIO_PCI_CAP_MULTIPLIER);
		address = *size < min ? 0
				      : map(f, io_read8(cap + VIRTIO_PCI_CAP_BAR),
						io_read32(cap + VIRTIO_PCI_CAP_OFFSET), *size);
		if (address)
			return address;
	}
	return 0;
}

static void find_vectors(const struct pci_function *f, struct virtio_device *out)
{
	uint32_t table;
	unsigned n;

	out->msix = pci_capability(f, PCI_CAP_ID_MSIX, 0);
	if (!out->msix || !f->messages)
		return;
	table = io_read32(f->config + out->msix + PCI_MSIX_TABLE);
	n = MSIX_SIZE(io_read16(f->config + out->msix + PCI_MSIX_CONTROL));
	out->vectors =
		map(f, MSIX_BAR(table), MSIX_OFFSET(table), (uint64_t)n * PCI_MSIX_ENTRY_SIZE);
	out->n_vectors = out->vectors ? n : 0;
}

static uint16_t device_id(const struct pci_function *f)
{
	if (f->device > VIRTIO_PCI_DEVICE_BASE)
		return (uint16_t)(f->device - VIRTIO_PCI_DEVICE_BASE);
	return io_read16(f->config + PCI_SUBSYSTEM_ID);
}

bool virtio_pci_find(const struct pci_function *f, struct virtio_device *out)
{
	uint32_t size;

	*out = (struct virtio_device){
		.transport = &pci,
		.id = device_id(f),
		.function = f->config,
		.irq = f->irq,
	};
	snprintf(out->where, sizeof(out->where), "pci %02x:%02x.%x", f->bus, f->slot, f->number);
	out->base =
		find(f, VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_COMMON_QUEUE_DEVICE + 8, &size, NULL);
	out->notify =
		find(f, VIRTIO_PCI_CAP_NOTIFY_CFG, DOORBELL, &out->notify_size, &out->notify_step);
	out->isr = find(f, VIRTIO_PCI_CAP_ISR_CFG, 1, &size, NULL);
	out->config = find(f, VIRTIO_PCI_CAP_DEVICE_CFG, 1, &size, NULL);
	out->config_size = out->config ? size : 0;
	find_vectors(f, out);
	if (out->base && out->notify && out->isr)
		return true;
	log_line("%s: a virtio device without the registers of version 1", out->where);
	return false;
}
