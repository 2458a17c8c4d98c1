/* SPDX-License-Identifier: MIT */
/* Frames to a switch, lent while a physical interface sends them, and packets to a vsock. */
#include "core/request_parts.h"

/* A frame's pieces twice: where Vesper and where a device finds them. */
#define PIECES                                          \
	((REQUEST_FRAME_RECORD - sizeof(struct lent)) / \
		(sizeof(struct block_segment) + sizeof(struct iovec_piece)))

static void frame_done(void *owner)
{
	request_finish(owner, OK);
}

static bool fill_frame(struct lent *lent)
{
	const struct dm_request *request = lent->request;
	struct vm *vm = lent->port->vm;
	struct switch_frame *frame = &lent->frame;
	struct iovec_piece *data = (struct iovec_piece *)(lent->segment + PIECES);

	if (request->n_slices > PIECES)
		return false;
	frame->n = request->n_slices;
	frame->data = data;
	frame->segment = lent->segment;
	frame->n_segments = 0;
	for (unsigned i = 0; i < request->n_slices; i++) {
		const struct slice *slice = &request->slices[i];

		data[i] = (struct iovec_piece){vm_ram(vm, slice->addr, slice->len), slice->len};
		for (uint32_t at = 0, len; at < slice->len; at += len) {
			len = request_contiguous(slice, at);
			if (!request_add_segment(vm, lent->segment, &frame->n_segments, PIECES,
				    gpa(slice->addr.a + at), len))
				return false;
		}
	}
	return true;
}

/* Copied before this returns, so nothing is pinned. */
static enum dm_answer send_packet(struct vm_port *port, struct dm_request *request)
{
	struct iovec_piece pieces[VSOCK_PIECES_MAX];

	if (request->n_slices > VSOCK_PIECES_MAX)
		return DM_FAILED;
	for (unsigned i = 0; i < request->n_slices; i++) {
		const struct slice *slice = &request->slices[i];

		pieces[i] =
			(struct iovec_piece){vm_ram(port->vm, slice->addr, slice->len), slice->len};
		if (!pieces[i].data)
			return DM_FAILED;
	}
	return vsock_send(
		       port->vsock, request->header, pieces, request->n_slices, &request->progress)
		       ? DM_DONE
		       : DM_BUSY;
}

enum dm_answer request_send(struct vm_port *port, struct dm_request *request)
{
	if (port->vsock)
		return send_packet(port, request);
	enum dm_answer answer;
	struct lent *lent = request_lend(port, request, &answer);

	if (!lent)
		return answer;
	lent->frame = (struct switch_frame){
		.frame = request->frame,
		.header = request->header,
		.header_len = request->header_len,
		.queue = request->queue / 2, /* a pair's second queue sends */
		.done = frame_done,
		.owner = lent,
	};
	if (!fill_frame(lent)) {
		request_take_back(lent);
		return DM_FAILED;
	}
	enum switch_answer sent = switch_send(port->net, &lent->frame);

	if (sent == SWITCH_LENT)
		return DM_LENT;
	request_take_back(lent);
	return sent == SWITCH_BUSY ? DM_BUSY : DM_DONE;
}
