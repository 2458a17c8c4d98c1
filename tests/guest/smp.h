/* SPDX-License-Identifier: MIT */
/*
 * Payloads with several harts: starting and stopping them, locks and barriers,
 * interrupts and exceptions of each. smp_begin() comes first; from then on the
 * trap handler is smp_trap(), not guest_trap(), and guest_try() is smp_try().
 *
 * Everything that waits gives up after some seconds and fails the payload.
 */
#ifndef VESPER_TESTS_GUEST_SMP_H
#define VESPER_TESTS_GUEST_SMP_H

#include "tests/guest/guest.h"

#define SMP_MAX      64
#define SMP_PATIENCE (20 * TICKS_PER_SECOND)
#define SMP_MS       (TICKS_PER_SECOND / 1000)

typedef void (*smp_fn)(void *arg);

struct smp_hart {
	uint64_t frame[32];                 /* smp.S: of the trap */
	uint64_t stack_top, trap_stack_top; /* smp.S */

	uint64_t id;
	smp_fn fn;
	void *arg;
	uint64_t start_sstatus, start_satp; /* as it was started */
	uint64_t starts;                    /* how often it was */

	uint64_t interrupts[16]; /* taken, by cause; read them with smp_interrupts() */
	bool trying;
	unsigned traps; /* while it tries */
	struct outcome tried;
	uint64_t random;
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct smp_hart, stack_top) == 256, "smp.S");
_Static_assert(offsetof(struct smp_hart, trap_stack_top) == 264, "smp.S");

extern struct smp_hart smp_harts[SMP_MAX]; /* by hart ID */

/* SBI HSM states. */
#define HSM_STARTED       0
#define HSM_STOPPED       1
#define HSM_START_PENDING 2
#define HSM_STOP_PENDING  3
#define HSM_SUSPENDED     4

/* On the boot hart, once: how many harts there are; their IDs are 0 to that. */
unsigned smp_begin(uint64_t boot_hart);
unsigned smp_count(void);

/* The address to start a hart at with &smp_harts[its ID], whose fn and arg say what it does. */
extern const char smp_entry[];

/* Starts a stopped hart; it stops when fn(arg) returns. */
void smp_start(uint64_t hart, smp_fn fn, void *arg);
/* All but the calling one. */
void smp_start_others(smp_fn fn, void *arg);

/* The answer of hart_get_status, which must be one. */
uint64_t smp_status(uint64_t hart);
void smp_wait_status(uint64_t hart, uint64_t status, const char *why);
/* Waits until all others have stopped. */
void smp_join(void);

/* The calling hart. */
static inline struct smp_hart *smp_self(void)
{
	struct smp_hart *self;

	__asm__ volatile("mv %0, tp" : "=r"(self));
	return self;
}

/* What a waiting loop does in each round: a pause hint. */
static inline void smp_relax(void)
{
	__asm__ volatile(".4byte 0x0100000f" ::: "memory");
}

/* Waits by spinning until the condition holds. */
#define SMP_WAIT(condition, why)                                                        \
	do {                                                                            \
		uint64_t smp_start_time = guest_time();                                 \
		while (!(condition)) {                                                  \
			if (guest_time() - smp_start_time > SMP_PATIENCE)               \
				guest_fail("waited too long: " why, smp_self()->id, 0); \
			smp_relax();                                                    \
		}                                                                       \
	} while (0)

#define smp_load(p)         __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store(p, value) __atomic_store_n((p), (value), __ATOMIC_RELEASE)
#define smp_add(p, n)       __atomic_fetch_add((p), (n), __ATOMIC_SEQ_CST)

/* Lets time pass, spinning. */
void smp_delay(uint64_t ticks);

/* A fair (ticket) spinlock, zero at first. */
struct smp_lock {
	uint32_t next, serving;
};
void smp_lock(struct smp_lock *lock);
void smp_unlock(struct smp_lock *lock);

/* Where `n` harts wait for each other; the rest is zero at first. */
struct smp_barrier {
	uint32_t n, arrived, generation;
};
void smp_barrier(struct smp_barrier *barrier);

/*
 * Interrupts: one is counted and, but for the software interrupt, which is cleared, its source is
 * switched off in sie until the payload wants it again.
 */
static inline uint64_t smp_interrupts(const struct smp_hart *hart, uint64_t cause)
{
	return smp_load(&hart->interrupts[cause & 15]);
}
/* Called in the handler of a software interrupt, after it was cleared; a payload may define it. */
void smp_on_ipi(struct smp_hart *self);

/* sie of the calling hart, and sstatus.SIE. */
void smp_interrupts_on(uint64_t sie);
void smp_interrupts_off(void);

/* An IPI to one hart. */
void smp_send_ipi(uint64_t hart);

struct outcome smp_try(access_fn fn, uint64_t a, uint64_t b);

/* The calling hart's own sequence. */
uint64_t smp_random(void);

#endif
