/* SPDX-License-Identifier: MIT */
/* See console_vm.h. Device 0 is a console on another port, so that an index or a port mixed up shows. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/console_vm.h"

struct console_vm vm;
struct console_vm_options console_vm_options = {.transport = VM_TRANSPORT_MMIO};

void console_vm_open(size_t ram_size)
{
	memset(&vm, 0, sizeof(vm));
	vm.spec.n_devices = 2;
	vm.spec.transport = console_vm_options.transport;
	vm.spec.devices[CONSOLE_VM_DEVICE].port = CONSOLE_VM_PORT;
	host_open(&vm.host, ram_size);
	vm.host.has_msi = console_vm_options.msi;

	size_t size = dm_memory_needed(&vm.spec);
	vm.mem = aligned_alloc(4096, size);
	if (!vm.mem)
		abort();
	memset(vm.mem, 0xa5, size); /* dm_create() may assume nothing */
	if (dm_create(vm.mem, size, &vm.spec, &vm.host, &vm.dm) != OK)
		abort();
	driver_open(&vm.driver, &vm.host, vm.dm, CONSOLE_VM_DEVICE);
	vm.driver.use_msix = console_vm_options.use_msix;
}

void console_vm_speak(void)
{
	const char byte = '!';

	if (driver_request(&vm.driver, CONSOLE_VM_TX, &byte, 1, NULL, 0, 0) != 0)
		abort();
}

void console_vm_close(void)
{
	dm_destroy(vm.dm);
	free(vm.mem);
	host_close(&vm.host);
}

int console_vm_setup(void **state)
{
	(void)state;
	console_vm_open(CONSOLE_VM_RAM);
	return 0;
}

int console_vm_teardown(void **state)
{
	(void)state;
	console_vm_close();
	return 0;
}
