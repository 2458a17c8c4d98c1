/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of virtio-mmio, with one queue in use at a time. It checks
 * the transport's own answers; what the device makes of a queue is the caller's.
 */
#include "tests/guest/virtio.h"

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_FEATURES_OK 8u

static void fence(void)
{
	__asm__ volatile("fence rw, iorw" ::: "memory");
}

static uint64_t offered(unsigned device)
{
	virtio_set(device, VIRTIO_DEVICE_FEATURES_SEL, 1);
	uint64_t high = virtio_get(device, VIRTIO_DEVICE_FEATURES);

	virtio_set(device, VIRTIO_DEVICE_FEATURES_SEL, 0);
	return high << 32 | virtio_get(device, VIRTIO_DEVICE_FEATURES);
}

static void accept(unsigned device, uint64_t features)
{
	virtio_set(device, VIRTIO_DRIVER_FEATURES_SEL, 0);
	virtio_set(device, VIRTIO_DRIVER_FEATURES, (uint32_t)features);
	virtio_set(device, VIRTIO_DRIVER_FEATURES_SEL, 1);
	virtio_set(device, VIRTIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
}

void virtio_start(unsigned device, uint64_t features)
{
	uint32_t status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;

	CHECK(virtio_get(device, VIRTIO_MAGIC), VIRTIO_MAGIC_VALUE, "virtio MagicValue");
	CHECK(virtio_get(device, VIRTIO_VERSION), 2, "virtio Version");
	virtio_set(device, VIRTIO_STATUS, 0);
	CHECK(virtio_get(device, VIRTIO_STATUS), 0, "virtio Status after a reset");
	virtio_set(device, VIRTIO_STATUS, status);
	accept(device, VIRTIO_F_VERSION_1 | (features & offered(device)));
	status |= STATUS_FEATURES_OK;
	virtio_set(device, VIRTIO_STATUS, status);
	CHECK(virtio_get(device, VIRTIO_STATUS), status, "virtio FEATURES_OK");
}

struct virtio_where virtio_ring_init(struct virtio_ring *ring)
{
	volatile uint8_t *byte = (volatile uint8_t *)ring;

	for (size_t i = 0; i < sizeof(*ring); i++)
		byte[i] = 0;
	return (struct virtio_where){
		(uint64_t)ring->desc, (uint64_t)&ring->avail, (uint64_t)&ring->used, RING_SIZE};
}

static void set_address(unsigned device, unsigned reg, uint64_t address)
{
	virtio_set(device, reg, (uint32_t)address);
	virtio_set(device, reg + 4, (uint32_t)(address >> 32));
}

bool virtio_queue(unsigned device, unsigned queue, const struct virtio_where *where)
{
	virtio_set(device, VIRTIO_QUEUE_SEL, queue);
	virtio_set(device, VIRTIO_QUEUE_NUM, where->size);
	set_address(device, VIRTIO_QUEUE_DESC, where->desc);
	set_address(device, VIRTIO_QUEUE_DRIVER, where->avail);
	set_address(device, VIRTIO_QUEUE_DEVICE, where->used);
	virtio_set(device, VIRTIO_QUEUE_READY, 1);
	return virtio_get(device, VIRTIO_QUEUE_READY) == 1;
}

void virtio_go(unsigned device)
{
	uint32_t status = virtio_get(device, VIRTIO_STATUS);
	virtio_set(device, VIRTIO_STATUS, status | VIRTIO_STATUS_DRIVER_OK);
}

void virtio_offer(unsigned device, unsigned queue, struct virtio_ring *ring, uint16_t head)
{
	uint16_t idx = ring->avail.idx;

	ring->avail.ring[idx % RING_SIZE] = head;
	fence();
	ring->avail.idx = (uint16_t)(idx + 1);
	fence();
	virtio_set(device, VIRTIO_QUEUE_NOTIFY, queue);
}

bool virtio_wait_used(const struct virtio_ring *ring, uint16_t idx)
{
	uint64_t start = guest_time();

	while (*(const volatile uint16_t *)&ring->used.idx != idx)
		if (guest_time() - start > TICKS_PER_SECOND)
			return false;
	fence();
	return true;
}

bool virtio_wait_broken(unsigned device)
{
	uint64_t start = guest_time();

	while ((virtio_get(device, VIRTIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET) == 0)
		if (guest_time() - start > TICKS_PER_SECOND / 100)
			return false;
	return true;
}
