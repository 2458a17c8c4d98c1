/* SPDX-License-Identifier: MIT */
/*
 * A walk over the tree with a table of what is looked for. A device that lacks
 * something Vesper needs counts as absent: who needs the device says so.
 */
#include <libfdt.h>
#include <string.h>

#include "config/machine_parts.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

static void match(struct machine_reader *r, const struct dt_walk *walk,
	const struct machine_driver *drivers, unsigned n)
{
	int node = walk->node[walk->depth], len;
	const char *names = fdt_getprop(r->fdt, node, "compatible", &len);

	for (unsigned i = 0; names && i < n; i++) {
		if (fdt_stringlist_contains(names, len, drivers[i].compatible)) {
			if (dt_okay(r->fdt, node))
				drivers[i].read(r, walk);
			return;
		}
	}
}

void machine_match(struct machine_reader *r, const struct machine_driver *drivers, unsigned n)
{
	struct dt_walk walk;

	dt_walk_start(&walk, r->fdt);
	while (dt_walk_next(&walk) >= 0)
		match(r, &walk, drivers, n);
}

/* A path is absolute or begins with an alias; ":115200n8" and the like may follow. */
static int find_stdout(const void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *path = chosen < 0 ? NULL : dt_string(fdt, chosen, "stdout-path");
	size_t len = path ? strcspn(path, ":") : 0;

	if (len && path[0] != '/') {
		int aliases = fdt_path_offset(fdt, "/aliases");
		int size = 0;

		path = aliases < 0 ? NULL
				   : fdt_getprop_namelen(fdt, aliases, path, (int)len, &size);
		if (!path || size < 2 || path[size - 1] || path[0] != '/')
			return -1;
		len = strlen(path);
	}
	return len ? fdt_path_offset_namelen(fdt, path, (int)len) : -1;
}

static void read_uart(struct machine_reader *r, const struct dt_walk *walk)
{
	struct machine *m = r->out;
	struct machine_range reg;
	int node = walk->node[walk->depth];
	unsigned shift = dt_u32(r->fdt, node, "reg-shift", 0);
	unsigned width = dt_u32(r->fdt, node, "reg-io-width", 1);
	uint32_t irq;

	if (m->uart.size && node != r->stdout_node)
		return;
	if (!dt_walk_reg(walk, 0, &reg) || shift > 3 || reg.size < 8ull << shift)
		return;
	if (width != 1 && width != 2 && width != 4)
		return;
	m->uart = reg;
	m->uart_reg_shift = shift;
	m->uart_reg_io_width = width;
	m->uart_irq = 0;
	r->uart_parent = 0;
	if (dt_walk_interrupt(walk, &r->uart_parent, &irq))
		m->uart_irq = irq;
}

/* The first of its kind. */
static void read_range(const struct dt_walk *walk, struct machine_range *out)
{
	struct machine_range reg;

	if (!out->size && dt_walk_reg(walk, 0, &reg))
		*out = reg;
}

static void read_rtc(struct machine_reader *r, const struct dt_walk *walk)
{
	read_range(walk, &r->out->rtc);
}

static void read_finisher(struct machine_reader *r, const struct dt_walk *walk)
{
	read_range(walk, &r->out->finisher);
}

void machine_devices_read(struct machine_reader *r)
{
	static const struct machine_driver drivers[] = {
		{"ns16550a", read_uart},
		{"ns16550", read_uart},
		{"snps,dw-apb-uart", read_uart},
		{"google,goldfish-rtc", read_rtc},
		{"sifive,test0", read_finisher},
		{"riscv,imsics", machine_imsic_read},
	};

	r->stdout_node = find_stdout(r->fdt);
	machine_match(r, drivers, COUNT(drivers));
}
