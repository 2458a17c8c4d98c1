/* SPDX-License-Identifier: MIT */
/*
 * Numbers of the RISC-V Supervisor Binary Interface, version 3.0: those of
 * the extensions that Vesper serves to its guests or calls in the firmware.
 */
#ifndef VESPER_ABI_SBI_H
#define VESPER_ABI_SBI_H

#define SBI_VERSION(major, minor) ((major) << 24 | (minor))

/* Extension IDs (a7) */
#define SBI_EXT_LEGACY_SET_TIMER              0x00
#define SBI_EXT_LEGACY_PUTCHAR                0x01
#define SBI_EXT_LEGACY_GETCHAR                0x02
#define SBI_EXT_LEGACY_CLEAR_IPI              0x03
#define SBI_EXT_LEGACY_SEND_IPI               0x04
#define SBI_EXT_LEGACY_REMOTE_FENCE_I         0x05
#define SBI_EXT_LEGACY_REMOTE_SFENCE_VMA      0x06
#define SBI_EXT_LEGACY_REMOTE_SFENCE_VMA_ASID 0x07
#define SBI_EXT_LEGACY_SHUTDOWN               0x08
#define SBI_EXT_BASE                          0x10
#define SBI_EXT_HSM                           0x48534d
#define SBI_EXT_IPI                           0x735049
#define SBI_EXT_DBCN                          0x4442434e
#define SBI_EXT_RFENCE                        0x52464e43
#define SBI_EXT_SRST                          0x53525354
#define SBI_EXT_TIME                          0x54494d45

/* Errors (a0) */
#define SBI_SUCCESS               0L
#define SBI_ERR_FAILED            (-1L)
#define SBI_ERR_NOT_SUPPORTED     (-2L)
#define SBI_ERR_INVALID_PARAM     (-3L)
#define SBI_ERR_DENIED            (-4L)
#define SBI_ERR_INVALID_ADDRESS   (-5L)
#define SBI_ERR_ALREADY_AVAILABLE (-6L)
#define SBI_ERR_ALREADY_STARTED   (-7L)
#define SBI_ERR_ALREADY_STOPPED   (-8L)
#define SBI_ERR_NO_SHMEM          (-9L)
#define SBI_ERR_INVALID_STATE     (-10L)
#define SBI_ERR_BAD_RANGE         (-11L)
#define SBI_ERR_TIMEOUT           (-12L)
#define SBI_ERR_IO                (-13L)
#define SBI_ERR_DENIED_LOCKED     (-14L)

/* hart_mask_base that means every hart, whatever hart_mask says */
#define SBI_ALL_HARTS (~0ull)

/* Function IDs (a6), an extension a block, and the values of their arguments and results */
#define SBI_BASE_GET_SPEC_VERSION 0
#define SBI_BASE_GET_IMPL_ID      1
#define SBI_BASE_GET_IMPL_VERSION 2
#define SBI_BASE_PROBE_EXTENSION  3
#define SBI_BASE_GET_MVENDORID    4
#define SBI_BASE_GET_MARCHID      5
#define SBI_BASE_GET_MIMPID       6

#define SBI_TIME_SET_TIMER 0

#define SBI_IPI_SEND_IPI 0

#define SBI_RFENCE_FENCE_I          0
#define SBI_RFENCE_SFENCE_VMA       1
#define SBI_RFENCE_SFENCE_VMA_ASID  2
#define SBI_RFENCE_HFENCE_GVMA_VMID 3
#define SBI_RFENCE_HFENCE_GVMA      4
#define SBI_RFENCE_HFENCE_VVMA_ASID 5
#define SBI_RFENCE_HFENCE_VVMA      6

#define SBI_HSM_HART_START      0
#define SBI_HSM_HART_STOP       1
#define SBI_HSM_HART_GET_STATUS 2
#define SBI_HSM_HART_SUSPEND    3

#define SBI_HSM_STARTED         0
#define SBI_HSM_STOPPED         1
#define SBI_HSM_START_PENDING   2
#define SBI_HSM_STOP_PENDING    3
#define SBI_HSM_SUSPENDED       4
#define SBI_HSM_SUSPEND_PENDING 5
#define SBI_HSM_RESUME_PENDING  6

#define SBI_HSM_SUSPEND_RETENTIVE     0x00000000u
#define SBI_HSM_SUSPEND_NON_RETENTIVE 0x80000000u

#define SBI_SRST_RESET 0

#define SBI_SRST_SHUTDOWN    0u
#define SBI_SRST_COLD_REBOOT 1u
#define SBI_SRST_WARM_REBOOT 2u

#define SBI_SRST_NO_REASON      0u
#define SBI_SRST_SYSTEM_FAILURE 1u

#define SBI_DBCN_WRITE      0
#define SBI_DBCN_READ       1
#define SBI_DBCN_WRITE_BYTE 2

#endif
