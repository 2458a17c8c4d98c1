/* SPDX-License-Identifier: MIT */
/*
 * What a virtio device is through either transport (virtio 1.2, chapters 2 and 3): status and
 * features, running queues and telling the driver, and the end of what is lent. device_queue.c sets queues up.
 *
 * A broken ring sets DEVICE_NEEDS_RESET once. From then on the driver can only
 * acknowledge interrupts and reset. A reset, of the device or of a queue, is over only when the
 * host has given back all that was lent: until then it may still write into guest memory.
 */
#include <string.h>

#include "devices/virtio_mmio.h"
#include "devices/virtio_pci.h"

#define TRANSPORT_FEATURES                                                                  \
	(VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) | VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX) |      \
		VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_RING_PACKED) | \
		VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

_Static_assert(DEVICE_QUEUES_MAX < 32, "a bit for each queue");

/* ---- interrupts ---- */

static void interrupt(struct device *dev, uint32_t cause, unsigned q)
{
	if (dev->pci)
		virtio_pci_interrupt(dev, cause, q);
	else
		virtio_mmio_set_isr(dev, dev->isr | cause);
}

/* Before DRIVER_OK nobody listens: the driver finds the status bit, or reads the configuration. */
static void interrupt_config(struct device *dev)
{
	if (dev->status & VIRTIO_STATUS_DRIVER_OK)
		interrupt(dev, VIRTIO_INTERRUPT_CONFIG, 0);
}

void device_config_changed(struct device *dev)
{
	dev->config_generation++;
	interrupt_config(dev);
}

void device_break(struct device *dev, unsigned q)
{
	dev->status |= VIRTIO_STATUS_NEEDS_RESET;
	dev->kicked = 0;
	if (dev->ops->reset_queue)
		dev->ops->reset_queue(dev, q);
	interrupt_config(dev);
	host_trace(dev->host, DM_RING_BROKEN, dev->index, q);
}

/* ---- status and features ---- */

static uint64_t offered(const struct device *dev)
{
	return TRANSPORT_FEATURES |
	       (dev->ops->offered ? dev->ops->offered(dev) : dev->ops->features);
}

static uint32_t half(uint64_t value, uint32_t sel)
{
	return sel < 2 ? (uint32_t)(value >> (32 * sel)) : 0;
}

uint32_t device_offered(const struct device *dev)
{
	return half(offered(dev), dev->features_sel);
}

uint32_t device_accepted(const struct device *dev)
{
	return half(dev->driver_features, dev->driver_features_sel);
}

void device_accept(struct device *dev, uint32_t value)
{
	unsigned shift = 32 * dev->driver_features_sel;

	if ((dev->status & VIRTIO_STATUS_FEATURES_OK) || dev->driver_features_sel > 1)
		return;
	dev->driver_features &= ~((uint64_t)UINT32_MAX << shift);
	dev->driver_features |= (uint64_t)value << shift;
}

static bool features_acceptable(const struct device *dev)
{
	return device_has(dev, VIRTIO_F_VERSION_1) && !(dev->driver_features & ~offered(dev));
}

static uint32_t all_queues(const struct device *dev)
{
	return (1u << dev->n_queues) - 1;
}

/* Bits only come; the one way to lose them is a reset. */
void device_set_status(struct device *dev, uint32_t value)
{
	uint32_t settable = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FAILED;
	uint32_t before = dev->status;

	if (features_acceptable(dev))
		settable |= VIRTIO_STATUS_FEATURES_OK;
	if ((before | (value & settable)) & VIRTIO_STATUS_FEATURES_OK)
		settable |= VIRTIO_STATUS_DRIVER_OK;
	dev->status |= value & settable;
	/* What was made available before counts from now on. */
	if (~before & dev->status & VIRTIO_STATUS_DRIVER_OK)
		dev->kicked = all_queues(dev);
}

/* ---- resets ---- */

static void reset_transport(struct device *dev)
{
	if (dev->pci)
		virtio_pci_reset(dev);
	else
		virtio_mmio_set_isr(dev, 0);
}

void device_reset(struct device *dev)
{
	for (unsigned q = 0; q < dev->n_queues; q++)
		virtqueue_reset(&dev->queue[q]);
	dev->generation++;
	dev->features_sel = dev->driver_features_sel = dev->queue_sel = 0;
	dev->driver_features = 0;
	dev->status = 0;
	if (dev->ops->reset)
		dev->ops->reset(dev);
	dev->kicked = dev->notify = dev->stopping = 0;
	reset_transport(dev);
	dev->resetting = dev->lent > 0;
	if (dev->resetting)
		dev->status = VIRTIO_STATUS_NEEDS_RESET;
}

/* ---- configuration ---- */

/* Out of line, so that a register load needs no stack frame. */
__attribute__((noinline)) uint64_t device_read_config(
	const struct device *dev, unsigned offset, unsigned size)
{
	uint64_t value = 0;
	size_t have = 0;
	const char *config = dev->ops->config ? dev->ops->config(dev, &have) : NULL;

	if (offset < have)
		memcpy(&value, config + offset, have - offset < size ? have - offset : size);
	return value;
}

void device_write_config(struct device *dev, unsigned offset, unsigned size, uint64_t value)
{
	if (dev->ops->set_config && !(dev->status & VIRTIO_STATUS_NEEDS_RESET))
		dev->ops->set_config(dev, offset, size, value);
}

/* ---- running ---- */

static bool live(const struct device *dev)
{
	uint32_t must = VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET;

	return (dev->status & must) == VIRTIO_STATUS_DRIVER_OK &&
	       (!dev->pci || virtio_pci_is_master(dev));
}

static void run_queue(struct device *dev, unsigned q, struct vq_chain *chain)
{
	if (!dev->queue[q].ready)
		return;
	dev->notify |= 1u << q;
	if (dev->ops->run(dev, q, chain))
		dev->kicked |= 1u << q;
}

static void notify_queue(struct device *dev, unsigned q)
{
	struct virtqueue *vq = &dev->queue[q];

	if (vq->broken)
		device_break(dev, q);
	else if (vq->ready && virtqueue_should_notify(vq))
		interrupt(dev, VIRTIO_INTERRUPT_USED, q);
}

bool device_run(struct device *dev, struct vq_chain *chain)
{
	uint32_t todo = dev->kicked;

	dev->kicked = 0;
	for (unsigned q = 0; todo != 0 && live(dev); q++, todo >>= 1) {
		if (todo & 1)
			run_queue(dev, q, chain);
	}
	todo = dev->notify;
	dev->notify = 0;
	for (unsigned q = 0; todo != 0 && live(dev); q++, todo >>= 1) {
		if (todo & 1)
			notify_queue(dev, q);
	}
	return dev->kicked != 0;
}

/* ---- requests ---- */

enum dm_answer device_submit(struct device *dev, struct dm_request *request)
{
	request->device = (uint8_t)dev->index;
	enum dm_answer answer = host_submit(dev->host, dev->spec->port, request);
	if (answer == DM_LENT) {
		dev->lent++;
		dev->lent_queue[request->queue]++;
	}
	return answer;
}

void device_request_done(struct device *dev, struct dm_request *request, enum status status)
{
	unsigned q = request->queue;

	dev->lent--;
	dev->lent_queue[q]--;
	dev->ops->done(dev, request, status);
	if (dev->lent_queue[q] == 0)
		dev->stopping &= ~(1u << q);
	if (dev->resetting && dev->lent == 0) {
		dev->resetting = false;
		dev->status = 0;
	}
}
