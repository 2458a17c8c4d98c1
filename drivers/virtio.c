/* SPDX-License-Identifier: MIT */
#include "drivers/virtio.h"

#include "drivers/io.h"
#include "lib/log.h"

#define RESET_NS       1000000000ull
#define CONFIG_RETRIES 100

/* All that the rings of drivers/virtio_ring.c can. Addresses are the bus's, and accesses are ordered by fences, in any case. */
#define RING_FEATURES                                                                  \
	(VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) | VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX) | \
		VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) |                             \
		VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM))

static void add_status(const struct virtio_device *d, uint32_t bits)
{
	d->transport->set_status(d, d->transport->status(d) | bits);
}

/* What is not there any more reads as all ones. */
static bool is_gone(uint32_t status)
{
	return (uint8_t)status == 0xff;
}

bool virtio_stop(const struct virtio_device *d)
{
	uint64_t start = driver_time_ns();
	uint32_t status;

	d->transport->set_status(d, 0);
	do {
		status = d->transport->status(d);
	} while (status && !is_gone(status) && driver_time_ns() - start < RESET_NS);
	if (status && d->transport->cut_off)
		d->transport->cut_off(d);
	return !status;
}

bool virtio_is_broken(const struct virtio_device *d)
{
	return d->transport->status(d) & VIRTIO_STATUS_NEEDS_RESET;
}

enum status virtio_begin(struct virtio_device *d, uint64_t needed, uint64_t wanted)
{
	needed |= VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
	if (!virtio_stop(d))
		return ERR_IO;
	add_status(d, VIRTIO_STATUS_ACKNOWLEDGE);
	add_status(d, VIRTIO_STATUS_DRIVER);
	d->features = d->transport->features(d) & (needed | wanted | RING_FEATURES);
	if ((d->features & needed) != needed)
		return ERR_UNSUPPORTED;
	d->transport->set_features(d, d->features);
	add_status(d, VIRTIO_STATUS_FEATURES_OK);
	return d->transport->status(d) & VIRTIO_STATUS_FEATURES_OK ? OK : ERR_UNSUPPORTED;
}

/* ---- interrupts ---- */

static void serve_queues(const struct virtio_device *d)
{
	for (unsigned i = 0; i < d->n_queues; i++)
		d->done[i].call(d->done[i].owner);
}

static void serve_change(const struct virtio_device *d)
{
	if (d->changed.call)
		d->changed.call(d->changed.owner);
}

/* The wire may be shared: the device says whether it was it. One that is gone says everything. */
static void serve_wire(void *owner)
{
	const struct virtio_device *d = owner;
	uint32_t what = d->transport->interrupts(d);

	if (what & VIRTIO_INTERRUPT_CONFIG)
		serve_change(d);
	if (what & VIRTIO_INTERRUPT_USED)
		serve_queues(d);
}

static void serve_shared(void *owner)
{
	serve_change(owner);
	serve_queues(owner);
}

void virtio_on_change(struct virtio_device *d, void (*changed)(void *owner), void *owner)
{
	struct driver_msi msi;

	d->changed = (struct virtio_handler){changed, owner};
	d->messages = d->n_vectors && driver_msi(serve_shared, d, &msi);
	if (d->messages)
		d->transport->set_message(d, VIRTIO_VECTOR_SHARED, &msi);
	if (d->transport->use_messages)
		d->transport->use_messages(d, d->messages);
}

/* That of the queue that comes next: its own, if there is one left. */
static unsigned choose_vector(struct virtio_device *d, const struct virtio_handler *done)
{
	unsigned vector = d->n_queues + 1;
	struct driver_msi msi;

	if (!d->messages)
		return VIRTIO_NO_VECTOR;
	if (vector >= d->n_vectors || !driver_msi(done->call, done->owner, &msi))
		return VIRTIO_VECTOR_SHARED;
	d->transport->set_message(d, vector, &msi);
	return vector;
}

/* ---- queues ---- */

static uint16_t ring_size(unsigned size, unsigned max)
{
	uint16_t power = 1;

	while (power * 2u <= max && power * 2u <= size)
		power = (uint16_t)(power * 2);
	return power;
}

enum status virtio_queue_init(struct virtio_device *d, unsigned queue, struct virtio_ring *ring,
	unsigned max, void (*done)(void *owner), void *owner)
{
	unsigned size = d->transport->queue_size(d, queue);
	struct virtio_handler handler = {done, owner};
	enum status status;

	if (!size || d->n_queues == VIRTIO_QUEUES_MAX)
		return ERR_NOT_FOUND;
	status = virtio_ring_init(ring, ring_size(size, max), virtio_has(d, VIRTIO_F_INDIRECT_DESC),
		virtio_has(d, VIRTIO_F_EVENT_IDX));
	if (status != OK)
		return status;
	ring->number = (uint16_t)queue;
	if (!d->transport->queue_start(d, ring, choose_vector(d, &handler)))
		return ERR_IO;
	d->done[d->n_queues++] = handler;
	return OK;
}

enum status virtio_go(struct virtio_device *d)
{
	if (!d->messages && !driver_irq(d->irq.source, d->irq.rising_edge, serve_wire, d)) {
		log_line("%s: its interrupt does not reach Vesper", d->where);
		return ERR_IO;
	}
	add_status(d, VIRTIO_STATUS_DRIVER_OK);
	return virtio_is_broken(d) ? ERR_IO : OK;
}

/* ---- configuration ---- */

/* Fields are read as wide as they are, but 64 bits in halves (4.2.2.2). */
static uint64_t read_field(uintptr_t at, size_t size)
{
	switch (size) {
	case 1:
		return io_read8(at);
	case 2:
		return io_read16(at);
	case 4:
		return io_read32(at);
	default:
		return (uint64_t)io_read32(at + 4) << 32 | io_read32(at);
	}
}

uint64_t virtio_config(const struct virtio_device *d, size_t offset, size_t size)
{
	uint64_t value = UINT64_MAX;
	uint32_t before;

	if (offset + size > d->config_size)
		return value;
	for (unsigned i = 0; i < CONFIG_RETRIES; i++) {
		before = d->transport->generation(d);
		value = read_field(d->config + offset, size);
		if (d->transport->generation(d) == before)
			break;
	}
	return value;
}
