/* SPDX-License-Identifier: MIT */
/*
 * A VM's life. Whoever ends it (its guest, the monitor) only says so; each of
 * its vCPUs then leaves its hart, and whoever is the last takes the VM apart.
 */
#include "core/vm.h"

#include <string.h>

#include "core/aia.h"
#include "core/csr.h"
#include "core/fp.h"
#include "core/page.h"
#include "core/power.h"
#include "core/vm_load.h"

#define VM_PAGES 4

_Static_assert(sizeof(struct vm) <= VM_PAGES * PAGE_SIZE, "");
_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE, "");

static struct vm *first_vm;
static struct vm **last_link = &first_vm;
static struct spinlock power_lock;

struct vm *vm_first(void)
{
	return first_vm;
}

/* ---- creation ---- */

_Noreturn static void too_little_memory(const struct vm_spec *spec, uint64_t needed)
{
	die("%s%s: needs %lu MiB but this machine has %lu MiB free: lower the VM's memory or give "
	    "the machine more (QEMU: -m)",
		spec->name, first_vm && spec != first_vm->spec ? " and those before it" : "",
		(unsigned long)(needed >> 20), (unsigned long)(page_free_bytes() >> 20));
}

/* Bit b: block b is there. A page or a few, or a block where that is not enough. */
static uint64_t *create_bitmap(uint64_t memory)
{
	uint64_t bytes = memory / BLOCK_SIZE / 8;

	for (unsigned pages = 1; pages <= 4; pages *= 2)
		if (bytes <= pages * PAGE_SIZE)
			return page_alloc(pages);
	void *block = page_alloc_block();

	if (block)
		memset(block, 0, BLOCK_SIZE);
	return block;
}

static void console_ready(void *owner)
{
	struct vm *vm = owner;

	/* Any vCPU will do, unless it stops just now. */
	for (unsigned i = 0; i < vm->n_vcpus; i++) {
		if (vcpu_get_state(vm->vcpu[i]) == VCPU_STOPPED)
			continue;
		vcpu_post(vm->vcpu[i], VCPU_EVENT_DEVICES);
		if (vcpu_get_state(vm->vcpu[i]) != VCPU_STOPPED)
			return;
	}
}

static bool create_vcpu(struct vm *vm, unsigned id)
{
	struct vcpu *vcpu = page_alloc(1);

	if (!vcpu)
		return false;
	vm->vcpu[id] = vcpu;
	vcpu->fp = page_alloc(fp_pages(vm->features->vlenb));
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->ignored = (uint8_t)vm->features->ignored;
	vcpu->sched.group = &vm->group;
	vcpu->deadline = SCHED_NEVER;
	return vcpu->fp;
}

static bool create_parts(struct vm *vm)
{
	const struct vm_spec *spec = vm->spec;
	void *console = page_alloc(CONSOLE_SIZE / PAGE_SIZE);

	vm->vcpu = page_alloc(1);
	vm->ram = own_window(spec->memory);
	vm->dm_memory = own_window(dm_memory_needed(spec));
	vm->claimed = create_bitmap(spec->memory);
	vm->populated = create_bitmap(spec->memory);
	if (!console || !vm->vcpu || !vm->ram || !vm->dm_memory || !vm->claimed || !vm->populated)
		return false;
	vm->console = console_create(console, spec->name, console_ready, vm);
	for (unsigned i = 0; i < spec->vcpus; i++)
		if (!create_vcpu(vm, i))
			return false;
	vm->n_vcpus = spec->vcpus;
	return true;
}

static void choose_irqs(struct vm *vm)
{
	const struct vm_spec *spec = vm->spec;

	if (spec->irqchip == VM_IRQCHIP_AIA && !vm->features->imsic)
		die("%s: interrupt-controller = \"aia\" needs a machine whose harts have Ssaia and "
		    "an IMSIC: leave it out or say \"plic\"",
			spec->where);
	vm->aia = spec->irqchip != VM_IRQCHIP_PLIC && vm->features->imsic;
	vm->plic_size = vm->aia ? 0 : GUEST_PLIC_SIZE;
}

struct vm *vm_create(const struct vm_spec *spec, const struct features *features)
{
	static unsigned n;
	struct vm *vm = page_alloc(VM_PAGES);

	if (!dm_memory_needed(spec))
		die("%s: the device model refuses its configuration", spec->name);
	if (!vm)
		too_little_memory(spec, VM_PAGES * PAGE_SIZE);
	vm->spec = spec;
	vm->features = features;
	vm->index = n++;
	if (!vm_gstage_mode(vm))
		die("%s: its memory reaches beyond what this machine's harts can translate",
			spec->where);
	/* Those for whom there is none share VMID 0. */
	vm->vmid = n < 1u << features->vmid_bits ? n : 0;
	vm->group.weight = spec->weight;
	choose_irqs(vm);
	if (!create_parts(vm))
		too_little_memory(spec, vm_memory_needed(vm));
	*last_link = vm;
	last_link = &vm->next;
	return vm;
}

/* ---- start ---- */

void vm_check_memory(void)
{
	uint64_t sum = 0;

	for (const struct vm *vm = first_vm; vm; vm = vm->next) {
		sum += vm->spec->manual ? 0 : vm_memory_needed(vm);
		if (sum > page_free_bytes())
			too_little_memory(vm->spec, sum);
	}
}

void vm_start_at_boot(struct vm *vm)
{
	if (vm_start(vm) != OK)
		die("%s: can't be started", vm->spec->name);
}

static enum status create_devices(struct vm *vm)
{
	if (dm_create(vm->dm_memory, dm_memory_needed(vm->spec), vm->spec, (struct host *)vm,
		    &vm->dm) == OK)
		return OK;
	log_line("%s: an image is not an EROFS image that Vesper can read: make it with "
		 "mkfs.erofs, uncompressed",
		vm->spec->name);
	return ERR_INVALID;
}

/* With the lock. */
static bool start_vcpu(struct vcpu *vcpu, uint64_t pc, uint64_t opaque, enum vcpu_request request)
{
	if (vcpu->vm->state != VM_RUNNING || vcpu->state != VCPU_STOPPED)
		return false;
	vcpu_power_on(vcpu, pc, opaque);
	vcpu->request = request;
	/* What it was told while it was off is void, but for the level of its interrupt and fences, for which others may wait. */
	__atomic_fetch_and(&vcpu->events, VCPU_EVENT_FENCE, __ATOMIC_RELAXED);
	__atomic_fetch_or(&vcpu->events, VCPU_EVENT_EXTERNAL, __ATOMIC_RELAXED);
	__atomic_store_n(&vcpu->state, VCPU_RUNNING, __ATOMIC_RELEASE);
	vcpu->vm->n_on++;
	sched_start(&vcpu->sched, csr_read(time));
	return true;
}

/* The last of them may be on the way from vm_vcpu_leaves() to vm_vcpu_is_off() still. */
static void wait_for_vcpus(struct vm *vm)
{
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		while (vcpu_get_state(vm->vcpu[i]) != VCPU_STOPPED)
			hart_serve(hart_self());
}

static void reset_irqs(struct vm *vm)
{
	vplic_init(&vm->vplic, vm->n_vcpus);
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vm->vcpu[i]->external = false;
	aia_init(vm);
}

/* Its memory is there and its vCPUs are off, or nearly. vCPU 0 does the rest: vm_start_step(). */
static void power_on(struct vm *vm)
{
	wait_for_vcpus(vm);
	sbi_vm_reset(&vm->sbi);
	reset_irqs(vm);
	vm_load_init(vm);
	vm->dm_again = false;
	vm->alarm = SCHED_NEVER;
	vm->starts++;
	vm->started = csr_read(time);
	console_reset(vm->console);
	spin_lock(&vm->lock);
	vm->state = VM_RUNNING;
	ASSERT(start_vcpu(vm->vcpu[0], vm->loader.layout.entry, vm->loader.layout.fdt, VCPU_LOAD));
	if (vm->killed)
		vm_end_locked(vm, VM_END_KILL, 0);
	spin_unlock(&vm->lock);
}

bool vm_start_step(struct vm *vm)
{
	if (!vm_load_step(vm))
		return false;
	vm->time_delta = -csr_read(time);
	return true;
}

static bool claim(struct vm *vm)
{
	spin_lock(&vm->lock);
	bool stopped = vm->state == VM_STOPPED;

	if (stopped) {
		vm->state = VM_STARTING;
		vm->killed = false;
	}
	spin_unlock(&vm->lock);
	return stopped;
}

enum status vm_start(struct vm *vm)
{
	if (!claim(vm))
		return ERR_BUSY;
	enum status status = vm_memory_take(vm);

	if (status == OK) {
		status = create_devices(vm);
		if (status == OK) {
			power_on(vm);
			return OK;
		}
		vm_memory_release(vm);
	}
	__atomic_store_n(&vm->state, VM_STOPPED, __ATOMIC_RELEASE);
	return status;
}

/* Every end of a VM costs all harts a fence, so a guest that only reboots is made to wait. */
#define REBOOTS_PER_SECOND 10

void vm_restart(struct vm *vm)
{
	if (vm_may_log(vm))
		log_line("%s: reboots", vm->spec->name);
	vm->not_before = vm->started + vm->features->timebase_hz / REBOOTS_PER_SECOND;
	power_on(vm);
}

bool vm_start_vcpu(struct vcpu *vcpu, uint64_t pc, uint64_t opaque)
{
	spin_lock(&vcpu->vm->lock);
	bool started = start_vcpu(vcpu, pc, opaque, VCPU_GOES_ON);

	spin_unlock(&vcpu->vm->lock);
	return started;
}

/* ---- end ---- */

void vm_end_locked(struct vm *vm, enum vm_end how, unsigned status)
{
	/* What the user wants is not forgotten over a reboot that is going on. */
	if (how == VM_END_KILL && vm->state != VM_STOPPED)
		vm->killed = true;
	if (vm->state != VM_RUNNING)
		return;
	vm->state = VM_ENDING;
	vm->end = how;
	vm->exit_status = status;
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		if (vcpu_get_state(vm->vcpu[i]) != VCPU_STOPPED)
			vcpu_post(vm->vcpu[i], VCPU_EVENT_LEAVE);
}

void vm_end(struct vm *vm, enum vm_end how, unsigned status)
{
	spin_lock(&vm->lock);
	vm_end_locked(vm, how, status);
	spin_unlock(&vm->lock);
}

void vm_crash(struct vcpu *vcpu, const char *why)
{
	const struct exit_info *e = &vcpu->last_exit;

	log_line("%s: stopped: %s (vCPU %lu, scause %lu, pc %lx, stval %lx, gpa %lx)",
		vcpu->vm->spec->name, why, (unsigned long)vcpu->id, (unsigned long)e->scause,
		(unsigned long)e->sepc, (unsigned long)e->stval, (unsigned long)(e->htval << 2));
	vm_end(vcpu->vm, VM_END_CRASH, 1);
	vcpu->request = VCPU_LEAVE;
}

static bool all_stopped(unsigned *status)
{
	*status = 0;
	for (const struct vm *vm = first_vm; vm; vm = vm->next) {
		if (vm->state != VM_STOPPED)
			return false;
		*status = *status ? *status : vm->exit_status;
	}
	return true;
}

/* Nobody would look at its console any more. */
static void leave_console(const struct vm *ended)
{
	for (struct vm *vm = first_vm; vm; vm = vm->next) {
		if (vm->state == VM_RUNNING) {
			console_leave(ended->console, vm->console);
			return;
		}
	}
}

/*
 * With the last VM that ended by itself the machine is powered off, for nothing would happen any more. What
 * the user stopped, he may start again.
 */
static void has_stopped(struct vm *vm)
{
	/* Once it is stopped, it may be started again. */
	unsigned ended_with = vm->exit_status, status;
	bool killed = vm->killed;

	if (ended_with)
		log_line("%s: ended with status %u", vm->spec->name, ended_with);
	spin_lock(&power_lock);
	__atomic_store_n(&vm->state, VM_STOPPED, __ATOMIC_RELEASE);
	if (!killed && all_stopped(&status))
		power_off(status);
	spin_unlock(&power_lock);
	if (!ended_with)
		log_line("%s: has ended", vm->spec->name);
	if (!killed)
		leave_console(vm);
}

/* No vCPU of it is on a hart. */
static struct vm *take_apart(struct vm *vm)
{
	bool again = vm->end == VM_END_REBOOT && !vm->killed;

	if (again)
		dm_reset(vm->dm);
	else
		dm_destroy(vm->dm);
	if (again) {
		vm_memory_renew(vm);
		return vm;
	}
	vm_memory_release(vm);
	has_stopped(vm);
	return NULL;
}

struct vm *vm_vcpu_leaves(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	spin_lock(&vm->lock);
	bool last = --vm->n_on == 0;

	/* All harts of the guest stopped themselves. */
	if (last && vm->state == VM_RUNNING)
		vm_end_locked(vm, VM_END_STOP, 0);
	spin_unlock(&vm->lock);
	return last ? take_apart(vm) : NULL;
}

void vm_vcpu_is_off(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	__atomic_store_n(&vcpu->state, VCPU_STOPPED, __ATOMIC_RELEASE);
	if (vcpu->events & VCPU_EVENT_DEVICES)
		console_ready(vm);
}

/* ---- the rest ---- */

void vm_run_devices(struct vm *vm)
{
	vm->dm_again = dm_run(vm->dm);
	/* A software interrupt of our own brings us back right after the guest is entered. */
	if (vm->dm_again)
		csr_set(sip, SIE_SSIE);
}

void vm_update_external_irqs(struct vm *vm)
{
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vcpu_set_external_irq(vm->vcpu[i], vplic_output(&vm->vplic, i));
}

uint64_t vm_device_memory(const struct vm *vm)
{
	uint64_t size = dm_memory_needed(vm->spec);

	for (unsigned i = 0; i < vm->spec->n_devices; i++)
		size -= vm->spec->devices[i].arena_size;
	return size;
}

bool vm_may_log(struct vm *vm)
{
	return log_allowed(&vm->log_limit, csr_read(time), vm->features->timebase_hz);
}
