/* SPDX-License-Identifier: MIT */
/*
 * Interrupt files are reached through two windows of CSRs (RISC-V AIA 1.0,
 * chapters 2 and 3): siselect and sireg for this hart's own S-level file,
 * vsiselect and vsireg for the guest file that hstatus.VGEIN names. The second
 * pair and VGEIN belong to the vCPU that is loaded, so each function here puts
 * them back.
 */
#include "irq/imsic.h"

#include "include/abi/aia.h"

#define STR_(x) #x
#define STR(x)  STR_(x)

#define csr_read(number)                                                                   \
	({                                                                                 \
		uint64_t csr_value_;                                                       \
		__asm__ volatile("csrr %0, " STR(number) : "=r"(csr_value_) : : "memory"); \
		csr_value_;                                                                \
	})
#define csr_swap(number, value)                                  \
	({                                                       \
		uint64_t csr_value_;                             \
		__asm__ volatile("csrrw %0, " STR(number) ", %1" \
				 : "=r"(csr_value_)              \
				 : "rK"((uint64_t)(value))       \
				 : "memory");                    \
		csr_value_;                                      \
	})
#define csr_write(number, value) \
	__asm__ volatile("csrw " STR(number) ", %0" : : "rK"((uint64_t)(value)) : "memory")
#define csr_set(number, bits) \
	__asm__ volatile("csrs " STR(number) ", %0" : : "rK"((uint64_t)(bits)) : "memory")
#define csr_clear(number, bits) \
	__asm__ volatile("csrc " STR(number) ", %0" : : "rK"((uint64_t)(bits)) : "memory")

/* Word w of an array of bits has an even number (64-bit mode). */
#define EIP(w) (ISELECT_EIP_FIRST + 2 * (w))
#define EIE(w) (ISELECT_EIE_FIRST + 2 * (w))

static unsigned words, guest_words; /* of 64 identities, in each of the two kinds of file */

static unsigned words_of(unsigned ids)
{
	return ids <= AIA_IDS_MAX ? (ids + 1) / 64 : (AIA_IDS_MAX + 1) / 64;
}

void imsic_init(unsigned ids, unsigned guest_ids)
{
	words = words_of(ids);
	guest_words = words_of(guest_ids);
}

/* ---- this hart's own file ---- */

static void write_reg(unsigned select, uint64_t value)
{
	csr_write(CSR_SISELECT, select);
	csr_write(CSR_SIREG, value);
}

void imsic_init_hart(void)
{
	write_reg(ISELECT_EIDELIVERY, 0);
	for (unsigned w = 0; w < words; w++) {
		write_reg(EIE(w), 0);
		write_reg(EIP(w), 0);
	}
	write_reg(ISELECT_EITHRESHOLD, 0);
	write_reg(ISELECT_EIDELIVERY, 1);
}

void imsic_enable(unsigned id)
{
	if (id >= 64 * words)
		return;
	csr_write(CSR_SISELECT, EIE(id / 64));
	csr_set(CSR_SIREG, 1ull << (id % 64));
}

unsigned imsic_claim(void)
{
	return (unsigned)(csr_swap(CSR_STOPEI, 0) >> TOPEI_ID_SHIFT);
}

void imsic_send(uintptr_t page, unsigned id)
{
	__asm__ volatile("fence w, o" : : : "memory");
	*(volatile uint32_t *)(page + IMSIC_SETEIPNUM_LE) = id;
	/* A lock that is given back now orders memory only. */
	__asm__ volatile("fence o, w" : : : "memory");
}

/* ---- guest files ---- */

/* What the loaded vCPU had in the registers that choose a file and its register. */
struct window {
	uint64_t hstatus, vsiselect;
};

static struct window open_window(unsigned file)
{
	struct window was = {csr_read(CSR_HSTATUS), csr_read(CSR_VSISELECT)};

	csr_write(CSR_HSTATUS,
		(was.hstatus & ~HSTATUS_VGEIN) | (uint64_t)file << HSTATUS_VGEIN_SHIFT);
	return was;
}

static void close_window(struct window was)
{
	csr_write(CSR_VSISELECT, was.vsiselect);
	csr_write(CSR_HSTATUS, was.hstatus);
}

static void write_guest_reg(unsigned select, uint64_t value)
{
	csr_write(CSR_VSISELECT, select);
	csr_write(CSR_VSIREG, value);
}

static uint64_t swap_guest_reg(unsigned select, uint64_t value)
{
	csr_write(CSR_VSISELECT, select);
	return csr_swap(CSR_VSIREG, value);
}

unsigned imsic_guest_files(void)
{
	unsigned n = 0;

	csr_write(CSR_HGEIE, ~0ull);
	for (uint64_t bits = csr_swap(CSR_HGEIE, 0) >> 1; bits & 1; bits >>= 1)
		n++;
	return guest_words >= VIMSIC_WORDS ? n : 0;
}

/* Empties the chosen file from word `first` on. */
static void clear_words(unsigned first)
{
	for (unsigned w = first; w < guest_words; w++) {
		write_guest_reg(EIE(w), 0);
		write_guest_reg(EIP(w), 0);
	}
}

void imsic_guest_clear(unsigned file)
{
	struct window was = open_window(file);

	write_guest_reg(ISELECT_EIDELIVERY, 0);
	write_guest_reg(ISELECT_EITHRESHOLD, 0);
	clear_words(0);
	close_window(was);
}

/* A threshold above all identities that a software file has is the same as none. */
static uint64_t known_threshold(uint64_t value)
{
	return value <= GUEST_IMSIC_IDS ? value : 0;
}

void imsic_guest_save(unsigned file, struct vimsic_state *state)
{
	struct window was = open_window(file);

	state->eidelivery = swap_guest_reg(ISELECT_EIDELIVERY, 0);
	state->eithreshold = known_threshold(swap_guest_reg(ISELECT_EITHRESHOLD, 0));
	for (unsigned w = 0; w < VIMSIC_WORDS; w++) {
		state->eie[w] = swap_guest_reg(EIE(w), 0);
		__atomic_fetch_or(&state->eip[w], swap_guest_reg(EIP(w), 0), __ATOMIC_SEQ_CST);
	}
	/* A guest may have used more identities than it was told of: the next one must not find them. */
	clear_words(VIMSIC_WORDS);
	close_window(was);
}

/* MSIs that reached the file since its page was mapped for them are kept: bits are only added. */
void imsic_guest_restore(unsigned file, struct vimsic_state *state)
{
	struct window was = open_window(file);

	for (unsigned w = 0; w < VIMSIC_WORDS; w++) {
		write_guest_reg(EIE(w), state->eie[w]);
		csr_write(CSR_VSISELECT, EIP(w));
		csr_set(CSR_VSIREG, __atomic_exchange_n(&state->eip[w], 0, __ATOMIC_SEQ_CST));
	}
	write_guest_reg(ISELECT_EITHRESHOLD, state->eithreshold);
	write_guest_reg(ISELECT_EIDELIVERY, state->eidelivery);
	close_window(was);
}

void imsic_guest_watch(unsigned file, bool on)
{
	if (on)
		csr_set(CSR_HGEIE, 1ull << file);
	else
		csr_clear(CSR_HGEIE, 1ull << file);
}

uint64_t imsic_guest_waiting(void)
{
	return csr_read(CSR_HGEIP) & csr_read(CSR_HGEIE);
}
