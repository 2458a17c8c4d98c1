/* SPDX-License-Identifier: MIT */
/*
 * Sending. The header that the device wants and the frame's first bytes are
 * copied into the frame's slot; the rest goes from where it is. Of many
 * frames in flight the interrupt comes when three quarters are out: nobody
 * waits longer for his than for the one in front of it.
 */
#include <string.h>

#include "drivers/virtio_net_parts.h"

#define ROOM_PART 4  /* room is said when a quarter of the ring is free */
#define ROUNDS    16 /* of 32 frames, for one interrupt: the ring twice */

/* ---- done ---- */

struct done_list {
	unsigned n;
	struct {
		void (*done)(void *owner);
		void *owner;
	} entry[32];
};

static void slot_done(struct net_slot *slot, struct done_list *list)
{
	list->entry[list->n].done = slot->done;
	list->entry[list->n++].owner = slot->owner;
	slot->done = NULL;
}

static void call_all(const struct done_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		list->entry[i].done(list->entry[i].owner);
}

static bool is_full(const struct done_list *list)
{
	return list->n == sizeof(list->entry) / sizeof(list->entry[0]);
}

/* Takes what is out. true: there may be more. */
static bool take_some(struct net_nic *nic, struct done_list *list, bool *sane)
{
	struct net_tx *tx = &nic->tx;
	uint32_t written;
	int head = VIRTIO_RING_NONE;

	while (!is_full(list) && (head = virtio_ring_take(&tx->ring, &written)) >= 0)
		slot_done(net_slot(tx, (unsigned)head), list);
	*sane = head != VIRTIO_RING_BROKEN;
	if (is_full(list))
		return true;
	unsigned flying = (unsigned)tx->ring.size - tx->ring.n_free;

	return *sane && virtio_ring_rearm(&tx->ring, flying > 4 ? flying / 4 * 3 : 1);
}

static bool take_room(struct net_tx *tx)
{
	if (!tx->refused || tx->ring.n_free < tx->ring.size / ROOM_PART)
		return false;
	tx->refused = false;
	return true;
}

/* While others send on without end this hart has other things to do, too. */
void net_tx_serve(void *owner)
{
	struct net_nic *nic = owner;
	bool more = true, sane = true, room = false;

	for (unsigned rounds = 0; rounds < ROUNDS && more && sane; rounds++) {
		struct done_list list;

		list.n = 0;
		spin_lock(&nic->tx.lock);
		more = !nic->failed && take_some(nic, &list, &sane);
		room |= take_room(&nic->tx);
		spin_unlock(&nic->tx.lock);
		call_all(&list);
	}
	if (room && nic->user)
		nic->user->room(nic->number);
	if (!sane)
		net_fail(nic, "the device returns what it was not given");
	else if (more)
		driver_again(net_tx_serve, nic);
}

void net_tx_drop_all(struct net_nic *nic)
{
	struct net_tx *tx = &nic->tx;

	for (unsigned i = 0; i < tx->ring.size; i++) {
		struct done_list list = {0};

		spin_lock(&tx->lock);
		if (net_slot(tx, i)->done)
			slot_done(net_slot(tx, i), &list);
		spin_unlock(&tx->lock);
		call_all(&list);
	}
	if (nic->user)
		nic->user->room(nic->number);
}

bool net_tx_busy(struct net_nic *nic, uint32_t seconds, bool *late)
{
	struct net_tx *tx = &nic->tx;

	spin_lock(&tx->lock);
	bool busy = !virtio_ring_idle(&tx->ring);

	for (unsigned i = 0; busy && i < tx->ring.size; i++) {
		const struct net_slot *slot = net_slot(tx, i);

		*late |= slot->done && nic->seconds - slot->started > seconds;
	}
	spin_unlock(&tx->lock);
	return busy;
}

/* ---- sending ---- */

static bool can(const struct nic_info *info, const struct dm_frame *f)
{
	switch (f->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return info->checksum || !(f->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return info->tso4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return info->tso6;
	default:
		return false;
	}
}

static void put_header(struct net_slot *slot, const struct nic_frame *frame)
{
	const struct dm_frame *f = &frame->frame;

	slot->header = (struct virtio_net_hdr){
		.flags = f->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = f->gso_type,
		.hdr_len = f->hdr_len,
		.gso_size = f->gso_size,
		.csum_start = f->csum_start,
		.csum_offset = f->csum_offset,
	};
	memcpy(slot->head, frame->header, frame->header_len);
	slot->table[0] = (struct virtq_desc){
		.addr = (uintptr_t)&slot->header,
		.len = (uint32_t)sizeof(slot->header) + frame->header_len,
	};
}

static void put(struct net_nic *nic, const struct nic_frame *frame)
{
	struct net_slot *slot = net_slot(&nic->tx, virtio_ring_head(&nic->tx.ring));
	unsigned n = 1;

	slot->done = frame->done;
	slot->owner = frame->owner;
	slot->started = nic->seconds;
	put_header(slot, frame);
	/* A buffer of no bytes is an error to a device. */
	for (unsigned i = 0; i < frame->n; i++)
		if (frame->segment[i].len)
			slot->table[n++] = (struct virtq_desc){
				.addr = frame->segment[i].addr.a, .len = frame->segment[i].len};
	virtio_ring_add(&nic->tx.ring, slot->table, n);
}

enum status nic_send(unsigned number, const struct nic_frame *frame)
{
	struct net_nic *nic = net_nics[number];
	struct net_tx *tx = &nic->tx;
	enum status status = OK;
	bool notify = false;

	if (frame->n >= NET_TABLE || frame->header_len > DM_HEADER_MAX)
		return ERR_INVALID;
	if (!can(&nic->info, &frame->frame))
		return ERR_UNSUPPORTED;
	spin_lock(&tx->lock);
	if (nic->failed) {
		status = ERR_IO;
	} else if (virtio_ring_room(&tx->ring, NET_TABLE) <= frame->n) {
		tx->refused = true;
		status = ERR_BUSY;
	} else {
		put(nic, frame);
		notify = virtio_ring_must_notify(&tx->ring);
	}
	spin_unlock(&tx->lock);
	if (notify)
		virtio_notify(nic->device, &tx->ring);
	if (status == OK)
		driver_watch();
	return status;
}
