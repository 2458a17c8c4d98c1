/* SPDX-License-Identifier: MIT */
#include "drivers/virtio_ring.h"

#include "include/driver_env.h"

static unsigned round_up(size_t value, unsigned align)
{
	return (unsigned)((value + align - 1) / align * align);
}

enum status virtio_ring_init(struct virtio_ring *ring, uint16_t size, bool indirect, bool event_idx)
{
	unsigned avail = (unsigned)VIRTQ_DESC_BYTES(size);
	unsigned used = round_up(avail + VIRTQ_AVAIL_BYTES(size), VIRTQ_USED_ALIGN);
	unsigned bytes = used + (unsigned)VIRTQ_USED_BYTES(size);
	uint8_t *memory = driver_pages(bytes > 4096 ? 2 : 1);

	if (!memory)
		return ERR_NO_MEMORY;
	*ring = (struct virtio_ring){
		.desc = (struct virtq_desc *)memory,
		.avail = (struct virtq_avail *)(memory + avail),
		.used = (struct virtq_used *)(memory + used),
		.avail_event = (const uint16_t *)(memory + bytes - sizeof(uint16_t)),
		.size = size,
		.n_free = size,
		.indirect = indirect,
		.event_idx = event_idx,
	};
	for (uint16_t i = 0; i < size; i++)
		ring->next[i] = (uint16_t)(i + 1);
	return OK;
}

unsigned virtio_ring_room(const struct virtio_ring *ring, unsigned table)
{
	if (ring->indirect)
		return ring->n_free ? table : 0;
	return table < ring->n_free ? table : ring->n_free;
}

/* ---- to the device ---- */

static void link_table(struct virtq_desc *table, unsigned n)
{
	for (unsigned i = 0; i + 1 < n; i++) {
		table[i].flags |= VIRTQ_DESC_F_NEXT;
		table[i].next = (uint16_t)(i + 1);
	}
}

/* Puts the table's buffers in descriptors of the free list. */
static void copy_table(struct virtio_ring *ring, const struct virtq_desc *table, unsigned n)
{
	uint16_t at = ring->free;

	for (unsigned i = 0; i < n; i++, at = ring->next[at]) {
		ring->desc[at] = table[i];
		if (i + 1 < n) {
			ring->desc[at].flags |= VIRTQ_DESC_F_NEXT;
			ring->desc[at].next = ring->next[at];
		}
	}
}

unsigned virtio_ring_add(struct virtio_ring *ring, struct virtq_desc *table, unsigned n)
{
	uint16_t head = ring->free;
	unsigned taken = ring->indirect ? 1 : n;

	if (ring->indirect) {
		link_table(table, n);
		ring->desc[head] = (struct virtq_desc){
			.addr = (uintptr_t)table,
			.len = (uint32_t)(n * sizeof(*table)),
			.flags = VIRTQ_DESC_F_INDIRECT,
		};
	} else {
		copy_table(ring, table, n);
	}
	for (unsigned i = 0; i < taken; i++)
		ring->free = ring->next[ring->free];
	ring->n_free = (uint16_t)(ring->n_free - taken);
	ring->length[head] = (uint16_t)taken;
	ring->avail->ring[ring->next_avail & (ring->size - 1)] = head;
	__atomic_store_n(&ring->avail->idx, ++ring->next_avail, __ATOMIC_RELEASE);
	return head;
}

bool virtio_ring_must_notify(struct virtio_ring *ring)
{
	uint16_t from = ring->told, to = ring->next_avail;

	if (from == to)
		return false;
	ring->told = to;
	/* The device looks for entries after it has written what is read here. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!ring->event_idx)
		return !(*(const volatile uint16_t *)&ring->used->flags & VIRTQ_USED_F_NO_NOTIFY);
	return (uint16_t)(to - *ring->avail_event - 1) < (uint16_t)(to - from);
}

/* ---- back from it ---- */

static void free_chain(struct virtio_ring *ring, uint16_t head)
{
	uint16_t last = head, n = ring->length[head];

	for (uint16_t i = 1; i < n; i++)
		last = ring->next[last];
	ring->next[last] = ring->free;
	ring->free = head;
	ring->n_free = (uint16_t)(ring->n_free + n);
	ring->length[head] = 0;
}

static uint16_t used_index(const struct virtio_ring *ring)
{
	return __atomic_load_n(&ring->used->idx, __ATOMIC_ACQUIRE);
}

int virtio_ring_take(struct virtio_ring *ring, uint32_t *written)
{
	uint16_t waiting = (uint16_t)(used_index(ring) - ring->next_used);

	if (!waiting)
		return VIRTIO_RING_NONE;
	const volatile struct virtq_used_elem *elem =
		&ring->used->ring[ring->next_used & (ring->size - 1)];
	uint32_t id = elem->id;

	if (waiting > ring->size || id >= ring->size || !ring->length[id])
		return VIRTIO_RING_BROKEN;
	*written = elem->len;
	ring->next_used++;
	free_chain(ring, (uint16_t)id);
	return (int)id;
}

bool virtio_ring_rearm(struct virtio_ring *ring, unsigned after)
{
	if (!ring->event_idx)
		return used_index(ring) != ring->next_used;
	*(volatile uint16_t *)&ring->avail->ring[ring->size] =
		(uint16_t)(ring->next_used + after - 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return (uint16_t)(used_index(ring) - ring->next_used) >= after;
}
