/* SPDX-License-Identifier: MIT */
/*
 * What a payload is written with: SBI calls, printing, and trying an access that
 * may trap. A payload defines guest_main(), checks one behaviour and ends with
 * guest_pass() or a failed CHECK(). GUEST_NAME comes from the build.
 */
#ifndef VESPER_TESTS_GUEST_H
#define VESPER_TESTS_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The machine of payload.dts: 64 MiB of RAM, virtio-mmio console (and fs). */
#define RAM_BASE  0x80000000ul
#define RAM_SIZE  0x04000000ul
#define RAM_END   (RAM_BASE + RAM_SIZE)
#define PLIC      0x0c000000ul
#define VIRTIO(i) (0x10001000ul + (i)*0x1000ul)
#define NOTHING   0x18000000ul /* no device here, under Vesper and on QEMU's virt */

/* On firmware alone the addresses from 1 << NATIVE_TOP_BIT are empty, those below may be PCIe. */
#define NATIVE_TOP_BIT 36

#define CAUSE_FETCH_ACCESS 1ul
#define CAUSE_ILLEGAL      2ul
#define CAUSE_LOAD_ACCESS  5ul
#define CAUSE_STORE_ACCESS 7ul
#define CAUSE_INTERRUPT    (1ul << 63)
#define CAUSE_SOFTWARE     (CAUSE_INTERRUPT | 1)
#define CAUSE_TIMER        (CAUSE_INTERRUPT | 5)
#define CAUSE_EXTERNAL     (CAUSE_INTERRUPT | 9)
#define NO_TRAP            (~0ul)

#define TICKS_PER_SECOND 10000000ul /* QEMU's virt; another machine only waits differently */

#define SSTATUS_SIE (1ul << 1)
#define SSTATUS_VS  (3ul << 9)
#define SSTATUS_FS  (3ul << 13)
#define SIP_SSIP    (1ul << 1)
#define SIP_STIP    (1ul << 5)
#define SIP_SEIP    (1ul << 9)

#define csr_read(csr)                                                           \
	({                                                                      \
		uint64_t csr_value;                                             \
		__asm__ volatile("csrr %0, " #csr : "=r"(csr_value)::"memory"); \
		csr_value;                                                      \
	})
#define csr_write(csr, value) __asm__ volatile("csrw " #csr ", %0" ::"r"(value) : "memory")
#define csr_set(csr, bits)    __asm__ volatile("csrs " #csr ", %0" ::"r"(bits) : "memory")
#define csr_clear(csr, bits)  __asm__ volatile("csrc " #csr ", %0" ::"r"(bits) : "memory")

/* ---- SBI ---- */

#define EID_SET_TIMER 0x0
#define EID_PUTCHAR   0x1
#define EID_SHUTDOWN  0x8
#define EID_BASE      0x10
#define EID_TIME      0x54494d45
#define EID_IPI       0x735049
#define EID_RFENCE    0x52464e43
#define EID_HSM       0x48534d
#define EID_SRST      0x53525354
#define EID_DBCN      0x4442434e

#define SBI_NOT_SUPPORTED (-2)
#define SBI_INVALID_PARAM (-3)
#define SBI_INVALID_ADDR  (-5)
#define SBI_ALREADY_AVAIL (-6)

struct sbi_result {
	long error, value;
};

struct sbi_args {
	uint64_t a[6];
};

struct sbi_result sbi_call(uint64_t eid, uint64_t fid, struct sbi_args args);
#define SBI(eid, fid, ...) sbi_call(eid, fid, (struct sbi_args){{__VA_ARGS__}})

/* Is the payload on firmware alone, in S-mode? There some machine details differ. */
bool guest_is_native(void);

void *memset(void *to, int value, size_t n);
void *memcpy(void *to, const void *from, size_t n);

/* ---- printing and the end ---- */

void print_char(char c);
void print(const char *text);
void print_hex(uint64_t value);
/* One argument for each format character: s string, x hexadecimal, d decimal. */
void print_line(const char *format, ...);

/* The number that follows `name` (which ends in '=') in the boot arguments. */
uint64_t guest_option(const void *device_tree, const char *name, uint64_t otherwise);

/* Is `text` anywhere in the device tree? */
bool guest_tree_has(const void *device_tree, const char *text);

/* Shuts the VM down; `failed` is SRST's reason "system failure". */
void guest_shutdown(bool failed) __attribute__((noreturn));
void guest_pass(void) __attribute__((noreturn));
void guest_fail(const char *why, uint64_t got, uint64_t want) __attribute__((noreturn));

#define CHECK(got, want, why)                                                        \
	do {                                                                         \
		uint64_t check_got = (uint64_t)(got), check_want = (uint64_t)(want); \
		if (check_got != check_want)                                         \
			guest_fail(why, check_got, check_want);                      \
	} while (0)

/* ---- traps ---- */

struct trap_frame {
	uint64_t x[32];
};

/* The last trap taken. An exception outside of guest_try() ends the payload as failed. */
struct trap {
	uint64_t cause, value, pc;
	uint64_t count, interrupts;
};
extern volatile struct trap guest_last_trap;

/* A payload may define its own; the default one is in guest.c. */
void guest_trap(struct trap_frame *frame);

/* Something that may trap: see access.h. The value is only meaningful without a trap. */
typedef uint64_t (*access_fn)(uint64_t a, uint64_t b);

struct outcome {
	uint64_t cause; /* of the first exception, or NO_TRAP */
	uint64_t stval;
	uint64_t value;
};

/*
 * Calls fn(a, b). An instruction that traps is skipped; one that cannot be fetched returns to the
 * caller of fn.
 */
struct outcome guest_try(access_fn fn, uint64_t a, uint64_t b);

void guest_main(uint64_t hart, const void *device_tree);
void guest_returned(void) __attribute__((noreturn));

static inline uint64_t guest_time(void)
{
	return csr_read(time);
}

/*
 * Sleeps until an interrupt that sie enables, and takes it. sstatus.SIE is clear before and after: one that is taken between
 * the look at what is waited for and the wfi would leave nothing that ends the wfi.
 */
static inline void guest_sleep(void)
{
	__asm__ volatile("wfi");
	csr_set(sstatus, SSTATUS_SIE);
	csr_clear(sstatus, SSTATUS_SIE);
}

/* A repeatable sequence of numbers (xorshift). */
uint64_t guest_random(void);

#endif
