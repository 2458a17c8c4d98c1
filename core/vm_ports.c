/* SPDX-License-Identifier: MIT */
#include "core/vm_ports.h"

#include <string.h>

#include "core/page.h"
#include "lib/log.h"

struct vm_port *vm_port(struct vm *vm, unsigned number)
{
	return number && number <= vm->spec->n_devices ? &vm->port[number - 1] : NULL;
}

static const struct vm_device *device_of(const struct vm_port *port)
{
	return &port->vm->spec->devices[port->number - 1];
}

/* Pairs of queues of a network's. */
static unsigned queues_of(const struct vm_device *device)
{
	return device->net.queues ? device->net.queues : 1;
}

/* ---- made with the VM ---- */

static bool create_port(struct vm_port *port)
{
	const struct vm_device *device = device_of(port);

	if (device->kind == VM_DEVICE_DISK) {
		if (device->disk.source == VM_DISK_IMAGE)
			port->window = own_window(disk_memory_needed(device));
		return request_pool_create(&port->requests, true) &&
		       (device->disk.source != VM_DISK_IMAGE || port->window);
	}
	if (device->kind == VM_DEVICE_NET) {
		port->memory = vm_table_create(switch_port_size(queues_of(device)));
		return request_pool_create(&port->requests, false) && port->memory;
	}
	if (device->kind == VM_DEVICE_VSOCK) {
		port->memory = vm_table_create(vsock_port_size());
		return port->memory;
	}
	return true;
}

bool vm_ports_create(struct vm *vm)
{
	vm->port = vm_table_create(VM_DEVICES_MAX * sizeof(struct vm_port));
	if (!vm->port)
		return false;
	for (unsigned i = 0; i < vm->spec->n_devices; i++) {
		struct vm_port *port = &vm->port[i];

		port->vm = vm;
		port->number = i + 1;
		if (!create_port(port))
			return false;
	}
	return true;
}

/* ---- opened with its start ---- */

static void port_ready(void *owner)
{
	vm_port_ready(owner);
}

static enum status open_disk(struct vm_port *port)
{
	const struct vm_device *device = device_of(port);
	uint64_t size = port->window ? disk_memory_needed(device) : 0;
	char why[160];

	if (size && vm_window_fill(port->window, size) != OK)
		return ERR_NO_MEMORY;
	enum status status = disk_open(
		device, port->vm->spec->name, port->window, &port->disk, why, sizeof(why));

	if (status == OK)
		return OK;
	log_line("%s: %s", port->vm->spec->where, why);
	port->disk = NULL;
	return ERR_BUSY;
}

static enum status open_net(struct vm_port *port)
{
	const struct vm_net *net = &device_of(port)->net;
	enum status status = switch_attach(port->memory, net->network, net->mac,
		queues_of(device_of(port)), port_ready, port, &port->net);

	if (status == OK)
		return OK;
	if (status == ERR_NOT_FOUND)
		log_line("%s: network = \"%s\": there is no such network: add a node with "
			 "compatible = \"vesper,network\"",
			port->vm->spec->where, net->network);
	else
		log_line("%s: mac = [%02x %02x %02x %02x %02x %02x] is taken in network %s: give "
			 "each "
			 "its own",
			port->vm->spec->where, net->mac[0], net->mac[1], net->mac[2], net->mac[3],
			net->mac[4], net->mac[5], net->network);
	port->net = NULL;
	return ERR_BUSY;
}

static enum status open_vsock(struct vm_port *port)
{
	const struct vm_device *device = device_of(port);

	if (vsock_attach(port->memory, device->cid, device->monitor, port_ready, port,
		    &port->vsock) == OK)
		return OK;
	log_line("%s: cid = <%u> is taken by another VM: give each its own", port->vm->spec->where,
		device->cid);
	port->vsock = NULL;
	return ERR_BUSY;
}

static enum status open_port(struct vm_port *port)
{
	switch (device_of(port)->kind) {
	case VM_DEVICE_DISK:
		return open_disk(port);
	case VM_DEVICE_NET:
		return open_net(port);
	case VM_DEVICE_VSOCK:
		return open_vsock(port);
	default:
		return OK;
	}
}

enum status vm_ports_open(struct vm *vm)
{
	for (unsigned i = 0; i < vm->spec->n_devices; i++) {
		enum status status = open_port(&vm->port[i]);

		if (status != OK) {
			vm_ports_close(vm);
			return status;
		}
	}
	return OK;
}

void vm_ports_close(struct vm *vm)
{
	bool windows = false;

	for (unsigned i = 0; i < vm->spec->n_devices; i++) {
		struct vm_port *port = &vm->port[i];

		if (port->disk)
			disk_close(port->disk);
		if (port->net)
			switch_detach(port->net);
		if (port->vsock)
			vsock_detach(port->vsock);
		port->vsock = NULL;
		port->disk = NULL;
		port->net = NULL;
		if (port->window)
			vm_window_hide(port->window, disk_memory_needed(device_of(port)));
		windows |= port->window != NULL;
	}
	if (windows)
		hart_fence_all();
	for (unsigned i = 0; i < vm->spec->n_devices; i++)
		if (vm->port[i].window)
			vm_window_free(
				vm->port[i].window, disk_memory_needed(device_of(&vm->port[i])));
}

uint64_t vm_ports_memory(const struct vm_spec *spec)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < spec->n_devices; i++) {
		const struct vm_device *device = &spec->devices[i];

		if (device->kind == VM_DEVICE_DISK && device->disk.source == VM_DISK_IMAGE)
			sum += (disk_memory_needed(device) + BLOCK_SIZE - 1) & ~(BLOCK_SIZE - 1);
	}
	return sum;
}

/* ---- what they tell ---- */

void vm_port_ready(struct vm_port *port)
{
	vm_ready(port->vm, port->number);
}

void vm_ports_ready(struct vm *vm, enum vm_device_kind kind)
{
	for (unsigned i = 0; i < vm->spec->n_devices; i++)
		if (vm->spec->devices[i].kind == kind)
			vm_port_ready(&vm->port[i]);
}
