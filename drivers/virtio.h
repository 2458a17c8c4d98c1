/* SPDX-License-Identifier: MIT */
/*
 * A physical virtio device as its driver sees it, whichever way it is
 * attached: features, queues, configuration, interrupts. The order of use is
 * virtio_begin(), virtio_queue_init() for each queue, virtio_go().
 */
#ifndef VESPER_DRIVERS_VIRTIO_H
#define VESPER_DRIVERS_VIRTIO_H

#include <stddef.h>

#include "drivers/virtio_ring.h"
#include "include/driver_env.h"
#include "include/host_devices.h"

#define VIRTIO_QUEUES_MAX 9 /* that a driver uses: their numbers may be higher */

struct virtio_device;

/* What differs between MMIO and PCI. `queue` is the device's number of it. */
struct virtio_transport {
	uint32_t (*status)(const struct virtio_device *device);
	void (*set_status)(const struct virtio_device *device, uint32_t status);
	uint64_t (*features)(const struct virtio_device *device);
	void (*set_features)(const struct virtio_device *device, uint64_t features);
	uint32_t (*generation)(const struct virtio_device *device);
	unsigned (*queue_size)(const struct virtio_device *device, unsigned queue); /* 0: none */
	/* Queue number ring->number; sets ring->doorbell. `vector`: of its messages, or VIRTIO_NO_VECTOR. */
	bool (*queue_start)(
		const struct virtio_device *device, struct virtio_ring *ring, unsigned vector);
	void (*notify)(const struct virtio_ring *ring);
	/* Which of VIRTIO_INTERRUPT_ there are; they are acknowledged. Not with messages. */
	uint32_t (*interrupts)(const struct virtio_device *device);
	/* With n_vectors: sends the messages of `vector` there. */
	void (*set_message)(
		const struct virtio_device *device, unsigned vector, const struct driver_msi *msi);
	/* NULL: it has a wire only. Messages (vector VIRTIO_VECTOR_SHARED is set), or the wire. */
	void (*use_messages)(const struct virtio_device *device, bool on);
	/* NULL: it can't. Cuts it off from memory. */
	void (*cut_off)(const struct virtio_device *device);
};

#define VIRTIO_NO_VECTOR     0xffffu
#define VIRTIO_VECTOR_SHARED 0u /* configuration, and queues without one of their own */

struct virtio_handler {
	void (*call)(void *owner);
	void *owner;
};

struct virtio_device {
	const struct virtio_transport *transport;
	uintptr_t base;   /* its registers; PCI: the common configuration */
	uintptr_t config; /* the device's own */
	uint32_t config_size;
	uint16_t id;    /* VIRTIO_ID_ */
	char where[24]; /* for people */
	struct host_wire irq;
	uint64_t features; /* that were agreed on */
	bool messages;     /* its interrupts come as such */
	/* PCI only. */
	uintptr_t function;    /* its configuration space */
	unsigned msix;         /* the capability there */
	uintptr_t notify, isr; /* structures of virtio */
	uint32_t notify_size, notify_step;
	uintptr_t vectors;  /* the MSI-X table */
	unsigned n_vectors; /* 0: no messages */

	struct virtio_handler changed; /* its configuration or state */
	unsigned n_queues;
	struct virtio_handler done[VIRTIO_QUEUES_MAX]; /* of the queues that were started */
};

/* ERR_UNSUPPORTED: it lacks one of `needed`. Of `wanted` it may lack some. Resets it first. */
MUST_CHECK enum status virtio_begin(struct virtio_device *device, uint64_t needed, uint64_t wanted);

static inline bool virtio_has(const struct virtio_device *device, unsigned feature)
{
	return device->features >> feature & 1;
}

/* Calls `changed` when the configuration or the state changes. Before any queue. */
void virtio_on_change(struct virtio_device *device, void (*changed)(void *owner), void *owner);

/*
 * Sets up queue number `queue` with `max` entries at most; done(owner) is called, on any hart, when it may have taken some.
 * ERR_NOT_FOUND: there is no such queue.
 */
MUST_CHECK enum status virtio_queue_init(struct virtio_device *device, unsigned queue,
	struct virtio_ring *ring, unsigned max, void (*done)(void *owner), void *owner);

/* From here on it works. ERR_IO: no interrupt, or it does not go. */
MUST_CHECK enum status virtio_go(struct virtio_device *device);

static inline void virtio_notify(const struct virtio_device *device, const struct virtio_ring *ring)
{
	device->transport->notify(ring);
}

/* The device's configuration: a field of 1, 2, 4 or 8 bytes; all ones where there is none. */
uint64_t virtio_config(const struct virtio_device *device, size_t offset, size_t size);
#define VIRTIO_CONFIG(device, type, field) \
	virtio_config(device, offsetof(type, field), sizeof(((type *)0)->field))

/* Has it given up, or gone away? */
bool virtio_is_broken(const struct virtio_device *device);

/* Resets it, so that it leaves memory alone from then on. false: it does not obey. */
bool virtio_stop(const struct virtio_device *device);

#endif
