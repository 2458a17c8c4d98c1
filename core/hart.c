/* SPDX-License-Identifier: MIT */
#include "core/hart.h"

#include "core/aia_file.h"
#include "core/csr.h"
#include "core/driver_env.h"
#include "core/firmware.h"
#include "core/hfence.h"
#include "core/host_irq.h"
#include "core/page.h"
#include "core/pmu.h"
#include "core/trap.h"
#include "core/vm.h"
#include "lib/log.h"

static struct hart *harts[MACHINE_HARTS_MAX];
static unsigned n_harts;
static const struct features *features;

/* The same where memory is mapped as it is, which is also where a debugger finds them (scripts/vesper-gdb.py). */
static struct hart *hart_pages[MACHINE_HARTS_MAX] __attribute__((used));

/* boot/entry.S: where a hart starts, its physical struct hart in a1; and the same with translation on already. */
extern char hart_entry[];
_Noreturn void hart_enter(struct hart *hart);

_Static_assert(offsetof(struct hart, satp) == 0 && offsetof(struct hart, stack) == 8, "");

unsigned hart_count(void)
{
	return n_harts;
}

struct hart *hart_get(unsigned index)
{
	return harts[index];
}

/* ---- how others reach it ---- */

void hart_kick(unsigned index)
{
	struct hart *hart = harts[index];

	if (hart == hart_self())
		csr_set(sip, SIE_SSIE);
	else if (hart->imsic)
		host_irq_send(hart->imsic);
	else
		firmware_call(SBI_EXT_IPI, SBI_IPI_SEND_IPI, 1, hart->id, 0);
}

static void fence_all(struct hart *hart)
{
	uint32_t asked = __atomic_load_n(&hart->fences_asked, __ATOMIC_ACQUIRE);

	if (asked == hart->fences_done)
		return;
	/* Nobody is loaded: what was may be gone, and not even a speculative walk may begin there after the fence. */
	if (!hart->vcpu || hart->vcpu->hart != hart) {
		csr_write(vsatp, 0);
		csr_write(hgatp, 0);
		hart->vcpu = NULL;
		hart->vm = NULL;
	}
	__asm__ volatile("sfence.vma" ::: "memory");
	hfence_gvma_all();
	__atomic_store_n(&hart->fences_done, asked, __ATOMIC_RELEASE);
}

void hart_serve(struct hart *hart)
{
	struct vcpu *vcpu = hart->vcpu;

	fence_all(hart);
	if (hart->files_asked)
		aia_file_serve(hart);
	if (vcpu && vcpu->hart == hart && vcpu->fences.n)
		vcpu_take_fences(vcpu);
}

void hart_lock_serving(struct spinlock *lock)
{
	while (!spin_trylock(lock))
		hart_serve(hart_self());
}

/* Those that run the VM must; another does so before it runs it again (vcpu_switch.c). */
static bool must_fence(struct hart *hart, struct vm *vm)
{
	if (!hart->online || !vm)
		return hart->online;
	__atomic_store_n(&vm->stale[hart->index], true, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&hart->vm, __ATOMIC_RELAXED) == vm;
}

/* Returns the count of fences at which it has done what is asked. */
static uint32_t ask_for_fence(struct hart *hart, struct vm *vm)
{
	if (!must_fence(hart, vm))
		return hart->fences_done;
	uint32_t asked = __atomic_add_fetch(&hart->fences_asked, 1, __ATOMIC_RELEASE);

	if (hart != hart_self())
		hart_kick(hart->index);
	return asked;
}

/* vm NULL: all translations. */
static void fence(struct vm *vm)
{
	uint32_t asked[MACHINE_HARTS_MAX];
	const unsigned n = n_harts;

	for (unsigned i = 0; i < n; i++)
		asked[i] = ask_for_fence(harts[i], vm);
	for (unsigned i = 0; i < n; i++)
		while ((int32_t)(__atomic_load_n(&harts[i]->fences_done, __ATOMIC_ACQUIRE) -
				 asked[i]) < 0)
			hart_serve(hart_self());
}

void hart_fence_all(void)
{
	fence(NULL);
}

void hart_fence_guest(struct vm *vm)
{
	fence(vm);
}

/* ---- the host's interrupts ---- */

void hart_set_timer(struct hart *hart, const struct vcpu *vcpu)
{
	uint64_t next = hart->tick, watch = driver_env_next();

	next = watch < next ? watch : next;
	if (vcpu) {
		uint64_t alarm = vcpu_alarm(vcpu);

		next = vcpu->deadline < next ? vcpu->deadline : next;
		next = alarm < next ? alarm : next;
	}
	if (features->sstc) {
		csr_write(stimecmp, next);
	} else if (next == SCHED_NEVER) {
		csr_clear(sie, SIE_STIE);
	} else {
		firmware_set_timer(next);
		csr_set(sie, SIE_STIE);
	}
}

/* For as long as `vcpu` is there (NULL: the hart idles), or until the scheduler is asked again. */
static void set_tick(struct hart *hart, const struct vcpu *vcpu)
{
	hart->tick = sched_deadline(hart->index);
	hart_set_timer(hart, vcpu);
}

void hart_interrupts(struct hart *hart, struct vcpu *vcpu)
{
	uint64_t pending = csr_read(sip) & csr_read(sie);

	bool kicked = pending & SIE_SEIE && host_irq_serve();

	/* After that, as serving a device may be for the vCPU that is here. */
	if (kicked || csr_read(sip) & SIE_SSIE) {
		csr_clear(sip, SIE_SSIE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		hart_serve(hart);
	}
	if (vm_drains_pending())
		vm_drain_all();
	if (hart->n_files)
		aia_file_wake(hart);
	uint64_t now = csr_read(time);
	bool other = sched_tick(hart->index, now);

	if (now >= driver_env_next())
		driver_env_tick(now);
	if (driver_env_pending())
		driver_env_again();

	if (!vcpu)
		return;
	if (pending & SIE_LCOFIE)
		pmu_overflow(vcpu);
	if (pending & SIE_STIE)
		vcpu_timers_expired(vcpu);
	if (vcpu->events)
		vcpu_take_events(vcpu);
	if (vcpu->vm->dm_again)
		vcpu_run_devices(vcpu);
	if (other && vcpu->request == VCPU_GOES_ON)
		vcpu->request = VCPU_RESCHEDULE;
	set_tick(hart, vcpu);
	vcpu_set_wfi(vcpu);
}

/* ---- the loop ---- */

static void wait(struct hart *hart)
{
	uint64_t start = csr_read(time);

	set_tick(hart, NULL);
	/* Interrupts of whoever was here last would end the wait at once: WFI does not ask whose they are. */
	uint64_t guest_enabled = csr_read(vsie);

	csr_write(vsie, 0);
	__asm__ volatile("wfi" ::: "memory");
	csr_write(vsie, guest_enabled);
	hart_interrupts(hart, NULL);
	hart->idle_ticks += csr_read(time) - start;
}

static struct vcpu *choose(struct hart *hart, const struct vcpu_leaving *l)
{
	struct sched_entity *e = sched_next(
		hart->index, l->vcpu ? &l->vcpu->sched : NULL, l->how, l->deadline, csr_read(time));

	if (l->vcpu && l->how == SCHED_STOP)
		vm_vcpu_is_off(l->vcpu);
	if (l->start)
		vm_restart(l->start);
	return e ? vcpu_of(e) : NULL;
}

/* Returns how it left again, when it can't enter the guest. */
static struct vcpu_leaving enter(struct hart *hart, struct vcpu *vcpu)
{
	vcpu_load(hart, vcpu);
	set_tick(hart, vcpu);
	vcpu_set_wfi(vcpu);
	if (vcpu->request == VCPU_GOES_ON)
		trap_enter_guest(vcpu);
	return vcpu_leave(vcpu);
}

_Noreturn void hart_run(struct vcpu_leaving leaving)
{
	struct hart *hart = hart_self();

	for (;;) {
		struct vcpu *vcpu = choose(hart, &leaving);

		leaving = (struct vcpu_leaving){0};
		if (!vcpu)
			wait(hart);
		else if (vcpu_resume(vcpu, &leaving))
			leaving = enter(hart, vcpu);
	}
}

/* ---- start ---- */

static void (*boot_first)(void);

/* A hart's first C code on its own stack, translation on. */
_Noreturn void hart_main(struct hart *hart);

_Noreturn void hart_main(struct hart *hart)
{
	void (*first)(void) = hart->online ? boot_first : NULL;

	csr_write(hideleg, HVIP_VSSIP | HVIP_VSTIP | HVIP_VSEIP);
	if (features->sstc)
		csr_write(stimecmp, SCHED_NEVER);
	if (features->aia) {
		/* A guest's interrupts are those of hvip, in their default order. */
		csr_write(hvien, features->lcofi ? HVIP_LCOFI : 0);
		csr_write(hviprio1, 0);
		csr_write(hviprio2, 0);
	}
	host_irq_start_hart(hart);
	csr_write(sie, SIE_SSIE | SIE_SEIE | (features->sstc ? SIE_STIE : 0));
	hart->online = true;
	if (first)
		first();
	hart_run((struct vcpu_leaving){0});
}

/* Physical pages are mapped one to one, so that a new hart finds its struct before it has translation. */
static struct hart *create(const struct machine_hart *m, unsigned index)
{
	void *stack = page_alloc(4);
	struct hart *hart = page_alloc(1);

	if (!stack || !hart || own_slot_map(index, stack, hart) != OK)
		die("too little memory for %u harts: give the machine more RAM", n_harts);
	hart->index = index;
	hart->id = m->id;
	hart->imsic = features->imsic ? m->imsic : 0;
	hart->n_files = m->guest_files;
	hart->satp = own_satp();
	hart->stack = (uintptr_t)own_slot(index) + OWN_SLOT_STACK_TOP;
	harts[index] = (struct hart *)hart->stack;
	return hart;
}

_Noreturn void hart_run_all(
	const struct machine *machine, const struct features *f, void (*first)(void))
{
	features = f;
	boot_first = first;
	n_harts = machine->n_harts;
	for (unsigned i = 0; i < n_harts; i++)
		hart_pages[i] = create(&machine->hart[i], i);
	harts[machine->boot_hart]->online = true;
	for (unsigned i = 0; i < n_harts; i++)
		if (i != machine->boot_hart &&
			firmware_call(SBI_EXT_HSM, SBI_HSM_HART_START, harts[i]->id,
				(uintptr_t)hart_entry, (uintptr_t)hart_pages[i])
				.error)
			log_line("hart %lu does not start: the firmware refuses",
				(unsigned long)harts[i]->id);
	hart_enter(harts[machine->boot_hart]);
}
