/* SPDX-License-Identifier: MIT */
/*
 * A configuration of arbitrary bytes in a sound bundle. What is accepted obeys
 * every bound that the rest of Vesper relies on.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/vm_config.h"
#include "lib/addr.h"
#include "tests/unit/fit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_device(const struct vm_device *d)
{
	if (d->kind == VM_DEVICE_FS &&
		(!d->tag[0] || !d->image.size || !d->arena_size || d->arena_size % KIB(4)))
		abort();
}

static void check(const struct vm_spec *spec)
{
	uint64_t header[3];

	if (!memchr(spec->name, 0, VM_NAME_MAX) || !memchr(spec->bootargs, 0, VM_BOOTARGS_MAX))
		abort();
	if (!spec->memory || spec->memory % MIB(2) || !spec->vcpus || spec->vcpus > VM_VCPUS_MAX)
		abort();
	memcpy(header, spec->kernel.data, sizeof(header));
	if (header[1] + header[2] + spec->initrd.size > spec->memory)
		abort();
	if (spec->n_devices > VM_DEVICES_MAX)
		abort();
	for (unsigned i = 0; i < spec->n_devices; i++)
		check_device(&spec->devices[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t kernel[16] = {0, 0x200000, 0x1000000, 0, 0, 0, 0, 0x05435352};
	static const uint8_t root[1032] = {[1024] = 0xe2, 0xe1, 0xf5, 0xe0};
	static struct vm_spec spec;
	struct config_error error = {""};
	struct bundle bundle;
	size_t fit_size;
	const struct fit_image images[] = {
		{"kernel", kernel, sizeof(kernel)},
		{"root", root, sizeof(root)},
		{"initramfs", root, 8},
		{"config", data, size},
	};
	void *fit = fit_make(images, 4, 0, &fit_size);

	if (size && bundle_open(&bundle, fit, fit_size, &error) != OK)
		abort();
	if (size && vm_config_read(&bundle, &spec, &error) == OK)
		check(&spec);
	else if (size && !error.text[0])
		abort();
	free(fit);
	return 0;
}
