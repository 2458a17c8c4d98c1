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
unsigned vcpu_count(const struct vcpu *vcpu); /* of its VM; hart IDs are 0..count-1 */
enum vcpu_state vcpu_get_state(const struct vcpu *vcpu);

/* Sets the next timer event (in `time` as the guest reads it) and clears the pending one. */
void vcpu_set_timer(struct vcpu *vcpu, uint64_t time);

/* Sets or clears the supervisor software interrupt. */
void vcpu_set_software_irq(struct vcpu *target, bool pending);
/* Is the calling vCPU's pending? (legacy clear_ipi tells) */
bool vcpu_get_software_irq(const struct vcpu *vcpu);

/* Fences on `target`: instruction fetch; VS-stage translations of [start, start+size) (all when
 * size is ~0), of one ASID or of all. */
void vcpu_fence_i(struct vcpu *target);
void vcpu_sfence_vma(struct vcpu *target, uint64_t start, uint64_t size);
void vcpu_sfence_vma_asid(struct vcpu *target, uint64_t start, uint64_t size, uint64_t asid);

/* Starts a stopped vCPU at `pc` with a0 = its hart ID, a1 = `opaque`, satp 0, interrupts off. */
void vcpu_start(struct vcpu *target, uint64_t pc, uint64_t opaque);
/* Stops the calling vCPU; its VM ends with the last one. */
void vcpu_stop(struct vcpu *vcpu);
/* Suspends the calling vCPU until an interrupt is pending for it; then it goes on after the ecall.
 */
void vcpu_suspend(struct vcpu *vcpu);
/* The same, but it goes on at `pc` as after vcpu_start(). */
void vcpu_suspend_nonretentive(struct vcpu *vcpu, uint64_t pc, uint64_t opaque);

/* Ends the calling vCPU's VM when the call returns. `failed`: the guest said so. */
void vcpu_vm_shutdown(struct vcpu *vcpu, bool failed);
void vcpu_vm_reboot(struct vcpu *vcpu);

/* Host address of guest RAM, NULL unless [addr, addr+len) is all RAM. */
void *vcpu_ram(struct vcpu *vcpu, gpa_t addr, uint64_t len);
/* Reads 8 bytes at a guest virtual address with the guest's own rights (legacy hart masks). */
MUST_CHECK enum status vcpu_read_u64(struct vcpu *vcpu, uint64_t virtual_addr, uint64_t *out);

/* The VM's debug console. */
void vcpu_console_write(struct vcpu *vcpu, const char *data, size_t len);
size_t vcpu_console_read(struct vcpu *vcpu, char *data, size_t len);

/* The physical machine's own identification, for sbi_base (through the firmware). */
uint64_t vcpu_mvendorid(void);
uint64_t vcpu_marchid(void);
uint64_t vcpu_mimpid(void);

#endif
