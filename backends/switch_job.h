/* SPDX-License-Identifier: MIT */
/*
 * An uplink, and the job of sending a large frame as segments through an interface that can't segment; only switch_uplink.c and
 * switch_job.c know.
 */
#ifndef VESPER_BACKENDS_SWITCH_JOB_H
#define VESPER_BACKENDS_SWITCH_JOB_H

#include "backends/segment.h"
#include "backends/switch_parts.h"

#define SWITCH_LENT_MAX 128 /* frames in segments that an interface has at a time */

/* A frame that is lent in pieces. `left` is atomic, and 0 in one that is free. */
struct switch_lent {
	uint32_t left; /* pieces, and one for who still makes pieces */
	void (*done)(void *owner);
	void *owner;
};

struct switch_job {
	struct packet packet;
	struct segmenter segmenter;
	bool waiting; /* the segment it has made was not taken yet */
	uint8_t queue;
	uint16_t n_segments;
	struct switch_lent *lent;
	uint8_t header[DM_HEADER_MAX];
	struct iovec_piece data[SWITCH_PIECES_MAX];
	struct block_segment segment[SWITCH_PIECES_MAX];
};

struct uplink {
	struct network *network; /* set once */
	unsigned nic;
	const struct nic_info *info;
	struct switch_lent lent[SWITCH_LENT_MAX];
	uint32_t room; /* atomic: room() was called */
	uint32_t busy; /* atomic: there is a job */
	struct spinlock lock;
	struct switch_job job; /* guarded by it */
};

/* Sends the frame in segments. SWITCH_BUSY: there is a job already. `dropped` counts a frame that can't be sent. */
enum switch_answer switch_job_send(struct uplink *up, const struct switch_frame *frame,
	const struct packet *packet, uint64_t *dropped);

/* The interface has room: the job goes on, and when there is none, all ports hear of it. */
void switch_job_room(struct uplink *up);

#endif
