/* SPDX-License-Identifier: MIT */
/* VMs on a switch, for its tests: each has a port, buffers there, and keeps what it receives. */
#ifndef VESPER_TESTS_UNIT_SWITCH_VM_H
#define VESPER_TESTS_UNIT_SWITCH_VM_H

#include "backends/switch.h"
#include "tests/unit/frames.h"

#define VM_ROOM    12u
#define VM_BUFFERS 64u

struct switch_vm {
	struct switch_port *port; /* NULL: not attached */
	void *memory;
	uint8_t mac[6];
	unsigned queues;
	uint8_t *buffer; /* `queues` times VM_BUFFERS of buffer_len bytes */
	uint32_t buffer_len;
	unsigned ready, done; /* calls */
	/* The last frame that vm_take() took. */
	struct dm_frame frame;
	uint8_t data[70000];
	size_t len;
};

/* VM `i` has the address 52:54:00:00:00:i. false: it could not be attached. */
bool vm_attach(
	struct switch_vm *vm, const char *network, uint8_t i, unsigned queues, uint32_t buffer_len);
void vm_detach(struct switch_vm *vm);

/* The next frame at a queue, its buffers posted again; false: none. */
bool vm_take_at(struct switch_vm *vm, unsigned queue);
/* ... at any queue. */
bool vm_take(struct switch_vm *vm);

/* Sends bytes with the first `header` of them as the header and the rest in pieces of `cut`. */
enum switch_answer vm_send_bytes(struct switch_vm *vm, const uint8_t *data, size_t len,
	const struct dm_frame *frame, size_t header, size_t cut);

/* Makes a frame from `vm` to the address and sends it. */
enum switch_answer vm_send(struct switch_vm *vm, const uint8_t to[6], size_t payload);

extern const uint8_t vm_broadcast[6];

#endif
