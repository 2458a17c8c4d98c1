/* SPDX-License-Identifier: MIT */
/*
 * The contract between what drives a physical disk (drivers/) and what shares it out (backends/): requests with
 * host-physical segments, finished by a call.
 */
#ifndef VESPER_BLOCK_H
#define VESPER_BLOCK_H

#include "include/status.h"
#include "lib/addr.h"

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_FLUSH,
	BLOCK_DISCARD,
	BLOCK_WRITE_ZEROES,
};

struct block_segment {
	hpa_t addr;
	uint32_t len; /* bytes; any alignment */
};

#define BLOCK_SEGMENTS_MAX 512 /* of one request */

struct block_request {
	enum block_op op;
	bool unmap;      /* BLOCK_WRITE_ZEROES */
	uint8_t queue;   /* a hint: which of the disk's queues, modulo their number */
	uint16_t n;      /* segments; their sum is `len` for reads and writes */
	uint64_t offset; /* bytes, a multiple of the disk's block size, as is len */
	uint64_t len;
	const struct block_segment *segment;
	/* On any hart, with no lock held. OK, ERR_IO, ERR_UNSUPPORTED. */
	void (*done)(struct block_request *request, enum status status);
	void *owner; /* the submitter's */
	/* The driver's while it is in flight. */
	struct block_request *next;
	uint64_t driver[4];
};

struct block_info {
	char name[8];  /* "disk0", ... */
	char id[21];   /* its serial, NUL-terminated; "": it has none */
	uint64_t size; /* bytes */
	uint32_t block_size, physical_size, optimal_size;
	uint64_t discard_max, write_zeroes_max; /* bytes of one request; 0: no such operation */
	bool read_only, flush;
	unsigned queues;
};

/* The machine's disks, in the order in which they were found. */
unsigned block_count(void);
const struct block_info *block_info(unsigned disk);

/*
 * Takes a request of any number of segments up to BLOCK_SEGMENTS_MAX and any length, split where the disk asks for it. From any hart. ERR_BUSY: its
 * queue is full; the function of block_on_room() is called when it is not. ERR_IO: the disk is gone.
 * Whatever happens to the disk, done() is called for what was taken; never before this returns.
 */
MUST_CHECK enum status block_submit(unsigned disk, struct block_request *request);
void block_on_room(void (*room)(unsigned disk));

/* The same, waiting, for boot: before harts and interrupts run. */
MUST_CHECK enum status block_wait(unsigned disk, struct block_request *request);

#endif
