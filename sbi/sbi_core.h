/* SPDX-License-Identifier: MIT */
/*
 * What the SBI server needs of the hypervisor: the narrow contract between
 * sbi/ and core/. The unit tests of sbi/ implement it in their own way.
 */
#ifndef VESPER_SBI_CORE_H
#define VESPER_SBI_CORE_H

#include "include/status.h"
#include "lib/addr.h"

struct vcpu;

enum vcpu_state {
	VCPU_STOPPED,
	VCPU_RUNNING,
	VCPU_SUSPENDED,
};

/* The vCPU of the same VM with this hart ID, or NULL. */
struct vcpu *vcpu_sibling(struct vcpu *vcpu, uint64_t hart_id);
uint64_t vcpu_hart_id(const struct vcpu *vcpu);
unsigned vcpu_count(const struct vcpu *vcpu); /* of its VM; hart IDs are 0..count-1 */
enum vcpu_state vcpu_get_state(const struct vcpu *vcpu);

/* Sets the next timer event (in `time` as the guest reads it) and clears the pending one. */
void vcpu_set_timer(struct vcpu *vcpu, uint64_t time);

/* Makes the supervisor software interrupt of `target` pending. `vcpu` is the caller, as in all of these. */
void vcpu_raise_software_irq(struct vcpu *vcpu, struct vcpu *target);
/* Clears the caller's own; true: it was pending (legacy clear_ipi tells). */
bool vcpu_take_software_irq(struct vcpu *vcpu);

/* A fence for another vCPU of the VM: its instruction fetches, or its VS-stage translations. */
enum vcpu_fence_kind {
	VCPU_FENCE_I,
	VCPU_FENCE_VMA,
	VCPU_FENCE_VMA_ASID,
};

struct vcpu_fence {
	enum vcpu_fence_kind kind;
	uint64_t start, size; /* whole pages; size ~0: all */
	uint64_t asid;        /* VCPU_FENCE_VMA_ASID only */
};

/* Asks for the fence of these four; the caller's own is done at once. In registers: most are one page of its own. */
void vcpu_fence(struct vcpu *vcpu, struct vcpu *target, enum vcpu_fence_kind kind, uint64_t start,
	uint64_t size, uint64_t asid);
/* Returns when `target` can no longer run an instruction before what the caller asked of it is done. */
void vcpu_fence_wait(struct vcpu *vcpu, struct vcpu *target);

/*
 * Starts a stopped vCPU at `pc` with a0 = its hart ID, a1 = `opaque`, satp 0, interrupts off. false: it was not
 * stopped (another vCPU may have been faster).
 */
MUST_CHECK bool vcpu_start(struct vcpu *target, uint64_t pc, uint64_t opaque);
/* Stops the calling vCPU once the call is over; its VM ends with the last one. */
void vcpu_stop(struct vcpu *vcpu);
/* Suspends the calling vCPU, once the call is over, until an interrupt is pending for it; then it goes on after
 * the ecall. */
void vcpu_suspend(struct vcpu *vcpu);
/* The same, but it goes on at `pc` as after vcpu_start(). */
void vcpu_suspend_nonretentive(struct vcpu *vcpu, uint64_t pc, uint64_t opaque);

/* Is every other vCPU of the VM stopped? */
bool vcpu_others_stopped(struct vcpu *vcpu);

/* Ends the calling vCPU's VM when the call returns. `failed`: the guest said so. */
void vcpu_vm_shutdown(struct vcpu *vcpu, bool failed);
void vcpu_vm_reboot(struct vcpu *vcpu);

/* Host address of guest RAM, NULL unless [addr, addr+len) is all RAM. Good until the next call of it for that vCPU. */
void *vcpu_ram(struct vcpu *vcpu, gpa_t addr, uint64_t len);
/* Reads 8 bytes at a guest virtual address with the guest's own rights (legacy hart masks). */
MUST_CHECK enum status vcpu_read_u64(struct vcpu *vcpu, uint64_t virtual_addr, uint64_t *out);

/* The VM's debug console. write waits for the terminal, a bounded time; send takes what goes now and returns how much. */
void vcpu_console_write(struct vcpu *vcpu, const char *data, size_t len);
size_t vcpu_console_send(struct vcpu *vcpu, const char *data, size_t len);
size_t vcpu_console_read(struct vcpu *vcpu, char *data, size_t len);

/*
 * Steal time (STA): from now on core keeps the 64 bytes at `addr` (64-byte aligned, inside RAM) up to date for the calling
 * vCPU; UINT64_MAX: no longer.
 */
void vcpu_set_steal_area(struct vcpu *vcpu, uint64_t addr);

/*
 * Bits of henvcfg (include/abi/csr.h) for the calling vCPU: those that exist here, those that are set. A field takes
 * only what the hart's does, and vcpu_envcfg() tells.
 */
uint64_t vcpu_envcfg_supported(struct vcpu *vcpu);
uint64_t vcpu_envcfg(struct vcpu *vcpu);
void vcpu_set_envcfg(struct vcpu *vcpu, uint64_t mask, uint64_t value);

/* Those that are 0 when a vCPU starts: the guest asks for them (FWFT), and keeps them over a suspend. */
#define VCPU_ENVCFG_FWFT (HENVCFG_LPE | HENVCFG_SSE | HENVCFG_DTE | HENVCFG_ADUE | HENVCFG_PMM)

/* What the SBI server remembers of the vCPU and of its VM (sbi/state.h). */
struct sbi_state *vcpu_sbi_state(struct vcpu *vcpu);
struct sbi_vm *vcpu_sbi_vm(struct vcpu *vcpu);

/* What the calling vCPU has used of its harts' `cycle` and `instret`. */
enum vcpu_counter {
	VCPU_CYCLES,
	VCPU_INSTRUCTIONS,
};

uint64_t vcpu_counter_raw(struct vcpu *vcpu, enum vcpu_counter counter);
/* Bits of hcounteren: the vCPU's reads of these counters trap, and sbi_pmu_read_csr() answers; of no others. */
void vcpu_trap_counters(struct vcpu *vcpu, uint32_t mask);
/*
 * The programmable counters of the calling vCPU, 0 to vcpu_hpm_count() - 1: their reads trap, and they count only while
 * it runs. Configuring one stops it and gives up what it counted before; false: no hart's counter that is left can.
 * `inhibit` is bits of SBI_PMU_CFG_SET_..., as the guest means them. One that is started is not started again.
 */
unsigned vcpu_hpm_count(struct vcpu *vcpu);
unsigned vcpu_hpm_width(struct vcpu *vcpu); /* of each, in bits */
unsigned vcpu_hpm_csr(
	struct vcpu *vcpu, unsigned i);     /* hpmcounter<n> of it, as a number of a CSR */
bool vcpu_hpm_overflows(struct vcpu *vcpu); /* do they interrupt the guest? */
MUST_CHECK bool vcpu_hpm_configure(
	struct vcpu *vcpu, unsigned i, uint64_t event, uint64_t data, uint64_t inhibit);
bool vcpu_hpm_possible(
	struct vcpu *vcpu, uint64_t event, uint64_t data); /* could it be configured so? */
void vcpu_hpm_release(struct vcpu *vcpu, unsigned i);
void vcpu_hpm_start(struct vcpu *vcpu, unsigned i, uint64_t value);
uint64_t vcpu_hpm_read(struct vcpu *vcpu, unsigned i); /* started */
uint64_t vcpu_hpm_stop(struct vcpu *vcpu, unsigned i); /* started; returns its value */
uint32_t vcpu_hpm_overflown(struct vcpu *vcpu);        /* set: since they were started */
/* How often SBI_PMU_FW_<event> happened to the vCPU since it was made; 0 for what Vesper never sees. */
uint64_t vcpu_firmware_event(struct vcpu *vcpu, unsigned event);

/*
 * A software event may be there for `target`: it wakes from WFI and suspend, and its hart calls sbi_sse_deliver()
 * before it next goes on in the guest; for the caller that is when the call is over and a0 and a1 are stored. Called
 * with the VM's SSE lock.
 */
void vcpu_notify_sse(struct vcpu *vcpu, struct vcpu *target);

/* Where the vCPU goes on in the guest, and what a handler of a software event puts aside. */
struct vcpu_frame {
	uint64_t pc;
	bool supervisor;  /* in VS-mode; else in VU-mode */
	bool landing_pad; /* Zicfilp: it must find one there */
	uint64_t vsepc, vsstatus;
	uint64_t a6, a7;
};

void vcpu_get_frame(struct vcpu *vcpu, struct vcpu_frame *out);
void vcpu_set_frame(struct vcpu *vcpu, const struct vcpu_frame *frame);

/* The physical machine's own identification, for sbi_base (through the firmware). */
uint64_t vcpu_mvendorid(void);
uint64_t vcpu_marchid(void);
uint64_t vcpu_mimpid(void);

#endif
