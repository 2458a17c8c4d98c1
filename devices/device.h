/* SPDX-License-Identifier: MIT */
/*
 * What a virtio device is to its transport: one const table a kind and one
 * struct a device. A device never sees an address of a register, a transport
 * never sees what a queue carries. What both transports do alike (status, features, queues, running, the
 * end of requests) is in device.c; they only say which register it is.
 */
#ifndef VESPER_DEVICES_DEVICE_H
#define VESPER_DEVICES_DEVICE_H

#include "devices/virtqueue.h"

#define DEVICE_QUEUES_MAX 17 /* a network's: VM_QUEUES_MAX pairs and one for control */

struct device;

struct device_ops {
	uint32_t id;       /* virtio device ID (virtio 1.2, section 5) */
	uint64_t features; /* device-specific feature bits offered, next to the transport's */
	/* The same where they depend on the device; NULL: they don't. */
	uint64_t (*offered)(const struct device *dev);
	uint8_t class_code[3]; /* of PCI: programming interface, sub-class, class */
	/* Device configuration, little-endian bytes; NULL: none. Copied out in any width. */
	const void *(*config)(const struct device *dev, size_t *size);
	/* The driver writes into the configuration; size is 1, 2, 4 or 8, and [offset, +size) may be anywhere. NULL: it can't. */
	void (*set_config)(struct device *dev, size_t offset, unsigned size, uint64_t value);
	/* Forgets all guest state; queues are already reset. NULL: nothing to do. */
	void (*reset)(struct device *dev);
	/* The same of one queue, when the driver resets it (2.6.1) or it breaks. NULL: nothing to do. */
	void (*reset_queue)(struct device *dev, unsigned q);
	/*
	 * Does a bounded amount of work on queue `q`, which is ready and not broken.
	 * `chain` is scratch. true: there is more.
	 */
	bool (*run)(struct device *dev, unsigned q, struct vq_chain *chain);
	/* Marks the queues to run when the port is ready. NULL: the device has no port. */
	void (*port_ready)(struct device *dev);
	/*
	 * A request of this device is over (dm_request_done()); it marks the queue in `kicked` if that has to run, and in `notify` if something
	 * was pushed. Called for requests that were lent before a reset, too, with the device's `generation` of now: the
	 * request knows that of then. NULL: it lends none.
	 */
	void (*done)(struct device *dev, struct dm_request *request, enum status status);
};

struct device {
	const struct device_ops *ops;
	const struct vm_device *spec;
	const struct vm_spec *vm;
	struct host *host;
	unsigned index; /* in the VM: gives its windows and its interrupt line */
	unsigned
		n_queues; /* set by the kind's init(), as are the queues' sizes by virtqueue_init() */
	void *state;      /* the kind's own struct, in the VM's device memory */
	unsigned lent;    /* requests that are lent */
	uint16_t lent_queue[DEVICE_QUEUES_MAX]; /* the same of each queue */
	uint32_t generation;                    /* counts resets of the device */

	/* What the driver sees the same through both transports (virtio 1.2, section 2; device.c). */
	uint32_t status;
	uint32_t features_sel, driver_features_sel;
	uint64_t driver_features;
	uint32_t queue_sel;
	uint32_t isr;
	uint8_t config_generation;
	bool resetting; /* until nothing is lent: DEVICE_NEEDS_RESET is seen, and no write counts */
	uint32_t stopping; /* bit q: queue q was stopped and has requests that are lent */
	uint32_t kicked;   /* bit q: queue q has work */
	uint32_t
		notify; /* bit q: something was pushed outside of run(): look whether to interrupt */
	struct virtqueue queue[DEVICE_QUEUES_MAX];

	struct virtio_pci *pci; /* virtio_pci.c's; NULL: the transport is MMIO */
};

/* ---- for devices ---- */

/* Was it negotiated? */
static inline bool device_has(const struct device *dev, unsigned bit)
{
	return dev->driver_features & VIRTIO_FEATURE(bit);
}

/* host_submit() for it, counted. The model's fields but `device` are set. */
MUST_CHECK enum dm_answer device_submit(struct device *dev, struct dm_request *request);

/* The configuration has changed: the driver is told. */
void device_config_changed(struct device *dev);

/* ---- for the transports; the queue is the selected one ---- */

/* As at power-on. What is lent keeps `resetting` set until it is back. */
void device_reset(struct device *dev);

/* Queue `q` cannot be used as it is: the driver has to reset the device. */
void device_break(struct device *dev, unsigned q);

/* 32 bits of the features that the driver selected: offered, or its own. */
uint32_t device_offered(const struct device *dev);
uint32_t device_accepted(const struct device *dev);
void device_accept(struct device *dev, uint32_t value);

/* Not 0, and not while DEVICE_NEEDS_RESET is set. */
void device_set_status(struct device *dev, uint32_t value);

/* Reads or writes the device's configuration; anything may be asked for. */
uint64_t device_read_config(const struct device *dev, unsigned offset, unsigned size);
void device_write_config(struct device *dev, unsigned offset, unsigned size, uint64_t value);

/* NULL: there is no such queue. */
static inline struct virtqueue *device_queue(struct device *dev)
{
	return dev->queue_sel < dev->n_queues ? &dev->queue[dev->queue_sel] : NULL;
}

/* Does it wait for requests that are lent? */
static inline bool device_stopping(const struct device *dev)
{
	return dev->queue_sel < dev->n_queues && (dev->stopping >> dev->queue_sel & 1);
}

/* Halves of a queue's addresses. */
enum device_ring {
	DEVICE_DESC_LOW,
	DEVICE_DESC_HIGH,
	DEVICE_DRIVER_LOW,
	DEVICE_DRIVER_HIGH,
	DEVICE_DEVICE_LOW,
	DEVICE_DEVICE_HIGH,
};

/* A queue is set up once the features are agreed on and while it does not run; else nothing happens. */
void device_set_ring(struct device *dev, enum device_ring which, uint32_t value);
uint32_t device_ring(struct device *dev, enum device_ring which);
void device_set_queue_size(struct device *dev, uint32_t value);
void device_start_queue(struct device *dev);

/* Stops it, forgetting also what was set up if `forget`; over once it is not stopping any more. */
void device_stop_queue(struct device *dev, bool forget);

static inline void device_kick(struct device *dev, uint32_t q)
{
	if (q < dev->n_queues)
		dev->kicked |= 1u << q;
}

/* ---- for dm.c ---- */

/* Runs each kicked queue once and interrupts where something was pushed. true: there is more. `chain` is scratch. */
MUST_CHECK bool device_run(struct device *dev, struct vq_chain *chain);

void device_request_done(struct device *dev, struct dm_request *request, enum status status);

#endif
