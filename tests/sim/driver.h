/* SPDX-License-Identifier: MIT */
/*
 * The guest's side of a virtio device, as small as a driver can be: it
 * negotiates, builds rings in guest RAM (host_alloc), adds chains, kicks
 * when the device wants it, and collects what was used. Rings are reachable as
 * plain pointers so that a test can corrupt them.
 *
 * Whether the device is behind virtio-mmio or PCI, driver_open() finds out: registers are named by their VIRTIO_MMIO_ offsets, and
 * driver_pci.c translates. The rings are packed where that is negotiated.
 */
#ifndef VESPER_TESTS_SIM_DRIVER_H
#define VESPER_TESTS_SIM_DRIVER_H

#include "include/abi/virtio_ring.h"
#include "tests/sim/host.h"

#define DRIVER_QUEUES    17
#define DRIVER_QUEUE_MAX 1024
/* What the transports offer that matters to most tests. */
#define DRIVER_FEATURES                                                                \
	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) | \
		VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX))
#define DRIVER_PACKED             (DRIVER_FEATURES | VIRTIO_FEATURE(VIRTIO_F_RING_PACKED))
#define DRIVER_TRANSPORT_FEATURES (DRIVER_PACKED | VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

struct driver_queue {
	unsigned size; /* 0: the device has no such queue */
	gpa_t desc_addr, avail_addr, used_addr;
	/* Split. */
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	/* Packed: at the same addresses. */
	struct pvirtq_desc *packed;
	struct pvirtq_event *driver_event, *device_event;
	bool avail_wrap, used_wrap;
	/* Packed: places in the ring. */
	uint16_t avail_idx, used_seen;
	uint16_t kicked_idx;                /* split */
	uint16_t unkicked;                  /* packed: descriptors since the last kick */
	uint16_t free_head;                 /* of descriptors, or packed: of buffer IDs */
	uint16_t next_id[DRIVER_QUEUE_MAX]; /* packed: the free list */
	unsigned n_free;
	uint16_t chain_len[DRIVER_QUEUE_MAX]; /* ring descriptors held, by head or ID */
	unsigned kicks;
};

/* What the driver found in the configuration space; `common` and so on are guest-physical. */
struct driver_pci {
	bool present;
	uint64_t config; /* of the function, in ECAM */
	uint64_t common, isr, device, notify, table;
	uint32_t multiplier;
	unsigned vectors; /* 0: there is no MSI-X */
	uint8_t msix;     /* the capability; 0: none */
};

struct driver {
	struct host *host;
	struct dm *dm;
	unsigned index; /* of the device */
	struct driver_pci pci;
	bool use_msix;      /* set by the test before driver_reset(): a vector for each queue */
	unsigned msis_seen; /* of the host's */
	bool event_idx, packed;
	struct driver_queue q[DRIVER_QUEUES];
};

void driver_open(struct driver *d, struct host *host, struct dm *dm, unsigned index);

/* Registers and configuration space. */
uint32_t driver_read(struct driver *d, unsigned offset);
void driver_write(struct driver *d, unsigned offset, uint32_t value);
uint64_t driver_config(struct driver *d, unsigned offset, unsigned size);
void driver_set_config(struct driver *d, unsigned offset, unsigned size, uint64_t value);
/* A store that says how it was answered (virtio-mmio); as driver_write() else. */
enum dm_mmio driver_try_write(struct driver *d, unsigned offset, uint32_t value);
/* The features that the device offers. */
uint64_t driver_offered(struct driver *d);

/*
 * Reset, negotiation of exactly `features`, every queue set up with `size` entries (or its maximum,
 * if that is less), DRIVER_OK. false: the device refused the features or needs a reset.
 */
bool driver_start(struct driver *d, uint64_t features, unsigned size);

/* The steps of driver_start(), for tests that leave one out. */
void driver_reset(struct driver *d); /* nothing may be lent */
bool driver_negotiate(struct driver *d, uint64_t features);
void driver_alloc_queue(struct driver *d, unsigned q, unsigned size);
void driver_set_queue(struct driver *d, unsigned q); /* addresses, size, ready */
void driver_ok(struct driver *d);

/* Makes a chain available: the head (packed: its ID), or -1 when too few descriptors are free. */
int driver_add(struct driver *d, unsigned q, const struct slice *out, unsigned n_out,
	const struct slice *in, unsigned n_in);
int driver_add_indirect(struct driver *d, unsigned q, const struct slice *out, unsigned n_out,
	const struct slice *in, unsigned n_in);
/* Makes `head` available as it stands in the descriptor table, whatever that is. Split only. */
void driver_expose(struct driver *d, unsigned q, uint16_t head);

/* Notifies if the device asked for it (flag or event index); true: it did. */
bool driver_kick(struct driver *d, unsigned q);
void driver_notify(struct driver *d, unsigned q); /* always */

/* dm_run() until it has nothing left; aborts if that takes absurdly long. */
void driver_run(struct driver *d);

/* The next used chain and the bytes the device wrote. */
bool driver_collect(struct driver *d, unsigned q, uint16_t *head, uint32_t *written);

/* Is an interrupt pending, and for what? Acknowledges it. With MSI-X: for what of all queues together. */
uint32_t driver_interrupt(struct driver *d);
bool driver_irq(const struct driver *d);
/* The interrupt line that the device drives without MSI-X. */
unsigned driver_line(const struct driver *d);

/*
 * One request from start to end: copies `out` into guest RAM in pieces of `piece` bytes (0: one
 * piece), runs the device, copies `in_len` bytes of reply back. The bytes the device says it wrote,
 * or -1 when it returned nothing. Uses guest RAM past what host_alloc() gave, and gives it back.
 */
int64_t driver_request(struct driver *d, unsigned q, const void *out, size_t out_len, void *in,
	size_t in_len, size_t piece);

/* ---- PCI: driver_pci.c ---- */

/* The BAR that it gets, the messages that its vector `v` sends (the last vector: the configuration's). */
#define DRIVER_BAR(index)         (GUEST_PCI_BASE + (index)*0x10000u)
#define DRIVER_MSI_ADDR           GUEST_IMSIC_BASE
#define DRIVER_MSI_DATA(index, v) (0x100u * ((index) + 1) + (v))

/* Configuration space of slot `slot`, function 0. */
uint32_t driver_pci_config_read(struct dm *dm, unsigned slot, unsigned reg, unsigned size);
void driver_pci_config_write(
	struct dm *dm, unsigned slot, unsigned reg, unsigned size, uint32_t value);
/* The first capability with this ID (and, if it is the vendor's, type); 0: none. */
unsigned driver_pci_find(struct dm *dm, unsigned slot, unsigned id, unsigned type);
/* Is there a host bridge? */
bool driver_pci_present(struct dm *dm);
/* Sets the function up: BAR, memory and bus master, MSI-X if use_msix. */
void driver_pci_enable(struct driver *d);
/* Registers in the function's BAR. */
uint64_t driver_pci_read(struct driver *d, uint64_t addr, unsigned size);
void driver_pci_write(struct driver *d, uint64_t addr, unsigned size, uint64_t value);
/* Registers by their VIRTIO_MMIO_ names. */
uint32_t driver_pci_register_read(struct driver *d, unsigned offset);
void driver_pci_register_write(struct driver *d, unsigned offset, uint32_t value);

#endif
