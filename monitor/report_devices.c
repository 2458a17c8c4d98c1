/* SPDX-License-Identifier: MIT */
/* What the monitor shows of the machine's disks and networks. */
#include "core/vm_ports.h"
#include "monitor/print.h"
#include "monitor/report.h"

typedef unsigned long long number;

void report_disks(struct vm *none)
{
	(void)none;
	print_line("%u disk%s", block_count(), block_count() == 1 ? "" : "s");
	for (unsigned i = 0; i < block_count(); i++) {
		const struct block_info *d = block_info(i);

		print_line("  %-6s %8llu MiB, blocks of %u%s%s%s", d->name, (number)(d->size >> 20),
			d->block_size, d->read_only ? ", read-only" : "",
			d->id[0] ? ", serial " : "", d->id);
	}
}

/* Of a VM that runs; one that ends meanwhile is still known to the switch. */
static void print_port(const struct vm_port *port, const struct vm_net *net)
{
	const struct switch_port *here = __atomic_load_n(&port->net, __ATOMIC_RELAXED);
	struct switch_stats stats;

	if (!here)
		return;
	switch_stats(here, &stats);
	print_line("  %-16.16s %-12.12s %02x:%02x:%02x:%02x:%02x:%02x %9llu %9llu %9llu %9llu",
		port->vm->spec->name, net->network, net->mac[0], net->mac[1], net->mac[2],
		net->mac[3], net->mac[4], net->mac[5], (number)stats.sent, (number)stats.received,
		(number)stats.dropped, (number)stats.spoofed);
}

void report_networks(struct vm *none)
{
	(void)none;
	print_line("%u interface%s", nic_count(), nic_count() == 1 ? "" : "s");
	for (unsigned i = 0; i < nic_count(); i++) {
		const struct nic_info *nic = nic_info(i);

		print_line("  %-6s %02x:%02x:%02x:%02x:%02x:%02x, MTU %u%s", nic->name, nic->mac[0],
			nic->mac[1], nic->mac[2], nic->mac[3], nic->mac[4], nic->mac[5], nic->mtu,
			nic->link ? "" : ", no link");
	}
	print_line("  VM               network      address                frames:   sent  "
		   "received   dropped   spoofed");
	for (struct vm *vm = vm_first(); vm; vm = vm->next)
		for (unsigned i = 0; i < vm->spec->n_devices; i++)
			print_port(&vm->port[i], &vm->spec->devices[i].net);
}
