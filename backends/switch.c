/* SPDX-License-Identifier: MIT */
/*
 * Networks and their ports. A network is never taken away. A port is found by the address that it was attached with, which
 * is all there is to learn about VMs: whatever no port has is behind the uplink.
 */
#include <string.h>

#include "backends/switch_parts.h"
#include "include/abi/virtio_net.h"

#define NETWORKS_MAX 32

static struct spinlock networks_lock; /* of the list; a network in it stays */
static struct network networks[NETWORKS_MAX];
static unsigned n_networks;

/* ---- locks ---- */

void shared_lock_read(struct shared_lock *lock)
{
	for (;;) {
		while (*(volatile uint32_t *)&lock->writer.held)
			;
		__atomic_fetch_add(&lock->readers, 1, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!*(volatile uint32_t *)&lock->writer.held)
			break;
		__atomic_fetch_sub(&lock->readers, 1, __ATOMIC_RELEASE);
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

void shared_unlock_read(struct shared_lock *lock)
{
	__atomic_fetch_sub(&lock->readers, 1, __ATOMIC_RELEASE);
}

void shared_lock_write(struct shared_lock *lock)
{
	spin_lock(&lock->writer);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while (__atomic_load_n(&lock->readers, __ATOMIC_ACQUIRE))
		;
}

void shared_unlock_write(struct shared_lock *lock)
{
	spin_unlock(&lock->writer);
}

/* ---- whom to tell ---- */

void switch_wake_add(struct switch_wake *wake, struct switch_port *port)
{
	__atomic_fetch_add(&port->pins, 1, __ATOMIC_ACQUIRE);
	wake->port[wake->n++] = port;
}

void switch_wake_all(struct switch_wake *wake)
{
	for (unsigned i = 0; i < wake->n; i++) {
		struct switch_port *port = wake->port[i];
		port->ready(port->owner);
		__atomic_fetch_sub(&port->pins, 1, __ATOMIC_RELEASE);
	}
	wake->n = 0;
}

/* ---- networks ---- */

/* With networks_lock. */
static struct network *find_network(const char *name)
{
	for (unsigned i = 0; i < n_networks; i++) {
		if (strcmp(networks[i].name, name) == 0)
			return &networks[i];
	}
	return NULL;
}

static struct network *add_network(const char *name)
{
	size_t size = strlen(name) + 1;

	if (n_networks == NETWORKS_MAX || size > sizeof(networks->name))
		return NULL;
	struct network *network = &networks[n_networks++];
	memcpy(network->name, name, size);
	network->uplink = -1;
	return network;
}

static enum status set_uplink(struct network *network, int uplink)
{
	if (uplink < 0 || network->uplink == uplink)
		return OK;
	if (network->uplink >= 0)
		return ERR_BUSY;
	enum status status = switch_uplink_open(uplink, network);
	if (status == OK)
		__atomic_store_n(&network->uplink, uplink, __ATOMIC_RELEASE);
	return status;
}

enum status switch_network(const char *name, int uplink)
{
	spin_lock(&networks_lock);
	struct network *network = find_network(name);
	if (!network)
		network = add_network(name);
	enum status status = network ? set_uplink(network, uplink) : ERR_NO_SPACE;
	spin_unlock(&networks_lock);
	return status;
}

/* ---- ports ---- */

uint64_t switch_mac(const uint8_t *bytes)
{
	return (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 |
	       (uint64_t)bytes[3] << 24 | (uint64_t)bytes[4] << 32 | (uint64_t)bytes[5] << 40;
}

struct switch_port *switch_find(struct network *network, uint64_t mac)
{
	for (unsigned i = 0; i < network->n; i++) {
		if (network->port[i]->mac == mac)
			return network->port[i];
	}
	return NULL;
}

static size_t mailbox_offset(unsigned queue)
{
	return (sizeof(struct switch_port) + 7) / 8 * 8 + queue * mailbox_size();
}

size_t switch_port_size(unsigned queues)
{
	return mailbox_offset(queues);
}

static struct switch_port *make_port(void *memory, unsigned queues)
{
	struct switch_port *port = memory;

	memset(port, 0, sizeof(*port));
	for (unsigned i = 0; i < queues; i++)
		port->mailbox[i] = mailbox_init((char *)memory + mailbox_offset(i));
	port->queues_max = queues;
	port->queues = 1;
	port->filter.all_multicast = true;
	return port;
}

static enum status add_port(struct network *network, struct switch_port *port)
{
	enum status status = OK;

	shared_lock_write(&network->lock);
	if (switch_find(network, port->mac))
		status = ERR_BUSY;
	else if (network->n == SWITCH_PORTS_MAX)
		status = ERR_NO_SPACE;
	else
		network->port[network->n++] = port;
	shared_unlock_write(&network->lock);
	return status;
}

enum status switch_attach(void *memory, const char *name, const uint8_t mac[6], unsigned queues,
	void (*ready)(void *owner), void *owner, struct switch_port **out)
{
	uint64_t address = switch_mac(mac);

	if (address == 0 || (address & SWITCH_MAC_GROUP) || queues < 1 || queues > VM_QUEUES_MAX)
		return ERR_INVALID;
	spin_lock(&networks_lock);
	struct network *network = find_network(name);
	spin_unlock(&networks_lock);
	if (!network)
		return ERR_NOT_FOUND;
	struct switch_port *port = make_port(memory, queues);
	port->network = network;
	port->mac = address;
	port->ready = ready;
	port->owner = owner;
	enum status status = add_port(network, port);
	if (status == OK)
		*out = port;
	return status;
}

void switch_detach(struct switch_port *port)
{
	struct network *network = port->network;

	shared_lock_write(&network->lock);
	for (unsigned i = 0; i < network->n; i++) {
		if (network->port[i] == port)
			network->port[i] = network->port[--network->n];
	}
	shared_unlock_write(&network->lock);
	while (__atomic_load_n(&port->pins, __ATOMIC_ACQUIRE))
		;
	for (unsigned i = 0; i < port->queues_max; i++)
		mailbox_clear(port->mailbox[i]);
}

void switch_features(struct switch_port *port, uint64_t guest_features, unsigned queues)
{
	if (queues < 1)
		queues = 1;
	if (queues > port->queues_max)
		queues = port->queues_max;
	__atomic_store_n(&port->features, guest_features, __ATOMIC_RELAXED);
	__atomic_store_n(&port->queues, queues, __ATOMIC_RELAXED);
}

void switch_filter(struct switch_port *port, const struct dm_net_filter *filter)
{
	spin_lock(&port->lock);
	port->filter = *filter;
	if (filter->n > DM_NET_FILTER_MAX) {
		port->filter.n = 0;
		port->filter.all_multicast = true;
	}
	if (port->filter.n > 0)
		memcpy(port->filter_mac, filter->mac, 6 * (size_t)port->filter.n);
	port->filter.mac = NULL;
	spin_unlock(&port->lock);
}

struct mailbox *switch_mailbox(struct switch_port *port, unsigned queue)
{
	return port->mailbox[queue];
}

static uint64_t counted(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void switch_stats(const struct switch_port *port, struct switch_stats *out)
{
	*out = (struct switch_stats){
		.sent = counted(&port->stats.sent),
		.received = counted(&port->stats.received),
		.dropped = counted(&port->stats.dropped),
		.spoofed = counted(&port->stats.spoofed),
	};
}
