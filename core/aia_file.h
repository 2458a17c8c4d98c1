/* SPDX-License-Identifier: MIT */
/*
 * Guest interrupt files of the hardware. A vCPU with one takes MSIs without an
 * exit: its page of the guest's IMSIC is mapped to the file, and the file's
 * output is its external interrupt.
 *
 * A file belongs to its hart, which alone can look into it. So a vCPU that is to run elsewhere gives it up first.
 */
#ifndef VESPER_CORE_AIA_FILE_H
#define VESPER_CORE_AIA_FILE_H

#include "core/vcpu.h"

/* The vCPU, not loaded, has no file any more; what was in it is in vcpu->imsic. No lock is held. */
void aia_file_drop(struct vcpu *vcpu);

/* It is to run on this hart, or to be looked at here. */
static inline void aia_file_come(struct vcpu *vcpu)
{
	if (vcpu->file_hart && vcpu->file_hart != hart_self())
		aia_file_drop(vcpu);
}

/* It, with AIA, is being loaded: it gets a file if one is free and the hart needs not be shared. No lock is held. */
void aia_file_load(struct hart *hart, struct vcpu *vcpu);

/* Is an interrupt in its file? Only its hart knows. */
bool aia_file_pending(const struct vcpu *vcpu);

/* It waits, and its file is this hart's or it has none: an interrupt there wakes it. */
void aia_file_watch(const struct vcpu *vcpu);

/* ---- of a hart ---- */

/* Wakes those whose files have got an interrupt. */
void aia_file_wake(struct hart *hart);

/* Gives up the files that other harts have asked for. */
void aia_file_serve(struct hart *hart);

#endif
