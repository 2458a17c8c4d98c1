/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controllers of S-mode: PLIC, or APLIC with or without IMSIC.
 * A machine of several sockets has several PLICs or APLICs; the one that the
 * console is wired to counts, else the first that reaches one of the harts.
 */
#include <libfdt.h>
#include <string.h>

#include "config/machine_parts.h"

#define COUNT(array) ((unsigned)(sizeof(array) / sizeof((array)[0])))

#define SOURCES_MAX 1023 /* of a PLIC and of an APLIC */

#define PLIC_CONTEXT_BASE   0x200000ull
#define PLIC_CONTEXT_STRIDE 0x1000ull
#define PLIC_CONTEXTS_MAX   15872

#define APLIC_IDC_BASE   0x4000ull
#define APLIC_IDC_STRIDE 32ull
#define APLIC_HARTS_MAX  16384 /* a Hart Index has 14 bits */

#define INTERRUPT_S_EXTERNAL 9

static int node_of(const struct dt_walk *walk)
{
	return walk->node[walk->depth];
}

/*
 * The index in hart[] of the hart whose S-mode external interrupt is entry `i` of
 * interrupts-extended; -1: none of ours. A hart's controller takes one cell (riscv,cpu-intc
 * binding), so the property is a list of pairs.
 */
static int hart_at(struct machine_reader *r, const fdt32_t *pairs, int i)
{
	uint32_t intc = fdt32_ld(pairs + 2 * i);

	if (!intc || fdt32_ld(pairs + 2 * i + 1) != INTERRUPT_S_EXTERNAL)
		return -1;
	for (unsigned hart = 0; hart < r->out->n_harts; hart++)
		if (r->intc[hart] == intc)
			return (int)hart;
	return -1;
}

bool machine_irq_harts(
	struct machine_reader *r, int node, uint64_t limit, uint32_t number[MACHINE_HARTS_MAX])
{
	int len = 0;
	const fdt32_t *pairs = fdt_getprop(r->fdt, node, "interrupts-extended", &len);
	bool any = false;

	memset(number, 0xff, MACHINE_HARTS_MAX * sizeof(number[0]));
	for (int i = 0; pairs && i < len / 8 && (uint64_t)i < limit; i++) {
		int hart = hart_at(r, pairs, i);

		if (hart < 0 || number[hart] != MACHINE_NO_CONTEXT)
			continue;
		number[hart] = (uint32_t)i;
		any = true;
	}
	return any;
}

/* How many entries of `stride` bytes, at most `max`, has a range of `size` bytes from `base` on? */
static uint64_t entries(uint64_t size, uint64_t base, uint64_t stride, uint64_t max)
{
	uint64_t n = size > base ? (size - base) / stride : 0;

	return n < max ? n : max;
}

/* Is there one already, and is it not this one that the console is wired to? */
static bool is_taken(const struct machine_reader *r, struct machine_range old, uint32_t phandle)
{
	return old.size && (!phandle || phandle != r->uart_parent);
}

/* ---- PLIC ---- */

static void read_plic(struct machine_reader *r, const struct dt_walk *walk)
{
	struct machine *m = r->out;
	int node = node_of(walk);
	uint32_t context[MACHINE_HARTS_MAX], phandle = fdt_get_phandle(r->fdt, node);
	unsigned sources = dt_u32(r->fdt, node, "riscv,ndev", 0);
	struct machine_range reg;

	if (is_taken(r, m->plic, phandle) || !sources || sources > SOURCES_MAX)
		return;
	if (!dt_walk_reg(walk, 0, &reg))
		return;
	if (!machine_irq_harts(r, node,
		    entries(reg.size, PLIC_CONTEXT_BASE, PLIC_CONTEXT_STRIDE, PLIC_CONTEXTS_MAX),
		    context))
		return;
	for (unsigned i = 0; i < m->n_harts; i++)
		m->hart[i].plic_context = context[i];
	m->plic = reg;
	m->plic_sources = sources;
	r->plic = phandle;
}

/* ---- APLIC ---- */

/* A domain of S-mode sends its MSIs to the IMSIC of S-mode, or has its own wires to the harts. */
static bool read_aplic_harts(struct machine_reader *r, int node, uint64_t size, bool *msi,
	uint32_t number[MACHINE_HARTS_MAX])
{
	uint32_t parent = dt_u32(r->fdt, node, "msi-parent", 0);

	*msi = parent != 0;
	if (!parent)
		return machine_irq_harts(r, node,
			entries(size, APLIC_IDC_BASE, APLIC_IDC_STRIDE, APLIC_HARTS_MAX), number);
	if (parent != r->imsic)
		return false;
	for (unsigned i = 0; i < r->out->n_harts; i++)
		number[i] = r->out->hart[i].imsic ? r->imsic_index[i] : MACHINE_NO_CONTEXT;
	return true;
}

static void read_aplic(struct machine_reader *r, const struct dt_walk *walk)
{
	struct machine *m = r->out;
	int node = node_of(walk);
	uint32_t number[MACHINE_HARTS_MAX], phandle = fdt_get_phandle(r->fdt, node);
	unsigned sources = dt_u32(r->fdt, node, "riscv,num-sources", 0);
	struct machine_range reg;
	bool msi;

	if (is_taken(r, m->aplic, phandle) || !sources || sources > SOURCES_MAX)
		return;
	if (!dt_walk_reg(walk, 0, &reg) || reg.size < APLIC_IDC_BASE ||
		!read_aplic_harts(r, node, reg.size, &msi, number))
		return;
	for (unsigned i = 0; i < m->n_harts; i++)
		m->hart[i].aplic_hart = number[i];
	m->aplic = reg;
	m->aplic_sources = sources;
	m->aplic_msi = msi;
	r->aplic = phandle;
}

/* ---- all of them ---- */

static enum machine_irqchip uart_irqchip(const struct machine_reader *r)
{
	uint32_t parent = r->uart_parent, irq = r->out->uart_irq;

	if (!parent || !irq)
		return MACHINE_IRQCHIP_NONE;
	if (parent == r->plic && irq <= r->out->plic_sources)
		return MACHINE_IRQCHIP_PLIC;
	if (parent == r->aplic && irq <= r->out->aplic_sources)
		return MACHINE_IRQCHIP_APLIC;
	return MACHINE_IRQCHIP_NONE;
}

static enum machine_irqchip irqchip(const struct machine *m)
{
	if (m->uart_irqchip != MACHINE_IRQCHIP_NONE)
		return m->uart_irqchip;
	if (m->plic.size)
		return MACHINE_IRQCHIP_PLIC;
	return m->aplic.size ? MACHINE_IRQCHIP_APLIC : MACHINE_IRQCHIP_NONE;
}

void machine_irq_read(struct machine_reader *r)
{
	static const struct machine_driver drivers[] = {
		{"sifive,plic-1.0.0", read_plic},
		{"riscv,plic0", read_plic},
		{"thead,c900-plic", read_plic},
		{"riscv,aplic", read_aplic},
	};

	machine_match(r, drivers, COUNT(drivers));
	r->out->uart_irqchip = uart_irqchip(r);
	/* With another interrupt controller the number means something else. */
	if (r->out->uart_irqchip == MACHINE_IRQCHIP_NONE)
		r->out->uart_irq = 0;
	r->out->irqchip = irqchip(r->out);
}
