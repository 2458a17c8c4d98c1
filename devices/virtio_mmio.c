/* SPDX-License-Identifier: MIT */
/*
 * The virtio-mmio register window. Registers are 32 bits wide and any other
 * access to them reads 0 or is ignored; only the configuration space takes
 * every width. A write records; queues are run later, by virtio_mmio_run().
 *
 * A broken ring sets DEVICE_NEEDS_RESET once. From then on the driver can only
 * acknowledge interrupts and reset.
 */
#include <string.h>

#include "devices/virtio_mmio.h"

#define VENDOR_ID 0x52505356u /* "VSPR" */

#define TRANSPORT_FEATURES                                                             \
	(VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) | VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX) | \
		VIRTIO_FEATURE(VIRTIO_F_VERSION_1))

/* A shared memory region that does not exist is this long (virtio 1.2, 4.2.2). */
#define NO_REGION UINT32_MAX

static uint64_t offered(const struct device *dev)
{
	return TRANSPORT_FEATURES | dev->ops->features;
}

static bool negotiated(const struct device *dev, unsigned bit)
{
	return dev->driver_features & VIRTIO_FEATURE(bit);
}

static uint32_t half(uint64_t value, uint32_t sel)
{
	return sel < 2 ? (uint32_t)(value >> (32 * sel)) : 0;
}

/* ---- interrupts: the line is high as long as a bit of the status is ---- */

static void set_isr(struct device *dev, uint32_t isr)
{
	bool was = dev->isr != 0, is = isr != 0;

	dev->isr = isr;
	if (was != is)
		host_irq(dev->host, GUEST_VIRTIO_IRQ + dev->index, is);
}

/* Before DRIVER_OK nobody listens: the driver finds the status bit. */
static void break_device(struct device *dev, unsigned q)
{
	dev->status |= VIRTIO_STATUS_NEEDS_RESET;
	dev->kicked = 0;
	if (dev->status & VIRTIO_STATUS_DRIVER_OK)
		set_isr(dev, dev->isr | VIRTIO_INTERRUPT_CONFIG);
	host_trace(dev->host, DM_RING_BROKEN, dev->index, q);
}

/* ---- reads ---- */

/* Out of line, so that a register load needs no stack frame. */
__attribute__((noinline)) static uint64_t read_config(
	const struct device *dev, unsigned offset, unsigned size)
{
	uint64_t value = 0;
	size_t have = 0;
	const char *config = dev->ops->config ? dev->ops->config(dev, &have) : NULL;

	if (offset < have)
		memcpy(&value, config + offset, have - offset < size ? have - offset : size);
	return value;
}

static uint32_t read_queue(const struct device *dev, unsigned offset)
{
	if (dev->queue_sel >= dev->ops->n_queues)
		return 0;
	return offset == VIRTIO_MMIO_QUEUE_READY ? dev->queue[dev->queue_sel].ready : VIRTQUEUE_MAX;
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
		return half(offered(dev), dev->features_sel);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
	case VIRTIO_MMIO_QUEUE_READY:
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
	default:
		return 0;
	}
}

uint64_t virtio_mmio_read(const struct device *dev, unsigned offset, unsigned size)
{
	if (offset >= VIRTIO_MMIO_CONFIG)
		return read_config(dev, offset - VIRTIO_MMIO_CONFIG, size);
	return size == 4 ? read_register(dev, offset) : 0;
}

/* ---- writes ---- */

void virtio_mmio_reset(struct device *dev)
{
	for (unsigned q = 0; q < dev->ops->n_queues; q++)
		virtqueue_reset(&dev->queue[q], dev->host);
	dev->status = dev->features_sel = dev->driver_features_sel = dev->queue_sel = 0;
	dev->driver_features = 0;
	dev->kicked = 0;
	set_isr(dev, 0);
	if (dev->ops->reset)
		dev->ops->reset(dev);
}

static bool features_acceptable(const struct device *dev)
{
	return negotiated(dev, VIRTIO_F_VERSION_1) && !(dev->driver_features & ~offered(dev));
}

/* Bits only come; the one way to lose them is a reset. */
static void write_status(struct device *dev, uint32_t value)
{
	uint32_t settable = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FAILED;
	uint32_t before = dev->status;

	if (value == 0) {
		virtio_mmio_reset(dev);
		return;
	}
	if (before & VIRTIO_STATUS_NEEDS_RESET)
		return;
	if (features_acceptable(dev))
		settable |= VIRTIO_STATUS_FEATURES_OK;
	if ((before | (value & settable)) & VIRTIO_STATUS_FEATURES_OK)
		settable |= VIRTIO_STATUS_DRIVER_OK;
	dev->status |= value & settable;
	/* What was made available before counts from now on. */
	if (~before & dev->status & VIRTIO_STATUS_DRIVER_OK)
		dev->kicked = (1u << dev->ops->n_queues) - 1;
}

static void write_driver_features(struct device *dev, uint32_t value)
{
	unsigned shift = 32 * dev->driver_features_sel;

	if ((dev->status & VIRTIO_STATUS_FEATURES_OK) || dev->driver_features_sel > 1)
		return;
	dev->driver_features &= ~((uint64_t)UINT32_MAX << shift);
	dev->driver_features |= (uint64_t)value << shift;
}

static void write_ready(struct device *dev, struct virtqueue *vq, uint32_t value)
{
	vq->event_idx = negotiated(dev, VIRTIO_F_EVENT_IDX);
	vq->indirect = negotiated(dev, VIRTIO_F_INDIRECT_DESC);
	if (value == 0)
		vq->ready = false;
	else if (!vq->ready && !virtqueue_start(vq))
		break_device(dev, dev->queue_sel);
}

static void set_low(gpa_t *addr, uint32_t value)
{
	addr->a = (addr->a & ~(uint64_t)UINT32_MAX) | value;
}

static void set_high(gpa_t *addr, uint32_t value)
{
	addr->a = (addr->a & UINT32_MAX) | (uint64_t)value << 32;
}

static void write_ring(struct virtqueue *vq, unsigned offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NUM:
		vq->size = value <= VIRTQUEUE_MAX ? (uint16_t)value : 0;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		set_low(&vq->desc, value);
		break;
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_high(&vq->desc, value);
		break;
	case VIRTIO_MMIO_QUEUE_DRIVER_LOW:
		set_low(&vq->avail, value);
		break;
	case VIRTIO_MMIO_QUEUE_DRIVER_HIGH:
		set_high(&vq->avail, value);
		break;
	case VIRTIO_MMIO_QUEUE_DEVICE_LOW:
		set_low(&vq->used, value);
		break;
	case VIRTIO_MMIO_QUEUE_DEVICE_HIGH:
		set_high(&vq->used, value);
		break;
	}
}

/* A queue is set up after the features are fixed and not while it runs. */
static void write_queue(struct device *dev, unsigned offset, uint32_t value)
{
	if (dev->queue_sel >= dev->ops->n_queues || !(dev->status & VIRTIO_STATUS_FEATURES_OK))
		return;
	struct virtqueue *vq = &dev->queue[dev->queue_sel];
	if (offset == VIRTIO_MMIO_QUEUE_READY)
		write_ready(dev, vq, value);
	else if (!vq->ready)
		write_ring(vq, offset, value);
}

static void write_register(struct device *dev, unsigned offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		dev->features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		dev->driver_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		write_driver_features(dev, value);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		dev->queue_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		if (value < dev->ops->n_queues)
			dev->kicked |= 1u << value;
		break;
	default:
		write_queue(dev, offset, value);
	}
}

void virtio_mmio_write(struct device *dev, unsigned offset, unsigned size, uint64_t value)
{
	if (offset >= VIRTIO_MMIO_CONFIG || size != 4)
		return;
	if (offset == VIRTIO_MMIO_STATUS)
		write_status(dev, (uint32_t)value);
	else if (offset == VIRTIO_MMIO_INTERRUPT_ACK)
		set_isr(dev, dev->isr & ~(uint32_t)value);
	else if (!(dev->status & VIRTIO_STATUS_NEEDS_RESET))
		write_register(dev, offset, (uint32_t)value);
}

/* ---- running ---- */

static bool live(const struct device *dev)
{
	uint32_t must = VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET;
	return (dev->status & must) == VIRTIO_STATUS_DRIVER_OK;
}

static void run_queue(struct device *dev, unsigned q, struct vq_chain *chain)
{
	struct virtqueue *vq = &dev->queue[q];

	if (!vq->ready)
		return;
	if (dev->ops->run(dev, q, chain))
		dev->kicked |= 1u << q;
	if (vq->broken)
		break_device(dev, q);
	else if (virtqueue_should_notify(vq))
		set_isr(dev, dev->isr | VIRTIO_INTERRUPT_USED);
}

bool virtio_mmio_run(struct device *dev, struct vq_chain *chain)
{
	uint32_t kicked = dev->kicked;

	dev->kicked = 0;
	for (unsigned q = 0; q < dev->ops->n_queues && live(dev); q++) {
		if (kicked & (1u << q))
			run_queue(dev, q, chain);
	}
	return dev->kicked != 0;
}
