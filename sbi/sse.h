/* SPDX-License-Identifier: MIT */
/*
 * Supervisor software events of a VM: the two that software injects, one of
 * which each vCPU has, and one that all share. The VM's lock guards all of it,
 * so that any vCPU may inject into any other; core keeps both structs and calls
 * sbi_sse_deliver() where an event may have to be taken.
 */
#ifndef VESPER_SBI_SSE_H
#define VESPER_SBI_SSE_H

#include <stdbool.h>
#include <stdint.h>

#include "include/abi/sbi.h"
#include "lib/spinlock.h"
#include "sbi/sbi.h"

/* Attributes are the guest's numbers; STATUS holds the state only, to which `pending` is added. */
struct sbi_sse_event {
	uint64_t attr[SBI_SSE_ATTRS];
	bool pending;
	struct vcpu *runs_on; /* RUNNING: its handler's vCPU */
};

struct sbi_sse_vcpu {
	struct sbi_sse_event local;
	bool unmasked;
};

struct sbi_sse_vm {
	struct spinlock lock;
	struct sbi_sse_event global;
};

/*
 * Before `vcpu`, which is loaded on this hart, goes on in the guest: if an event is to be taken, it goes on in the
 * handler. To be called after vcpu_notify_sse(); any other time is fine too.
 */
void sbi_sse_deliver(struct vcpu *vcpu);

/* The calling vCPU stops: what it would have taken is for others, and so is what it did not complete. */
void sbi_sse_hart_stops(struct vcpu *vcpu);

/* ---- sse_attr.c ---- */

/* Reads or writes attributes of one event, which belongs to `vcpu` or to all. */
long sbi_sse_read_attrs(struct vcpu *vcpu, const struct sbi_sse_event *event, const uint64_t *args);
long sbi_sse_write_attrs(
	struct vcpu *vcpu, struct sbi_sse_event *event, bool global, const uint64_t *args);

#endif
