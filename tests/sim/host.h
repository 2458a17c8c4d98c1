/* SPDX-License-Identifier: MIT */
/*
 * A scripted host for the device model: guest RAM with a guard on both sides
 * (AddressSanitizer's), ports that take or give as few bytes as the script
 * says, and a record of everything the model asked for. host_open() first,
 * host_close() last; everything between is plain data that a test may set.
 */
#ifndef VESPER_TESTS_SIM_HOST_H
#define VESPER_TESTS_SIM_HOST_H

#include "include/dm.h"

#define HOST_PORTS      4
#define HOST_IRQS       64
#define HOST_SCRIPT_MAX 64
#define HOST_EVENTS     8

/* How many bytes the next calls may move; after the last entry, as many as `then`. */
struct host_script {
	size_t limit[HOST_SCRIPT_MAX];
	unsigned n, at;
	bool loop;   /* start over at the end */
	size_t then; /* host_open() sets it to SIZE_MAX */
};

struct host_port {
	const uint8_t *input; /* what the guest receives */
	size_t input_len, input_at;
	uint8_t *output; /* what the guest sent */
	size_t output_len, output_max;
	struct host_script send, recv;
	unsigned sends, recvs; /* calls */
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
	/* Called, if set, at each host_ram(): a guest that changes memory under the device's feet. */
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

/* A script that gives `limit` bytes at every call (0: refuses all). */
struct host_script host_limit(size_t limit);

#endif
