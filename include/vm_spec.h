/* SPDX-License-Identifier: MIT */
/*
 * The immutable description of one VM. config/vm_spec.c makes it from the
 * configuration device tree and checks every value once; everyone else reads.
 */
#ifndef VESPER_VM_SPEC_H
#define VESPER_VM_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VM_WHERE_MAX    112  /* bytes, with the NUL */
#define VM_NAME_MAX     32   /* bytes, with the NUL */
#define VM_BOOTARGS_MAX 1024 /* bytes, with the NUL */
#define VM_TAG_MAX      36   /* bytes of a virtio-fs tag (virtio 1.2, 5.11.4); no NUL needed */
#define VM_DEVICES_MAX  16
#define VM_MMIO_MAX     8  /* of them with the transport MMIO: as many windows there are */
#define VM_LABEL_MAX    72 /* bytes of a disk's, a partition's or a network's name, with the NUL */
#define VM_QUEUES_MAX   8  /* of a disk; pairs of a network */
#define VM_VCPUS_MAX    64
#define VM_HARTS_MAX    128 /* harts that a VM may be bound to: all that a machine has */
#define VM_WEIGHT       100 /* of a VM whose configuration gives none */

/* Guest-physical map, the same as QEMU's `virt` machine. */
#define GUEST_RAM_BASE      0x80000000ull
#define GUEST_PLIC_BASE     0x0c000000ull
#define GUEST_PLIC_SIZE     0x00600000ull
#define GUEST_FINISHER_BASE 0x00100000ull
#define GUEST_FINISHER_SIZE 0x1000ull
#define GUEST_RTC_BASE      0x00101000ull
#define GUEST_RTC_SIZE      0x1000ull
#define GUEST_RTC_IRQ       11
#define GUEST_VIRTIO_BASE \
	0x10001000ull /* device i at + i * GUEST_VIRTIO_SIZE, PLIC source 1 + i \
					  */
#define GUEST_VIRTIO_SIZE  0x1000ull
#define GUEST_VIRTIO_IRQ   1
#define GUEST_PLIC_SOURCES 96            /* source 0 means "none" */
#define GUEST_UART_BASE    0x10000000ull /* ns16550a, 3.6864 MHz */
#define GUEST_UART_SIZE    0x100ull
#define GUEST_UART_IRQ     10
#define GUEST_UART_PORT    0 /* the VM's console, which it shares with virtio-console and SBI */

/* The PCI Express host bridge: bus 0 only, device i at slot 1 + i, its INTA source GUEST_PCI_IRQ + i. */
#define GUEST_ECAM_BASE 0x30000000ull
#define GUEST_ECAM_SIZE 0x00100000ull
#define GUEST_PCI_BASE  0x40000000ull /* window for BARs */
#define GUEST_PCI_SIZE  0x40000000ull
#define GUEST_PCI_IRQ   32

/* The AIA machine: the S-level APLIC and IMSIC of QEMU's `virt`; no M-level parts. */
#define GUEST_APLIC_BASE    0x0d000000ull
#define GUEST_APLIC_SIZE    0x8000ull
#define GUEST_APLIC_SOURCES 96            /* as GUEST_PLIC_SOURCES; the numbers are the same */
#define GUEST_IMSIC_BASE    0x28000000ull /* one page for each vCPU, in order */
#define GUEST_IMSIC_IDS     255           /* highest interrupt identity */

/* Read-only bytes that outlive the VM (a component of the bundle, used in place). */
struct blob {
	const void *data;
	size_t size; /* 0: absent */
};

enum vm_device_kind {
	VM_DEVICE_CONSOLE, /* virtio-console, hvc0 */
	VM_DEVICE_FS,      /* virtio-fs over an image */
	VM_DEVICE_DISK,    /* virtio-blk */
	VM_DEVICE_NET,     /* virtio-net, a port of a switch */
	VM_DEVICE_RNG,     /* virtio-rng */
	VM_DEVICE_BALLOON, /* virtio-balloon */
	VM_DEVICE_VSOCK,   /* virtio-vsock */
};

/* What a disk's data is. */
enum vm_disk_source {
	VM_DISK_WHOLE, /* all of the machine's disk `disk` */
	VM_DISK_PARTITION, /* the GPT partition of it that has the name `partition`, or `number` where that is empty */
	VM_DISK_RANGE, /* `size` bytes of it from `offset` on */
	VM_DISK_IMAGE, /* vm_device.image, with what is written kept in arena_size bytes of memory */
};

struct vm_disk {
	enum vm_disk_source source;
	char disk[VM_LABEL_MAX]; /* the serial of the machine's disk, or "disk0", "disk1", ... */
	char partition[VM_LABEL_MAX]; /* UTF-8 */
	unsigned number;              /* from 1 */
	uint64_t offset, size;        /* bytes, multiples of 512 */
	bool read_only;
	char serial[20]; /* what the guest is told by get-id; NUL-padded; "": VM and device index */
	unsigned
		queues; /* 1..VM_QUEUES_MAX; 0: as many as the VM has vCPUs, VM_QUEUES_MAX at most */
};

struct vm_net {
	char network[VM_LABEL_MAX]; /* the switch */
	uint8_t mac[6];  /* all 0 in the configuration: chosen by vm_config, 52:54:00:... */
	unsigned queues; /* pairs, as above; 0: 1 */
};

struct vm_device {
	enum vm_device_kind kind;
	unsigned
		port; /* the host port it talks to: GUEST_UART_PORT for the console, 1 + its index for others */
	char tag[VM_TAG_MAX]; /* VM_DEVICE_FS: NUL-padded */
	struct blob image;    /* VM_DEVICE_FS: an EROFS image; VM_DISK_IMAGE: any */
	/* VM_DEVICE_FS: bytes for what the guest writes, in the device model. VM_DISK_IMAGE: the same, in the backend. Multiples of 4 KiB. */
	uint64_t arena_size;
	struct vm_disk disk; /* VM_DEVICE_DISK */
	struct vm_net net;   /* VM_DEVICE_NET */
	uint32_t cid;        /* VM_DEVICE_VSOCK: from 3 on, another for each VM */
	bool monitor;        /* VM_DEVICE_VSOCK: its guest may use Vesper's monitor */
};

enum vm_transport {
	VM_TRANSPORT_PCI, /* the default */
	VM_TRANSPORT_MMIO,
};

/* What the kernel component is; config/vm_spec.c tells by its header. */
enum vm_kernel {
	VM_KERNEL_IMAGE, /* a RISC-V Linux Image: at its text offset, entered at its start */
	VM_KERNEL_ELF,   /* segments at their physical addresses, entered at e_entry */
	VM_KERNEL_RAW, /* said by the configuration: at GUEST_RAM_BASE + 2 MiB, entered at its start */
};

enum vm_irqchip {
	VM_IRQCHIP_BEST, /* AIA where the host's harts have it, else PLIC */
	VM_IRQCHIP_PLIC,
	VM_IRQCHIP_AIA,
};

struct vm_spec {
	char name[VM_NAME_MAX];
	char where
		[VM_WHERE_MAX]; /* its node, after the configuration's file where that is known: for messages */
	uint64_t memory; /* bytes of RAM at GUEST_RAM_BASE; a multiple of 2 MiB */
	unsigned vcpus;  /* 1..VM_VCPUS_MAX */
	char bootargs[VM_BOOTARGS_MAX];
	enum vm_kernel kernel_kind;
	struct blob kernel;
	struct blob initrd;
	unsigned weight;              /* 1..10000: its share of the harts against other VMs */
	unsigned n_harts;             /* 0: any */
	uint32_t harts[VM_HARTS_MAX]; /* IDs of the host's harts that may run it */
	bool dedicated; /* no other VM runs on its harts; only with n_harts >= vcpus */
	bool manual;    /* not started at boot */
	enum vm_irqchip irqchip;
	enum vm_transport transport; /* of all its virtio devices */
	unsigned n_devices;
	struct vm_device devices[VM_DEVICES_MAX];
};

#endif
