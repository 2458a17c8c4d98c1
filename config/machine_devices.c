/* SPDX-License-Identifier: MIT */
/*
 * One walk over the tree, a table of what is looked for. A device that lacks
 * something Vesper needs counts as absent: who needs the device says so.
 */
#include <libfdt.h>
#include <string.h>

#include "config/dt.h"
#include "config/machine_parts.h"

#define PLIC_SOURCES_MAX    1023
#define PLIC_CONTEXT_BASE   0x200000ull
#define PLIC_CONTEXT_STRIDE 0x1000ull

#define INTERRUPT_S_EXTERNAL 9

struct found {
	struct machine_reader *r;
	struct dt_walk walk;
	uint32_t plic_phandle;
	uint32_t uart_parent;
	int stdout_node; /* -1: none */
};

/*
 * The index in interrupts-extended is the context. A hart's controller takes one cell
 * (riscv,cpu-intc binding), so the property is a list of pairs.
 */
static bool find_context(struct machine_reader *r, int plic, unsigned *out)
{
	int len;
	const fdt32_t *pair = fdt_getprop(r->fdt, plic, "interrupts-extended", &len);

	for (int i = 0; pair && i < len / 8; i++, pair += 2) {
		if (fdt32_ld(pair) == r->boot_intc && fdt32_ld(pair + 1) == INTERRUPT_S_EXTERNAL) {
			*out = (unsigned)i;
			return true;
		}
	}
	return false;
}

static void read_plic(struct found *f, int node)
{
	struct machine *m = f->r->out;
	struct machine_range reg;
	unsigned sources = dt_u32(f->r->fdt, node, "riscv,ndev", 0);
	unsigned context;

	if (m->plic.size || !f->r->boot_intc || !sources || sources > PLIC_SOURCES_MAX)
		return;
	if (!dt_walk_reg(&f->walk, &reg) || !find_context(f->r, node, &context))
		return;
	if (reg.size < PLIC_CONTEXT_BASE + PLIC_CONTEXT_STRIDE * (context + 1))
		return;
	m->plic = reg;
	m->plic_sources = sources;
	m->plic_context = context;
	f->plic_phandle = fdt_get_phandle(f->r->fdt, node);
}

static void read_uart(struct found *f, int node)
{
	struct machine *m = f->r->out;
	struct machine_range reg;
	unsigned shift = dt_u32(f->r->fdt, node, "reg-shift", 0);
	unsigned width = dt_u32(f->r->fdt, node, "reg-io-width", 1);
	bool is_stdout = node == f->stdout_node;

	if (m->uart.size && !is_stdout)
		return;
	if (!dt_walk_reg(&f->walk, &reg) || shift > 3 || reg.size < 8ull << shift)
		return;
	if (width != 1 && width != 2 && width != 4)
		return;
	m->uart = reg;
	m->uart_reg_shift = shift;
	m->uart_reg_io_width = width;
	m->uart_irq = 0;
	f->uart_parent = 0;
	uint32_t irq;

	if (dt_walk_interrupt(&f->walk, &f->uart_parent, &irq))
		m->uart_irq = irq;
}

static void read_rtc(struct found *f, int node)
{
	(void)node;
	if (!f->r->out->rtc.size && !dt_walk_reg(&f->walk, &f->r->out->rtc))
		f->r->out->rtc = (struct machine_range){0};
}

static void read_finisher(struct found *f, int node)
{
	(void)node;
	if (!f->r->out->finisher.size && !dt_walk_reg(&f->walk, &f->r->out->finisher))
		f->r->out->finisher = (struct machine_range){0};
}

static const struct {
	const char *compatible;
	void (*read)(struct found *f, int node);
} drivers[] = {
	{"sifive,plic-1.0.0", read_plic},
	{"riscv,plic0", read_plic},
	{"thead,c900-plic", read_plic},
	{"ns16550a", read_uart},
	{"ns16550", read_uart},
	{"snps,dw-apb-uart", read_uart},
	{"google,goldfish-rtc", read_rtc},
	{"sifive,test0", read_finisher},
};

static void match(struct found *f, int node)
{
	const void *fdt = f->r->fdt;
	int len;
	const char *names = fdt_getprop(fdt, node, "compatible", &len);

	if (!names || !dt_okay(fdt, node))
		return;
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (fdt_stringlist_contains(names, len, drivers[i].compatible)) {
			drivers[i].read(f, node);
			return;
		}
	}
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

void machine_devices_read(struct machine_reader *r)
{
	struct found f = {.r = r, .stdout_node = find_stdout(r->fdt)};
	struct machine *m = r->out;
	int node;

	dt_walk_start(&f.walk, r->fdt);
	while ((node = dt_walk_next(&f.walk)) >= 0)
		match(&f, node);
	/* With another interrupt controller the number means something else. */
	if (!f.plic_phandle || f.uart_parent != f.plic_phandle || m->uart_irq > m->plic_sources)
		m->uart_irq = 0;
}
