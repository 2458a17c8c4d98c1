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

void console_vm_open(struct console_vm *vm, size_t ram_size);
void console_vm_close(struct console_vm *vm);

/* The started driver transmits a byte, which the console waits for before it gives any input. */
void console_vm_speak(struct console_vm *vm);

#endif
