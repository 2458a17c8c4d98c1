/* SPDX-License-Identifier: MIT */
#include "tests/unit/virtio_mock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/io.h"
#include "drivers/virtio_mmio.h"
#include "lib/log.h"

struct mock mock;
void (*mock_work)(void);

/* What the driver of this device was given. */
#define PAGES_MAX 16
static void *pages[PAGES_MAX];
static unsigned n_pages;

static void (*irq_handler)(void *owner);
static void *irq_owner;
static bool (*tick)(void *owner);
static void *tick_owner;

void mock_reset(uint32_t id, uint64_t features, uint16_t size)
{
	while (n_pages)
		free(pages[--n_pages]);
	memset(&mock, 0, sizeof(mock));
	mock.version = VIRTIO_MMIO_VERSION_MODERN;
	mock.id = id;
	mock.offered = features | VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
	for (unsigned i = 0; i < MOCK_QUEUES; i++)
		mock.queue[i].size_max = size;
	irq_handler = NULL;
	tick = NULL;
	mock_work = NULL;
}

struct virtio_device *mock_find(void)
{
	static struct virtio_device device;
	const struct host_mmio window = {MOCK_BASE, 0x200, {MOCK_SOURCE, false}};

	return virtio_mmio_find(&window, &device) ? &device : NULL;
}

/* ---- registers ---- */

static struct mock_queue *selected(void)
{
	static struct mock_queue none;

	memset(&none, 0, sizeof(none));
	return mock.selected < MOCK_QUEUES ? &mock.queue[mock.selected] : &none;
}

static uint32_t get(uint32_t offset)
{
	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return VIRTIO_MMIO_MAGIC;
	case VIRTIO_MMIO_VERSION:
		return mock.version;
	case VIRTIO_MMIO_DEVICE_ID:
		return mock.id;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return mock.device_word < 2 ? (uint32_t)(mock.offered >> 32 * mock.device_word) : 0;
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return selected()->size_max;
	case VIRTIO_MMIO_QUEUE_READY:
		return selected()->ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return mock.isr;
	case VIRTIO_MMIO_STATUS:
		return mock.status;
	default:
		return 0;
	}
}

static void set_status(uint32_t value)
{
	if (value) {
		mock.status = value;
		return;
	}
	mock.resets++;
	if (mock.locked)
		return;
	mock.status = mock.isr = 0;
	for (unsigned i = 0; i < MOCK_QUEUES; i++)
		mock.queue[i] = (struct mock_queue){.size_max = mock.queue[i].size_max};
}

static void set_half(uint64_t *to, unsigned half, uint32_t value)
{
	*to = (*to & ~(0xffffffffull << 32 * half)) | (uint64_t)value << 32 * half;
}

static void set(uint32_t offset, uint32_t value)
{
	struct mock_queue *q = selected();

	switch (offset) {
	case VIRTIO_MMIO_STATUS:
		set_status(value);
		break;
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		mock.device_word = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		mock.driver_word = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		set_half(&mock.agreed, mock.driver_word, value);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		mock.selected = value;
		break;
	case VIRTIO_MMIO_QUEUE_NUM:
		q->size = (uint16_t)value;
		break;
	case VIRTIO_MMIO_QUEUE_READY:
		q->ready = (uint16_t)value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		mock.queue[value].notified++;
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		mock.isr &= ~value;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_half(&q->desc, offset / 4 % 2, value);
		break;
	case VIRTIO_MMIO_QUEUE_DRIVER_LOW:
	case VIRTIO_MMIO_QUEUE_DRIVER_HIGH:
		set_half(&q->avail, offset / 4 % 2, value);
		break;
	case VIRTIO_MMIO_QUEUE_DEVICE_LOW:
	case VIRTIO_MMIO_QUEUE_DEVICE_HIGH:
		set_half(&q->used, offset / 4 % 2, value);
		break;
	default:
		abort();
	}
}

static uint32_t read_bytes(uintptr_t address, size_t size)
{
	uintptr_t offset = address - MOCK_BASE - VIRTIO_MMIO_CONFIG;
	uint32_t value = 0;

	if (mock.gone)
		return 0xffffffffu;
	if (address - MOCK_BASE < VIRTIO_MMIO_CONFIG)
		return get((uint32_t)(address - MOCK_BASE));
	if (offset + size <= sizeof(mock.config))
		memcpy(&value, mock.config + offset, size);
	return value;
}

uint8_t io_read8(uintptr_t address)
{
	return (uint8_t)read_bytes(address, 1);
}

uint16_t io_read16(uintptr_t address)
{
	return (uint16_t)read_bytes(address, 2);
}

uint32_t io_read32(uintptr_t address)
{
	return read_bytes(address, 4);
}

void io_write32(uintptr_t address, uint32_t value)
{
	if (!mock.gone)
		set((uint32_t)(address - MOCK_BASE), value);
}

/* ---- what drivers ask for ---- */

void driver_map(uint64_t base, uint64_t size)
{
	(void)base;
	(void)size;
}

void *driver_pages(unsigned n)
{
	void *memory = aligned_alloc(4096, n * 4096ul);

	if (!memory || n_pages == PAGES_MAX)
		abort();
	memset(memory, 0, n * 4096ul);
	return pages[n_pages++] = memory;
}

bool driver_irq(unsigned source, bool rising_edge, void (*handler)(void *owner), void *owner)
{
	if (mock.no_irq || source != MOCK_SOURCE || rising_edge)
		return false;
	irq_handler = handler;
	irq_owner = owner;
	return true;
}

bool driver_msi(void (*handler)(void *owner), void *owner, struct driver_msi *out)
{
	(void)handler;
	(void)owner;
	(void)out;
	return false;
}

bool driver_every_second(bool (*call)(void *owner), void *owner)
{
	tick = call;
	tick_owner = owner;
	return true;
}

/* At once: a mock's device has no end of frames of its own accord. */
void driver_again(void (*call)(void *owner), void *owner)
{
	call(owner);
}

void driver_watch(void)
{
	mock.watched++;
}

uint64_t driver_time_ns(void)
{
	if (mock_work)
		mock_work();
	mock.now_ns += 10000000;
	return mock.now_ns;
}

bool mock_tick(void)
{
	return tick(tick_owner);
}

/* ---- the device's side of rings ---- */

static void add_desc(struct mock_chain *c, const struct virtq_desc *d)
{
	if (c->n == MOCK_CHAIN)
		abort();
	c->desc[c->n++] = *d;
}

static void follow(struct mock_chain *c, const struct virtq_desc *table, unsigned at)
{
	for (;; at = table[at].next) {
		if (table[at].flags & VIRTQ_DESC_F_INDIRECT)
			follow(c, (const struct virtq_desc *)(uintptr_t)table[at].addr, 0);
		else
			add_desc(c, &table[at]);
		if (!(table[at].flags & VIRTQ_DESC_F_NEXT))
			return;
	}
}

bool mock_pop(unsigned queue, struct mock_chain *out)
{
	struct mock_queue *q = &mock.queue[queue];
	const struct virtq_avail *avail = (const void *)(uintptr_t)q->avail;

	if (!q->ready || q->last_avail == avail->idx)
		return false;
	out->head = avail->ring[q->last_avail++ % q->size];
	out->n = 0;
	follow(out, (const struct virtq_desc *)(uintptr_t)q->desc, out->head);
	if (mock.agreed & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX)) {
		uint16_t *event = (uint16_t *)(uintptr_t)(q->used + VIRTQ_USED_BYTES(q->size) - 2);

		*event = q->last_avail;
	}
	return true;
}

void mock_push(unsigned queue, uint32_t head, uint32_t written)
{
	struct mock_queue *q = &mock.queue[queue];
	const struct virtq_avail *avail = (const void *)(uintptr_t)q->avail;
	struct virtq_used *used = (void *)(uintptr_t)q->used;

	used->ring[used->idx % q->size] = (struct virtq_used_elem){head, written};
	used->idx++;
	if (!(mock.agreed & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX)) ||
		(uint16_t)(used->idx - 1) == avail->ring[q->size])
		mock.isr |= VIRTIO_INTERRUPT_USED;
}

bool mock_interrupt(void)
{
	if (!irq_handler || (!mock.isr && !mock.gone))
		return false;
	irq_handler(irq_owner);
	return true;
}

/* ---- the rest ---- */

void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}
