/* SPDX-License-Identifier: MIT */
/*
 * A large TCP frame becomes segments, each a header and a range of guest memory. The frame is given back when the last segment is.
 *
 * If the interface has no room for all segments, the rest is a job that goes on when it has room again; until then nobody
 * else sends. room() may come while this hart or another works at the job: it leaves a mark then, and who
 * holds the lock looks at that before and after letting go.
 */
#include <string.h>

#include "backends/switch_job.h"

/* ---- frames in pieces ---- */

static struct switch_lent *take_lent(struct uplink *up, const struct switch_frame *frame)
{
	for (unsigned i = 0; i < SWITCH_LENT_MAX; i++) {
		uint32_t free = 0;
		if (!__atomic_compare_exchange_n(
			    &up->lent[i].left, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		up->lent[i].done = frame->done;
		up->lent[i].owner = frame->owner;
		return &up->lent[i];
	}
	return NULL;
}

/* One piece less. true: it was the last, and *whole says whose frame is done; the slot is free. */
static bool put_lent(struct switch_lent *lent, struct switch_lent *whole)
{
	*whole = *lent;
	return __atomic_sub_fetch(&lent->left, 1, __ATOMIC_ACQ_REL) == 0;
}

static void piece_done(void *owner)
{
	struct switch_lent whole;

	if (put_lent(owner, &whole))
		whole.done(whole.owner);
}

/* ---- the job ---- */

/* The pieces of `job->segment` that are bytes [offset, +len): how many. */
static uint16_t cut_segments(
	const struct switch_job *job, uint32_t offset, uint32_t len, struct block_segment *out)
{
	uint16_t n = 0;

	for (unsigned i = 0; i < job->n_segments && len > 0; i++) {
		const struct block_segment *piece = &job->segment[i];
		if (offset >= piece->len) {
			offset -= piece->len;
			continue;
		}
		uint32_t part = piece->len - offset < len ? piece->len - offset : len;
		out[n++] = (struct block_segment){hpa(piece->addr.a + offset), part};
		len -= part;
		offset = 0;
	}
	return n;
}

static enum status send_segment(struct uplink *up, struct switch_job *job)
{
	struct segmenter *s = &job->segmenter;
	struct block_segment segment[SWITCH_PIECES_MAX];
	struct nic_frame out = {
		.header = s->header,
		.header_len = (uint16_t)s->header_len,
		.queue = job->queue,
		.n = cut_segments(job, s->offset, s->len, segment),
		.segment = segment,
		.done = piece_done,
		.owner = job->lent,
	};

	__atomic_add_fetch(&job->lent->left, 1, __ATOMIC_RELAXED);
	enum status status = nic_send(up->nic, &out);
	if (status != OK)
		__atomic_sub_fetch(&job->lent->left, 1, __ATOMIC_RELAXED);
	return status;
}

/* With the lock. false: the interface has no room for the rest. An interface that is gone takes none: that is the end, too. */
static bool run_job(struct uplink *up)
{
	struct switch_job *job = &up->job;

	while (job->waiting || segment_next(&job->segmenter, &job->packet)) {
		job->waiting = true;
		enum status status = send_segment(up, job);
		if (status == ERR_BUSY)
			return false;
		if (status != OK)
			break;
		job->waiting = false;
	}
	return true;
}

static void wake_network(struct network *network)
{
	struct switch_wake wake;

	wake.n = 0;
	shared_lock_read(&network->lock);
	for (unsigned i = 0; i < network->n; i++)
		switch_wake_add(&wake, network->port[i]);
	shared_unlock_read(&network->lock);
	switch_wake_all(&wake);
}

/* With the lock, which it gives up: goes on with the job, and tells of its end. */
static void continue_job(struct uplink *up)
{
	struct switch_lent whole;
	bool last = false;

	if (up->busy && run_job(up)) {
		last = put_lent(up->job.lent, &whole);
		__atomic_store_n(&up->busy, 0, __ATOMIC_RELEASE);
	}
	spin_unlock(&up->lock);
	if (last)
		whole.done(whole.owner);
}

/* Is there a mark of room(), and the lock to be had? Who has it comes here himself. */
static void look_for_room(struct uplink *up)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while (__atomic_load_n(&up->room, __ATOMIC_RELAXED) && spin_trylock(&up->lock)) {
		__atomic_store_n(&up->room, 0, __ATOMIC_SEQ_CST);
		continue_job(up);
		if (!__atomic_load_n(&up->busy, __ATOMIC_ACQUIRE))
			wake_network(up->network);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
}

void switch_job_room(struct uplink *up)
{
	__atomic_store_n(&up->room, 1, __ATOMIC_SEQ_CST);
	look_for_room(up);
}

/* With the lock, and no job there. false: there are more segments than are allowed, or too many frames. */
static bool begin_job(
	struct uplink *up, const struct switch_frame *frame, const struct packet *packet)
{
	struct switch_job *job = &up->job;

	memcpy(job->header, packet->header, packet->header_len);
	memcpy(job->data, packet->data, packet->n * sizeof(job->data[0]));
	memcpy(job->segment, frame->segment, frame->n_segments * sizeof(job->segment[0]));
	job->n_segments = frame->n_segments;
	job->packet = *packet;
	job->packet.header = job->header;
	job->packet.data = job->data;
	job->queue = frame->queue;
	job->waiting = false;
	if (!segment_begin(&job->segmenter, &job->packet))
		return false;
	job->lent = take_lent(up, frame);
	return job->lent != NULL;
}

/* With the lock. */
static enum switch_answer start_job(struct uplink *up, const struct switch_frame *frame,
	const struct packet *packet, uint64_t *dropped)
{
	struct switch_lent whole;

	if (!begin_job(up, frame, packet)) {
		++*dropped;
		return SWITCH_DONE;
	}
	if (!run_job(up)) {
		__atomic_store_n(&up->busy, 1, __ATOMIC_RELEASE);
		return SWITCH_LENT;
	}
	return put_lent(up->job.lent, &whole) ? SWITCH_DONE : SWITCH_LENT;
}

enum switch_answer switch_job_send(struct uplink *up, const struct switch_frame *frame,
	const struct packet *packet, uint64_t *dropped)
{
	enum switch_answer answer = SWITCH_BUSY;

	spin_lock(&up->lock);
	if (!up->busy)
		answer = start_job(up, frame, packet, dropped);
	spin_unlock(&up->lock);
	look_for_room(up);
	return answer;
}
