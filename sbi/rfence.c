/* SPDX-License-Identifier: MIT */
/*
 * SBI RFENCE extension (SBI 3.0, chapter 8). All harts are asked before the
 * first is waited for, so that they fence at the same time. A guest has no H
 * extension, so its HFENCE calls are not supported.
 */
#include "include/abi/sbi.h"
#include "sbi/mask.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

#define ASID_MAX   0xffff /* satp.ASID of RV64 */
#define PAGE_SIZE  4096ull
#define EVERYTHING (~0ull)

_Static_assert(VCPU_FENCE_I == SBI_RFENCE_FENCE_I, "a kind is a function ID");
_Static_assert(VCPU_FENCE_VMA == SBI_RFENCE_SFENCE_VMA, "a kind is a function ID");
_Static_assert(VCPU_FENCE_VMA_ASID == SBI_RFENCE_SFENCE_VMA_ASID, "a kind is a function ID");

/*
 * Makes `fence` one of whole pages, as core takes them; all of it is {0, EVERYTHING}. false: the range runs past
 * the end of the address space.
 */
static inline bool set_pages(struct vcpu_fence *fence, uint64_t start, uint64_t size)
{
	uint64_t first = start & -PAGE_SIZE, last = start + size - 1;

	fence->start = 0;
	fence->size = EVERYTHING;
	if (size + 1 <= 1) { /* all, or nothing: but nothing at 0 is all */
		if (!size && start) {
			fence->start = first;
			fence->size = 0;
		}
		return true;
	}
	if (last < start)
		return false;
	uint64_t pages = (last & -PAGE_SIZE) - first + PAGE_SIZE;

	/* 2^64 bytes, which are 0 here, are all pages. */
	if (pages) {
		fence->start = first;
		fence->size = pages;
	}
	return true;
}

/* What a call asks for. `fence` lives in registers. */
static inline long decode(const uint64_t *args, struct vcpu_fence *fence)
{
	*fence = (struct vcpu_fence){.kind = (enum vcpu_fence_kind)args[6], .asid = args[4]};
	if (fence->kind == VCPU_FENCE_I)
		return SBI_SUCCESS;
	if (fence->asid > ASID_MAX && fence->kind == VCPU_FENCE_VMA_ASID)
		return SBI_ERR_INVALID_PARAM;
	return set_pages(fence, args[2], args[3]) ? SBI_SUCCESS : SBI_ERR_INVALID_ADDRESS;
}

static inline void post(struct vcpu *vcpu, struct vcpu *target, const struct vcpu_fence *f)
{
	vcpu_fence(vcpu, target, f->kind, f->start, f->size, f->asid);
}

static __attribute__((noinline)) long fence_many(struct vcpu *vcpu, const uint64_t *args)
{
	uint64_t harts, others = 0;
	struct vcpu_fence fence;

	if (!sbi_mask_harts(vcpu, args[0], args[1], &harts))
		return SBI_ERR_INVALID_PARAM;
	long error = decode(args, &fence);

	if (error)
		return error;
	for (; harts; harts &= harts - 1) {
		struct vcpu *target = vcpu_sibling(vcpu, sbi_mask_lowest(harts));

		post(vcpu, target, &fence);
		if (target != vcpu)
			others |= harts & -harts;
	}
	for (; others; others &= others - 1)
		vcpu_fence_wait(vcpu, vcpu_sibling(vcpu, sbi_mask_lowest(others)));
	return SBI_SUCCESS;
}

struct sbiret sbi_rfence(struct vcpu *vcpu, const uint64_t *args)
{
	struct vcpu_fence fence;

	if (args[6] > SBI_RFENCE_SFENCE_VMA_ASID)
		return sbi_error(SBI_ERR_NOT_SUPPORTED);
	/* Only the caller's own? That needs no waiting. */
	if (args[0] != 1 || args[1] != vcpu_hart_id(vcpu))
		return sbi_error(fence_many(vcpu, args));
	long error = decode(args, &fence);

	if (!error)
		post(vcpu, vcpu, &fence);
	return sbi_error(error);
}
