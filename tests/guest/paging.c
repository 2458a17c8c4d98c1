/* SPDX-License-Identifier: MIT */
/*
 * A chain of tables down to one table of gigabytes, which holds the identity map
 * of RAM and the windows. The tables are static, so only one map exists.
 */
#include "tests/guest/paging.h"

#define ENTRIES    512
#define RAM_SLOT   (RAM_BASE >> 30)
#define MODE_SHIFT 60
#define ASID_SHIFT 44

typedef uint64_t table_t[ENTRIES];

/* Gigabytes, the two levels above them (entry 0 only), and the two below for one page. */
static table_t gigabytes __attribute__((aligned(4096)));
static table_t upper[2] __attribute__((aligned(4096)));
static table_t lower[2] __attribute__((aligned(4096)));

static void fence(void)
{
	__asm__ volatile("sfence.vma" ::: "memory");
}

bool paging_on(uint64_t mode)
{
	table_t *root = &gigabytes;

	gigabytes[RAM_SLOT] = PTE(RAM_BASE, PTE_LEAF);
	for (uint64_t level = SATP_SV39; level < mode; level++) {
		table_t *above = &upper[level - SATP_SV39];

		(*above)[0] = PTE(root, PTE_V);
		root = above;
	}
	fence();
	csr_write(satp, mode << MODE_SHIFT | (uint64_t)root >> 12);
	fence();
	return csr_read(satp) >> MODE_SHIFT == mode;
}

void paging_off(void)
{
	csr_write(satp, 0ul);
	fence();
}

void paging_set_window(unsigned slot, uint64_t pte)
{
	gigabytes[slot] = pte;
	fence();
}

void paging_map_page(unsigned slot, uint64_t pa)
{
	lower[0][0] = PTE(pa, PTE_LEAF);
	lower[1][0] = PTE(lower[0], PTE_V);
	paging_set_window(slot, PTE(lower[1], PTE_V));
}

void paging_change_page(unsigned n, uint64_t pa)
{
	__atomic_store_n(&lower[0][n], PTE(pa, PTE_LEAF), __ATOMIC_RELEASE);
}

void paging_join(uint64_t satp, uint64_t asid)
{
	csr_write(satp, satp | asid << ASID_SHIFT);
	fence();
}
