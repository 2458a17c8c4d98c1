/* SPDX-License-Identifier: MIT */
/* What vsock.c, vsock_send.c (from VM to VM), vsock_service.c and vsock_command.c (the host's end) share. */
#ifndef VESPER_BACKENDS_VSOCK_PARTS_H
#define VESPER_BACKENDS_VSOCK_PARTS_H

#include "backends/vsock.h"
#include "include/abi/virtio_vsock.h"

#define VSOCK_PATIENCE (VSOCK_PATIENCE_S * 1000000000ull) /* ns */
#define VSOCK_LOST_MAX 64

struct vsock_port {
	struct vsock_port *next; /* of all that ever were attached, in no order */
	bool listed;
	uint32_t cid;
	bool trusted;
	bool attached;
	bool live; /* it has posted a buffer since its guest began: else nobody is there */
	void (*ready)(void *owner);
	void *owner;
	struct mailbox *box;
	/* As a sender. */
	bool waits; /* its oldest packet found no buffer */
	/* Its connections that lost data: what it sends before it knows gets no further. */
	struct vsock_lost {
		uint32_t cid, src_port, dst_port; /* cid 0: none */
	} lost[VSOCK_LOST_MAX];
	unsigned n_lost; /* so many there were; of more than VSOCK_LOST_MAX the last */
	/* As a receiver. */
	uint64_t wanted_since; /* ns; others wait for it to post buffers; 0: none does */
	uint64_t owed;         /* ns that it had others wait, less what it took since */
};

/* A packet on its way, of which *progress bytes went already. */
struct vsock_packet {
	struct vsock_port *from;
	const struct virtio_vsock_hdr *hdr;
	const struct iovec_piece *pieces;
	unsigned n;
	uint64_t *progress;
};

/* ns; with the lock of vsock.c. Never 0. */
uint64_t vsock_now(void);

/* NULL: no VM has it. With vsock.c's lock, which is of all ports. */
struct vsock_port *vsock_find(uint64_t cid);

/* As vsock_send(), with that lock. */
MUST_CHECK bool vsock_deliver(const struct vsock_packet *packet);

/*
 * A packet for the port, all of it in one buffer. false: it has none, or a smaller one. With the lock or without: the
 * mailbox has its own.
 */
MUST_CHECK bool vsock_put(struct vsock_port *to, const struct virtio_vsock_hdr *hdr,
	const struct iovec_piece *pieces, unsigned n);

/* A reset for the sender of `hdr`, unless that is one itself: two ends would go on for ever. false: it has no buffer. */
bool vsock_refuse(struct vsock_port *to, const struct virtio_vsock_hdr *hdr);

/* A packet for the host, with vsock.c's lock. It is always over. */
void vsock_service_packet(struct vsock_port *from, const struct virtio_vsock_hdr *hdr,
	const struct iovec_piece *pieces, unsigned n);

/* ---- between vsock_service.c (connections) and vsock_command.c (what is said on them) ---- */

#define VSOCK_LINE_MAX 256 /* bytes */

struct vsock_asker {
	unsigned connection;
	uint32_t serial;
};

/* The next line that was said; false: there is none. Has room for VSOCK_LINE_MAX and a NUL. */
MUST_CHECK bool vsock_service_next(char *line, struct vsock_asker *who);

/* All of it goes to whoever asked, if that is still there, or its connection is reset. */
void vsock_service_answer(const struct vsock_asker *who, char *text, size_t len);

/* There are more commands: those who said them are called, and with that vsock_service_run(). */
void vsock_service_later(void);

/* ---- for vsock.c ---- */

/* The port's connections are gone. */
void vsock_service_forget(const struct vsock_port *port);

#endif
