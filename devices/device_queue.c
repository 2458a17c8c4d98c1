/* SPDX-License-Identifier: MIT */
/* How a driver sets up, starts and stops the queue that it selected: see device.h. */
#include "devices/device.h"

static gpa_t *ring_address(struct virtqueue *vq, enum device_ring which)
{
	gpa_t *const ring[] = {&vq->desc, &vq->avail, &vq->used};

	return ring[which / 2];
}

/* NULL: it may not be changed now. */
static struct virtqueue *changeable(struct device *dev)
{
	struct virtqueue *vq = device_queue(dev);

	if (!vq || vq->ready || device_stopping(dev) || !(dev->status & VIRTIO_STATUS_FEATURES_OK))
		return NULL;
	return vq;
}

void device_set_ring(struct device *dev, enum device_ring which, uint32_t value)
{
	struct virtqueue *vq = changeable(dev);
	unsigned shift = which % 2 * 32;

	if (!vq)
		return;
	gpa_t *ring = ring_address(vq, which);
	ring->a = (ring->a & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value << shift;
}

uint32_t device_ring(struct device *dev, enum device_ring which)
{
	struct virtqueue *vq = device_queue(dev);

	return vq ? (uint32_t)(ring_address(vq, which)->a >> (which % 2 * 32)) : 0;
}

void device_set_queue_size(struct device *dev, uint32_t value)
{
	struct virtqueue *vq = changeable(dev);

	if (vq)
		vq->size = value <= vq->max ? (uint16_t)value : 0;
}

void device_start_queue(struct device *dev)
{
	struct virtqueue *vq = changeable(dev);

	if (!vq)
		return;
	vq->event_idx = device_has(dev, VIRTIO_F_EVENT_IDX);
	vq->indirect = device_has(dev, VIRTIO_F_INDIRECT_DESC);
	vq->packed = device_has(dev, VIRTIO_F_RING_PACKED);
	if (virtqueue_start(vq))
		device_kick(dev, dev->queue_sel);
	else
		device_break(dev, dev->queue_sel);
}

void device_stop_queue(struct device *dev, bool forget)
{
	struct virtqueue *vq = device_queue(dev);
	unsigned q = dev->queue_sel;

	if (!vq || device_stopping(dev))
		return;
	if (forget)
		virtqueue_reset(vq);
	else
		virtqueue_stop(vq);
	if (dev->ops->reset_queue)
		dev->ops->reset_queue(dev, q);
	dev->kicked &= ~(1u << q);
	dev->notify &= ~(1u << q);
	if (dev->lent_queue[q] > 0)
		dev->stopping |= 1u << q;
}
