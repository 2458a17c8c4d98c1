/* SPDX-License-Identifier: MIT */
#include "backends/vsock.h"

#include <string.h>

#include "backends/vsock_parts.h"
#include "include/driver_env.h"

#define LOOK_MAX 1500000000ull /* ns */

static struct spinlock lock;     /* of all ports, but for their mailboxes */
static struct vsock_port *ports; /* none ever leaves the list */

size_t vsock_port_size(void)
{
	return sizeof(struct vsock_port) + mailbox_size();
}

/* ---- life ---- */

struct vsock_port *vsock_find(uint64_t cid)
{
	for (struct vsock_port *port = ports; port; port = port->next)
		if (port->cid == cid && port->attached)
			return port;
	return NULL;
}

/* Those that wait look again. With the lock. */
static bool wake(void)
{
	bool any = false;

	for (struct vsock_port *port = ports; port; port = port->next) {
		if (!port->attached || !port->waits)
			continue;
		port->ready(port->owner);
		any = true;
	}
	return any;
}

/* While anybody waits looks are a second apart: in a longer gap the machine itself stood still, and nobody is to blame. */
uint64_t vsock_now(void)
{
	static uint64_t now = 1, looked;
	uint64_t time = driver_time_ns(), step = time - looked;

	now += step < LOOK_MAX ? step : LOOK_MAX;
	looked = time;
	return now;
}

/* Who waits too long is called to find that out. */
static bool tick(void *owner)
{
	(void)owner;
	spin_lock(&lock);
	bool any = wake();

	spin_unlock(&lock);
	return any;
}

/* With the lock. false: nobody would look for those that wait. */
static bool add(struct vsock_port *port)
{
	if (port->listed)
		return true;
	if (!ports && !driver_every_second(tick, NULL))
		return false;
	port->box = mailbox_init(port + 1);
	port->listed = true;
	port->next = ports;
	ports = port;
	return true;
}

/* As at the guest's start. What it owes stays: it could start over for that. */
static void forget(struct vsock_port *port)
{
	port->live = false;
	port->waits = false;
	port->wanted_since = 0;
	port->n_lost = 0;
	vsock_service_forget(port);
}

enum status vsock_attach(void *memory, uint32_t cid, bool trusted, void (*ready)(void *owner),
	void *owner, struct vsock_port **out)
{
	struct vsock_port *port = memory;

	spin_lock(&lock);
	bool free = !vsock_find(cid) && add(port);

	if (free) {
		port->cid = cid;
		port->trusted = trusted;
		port->ready = ready;
		port->owner = owner;
		port->attached = true;
		*out = port;
	}
	spin_unlock(&lock);
	return free ? OK : ERR_BUSY;
}

void vsock_detach(struct vsock_port *port)
{
	spin_lock(&lock);
	port->attached = false;
	mailbox_clear(port->box);
	forget(port);
	wake();
	spin_unlock(&lock);
}

void vsock_restart(struct vsock_port *port)
{
	spin_lock(&lock);
	forget(port);
	wake();
	spin_unlock(&lock);
}

struct mailbox *vsock_mailbox(struct vsock_port *port)
{
	return port->box;
}

/* Others waited until now. */
static void charge(struct vsock_port *port)
{
	uint64_t sum = port->owed + (vsock_now() - port->wanted_since);

	port->owed = sum < VSOCK_PATIENCE ? sum : VSOCK_PATIENCE;
	port->wanted_since = 0;
}

void vsock_posted(struct vsock_port *port)
{
	if (__atomic_load_n(&port->live, __ATOMIC_RELAXED) &&
		!__atomic_load_n(&port->wanted_since, __ATOMIC_RELAXED))
		return;
	spin_lock(&lock);
	__atomic_store_n(&port->live, true, __ATOMIC_RELAXED);
	if (port->wanted_since) {
		charge(port);
		wake();
	}
	spin_unlock(&lock);
}

/* ---- packets ---- */

bool vsock_put(struct vsock_port *to, const struct virtio_vsock_hdr *hdr,
	const struct iovec_piece *pieces, unsigned n)
{
	struct virtio_vsock_hdr copy = *hdr;
	struct iovec_piece all[VSOCK_PIECES_MAX + 1] = {{&copy, sizeof(copy)}};

	if (n > VSOCK_PIECES_MAX)
		return false;
	for (unsigned i = 0; i < n; i++)
		all[1 + i] = pieces[i];
	if (!mailbox_deliver(
		    to->box, &(struct dm_frame){0}, all, n + 1, sizeof(copy) + hdr->len, 1))
		return false;
	to->ready(to->owner);
	return true;
}

bool vsock_refuse(struct vsock_port *to, const struct virtio_vsock_hdr *hdr)
{
	struct virtio_vsock_hdr reply = {
		.src_cid = hdr->dst_cid,
		.dst_cid = hdr->src_cid,
		.src_port = hdr->dst_port,
		.dst_port = hdr->src_port,
		.type = hdr->type,
		.op = VIRTIO_VSOCK_OP_RST,
	};

	return hdr->op == VIRTIO_VSOCK_OP_RST || vsock_put(to, &reply, NULL, 0);
}

bool vsock_send(struct vsock_port *port, const void *header, const struct iovec_piece *pieces,
	unsigned n, uint64_t *progress)
{
	struct virtio_vsock_hdr hdr;
	struct vsock_packet packet = {port, &hdr, pieces, n, progress};

	memcpy(&hdr, header, sizeof(hdr));
	spin_lock(&lock);
	port->waits = !vsock_deliver(&packet);
	bool over = !port->waits;

	if (!over)
		driver_watch();
	spin_unlock(&lock);
	return over;
}
