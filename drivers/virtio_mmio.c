/* SPDX-License-Identifier: MIT */
#include "drivers/virtio_mmio.h"

#include <stdio.h>

#include "drivers/io.h"
#include "lib/log.h"

static uint32_t get(const struct virtio_device *d, unsigned offset)
{
	return io_read32(d->base + offset);
}

static void set(const struct virtio_device *d, unsigned offset, uint32_t value)
{
	io_write32(d->base + offset, value);
}

/* Two registers that follow each other. */
static void set_address(const struct virtio_device *d, unsigned offset, const void *address)
{
	set(d, offset, (uint32_t)(uintptr_t)address);
	set(d, offset + 4, (uint32_t)((uint64_t)(uintptr_t)address >> 32));
}

static uint32_t status(const struct virtio_device *d)
{
	return get(d, VIRTIO_MMIO_STATUS);
}

static void set_status(const struct virtio_device *d, uint32_t value)
{
	set(d, VIRTIO_MMIO_STATUS, value);
}

static uint32_t feature_word(const struct virtio_device *d, unsigned word)
{
	set(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, word);
	return get(d, VIRTIO_MMIO_DEVICE_FEATURES);
}

static uint64_t features(const struct virtio_device *d)
{
	return (uint64_t)feature_word(d, 1) << 32 | feature_word(d, 0);
}

static void set_features(const struct virtio_device *d, uint64_t value)
{
	for (unsigned word = 0; word < 2; word++) {
		set(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);
		set(d, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(value >> 32 * word));
	}
}

static uint32_t generation(const struct virtio_device *d)
{
	return get(d, VIRTIO_MMIO_CONFIG_GENERATION);
}

static unsigned queue_size(const struct virtio_device *d, unsigned queue)
{
	set(d, VIRTIO_MMIO_QUEUE_SEL, queue);
	return get(d, VIRTIO_MMIO_QUEUE_NUM_MAX);
}

static bool queue_start(const struct virtio_device *d, struct virtio_ring *ring, unsigned vector)
{
	(void)vector;
	ring->doorbell = d->base + VIRTIO_MMIO_QUEUE_NOTIFY;
	set(d, VIRTIO_MMIO_QUEUE_SEL, ring->number);
	if (get(d, VIRTIO_MMIO_QUEUE_READY))
		return false;
	set(d, VIRTIO_MMIO_QUEUE_NUM, ring->size);
	set_address(d, VIRTIO_MMIO_QUEUE_DESC_LOW, ring->desc);
	set_address(d, VIRTIO_MMIO_QUEUE_DRIVER_LOW, ring->avail);
	set_address(d, VIRTIO_MMIO_QUEUE_DEVICE_LOW, ring->used);
	set(d, VIRTIO_MMIO_QUEUE_READY, 1);
	return get(d, VIRTIO_MMIO_QUEUE_READY) == 1;
}

static void notify(const struct virtio_ring *ring)
{
	io_write32(ring->doorbell, ring->number);
}

static uint32_t interrupts(const struct virtio_device *d)
{
	uint32_t what = get(d, VIRTIO_MMIO_INTERRUPT_STATUS);

	if (what)
		set(d, VIRTIO_MMIO_INTERRUPT_ACK,
			what & (VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG));
	return what;
}

static const struct virtio_transport mmio = {
	.status = status,
	.set_status = set_status,
	.features = features,
	.set_features = set_features,
	.generation = generation,
	.queue_size = queue_size,
	.queue_start = queue_start,
	.notify = notify,
	.interrupts = interrupts,
};

bool virtio_mmio_find(const struct host_mmio *window, struct virtio_device *out)
{
	uint32_t version;

	driver_map(window->base, window->size);
	*out = (struct virtio_device){
		.transport = &mmio,
		.base = (uintptr_t)window->base,
		.config = (uintptr_t)window->base + VIRTIO_MMIO_CONFIG,
		.config_size = window->size > VIRTIO_MMIO_CONFIG
				       ? (uint32_t)(window->size - VIRTIO_MMIO_CONFIG)
				       : 0,
		.irq = window->irq,
	};
	snprintf(out->where, sizeof(out->where), "mmio %lx", (unsigned long)window->base);
	if (get(out, VIRTIO_MMIO_MAGIC_VALUE) != VIRTIO_MMIO_MAGIC)
		return false;
	version = get(out, VIRTIO_MMIO_VERSION);
	out->id = (uint16_t)get(out, VIRTIO_MMIO_DEVICE_ID);
	if (!out->id)
		return false;
	if (version == VIRTIO_MMIO_VERSION_MODERN)
		return true;
	log_line("%s: a legacy virtio device, which Vesper can't drive (QEMU: -global "
		 "virtio-mmio.force-legacy=false)",
		out->where);
	return false;
}
