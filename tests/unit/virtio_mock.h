/* SPDX-License-Identifier: MIT */
/*
 * A virtio device behind MMIO registers that a test plays, and what drivers ask of the rest of Vesper. Memory and time are
 * the test program's; nothing happens by itself but what mock_work says.
 */
#ifndef VESPER_TESTS_UNIT_VIRTIO_MOCK_H
#define VESPER_TESTS_UNIT_VIRTIO_MOCK_H

#include "drivers/virtio.h"

#define MOCK_BASE   0x10001000u
#define MOCK_SOURCE 7
#define MOCK_QUEUES 4
#define MOCK_CHAIN  300

struct mock_queue {
	uint16_t size_max, size, ready, last_avail;
	uint64_t desc, avail, used;
	unsigned notified;
};

extern struct mock {
	uint32_t version, id, status, isr;
	uint64_t offered, agreed;
	uint32_t device_word, driver_word, selected;
	_Alignas(8) uint8_t config[80];
	struct mock_queue queue[MOCK_QUEUES];
	unsigned resets, locked; /* locked: it does not leave its state at a reset */
	bool gone;               /* reads as all ones */
	unsigned watched;        /* driver_watch() calls */
	unsigned no_irq;         /* driver_irq() has nothing for it */
	uint64_t now_ns;
} mock;

/* Called when a driver asks what time it is, as one that polls does. NULL: nothing. */
extern void (*mock_work)(void);

/* A fresh device, modern, of queues with `size` entries. The memory of the last one's driver is gone. */
void mock_reset(uint32_t id, uint64_t features, uint16_t size);

/* The device as drivers/probe.c would have found it. */
struct virtio_device *mock_find(void);

/* A chain as the device sees it: tables are followed. */
struct mock_chain {
	uint16_t head;
	unsigned n;
	struct virtq_desc desc[MOCK_CHAIN];
};

bool mock_pop(unsigned queue, struct mock_chain *out);
void mock_push(unsigned queue, uint32_t head, uint32_t written); /* and what EVENT_IDX asks for */
bool mock_interrupt(void); /* delivers it; false: there is none */
bool mock_tick(void);      /* a second is over: what the driver's tick returned */

#endif
