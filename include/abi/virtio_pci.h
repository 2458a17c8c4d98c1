/* SPDX-License-Identifier: MIT */
/*
 * Numbers of virtio over PCI, modern (virtio 1.2, section 4.1): how a device is
 * found, the vendor capabilities that say where its registers are, and the
 * common configuration. Offsets are in bytes.
 */
#ifndef VESPER_ABI_VIRTIO_PCI_H
#define VESPER_ABI_VIRTIO_PCI_H

#define VIRTIO_PCI_VENDOR         0x1af4u
#define VIRTIO_PCI_DEVICE_BASE    0x1040u /* and the virtio device ID */
#define VIRTIO_PCI_REVISION       1u      /* of a device that is modern only */
#define VIRTIO_PCI_MSI_NO_VECTOR  0xffffu
#define VIRTIO_PCI_SUBSYSTEM_BASE 0x40u /* a subsystem ID from here on says that it is modern */

/* A vendor capability (4.1.4). */
#define VIRTIO_PCI_CAP_LEN        2  /* 8: bytes of the capability */
#define VIRTIO_PCI_CAP_CFG_TYPE   3  /* 8 */
#define VIRTIO_PCI_CAP_BAR        4  /* 8 */
#define VIRTIO_PCI_CAP_OFFSET     8  /* 32: in the BAR */
#define VIRTIO_PCI_CAP_LENGTH     12 /* 32 */
#define VIRTIO_PCI_CAP_MULTIPLIER 16 /* 32: of the notify structure */
#define VIRTIO_PCI_CAP_DATA       16 /* 32: of the configuration access window */
#define VIRTIO_PCI_CAP_SIZE       16
#define VIRTIO_PCI_CAP_SIZE_MORE  20 /* with one of the two */

#define VIRTIO_PCI_CAP_COMMON_CFG 1
#define VIRTIO_PCI_CAP_NOTIFY_CFG 2
#define VIRTIO_PCI_CAP_ISR_CFG    3
#define VIRTIO_PCI_CAP_DEVICE_CFG 4
#define VIRTIO_PCI_CAP_PCI_CFG    5

/* The common configuration (4.1.4.3); the register's width in bits. */
#define VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT 0x00 /* 32 */
#define VIRTIO_PCI_COMMON_DEVICE_FEATURE        0x04 /* 32 */
#define VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT 0x08 /* 32 */
#define VIRTIO_PCI_COMMON_DRIVER_FEATURE        0x0c /* 32 */
#define VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR    0x10 /* 16 */
#define VIRTIO_PCI_COMMON_NUM_QUEUES            0x12 /* 16 */
#define VIRTIO_PCI_COMMON_DEVICE_STATUS         0x14 /* 8 */
#define VIRTIO_PCI_COMMON_CONFIG_GENERATION     0x15 /* 8 */
#define VIRTIO_PCI_COMMON_QUEUE_SELECT          0x16 /* 16 */
#define VIRTIO_PCI_COMMON_QUEUE_SIZE            0x18 /* 16 */
#define VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR     0x1a /* 16 */
#define VIRTIO_PCI_COMMON_QUEUE_ENABLE          0x1c /* 16 */
#define VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF      0x1e /* 16 */
#define VIRTIO_PCI_COMMON_QUEUE_DESC            0x20 /* 64, as two of 32 */
#define VIRTIO_PCI_COMMON_QUEUE_DRIVER          0x28 /* 64, the same */
#define VIRTIO_PCI_COMMON_QUEUE_DEVICE          0x30 /* 64, the same */
#define VIRTIO_PCI_COMMON_QUEUE_NOTIFY_DATA     0x38 /* 16 */
#define VIRTIO_PCI_COMMON_QUEUE_RESET           0x3a /* 16 */
#define VIRTIO_PCI_COMMON_SIZE                  0x3c

#endif
