/* SPDX-License-Identifier: MIT */
/*
 * The legacy extensions (SBI 3.0, chapter 5), each an extension ID of one
 * function. Most are an older spelling of a later call and are made into it.
 * Only a0 is theirs to change. What is no extension at all ends here too.
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

/*
 * Calls `function` with what the mask at guest-virtual address args[0] says. A
 * null address means all harts; no VM has more than a word of them. A fault on
 * the mask is answered as an error rather than raised at the ecall.
 */
static long call_by_mask(
	struct vcpu *vcpu, sbi_function *function, uint64_t fid, const uint64_t *args)
{
	uint64_t modern[] = {0, SBI_ALL_HARTS, args[1], args[2], args[3], 0, fid, 0};

	if (args[0]) {
		if (vcpu_read_u64(vcpu, args[0], &modern[0]) != OK)
			return SBI_ERR_INVALID_ADDRESS;
		modern[1] = 0;
	}
	return function(vcpu, modern).error;
}

static long legacy_error(struct vcpu *vcpu, const uint64_t *args)
{
	switch (args[7]) {
	case SBI_EXT_LEGACY_SET_TIMER:
		vcpu_set_timer(vcpu, args[0]);
		return 0;
	case SBI_EXT_LEGACY_PUTCHAR:
		return put_char(vcpu, (char)args[0]);
	case SBI_EXT_LEGACY_GETCHAR:
		return get_char(vcpu);
	case SBI_EXT_LEGACY_CLEAR_IPI:
		return vcpu_take_software_irq(vcpu);
	case SBI_EXT_LEGACY_SEND_IPI:
		return call_by_mask(vcpu, sbi_ipi, SBI_IPI_SEND_IPI, args);
	case SBI_EXT_LEGACY_REMOTE_FENCE_I:
		return call_by_mask(vcpu, sbi_rfence, SBI_RFENCE_FENCE_I, args);
	case SBI_EXT_LEGACY_REMOTE_SFENCE_VMA:
		return call_by_mask(vcpu, sbi_rfence, SBI_RFENCE_SFENCE_VMA, args);
	case SBI_EXT_LEGACY_REMOTE_SFENCE_VMA_ASID:
		return call_by_mask(vcpu, sbi_rfence, SBI_RFENCE_SFENCE_VMA_ASID, args);
	case SBI_EXT_LEGACY_SHUTDOWN:
		vcpu_vm_shutdown(vcpu, false);
		return 0;
	default:
		return SBI_ERR_NOT_SUPPORTED;
	}
}

struct sbiret sbi_legacy(struct vcpu *vcpu, const uint64_t *args)
{
	return (struct sbiret){legacy_error(vcpu, args), (long)args[1]};
}
