/* SPDX-License-Identifier: MIT */
/*
 * Numbers of PCI's configuration space (PCI Local Bus 3.0, chapter 6; the same
 * in PCI Express Base 4.0, 7.5), of MSI-X (6.8.2, 7.7.2) and of ECAM (7.2.2).
 * Offsets are in bytes, fields are little-endian.
 */
#ifndef VESPER_ABI_PCI_H
#define VESPER_ABI_PCI_H

/* Header of type 0; the register's width in bits. */
#define PCI_VENDOR_ID        0x00 /* 16 */
#define PCI_DEVICE_ID        0x02 /* 16 */
#define PCI_COMMAND          0x04 /* 16 */
#define PCI_STATUS           0x06 /* 16 */
#define PCI_REVISION_ID      0x08 /* 8 */
#define PCI_CLASS_CODE       0x09 /* 24: interface, sub-class, class */
#define PCI_CACHE_LINE_SIZE  0x0c /* 8 */
#define PCI_HEADER_TYPE      0x0e /* 8 */
#define PCI_BAR0             0x10 /* 32, and five more */
#define PCI_SUBSYSTEM_VENDOR 0x2c /* 16 */
#define PCI_SUBSYSTEM_ID     0x2e /* 16 */
#define PCI_CAPABILITIES     0x34 /* 8 */
#define PCI_INTERRUPT_LINE   0x3c /* 8 */
#define PCI_INTERRUPT_PIN    0x3d /* 8: 1 for INTA */

#define PCI_COMMAND_MEMORY       0x0002u
#define PCI_COMMAND_MASTER       0x0004u
#define PCI_COMMAND_INTX_DISABLE 0x0400u

#define PCI_STATUS_INTERRUPT    0x0008u
#define PCI_STATUS_CAPABILITIES 0x0010u

#define PCI_BAR_MEMORY_MASK 0xfffffff0u /* the rest says what it is: 0, 32 bits, not prefetchable */

#define PCI_CLASS_BRIDGE 0x06u /* sub-class 0: to the host */

/* What a register that is not there reads, and a vendor ID where nothing is. */
#define PCI_NOTHING 0xffffffffu

/* A capability: ID, offset of the next. */
#define PCI_CAP_ID_VENDOR 0x09
#define PCI_CAP_ID_MSIX   0x11

/* MSI-X capability. */
#define PCI_MSIX_CONTROL 2 /* 16: vectors - 1, function mask, enable */
#define PCI_MSIX_TABLE   4 /* 32: offset, BAR in bits 0..2 */
#define PCI_MSIX_PBA     8 /* 32: the same */
#define PCI_MSIX_SIZE    12

#define PCI_MSIX_CONTROL_MASK   0x4000u
#define PCI_MSIX_CONTROL_ENABLE 0x8000u

/* An entry of the MSI-X table: four registers of 32 bits. */
#define PCI_MSIX_ENTRY_SIZE        16
#define PCI_MSIX_ENTRY_ADDR_LOW    0
#define PCI_MSIX_ENTRY_ADDR_HIGH   4
#define PCI_MSIX_ENTRY_DATA        8
#define PCI_MSIX_ENTRY_VECTOR_CTRL 12
#define PCI_MSIX_VECTOR_MASKED     1u

/* ECAM: bus, slot, function and register make the offset. */
#define PCI_ECAM_BUS_SHIFT      20
#define PCI_ECAM_SLOT_SHIFT     15
#define PCI_ECAM_FUNCTION_SHIFT 12
#define PCI_ECAM_FUNCTION_SIZE  0x1000u
#define PCI_CONFIG_SIZE         256 /* without the extended part */

#endif
