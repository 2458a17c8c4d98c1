/* SPDX-License-Identifier: MIT */
/*
 * virtio-console. The host takes and gives as many bytes as it likes: a chain
 * it took only a part of is given back to the ring and continued when the port
 * is ready again. A receive chain is returned with whatever the host had; one
 * for which it had nothing waits untouched.
 *
 * Linux offers receive buffers before its port is a console, and throws away
 * what arrives until then. So input stays with the host until the driver has
 * transmitted for the first time: it can do that only when the console works.
 * What a user types while a VM boots is there for it to read.
 */
#include <string.h>

#include "devices/console.h"

#define BATCH  16 /* steps a run */
#define SLICES 16 /* a call of the host */

#define QUEUES     2
#define QUEUE_SIZE 256

struct console {
	size_t sent; /* bytes of the next transmit chain that the host has taken already */
	bool spoken; /* the driver has transmitted since the reset */
};

size_t console_state_size(const struct vm_spec *vm, const struct vm_device *spec)
{
	(void)vm;
	(void)spec;
	return sizeof(struct console);
}

enum status console_init(struct device *dev, void *mem, void *arena)
{
	(void)arena;
	memset(mem, 0, sizeof(struct console));
	dev->state = mem;
	dev->n_queues = QUEUES;
	for (unsigned q = 0; q < QUEUES; q++)
		virtqueue_init(&dev->queue[q], dev->host, QUEUE_SIZE);
	return OK;
}

static const void *config(const struct device *dev, size_t *size)
{
	static const struct virtio_console_config zero;

	(void)dev;
	*size = sizeof(zero);
	return &zero;
}

static void reset(struct device *dev)
{
	struct console *console = dev->state;

	console->sent = 0;
	console->spoken = false;
}

/* The chain that was half sent will not come again. */
static void reset_queue(struct device *dev, unsigned q)
{
	struct console *console = dev->state;

	if (q == VIRTIO_CONSOLE_TRANSMITQ)
		console->sent = 0;
}

static void port_ready(struct device *dev)
{
	dev->kicked |= 1u << VIRTIO_CONSOLE_RECEIVEQ | 1u << VIRTIO_CONSOLE_TRANSMITQ;
}

/* The first pieces of a chain's part from byte `skip` on: how many, and their bytes. */
static unsigned slices_from(const struct vq_segment *segment, unsigned n, size_t skip,
	struct slice *slices, size_t *len)
{
	unsigned used = 0;

	*len = 0;
	for (unsigned i = 0; i < n && used < SLICES; i++) {
		if (skip >= segment[i].len) {
			skip -= segment[i].len;
			continue;
		}
		uint32_t rest = segment[i].len - (uint32_t)skip;
		slices[used++] = (struct slice){gpa(segment[i].addr.a + skip), rest};
		*len += rest;
		skip = 0;
	}
	return used;
}

/* The driver transmits: it can receive, and there may be something already. */
static void release_input(struct device *dev)
{
	struct console *console = dev->state;

	if (console->spoken)
		return;
	console->spoken = true;
	dev->kicked |= 1u << VIRTIO_CONSOLE_RECEIVEQ;
}

/* false: the host takes no more now. One call a step: what is left is popped again. */
static bool transmit_step(struct device *dev, struct virtqueue *vq, struct vq_chain *chain)
{
	struct console *console = dev->state;
	struct slice slices[SLICES];
	size_t len, moved = 0;

	if (virtqueue_pop(vq, chain) != VQ_CHAIN)
		return false;
	unsigned n = slices_from(chain->segment, chain->n_out, console->sent, slices, &len);
	if (n > 0) {
		release_input(dev);
		moved = host_send(dev->host, dev->spec->port, slices, n);
	}
	console->sent += moved;
	if (console->sent < chain->out_len) {
		virtqueue_unpop(vq);
		return moved == len;
	}
	console->sent = 0;
	return virtqueue_push(vq, chain->head, 0);
}

/* false: nothing to receive, or nowhere to, or not yet. A chain without room is returned: nothing fits it. */
static bool receive_step(struct device *dev, struct virtqueue *vq, struct vq_chain *chain)
{
	const struct console *console = dev->state;
	struct slice slices[SLICES];
	size_t len, moved = 0;

	if (!console->spoken || virtqueue_pop(vq, chain) != VQ_CHAIN)
		return false;
	unsigned n = slices_from(chain->segment + chain->n_out, chain->n_in, 0, slices, &len);
	if (n > 0)
		moved = host_recv(dev->host, dev->spec->port, slices, n);
	if (n > 0 && moved == 0) {
		/* Buffers are not scarce: no need to hear of more. */
		virtqueue_unpop(vq);
		virtqueue_want_kicks(vq, false);
		return false;
	}
	return virtqueue_push(vq, chain->head, (uint32_t)moved);
}

static bool run(struct device *dev, unsigned q, struct vq_chain *chain)
{
	struct virtqueue *vq = &dev->queue[q];

	for (unsigned i = 0; i < BATCH; i++) {
		bool more = q == VIRTIO_CONSOLE_RECEIVEQ ? receive_step(dev, vq, chain)
							 : transmit_step(dev, vq, chain);
		if (!more)
			return false;
	}
	return true;
}

const struct device_ops console_ops = {
	.id = VIRTIO_ID_CONSOLE,
	.class_code = {0x00, 0x80, 0x07}, /* another communication controller */
	.config = config,
	.reset = reset,
	.reset_queue = reset_queue,
	.run = run,
	.port_ready = port_ready,
};
