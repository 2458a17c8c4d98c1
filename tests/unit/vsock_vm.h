/* SPDX-License-Identifier: MIT */
/* VMs with sockets, for tests of backends/vsock.h: each has a port and buffers there, and looks at what arrives packet by packet. */
#ifndef VESPER_TESTS_UNIT_VSOCK_VM_H
#define VESPER_TESTS_UNIT_VSOCK_VM_H

#include "backends/vsock.h"
#include "include/abi/virtio_vsock.h"

#define VSOCK_VM_BUFFERS 64u
#define VSOCK_VM_BUFFER  4096u /* bytes at most */

struct vsock_vm {
	struct vsock_port *port; /* NULL: not attached */
	void *memory;            /* of the port; it stays */
	uint32_t cid;
	uint8_t buffer[VSOCK_VM_BUFFERS][VSOCK_VM_BUFFER];
	uint32_t token;  /* of the next buffer */
	uint32_t posted; /* buffers */
	unsigned ready;  /* calls */
	uint64_t progress;
	/* The last packet that vsock_vm_take() took. */
	struct virtio_vsock_hdr hdr;
	uint8_t data[VSOCK_VM_BUFFER];
};

extern uint64_t vsock_vm_ns;       /* driver_time_ns() */
extern unsigned vsock_vm_watching; /* driver_watch() calls */

/* What happens every second. Does anyone wait? */
bool vsock_vm_tick(void);

/* false: the CID is taken. */
bool vsock_vm_attach(struct vsock_vm *vm, uint32_t cid, bool trusted);
void vsock_vm_detach(struct vsock_vm *vm);

/* Posts `n` buffers of `len` bytes; false: there is no place for so many. */
bool vsock_vm_post(struct vsock_vm *vm, unsigned n, uint32_t len);
/* Takes all of them back, as a guest that starts over. */
void vsock_vm_restart(struct vsock_vm *vm);

/* The next packet that arrived; false: none. Its buffer is posted again if `again`. */
bool vsock_vm_take(struct vsock_vm *vm, bool again);

/* A packet, its data in pieces of `cut` bytes (0: one). true: it is over; else the same is to be sent again. */
bool vsock_vm_send(struct vsock_vm *vm, const struct virtio_vsock_hdr *hdr, const void *data,
	size_t len, uint32_t cut);

/* A header from the VM's port `from` to `to` of `cid`; len is to be set. */
struct virtio_vsock_hdr vsock_vm_header(
	const struct vsock_vm *vm, uint32_t from, uint64_t cid, uint32_t to, uint16_t op);

#endif
