/* SPDX-License-Identifier: MIT */
#include "monitor/report.h"

#include <string.h>

#include "backends/console.h"
#include "core/clock.h"
#include "core/hart.h"
#include "core/page.h"
#include "core/vm.h"
#include "lib/log.h"
#include "monitor/print.h"

#define NS_PER_S 1000000000ull
#define BAR      40 /* characters of a whole */

typedef unsigned long long number; /* for printf */

/* What `harts` compares with. */
static uint64_t looked_ns, idle_then[MACHINE_HARTS_MAX];

static const char *const state_name[] = {
	[VM_STOPPED] = "stopped",
	[VM_STARTING] = "starting",
	[VM_RUNNING] = "running",
	[VM_ENDING] = "ending",
};

static const char *const vcpu_state_name[] = {
	[SCHED_OFF] = "off",
	[SCHED_QUEUED] = "queued",
	[SCHED_RUNNING] = "running",
	[SCHED_BLOCKED] = "waiting",
};

static number mib(uint64_t bytes)
{
	return bytes >> 20;
}

/* 0..100, also where numbers that were read one after the other do not fit together. */
static unsigned per_cent(uint64_t part, uint64_t whole)
{
	while (part > UINT64_MAX / 100) {
		part >>= 1;
		whole >>= 1;
	}
	return part >= whole ? (whole ? 100 : 0) : (unsigned)(part * 100 / whole);
}

static const char *console_state(const struct vm *vm)
{
	if (vm->console == console_front())
		return "in front";
	return console_has_news(vm->console) ? "has news" : "";
}

void report_consoles(void)
{
	unsigned i = 1;

	for (const struct vm *vm = vm_first(); vm; vm = vm->next, i++)
		print_line("%3u %-31s %-8s %s", i, vm->spec->name, state_name[vm->state],
			console_state(vm));
}

void report_vms(struct vm *one)
{
	unsigned i = 1;

	(void)one;
	print_line(
		"  # name                            state    vCPUs     MiB weight starts console");
	for (const struct vm *vm = vm_first(); vm; vm = vm->next, i++)
		print_line("%3u %-31s %-8s %5u %7llu %6u %6u %s", i, vm->spec->name,
			state_name[vm->state], vm->spec->vcpus, mib(vm->spec->memory),
			vm->spec->weight, vm->starts, console_state(vm));
}

/* ---- one VM ---- */

static uint64_t given_out(const struct vm *vm)
{
	return vm->n_claimed * BLOCK_SIZE;
}

static void print_bound_harts(const struct vm_spec *spec)
{
	print_text("  harts     ");
	for (unsigned i = 0; i < spec->n_harts; i++)
		print_text("%s%u", i ? ", " : "", spec->harts[i]);
	print_line("%s%s", spec->n_harts ? "" : "any", spec->dedicated ? ", theirs alone" : "");
}

static const char *const device_name[] = {
	[VM_DEVICE_CONSOLE] = "console",
	[VM_DEVICE_DISK] = "disk",
	[VM_DEVICE_NET] = "network interface",
	[VM_DEVICE_RNG] = "random source",
	[VM_DEVICE_BALLOON] = "balloon",
	[VM_DEVICE_VSOCK] = "vsock",
};

static void print_devices(const struct vm_spec *spec)
{
	print_text("  devices   ");
	for (unsigned i = 0; i < spec->n_devices; i++) {
		const struct vm_device *d = &spec->devices[i];
		const char *comma = i ? ", " : "";

		if (d->kind == VM_DEVICE_FS)
			print_text("%sfile system \"%.*s\"", comma, VM_TAG_MAX, d->tag);
		else
			print_text("%s%s", comma, device_name[d->kind]);
	}
	print_line("%s", spec->n_devices ? "" : "none");
}

static uint64_t exits_of(const struct vcpu *vcpu)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < VCPU_EXITS; i++)
		all += vcpu->stats.exits[i];
	return all;
}

static void print_vcpus(const struct vm *vm)
{
	uint64_t hz = vm->features->timebase_hz;

	print_line("  vCPU state    hart     run time        exits");
	for (unsigned i = 0; i < vm->n_vcpus; i++) {
		const struct vcpu *v = vm->vcpu[i];
		uint64_t ran = v->sched.run_time;

		print_line("  %4u %-8s %4u %8llu.%03llu s %10llu", i,
			vcpu_state_name[v->sched.state], v->sched.hart, (number)(ran / hz),
			(number)(ran % hz * 1000 / hz), (number)exits_of(v));
	}
}

void report_vm(struct vm *vm)
{
	const struct vm_spec *spec = vm->spec;

	print_line("%s: %s, started %u time%s%s", spec->name, state_name[vm->state], vm->starts,
		vm->starts == 1 ? "" : "s", spec->manual ? ", not at boot" : "");
	if (vm->state == VM_STOPPED && vm->starts)
		print_line("  ended     with status %u%s", vm->exit_status,
			vm->end == VM_END_CRASH ? ", for an error of the guest" : "");
	print_line("  memory    %llu MiB, %llu MiB of it given out, %llu MiB in its balloon",
		mib(spec->memory), mib(given_out(vm)), mib(vm->balloon));
	print_line("  kernel    %llu KiB, initrd %llu KiB", (number)(spec->kernel.size >> 10),
		(number)(spec->initrd.size >> 10));
	print_text("  bootargs  ");
	print_bytes(spec->bootargs, strlen(spec->bootargs)); /* too long for print_line() */
	print_text("\r\n");
	print_line("  weight    %u", spec->weight);
	print_bound_harts(spec);
	print_devices(spec);
	print_vcpus(vm);
}

/* ---- harts ---- */

static uint64_t ticks_of(uint64_t ns, uint64_t hz)
{
	return ns / NS_PER_S * hz + ns % NS_PER_S * hz / NS_PER_S;
}

/* Asked of the VMs, which stay, and not of the hart. */
static const struct vcpu *running_on(const struct hart *hart)
{
	for (const struct vm *vm = vm_first(); vm; vm = vm->next)
		for (unsigned i = 0; i < vm->n_vcpus; i++)
			if (vm->vcpu[i]->sched.state == SCHED_RUNNING &&
				vm->vcpu[i]->sched.hart == hart->index)
				return vm->vcpu[i];
	return NULL;
}

static void print_hart(const struct hart *hart, uint64_t elapsed)
{
	const struct vcpu *vcpu = running_on(hart);
	uint64_t idle = hart->idle_ticks;
	unsigned share = per_cent(idle - idle_then[hart->index], elapsed);

	idle_then[hart->index] = idle;
	if (!hart->online)
		print_line("%6llu  not online", (number)hart->id);
	else if (vcpu)
		print_line("%6llu  %3u %%  %s, vCPU %llu", (number)hart->id, share,
			vcpu->vm->spec->name, (number)vcpu->id);
	else
		print_line("%6llu  %3u %%  nothing", (number)hart->id, share);
}

void report_harts(struct vm *one)
{
	const struct vm *vm = vm_first();
	uint64_t now = clock_now_ns();
	uint64_t elapsed = vm ? ticks_of(now - looked_ns, vm->features->timebase_hz) : 0;

	(void)one;
	looked_ns = now;
	print_line("  hart   idle  runs");
	for (unsigned i = 0; i < hart_count(); i++)
		print_hart(hart_get(i), elapsed);
}

void report_init(void)
{
	looked_ns = clock_now_ns();
}

/* ---- memory ---- */

void report_memory(struct vm *one)
{
	(void)one;
	print_line("%llu MiB are free and set aside for no VM; Vesper's tables take %llu MiB",
		mib(page_free_bytes()), mib(page_overhead()));
	print_line("VM                              given out      of");
	for (const struct vm *vm = vm_first(); vm; vm = vm->next)
		print_line("%-31s %5llu MiB %5llu MiB", vm->spec->name, mib(given_out(vm)),
			mib(vm->spec->memory));
}

/* ---- exits ---- */

static void print_exits(const struct vm *vm)
{
	static const char bar[BAR + 1] = "########################################";
	uint64_t sum[VCPU_EXITS] = {0}, all = 0;

	for (unsigned i = 0; i < vm->n_vcpus; i++)
		for (unsigned e = 0; e < VCPU_EXITS; e++)
			sum[e] += vm->vcpu[i]->stats.exits[e];
	for (unsigned e = 0; e < VCPU_EXITS; e++)
		all += sum[e];
	print_line("%s: %llu exits", vm->spec->name, (number)all);
	for (unsigned e = 0; e < VCPU_EXITS; e++) {
		unsigned share = per_cent(sum[e], all);

		if (sum[e])
			print_line("  %-18s %12llu %3u %%  %.*s", vcpu_exit_name[e], (number)sum[e],
				share, (int)(share * BAR / 100), bar);
	}
}

void report_exits(struct vm *one)
{
	if (one) {
		print_exits(one);
		return;
	}
	for (const struct vm *vm = vm_first(); vm; vm = vm->next)
		print_exits(vm);
}

/* ---- log ---- */

/* Others may log meanwhile: no more than what can be kept. */
void report_log(struct vm *one)
{
	uint32_t place = log_oldest();
	char text[256];
	size_t n;

	(void)one;
	for (size_t shown = 0; shown < LOG_KEPT && (n = log_copy(&place, text, sizeof(text))) > 0;
		shown += n)
		print_bytes(text, n);
}
