/* SPDX-License-Identifier: MIT */
/*
 * Remote fences. One hart maps a page of ever larger numbers where the others
 * read, and says which number they must see at least once the fence has
 * returned. A hart with an old translation reads an older number.
 */
#include "tests/guest/paging.h"
#include "tests/guest/smp.h"

#define SLOT    3
#define PAGES   32 /* of the window; the readers look at the first, and at one more */
#define FAR     17
#define ASID    5ul
#define ALL     (~0ul)
#define PERIOD  (200 * SMP_MS) /* of each kind of fence */
#define IN_STEP 64             /* rounds between those in which all readers must have read */

static unsigned count;
static uint64_t satp, all_mask;
static bool stop;
static uint64_t published;
static uint64_t reads[SMP_MAX];

/* Two pages take turns at the window; each holds its own number everywhere. */
static uint64_t pages[2][512] __attribute__((aligned(4096)));

struct kind {
	const char *name;
	bool asid; /* the readers have one */
	bool code; /* of fence.i: they run what the writer wrote */
	long (*fence)(void);
};

/* ---- the fences ---- */

static long vma_page(void)
{
	long error = SBI(EID_RFENCE, 1, all_mask, 0, WINDOW(SLOT), 4096).error;

	return error ? error
		     : SBI(EID_RFENCE, 1, all_mask, 0, WINDOW(SLOT) + FAR * 4096, 4096).error;
}

static long vma_range(void)
{
	return SBI(EID_RFENCE, 1, 0, ALL, WINDOW(SLOT), PAGES * 4096).error;
}

static long vma_all(void)
{
	return SBI(EID_RFENCE, 1, all_mask, 0, 0, ALL).error;
}

static long vma_zero(void) /* start and size of 0 mean everything too */
{
	return SBI(EID_RFENCE, 1, 0, ALL, 0, 0).error;
}

static long asid_range(void)
{
	return SBI(EID_RFENCE, 2, all_mask, 0, WINDOW(SLOT), PAGES * 4096, ASID).error;
}

static long asid_all(void)
{
	return SBI(EID_RFENCE, 2, 0, ALL, 0, ALL, ASID).error;
}

/* Each hart by a call of its own, with its own base. */
static long vma_each(void)
{
	for (unsigned hart = 0; hart < count; hart++) {
		long error = SBI(EID_RFENCE, 1, 1, hart, WINDOW(SLOT), PAGES * 4096).error;
		if (error)
			return error;
	}
	return 0;
}

static long legacy_vma(void)
{
	return SBI(6, 0, (uint64_t)&all_mask, WINDOW(SLOT), PAGES * 4096).error;
}

static long legacy_asid(void)
{
	return SBI(7, 0, 0, WINDOW(SLOT), PAGES * 4096, ASID).error;
}

static long fence_i(void)
{
	return SBI(EID_RFENCE, 0, all_mask, 0).error;
}

static long legacy_fence_i(void)
{
	return SBI(5, 0, (uint64_t)&all_mask).error;
}

static const struct kind kinds[] = {
	{"sfence_vma of pages", false, false, vma_page},
	{"sfence_vma of a range", false, false, vma_range},
	{"sfence_vma of all", false, false, vma_all},
	{"sfence_vma of 0, 0", false, false, vma_zero},
	{"sfence_vma, ASIDs in use", true, false, vma_range},
	{"sfence_vma of each hart", true, false, vma_each},
	{"sfence_vma_asid of a range", true, false, asid_range},
	{"sfence_vma_asid of all", true, false, asid_all},
	{"legacy sfence_vma", false, false, legacy_vma},
	{"legacy sfence_vma_asid", true, false, legacy_asid},
	{"fence_i", false, true, fence_i},
	{"legacy fence_i", false, true, legacy_fence_i},
};

/* ---- code that is rewritten: addi a0, zero, N; ret ---- */

#define LI_A0(n) (0x00000513u | (uint32_t)(n) << 20)
#define RET      0x00008067u
#define CODE_MAX 2000

static uint32_t code[2] __attribute__((aligned(8))) = {LI_A0(0), RET};

/*
 * No hart runs the code while it is written: QEMU may translate the old instruction just before the store
 * lands and keep it, whatever fences follow.
 */
static uint64_t hold, held[SMP_MAX]; /* the number that is being written; as a reader knows it */

static void stand_aside(void)
{
	uint64_t number = smp_load(&hold);

	smp_store(&held[smp_self()->id], number);
	while (smp_load(&published) < number && !smp_load(&stop))
		smp_relax();
}

static void hold_readers(uint64_t number)
{
	smp_store(&hold, number);
	for (unsigned hart = 0; hart < count; hart++)
		if (hart != smp_self()->id)
			SMP_WAIT(smp_load(&held[hart]) == number, "a reader to stand aside");
}

static uint64_t run_code(void)
{
	return ((uint64_t(*)(void))(uintptr_t)code)();
}

/* ---- the readers ---- */

static uint64_t read_window(unsigned n)
{
	return *(volatile uint64_t *)(WINDOW(SLOT) + n * 4096);
}

static void check_read(uint64_t value, uint64_t least, const struct kind *kind)
{
	if (value < least) {
		print_line("s", kind->name);
		guest_fail("a stale translation or instruction", value, least);
	}
}

static void read_on(void *arg)
{
	const struct kind *kind = arg;
	uint64_t *my_reads = &reads[smp_self()->id];

	paging_join(satp, kind->asid ? ASID : 0);
	while (!smp_load(&stop)) {
		if (kind->code)
			stand_aside();
		uint64_t least = smp_load(&published);

		if (kind->code) {
			check_read(run_code(), least, kind);
		} else {
			check_read(read_window(0), least, kind);
			check_read(read_window(FAR), least, kind);
		}
		smp_store(my_reads, *my_reads + 1);
	}
}

static void wait_for_readers(void)
{
	uint64_t before[SMP_MAX];

	for (unsigned hart = 0; hart < count; hart++)
		before[hart] = smp_load(&reads[hart]);
	for (unsigned hart = 0; hart < count; hart++)
		if (hart != smp_self()->id)
			SMP_WAIT(smp_load(&reads[hart]) != before[hart], "a reader");
}

/* ---- the writer ---- */

static void write_number(const struct kind *kind, uint64_t number)
{
	uint64_t *page = pages[number % 2];

	if (kind->code) {
		__atomic_store_n(&code[0], LI_A0(number), __ATOMIC_SEQ_CST);
		return;
	}
	page[0] = number;
	paging_change_page(0, (uint64_t)page);
	paging_change_page(FAR, (uint64_t)page);
	__asm__ volatile("fence rw, rw" ::: "memory");
}

static void check_kind(const struct kind *kind)
{
	uint64_t start, number = 0;

	published = hold = 0;
	stop = false;
	write_number(kind, 0);
	__asm__ volatile("fence.i; sfence.vma" ::: "memory");
	smp_start_others(read_on, (void *)(uintptr_t)kind);
	wait_for_readers();
	start = guest_time();
	while (guest_time() - start < PERIOD && number < (kind->code ? CODE_MAX : ALL)) {
		number++;
		if (kind->code)
			hold_readers(number);
		write_number(kind, number);
		CHECK(kind->fence(), 0, kind->name);
		smp_store(&published, number);
		if (number % IN_STEP == 0)
			wait_for_readers();
	}
	wait_for_readers();
	smp_store(&stop, true);
	smp_join();
	print_line("ssd", kind->name, ": rounds ", number);
	CHECK(number > 0, true, "rounds");
}

static bool has_asids(void)
{
	uint64_t got;

	csr_write(satp, satp | 0xfffful << 44);
	got = csr_read(satp) >> 44 & 0xffff;
	csr_write(satp, satp);
	__asm__ volatile("sfence.vma" ::: "memory");
	return (got & ASID) == ASID;
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)device_tree;
	count = smp_begin(hart);
	print_line("sd", "harts: ", (uint64_t)count);
	CHECK(count > 1, true, "more than one hart");
	all_mask = count == 64 ? ALL : (1ul << count) - 1;
	CHECK(paging_on(SATP_SV39), true, "Sv39");
	satp = csr_read(satp);
	paging_map_page(SLOT, (uint64_t)pages[0]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!kinds[i].asid || has_asids())
			check_kind(&kinds[i]);
	guest_pass();
}
