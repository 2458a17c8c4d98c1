/* SPDX-License-Identifier: MIT */
/* A VM with a vsock as its second device; the host keeps the last packet that it was given, and answers as the test says. */
#ifndef VESPER_TESTS_SIM_SOCK_VM_H
#define VESPER_TESTS_SIM_SOCK_VM_H

#include "devices/vsock.h"
#include "include/abi/virtio_vsock.h"
#include "tests/sim/driver.h"

#define SOCK_VM_DEVICE 1
#define SOCK_VM_PORT   (1 + SOCK_VM_DEVICE)
#define SOCK_VM_RAM    MIB(8)
#define SOCK_VM_CID    UINT32_C(0xfffffffe)
#define SOCK_VM_PACKET 65536u

struct sock_vm {
	struct host host;
	struct vm_spec spec;
	void *mem;
	struct dm *dm;
	struct driver driver;
	/* How the next submissions are answered, and what they leave as progress; then DM_DONE. */
	struct {
		enum dm_answer answer;
		uint64_t progress;
	} answer[64];
	unsigned n_answers, at_answer;
	/* The last packet. */
	unsigned submits;
	struct virtio_vsock_hdr hdr;
	uint8_t data[SOCK_VM_PACKET];
	uint64_t len, progress; /* progress: as it came */
	unsigned n_slices;
};

extern struct sock_vm sock_vm;

void sock_vm_open(enum vm_transport transport, size_t ram);
void sock_vm_close(void);
bool sock_vm_start(uint64_t features, unsigned size);

/* The next submission is answered so. */
void sock_vm_answer(enum dm_answer answer, uint64_t progress);

uint8_t *sock_vm_ram(gpa_t addr);

/* Makes a chain of these bytes available, in pieces of `piece` (0: one). No kick. */
int sock_vm_add(const void *data, size_t len, size_t piece);
/* ... and a buffer for what arrives; where it is. */
gpa_t sock_vm_post(uint32_t len, size_t piece);

#endif
