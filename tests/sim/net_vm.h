/* SPDX-License-Identifier: MIT */
/*
 * A VM with two networks, of which the tests use the second, so that an index or a port mixed up shows; what it sends is kept.
 */
#ifndef VESPER_TESTS_SIM_NET_VM_H
#define VESPER_TESTS_SIM_NET_VM_H

#include "devices/net.h"
#include "include/abi/virtio_net.h"
#include "tests/sim/driver.h"

#define NET_VM_DEVICE 1
#define NET_VM_PORT   (1 + NET_VM_DEVICE)
#define NET_VM_RAM    MIB(8)
#define NET_VM_FRAME  70000

struct net_vm_options {
	enum vm_transport transport;
	bool msix;
	unsigned pairs; /* 0: 1 */
	size_t ram;     /* 0: NET_VM_RAM */
};

struct net_vm {
	struct host host;
	struct vm_spec spec;
	void *mem;
	struct dm *dm;
	struct driver driver;
	/* How the host answers the next submissions; then DM_DONE. */
	enum dm_answer answer[128];
	unsigned n_answers, at_answer;
	/* The last frame that was submitted and not refused, and how many there were. */
	unsigned sent;
	struct dm_frame frame;
	uint8_t queue;
	uint8_t data[NET_VM_FRAME];
	size_t len;
};

extern struct net_vm net_vm;
extern const uint8_t net_vm_mac[6];

void net_vm_open(const struct net_vm_options *options);
/* Nothing may be lent. */
void net_vm_close(void);

/* Negotiates what the device offers of `mask` and sets up all queues with `size` entries; false: refused. */
bool net_vm_start(uint64_t mask, unsigned size);

/* The next `n` submissions are answered so. */
void net_vm_answer(unsigned n, enum dm_answer answer);

uint8_t *net_vm_ram(gpa_t addr);

/* Makes a chain of the header and the frame available at queue `q`, its bytes in pieces of `piece` (0: one). No kick. */
int net_vm_add_frame(
	unsigned q, const struct virtio_net_hdr *hdr, const void *data, size_t len, size_t piece);

/* The same from start to end; true: the chain came back. */
bool net_vm_send(const struct virtio_net_hdr *hdr, const void *data, size_t len, size_t piece);

/* Posts a receive buffer of `len` bytes in pieces (0: one); where it is. */
gpa_t net_vm_add_buffer(unsigned q, uint32_t len, size_t piece);

/* A control command with its data: what the device answered, -1: nothing. */
int net_vm_control(unsigned q, uint8_t class, uint8_t command, const void *data, size_t len);

#endif
