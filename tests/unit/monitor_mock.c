/* SPDX-License-Identifier: MIT */
#include "tests/unit/monitor_mock.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "backends/terminal.h"
#include "core/clock.h"
#include "backends/vsock.h"
#include "core/page.h"
#include "core/vm_ports.h"
#include "lib/log.h"
#include "monitor/monitor.h"
#include "tests/unit/uart_mock.h"

struct vm mock_vm[MOCK_VMS];
struct vcpu mock_vcpu[MOCK_VMS][2];
struct hart mock_hart[MOCK_HARTS];
struct vm_port mock_port[MOCK_VMS][VM_DEVICES_MAX];
struct block_info mock_disk[2];
unsigned mock_disks;
struct nic_info mock_nic;
uint64_t mock_ns, mock_free;
char mock_answer[MOCK_ANSWER];
unsigned mock_readies[MOCK_VMS];
const char *mock_called;
const struct vm *mock_called_for;

static const struct features features = {.timebase_hz = 10000000};

static const struct vm_spec specs[MOCK_VMS] = {
	{.name = "web",
		.memory = MIB(256),
		.vcpus = 2,
		.weight = 100,
		.bootargs = "console=hvc0",
		.kernel = {"", 2048},
		.n_devices = 2,
		.devices = {{.kind = VM_DEVICE_CONSOLE}, {.kind = VM_DEVICE_FS, .tag = "root"}}},
	{.name = "db",
		.memory = MIB(1024),
		.vcpus = 1,
		.weight = 300,
		.n_devices = 5,
		.devices = {{.kind = VM_DEVICE_DISK},
			{.kind = VM_DEVICE_NET,
				.net = {.network = "lan", .mac = {0x52, 0x54, 0, 0, 0, 2}}},
			{.kind = VM_DEVICE_RNG}, {.kind = VM_DEVICE_BALLOON},
			{.kind = VM_DEVICE_VSOCK}},
		.n_harts = 2,
		.harts = {4, 7},
		.dedicated = true},
	{.name = "build", .memory = MIB(64), .vcpus = 1, .weight = 1, .manual = true},
};

const char *const vcpu_exit_name[VCPU_EXITS] = {"SBI call", "device register", "new memory",
	"wait for interrupt", "instruction", "control register", "FP or vector", "timer",
	"another hart", "device interrupt", "other"};

struct vm *vm_first(void)
{
	return mock_vm;
}

static enum status called(const char *what, const struct vm *vm)
{
	mock_called = what;
	mock_called_for = vm;
	return OK;
}

enum status vm_start(struct vm *vm)
{
	if (vm->state != VM_STOPPED)
		return ERR_UNSUPPORTED;
	if (vm->spec->memory > mock_free)
		return ERR_NO_MEMORY;
	vm->state = VM_RUNNING;
	vm->starts++;
	return called("start", vm);
}

void vm_end(struct vm *vm, enum vm_end how, unsigned status)
{
	called(how == VM_END_REBOOT ? "reboot" : "stop", vm);
	vm->exit_status = status;
	vm->end = how;
	if (how == VM_END_KILL)
		vm->state = VM_STOPPED;
}

bool vm_set_balloon(struct vm *vm, uint64_t bytes)
{
	called("balloon", vm);
	vm->balloon_target = bytes;
	for (unsigned i = 0; i < vm->spec->n_devices; i++)
		if (vm->spec->devices[i].kind == VM_DEVICE_BALLOON)
			return true;
	return false;
}

unsigned hart_count(void)
{
	return MOCK_HARTS;
}

struct hart *hart_get(unsigned index)
{
	return &mock_hart[index];
}

/* Nobody else has it: there is one thread. */
void hart_lock_serving(struct spinlock *lock)
{
	if (!spin_trylock(lock))
		abort();
}

void vsock_answer(const char *text, size_t len)
{
	size_t n = strlen(mock_answer);

	if (len >= sizeof(mock_answer) - n)
		abort();
	memcpy(mock_answer + n, text, len);
	mock_answer[n + len] = 0;
}

unsigned block_count(void)
{
	return mock_disks;
}

const struct block_info *block_info(unsigned disk)
{
	return &mock_disk[disk];
}

unsigned nic_count(void)
{
	return 1;
}

const struct nic_info *nic_info(unsigned nic)
{
	(void)nic;
	return &mock_nic;
}

void switch_stats(const struct switch_port *port, struct switch_stats *out)
{
	(void)port;
	*out = (struct switch_stats){.sent = 1, .received = 22, .dropped = 333, .spoofed = 4444};
}

uint64_t page_free_bytes(void)
{
	return mock_free;
}

uint64_t page_overhead(void)
{
	return MIB(6);
}

uint64_t clock_now_ns(void)
{
	return mock_ns;
}

static void ready(void *owner)
{
	struct vm *vm = owner;

	mock_readies[vm - mock_vm]++;
}

void mock_init(void)
{
	static alignas(4096) char memory[MOCK_VMS][CONSOLE_SIZE];

	log_set_sink(terminal_write);
	terminal_init(true);
	for (unsigned i = 0; i < MOCK_VMS; i++)
		mock_vm[i].console = console_create(memory[i], specs[i].name, ready, &mock_vm[i]);
	monitor_init();
}

static void reset_vm(unsigned i)
{
	static struct vcpu *pointers[MOCK_VMS][2];

	mock_vm[i] = (struct vm){
		.spec = &specs[i],
		.features = &features,
		.next = i + 1 < MOCK_VMS ? &mock_vm[i + 1] : NULL,
		.index = i,
		.state = specs[i].manual ? VM_STOPPED : VM_RUNNING,
		.starts = !specs[i].manual,
		.console = mock_vm[i].console,
		.n_vcpus = specs[i].vcpus,
		.vcpu = pointers[i],
		.port = mock_port[i],
	};
	for (unsigned d = 0; d < VM_DEVICES_MAX; d++)
		mock_port[i][d] = (struct vm_port){.vm = &mock_vm[i], .number = d + 1};
	for (unsigned v = 0; v < specs[i].vcpus; v++) {
		pointers[i][v] = &mock_vcpu[i][v];
		mock_vcpu[i][v] = (struct vcpu){.vm = &mock_vm[i], .id = v};
	}
}

void mock_reset(void)
{
	for (unsigned i = 0; i < MOCK_VMS; i++)
		reset_vm(i);
	for (unsigned i = 0; i < MOCK_HARTS; i++)
		mock_hart[i] = (struct hart){.index = i, .id = 4 + 3 * i, .online = true};
	memset(mock_readies, 0, sizeof(mock_readies));
	mock_disks = 0;
	mock_answer[0] = 0;
	mock_called = "";
	mock_free = MIB(512);
	for (unsigned i = MOCK_VMS; i-- > 0;) {
		console_to_front(mock_vm[i].console);
		console_reset(mock_vm[i].console);
		uart_mock_run();
	}
	uart_mock_reset();
}

_Noreturn void power_off(unsigned status)
{
	exit((int)status);
}
