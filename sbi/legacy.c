/* SPDX-License-Identifier: MIT */
/*
 * The legacy extensions (SBI 3.0, chapter 5), each an extension ID of one
 * function. Most are an older spelling of a later call and are made into it.
 * Only a0 is theirs to change.
 */
#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

static long put_char(struct vcpu *vcpu, char byte)
{
	vcpu_console_write(vcpu, &byte, 1);
	return 0;
}

static long get_char(struct vcpu *vcpu)
{
	char byte;

	return vcpu_console_read(vcpu, &byte, 1) ? (unsigned char)byte : -1;
}

/* 1: one had been pending. */
static long clear_ipi(struct vcpu *vcpu)
{
	bool pending = vcpu_get_software_irq(vcpu);

	vcpu_set_software_irq(vcpu, false);
	return pending;
}

/*
 * Calls `extension` with what the mask at guest-virtual address args[0] says, 64
 * harts at a time. A null address means all harts. A fault on the mask is
 * answered as an error rather than raised at the ecall.
 */
static long call_by_mask(struct vcpu *vcpu, const struct sbi_extension *extension, uint64_t fid,
	const uint64_t *args)
{
	uint64_t modern[] = {0, SBI_ALL_HARTS, args[1], args[2], args[3]};
	uint64_t words = args[0] ? ((uint64_t)vcpu_count(vcpu) + 63) / 64 : 0;
	long error = 0;

	if (!words)
		return extension->call(vcpu, extension->first, fid, modern).error;
	for (uint64_t i = 0; i < words && !error; i++) {
		if (vcpu_read_u64(vcpu, args[0] + 8 * i, &modern[0]) != OK)
			return SBI_ERR_INVALID_ADDRESS;
		modern[1] = 64 * i;
		error = extension->call(vcpu, extension->first, fid, modern).error;
	}
	return error;
}

static long legacy_error(struct vcpu *vcpu, uint64_t eid, const uint64_t *args)
{
	switch (eid) {
	case SBI_EXT_LEGACY_SET_TIMER:
		vcpu_set_timer(vcpu, args[0]);
		return 0;
	case SBI_EXT_LEGACY_PUTCHAR:
		return put_char(vcpu, (char)args[0]);
	case SBI_EXT_LEGACY_GETCHAR:
		return get_char(vcpu);
	case SBI_EXT_LEGACY_CLEAR_IPI:
		return clear_ipi(vcpu);
	case SBI_EXT_LEGACY_SEND_IPI:
		return call_by_mask(vcpu, &sbi_ipi, SBI_IPI_SEND_IPI, args);
	case SBI_EXT_LEGACY_REMOTE_FENCE_I:
		return call_by_mask(vcpu, &sbi_rfence, SBI_RFENCE_FENCE_I, args);
	case SBI_EXT_LEGACY_REMOTE_SFENCE_VMA:
		return call_by_mask(vcpu, &sbi_rfence, SBI_RFENCE_SFENCE_VMA, args);
	case SBI_EXT_LEGACY_REMOTE_SFENCE_VMA_ASID:
		return call_by_mask(vcpu, &sbi_rfence, SBI_RFENCE_SFENCE_VMA_ASID, args);
	default: /* SBI_EXT_LEGACY_SHUTDOWN */
		vcpu_vm_shutdown(vcpu, false);
		return 0;
	}
}

static struct sbiret legacy_call(
	struct vcpu *vcpu, uint64_t eid, uint64_t fid, const uint64_t *args)
{
	(void)fid;
	/* The value is a1 as it was: sbi_call need not know that these leave it alone. */
	return (struct sbiret){legacy_error(vcpu, eid, args), (long)args[1]};
}

const struct sbi_extension sbi_legacy = {
	SBI_EXT_LEGACY_SET_TIMER, SBI_EXT_LEGACY_SHUTDOWN, legacy_call};
