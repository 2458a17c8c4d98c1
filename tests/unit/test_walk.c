/* SPDX-License-Identifier: MIT */
/*
 * The software walk of a guest's page table over a little fake RAM: every mode,
 * leaves at every level, and tables that end nowhere, in a circle or outside of RAM.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/walk.h"
#include "include/abi/csr.h"

#define RAM_BASE 0x80000000ull
#define PAGES    16
#define PAGE(n)  (RAM_BASE + (n)*4096ull)
#define OUTSIDE  0x18000000ull
#define FAR_PAGE 0xabcdef0123000ull /* 52 bits */
#define ASID     (0xffffull << 44)
#define LEAF     (PTE_V | PTE_R)
#define IGNORED  (7ull << 60 | 0x7full << 54 | PTE_G | PTE_A | PTE_D | 3ull << 8)

struct vm {
	uint64_t ram[PAGES * 512];
	unsigned reads;
};

static struct vm vm;

static void *fake_ram(struct vm *self, gpa_t addr, uint64_t len)
{
	assert_ptr_equal(self, &vm);
	assert_int_equal(len, 8);
	assert_int_equal(addr.a % 8, 0);
	self->reads++;
	if (!range_inside(addr.a, len, RAM_BASE, sizeof(vm.ram)))
		return NULL;
	return (uint8_t *)self->ram + (addr.a - RAM_BASE);
}

static int setup(void **state)
{
	(void)state;
	memset(&vm, 0, sizeof(vm));
	return 0;
}

static uint64_t pte(uint64_t to, uint64_t flags)
{
	return to >> 12 << 10 | flags;
}

static void put(unsigned page, uint64_t index, uint64_t entry)
{
	vm.ram[page * 512 + index] = entry;
}

static uint64_t vsatp(uint64_t mode)
{
	return mode << 60 | ASID | PAGE(0) >> 12;
}

static unsigned levels(uint64_t mode)
{
	return (unsigned)mode - 5;
}

static uint64_t index_of(uint64_t addr, unsigned level)
{
	return addr >> (12 + 9 * level) & 511;
}

/* Pages 0, 1, ... of the RAM are the tables, from the root down to the one that holds `entry` at `level`. */
static void build(uint64_t mode, uint64_t addr, unsigned level, uint64_t entry)
{
	unsigned page = 0;

	for (unsigned l = levels(mode) - 1; l > level; l--, page++)
		put(page, index_of(addr, l), pte(PAGE(page + 1), PTE_V));
	put(page, index_of(addr, level), entry);
}

static void expect_needing(
	uint64_t needs, uint64_t satp, uint64_t addr, enum walk_end end, uint64_t at)
{
	gpa_t out;

	vm.reads = 0;
	assert_int_equal(walk_find(satp, addr, needs, fake_ram, &vm, &out), end);
	if (end != WALK_AGAIN)
		assert_int_equal(out.a, at);
	assert_true(vm.reads <= 5);
}

static void expect(uint64_t satp, uint64_t addr, enum walk_end end, uint64_t at)
{
	expect_needing(0, satp, addr, end, at);
}

/* Addresses of both halves, the lowest and the highest among them. */
static uint64_t sample(uint64_t mode, unsigned n)
{
	unsigned unused = 64 - 12 - 9 * levels(mode);
	const uint64_t samples[] = {
		0,
		0x0000123456789abcull << unused >> 1 >> unused,
		UINT64_MAX >> unused >> 1,
		~(UINT64_MAX >> unused >> 1),
		~(0x0000123456789abcull << unused >> 1 >> unused),
		UINT64_MAX,
	};

	return samples[n];
}

#define SAMPLES             6
#define for_each_mode(mode) for (uint64_t mode = ATP_SV39; mode <= ATP_SV57; mode++)

static void test_bare(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++)
		expect(ASID | PAGE(0) >> 12, 1ull << bit | 3, WALK_PAGE, 1ull << bit | 3);
	assert_int_equal(vm.reads, 0);
	/* There are no rights in it either. */
	expect_needing(PTE_U | PTE_X, 0, 5, WALK_PAGE, 5);
}

static void test_leaf_at_each_level(void **state)
{
	for_each_mode(mode) for (unsigned n = 0; n < SAMPLES;
				 n++) for (unsigned level = 0; level < levels(mode); level++)
	{
		uint64_t addr = sample(mode, n);
		uint64_t offset = addr & ((4096ull << 9 * level) - 1);
		uint64_t to = 1ull << 55 | (level < 3 ? 3ull << 40 : 0);

		setup(state);
		build(mode, addr, level, pte(to, LEAF | IGNORED));
		expect(vsatp(mode), addr, WALK_PAGE, to | offset);
		assert_int_equal(vm.reads, levels(mode) - level);
	}
}

static void test_leaf_is_any_of_r_w_x(void **state)
{
	(void)state;
	for (uint64_t rights = PTE_R; rights <= (PTE_R | PTE_W | PTE_X); rights += PTE_R) {
		build(ATP_SV39, 0x1234, 0, pte(FAR_PAGE, PTE_V | rights));
		expect(vsatp(ATP_SV39), 0x1234, WALK_PAGE, FAR_PAGE | 0x234);
		build(ATP_SV39, 0x1234, 0, pte(FAR_PAGE, rights));
		expect(vsatp(ATP_SV39), 0x1234, WALK_AGAIN, 0);
	}
}

static void test_needs(void **state)
{
	(void)state;
	build(ATP_SV48, 0x5000, 0, pte(FAR_PAGE, LEAF | PTE_U));
	expect_needing(PTE_U, vsatp(ATP_SV48), 0x5008, WALK_PAGE, FAR_PAGE | 8);
	expect_needing(PTE_X, vsatp(ATP_SV48), 0x5008, WALK_AGAIN, 0);
	expect_needing(PTE_U | PTE_X, vsatp(ATP_SV48), 0x5008, WALK_AGAIN, 0);
	build(ATP_SV48, 0x5000, 0, pte(FAR_PAGE, PTE_V | PTE_X));
	expect_needing(PTE_X, vsatp(ATP_SV48), 0x5008, WALK_PAGE, FAR_PAGE | 8);
	expect_needing(PTE_U, vsatp(ATP_SV48), 0x5008, WALK_AGAIN, 0);
}

static void test_misaligned_superpage(void **state)
{
	for_each_mode(mode) for (unsigned level = 1; level < levels(mode);
				 level++) for (unsigned bit = 12; bit < 12 + 9 * level; bit++)
	{
		setup(state);
		build(mode, 0, level, pte(1ull << bit, LEAF));
		expect(vsatp(mode), 0, WALK_AGAIN, 0);
	}
}

static void test_napot(void **state)
{
	(void)state;
	for (uint64_t page = 0; page < 16; page++) {
		uint64_t addr = 0x7fff0000 | page << 12 | 0xabc;

		build(ATP_SV39, addr, 0,
			pte(FAR_PAGE & ~0xffffull, LEAF | PTE_N | PTE_U) | 8ull << 10);
		expect(vsatp(ATP_SV39), addr, WALK_PAGE,
			(FAR_PAGE & ~0xffffull) | page << 12 | 0xabc);
		if (page == 8)
			continue;
		build(ATP_SV39, addr, 0, pte(page << 12, LEAF | PTE_N));
		expect(vsatp(ATP_SV39), addr, WALK_AGAIN, 0);
	}
	build(ATP_SV39, 0, 1, pte(0, LEAF | PTE_N) | 8ull << 10);
	expect(vsatp(ATP_SV39), 0, WALK_AGAIN, 0);
}

static void test_root_outside(void **state)
{
	(void)state;
	for_each_mode(mode) for (unsigned n = 0; n < SAMPLES; n++)
	{
		uint64_t addr = sample(mode, n);
		uint64_t entry = 8 * index_of(addr, levels(mode) - 1);

		expect(mode << 60 | ASID | OUTSIDE >> 12, addr, WALK_TABLE, OUTSIDE | entry);
		expect(mode << 60, addr, WALK_TABLE, entry);
		expect(mode << 60 | ASID | PTE_PPN_MASK, addr, WALK_TABLE,
			PTE_PPN_MASK << 12 | entry);
		assert_int_equal(vm.reads, 1);
	}
}

static void test_table_outside(void **state)
{
	for_each_mode(mode) for (unsigned level = 1; level < levels(mode);
				 level++) for (unsigned n = 0; n < SAMPLES; n++)
	{
		uint64_t addr = sample(mode, n);
		uint64_t entry = 8 * index_of(addr, level - 1);

		setup(state);
		build(mode, addr, level, pte(PAGE(PAGES), PTE_V | IGNORED));
		expect(vsatp(mode), addr, WALK_TABLE, PAGE(PAGES) | entry);
		build(mode, addr, level, pte(RAM_BASE - 4096, PTE_V));
		expect(vsatp(mode), addr, WALK_TABLE, (RAM_BASE - 4096) | entry);
		build(mode, addr, level, pte(PTE_PPN_MASK << 12, PTE_V));
		expect(vsatp(mode), addr, WALK_TABLE, PTE_PPN_MASK << 12 | entry);
	}
}

static void test_nothing_mapped(void **state)
{
	for_each_mode(mode) for (unsigned level = 0; level < levels(mode); level++)
	{
		setup(state);
		build(mode, 0x123456789a, level, pte(FAR_PAGE, LEAF) & ~PTE_V);
		expect(vsatp(mode), 0x123456789a, WALK_AGAIN, 0);
		assert_int_equal(vm.reads, levels(mode) - level);
	}
}

/* A root that points to itself, and a pointer where only a leaf can be. */
static void test_loop(void **state)
{
	(void)state;
	for_each_mode(mode)
	{
		unsigned unused = 64 - 12 - 9 * levels(mode);

		for (uint64_t i = 0; i < 512; i++)
			put(0, i, pte(PAGE(0), PTE_V));
		expect(vsatp(mode), 0x123456789abcull << unused >> 1 >> unused, WALK_AGAIN, 0);
		assert_int_equal(vm.reads, levels(mode));
		expect(vsatp(mode), UINT64_MAX, WALK_AGAIN, 0);
		assert_int_equal(vm.reads, levels(mode));
	}
}

static void test_not_canonical(void **state)
{
	(void)state;
	for_each_mode(mode)
	{
		unsigned top = 12 + 9 * levels(mode) - 1;

		for (uint64_t i = 0; i < 512; i++)
			put(0, i, pte(0, LEAF));
		for (unsigned bit = top; bit < 64; bit++) {
			expect(vsatp(mode), 1ull << bit, WALK_AGAIN, 0);
			expect(vsatp(mode), ~(1ull << bit), WALK_AGAIN, 0);
		}
		assert_int_equal(vm.reads, 0);
		expect(vsatp(mode), 1ull << (top - 1), WALK_PAGE,
			1ull << (top - 1) & ((1ull << (top - 8)) - 1));
		assert_int_equal(vm.reads, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_bare, setup),
		cmocka_unit_test_setup(test_leaf_at_each_level, setup),
		cmocka_unit_test_setup(test_leaf_is_any_of_r_w_x, setup),
		cmocka_unit_test_setup(test_needs, setup),
		cmocka_unit_test_setup(test_misaligned_superpage, setup),
		cmocka_unit_test_setup(test_napot, setup),
		cmocka_unit_test_setup(test_root_outside, setup),
		cmocka_unit_test_setup(test_table_outside, setup),
		cmocka_unit_test_setup(test_nothing_mapped, setup),
		cmocka_unit_test_setup(test_loop, setup),
		cmocka_unit_test_setup(test_not_canonical, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
