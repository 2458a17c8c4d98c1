/* SPDX-License-Identifier: MIT */
/*
 * The guest's side of a virtio-mmio device, as small as a driver can be: it
 * negotiates, builds split rings in guest RAM (host_alloc), adds chains, kicks
 * when the device wants it, and collects what was used. Rings are reachable as
 * plain pointers so that a test can corrupt them.
 */
#ifndef VESPER_TESTS_SIM_DRIVER_H
#define VESPER_TESTS_SIM_DRIVER_H

#include "include/abi/virtio.h"
#include "tests/sim/host.h"

#define DRIVER_QUEUES    3
#define DRIVER_QUEUE_MAX 256
#define DRIVER_FEATURES                                                                \
	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) | \
		VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX))

struct driver_queue {
	unsigned size; /* 0: the device has no such queue */
	gpa_t desc_addr, avail_addr, used_addr;
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	uint16_t avail_idx, kicked_idx, used_seen;
	uint16_t free_head;
	unsigned n_free;
	uint16_t chain_len[DRIVER_QUEUE_MAX]; /* ring descriptors held, by head */
	unsigned kicks;
};

struct driver {
	struct host *host;
	struct dm *dm;
	unsigned index; /* of the device */
	bool event_idx;
	struct driver_queue q[DRIVER_QUEUES];
};

void driver_open(struct driver *d, struct host *host, struct dm *dm, unsigned index);

/* Registers and configuration space. */
uint32_t driver_read(struct driver *d, unsigned offset);
void driver_write(struct driver *d, unsigned offset, uint32_t value);
uint64_t driver_config(struct driver *d, unsigned offset, unsigned size);

/*
 * Reset, negotiation of exactly `features`, every queue set up with `size` entries (or its maximum,
 * if that is less), DRIVER_OK. false: the device refused the features or needs a reset.
 */
bool driver_start(struct driver *d, uint64_t features, unsigned size);

/* The steps of driver_start(), for tests that leave one out. */
void driver_reset(struct driver *d);
bool driver_negotiate(struct driver *d, uint64_t features);
void driver_alloc_queue(struct driver *d, unsigned q, unsigned size);
void driver_set_queue(struct driver *d, unsigned q); /* addresses, size, ready */
void driver_ok(struct driver *d);

/* Makes a chain available: the head, or -1 when too few descriptors are free. */
int driver_add(struct driver *d, unsigned q, const struct slice *out, unsigned n_out,
	const struct slice *in, unsigned n_in);
int driver_add_indirect(struct driver *d, unsigned q, const struct slice *out, unsigned n_out,
	const struct slice *in, unsigned n_in);
/* Makes `head` available as it stands in the descriptor table, whatever that is. */
void driver_expose(struct driver *d, unsigned q, uint16_t head);

/* Notifies if the device asked for it (flag or event index); true: it did. */
bool driver_kick(struct driver *d, unsigned q);
void driver_notify(struct driver *d, unsigned q); /* always */

/* dm_run() until it has nothing left; aborts if that takes absurdly long. */
void driver_run(struct driver *d);

/* The next used chain and the bytes the device wrote. */
bool driver_collect(struct driver *d, unsigned q, uint16_t *head, uint32_t *written);

/* Is an interrupt pending, and for what? Acknowledges it. */
uint32_t driver_interrupt(struct driver *d);
bool driver_irq(const struct driver *d);

/*
 * One request from start to end: copies `out` into guest RAM in pieces of `piece` bytes (0: one
 * piece), runs the device, copies `in_len` bytes of reply back. The bytes the device says it wrote,
 * or -1 when it returned nothing. Uses guest RAM past what host_alloc() gave, and gives it back.
 */
int64_t driver_request(struct driver *d, unsigned q, const void *out, size_t out_len, void *in,
	size_t in_len, size_t piece);

#endif
