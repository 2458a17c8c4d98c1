/* SPDX-License-Identifier: MIT */
/* What request.c (records, where guest memory is), request_disk.c and request_send.c share. */
#ifndef VESPER_CORE_REQUEST_PARTS_H
#define VESPER_CORE_REQUEST_PARTS_H

#include "core/page.h"
#include "core/request.h"
#include "core/vm_ports.h"

#define REQUEST_DISK_RECORD  PAGE_SIZE
#define REQUEST_FRAME_RECORD 1024u

struct lent {
	struct lent *next; /* in the pool, in vm->finished, in `waiting` */
	struct vm_port *port;
	struct dm_request *request;
	enum status status; /* once it is over */
	/* How far a disk's request is: in this slice, so many bytes of it. */
	unsigned slice;
	uint32_t within;
	union {
		struct {
			struct block_request block;
			uint64_t offset; /* of the part; its own is changed on the way */
		};
		struct {
			struct switch_frame frame;
			struct iovec_piece *data;
		};
	};
	struct block_segment segment[];
};

/* A record from the port's pool, with what the request names pinned. NULL: `answer` says why not. With the VM's lock, as the next. */
struct lent *request_lend(struct vm_port *port, struct dm_request *request, enum dm_answer *answer);
void request_take_back(struct lent *lent);

/* It is over. On any hart. */
void request_finish(struct lent *lent, enum status status);

/* The bytes of a slice from `within` on that are contiguous in the machine's memory. */
uint32_t request_contiguous(const struct slice *slice, uint32_t within);

/* One more piece of pinned guest memory; false: there is no room in n. */
bool request_add_segment(const struct vm *vm, struct block_segment *segment, uint16_t *n,
	size_t max, gpa_t at, uint32_t len);

/* request_submit() for what is behind the port. */
enum dm_answer request_disk(struct vm_port *port, struct dm_request *request);
enum dm_answer request_send(struct vm_port *port, struct dm_request *request);

#endif
