/* SPDX-License-Identifier: MIT */
/*
 * A VM's life. Whoever ends it (its guest, the monitor) only says so; each of
 * its vCPUs then leaves its hart, and whoever is the last takes the VM apart.
 */
#include "core/vm.h"

#include "core/aia.h"
#include "core/csr.h"
#include "core/page.h"
#include "core/power.h"
#include "core/vm_load.h"
#include "core/vm_ports.h"
#include "core/vm_release.h"

static struct spinlock power_lock;

/* ---- start ---- */

void vm_start_at_boot(struct vm *vm)
{
	if (vm_start(vm) != OK)
		die("%s: can't be started", vm->spec->name);
}

static enum status create_devices(struct vm *vm)
{
	/* The devices ask what is behind their ports. */
	enum status status = vm_ports_open(vm);

	if (status != OK)
		return status;
	if (dm_create(vm->dm_memory, dm_memory_needed(vm->spec), vm->spec, (struct host *)vm,
		    &vm->dm) == OK)
		return OK;
	log_line("%s: an image is not an EROFS image that Vesper can read: make it with "
		 "mkfs.erofs, uncompressed",
		vm->spec->name);
	vm_ports_close(vm);
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
	/* Who found all vCPUs stopped told nobody that a port is ready. */
	__atomic_fetch_or(
		&vcpu->events, VCPU_EVENT_EXTERNAL | VCPU_EVENT_DEVICES, __ATOMIC_RELAXED);
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
	vm->ready = 0;
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
	for (const struct vm *vm = vm_first(); vm; vm = vm->next) {
		if (vm->state != VM_STOPPED)
			return false;
		*status = *status ? *status : vm->exit_status;
	}
	return true;
}

/* Nobody would look at its console any more. */
static void leave_console(const struct vm *ended)
{
	for (struct vm *vm = vm_first(); vm; vm = vm->next) {
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

/* No vCPU of it is on a hart, and nothing is lent. Returns it when it is to be started again. */
static struct vm *take_apart(struct vm *vm)
{
	if (vm->end == VM_END_REBOOT && !vm->killed) {
		if (vm_memory_renew(vm))
			return vm;
		log_line("%s: does not reboot: there is no memory for what its balloon gave away",
			vm->spec->name);
		vm->exit_status = 1;
	}
	dm_destroy(vm->dm);
	vm_ports_close(vm);
	vm_memory_release(vm);
	vm_release_told(vm);
	has_stopped(vm);
	return NULL;
}

/*
 * The devices are reset, and what they lent must come back before the memory goes. With the lock. Who finishes a request looks
 * at `draining` after he has put it into `finished`.
 */
static bool is_drained(struct vm *vm)
{
	__atomic_store_n(&vm->draining, true, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	request_take_finished(vm);
	if (dm_lent(vm->dm) == 0)
		vm->draining = false;
	return !vm->draining;
}

/* The last vCPU left before the last request came back. */
static void drain(struct vm *vm)
{
	spin_lock(&vm->lock);
	bool over = vm->draining && is_drained(vm);

	spin_unlock(&vm->lock);
	if (over && take_apart(vm))
		vm_restart(vm);
}

/* Requests of VMs that wait for them came back. */
bool vm_drains;

void vm_drain_all(void)
{
	__atomic_store_n(&vm_drains, false, __ATOMIC_SEQ_CST);
	for (struct vm *vm = vm_first(); vm; vm = vm->next)
		if (__atomic_load_n(&vm->draining, __ATOMIC_RELAXED))
			drain(vm);
}

struct vm *vm_vcpu_leaves(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	spin_lock(&vm->lock);
	bool last = --vm->n_on == 0;

	/* All harts of the guest stopped themselves. */
	if (last && vm->state == VM_RUNNING)
		vm_end_locked(vm, VM_END_STOP, 0);
	if (last)
		dm_reset(vm->dm);
	bool over = last && is_drained(vm);

	spin_unlock(&vm->lock);
	return over ? take_apart(vm) : NULL;
}

void vm_vcpu_is_off(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	__atomic_store_n(&vcpu->state, VCPU_STOPPED, __ATOMIC_RELEASE);
	if (vcpu->events & VCPU_EVENT_DEVICES)
		vm_wake_for_devices(vm);
}

void vm_update_external_irqs(struct vm *vm)
{
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		vcpu_set_external_irq(vm->vcpu[i], vplic_output(&vm->vplic, i));
}

bool vm_may_log(struct vm *vm)
{
	return log_allowed(&vm->log_limit, csr_read(time), vm->features->timebase_hz);
}
