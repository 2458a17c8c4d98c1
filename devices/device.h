/* SPDX-License-Identifier: MIT */
/*
 * What a virtio device is to its transport: one const table a kind and one
 * struct a device. A device never sees an address of a register, a transport
 * never sees what a queue carries.
 */
#ifndef VESPER_DEVICES_DEVICE_H
#define VESPER_DEVICES_DEVICE_H

#include "devices/virtqueue.h"

#define DEVICE_QUEUES_MAX 3

struct device;

struct device_ops {
	uint32_t id;       /* virtio device ID (virtio 1.2, section 5) */
	uint64_t features; /* device-specific feature bits offered, next to the transport's */
	unsigned n_queues;
	/* Device configuration, little-endian bytes; NULL: none. Copied out in any width. */
	const void *(*config)(const struct device *dev, size_t *size);
	/* Forgets all guest state; queues are already reset. NULL: nothing to do. */
	void (*reset)(struct device *dev);
	/*
	 * Does a bounded amount of work on queue `q`, which is ready and not broken.
	 * `chain` is scratch. true: there is more.
	 */
	bool (*run)(struct device *dev, unsigned q, struct vq_chain *chain);
	/* Marks the queues to run when the port is ready. NULL: the device has no port. */
	void (*port_ready)(struct device *dev);
};

struct device {
	const struct device_ops *ops;
	const struct vm_device *spec;
	struct host *host;
	unsigned index; /* in the VM: gives its MMIO window and its interrupt line */
	void *state;    /* the kind's own struct, in the VM's device memory */

	/* Transport state (virtio 1.2, section 4.2). */
	uint32_t status;
	uint32_t features_sel, driver_features_sel;
	uint64_t driver_features;
	uint32_t queue_sel;
	uint32_t isr;
	uint32_t kicked; /* bit q: queue q has work */
	struct virtqueue queue[DEVICE_QUEUES_MAX];
};

#endif
