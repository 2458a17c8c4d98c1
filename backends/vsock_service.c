/* SPDX-License-Identifier: MIT */
/*
 * The host's end of virtio-vsock: connections of trusted VMs to port VSOCK_SERVICE_PORT, on which each line is a command
 * and what it prints the answer. A line that arrives waits until no lock is held, as commands take those of VMs; so much as
 * INPUT bytes wait, which is the credit that a connection has. A connection gets all of an answer or, where it has not the
 * credit or the buffers, a reset; nothing of the host's waits for a guest.
 */
#include <string.h>

#include "backends/vsock_parts.h"

#define CONNECTIONS 8
#define INPUT       VSOCK_LINE_MAX

struct connection {
	struct vsock_port *port; /* NULL: free */
	uint32_t peer_port;
	uint32_t serial; /* of the connections that there were */
	uint32_t peer_buffer, peer_forwarded,
		sent;       /* bytes: the peer's credit is buffer - (sent - forwarded) */
	uint32_t forwarded; /* bytes of its own that were read */
	uint32_t told;      /* so many of them it knows of */
	bool closing;       /* it says no more */
	bool deaf;          /* it wants no answers */
	unsigned n;
	char input[INPUT];
};

static struct spinlock lock; /* inside of vsock.c's; of all that follows */
static struct connection connections[CONNECTIONS];
static uint32_t serial;
static unsigned asked; /* the connection whose command was the last */
static bool pending;   /* there may be commands */

/* ---- packets out ---- */

static struct virtio_vsock_hdr header_to(struct connection *c, uint16_t op)
{
	c->told = c->forwarded;
	return (struct virtio_vsock_hdr){
		.src_cid = VIRTIO_VSOCK_CID_HOST,
		.dst_cid = c->port->cid,
		.src_port = VSOCK_SERVICE_PORT,
		.dst_port = c->peer_port,
		.type = VIRTIO_VSOCK_TYPE_STREAM,
		.op = op,
		.buf_alloc = INPUT,
		.fwd_cnt = c->forwarded,
	};
}

static bool say(struct connection *c, uint16_t op)
{
	struct virtio_vsock_hdr hdr = header_to(c, op);

	return vsock_put(c->port, &hdr, NULL, 0);
}

/* Bytes; a peer that takes some of it back may have less than nothing. */
static uint32_t credit(const struct connection *c)
{
	uint32_t used = c->sent - c->peer_forwarded;

	return used < c->peer_buffer ? c->peer_buffer - used : 0;
}

/* What fits the peer's next buffer; 0: it has none. */
static uint32_t send_part(struct connection *c, char *at, size_t left)
{
	struct virtio_vsock_hdr hdr = header_to(c, VIRTIO_VSOCK_OP_RW);
	uint64_t room = mailbox_room(c->port->box);

	if (room <= sizeof(hdr))
		return 0;
	hdr.len = (uint32_t)(left < room - sizeof(hdr) ? left : room - sizeof(hdr));
	return vsock_put(c->port, &hdr, &(struct iovec_piece){at, hdr.len}, 1) ? hdr.len : 0;
}

/* After a line without an answer: it is told that it may send more once that is worth a packet, or it might need it. */
static bool send_credit(struct connection *c)
{
	bool soon = c->forwarded - c->told < INPUT / 2 && memchr(c->input, '\n', c->n);

	return soon || say(c, VIRTIO_VSOCK_OP_CREDIT_UPDATE);
}

/* false: the peer can't take all of it. */
static bool send_answer(struct connection *c, char *text, size_t len)
{
	if (c->deaf || !len)
		return send_credit(c);
	if (len > credit(c))
		return false;
	while (len) {
		uint32_t part = send_part(c, text, len);

		if (!part)
			return false;
		c->sent += part;
		text += part;
		len -= part;
	}
	return true;
}

static void close(struct connection *c)
{
	/* A peer that has no buffer for it meets the same at its next packet. */
	(void)say(c, VIRTIO_VSOCK_OP_RST);
	c->port = NULL;
}

/* ---- packets in ---- */

static struct connection *find(const struct vsock_port *port, uint32_t peer_port)
{
	for (unsigned i = 0; i < CONNECTIONS; i++)
		if (connections[i].port == port && (!port || connections[i].peer_port == peer_port))
			return &connections[i];
	return NULL;
}

static bool open(struct vsock_port *from, const struct virtio_vsock_hdr *hdr)
{
	struct connection *c = find(NULL, 0);

	if (!c)
		return false;
	*c = (struct connection){
		.port = from,
		.peer_port = hdr->src_port,
		.serial = serial++,
		.peer_buffer = hdr->buf_alloc,
		.peer_forwarded = hdr->fwd_cnt,
	};
	if (say(c, VIRTIO_VSOCK_OP_RESPONSE))
		return true;
	c->port = NULL;
	return false;
}

/* false: the peer has sent more than its credit. */
static bool take_input(struct connection *c, const struct virtio_vsock_hdr *hdr,
	const struct iovec_piece *pieces, unsigned n)
{
	uint32_t left = hdr->len;

	if (left > INPUT - c->n)
		return false;
	for (unsigned i = 0; i < n && left; i++) {
		uint32_t part = pieces[i].len < left ? pieces[i].len : left;

		memcpy(c->input + c->n, pieces[i].data, part);
		c->n += part;
		left -= part;
	}
	return true;
}

/* false: it is not as a connection goes. */
static bool take(struct connection *c, const struct virtio_vsock_hdr *hdr,
	const struct iovec_piece *pieces, unsigned n)
{
	c->peer_buffer = hdr->buf_alloc;
	c->peer_forwarded = hdr->fwd_cnt;
	switch (hdr->op) {
	case VIRTIO_VSOCK_OP_RW:
		return !c->closing && take_input(c, hdr, pieces, n);
	case VIRTIO_VSOCK_OP_SHUTDOWN:
		/* What it said before counts. */
		c->closing |= hdr->flags & VIRTIO_VSOCK_SHUTDOWN_SEND;
		c->deaf |= hdr->flags & VIRTIO_VSOCK_SHUTDOWN_RECEIVE;
		return true;
	case VIRTIO_VSOCK_OP_CREDIT_REQUEST:
		return say(c, VIRTIO_VSOCK_OP_CREDIT_UPDATE);
	case VIRTIO_VSOCK_OP_CREDIT_UPDATE:
		return true;
	default:
		return false;
	}
}

void vsock_service_packet(struct vsock_port *from, const struct virtio_vsock_hdr *hdr,
	const struct iovec_piece *pieces, unsigned n)
{
	spin_lock(&lock);
	struct connection *c = find(from, hdr->src_port);
	bool ours = from->trusted && hdr->type == VIRTIO_VSOCK_TYPE_STREAM &&
		    hdr->dst_port == VSOCK_SERVICE_PORT;
	bool taken = ours && (c ? take(c, hdr, pieces, n)
				: hdr->op == VIRTIO_VSOCK_OP_REQUEST && open(from, hdr));

	if (!taken) {
		if (ours && c)
			c->port = NULL;
		(void)vsock_refuse(from, hdr);
	} else if (c) {
		__atomic_store_n(&pending, true, __ATOMIC_RELAXED);
	}
	spin_unlock(&lock);
}

void vsock_service_forget(const struct vsock_port *port)
{
	spin_lock(&lock);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		if (connections[i].port == port)
			connections[i].port = NULL;
	spin_unlock(&lock);
}

/* ---- commands ---- */

bool vsock_service_pending(void)
{
	return __atomic_load_n(&pending, __ATOMIC_RELAXED);
}

/* Cuts the first line off what a connection said. false: there is no whole one. */
static bool next_line(struct connection *c, char *line)
{
	char *end = memchr(c->input, '\n', c->n);
	size_t len = end ? (size_t)(end - c->input) : c->n;

	/* The last may have no end, and one that fills all never gets it. */
	if (!end && !(c->closing && c->n) && c->n < INPUT)
		return false;
	memcpy(line, c->input, len);
	line[len] = 0;
	if (len && line[len - 1] == '\r')
		line[len - 1] = 0;
	len += end ? 1 : 0;
	c->n -= (unsigned)len;
	c->forwarded += (uint32_t)len;
	memmove(c->input, c->input + len, c->n);
	return true;
}

/* They take turns. */
static struct connection *next_command(char *line)
{
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		struct connection *c = &connections[++asked % CONNECTIONS];

		if (c->port && next_line(c, line))
			return c;
		if (c->port && c->closing)
			close(c);
	}
	return NULL;
}

bool vsock_service_next(char *line, struct vsock_asker *who)
{
	spin_lock(&lock);
	__atomic_store_n(&pending, false, __ATOMIC_RELAXED);
	struct connection *c = next_command(line);

	if (c)
		*who = (struct vsock_asker){(unsigned)(c - connections), c->serial};
	spin_unlock(&lock);
	return c;
}

void vsock_service_answer(const struct vsock_asker *who, char *text, size_t len)
{
	struct connection *c = &connections[who->connection];

	spin_lock(&lock);
	/* It may be gone by now, and another in its place. */
	if (c->port && c->serial == who->serial && !send_answer(c, text, len))
		close(c);
	spin_unlock(&lock);
}

void vsock_service_later(void)
{
	spin_lock(&lock);
	__atomic_store_n(&pending, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		if (connections[i].port && (connections[i].n || connections[i].closing))
			connections[i].port->ready(connections[i].port->owner);
	spin_unlock(&lock);
}
