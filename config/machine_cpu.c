/* SPDX-License-Identifier: MIT */
/*
 * /cpus. A vCPU may run on any hart, so what counts is what all of them have.
 * A hart without H (the small core that some chips keep for monitoring) is of
 * no use and left out, unless the boot hart has none either: that is then
 * said by who needs it.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "config/machine_parts.h"

/* Narrowest first; a hart that names none of them counts as narrower still. */
static const char *const mmu_types[] = {"", "riscv,sv39", "riscv,sv48", "riscv,sv57"};

#define MMU_TYPES (sizeof(mmu_types) / sizeof(mmu_types[0]))

struct cpu {
	uint64_t id;
	struct isa isa;
	unsigned mmu; /* index in mmu_types */
	uint32_t intc;
};

static bool is_cpu(const void *fdt, int node)
{
	const char *type = dt_string(fdt, node, "device_type");

	return type && !strcmp(type, "cpu") && dt_okay(fdt, node);
}

/* The list is the newer form and the more exact one: the string can't say what it leaves out. */
static void read_isa(const void *fdt, int node, struct isa *isa)
{
	int n = fdt_stringlist_count(fdt, node, "riscv,isa-extensions");
	const char *string = dt_string(fdt, node, "riscv,isa");

	if (n <= 0 && string)
		isa_parse_string(isa, string);
	if (n > 0) {
		const char *name = fdt_getprop(fdt, node, "riscv,isa-extensions", NULL);

		for (; n--; name += strlen(name) + 1)
			isa_add_name(isa, name);
	}
	isa->cbom_block = dt_u32(fdt, node, "riscv,cbom-block-size", 0);
	isa->cboz_block = dt_u32(fdt, node, "riscv,cboz-block-size", 0);
	isa->cbop_block = dt_u32(fdt, node, "riscv,cbop-block-size", 0);
}

static unsigned read_mmu(const void *fdt, int node)
{
	const char *name = dt_string(fdt, node, "mmu-type");

	for (unsigned i = MMU_TYPES - 1; name && i; i--)
		if (!strcmp(name, mmu_types[i]))
			return i;
	return 0;
}

static uint32_t find_intc(const void *fdt, int cpu)
{
	int node;

	fdt_for_each_subnode(node, fdt, cpu)
	{
		if (dt_compatible(fdt, node, "riscv,cpu-intc"))
			return fdt_get_phandle(fdt, node);
	}
	return 0;
}

static void read_cpu(const void *fdt, int node, uint64_t id, struct cpu *out)
{
	*out = (struct cpu){.id = id, .mmu = read_mmu(fdt, node), .intc = find_intc(fdt, node)};
	read_isa(fdt, node, &out->isa);
}

/* The next enabled hart behind `node` (-1: the first) and its ID; -1: no more. */
static int next_cpu(const void *fdt, int cpus, int node, uint64_t *id)
{
	struct machine_range reg;

	do {
		node = node < 0 ? fdt_first_subnode(fdt, cpus) : fdt_next_subnode(fdt, node);
	} while (node >= 0 && (!is_cpu(fdt, node) || !dt_reg_of(fdt, cpus, node, 0, &reg)));
	if (node >= 0)
		*id = reg.base;
	return node;
}

/* Its node, or -1. Without it nothing is known: it is the hart that Vesper runs on. */
static int find_boot_cpu(struct machine_reader *r, int cpus)
{
	uint64_t id;
	int node = -1;

	while (cpus >= 0 && (node = next_cpu(r->fdt, cpus, node, &id)) >= 0)
		if (id == r->boot_hart_id)
			return node;
	config_error_set(r->err,
		"no enabled cpu with reg = <%lu>, the hart that Vesper was started on",
		(unsigned long)r->boot_hart_id);
	return -1;
}

static enum status read_timebase(struct machine_reader *r, int cpus, int boot_cpu)
{
	uint64_t *hz = &r->out->timebase_hz;

	if (dt_number(r->fdt, cpus, "timebase-frequency", hz) && *hz)
		return OK;
	if (dt_number(r->fdt, boot_cpu, "timebase-frequency", hz) && *hz)
		return OK;
	config_error_set(r->err, "no timebase-frequency in /cpus");
	return ERR_INVALID;
}

static bool is_known(const struct machine *m, uint64_t id)
{
	for (unsigned i = 0; i < m->n_harts; i++)
		if (m->hart[i].id == id)
			return true;
	return false;
}

static enum status add_cpu(struct machine_reader *r, const struct cpu *cpu)
{
	struct machine *m = r->out;

	if (m->n_harts == MACHINE_HARTS_MAX) {
		config_error_set(r->err, "more than %u harts", MACHINE_HARTS_MAX);
		return ERR_INVALID;
	}
	if (cpu->id == r->boot_hart_id)
		m->boot_hart = m->n_harts;
	r->intc[m->n_harts] = cpu->intc;
	m->hart[m->n_harts++] = (struct machine_hart){
		.id = cpu->id,
		.plic_context = MACHINE_NO_CONTEXT,
		.aplic_hart = MACHINE_NO_CONTEXT,
	};
	isa_intersect(&m->isa, &cpu->isa);
	return OK;
}

/* The boot hart may be any of them in the tree's order. */
static enum status read_harts(struct machine_reader *r, int cpus, const struct cpu *boot)
{
	struct machine *m = r->out;
	enum status status = OK;
	unsigned mmu = boot->mmu;
	struct cpu cpu;
	int node = -1;

	m->isa = boot->isa;
	while (status == OK && (node = next_cpu(r->fdt, cpus, node, &cpu.id)) >= 0) {
		if (cpu.id == boot->id)
			cpu = *boot;
		else
			read_cpu(r->fdt, node, cpu.id, &cpu);
		if (is_known(m, cpu.id))
			continue;
		if (isa_has(&boot->isa, ISA_H) && !isa_has(&cpu.isa, ISA_H))
			continue;
		status = add_cpu(r, &cpu);
		mmu = cpu.mmu < mmu ? cpu.mmu : mmu;
	}
	snprintf(m->mmu_type, sizeof(m->mmu_type), "%s", mmu_types[mmu]);
	return status;
}

enum status machine_cpu_read(struct machine_reader *r)
{
	int cpus = fdt_path_offset(r->fdt, "/cpus");
	int boot_cpu = find_boot_cpu(r, cpus);
	struct cpu boot;

	if (boot_cpu < 0 || read_timebase(r, cpus, boot_cpu) != OK)
		return ERR_INVALID;
	read_cpu(r->fdt, boot_cpu, r->boot_hart_id, &boot);
	return read_harts(r, cpus, &boot);
}
