/* SPDX-License-Identifier: MIT */
/*
 * Where packets of virtio-vsock go: from one VM's port to another's, by CID, or to the service of the host. A packet is copied once,
 * into a buffer that the receiver posted. Where it has posted none the sender waits, and with it what it sends to others; so not for
 * long: who had others wait for VSOCK_PATIENCE_S in all is not waited for any more, and a connection to it is reset, until it has taken
 * enough packets again (all is forgiven after VSOCK_PACKETS of them).
 */
#ifndef VESPER_BACKENDS_VSOCK_H
#define VESPER_BACKENDS_VSOCK_H

#include "backends/mailbox.h"

#define VSOCK_PATIENCE_S 2
#define VSOCK_PACKETS    64
#define VSOCK_PIECES_MAX 64 /* of a packet, behind its header */

struct vsock_port;

/* Bytes of one; the memory is the caller's, zeroed, and stays for good. */
size_t vsock_port_size(void);

/*
 * ready(owner) is called, on any hart, when the port has packets or may send again. `trusted`: the host's service serves it.
 * ERR_BUSY: the CID is taken.
 */
MUST_CHECK enum status vsock_attach(void *memory, uint32_t cid, bool trusted,
	void (*ready)(void *owner), void *owner, struct vsock_port **out);

/* Nothing more goes to it. It may be attached again. Its connections are not told: they meet a reset when they send. */
void vsock_detach(struct vsock_port *port);

struct mailbox *vsock_mailbox(struct vsock_port *port);

/* Buffers were posted: those that waited are told. */
void vsock_posted(struct vsock_port *port);

/* All that it had posted was taken back: its guest begins anew, and what arrived is lost. */
void vsock_restart(struct vsock_port *port);

/*
 * A packet of the port: a virtio_vsock_hdr that nobody changes, and the `n` pieces of what follows; *progress: bytes of that which went already.
 * false: the receiver has no buffer for the rest now; ready() follows. true: it is delivered, answered, or dropped as malformed.
 */
MUST_CHECK bool vsock_send(struct vsock_port *port, const void *header,
	const struct iovec_piece *pieces, unsigned n, uint64_t *progress);

/*
 * The host's end, port VSOCK_SERVICE_PORT of trusted VMs: each line is a command. service() says its answer with vsock_answer() before it
 * returns. What arrives is done by vsock_service_run(), with no lock held.
 */
#define VSOCK_SERVICE_PORT 1
void vsock_service(void (*service)(char *line));
void vsock_answer(const char *text, size_t len);
bool vsock_service_pending(void);
void vsock_service_run(void);

#endif
