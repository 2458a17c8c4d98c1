/* SPDX-License-Identifier: MIT */
#include "core/own.h"

#include <string.h>

#include "core/csr.h"
#include "core/page.h"
#include "lib/log.h"
#include "lib/spinlock.h"

/* Windows fill the high half, which begins here in Sv39 and in Sv48, but for the slots at its end. */
#define HIGH_SV39  0xffffffc000000000ull
#define HIGH_SV48  0xffff800000000000ull
#define WINDOW_END 0xfffffffff0000000ull
#define SLOTS_BASE WINDOW_END
#define SLOTS_END  (SLOTS_BASE + MACHINE_HARTS_MAX * OWN_SLOT_SIZE)

/* From image.ld; all page aligned. */
extern char image_start[], text_end[], rodata_end[], image_end[], stack_guard[];

static uint64_t *root;
static struct spinlock lock; /* of the tables */
static unsigned levels;      /* 3 or 4 */
static uint64_t window_next;

static const uint64_t kind_bits[] = {
	[OWN_DATA] = PTE_R | PTE_W,
	[OWN_READONLY] = PTE_R,
	[OWN_CODE] = PTE_R | PTE_X,
};

#define LEAF_LEVEL_MAX 2 /* 1 GiB */

/* The low half ends here. */
static uint64_t low_limit(void)
{
	return levels == 3 ? -HIGH_SV39 : -HIGH_SV48;
}

/* Narrow where that does: a walk is a step shorter. Windows take as much as the VMs' RAM, so not more than there is. */
uint64_t own_choose(const struct machine *machine)
{
	uint64_t end = 0, sum = 0;

	for (unsigned i = 0; i < machine->n_ram; i++) {
		uint64_t ram_end = machine->ram[i].base + machine->ram[i].size;

		end = ram_end > end ? ram_end : end;
		sum += machine->ram[i].size;
	}
	bool wide = end > -HIGH_SV39 || sum > -HIGH_SV39 / 2;

	levels = wide && strcmp(machine->mmu_type, "riscv,sv39") > 0 ? 4 : 3;
	window_next = levels == 3 ? HIGH_SV39 : HIGH_SV48;
	return low_limit();
}

static uint64_t level_size(unsigned level)
{
	return PAGE_SIZE << (9 * level);
}

/* The entry for `va` at `level`; NULL: its table is not there (and not to be made, or no memory). */
static uint64_t *walk(uint64_t va, unsigned level, bool make)
{
	uint64_t *table = root;

	for (unsigned l = levels - 1; l > level; l--) {
		uint64_t *e = &table[va / level_size(l) % 512];

		if (!*e) {
			void *below = make ? page_alloc(1) : NULL;

			if (!below)
				return NULL;
			*e = (uintptr_t)below >> 12 << PTE_PPN_SHIFT | PTE_V;
		}
		ASSERT(!(*e & (PTE_R | PTE_X)));
		table = (uint64_t *)(uintptr_t)(*e >> PTE_PPN_SHIFT << 12);
	}
	return &table[va / level_size(level) % 512];
}

/* Maps one leaf; an entry that is there already stays. */
static enum status map_leaf(uint64_t va, uint64_t pa, unsigned level, uint64_t bits)
{
	uint64_t *e = walk(va, level, true);

	if (!e)
		return ERR_NO_MEMORY;
	if (!*e)
		*e = pa >> 12 << PTE_PPN_SHIFT | bits | PTE_V | PTE_A | PTE_D;
	return OK;
}

/* Maps [from, to) one to one, in pages, except that whole 2 MiB and 1 GiB pieces get one leaf each. */
static void map_range(uint64_t from, uint64_t to, enum own_kind kind)
{
	to = to < low_limit() ? to : low_limit();
	while (from < to) {
		unsigned level = LEAF_LEVEL_MAX;

		while (level && (from % level_size(level) || to - from < level_size(level)))
			level--;
		if (map_leaf(from, from, level, kind_bits[kind]) != OK)
			die("too little memory for Vesper's own page tables: give the machine more "
			    "RAM");
		from += level_size(level);
	}
}

/* All of [from, to) except the `n` holes, which others map. */
static void map_around(uint64_t from, uint64_t to, const struct machine_range *hole, unsigned n)
{
	if (!n) {
		map_range(from, to, OWN_DATA);
		return;
	}
	uint64_t hole_end = hole->base + hole->size;

	if (hole_end <= from || hole->base >= to) {
		map_around(from, to, hole + 1, n - 1);
		return;
	}
	if (from < hole->base)
		map_around(from, hole->base, hole + 1, n - 1);
	if (hole_end < to)
		map_around(hole_end, to, hole + 1, n - 1);
}

static void map_image(void)
{
	uint64_t guard = (uintptr_t)stack_guard;

	map_range((uintptr_t)image_start, (uintptr_t)text_end, OWN_CODE);
	map_range((uintptr_t)text_end, (uintptr_t)rodata_end, OWN_READONLY);
	map_range((uintptr_t)rodata_end, guard, OWN_DATA);
	map_range(guard + PAGE_SIZE, (uintptr_t)image_end, OWN_DATA);
}

void own_init(const struct machine *machine, const struct machine_range *bundle)
{
	const struct machine_range holes[] = {
		{(uintptr_t)image_start, (uintptr_t)image_end - (uintptr_t)image_start},
		{bundle->base & ~(PAGE_SIZE - 1),
			(bundle->size + bundle->base % PAGE_SIZE + PAGE_SIZE - 1) &
				~(PAGE_SIZE - 1)},
		{0, PAGE_SIZE},
	};

	root = page_alloc(1);
	if (!root)
		die("too little memory for Vesper's own page tables: give the machine more RAM");
	map_image();
	map_range(holes[1].base, holes[1].base + holes[1].size, OWN_READONLY);
	for (unsigned i = 0; i < machine->n_ram; i++)
		map_around(machine->ram[i].base & ~(PAGE_SIZE - 1),
			(machine->ram[i].base + machine->ram[i].size) & ~(PAGE_SIZE - 1), holes,
			sizeof(holes) / sizeof(holes[0]));
	csr_write(satp, own_satp());
	__asm__ volatile("sfence.vma" ::: "memory");
}

void own_map_device(uint64_t base, uint64_t size)
{
	uint64_t from = base & ~(PAGE_SIZE - 1);
	uint64_t to = (base + size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

	map_range(from, to, OWN_DATA);
	__asm__ volatile("sfence.vma" ::: "memory");
}

uint8_t *own_window(uint64_t size)
{
	uint64_t at = window_next;

	size = (size + BLOCK_SIZE - 1) & ~(BLOCK_SIZE - 1);
	if (size > WINDOW_END - at)
		return NULL;
	window_next = at + size;
	return (uint8_t *)(uintptr_t)at;
}

uint64_t own_satp(void)
{
	return (levels == 3 ? ATP_SV39 : ATP_SV48) << ATP_MODE_SHIFT | (uintptr_t)root >> 12;
}

static enum status map_data(uint64_t va, void *at, unsigned level)
{
	spin_lock(&lock);
	enum status status = map_leaf(va, (uintptr_t)at, level, kind_bits[OWN_DATA]);

	spin_unlock(&lock);
	__asm__ volatile("sfence.vma %0" : : "r"(va) : "memory");
	return status;
}

enum status own_window_map(uint8_t *at, void *block)
{
	return map_data((uintptr_t)at, block, 1);
}

/* The entry keeps its address without PTE_V. Entries of a window are its owner's alone, so there is no lock. */
void own_window_hide(uint8_t *at)
{
	uint64_t *e = walk((uintptr_t)at, 1, false);

	if (e)
		*e &= ~PTE_V;
}

void *own_window_take(uint8_t *at)
{
	uint64_t *e = walk((uintptr_t)at, 1, false);
	uint64_t pte = e ? *e : 0;

	ASSERT(!(pte & PTE_V));
	if (e)
		*e = 0;
	return (void *)(pte >> PTE_PPN_SHIFT << 12);
}

/* ---- slots of harts ---- */

uint8_t *own_slot(unsigned index)
{
	return (uint8_t *)(SLOTS_BASE + index * OWN_SLOT_SIZE);
}

enum status own_slot_map(unsigned index, void *stack, void *page)
{
	uint64_t slot = (uintptr_t)own_slot(index);
	enum status status = map_data(slot + OWN_SLOT_STACK_TOP, page, 0);

	for (uint64_t at = OWN_SLOT_STACK; at < OWN_SLOT_STACK_TOP && status == OK; at += PAGE_SIZE)
		status = map_data(slot + at, (uint8_t *)stack + (at - OWN_SLOT_STACK), 0);
	return status;
}

bool own_is_slot(uint64_t address)
{
	return address >= SLOTS_BASE && address < SLOTS_END;
}

bool own_slot_overflowed(uint64_t address)
{
	return own_is_slot(address) && address % OWN_SLOT_SIZE < OWN_SLOT_STACK;
}
