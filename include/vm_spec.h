/* SPDX-License-Identifier: MIT */
/*
 * The immutable description of one VM. config/vm_spec.c makes it from the
 * configuration device tree and checks every value once; everyone else reads.
 */
#ifndef VESPER_VM_SPEC_H
#define VESPER_VM_SPEC_H

#include <stddef.h>
#include <stdint.h>

#define VM_NAME_MAX     32   /* bytes, with the NUL */
#define VM_BOOTARGS_MAX 1024 /* bytes, with the NUL */
#define VM_TAG_MAX      36   /* bytes of a virtio-fs tag (virtio 1.2, 5.11.4); no NUL needed */
#define VM_DEVICES_MAX  8
#define VM_VCPUS_MAX    1

/* Guest-physical map, the same as QEMU's `virt` machine. */
#define GUEST_RAM_BASE      0x80000000ull
#define GUEST_PLIC_BASE     0x0c000000ull
#define GUEST_PLIC_SIZE     0x00600000ull
#define GUEST_FINISHER_BASE 0x00100000ull
#define GUEST_FINISHER_SIZE 0x1000ull
#define GUEST_RTC_BASE      0x00101000ull
#define GUEST_RTC_SIZE      0x1000ull
#define GUEST_RTC_IRQ       11 /* as in the device tree; it never comes */
#define GUEST_VIRTIO_BASE \
	0x10001000ull /* device i at + i * GUEST_VIRTIO_SIZE, PLIC source 1 + i \
					  */
#define GUEST_VIRTIO_SIZE  0x1000ull
#define GUEST_VIRTIO_IRQ   1
#define GUEST_PLIC_SOURCES 96 /* source 0 means "none" */

/* Read-only bytes that outlive the VM (a component of the bundle, used in place). */
struct blob {
	const void *data;
	size_t size; /* 0: absent */
};

enum vm_device_kind {
	VM_DEVICE_CONSOLE, /* virtio-console, hvc0 */
	VM_DEVICE_FS,      /* virtio-fs over an image */
};

struct vm_device {
	enum vm_device_kind kind;
	unsigned port;        /* the host port it talks to: VM_DEVICE_CONSOLE */
	char tag[VM_TAG_MAX]; /* VM_DEVICE_FS: NUL-padded */
	struct blob image;    /* VM_DEVICE_FS: an EROFS image */
	uint64_t
		arena_size; /* VM_DEVICE_FS: bytes for what the guest writes; a multiple of 4 KiB */
};

struct vm_spec {
	char name[VM_NAME_MAX];
	uint64_t memory; /* bytes of RAM at GUEST_RAM_BASE; a multiple of 2 MiB */
	unsigned vcpus;  /* 1..VM_VCPUS_MAX */
	char bootargs[VM_BOOTARGS_MAX];
	struct blob kernel; /* a RISC-V Linux Image */
	struct blob initrd;
	unsigned n_devices;
	struct vm_device devices[VM_DEVICES_MAX];
};

#endif
