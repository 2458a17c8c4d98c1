/* SPDX-License-Identifier: MIT */
#include "drivers/virtio_rng.h"

#include <string.h>

#include "lib/log.h"
#include "lib/spinlock.h"

#define BYTES     64
#define BOOT_NS   1000000000ull   /* how long boot waits for the first of them */
#define AGAIN_NS  180000000000ull /* between one request and the next */
#define RING_SIZE 2

struct rng {
	struct virtio_device *device;
	struct spinlock lock; /* of all below */
	struct virtio_ring ring;
	struct virtq_desc table[1];
	bool asked, broken;
	uint64_t next_ns; /* when to ask again */
	uint8_t data[BYTES];
};

static struct rng rng; /* one is enough */
static void (*on_entropy)(const void *data, size_t len);

void virtio_rng_on_entropy(void (*take)(const void *data, size_t len))
{
	on_entropy = take;
}

static void ask(void)
{
	bool notify;

	spin_lock(&rng.lock);
	rng.table[0] = (struct virtq_desc){
		.addr = (uintptr_t)rng.data, .len = BYTES, .flags = VIRTQ_DESC_F_WRITE};
	virtio_ring_add(&rng.ring, rng.table, 1);
	rng.asked = true;
	rng.next_ns = driver_time_ns() + AGAIN_NS;
	notify = virtio_ring_must_notify(&rng.ring);
	spin_unlock(&rng.lock);
	if (notify)
		virtio_notify(rng.device, &rng.ring);
}

/* With the lock. Bytes that came, in `out`. */
static uint32_t take(uint8_t out[BYTES])
{
	uint32_t written = 0;
	int head = virtio_ring_take(&rng.ring, &written);

	if (head == VIRTIO_RING_BROKEN)
		rng.broken = true;
	if (head < 0)
		return 0;
	rng.asked = false;
	/* It may have come meanwhile: there is one request at most. */
	if (virtio_ring_rearm(&rng.ring, 1))
		rng.broken = true;
	written = written < BYTES ? written : BYTES;
	memcpy(out, rng.data, written);
	memset(rng.data, 0, sizeof(rng.data));
	return written;
}

static void serve(void *owner)
{
	uint8_t data[BYTES];
	uint32_t n = 0;

	(void)owner;
	spin_lock(&rng.lock);
	if (!rng.broken)
		n = take(data);
	spin_unlock(&rng.lock);
	if (n && on_entropy)
		on_entropy(data, n);
}

static bool tick(void *owner)
{
	(void)owner;
	if (!rng.broken && !rng.asked && driver_time_ns() >= rng.next_ns)
		ask();
	return false;
}

static bool answers(void)
{
	uint64_t start = driver_time_ns();

	ask();
	while (rng.asked && !rng.broken && driver_time_ns() - start < BOOT_NS)
		serve(NULL);
	return !rng.asked && !rng.broken;
}

bool virtio_rng_start(struct virtio_device *v)
{
	if (rng.device)
		return true;
	if (virtio_begin(v, 0, 0) != OK)
		return false;
	virtio_on_change(v, NULL, NULL);
	if (virtio_queue_init(v, 0, &rng.ring, RING_SIZE, serve, NULL) != OK ||
		virtio_go(v) != OK || !driver_every_second(tick, NULL))
		return false;
	rng.device = v;
	if (!answers()) {
		rng.broken = true;
		return false;
	}
	log_line("entropy: virtio at %s", v->where);
	return true;
}
