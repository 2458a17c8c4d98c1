/* SPDX-License-Identifier: MIT */
/* Starting harts, their traps, and what they wait for each other with. */
#include "tests/guest/smp.h"

#define STACK_SIZE      8192
#define TRAP_STACK_SIZE 2048
#define TRAPS_MAX       16

struct smp_hart smp_harts[SMP_MAX];
static char stacks[SMP_MAX][STACK_SIZE] __attribute__((aligned(16)));
static char trap_stacks[SMP_MAX][TRAP_STACK_SIZE] __attribute__((aligned(16)));
static unsigned count;

extern const char smp_vector[];
void smp_main(uint64_t id, struct smp_hart *self, uint64_t sstatus, uint64_t satp)
	__attribute__((noreturn));
void smp_trap(struct smp_hart *self);

/* ---- harts ---- */

unsigned smp_count(void)
{
	return count;
}

static void init_hart(unsigned id)
{
	struct smp_hart *hart = &smp_harts[id];

	hart->id = id;
	hart->stack_top = (uint64_t)stacks[id + 1];
	hart->trap_stack_top = (uint64_t)trap_stacks[id + 1];
	hart->random = 0x9e3779b97f4a7c15ul * (id + 1);
}

unsigned smp_begin(uint64_t boot_hart)
{
	CHECK(boot_hart < SMP_MAX, true, "the boot hart's ID");
	while (count < SMP_MAX && SBI(EID_HSM, 2, count).error == 0)
		init_hart(count++);
	CHECK(boot_hart < count, true, "the harts that HSM knows");
	__asm__ volatile("mv tp, %0" ::"r"(&smp_harts[boot_hart]));
	csr_write(sscratch, &smp_harts[boot_hart]);
	csr_write(stvec, smp_vector);
	return count;
}

void smp_main(uint64_t id, struct smp_hart *self, uint64_t sstatus, uint64_t satp)
{
	CHECK(self->id, id, "a0 of a hart that starts");
	self->start_sstatus = sstatus;
	self->start_satp = satp;
	smp_add(&self->starts, 1);
	self->fn(self->arg);
	smp_interrupts_off();
	guest_fail("hart_stop came back", (uint64_t)SBI(EID_HSM, 1).error, 0);
}

void smp_start(uint64_t hart, smp_fn fn, void *arg)
{
	struct smp_hart *target = &smp_harts[hart];

	target->fn = fn;
	target->arg = arg;
	CHECK(SBI(EID_HSM, 0, hart, (uint64_t)smp_entry, (uint64_t)target).error, 0, "hart_start");
}

void smp_start_others(smp_fn fn, void *arg)
{
	for (unsigned hart = 0; hart < count; hart++)
		if (hart != smp_self()->id)
			smp_start(hart, fn, arg);
}

uint64_t smp_status(uint64_t hart)
{
	struct sbi_result result = SBI(EID_HSM, 2, hart);

	CHECK(result.error, 0, "hart_get_status");
	return (uint64_t)result.value;
}

void smp_wait_status(uint64_t hart, uint64_t status, const char *why)
{
	uint64_t start = guest_time();

	while (smp_status(hart) != status)
		if (guest_time() - start > SMP_PATIENCE)
			guest_fail(why, smp_status(hart), status);
}

void smp_join(void)
{
	for (unsigned hart = 0; hart < count; hart++)
		if (hart != smp_self()->id)
			smp_wait_status(hart, HSM_STOPPED, "a hart does not stop");
}

void smp_delay(uint64_t ticks)
{
	uint64_t start = guest_time();

	while (guest_time() - start < ticks)
		smp_relax();
}

uint64_t smp_random(void)
{
	uint64_t *state = &smp_self()->random;

	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* ---- waiting for each other ---- */

void smp_lock(struct smp_lock *lock)
{
	uint32_t ticket = smp_add(&lock->next, 1);

	SMP_WAIT(smp_load(&lock->serving) == ticket, "a lock");
}

void smp_unlock(struct smp_lock *lock)
{
	smp_store(&lock->serving, lock->serving + 1);
}

void smp_barrier(struct smp_barrier *barrier)
{
	uint32_t generation = smp_load(&barrier->generation);

	if (smp_add(&barrier->arrived, 1) + 1 == barrier->n) {
		barrier->arrived = 0;
		smp_store(&barrier->generation, generation + 1);
		return;
	}
	SMP_WAIT(smp_load(&barrier->generation) != generation, "a barrier");
}

/* ---- traps ---- */

__attribute__((weak)) void smp_on_ipi(struct smp_hart *self)
{
	(void)self;
}

void smp_interrupts_on(uint64_t sie)
{
	csr_write(sie, sie);
	csr_set(sstatus, SSTATUS_SIE);
}

void smp_interrupts_off(void)
{
	csr_clear(sstatus, SSTATUS_SIE);
	csr_write(sie, 0ul);
}

void smp_send_ipi(uint64_t hart)
{
	CHECK(SBI(EID_IPI, 0, 1, hart).error, 0, "send_ipi");
}

static void take_interrupt(struct smp_hart *self, uint64_t cause)
{
	if (cause == CAUSE_SOFTWARE)
		csr_clear(sip, SIP_SSIP);
	else
		csr_clear(sie, 1ul << (cause & 63));
	smp_store(&self->interrupts[cause & 15], self->interrupts[cause & 15] + 1);
	if (cause == CAUSE_SOFTWARE)
		smp_on_ipi(self);
}

static uint64_t after_instruction(uint64_t pc)
{
	return pc + ((*(const uint16_t *)pc & 3) == 3 ? 4 : 2);
}

static void take_exception(struct smp_hart *self, uint64_t cause)
{
	uint64_t pc = csr_read(sepc), value = csr_read(stval);

	if (!self->trying || ++self->traps > TRAPS_MAX) {
		print_line("sdsxsxsx", "trap of hart ", self->id, ": scause ", cause, " stval ",
			value, " sepc ", pc);
		guest_fail("unexpected trap", cause, NO_TRAP);
	}
	if (self->tried.cause == NO_TRAP) {
		self->tried.cause = cause;
		self->tried.stval = value;
	}
	csr_write(sepc, after_instruction(pc));
}

void smp_trap(struct smp_hart *self)
{
	uint64_t cause = csr_read(scause);

	if (cause & CAUSE_INTERRUPT)
		take_interrupt(self, cause);
	else
		take_exception(self, cause);
}

struct outcome smp_try(access_fn fn, uint64_t a, uint64_t b)
{
	struct smp_hart *self = smp_self();

	self->tried = (struct outcome){.cause = NO_TRAP};
	self->traps = 0;
	__atomic_store_n(&self->trying, true, __ATOMIC_SEQ_CST);
	uint64_t value = fn(a, b);
	__atomic_store_n(&self->trying, false, __ATOMIC_SEQ_CST);
	return (struct outcome){smp_load(&self->tried.cause), self->tried.stval, value};
}
