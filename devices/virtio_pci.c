/* SPDX-License-Identifier: MIT */
/*
 * The registers in the BAR of a virtio function, a page for each
 * structure. A register takes an access of its own width (halves for 64 bits) and ignores any other; 8 bytes
 * are two of 4.
 */
#include "devices/virtio_pci_parts.h"

/* ---- the common configuration ---- */

/* Where a register starts: its bytes. */
static const uint8_t common_size[VIRTIO_PCI_COMMON_SIZE] = {
	[VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT] = 4,
	[VIRTIO_PCI_COMMON_DEVICE_FEATURE] = 4,
	[VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT] = 4,
	[VIRTIO_PCI_COMMON_DRIVER_FEATURE] = 4,
	[VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR] = 2,
	[VIRTIO_PCI_COMMON_NUM_QUEUES] = 2,
	[VIRTIO_PCI_COMMON_DEVICE_STATUS] = 1,
	[VIRTIO_PCI_COMMON_CONFIG_GENERATION] = 1,
	[VIRTIO_PCI_COMMON_QUEUE_SELECT] = 2,
	[VIRTIO_PCI_COMMON_QUEUE_SIZE] = 2,
	[VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR] = 2,
	[VIRTIO_PCI_COMMON_QUEUE_ENABLE] = 2,
	[VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF] = 2,
	[VIRTIO_PCI_COMMON_QUEUE_DESC] = 4,
	[VIRTIO_PCI_COMMON_QUEUE_DESC + 4] = 4,
	[VIRTIO_PCI_COMMON_QUEUE_DRIVER] = 4,
	[VIRTIO_PCI_COMMON_QUEUE_DRIVER + 4] = 4,
	[VIRTIO_PCI_COMMON_QUEUE_DEVICE] = 4,
	[VIRTIO_PCI_COMMON_QUEUE_DEVICE + 4] = 4,
	[VIRTIO_PCI_COMMON_QUEUE_RESET] = 2,
};

static bool in_rings(unsigned offset)
{
	return offset >= VIRTIO_PCI_COMMON_QUEUE_DESC &&
	       offset < VIRTIO_PCI_COMMON_QUEUE_NOTIFY_DATA;
}

static enum device_ring ring_of(unsigned offset)
{
	return (enum device_ring)((offset - VIRTIO_PCI_COMMON_QUEUE_DESC) / 4);
}

static uint32_t read_queue(struct device *dev, unsigned offset)
{
	const struct virtqueue *vq = device_queue(dev);

	if (!vq)
		return offset == VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR ? VIRTIO_PCI_MSI_NO_VECTOR : 0;
	switch (offset) {
	case VIRTIO_PCI_COMMON_QUEUE_SIZE:
		return vq->size;
	case VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR:
		return dev->pci->queue_vector[dev->queue_sel];
	case VIRTIO_PCI_COMMON_QUEUE_ENABLE:
		return vq->ready || device_stopping(dev);
	case VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF:
		return dev->queue_sel;
	case VIRTIO_PCI_COMMON_QUEUE_RESET:
		return device_stopping(dev);
	default:
		return in_rings(offset) ? device_ring(dev, ring_of(offset)) : 0;
	}
}

static uint32_t read_common(struct device *dev, unsigned offset)
{
	switch (offset) {
	case VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT:
		return dev->features_sel;
	case VIRTIO_PCI_COMMON_DEVICE_FEATURE:
		return device_offered(dev);
	case VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT:
		return dev->driver_features_sel;
	case VIRTIO_PCI_COMMON_DRIVER_FEATURE:
		return device_accepted(dev);
	case VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR:
		return dev->pci->config_vector;
	case VIRTIO_PCI_COMMON_NUM_QUEUES:
		return dev->n_queues;
	case VIRTIO_PCI_COMMON_DEVICE_STATUS:
		return dev->status;
	case VIRTIO_PCI_COMMON_CONFIG_GENERATION:
		return dev->config_generation;
	case VIRTIO_PCI_COMMON_QUEUE_SELECT:
		return dev->queue_sel;
	default:
		return read_queue(dev, offset);
	}
}

static void write_status(struct device *dev, uint32_t value)
{
	if (value != 0 && !(dev->status & VIRTIO_STATUS_NEEDS_RESET))
		device_set_status(dev, value);
	else if (value == 0 && !dev->resetting)
		device_reset(dev);
}

/* A vector that is not there is none, which the driver reads back. */
static uint16_t vector(const struct device *dev, uint32_t value)
{
	return value < dev->pci->n_vectors ? (uint16_t)value : VIRTIO_PCI_MSI_NO_VECTOR;
}

static void write_queue(struct device *dev, unsigned offset, uint32_t value)
{
	if (!device_queue(dev))
		return;
	switch (offset) {
	case VIRTIO_PCI_COMMON_QUEUE_SIZE:
		device_set_queue_size(dev, value);
		break;
	case VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR:
		dev->pci->queue_vector[dev->queue_sel] = vector(dev, value);
		break;
	case VIRTIO_PCI_COMMON_QUEUE_ENABLE:
		if (value == 1)
			device_start_queue(dev);
		break;
	case VIRTIO_PCI_COMMON_QUEUE_RESET:
		if (value != 1 || !device_has(dev, VIRTIO_F_RING_RESET))
			break;
		dev->pci->queue_vector[dev->queue_sel] = VIRTIO_PCI_MSI_NO_VECTOR;
		device_stop_queue(dev, true);
		break;
	default:
		if (in_rings(offset))
			device_set_ring(dev, ring_of(offset), value);
	}
}

static void write_common(struct device *dev, unsigned offset, uint32_t value)
{
	if (offset == VIRTIO_PCI_COMMON_DEVICE_STATUS) {
		write_status(dev, value);
		return;
	}
	if (dev->status & VIRTIO_STATUS_NEEDS_RESET)
		return;
	switch (offset) {
	case VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT:
		dev->features_sel = value;
		break;
	case VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT:
		dev->driver_features_sel = value;
		break;
	case VIRTIO_PCI_COMMON_DRIVER_FEATURE:
		device_accept(dev, value);
		break;
	case VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR:
		dev->pci->config_vector = vector(dev, value);
		break;
	case VIRTIO_PCI_COMMON_QUEUE_SELECT:
		dev->queue_sel = value;
		break;
	default:
		write_queue(dev, offset, value);
	}
}

/* ---- the BAR ---- */

static bool is_common(unsigned at, unsigned size)
{
	return at < VIRTIO_PCI_COMMON_SIZE && common_size[at] == size;
}

/* Reading it is acknowledging it. */
static uint32_t read_isr(struct device *dev)
{
	uint32_t isr = dev->isr;

	dev->isr = 0;
	virtio_pci_msix_update(dev);
	return isr;
}

static uint64_t read_page(struct device *dev, enum virtio_pci_page page, unsigned at, unsigned size)
{
	switch (page) {
	case PAGE_COMMON:
		return is_common(at, size) ? read_common(dev, at) : 0;
	case PAGE_ISR:
		return at == 0 ? read_isr(dev) : 0;
	case PAGE_DEVICE:
		return device_read_config(dev, at, size);
	case PAGE_TABLE:
		return size == 4 ? virtio_pci_msix_read_table(dev, at) : 0;
	case PAGE_PBA:
		return size == 4 && at == 0 ? dev->pci->pending : 0;
	default:
		return 0;
	}
}

uint64_t virtio_pci_read(struct device *dev, unsigned offset, unsigned size)
{
	enum virtio_pci_page page = (enum virtio_pci_page)(offset / VIRTIO_PCI_PAGE);
	unsigned at = offset % VIRTIO_PCI_PAGE;

	if (size < 8)
		return read_page(dev, page, at, size);
	uint64_t low = read_page(dev, page, at, 4);
	return low | read_page(dev, page, at + 4, 4) << 32;
}

static void write_page(
	struct device *dev, enum virtio_pci_page page, unsigned at, unsigned size, uint64_t value)
{
	switch (page) {
	case PAGE_COMMON:
		if (is_common(at, size))
			write_common(dev, at, (uint32_t)value);
		break;
	case PAGE_DEVICE:
		device_write_config(dev, at, size, value);
		break;
	case PAGE_TABLE:
		if (size == 4)
			virtio_pci_msix_write_table(dev, at, (uint32_t)value);
		break;
	default:
		break;
	}
}

/* Out of line, so that a kick needs no stack frame. */
__attribute__((noinline)) static void write_register(
	struct device *dev, unsigned offset, unsigned size, uint64_t value)
{
	enum virtio_pci_page page = (enum virtio_pci_page)(offset / VIRTIO_PCI_PAGE);
	unsigned at = offset % VIRTIO_PCI_PAGE;

	write_page(dev, page, at, size < 8 ? size : 4, size < 8 ? value : (uint32_t)value);
	if (size == 8)
		write_page(dev, page, at + 4, 4, value >> 32);
}

void virtio_pci_write(struct device *dev, unsigned offset, unsigned size, uint64_t value)
{
	if (offset / VIRTIO_PCI_PAGE == PAGE_NOTIFY)
		device_kick(dev, offset % VIRTIO_PCI_PAGE / VIRTIO_PCI_NOTIFY_MULTIPLIER);
	else
		write_register(dev, offset, size, value);
}

/* ---- for device.c ---- */

void virtio_pci_reset(struct device *dev)
{
	struct virtio_pci *pci = dev->pci;

	dev->isr = 0;
	pci->pending = 0;
	pci->config_vector = VIRTIO_PCI_MSI_NO_VECTOR;
	for (unsigned q = 0; q < DEVICE_QUEUES_MAX; q++)
		pci->queue_vector[q] = VIRTIO_PCI_MSI_NO_VECTOR;
	virtio_pci_msix_update(dev);
}
