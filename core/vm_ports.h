/* SPDX-License-Identifier: MIT */
/*
 * What stands behind the ports of a VM's devices, port 1 + i for device i: a piece of a disk, a port of a switch. They
 * are made once with the VM, opened when it starts and closed when it has ended; a reboot leaves them open.
 */
#ifndef VESPER_CORE_VM_PORTS_H
#define VESPER_CORE_VM_PORTS_H

#include "backends/disk.h"
#include "backends/switch.h"
#include "backends/vsock.h"
#include "core/request.h"
#include "core/vm.h"

struct vm_port {
	struct vm *vm;
	unsigned number;
	struct disk *disk;        /* VM_DEVICE_DISK; NULL: closed */
	struct switch_port *net;  /* VM_DEVICE_NET; NULL: closed */
	struct vsock_port *vsock; /* VM_DEVICE_VSOCK; NULL: closed */
	void *memory;             /* of the port of a switch or a vsock */
	uint8_t *window; /* of VM_DISK_IMAGE: disk_memory_needed(), there while the VM runs */
	struct request_pool requests;
};

/* NULL: no such port, or the console's. */
struct vm_port *vm_port(struct vm *vm, unsigned number);

MUST_CHECK bool vm_ports_create(struct vm *vm);

/* ERR_NO_MEMORY, or another after a line in the log; then nothing is open. */
MUST_CHECK enum status vm_ports_open(struct vm *vm);

/* Nothing is lent any more and no lock held. */
void vm_ports_close(struct vm *vm);

/* Bytes that opening takes, in whole blocks. */
uint64_t vm_ports_memory(const struct vm_spec *spec);

/* All its ports of the kind: there is room again, or memory. */
void vm_ports_ready(struct vm *vm, enum vm_device_kind kind);

/* The port has something for the device model; from any hart, with no lock held. */
void vm_port_ready(struct vm_port *port);

#endif
