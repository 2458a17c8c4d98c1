/* SPDX-License-Identifier: MIT */
/*
 * Attaching is local to a hart. Giving up has two steps: first nobody can
 * reach the file any more (it is unmapped and every hart that runs the VM has
 * fenced), and MSIs go to the software file; then the hart that has the file
 * adds its contents to that.
 */
#include "core/aia_file.h"

#include "core/csr.h"
#include "core/vm.h"
#include "include/abi/aia.h"
#include "irq/imsic.h"

static gpa_t page_of(const struct vcpu *vcpu)
{
	return gpa(GUEST_IMSIC_BASE + vcpu->id * IMSIC_PAGE_SIZE);
}

/* ---- waiting ---- */

/* Each round turns one off, so that it ends. */
void aia_file_wake(struct hart *hart)
{
	uint64_t waiting;

	while ((waiting = imsic_guest_waiting()) != 0) {
		unsigned file = 1;

		while (!(waiting >> file & 1))
			file++;
		imsic_guest_watch(file, false);
		sched_wake(&hart->file_owner[file]->sched, csr_read(time));
	}
}

/*
 * QEMU (10.0) loses the guest external interrupt of a file that gets an MSI from another hart while hgeie is being
 * written, for whichever file. So whoever has written it looks again.
 */
static void watch(struct hart *hart, unsigned file, bool on)
{
	imsic_guest_watch(file, on);
	aia_file_wake(hart);
}

bool aia_file_pending(const struct vcpu *vcpu)
{
	return vcpu->file_hart == hart_self() && csr_read(hgeip) >> vcpu->file & 1;
}

void aia_file_watch(const struct vcpu *vcpu)
{
	if (vcpu->file && vcpu->csrs.vsie & SIE_SEIE)
		watch(hart_self(), vcpu->file, true);
}

/* ---- attaching ---- */

/* 0: none is free. */
static unsigned find_free(const struct hart *hart)
{
	for (unsigned file = 1; file <= hart->n_files; file++)
		if (!hart->file_owner[file])
			return file;
	return 0;
}

/* Nothing was mapped there, so there is nothing to fence: who still believes that comes to aia_write(). */
static bool map(struct vcpu *vcpu, uint64_t page)
{
	struct vm *vm = vcpu->vm;

	spin_lock(&vm->memory_lock);
	enum status status =
		gstage_map(&vm->gstage, page_of(vcpu), hpa(page), IMSIC_PAGE_SIZE, PTE_R | PTE_W);

	spin_unlock(&vm->memory_lock);
	return status == OK;
}

static void attach(struct hart *hart, struct vcpu *vcpu)
{
	unsigned file = find_free(hart);

	if (!file)
		return;
	spin_lock(&vcpu->vm->lock);
	if (map(vcpu, hart_file_page(hart, file))) {
		hart->file_owner[file] = vcpu;
		vcpu->file_hart = hart;
		vcpu->file = file;
		imsic_guest_restore(file, &vcpu->imsic);
		vcpu_update_external_irq(vcpu);
	}
	spin_unlock(&vcpu->vm->lock);
}

void aia_file_load(struct hart *hart, struct vcpu *vcpu)
{
	if (hart->n_files && !vcpu->file && sched_alone(hart->index))
		attach(hart, vcpu);
	if (vcpu->file)
		watch(hart, vcpu->file, false);
	csr_clear(hstatus, HSTATUS_VGEIN);
	csr_set(hstatus, (uint64_t)vcpu->file << HSTATUS_VGEIN_SHIFT);
}

/* ---- giving up ---- */

static void unmap(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	spin_lock(&vm->lock);
	vcpu->file = 0;
	spin_lock(&vm->memory_lock);
	gstage_unmap(&vm->gstage, page_of(vcpu), IMSIC_PAGE_SIZE);
	spin_unlock(&vm->memory_lock);
	spin_unlock(&vm->lock);
	hart_fence_guest(vm);
}

/* On the file's hart. */
static void save(struct hart *hart, unsigned file)
{
	struct vcpu *vcpu = hart->file_owner[file];

	watch(hart, file, false);
	imsic_guest_save(file, &vcpu->imsic);
	hart->file_owner[file] = NULL;
	__atomic_store_n(&vcpu->file_hart, NULL, __ATOMIC_RELEASE);
}

void aia_file_serve(struct hart *hart)
{
	uint64_t asked = __atomic_exchange_n(&hart->files_asked, 0, __ATOMIC_ACQUIRE);

	for (unsigned file = 1; asked >> file; file++)
		if (asked >> file & 1)
			save(hart, file);
}

static void ask_for(struct hart *hart, unsigned file, const struct vcpu *vcpu)
{
	__atomic_fetch_or(&hart->files_asked, 1ull << file, __ATOMIC_SEQ_CST);
	hart_kick(hart->index);
	while (__atomic_load_n(&vcpu->file_hart, __ATOMIC_ACQUIRE))
		hart_serve(hart_self());
}

void aia_file_drop(struct vcpu *vcpu)
{
	struct hart *hart = vcpu->file_hart;
	unsigned file = vcpu->file;

	if (!hart)
		return;
	unmap(vcpu);
	if (hart == hart_self())
		save(hart, file);
	else
		ask_for(hart, file, vcpu);
	/* Its hvip does not know yet. */
	__atomic_fetch_or(&vcpu->events, VCPU_EVENT_EXTERNAL, __ATOMIC_RELAXED);
}
