/* SPDX-License-Identifier: MIT */
/*
 * SBI RFENCE extension (SBI 3.0, chapter 8). A guest has no H extension, so its
 * HFENCE calls are not supported.
 */
#include "include/abi/sbi.h"
#include "sbi/harts.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

#define ASID_MAX   0xffff /* satp.ASID of RV64 */
#define PAGE_SIZE  4096ull
#define EVERYTHING (~0ull)

/* Start and size in whole pages, as the fences take them; all of it is {0, EVERYTHING}. */
struct pages {
	uint64_t start, size;
};

/* false: the range runs past the end of the address space. */
static bool to_pages(uint64_t start, uint64_t size, struct pages *out)
{
	*out = (struct pages){0, EVERYTHING};
	if (size == EVERYTHING || (!start && !size))
		return true;
	if (size && start + (size - 1) < start)
		return false;
	uint64_t first = start & ~(PAGE_SIZE - 1);
	uint64_t end = (start + size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

	/* The last page ends at 2^64, which is 0 here; only a range of all pages has no size. */
	if (end != first || !size)
		*out = (struct pages){first, size ? end - first : 0};
	return true;
}

static void fence(struct vcpu *target, uint64_t fid, const struct pages *pages, uint64_t asid)
{
	if (fid == SBI_RFENCE_FENCE_I)
		vcpu_fence_i(target);
	else if (fid == SBI_RFENCE_SFENCE_VMA)
		vcpu_sfence_vma(target, pages->start, pages->size);
	else
		vcpu_sfence_vma_asid(target, pages->start, pages->size, asid);
}

static struct sbiret rfence_call(
	struct vcpu *vcpu, uint64_t eid, uint64_t fid, const uint64_t *args)
{
	struct sbi_harts harts;
	struct pages pages;
	struct vcpu *target;

	(void)eid;
	if (fid > SBI_RFENCE_SFENCE_VMA_ASID)
		return (struct sbiret){SBI_ERR_NOT_SUPPORTED, 0};
	if (!sbi_harts_init(&harts, vcpu, args[0], args[1]))
		return (struct sbiret){SBI_ERR_INVALID_PARAM, 0};
	if (fid == SBI_RFENCE_SFENCE_VMA_ASID && args[4] > ASID_MAX)
		return (struct sbiret){SBI_ERR_INVALID_PARAM, 0};
	if (fid != SBI_RFENCE_FENCE_I && !to_pages(args[2], args[3], &pages))
		return (struct sbiret){SBI_ERR_INVALID_ADDRESS, 0};
	while ((target = sbi_harts_next(&harts)))
		fence(target, fid, &pages, args[4]);
	return (struct sbiret){SBI_SUCCESS, 0};
}

const struct sbi_extension sbi_rfence = {SBI_EXT_RFENCE, SBI_EXT_RFENCE, rfence_call};
