/* SPDX-License-Identifier: MIT */
/* The guest's side of a virtio-mmio device: see driver.h. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/driver.h"

#define RUNS_MAX 100000

static void require(bool what)
{
	if (!what)
		abort();
}

static gpa_t register_addr(const struct driver *d, unsigned offset)
{
	return gpa(GUEST_VIRTIO_BASE + d->index * GUEST_VIRTIO_SIZE + offset);
}

void driver_open(struct driver *d, struct host *host, struct dm *dm, unsigned index)
{
	memset(d, 0, sizeof(*d));
	d->host = host;
	d->dm = dm;
	d->index = index;
}

uint64_t driver_config(struct driver *d, unsigned offset, unsigned size)
{
	uint64_t value = 0;
	require(dm_mmio_read(d->dm, register_addr(d, VIRTIO_MMIO_CONFIG + offset), size, &value));
	return value;
}

uint32_t driver_read(struct driver *d, unsigned offset)
{
	uint64_t value = 0;
	require(dm_mmio_read(d->dm, register_addr(d, offset), 4, &value));
	require(value <= UINT32_MAX);
	return (uint32_t)value;
}

void driver_write(struct driver *d, unsigned offset, uint32_t value)
{
	require(dm_mmio_write(d->dm, register_addr(d, offset), 4, value));
}

void driver_reset(struct driver *d)
{
	driver_write(d, VIRTIO_MMIO_STATUS, 0);
	require(driver_read(d, VIRTIO_MMIO_STATUS) == 0);
	memset(d->q, 0, sizeof(d->q));
}

bool driver_negotiate(struct driver *d, uint64_t features)
{
	uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

	driver_write(d, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
	driver_write(d, VIRTIO_MMIO_STATUS, status);
	for (unsigned i = 0; i < 2; i++) {
		driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> (32 * i)));
	}
	driver_write(d, VIRTIO_MMIO_STATUS, status | VIRTIO_STATUS_FEATURES_OK);
	d->event_idx = features & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	return driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK;
}

void driver_alloc_queue(struct driver *d, unsigned q, unsigned size)
{
	struct driver_queue *dq = &d->q[q];

	memset(dq, 0, sizeof(*dq));
	dq->size = size;
	dq->desc_addr = host_alloc(d->host, VIRTQ_DESC_BYTES(size), VIRTQ_DESC_ALIGN);
	dq->avail_addr = host_alloc(d->host, VIRTQ_AVAIL_BYTES(size), VIRTQ_AVAIL_ALIGN);
	dq->used_addr = host_alloc(d->host, VIRTQ_USED_BYTES(size), VIRTQ_USED_ALIGN);
	dq->desc = host_ram(d->host, dq->desc_addr, 1);
	dq->avail = host_ram(d->host, dq->avail_addr, 1);
	dq->used = host_ram(d->host, dq->used_addr, 1);
	dq->n_free = size;
	for (unsigned i = 0; i < size; i++)
		dq->desc[i].next = (uint16_t)((i + 1) % size);
}

static void write_address(struct driver *d, unsigned low, gpa_t addr)
{
	driver_write(d, low, (uint32_t)addr.a);
	driver_write(d, low + 4, (uint32_t)(addr.a >> 32));
}

void driver_set_queue(struct driver *d, unsigned q)
{
	struct driver_queue *dq = &d->q[q];

	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, q);
	driver_write(d, VIRTIO_MMIO_QUEUE_NUM, dq->size);
	write_address(d, VIRTIO_MMIO_QUEUE_DESC_LOW, dq->desc_addr);
	write_address(d, VIRTIO_MMIO_QUEUE_DRIVER_LOW, dq->avail_addr);
	write_address(d, VIRTIO_MMIO_QUEUE_DEVICE_LOW, dq->used_addr);
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 1);
}

void driver_ok(struct driver *d)
{
	driver_write(d, VIRTIO_MMIO_STATUS,
		driver_read(d, VIRTIO_MMIO_STATUS) | VIRTIO_STATUS_DRIVER_OK);
}

bool driver_start(struct driver *d, uint64_t features, unsigned size)
{
	driver_reset(d);
	if (!driver_negotiate(d, features))
		return false;
	for (unsigned q = 0; q < DRIVER_QUEUES; q++) {
		driver_write(d, VIRTIO_MMIO_QUEUE_SEL, q);
		unsigned max = driver_read(d, VIRTIO_MMIO_QUEUE_NUM_MAX);
		if (max == 0)
			continue;
		driver_alloc_queue(d, q, size < max ? size : max);
		driver_set_queue(d, q);
	}
	driver_ok(d);
	return !(driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
}

static struct virtq_desc buffer_desc(
	const struct slice *out, unsigned n_out, const struct slice *in, unsigned n_in, unsigned i)
{
	const struct slice *s = i < n_out ? &out[i] : &in[i - n_out];
	unsigned flags = (i < n_out ? 0 : VIRTQ_DESC_F_WRITE) |
			 (i + 1 < n_out + n_in ? VIRTQ_DESC_F_NEXT : 0);
	return (struct virtq_desc){.addr = s->addr.a, .len = s->len, .flags = (uint16_t)flags};
}

static uint16_t take_desc(struct driver_queue *dq)
{
	uint16_t i = dq->free_head;
	dq->free_head = dq->desc[i].next;
	dq->n_free--;
	return i;
}

void driver_expose(struct driver *d, unsigned q, uint16_t head)
{
	struct driver_queue *dq = &d->q[q];

	dq->avail->ring[dq->avail_idx % dq->size] = head;
	dq->avail_idx++;
	__atomic_store_n(&dq->avail->idx, dq->avail_idx, __ATOMIC_RELEASE);
}

int driver_add(struct driver *d, unsigned q, const struct slice *out, unsigned n_out,
	const struct slice *in, unsigned n_in)
{
	struct driver_queue *dq = &d->q[q];
	unsigned n = n_out + n_in;

	if (n == 0 || n > dq->n_free)
		return -1;
	uint16_t head = take_desc(dq), at = head;
	for (unsigned i = 0; i < n; i++) {
		dq->desc[at] = buffer_desc(out, n_out, in, n_in, i);
		if (i + 1 < n) {
			dq->desc[at].next = take_desc(dq);
			at = dq->desc[at].next;
		}
	}
	dq->chain_len[head] = (uint16_t)n;
	driver_expose(d, q, head);
	return head;
}

int driver_add_indirect(struct driver *d, unsigned q, const struct slice *out, unsigned n_out,
	const struct slice *in, unsigned n_in)
{
	struct driver_queue *dq = &d->q[q];
	unsigned n = n_out + n_in;

	if (dq->n_free == 0)
		return -1;
	gpa_t addr = host_alloc(d->host, VIRTQ_DESC_BYTES(n), VIRTQ_DESC_ALIGN);
	struct virtq_desc *table = host_ram(d->host, addr, VIRTQ_DESC_BYTES(n));
	for (unsigned i = 0; i < n; i++) {
		table[i] = buffer_desc(out, n_out, in, n_in, i);
		table[i].next = (uint16_t)(i + 1);
	}
	uint16_t head = take_desc(dq);
	dq->desc[head] =
		(struct virtq_desc){.addr = addr.a, .len = n * 16, .flags = VIRTQ_DESC_F_INDIRECT};
	dq->chain_len[head] = 1;
	driver_expose(d, q, head);
	return head;
}

static bool device_wants_kick(struct driver *d, struct driver_queue *dq)
{
	uint16_t old = dq->kicked_idx, event;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!d->event_idx)
		return !(dq->used->flags & VIRTQ_USED_F_NO_NOTIFY);
	memcpy(&event, &dq->used->ring[dq->size], sizeof(event));
	return (uint16_t)(dq->avail_idx - event - 1) < (uint16_t)(dq->avail_idx - old);
}

void driver_notify(struct driver *d, unsigned q)
{
	d->q[q].kicks++;
	driver_write(d, VIRTIO_MMIO_QUEUE_NOTIFY, q);
}

bool driver_kick(struct driver *d, unsigned q)
{
	struct driver_queue *dq = &d->q[q];
	bool wanted = device_wants_kick(d, dq);

	dq->kicked_idx = dq->avail_idx;
	if (wanted)
		driver_notify(d, q);
	return wanted;
}

void driver_run(struct driver *d)
{
	unsigned runs = 0;
	while (dm_run(d->dm))
		require(++runs < RUNS_MAX);
}

static void free_chain(struct driver_queue *dq, uint16_t head)
{
	unsigned n = dq->chain_len[head];
	uint16_t last = head;

	require(n > 0);
	for (unsigned i = 1; i < n; i++)
		last = dq->desc[last].next;
	dq->desc[last].next = dq->free_head;
	dq->free_head = head;
	dq->n_free += n;
	dq->chain_len[head] = 0;
}

bool driver_collect(struct driver *d, unsigned q, uint16_t *head, uint32_t *written)
{
	struct driver_queue *dq = &d->q[q];

	if (__atomic_load_n(&dq->used->idx, __ATOMIC_ACQUIRE) == dq->used_seen)
		return false;
	struct virtq_used_elem e = dq->used->ring[dq->used_seen % dq->size];
	require(e.id < dq->size);
	dq->used_seen++;
	*head = (uint16_t)e.id;
	*written = e.len;
	if (dq->chain_len[e.id] > 0)
		free_chain(dq, *head);
	if (d->event_idx)
		dq->avail->ring[dq->size] = dq->used_seen;
	return true;
}

uint32_t driver_interrupt(struct driver *d)
{
	uint32_t isr = driver_read(d, VIRTIO_MMIO_INTERRUPT_STATUS);
	driver_write(d, VIRTIO_MMIO_INTERRUPT_ACK, isr);
	return isr;
}

bool driver_irq(const struct driver *d)
{
	return d->host->irq[GUEST_VIRTIO_IRQ + d->index];
}

static unsigned cut(gpa_t addr, size_t len, size_t piece, struct slice *slices)
{
	unsigned n = 0;
	for (size_t at = 0; at < len; n++) {
		size_t part = piece == 0 || piece > len - at ? len - at : piece;
		require(n < DRIVER_QUEUE_MAX);
		slices[n] = (struct slice){gpa(addr.a + at), (uint32_t)part};
		at += part;
	}
	return n;
}

int64_t driver_request(struct driver *d, unsigned q, const void *out, size_t out_len, void *in,
	size_t in_len, size_t piece)
{
	struct slice out_slices[DRIVER_QUEUE_MAX], in_slices[DRIVER_QUEUE_MAX];
	size_t taken = d->host->ram_taken;
	gpa_t out_addr = host_alloc(d->host, out_len, 64);
	gpa_t in_addr = host_alloc(d->host, in_len, 64);
	unsigned n_out = cut(out_addr, out_len, piece, out_slices);
	unsigned n_in = cut(in_addr, in_len, piece, in_slices);
	uint16_t head;
	uint32_t written;

	memcpy(d->host->ram + (out_addr.a - GUEST_RAM_BASE), out, out_len);
	int added = driver_add(d, q, out_slices, n_out, in_slices, n_in);
	require(added >= 0);
	driver_kick(d, q);
	driver_run(d);
	d->host->ram_taken = taken;
	if (!driver_collect(d, q, &head, &written))
		return -1;
	require(head == added && written <= in_len);
	if (in_len > 0)
		memcpy(in, d->host->ram + (in_addr.a - GUEST_RAM_BASE), in_len);
	return written;
}
