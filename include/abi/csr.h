/* SPDX-License-Identifier: MIT */
/* Bits and codes of the supervisor and hypervisor CSRs (RISC-V privileged specification, 20240411). */
#ifndef VESPER_ABI_CSR_H
#define VESPER_ABI_CSR_H

/* scause */
#define CAUSE_INTERRUPT        (1ull << 63)
#define IRQ_SOFTWARE           1
#define IRQ_TIMER              5
#define IRQ_EXTERNAL           9
#define CAUSE_FETCH_ACCESS     1
#define CAUSE_ILLEGAL          2
#define CAUSE_LOAD_ACCESS      5
#define CAUSE_STORE_ACCESS     7
#define CAUSE_VS_ECALL         10
#define CAUSE_DOUBLE_TRAP      16
#define CAUSE_FETCH_GUEST_PAGE 20
#define CAUSE_LOAD_GUEST_PAGE  21
#define CAUSE_VIRTUAL_INSN     22
#define CAUSE_STORE_GUEST_PAGE 23

/* sstatus, vsstatus */
#define SSTATUS_SIE        (1ull << 1)
#define SSTATUS_SPIE       (1ull << 5)
#define SSTATUS_SPP        (1ull << 8)
#define SSTATUS_VS         (3ull << 9)
#define SSTATUS_FS         (3ull << 13)
#define SSTATUS_SPELP      (1ull << 23) /* Zicfilp */
#define SSTATUS_SDT        (1ull << 24) /* Ssdbltrp */
#define SSTATUS_SUM        (1ull << 18)
#define SSTATUS_UXL64      (2ull << 32)
#define SSTATUS_FS_INITIAL (1ull << 13)
#define SSTATUS_VS_INITIAL (1ull << 9)

/* sie, sip */
#define SIE_SSIE   (1ull << 1)
#define SIE_STIE   (1ull << 5)
#define SIE_SEIE   (1ull << 9)
#define SIE_LCOFIE (1ull << 13) /* Sscofpmf */

/* hvip, hideleg: the VS-level interrupts */
#define HVIP_VSSIP (1ull << 2)
#define HVIP_VSTIP (1ull << 6)
#define HVIP_VSEIP (1ull << 10)
#define HVIP_LCOFI (1ull << 13) /* with hvien (AIA); the same in vsip and vsie */

/* hstatus */
#define HSTATUS_SPV    (1ull << 7)
#define HSTATUS_SPVP   (1ull << 8)
#define HSTATUS_VTW    (1ull << 21)
#define HSTATUS_VSXL64 (2ull << 32)

/*
 * hedeleg: every exception that is the guest's own affair. Not delegated: ecall from VS-mode, guest-page
 * faults, virtual instructions.
 */
#define HEDELEG_GUEST 0x4b1ffull

/* Number of the CSR of counter 0, `cycle`; the others follow. */
#define CSR_CYCLE 0xc00u

/* hcounteren, scounteren */
#define COUNTEREN_CY (1ull << 0)
#define COUNTEREN_TM (1ull << 1)
#define COUNTEREN_IR (1ull << 2)

/* henvcfg */
#define HENVCFG_CBIE_FLUSH (1ull << 4)
#define HENVCFG_CBIE       (3ull << 4)
#define HENVCFG_CBCFE      (1ull << 6)
#define HENVCFG_CBZE       (1ull << 7)
#define HENVCFG_LPE        (1ull << 2)
#define HENVCFG_SSE        (1ull << 3)
#define HENVCFG_PMM        (3ull << 32)
#define HENVCFG_DTE        (1ull << 59)
#define HENVCFG_ADUE       (1ull << 61)
#define HENVCFG_PBMTE      (1ull << 62)
#define HENVCFG_STCE       (1ull << 63)

/* hstateen0 */
#define HSTATEEN0_ENVCFG (1ull << 62)

/* satp, hgatp */
#define ATP_MODE_SHIFT   60
#define ATP_SV39         8ull
#define ATP_SV48         9ull
#define ATP_SV57         10ull
#define HGATP_VMID_SHIFT 44
#define HGATP_VMID_MASK  0x3fffull

/* Page-table entries */
#define PTE_V         (1ull << 0)
#define PTE_R         (1ull << 1)
#define PTE_W         (1ull << 2)
#define PTE_X         (1ull << 3)
#define PTE_U         (1ull << 4)
#define PTE_G         (1ull << 5)
#define PTE_A         (1ull << 6)
#define PTE_D         (1ull << 7)
#define PTE_N         (1ull << 63) /* Svnapot */
#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK  ((1ull << 44) - 1)

#endif
