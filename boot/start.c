/* SPDX-License-Identifier: MIT */
/*
 * From reset to the first guest: the ordered list of initialisation. Whatever
 * is wrong with the machine or the bundle ends here, in one line that says
 * what to do.
 */
#include <libfdt.h>
#include <string.h>

#include "backends/console.h"
#include "backends/disk.h"
#include "backends/entropy.h"
#include "backends/switch.h"
#include "backends/terminal.h"
#include "backends/vsock.h"
#include "config/bundle.h"
#include "config/machine.h"
#include "config/vm_config.h"
#include "core/clock.h"
#include "core/csr.h"
#include "core/driver_env.h"
#include "core/features.h"
#include "core/firmware.h"
#include "core/host_irq.h"
#include "core/own.h"
#include "core/page.h"
#include "core/power.h"
#include "core/request.h"
#include "core/trap.h"
#include "core/vm.h"
#include "core/vm_load.h"
#include "core/zero.h"
#include "drivers/goldfish_rtc.h"
#include "drivers/probe.h"
#include "drivers/uart.h"
#include "drivers/virtio_rng.h"
#include "lib/log.h"
#include "monitor/monitor.h"

extern char image_start[], image_end[];
extern uintptr_t __stack_chk_guard;

#define SPEC_PAGES 2

_Static_assert(sizeof(struct vm_spec) <= SPEC_PAGES * PAGE_SIZE, "");

static struct machine machine;
static struct features features;
static struct config_error error;

static void read_machine(uint64_t hart_id, const void *fdt)
{
	if (machine_parse(fdt, hart_id, &machine, &error) != OK)
		die("the machine's device tree: %s", error.text);
	power_init(machine.finisher.base, machine.timebase_hz);
}

static void init_memory(const void *fdt)
{
	uint64_t limit = own_choose(&machine);
	const struct machine_range used[] = {
		{(uintptr_t)image_start, (uintptr_t)image_end - (uintptr_t)image_start},
		{(uintptr_t)fdt, fdt_totalsize(fdt)}, machine.bundle,
		{limit, UINT64_MAX - limit}, /* out of own.c's reach */
	};

	if (page_init(&machine, used, sizeof(used) / sizeof(used[0])) != OK)
		die("no free memory beside Vesper and its bundle: give the machine more RAM (QEMU: "
		    "-m)");
	zero_use_cboz(features.cboz_block);
	own_init(&machine, &machine.bundle);
	if (machine.finisher.size)
		own_map_device(machine.finisher.base, machine.finisher.size);
}

static bool has_input(void)
{
	return host_irq_has_terminal(&machine, &features);
}

static void init_devices(void)
{
	if (machine.uart.size) {
		own_map_device(machine.uart.base, machine.uart.size);
		uart_init(machine.uart.base, machine.uart_reg_shift, machine.uart_reg_io_width);
		terminal_init(has_input());
		log_set_sink(terminal_write);
		if (!has_input())
			log_line("the console has no input: its UART has no interrupt through a "
				 "controller that Vesper knows");
	}
	host_irq_init(&machine, &features);
	if (machine.rtc.size)
		own_map_device(machine.rtc.base, machine.rtc.size);
	clock_init(machine.rtc.size ? goldfish_rtc_read(machine.rtc.base) : 0, machine.timebase_hz);
	entropy_add(machine.rng_seed, machine.rng_seed_len);
	sched_init(machine.n_harts, machine.timebase_hz);
}

/* The devices that VMs share. */
static void init_shared_devices(void)
{
	driver_env_init(machine.timebase_hz);
	virtio_rng_on_entropy(entropy_add);
	block_on_room(request_disk_room);
	probe_devices(&machine.devices);
	disk_init();
}

static unsigned ram_mib(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < machine.n_ram; i++)
		bytes += machine.ram[i].size;
	return (unsigned)(bytes >> 20);
}

static void say_machine(void)
{
	char text[120];

	features_describe(&features, text, sizeof(text));
	log_line("on %s: %u hart%s, %u MiB RAM, %s", machine.model, machine.n_harts,
		machine.n_harts == 1 ? "" : "s", ram_mib(), text);
}

static void say_vm(const struct vm *vm)
{
	const struct vm_spec *spec = vm->spec;

	log_line("%s %s: %lu MiB, %u vCPU%s, kernel %lu KiB, %u device%s",
		spec->manual ? "not starting" : "starting", spec->name,
		(unsigned long)(spec->memory >> 20), spec->vcpus, spec->vcpus == 1 ? "" : "s",
		(unsigned long)(spec->kernel.size >> 10), spec->n_devices,
		spec->n_devices == 1 ? "" : "s");
}

/* One VM of the configuration; its spec lives as long as it. */
static void create_vm(const struct bundle *bundle, unsigned i)
{
	struct vm_spec *spec = page_alloc(SPEC_PAGES);

	if (!spec)
		die("no memory for VM %u: give the machine more RAM (QEMU: -m)", i);
	if (vm_config_read(bundle, i, spec, &error) != OK)
		die("the configuration: %s", error.text);
	vm_create(spec, &features);
}

/* Its index; -1: there is none. */
static int find_nic(const char *name)
{
	for (unsigned i = 0; i < nic_count(); i++)
		if (!strcmp(nic_info(i)->name, name))
			return (int)i;
	return -1;
}

static void create_network(const struct vm_network *network)
{
	int uplink = network->uplink[0] ? find_nic(network->uplink) : -1;

	if (uplink < 0 && network->uplink[0] && !network->uplink_optional)
		die("the configuration: network %s: uplink = \"%s\": the machine has %u such "
		    "interface%s, nic0 and so on: name one of them or leave the uplink out",
			network->name, network->uplink, nic_count(), nic_count() == 1 ? "" : "s");
	if (switch_network(network->name, uplink) != OK)
		die("the configuration: network %s: its uplink is another network's, or there are "
		    "too many networks",
			network->name);
}

static void create_networks(const struct bundle *bundle)
{
	struct vm_network network;
	enum status status;

	for (unsigned i = 0; (status = vm_config_network(bundle, i, &network, &error)) == OK; i++)
		create_network(&network);
	if (status != ERR_NOT_FOUND)
		die("the configuration: %s", error.text);
}

static void create_vms(void)
{
	struct bundle bundle;
	unsigned n;

	if (!machine.bundle.size)
		die("no bundle: Vesper boots with one file that holds the VMs (QEMU: -initrd FILE; "
		    "`vesper run` makes it)");
	if (bundle_open(&bundle, (const void *)machine.bundle.base, machine.bundle.size, &error) !=
		OK)
		die("the bundle: %s", error.text);
	if (vm_config_count(&bundle, &n, &error) != OK)
		die("the configuration: %s", error.text);
	create_networks(&bundle);
	for (unsigned i = 0; i < n; i++)
		create_vm(&bundle, i);
	vm_place(&machine);
	vm_check_memory();
}

/*
 * Blocks zeroed before the first guest starts: two for the ends of what is loaded, and a third of what Linux touches
 * while it boots.
 */
#define BLOCKS_AHEAD 12

static void say_what_runs(void)
{
	uint64_t own = (uint64_t)(image_end - image_start) + page_overhead();

	say_machine();
	for (const struct vm *vm = vm_first(); vm; vm = vm->next) {
		say_vm(vm);
		own += vm_device_memory(vm);
	}
	log_line("Vesper's own memory: %lu KiB", (unsigned long)(own >> 10));
}

/* The first thing that the boot hart does once all harts run. */
static void start_vms(void)
{
	say_what_runs();
	if (has_input())
		monitor_init();
	vsock_service(monitor_command);
	for (struct vm *vm = vm_first(); vm; vm = vm->next)
		if (!vm->spec->manual)
			vm_start_at_boot(vm);
}

_Noreturn void start(uint64_t hart_id, const void *fdt); /* called by entry.S */

/* No protector here: the guard is for the functions called from here on. */
__attribute__((no_stack_protector)) _Noreturn void start(uint64_t hart_id, const void *fdt)
{
	csr_write(stvec, (uintptr_t)trap_entry);
	log_set_sink(firmware_console_write);
	read_machine(hart_id, fdt);
	memcpy(&__stack_chk_guard, machine.rng_seed, sizeof(__stack_chk_guard));
	features_probe(&machine, &features);
	init_memory(fdt);
	init_devices();
	init_shared_devices();
	create_vms();
	page_zero_ahead(BLOCKS_AHEAD);
	hart_run_all(&machine, &features, start_vms);
}
