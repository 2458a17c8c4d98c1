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
#define SBI_EXT_PMU                           0x504d55
#define SBI_EXT_SSE                           0x535345
#define SBI_EXT_STA                           0x535441
#define SBI_EXT_IPI                           0x735049
#define SBI_EXT_NACL                          0x4e41434c
#define SBI_EXT_CPPC                          0x43505043
#define SBI_EXT_DBCN                          0x4442434e
#define SBI_EXT_DBTR                          0x44425452
#define SBI_EXT_FWFT                          0x46574654
#define SBI_EXT_MPXY                          0x4d505859
#define SBI_EXT_RFENCE                        0x52464e43
#define SBI_EXT_SRST                          0x53525354
#define SBI_EXT_SUSP                          0x53555350
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

#define SBI_SUSP_SYSTEM_SUSPEND 0

#define SBI_SUSP_TO_RAM 0u

#define SBI_STA_SET_SHMEM 0

#define SBI_STA_SIZE 64 /* bytes of the shared memory, and its alignment */

#define SBI_FWFT_SET 0
#define SBI_FWFT_GET 1

#define SBI_FWFT_MISALIGNED_EXC_DELEG  0u
#define SBI_FWFT_LANDING_PAD           1u
#define SBI_FWFT_SHADOW_STACK          2u
#define SBI_FWFT_DOUBLE_TRAP           3u
#define SBI_FWFT_PTE_AD_HW_UPDATING    4u
#define SBI_FWFT_POINTER_MASKING_PMLEN 5u
#define SBI_FWFT_FEATURES              6u /* from here on reserved or a platform's */

#define SBI_FWFT_SET_LOCK (1ull << 0)

#define SBI_PMU_NUM_COUNTERS       0
#define SBI_PMU_COUNTER_GET_INFO   1
#define SBI_PMU_CONFIG_MATCHING    2
#define SBI_PMU_COUNTER_START      3
#define SBI_PMU_COUNTER_STOP       4
#define SBI_PMU_COUNTER_FW_READ    5
#define SBI_PMU_COUNTER_FW_READ_HI 6
#define SBI_PMU_SNAPSHOT_SET_SHMEM 7
#define SBI_PMU_EVENT_GET_INFO     8

#define SBI_PMU_INFO_FIRMWARE    (1ull << 63)
#define SBI_PMU_INFO_WIDTH_SHIFT 12

#define SBI_PMU_EVENT_BITS     20 /* of event_idx */
#define SBI_PMU_EVENT_HARDWARE 0x00000u
#define SBI_PMU_EVENT_CACHE    0x10000u
#define SBI_PMU_EVENT_RAW      0x20000u
#define SBI_PMU_EVENT_RAW_V2   0x30000u
#define SBI_PMU_EVENT_FIRMWARE 0xf0000u

#define SBI_PMU_HW_CPU_CYCLES   1u
#define SBI_PMU_HW_INSTRUCTIONS 2u

#define SBI_PMU_FW_MISALIGNED_LOAD          0u
#define SBI_PMU_FW_MISALIGNED_STORE         1u
#define SBI_PMU_FW_ACCESS_LOAD              2u
#define SBI_PMU_FW_ACCESS_STORE             3u
#define SBI_PMU_FW_ILLEGAL_INSN             4u
#define SBI_PMU_FW_SET_TIMER                5u
#define SBI_PMU_FW_IPI_SENT                 6u
#define SBI_PMU_FW_IPI_RECEIVED             7u
#define SBI_PMU_FW_FENCE_I_SENT             8u
#define SBI_PMU_FW_FENCE_I_RECEIVED         9u
#define SBI_PMU_FW_SFENCE_VMA_SENT          10u
#define SBI_PMU_FW_SFENCE_VMA_RECEIVED      11u
#define SBI_PMU_FW_SFENCE_VMA_ASID_SENT     12u
#define SBI_PMU_FW_SFENCE_VMA_ASID_RECEIVED 13u
#define SBI_PMU_FW_HFENCE_GVMA_SENT         14u /* the first of those for the H extension */

#define SBI_PMU_CFG_SKIP_MATCH  (1ull << 0)
#define SBI_PMU_CFG_CLEAR_VALUE (1ull << 1)
#define SBI_PMU_CFG_AUTO_START  (1ull << 2)
#define SBI_PMU_CFG_SET_VUINH   (1ull << 3) /* this and those below: not to count in VU-mode, ... */
#define SBI_PMU_CFG_SET_VSINH   (1ull << 4)
#define SBI_PMU_CFG_SET_UINH    (1ull << 5)
#define SBI_PMU_CFG_SET_SINH    (1ull << 6)
#define SBI_PMU_CFG_SET_MINH    (1ull << 7)
#define SBI_PMU_CFG_FLAGS       0xffull

#define SBI_PMU_START_SET_INIT_VALUE (1ull << 0)
#define SBI_PMU_START_INIT_SNAPSHOT  (1ull << 1)
#define SBI_PMU_START_FLAGS          0x3ull

#define SBI_PMU_STOP_RESET         (1ull << 0)
#define SBI_PMU_STOP_TAKE_SNAPSHOT (1ull << 1)
#define SBI_PMU_STOP_FLAGS         0x3ull

#define SBI_PMU_SNAPSHOT_SIZE 4096

#define SBI_SSE_READ_ATTRS  0
#define SBI_SSE_WRITE_ATTRS 1
#define SBI_SSE_REGISTER    2
#define SBI_SSE_UNREGISTER  3
#define SBI_SSE_ENABLE      4
#define SBI_SSE_DISABLE     5
#define SBI_SSE_COMPLETE    6
#define SBI_SSE_INJECT      7
#define SBI_SSE_HART_UNMASK 8
#define SBI_SSE_HART_MASK   9

#define SBI_SSE_LOCAL_RAS_HIGH  0x00000000u
#define SBI_SSE_DOUBLE_TRAP     0x00000001u
#define SBI_SSE_GLOBAL_RAS_HIGH 0x00008000u
#define SBI_SSE_PMU_OVERFLOW    0x00010000u
#define SBI_SSE_LOCAL_RAS_LOW   0x00100000u
#define SBI_SSE_GLOBAL_RAS_LOW  0x00108000u
#define SBI_SSE_LOCAL_SOFTWARE  0xffff0000u
#define SBI_SSE_GLOBAL_SOFTWARE 0xffff8000u

#define SBI_SSE_UNUSED     0
#define SBI_SSE_REGISTERED 1
#define SBI_SSE_ENABLED    2
#define SBI_SSE_RUNNING    3

#define SBI_SSE_ATTR_STATUS            0
#define SBI_SSE_ATTR_PRIORITY          1
#define SBI_SSE_ATTR_CONFIG            2
#define SBI_SSE_ATTR_PREFERRED_HART    3
#define SBI_SSE_ATTR_ENTRY_PC          4
#define SBI_SSE_ATTR_ENTRY_ARG         5
#define SBI_SSE_ATTR_INTERRUPTED_SEPC  6
#define SBI_SSE_ATTR_INTERRUPTED_FLAGS 7
#define SBI_SSE_ATTR_INTERRUPTED_A6    8
#define SBI_SSE_ATTR_INTERRUPTED_A7    9
#define SBI_SSE_ATTRS                  10 /* from here on reserved */

#define SBI_SSE_STATUS_PENDING    (1ull << 2)
#define SBI_SSE_STATUS_INJECTABLE (1ull << 3)

#define SBI_SSE_CONFIG_ONE_SHOT (1ull << 0)

#define SBI_SSE_FLAG_SPP   (1ull << 0)
#define SBI_SSE_FLAG_SPIE  (1ull << 1)
#define SBI_SSE_FLAG_SPELP (1ull << 4)
#define SBI_SSE_FLAG_SDT   (1ull << 5)

#endif
