/* SPDX-License-Identifier: MIT */
#include "core/fp.h"

#include <stddef.h>

#include "core/csr.h"
#include "core/page.h"
#include "core/vcpu.h"

#define ON    (SSTATUS_FS_INITIAL | SSTATUS_VS_INITIAL)
#define CLEAN (2 * ON)
#define BOTH  (SSTATUS_FS | SSTATUS_VS)

_Static_assert(offsetof(struct fp_state, fcsr) == 256, "");
_Static_assert(offsetof(struct fp_state, vcsr) == 288, "");
_Static_assert(offsetof(struct fp_state, v) == 320, "");

unsigned fp_pages(unsigned vlenb)
{
	uint64_t size = sizeof(struct fp_state) + 32ull * vlenb;

	for (unsigned pages = 1; pages <= 4; pages *= 2)
		if (size <= pages * PAGE_SIZE)
			return pages;
	return 0;
}

unsigned fp_probe_vlenb(void)
{
	unsigned vlenb = 0;

	csr_set(sstatus, SSTATUS_VS_INITIAL);
	if (csr_read(sstatus) & SSTATUS_VS)
		vlenb = (unsigned)fp_regs_vlenb();
	csr_clear(sstatus, SSTATUS_VS);
	return vlenb;
}

static void set_status(uint64_t status)
{
	csr_clear(sstatus, BOTH);
	csr_set(sstatus, status);
}

/* Does the hart hold the vCPU's own registers? */
static bool owns(const struct hart *hart, const struct vcpu *vcpu)
{
	return hart->fp_owner == vcpu && vcpu->fp_hart == hart;
}

void fp_load(struct hart *hart, struct vcpu *vcpu)
{
	if (owns(hart, vcpu)) {
		set_status(CLEAN);
		csr_write(hedeleg, HEDELEG_GUEST);
	} else {
		set_status(0);
		csr_write(hedeleg, HEDELEG_GUEST & ~(1ull << CAUSE_ILLEGAL));
	}
}

/*
 * Dirty is all bits of the field. A hart without vector registers keeps VS at 0. The CSRs are few, and saved in any case:
 * QEMU does not make our field dirty when a guest writes one of them.
 */
void fp_unload(struct hart *hart, struct vcpu *vcpu)
{
	uint64_t status = csr_read(sstatus);

	if (!owns(hart, vcpu))
		return;
	fp_regs_save_fcsr(vcpu->fp);
	if ((status & SSTATUS_FS) == SSTATUS_FS)
		fp_regs_save(vcpu->fp);
	if (status & SSTATUS_VS)
		fp_regs_save_vector_csrs(vcpu->fp);
	if ((status & SSTATUS_VS) == SSTATUS_VS)
		fp_regs_save_vector(vcpu->fp);
	set_status(CLEAN);
}

bool fp_claim(struct hart *hart, struct vcpu *vcpu)
{
	if (owns(hart, vcpu))
		return false;
	set_status(ON);
	fp_regs_restore(vcpu->fp);
	if (csr_read(sstatus) & SSTATUS_VS)
		fp_regs_restore_vector(vcpu->fp);
	set_status(CLEAN);
	csr_write(hedeleg, HEDELEG_GUEST);
	hart->fp_owner = vcpu;
	vcpu->fp_hart = hart;
	return true;
}
