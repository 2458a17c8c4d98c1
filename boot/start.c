/* SPDX-License-Identifier: MIT */
/*
 * From reset to the first guest: the ordered list of initialisation. Whatever
 * is wrong with the machine or the bundle ends here, in one line that says
 * what to do.
 */
#include <libfdt.h>
#include <string.h>

#include "backends/terminal.h"
#include "config/bundle.h"
#include "config/machine.h"
#include "config/vm_config.h"
#include "core/clock.h"
#include "core/csr.h"
#include "core/features.h"
#include "core/firmware.h"
#include "core/own.h"
#include "core/page.h"
#include "core/power.h"
#include "core/trap.h"
#include "core/vm.h"
#include "core/vm_load.h"
#include "core/zero.h"
#include "drivers/goldfish_rtc.h"
#include "drivers/uart.h"
#include "irq/plic.h"
#include "lib/log.h"

extern char image_start[], image_end[];
extern uintptr_t __stack_chk_guard;

static struct machine machine;
static struct features features;
static struct vm_spec spec;
static struct config_error error;

static void read_machine(uint64_t hart_id, const void *fdt)
{
	if (machine_parse(fdt, hart_id, &machine, &error) != OK)
		die("the machine's device tree: %s", error.text);
	power_init(machine.finisher.base, machine.timebase_hz);
}

static void init_memory(const void *fdt)
{
	const struct machine_range used[] = {
		{(uintptr_t)image_start, (uintptr_t)image_end - (uintptr_t)image_start},
		{(uintptr_t)fdt, fdt_totalsize(fdt)}, machine.bundle,
		{OWN_LOW_LIMIT, UINT64_MAX - OWN_LOW_LIMIT}, /* out of own.c's reach */
	};

	if (page_init(&machine, used, sizeof(used) / sizeof(used[0])) != OK)
		die("no free memory beside Vesper and its bundle: give the machine more RAM (QEMU: "
		    "-m)");
	zero_use_cboz(features.cboz_block);
	own_init(&machine, &machine.bundle);
	if (machine.finisher.size)
		own_map_device(machine.finisher.base, machine.finisher.size);
}

static void init_devices(void)
{
	if (machine.plic.size) {
		own_map_device(machine.plic.base, machine.plic.size);
		plic_init(machine.plic.base, machine.plic_sources, machine.plic_context);
	}
	if (machine.uart.size) {
		own_map_device(machine.uart.base, machine.uart.size);
		uart_init(machine.uart.base, machine.uart_reg_shift, machine.uart_reg_io_width);
		terminal_init(machine.uart_irq);
		log_set_sink(terminal_write);
		if (machine.uart_irq)
			plic_enable(machine.uart_irq);
		else
			log_line("the console has no input: its UART has no interrupt through a "
				 "PLIC, the one controller that Vesper knows");
	}
	if (machine.rtc.size)
		own_map_device(machine.rtc.base, machine.rtc.size);
	clock_init(machine.rtc.size ? goldfish_rtc_read(machine.rtc.base) : 0, machine.timebase_hz);
	vm_load_seed(machine.rng_seed, machine.rng_seed_len);
}

static void read_config(void)
{
	struct bundle bundle;

	if (!machine.bundle.size)
		die("no bundle: Vesper boots with one file that holds the VM (QEMU: -initrd FILE; "
		    "`vesper run` makes it)");
	if (bundle_open(&bundle, (const void *)machine.bundle.base, machine.bundle.size, &error) !=
		OK)
		die("the bundle: %s", error.text);
	if (vm_config_read(&bundle, &spec, &error) != OK)
		die("the configuration: %s", error.text);
}

static unsigned ram_mib(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < machine.n_ram; i++)
		bytes += machine.ram[i].size;
	return (unsigned)(bytes >> 20);
}

static void banner(const struct vm *vm)
{
	char text[120];
	uint64_t own = (uint64_t)(image_end - image_start) + page_overhead() + vm_device_memory(vm);

	features_describe(&features, text, sizeof(text));
	log_line("on %s: %u hart%s, %u MiB RAM, %s", machine.model, machine.n_harts,
		machine.n_harts == 1 ? "" : "s", ram_mib(), text);
	log_line("starting %s: %lu MiB, %u vCPU, kernel %lu KiB, %u device%s; Vesper's own memory "
		 "%lu KiB",
		spec.name, (unsigned long)(spec.memory >> 20), spec.vcpus,
		(unsigned long)(spec.kernel.size >> 10), spec.n_devices,
		spec.n_devices == 1 ? "" : "s", (unsigned long)(own >> 10));
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
	read_config();

	struct vm *vm = vm_create(&spec, &features);

	banner(vm);
	vm_start(vm);
}
