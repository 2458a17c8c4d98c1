/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the RISC-V Advanced Interrupt Architecture 1.0: CSRs (chapter 2
 * and 6; by number, because not every assembler knows them), what siselect and
 * vsiselect choose (chapter 3), and the registers of an APLIC domain (chapter 4).
 */
#ifndef VESPER_ABI_AIA_H
#define VESPER_ABI_AIA_H

/* CSRs */
#define CSR_SISELECT  0x150
#define CSR_SIREG     0x151
#define CSR_STOPEI    0x15c
#define CSR_STOPI     0xdb0
#define CSR_VSISELECT 0x250
#define CSR_VSIREG    0x251
#define CSR_VSTOPEI   0x25c
#define CSR_VSTOPI    0xeb0
#define CSR_HSTATUS   0x600
#define CSR_HGEIE     0x607
#define CSR_HVIEN     0x608
#define CSR_HVICTL    0x609
#define CSR_HVIPRIO1  0x646
#define CSR_HVIPRIO2  0x647
#define CSR_HGEIP     0xe12

/* hie and hip (not sie and sip), scause: a guest interrupt file whose bit in hgeie is set has an interrupt */
#define IRQ_GUEST_EXTERNAL 12
#define HIE_SGEIE          (1ull << IRQ_GUEST_EXTERNAL)

/* hstatus: the guest interrupt file that the VS-level CSRs reach; 0: none */
#define HSTATUS_VGEIN_SHIFT 12
#define HSTATUS_VGEIN       (0x3full << HSTATUS_VGEIN_SHIFT)

/* hvictl: IID 9, and a priority for stopi */
#define HVICTL_EXTERNAL (9ull << 16 | 1)

/* hstateen0 */
#define HSTATEEN0_IMSIC  (1ull << 58) /* interrupt files, stopei */
#define HSTATEEN0_AIA    (1ull << 59) /* stopi */
#define HSTATEEN0_CSRIND (1ull << 60) /* siselect, sireg */

/* siselect, vsiselect. With XLEN 64 only the even ones of iprio, eip and eie exist. */
#define ISELECT_IPRIO_FIRST 0x30
#define ISELECT_IPRIO_LAST  0x3f
#define ISELECT_EIDELIVERY  0x70
#define ISELECT_EITHRESHOLD 0x72
#define ISELECT_EIP_FIRST   0x80
#define ISELECT_EIP_LAST    0xbf
#define ISELECT_EIE_FIRST   0xc0
#define ISELECT_EIE_LAST    0xff

#define AIA_IDS_MAX 2047 /* interrupt identities of one file */

/* stopei, vstopei, and an APLIC's topi and claimi */
#define TOPEI_ID_SHIFT 16

/* An interrupt file's page. */
#define IMSIC_PAGE_SIZE    0x1000u
#define IMSIC_SETEIPNUM_LE 0x000u
#define IMSIC_SETEIPNUM_BE 0x004u

/* An APLIC domain. Those with a number follow each other every 4 bytes. */
#define APLIC_DOMAINCFG   0x0000u
#define APLIC_SOURCECFG   0x0000u /* + 4 * source, from 1; target the same */
#define APLIC_MMSIADDRCFG 0x1bc0u
#define APLIC_SETIP       0x1c00u
#define APLIC_SETIPNUM    0x1cdcu
#define APLIC_IN_CLRIP    0x1d00u
#define APLIC_CLRIPNUM    0x1ddcu
#define APLIC_SETIE       0x1e00u
#define APLIC_SETIENUM    0x1edcu
#define APLIC_CLRIE       0x1f00u
#define APLIC_CLRIENUM    0x1fdcu
#define APLIC_SETIPNUM_LE 0x2000u
#define APLIC_SETIPNUM_BE 0x2004u
#define APLIC_GENMSI      0x3000u
#define APLIC_TARGET      0x3000u
#define APLIC_IDC         0x4000u /* of hart index 0 */
#define APLIC_IDC_SIZE    0x20u

#define APLIC_SOURCES_MAX 1023

#define APLIC_DOMAINCFG_FIXED 0x80000000u
#define APLIC_DOMAINCFG_IE    (1u << 8)
#define APLIC_DOMAINCFG_DM    (1u << 2) /* MSI delivery mode */

#define APLIC_SOURCECFG_D (1u << 10)
#define APLIC_SM          7u
#define APLIC_SM_INACTIVE 0u
#define APLIC_SM_DETACHED 1u
#define APLIC_SM_EDGE1    4u
#define APLIC_SM_EDGE0    5u
#define APLIC_SM_LEVEL1   6u
#define APLIC_SM_LEVEL0   7u

#define APLIC_TARGET_HART_SHIFT 18 /* also genmsi's */
#define APLIC_TARGET_HART_MASK  0x3fffu
#define APLIC_GENMSI_BUSY       (1u << 12)

/* Interrupt delivery control, one for each hart index in direct mode */
#define IDC_IDELIVERY  0x00u
#define IDC_IFORCE     0x04u
#define IDC_ITHRESHOLD 0x08u
#define IDC_TOPI       0x18u
#define IDC_CLAIMI     0x1cu

#endif
