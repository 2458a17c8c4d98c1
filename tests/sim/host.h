/* SPDX-License-Identifier: MIT */
/*
 * A scripted host for the device model: guest RAM with a guard on both sides
 * (AddressSanitizer's), ports that take or give as few bytes as the script
 * says, and a record of everything the model asked for. host_open() first,
 * host_close() last; everything between is plain data that a test may set.
 *
 * A request is lent and kept until host_complete(), unless the test's `submit`
 * answers. Posted buffers wait until host_arrive() fills them. What a correct model never
 * does aborts: a slice outside of RAM, a pin that is not undone, one request lent twice.
 */
#ifndef VESPER_TESTS_SIM_HOST_H
#define VESPER_TESTS_SIM_HOST_H

#include "include/dm.h"

#define HOST_PORTS      (1 + VM_DEVICES_MAX)
#define HOST_IRQS       64
#define HOST_LENT_MAX   2048
#define HOST_MSIS_MAX   256 /* that are kept: the last ones */
#define HOST_PINS_MAX   (3 * 17 * VM_DEVICES_MAX)
#define HOST_QUEUES     17 /* of a port, with posted buffers */
#define HOST_SCRIPT_MAX 64
#define HOST_EVENTS     8

/* How many bytes the next calls may move; after the last entry, as many as `then`. */
struct host_script {
	size_t limit[HOST_SCRIPT_MAX];
	unsigned n, at;
	bool loop;   /* start over at the end */
	size_t then; /* host_open() sets it to SIZE_MAX */
};

struct host_msi {
	gpa_t addr;
	uint32_t data;
};

/* What is posted at one queue: a ring, first those that are filled. */
struct host_posted {
	struct host_buffer {
		struct slice slices[DM_POSTED_SLICES_MAX];
		unsigned n, room;
		struct dm_received received; /* `token` always, the rest if filled */
	} * buffer;                          /* DM_POSTED_MAX; NULL: nothing was ever posted */
	unsigned first, n, filled;
};

struct host_port {
	const uint8_t *input; /* what the guest receives */
	size_t input_len, input_at;
	uint8_t *output; /* what the guest sent */
	size_t output_len, output_max;
	struct host_script send, recv;
	unsigned sends, recvs; /* calls */
	struct dm_disk disk;   /* host_disk() */
	struct host_posted posted[HOST_QUEUES];
	uint64_t guest_features;     /* of host_net_features() */
	unsigned pairs;              /* the same */
	struct dm_net_filter filter; /* of host_net_filter(); `mac` points to the copy */
	uint8_t filter_mac[DM_NET_FILTER_MAX][6];
};

struct host {
	uint8_t *ram; /* GUEST_RAM_BASE is here */
	size_t ram_size;
	size_t ram_taken; /* by host_alloc() */
	struct host_port port[HOST_PORTS];
	bool irq[HOST_IRQS];           /* level */
	unsigned irq_rises[HOST_IRQS]; /* 0 -> 1 changes */
	uint64_t time_ns;
	uint64_t alarm_ns; /* of the last host_alarm(); host_open() sets it to UINT64_MAX */
	unsigned traces[HOST_EVENTS];
	uint64_t trace_a, trace_b; /* of the last one */
	unsigned ends;             /* host_end() calls, and the last one's arguments */
	enum dm_end end_how;
	unsigned end_status;
	/* Requests that are lent, in their order, and the ports they came by. */
	struct dm_request *lent[HOST_LENT_MAX];
	uint8_t lent_port[HOST_LENT_MAX];
	unsigned n_lent;
	unsigned submits; /* host_submit() calls */
	/* If set, answers host_submit(); DM_LENT: the request is kept in `lent`. */
	enum dm_answer (*submit)(struct host *host, unsigned port, struct dm_request *request);
	/* If set, answers host_post(); true: the buffer is kept. */
	bool (*post)(struct host *host, unsigned port, unsigned queue);
	void *context; /* the test's own */
	/* What is pinned. */
	struct slice pin[HOST_PINS_MAX];
	unsigned n_pins;
	/* Messages, where has_msi. */
	bool has_msi;
	struct host_msi msi[HOST_MSIS_MAX]; /* number n is at n % HOST_MSIS_MAX */
	unsigned msis;
	uint64_t random;         /* the state of host_random(), which repeats itself */
	uint64_t balloon_target; /* host_balloon_target() */
	uint64_t balloon_bytes;  /* of the last host_balloon_report() */
	uint64_t balloon_stats[DM_BALLOON_STATS];
	unsigned balloon_reports;
	/* Called, if set, at each host_ram() and host_pin(): a guest that changes memory under the device's feet. */
	void (*meddle)(struct host *host);
	unsigned ram_calls;
};

void host_open(struct host *host, size_t ram_size);
void host_close(struct host *host);

/* Guest RAM never given before, zeroed; aborts when RAM is exhausted. */
gpa_t host_alloc(struct host *host, size_t size, size_t align);
/* All of RAM is free again (and keeps its contents). */
void host_free_all(struct host *host);

/* What the guest may receive from `port` from now on (kept by reference). */
void host_input(struct host *host, unsigned port, const void *data, size_t len);

/* The request lent as number i of `lent` is over; dm_run() is the caller's. */
void host_complete(struct host *host, struct dm *dm, unsigned i, enum status status);
/* All of them, in order, until none is lent; those that follow from it too. */
void host_complete_all(struct host *host, struct dm *dm, enum status status);

/* Moves a request's bytes [offset, +len) of `slices` to or from `data`. */
void host_slices_read(
	struct host *host, const struct dm_request *request, size_t offset, void *data, size_t len);
void host_slices_write(struct host *host, const struct dm_request *request, size_t offset,
	const void *data, size_t len);

/*
 * A frame arrives at the queue and fills as many posted buffers as it takes. false: they don't suffice, or it takes more than
 * `buffers_max`, and nothing happens. dm_port_ready() is the caller's.
 */
bool host_arrive(struct host *host, unsigned port, unsigned queue, const void *data, size_t len,
	const struct dm_frame *frame, unsigned buffers_max);

/* A script that gives `limit` bytes at every call (0: refuses all). */
struct host_script host_limit(size_t limit);

#endif
