/* SPDX-License-Identifier: MIT */
/* SBI calls, printing, the two ends of a payload, and the default trap handler. */
#include <stdarg.h>

#include "tests/guest/guest.h"

volatile struct trap guest_last_trap;

/* While an access is tried: exceptions are recorded and stepped over, up to a bound. */
static volatile bool trying;
static volatile struct outcome tried;
#define TRAPS_MAX 16

/* The compiler may call these for initialisers and copies. */
void *memset(void *to, int value, size_t n)
{
	for (char *byte = to; n--; byte++)
		*byte = (char)value;
	return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
	const char *source = from;

	for (char *byte = to; n--; byte++)
		*byte = *source++;
	return to;
}

struct sbi_result sbi_call(uint64_t eid, uint64_t fid, struct sbi_args args)
{
	register uint64_t a0 __asm__("a0") = args.a[0];
	register uint64_t a1 __asm__("a1") = args.a[1];
	register uint64_t a2 __asm__("a2") = args.a[2];
	register uint64_t a3 __asm__("a3") = args.a[3];
	register uint64_t a4 __asm__("a4") = args.a[4];
	register uint64_t a5 __asm__("a5") = args.a[5];
	register uint64_t a6 __asm__("a6") = fid;
	register uint64_t a7 __asm__("a7") = eid;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a6), "r"(a7)
			 : "memory");
	return (struct sbi_result){(long)a0, (long)a1};
}

bool guest_is_native(void)
{
	return SBI(EID_BASE, 1).value == 1; /* implementation ID 1 is OpenSBI */
}

void print_char(char c)
{
	(void)SBI(EID_PUTCHAR, 0, (uint8_t)c);
}

void print(const char *text)
{
	while (*text)
		print_char(*text++);
}

void print_hex(uint64_t value)
{
	unsigned digits = 1;
	while (digits < 16 && value >> (4 * digits))
		digits++;
	print("0x");
	while (digits--)
		print_char("0123456789abcdef"[(value >> (4 * digits)) & 15]);
}

static void print_decimal(uint64_t value)
{
	if (value >= 10)
		print_decimal(value / 10);
	print_char((char)('0' + value % 10));
}

void print_line(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	for (; *format; format++)
		if (*format == 's')
			print(va_arg(args, const char *));
		else if (*format == 'd')
			print_decimal(va_arg(args, uint64_t));
		else
			print_hex(va_arg(args, uint64_t));
	va_end(args);
	print_char('\n');
}

static uint32_t big_endian(const uint8_t *byte)
{
	return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* Behind the first `text` in the device tree; NULL: there is none. A search through its bytes will do. */
static const char *find_in_tree(const void *device_tree, const char *text)
{
	const char *tree = device_tree;
	size_t size = big_endian((const uint8_t *)device_tree + 4), n = 0;

	for (size_t i = 0; i < size; i++) {
		while (text[n] && i + n < size && tree[i + n] == text[n])
			n++;
		if (!text[n])
			return tree + i + n;
		n = 0;
	}
	return NULL;
}

bool guest_tree_has(const void *device_tree, const char *text)
{
	return find_in_tree(device_tree, text) != NULL;
}

uint64_t guest_option(const void *device_tree, const char *name, uint64_t otherwise)
{
	const char *digit = find_in_tree(device_tree, name);
	uint64_t value = 0;

	if (!digit)
		return otherwise;
	for (; *digit >= '0' && *digit <= '9'; digit++)
		value = value * 10 + (uint64_t)(*digit - '0');
	return value;
}

void guest_shutdown(bool failed)
{
	(void)SBI(EID_SRST, 0, 0, failed);
	print("the shutdown came back\n");
	for (;;)
		__asm__ volatile("wfi");
}

void guest_pass(void)
{
	print("PASS " GUEST_NAME "\n");
	guest_shutdown(false);
}

/* Of several harts that fail at once only the first says so. */
void guest_fail(const char *why, uint64_t got, uint64_t want)
{
	static uint32_t failed; /* a word: bytes have no atomic instruction */

	while (__atomic_exchange_n(&failed, 1, __ATOMIC_SEQ_CST))
		__asm__ volatile("wfi");
	print_line("sssxsx", "FAIL " GUEST_NAME ": ", why, ": got ", got, ", wanted ", want);
	guest_shutdown(true);
}

void guest_returned(void)
{
	guest_fail("guest_main returned", 0, 0);
}

static bool is_fetch_fault(uint64_t cause)
{
	return cause == 0 || cause == CAUSE_FETCH_ACCESS || cause == 12;
}

static uint64_t after_instruction(uint64_t pc)
{
	uint16_t low = *(const uint16_t *)pc;
	return pc + ((low & 3) == 3 ? 4 : 2);
}

static void take_interrupt(uint64_t cause)
{
	/* It stays pending until its source is served: off until the payload wants it again. */
	csr_clear(sie, 1ul << (cause & 63));
	guest_last_trap.interrupts++;
}

static void take_exception(uint64_t cause, uint64_t value, uint64_t pc, struct trap_frame *frame)
{
	if (!trying || ++guest_last_trap.count > TRAPS_MAX) {
		print_line("sxsxsx", "trap: scause ", cause, " stval ", value, " sepc ", pc);
		guest_fail("unexpected trap", cause, NO_TRAP);
	}
	if (tried.cause == NO_TRAP) {
		tried.cause = cause;
		tried.stval = value;
	}
	csr_write(sepc, is_fetch_fault(cause) ? frame->x[1] : after_instruction(pc));
}

__attribute__((weak)) void guest_trap(struct trap_frame *frame)
{
	uint64_t cause = csr_read(scause), value = csr_read(stval), pc = csr_read(sepc);

	guest_last_trap.cause = cause;
	guest_last_trap.value = value;
	guest_last_trap.pc = pc;
	if (cause & CAUSE_INTERRUPT)
		take_interrupt(cause);
	else
		take_exception(cause, value, pc, frame);
}

struct outcome guest_try(access_fn fn, uint64_t a, uint64_t b)
{
	tried.cause = NO_TRAP;
	tried.stval = 0;
	guest_last_trap.count = 0;
	trying = true;
	uint64_t value = fn(a, b);
	trying = false;
	return (struct outcome){tried.cause, tried.stval, value};
}

uint64_t guest_random(void)
{
	static uint64_t state = 0x2545f4914f6cdd1dul;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}
