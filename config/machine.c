/* SPDX-License-Identifier: MIT */
/*
 * The order of reading, and /chosen. The firmware is trusted to mean well but
 * not to be right: the tree is checked as a whole before anything is read.
 */
#include "config/machine.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "config/machine_parts.h"

static void copy_string(
	const struct machine_reader *r, int node, const char *name, char *buf, size_t size)
{
	const char *value = dt_string(r->fdt, node, name);

	if (value)
		snprintf(buf, size, "%s", value);
}

static void read_rng_seed(struct machine_reader *r, int chosen)
{
	struct machine *m = r->out;
	int len;
	const void *seed = fdt_getprop(r->fdt, chosen, "rng-seed", &len);

	if (!seed)
		return;
	m->rng_seed_len = (unsigned)len < sizeof(m->rng_seed) ? (unsigned)len : sizeof(m->rng_seed);
	memcpy(m->rng_seed, seed, m->rng_seed_len);
}

static void read_chosen(struct machine_reader *r)
{
	struct machine *m = r->out;
	int chosen = fdt_path_offset(r->fdt, "/chosen");
	uint64_t start, end;

	if (chosen < 0)
		return;
	copy_string(r, chosen, "bootargs", m->bootargs, sizeof(m->bootargs));
	read_rng_seed(r, chosen);
	if (dt_number(r->fdt, chosen, "linux,initrd-start", &start) &&
		dt_number(r->fdt, chosen, "linux,initrd-end", &end) && end > start)
		m->bundle = (struct machine_range){start, end - start};
}

enum status machine_parse(
	const void *fdt, uint64_t boot_hart_id, struct machine *out, struct config_error *err)
{
	struct machine_reader r = {
		.fdt = fdt, .boot_hart_id = boot_hart_id, .out = out, .err = err};
	int broken = dt_check(fdt, fdt_totalsize(fdt));
	enum status status;

	memset(out, 0, sizeof(*out));
	if (broken) {
		config_error_set(err, "damaged (%s)", fdt_strerror(broken));
		return ERR_INVALID;
	}
	copy_string(&r, 0, "model", out->model, sizeof(out->model));
	status = machine_memory_read(&r);
	if (status == OK)
		status = machine_cpu_read(&r);
	if (status != OK)
		return status;
	read_chosen(&r);
	machine_devices_read(&r);
	machine_irq_read(&r);
	machine_bus_read(&r);
	return OK;
}
