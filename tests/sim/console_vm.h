/* SPDX-License-Identifier: MIT */
/* A VM with one console behind port 1 as its second device, for the tests of transport and rings. */
#ifndef VESPER_TESTS_SIM_CONSOLE_VM_H
#define VESPER_TESTS_SIM_CONSOLE_VM_H

#include "tests/sim/driver.h"

#define CONSOLE_VM_PORT   1
#define CONSOLE_VM_DEVICE 1
#define CONSOLE_VM_RAM    (1u << 20)
#define CONSOLE_VM_RX     VIRTIO_CONSOLE_RECEIVEQ
#define CONSOLE_VM_TX     VIRTIO_CONSOLE_TRANSMITQ

struct console_vm {
	struct vm_spec spec;
	struct host host;
	struct driver driver;
	struct dm *dm;
	void *mem;
};

/* The one that a test program works with. */
extern struct console_vm vm;

/* Of console_vm_open(): virtio-mmio, unless a test says otherwise. */
struct console_vm_options {
	enum vm_transport transport;
	bool msi; /* the guest has an IMSIC */
	bool use_msix;
};
extern struct console_vm_options console_vm_options;

void console_vm_open(size_t ram_size);
void console_vm_close(void);

/* The same as cmocka calls it, with CONSOLE_VM_RAM; they return 0. */
int console_vm_setup(void **state);
int console_vm_teardown(void **state);

/* The started driver transmits a byte, which the console waits for before it gives any input. */
void console_vm_speak(void);

#endif
