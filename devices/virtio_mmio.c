/* SPDX-License-Identifier: MIT */
/*
 * The virtio-mmio register window. Registers are 32 bits wide and any other
 * access to them reads 0 or is ignored; only the configuration space takes
 * every width. A write records; queues are run later, by device_run().
 *
 * Linux does not look whether a reset is over, so the write that asks for one is answered only then.
 */
#include "devices/virtio_mmio.h"

#define VENDOR_ID 0x52505356u /* "VSPR" */

/* A shared memory region that does not exist is this long (virtio 1.2, 4.2.2). */
#define NO_REGION UINT32_MAX

/* The line is high as long as a bit of the status is. */
void virtio_mmio_set_isr(struct device *dev, uint32_t isr)
{
	bool was = dev->isr != 0, is = isr != 0;

	dev->isr = isr;
	if (was != is)
		host_irq(dev->host, GUEST_VIRTIO_IRQ + dev->index, is);
}

static uint32_t read_queue(const struct device *dev, unsigned offset)
{
	if (dev->queue_sel >= dev->n_queues)
		return 0;
	const struct virtqueue *vq = &dev->queue[dev->queue_sel];
	if (offset == VIRTIO_MMIO_QUEUE_NUM_MAX)
		return vq->max;
	return device_stopping(dev) || (offset == VIRTIO_MMIO_QUEUE_READY && vq->ready);
}

static uint32_t read_register(const struct device *dev, unsigned offset)
{
	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return VIRTIO_MMIO_MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VIRTIO_MMIO_VERSION_MODERN;
	case VIRTIO_MMIO_DEVICE_ID:
		return dev->ops->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR_ID;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return device_offered(dev);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
	case VIRTIO_MMIO_QUEUE_READY:
	case VIRTIO_MMIO_QUEUE_RESET:
		return read_queue(dev, offset);
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return dev->isr;
	case VIRTIO_MMIO_STATUS:
		return dev->status;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		return NO_REGION;
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return dev->config_generation;
	default:
		return 0;
	}
}

uint64_t virtio_mmio_read(const struct device *dev, unsigned offset, unsigned size)
{
	if (offset >= VIRTIO_MMIO_CONFIG)
		return device_read_config(dev, offset - VIRTIO_MMIO_CONFIG, size);
	return size == 4 ? read_register(dev, offset) : 0;
}

/* ---- writes; false as virtio_mmio_write() ---- */

static bool write_status(struct device *dev, uint32_t value)
{
	if (value == 0 && !dev->resetting)
		device_reset(dev);
	else if (value != 0 && !(dev->status & VIRTIO_STATUS_NEEDS_RESET))
		device_set_status(dev, value);
	return value != 0 || !dev->resetting;
}

static bool write_ready(struct device *dev, uint32_t value)
{
	if (value == 0)
		device_stop_queue(dev, false);
	else
		device_start_queue(dev);
	return value != 0 || !device_stopping(dev);
}

static bool write_reset(struct device *dev, uint32_t value)
{
	if (value != 1 || !device_has(dev, VIRTIO_F_RING_RESET))
		return true;
	device_stop_queue(dev, true);
	return !device_stopping(dev);
}

/* The three pairs of a queue's addresses. */
static void write_ring(struct device *dev, unsigned offset, uint32_t value)
{
	unsigned at = offset - VIRTIO_MMIO_QUEUE_DESC_LOW;

	if (at % 16 < 8 && at < 0x30)
		device_set_ring(dev, at / 16 * 2 + at % 16 / 4, value);
}

static bool write_register(struct device *dev, unsigned offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		dev->features_sel = value;
		return true;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		dev->driver_features_sel = value;
		return true;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		device_accept(dev, value);
		return true;
	case VIRTIO_MMIO_QUEUE_SEL:
		dev->queue_sel = value;
		return true;
	case VIRTIO_MMIO_QUEUE_NUM:
		device_set_queue_size(dev, value);
		return true;
	case VIRTIO_MMIO_QUEUE_READY:
		return write_ready(dev, value);
	case VIRTIO_MMIO_QUEUE_RESET:
		return write_reset(dev, value);
	default:
		write_ring(dev, offset, value);
		return true;
	}
}

bool virtio_mmio_write(struct device *dev, unsigned offset, unsigned size, uint64_t value)
{
	if (offset >= VIRTIO_MMIO_CONFIG) {
		device_write_config(dev, offset - VIRTIO_MMIO_CONFIG, size, value);
		return true;
	}
	if (size != 4)
		return true;
	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		device_kick(dev, (uint32_t)value);
		return true;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		virtio_mmio_set_isr(dev, dev->isr & ~(uint32_t)value);
		return true;
	case VIRTIO_MMIO_STATUS:
		return write_status(dev, (uint32_t)value);
	}
	return (dev->status & VIRTIO_STATUS_NEEDS_RESET) ||
	       write_register(dev, offset, (uint32_t)value);
}
