/* SPDX-License-Identifier: MIT */
/*
 * The one file that Vesper boots with: a FIT (flattened image tree) made by
 * mkimage. Its default configuration names the VM configuration (`fdt`
 * property); components are found by their image node's name and used in place.
 */
#ifndef VESPER_CONFIG_BUNDLE_H
#define VESPER_CONFIG_BUNDLE_H

#include "config/config_error.h"
#include "include/status.h"
#include "include/vm_spec.h"

struct bundle {
	const void *fit;
	size_t size;
	struct blob config; /* the VM configuration, a flattened device tree */
};

/* ERR_INVALID with err->text: no FIT, cut short, no default configuration, or one without `fdt`. */
MUST_CHECK enum status bundle_open(
	struct bundle *b, const void *data, size_t size, struct config_error *err);

/* The component called `name`: embedded `data`, or external `data-offset`/`data-position` +
 * `data-size`. */
MUST_CHECK enum status bundle_find(
	const struct bundle *b, const char *name, struct blob *out, struct config_error *err);

#endif
