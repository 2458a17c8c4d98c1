/* SPDX-License-Identifier: MIT */
/*
 * A configuration of arbitrary bytes in a sound bundle. What is accepted obeys
 * every bound that the rest of Vesper relies on.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/vm_config.h"
#include "config/vm_layout.h"
#include "lib/addr.h"
#include "tests/unit/elf_file.h"
#include "tests/unit/fit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_device(const struct vm_device *d)
{
	if (d->kind == VM_DEVICE_FS &&
		(!d->tag[0] || !d->image.size || !d->arena_size || d->arena_size % KIB(4)))
		abort();
}

static void check_disk(const struct vm_device *d)
{
	const struct vm_disk *disk = &d->disk;

	if (!memchr(disk->disk, 0, VM_LABEL_MAX) || !memchr(disk->partition, 0, VM_LABEL_MAX) ||
		disk->queues > VM_QUEUES_MAX)
		abort();
	if ((disk->source == VM_DISK_IMAGE) != (d->image.size != 0) || d->image.size % 512 ||
		d->arena_size % KIB(4))
		abort();
	if ((disk->source == VM_DISK_IMAGE) == (disk->disk[0] != 0))
		abort();
	if (disk->source == VM_DISK_PARTITION && !disk->partition[0] == !disk->number)
		abort();
	if (disk->source == VM_DISK_RANGE && (!disk->size || (disk->offset | disk->size) % 512 ||
						     disk->offset + disk->size < disk->size))
		abort();
}

static void check_net(const struct vm_net *net)
{
	static const uint8_t none[6];

	if (!net->network[0] || !memchr(net->network, 0, VM_LABEL_MAX) ||
		net->queues > VM_QUEUES_MAX || net->mac[0] & 1 || !memcmp(net->mac, none, 6))
		abort();
}

/* Ports differ, and so do addresses. */
static void check_devices(const struct vm_spec *spec)
{
	if (spec->n_devices > (spec->transport == VM_TRANSPORT_MMIO ? VM_MMIO_MAX : VM_DEVICES_MAX))
		abort();
	for (unsigned i = 0; i < spec->n_devices; i++) {
		const struct vm_device *d = &spec->devices[i];

		if (d->port != (d->kind == VM_DEVICE_CONSOLE ? GUEST_UART_PORT : i + 1))
			abort();
		if (d->kind == VM_DEVICE_DISK)
			check_disk(d);
		if (d->kind == VM_DEVICE_NET)
			check_net(&d->net);
		if (d->kind == VM_DEVICE_VSOCK && (d->cid < 3 || d->cid == UINT32_MAX))
			abort();
		for (unsigned j = 0; j < i; j++)
			if (d->kind == VM_DEVICE_NET && spec->devices[j].kind == VM_DEVICE_NET &&
				!memcmp(d->net.mac, spec->devices[j].net.mac, 6))
				abort();
	}
}

static void check_networks(const struct bundle *bundle)
{
	struct config_error error = {""};
	struct vm_network network;
	enum status status;

	for (unsigned i = 0;
		(status = vm_config_network(bundle, i, &network, &error)) != ERR_NOT_FOUND; i++) {
		if (status == OK && (!network.name[0] || !memchr(network.name, 0, VM_LABEL_MAX) ||
					    !memchr(network.uplink, 0, VM_LABEL_MAX)))
			abort();
		if (status != OK && !error.text[0])
			abort();
	}
}

static void check_harts(const struct vm_spec *spec)
{
	if (spec->n_harts > VM_HARTS_MAX)
		abort();
	for (unsigned i = 0; i < spec->n_harts; i++)
		for (unsigned j = 0; j < i; j++)
			if (spec->harts[i] == spec->harts[j])
				abort();
	if (spec->dedicated && spec->n_harts < spec->vcpus)
		abort();
	if (!spec->weight || spec->weight > 10000 || spec->irqchip > VM_IRQCHIP_AIA)
		abort();
}

static bool apart(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a + a_size <= b || b + b_size <= a;
}

/* All that the loader would place is in RAM, and apart. */
static void check_layout(const struct vm_spec *spec)
{
	struct vm_layout l;
	struct elf_segment piece;
	bool entered = false;
	unsigned i = 0;

	if (vm_layout(spec, &l) != OK || l.needed > spec->memory || l.fdt % MIB(2) ||
		l.initrd % KIB(4))
		abort();
	if (!range_inside(l.fdt, l.fdt_size, GUEST_RAM_BASE, spec->memory) ||
		!range_inside(l.initrd, spec->initrd.size, GUEST_RAM_BASE, spec->memory) ||
		!apart(l.fdt, l.fdt_size, l.initrd, spec->initrd.size))
		abort();
	for (; vm_layout_kernel(spec, i, &piece); i++) {
		if (!range_inside(piece.addr, piece.size, GUEST_RAM_BASE, spec->memory) ||
			!apart(piece.addr, piece.size, l.fdt, l.fdt_size) ||
			!apart(piece.addr, piece.size, l.initrd, spec->initrd.size))
			abort();
		entered = entered || range_inside(l.entry, 1, piece.addr, piece.size);
	}
	if (!i || !entered)
		abort();
}

static void check(const struct vm_spec *spec)
{
	if (!spec->name[0] || !memchr(spec->name, 0, VM_NAME_MAX) ||
		!memchr(spec->bootargs, 0, VM_BOOTARGS_MAX))
		abort();
	if (!spec->memory || spec->memory % MIB(2) || !spec->vcpus || spec->vcpus > VM_VCPUS_MAX)
		abort();
	check_devices(spec);
	for (unsigned i = 0; i < spec->n_devices; i++)
		check_device(&spec->devices[i]);
	check_harts(spec);
	check_layout(spec);
}

static void check_all(const struct bundle *bundle)
{
	static struct vm_spec spec;
	struct config_error error = {""};
	unsigned n;

	if (vm_config_count(bundle, &n, &error) != OK) {
		if (!error.text[0])
			abort();
		return;
	}
	check_networks(bundle);
	/* One more than there are. */
	for (unsigned i = 0; i <= n; i++) {
		error.text[0] = 0;
		if (vm_config_read(bundle, i, &spec, &error) == OK) {
			if (i == n)
				abort();
			check(&spec);
		} else if (!error.text[0]) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t kernel[16] = {0, 0x200000, 0x1000000, 0, 0, 0, 0, 0x05435352};
	static const uint8_t root[1032] = {[1024] = 0xe2, 0xe1, 0xf5, 0xe0};
	static struct elf_file elf;
	struct config_error error = {""};
	struct bundle bundle;
	size_t fit_size;

	elf_file_make(&elf, 0x80200000,
		(const struct elf_file_segment[]){{1, 0x80200000, 0x80200000, 0x300000, 8}}, 1);
	const struct fit_image images[] = {
		{"kernel", kernel, sizeof(kernel)},
		{"root", root, sizeof(root)},
		{"elf", elf.bytes, elf.size},
		{"initramfs", root, 8},
		{"config", data, size},
	};
	void *fit = fit_make(images, 5, 0, &fit_size);

	if (size) {
		if (bundle_open(&bundle, fit, fit_size, &error) != OK)
			abort();
		check_all(&bundle);
	}
	free(fit);
	return 0;
}
