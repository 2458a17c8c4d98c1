/* SPDX-License-Identifier: MIT */
/*
 * The seam between the host (core/dm_host.c, or a scripted host in tests/sim)
 * and the device model (devices/), a static archive that knows no hart, lock,
 * page table or driver. Substitution is at link time.
 *
 * Ownership: the host gives `mem` once, the model never allocates. A RAM pointer of host_ram() is good until the call of
 * the model that asked for it returns, one of host_pin() until host_unpin(). A request is lent
 * to the host from host_submit() == DM_LENT until dm_request_done(), a posted buffer from host_post() until host_take() or host_unpost().
 * Errors: a guest's error has no code here. A read gives 0, a write is
 * ignored, a broken ring sets DEVICE_NEEDS_RESET.
 * Concurrency: calls on one dm never overlap, and host_* never calls dm_*.
 * Every entry but dm_run only records; what the UART receives is the exception,
 * a byte at a time.
 */
#ifndef VESPER_DM_H
#define VESPER_DM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/status.h"
#include "include/vm_spec.h"
#include "lib/addr.h"

struct dm;   /* the devices of one VM */
struct host; /* whatever the host keeps for one VM */

/* A piece of guest memory. The host checks it again before use. */
struct slice {
	gpa_t addr;
	uint32_t len; /* bytes */
};

/* ---- what devices ask of the host ---- */

enum dm_op {
	/* A disk's. */
	DM_READ,
	DM_WRITE,
	DM_FLUSH, /* all writes that were done before it was submitted are on the medium when it is done */
	DM_DISCARD,
	DM_WRITE_ZEROES,
	/* A network's or a vsock's: `header`, then what `slices` name, are one frame. */
	DM_SEND,
	/* The balloon's; `slices` are whole blocks of 2 MiB. */
	DM_RELEASE, /* the blocks' memory goes; what the guest then touches of them is new, and zero */
	DM_RECLAIM, /* they are wanted back, where DM_RELEASE had `give` */
};

#define DM_SLICES_MAX 256 /* of one request */
#define DM_HEADER_MAX 128 /* bytes */

/* What the sender left to be done to a frame (virtio 1.2, 5.1.6; the same numbers). */
struct dm_frame {
	uint8_t flags;    /* VIRTIO_NET_HDR_F_NEEDS_CSUM, _DATA_VALID */
	uint8_t gso_type; /* VIRTIO_NET_HDR_GSO_ */
	uint16_t hdr_len, gso_size, csum_start, csum_offset; /* bytes */
};

struct dm_request {
	/* The model's; the host only reads, and copies none of it. */
	enum dm_op op;
	uint8_t device; /* index of the device whose it is */
	uint8_t queue;  /* that it came by */
	bool unmap;     /* DM_WRITE_ZEROES: the blocks may be deallocated */
	bool give; /* DM_RELEASE: others may have the memory; else it stays the VM's to take again */
	uint16_t n_slices;
	uint16_t header_len;
	uint64_t offset; /* bytes, a multiple of 512 */
	uint64_t len;    /* bytes: of DM_READ, DM_WRITE and DM_SEND the sum of the slices */
	const struct slice *slices; /* guest RAM */
	const void *header;         /* the model's memory, which no guest can change */
	struct dm_frame frame;
	/* 0 at first. DM_BUSY may leave here how much of it was done, for the next try. */
	uint64_t progress;
};

enum dm_answer {
	DM_LENT,   /* dm_request_done() follows */
	DM_DONE,   /* it was done at once, well */
	DM_BUSY,   /* nothing happened; dm_port_ready() follows */
	DM_FAILED, /* it can't be done; the device says so to the guest */
};

/* What stands behind a disk's port. */
struct dm_disk {
	uint64_t size;                        /* bytes, a multiple of block_size */
	uint32_t block_size;                  /* logical, bytes: a power of two, 512..4096 */
	uint32_t physical_size, optimal_size; /* bytes; 0: not known */
	uint64_t discard_max,
		write_zeroes_max; /* bytes of one request; 0: there is no such operation */
	bool read_only, flush;    /* flush: its writes need DM_FLUSH to be kept */
	char id[20];              /* NUL-padded */
};

/* A posted buffer that came back. */
struct dm_received {
	uint32_t token; /* of host_post() */
	uint32_t len;   /* bytes written into it */
	uint16_t
		buffers; /* in the first of a frame: how many it takes, itself included; in those that follow 0 */
	struct dm_frame frame; /* in the first */
};

/* ---- host -> device model ---- */

/* Bytes (4 KiB aligned) that dm_create() wants for `spec`, arenas included; 0: the spec is invalid.
 */
size_t dm_memory_needed(const struct vm_spec *spec);

/*
 * Builds the devices inside `mem` (size dm_memory_needed(), 4 KiB aligned,
 * contents undefined). `spec` must outlive the dm. ERR_INVALID: a device's image is not usable, or
 * the spec or the alignment is wrong; ERR_NO_SPACE: size is too small.
 */
MUST_CHECK enum status dm_create(
	void *mem, size_t size, const struct vm_spec *spec, struct host *host, struct dm **out);

enum dm_mmio {
	DM_MMIO_NONE, /* no device there: an access fault */
	DM_MMIO_DONE,
	DM_MMIO_AGAIN, /* not over before requests that are lent come back: the store is to run again later */
};

/* size is 1, 2, 4 or 8 and the address is aligned to it. false: as DM_MMIO_NONE. */
MUST_CHECK bool dm_mmio_read(struct dm *dm, gpa_t addr, unsigned size, uint64_t *value);
MUST_CHECK enum dm_mmio dm_mmio_write(struct dm *dm, gpa_t addr, unsigned size, uint64_t value);

/* A request that was lent is over: OK, ERR_IO, or ERR_UNSUPPORTED. */
void dm_request_done(struct dm *dm, struct dm_request *request, enum status status);

/* Port `port` may have data to receive or room to send. Spurious calls are fine. */
void dm_port_ready(struct dm *dm, unsigned port);

/* The time that host_alarm() named has come. Spurious calls are fine. */
void dm_alarm(struct dm *dm);

/* Does all pending work that fits a bound. true: call again. */
MUST_CHECK bool dm_run(struct dm *dm);

/*
 * As at power-on: guest state is forgotten, posted buffers are taken back, what is lent comes back unnoticed. What a file
 * server keeps stays.
 */
void dm_reset(struct dm *dm);

/* Requests that are lent. */
unsigned dm_lent(const struct dm *dm);

/* After dm_reset() and with nothing lent. No call may follow; `mem` is the host's again. */
void dm_destroy(struct dm *dm);

/* ---- device model -> host ---- */

/* The host's address of guest RAM [addr, addr+len); NULL unless all of it is RAM. */
void *host_ram(struct host *host, gpa_t addr, size_t len);

/* Is all of it RAM? Unlike host_ram() it makes none of it be there. */
bool host_is_ram(struct host *host, gpa_t addr, size_t len);

/*
 * As host_ram(), and good until host_unpin() of the same range: none of the blocks that it lies in can be released. It is for what a device
 * keeps over calls: rings.
 */
void *host_pin(struct host *host, gpa_t addr, size_t len);
void host_unpin(struct host *host, gpa_t addr, size_t len);

/* Drives the level of interrupt line `line` (GUEST_UART_IRQ, GUEST_RTC_IRQ, GUEST_VIRTIO_IRQ + device index, GUEST_PCI_IRQ + device index). */
void host_irq(struct host *host, unsigned line, bool level);

/* A message-signalled interrupt: a store of `data` to `addr`. Where no IMSIC page is, nothing happens. */
void host_msi(struct host *host, gpa_t addr, uint32_t data);

/* Is there an IMSIC that messages can go to? */
bool host_has_msi(struct host *host);

/* Sends bytes from, or receives bytes into, guest memory; returns how many (0: not now). */
size_t host_send(struct host *host, unsigned port, const struct slice *slices, unsigned n);
size_t host_recv(struct host *host, unsigned port, const struct slice *slices, unsigned n);

/* The same from and into the model's own memory. */
size_t host_send_bytes(struct host *host, unsigned port, const void *data, size_t len);
size_t host_recv_bytes(struct host *host, unsigned port, void *data, size_t len);

/* Does the port have bytes to receive? They stay there. */
bool host_has_input(struct host *host, unsigned port);

/* Wall-clock time, nanoseconds since 1970-01-01 UTC. */
uint64_t host_time_ns(struct host *host);

/* Asks for one dm_alarm() once host_time_ns() has reached `time_ns`, in place of what was asked before; UINT64_MAX: none. */
void host_alarm(struct host *host, uint64_t time_ns);

/* Lends a request. What it names stays as it is until it is over. */
MUST_CHECK enum dm_answer host_submit(struct host *host, unsigned port, struct dm_request *request);

/* What the disk behind the port is; it stays so while the VM runs. */
void host_disk(struct host *host, unsigned port, struct dm_disk *out);

/*
 * Lends a buffer for what arrives at queue `queue` of the port. The slices are copied. false: as many are posted as the host
 * takes, DM_POSTED_MAX or fewer of many slices; what was posted first is filled first. Where a frame begins in it, its first
 * `room` bytes are left alone and not counted: the model's header goes there. In the buffers that
 * follow of the same frame they are filled like the rest.
 */
#define DM_POSTED_MAX        256
#define DM_POSTED_SLICES_MAX 20 /* of one buffer */
MUST_CHECK bool host_post(struct host *host, unsigned port, unsigned queue, uint32_t token,
	unsigned room, const struct slice *slices, unsigned n);

/* The next buffer that was filled, in order; false: none. dm_port_ready() tells when there is one. */
MUST_CHECK bool host_take(
	struct host *host, unsigned port, unsigned queue, struct dm_received *out);

/* All that is posted at the queue, filled or not, is the model's again. */
void host_unpost(struct host *host, unsigned port, unsigned queue);

/*
 * What a network's port does for frames: which of dm_frame's wishes the guest may be given in frames it receives (VIRTIO_NET_F_GUEST_
 * bits), whether a frame may take several buffers (VIRTIO_NET_F_MRG_RXBUF), and to how many queues frames go, from 1 on.
 */
void host_net_features(struct host *host, unsigned port, uint64_t guest_features, unsigned queues);

/* Which unicast, multicast and other frames a network's port wants beside its own address and broadcasts. */
struct dm_net_filter {
	bool promiscuous,
		all_multicast; /* promiscuous: among what may be shown to it; others' unicast never is */
	bool no_broadcast, no_multicast, no_unicast;
	uint16_t n;              /* of `mac` */
	const uint8_t (*mac)[6]; /* multicast addresses to take, copied */
};
#define DM_NET_FILTER_MAX 64
void host_net_filter(struct host *host, unsigned port, const struct dm_net_filter *filter);

/* Random bytes, always as many as asked for. */
void host_random(struct host *host, void *data, size_t len);

/* Bytes that the balloon shall take from the guest; dm_port_ready() tells of a change. */
uint64_t host_balloon_target(struct host *host);

/* What the balloon has now, and what the guest last told of itself (VIRTIO_BALLOON_S_ tags; ~0: nothing). */
#define DM_BALLOON_STATS 16
void host_balloon_report(struct host *host, uint64_t bytes, const uint64_t stats[DM_BALLOON_STATS]);

enum dm_end {
	DM_POWER_OFF,
	DM_REBOOT,
};

/* The guest ends itself once the access that is going on is over. `status` is 0..255, 0 for well. */
void host_end(struct host *host, enum dm_end how, unsigned status);

enum dm_event {
	DM_RING_BROKEN, /* a: device index, b: queue index */
};

/* Tells the host that something worth a (rate-limited) line happened. */
void host_trace(struct host *host, enum dm_event event, uint64_t a, uint64_t b);

#endif
