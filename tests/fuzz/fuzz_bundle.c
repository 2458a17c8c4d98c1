/* SPDX-License-Identifier: MIT */
/* A bundle of arbitrary bytes: whatever is found lies inside of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/bundle.h"
#include "lib/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void touch(const struct bundle *b, struct blob blob)
{
	const uint8_t *bytes = blob.data;

	if (!range_inside((uintptr_t)blob.data, blob.size, (uintptr_t)b->fit, b->size))
		abort();
	if (!blob.size)
		abort();
	sink = bytes[0];
	sink = bytes[blob.size - 1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"kernel", "config", "root", "initramfs", "", "a/b"};
	struct config_error error = {""};
	struct bundle bundle;
	struct blob blob;
	uint8_t *fit = aligned_alloc(8, (size + 8) & ~(size_t)7);

	memcpy(fit, data, size);
	if (bundle_open(&bundle, fit, size, &error) == OK) {
		touch(&bundle, bundle.config);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (bundle_find(&bundle, names[i], &blob, &error) == OK)
				touch(&bundle, blob);
	} else if (!error.text[0]) {
		abort();
	}
	free(fit);
	return 0;
}
