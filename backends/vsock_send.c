/* SPDX-License-Identifier: MIT */
/* The way of a packet from VM to VM: as data of a stream it is cut to the receiver's buffers, and waits where there are none. */
#include "backends/vsock_parts.h"

#define PARTS_MAX DM_POSTED_MAX /* of a packet, with the lock held: a receiver may post meanwhile */

/* The pieces of [from, from + len); returns how many. */
static unsigned cut(const struct iovec_piece *pieces, unsigned n, uint64_t from, uint32_t len,
	struct iovec_piece *out)
{
	unsigned used = 0;

	for (unsigned i = 0; i < n && len > 0; i++) {
		if (from >= pieces[i].len) {
			from -= pieces[i].len;
			continue;
		}
		uint32_t part = pieces[i].len - (uint32_t)from;

		part = part < len ? part : len;
		out[used++] = (struct iovec_piece){(uint8_t *)pieces[i].data + from, part};
		len -= part;
		from = 0;
	}
	return used;
}

/* As much of it as the receiver's next buffer takes. false: it has none. */
static bool forward_part(struct vsock_port *to, const struct vsock_packet *p)
{
	struct virtio_vsock_hdr part = *p->hdr;
	struct iovec_piece out[VSOCK_PIECES_MAX];
	uint64_t left = p->hdr->len - *p->progress, room = mailbox_room(to->box);

	if (room < sizeof(part) || (room == sizeof(part) && left))
		return false;
	part.len = (uint32_t)(left < room - sizeof(part) ? left : room - sizeof(part));
	if (!vsock_put(to, &part, out, cut(p->pieces, p->n, *p->progress, part.len, out)))
		return false;
	*p->progress += part.len;
	return true;
}

enum forwarded {
	ALL,
	DRY,  /* the receiver has no buffer */
	MORE, /* it has, but this took long enough */
};

/* Data goes in as many packets as the receiver's buffers ask for. */
static enum forwarded forward(struct vsock_port *to, const struct vsock_packet *p)
{
	for (unsigned i = 0; i < PARTS_MAX; i++) {
		if (!forward_part(to, p))
			return DRY;
		if (*p->progress < p->hdr->len)
			continue;
		to->owed -= to->owed < VSOCK_PATIENCE / VSOCK_PACKETS
				    ? to->owed
				    : VSOCK_PATIENCE / VSOCK_PACKETS;
		return ALL;
	}
	return MORE;
}

/* The same, and if there is no buffer it is known that one is wanted. */
static enum forwarded forward_or_want(struct vsock_port *to, const struct vsock_packet *p)
{
	enum forwarded done = forward(to, p);

	if (done != DRY || to->wanted_since)
		return done;
	__atomic_store_n(&to->wanted_since, vsock_now(), __ATOMIC_RELAXED);
	/* Buffers that were posted before that was said are found now. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	done = forward(to, p);
	if (done != DRY)
		to->wanted_since = 0;
	return done;
}

/* Who waits looks every second only, so whoever owes much is not waited for at all. */
static bool is_patient_with(const struct vsock_port *to)
{
	uint64_t waited = vsock_now() - to->wanted_since;

	return to->owed <= VSOCK_PATIENCE / 2 && to->owed + waited <= VSOCK_PATIENCE;
}

/* ---- connections that lost data ---- */

static struct vsock_lost *find_lost(struct vsock_port *port, const struct virtio_vsock_hdr *hdr)
{
	unsigned n = port->n_lost < VSOCK_LOST_MAX ? port->n_lost : VSOCK_LOST_MAX;

	for (unsigned i = 0; i < n; i++) {
		struct vsock_lost *l = &port->lost[i];

		if (l->cid == hdr->dst_cid && l->src_port == hdr->src_port &&
			l->dst_port == hdr->dst_port)
			return l;
	}
	return NULL;
}

/* The packet is dropped, and its connection with it. */
static void lose(struct vsock_port *port, const struct virtio_vsock_hdr *hdr)
{
	(void)vsock_refuse(port, hdr);
	if (hdr->op == VIRTIO_VSOCK_OP_RW)
		port->lost[port->n_lost++ % VSOCK_LOST_MAX] =
			(struct vsock_lost){(uint32_t)hdr->dst_cid, hdr->src_port, hdr->dst_port};
}

/* true: it is of such a connection, and so over. */
static bool is_lost(struct vsock_port *port, const struct virtio_vsock_hdr *hdr)
{
	struct vsock_lost *l = find_lost(port, hdr);

	if (!l)
		return false;
	if (hdr->op == VIRTIO_VSOCK_OP_RST || hdr->op == VIRTIO_VSOCK_OP_REQUEST) {
		l->cid = 0;
		return false;
	}
	(void)vsock_refuse(port, hdr);
	return true;
}

/* ---- sending ---- */

/* It begins with its header and is as long as that says, in a number of pieces that can be passed on. */
static bool is_well_formed(const struct vsock_packet *p)
{
	uint64_t len = 0;

	for (unsigned i = 0; i < p->n; i++)
		len += p->pieces[i].len;
	return p->hdr->src_cid == p->from->cid && len >= p->hdr->len &&
	       *p->progress <= p->hdr->len && p->n <= VSOCK_PIECES_MAX;
}

/* false: nothing can take it now. */
static bool deliver_to(struct vsock_port *to, const struct vsock_packet *p)
{
	switch (forward_or_want(to, p)) {
	case ALL:
		return true;
	case MORE:
		p->from->ready(p->from->owner);
		return false;
	default:
		if (is_patient_with(to))
			return false;
		lose(p->from, p->hdr);
		return true;
	}
}

bool vsock_deliver(const struct vsock_packet *p)
{
	if (!is_well_formed(p))
		return true;
	if (p->hdr->dst_cid == VIRTIO_VSOCK_CID_HOST) {
		vsock_service_packet(p->from, p->hdr, p->pieces, p->n);
		return true;
	}
	struct vsock_port *to = vsock_find(p->hdr->dst_cid);

	if (!to || !to->live || p->hdr->type != VIRTIO_VSOCK_TYPE_STREAM) {
		/* A guest that has no buffer for it meets the same at its next packet. */
		(void)vsock_refuse(p->from, p->hdr);
		return true;
	}
	return is_lost(p->from, p->hdr) || deliver_to(to, p);
}
