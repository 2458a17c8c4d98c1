/* SPDX-License-Identifier: MIT */
/*
 * /cpus. All enabled harts are listed; ISA, MMU and interrupt controller are
 * the boot hart's, because it is the one that Vesper runs on.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "config/dt.h"
#include "config/machine_parts.h"

static bool is_cpu(const void *fdt, int node)
{
	const char *type = dt_string(fdt, node, "device_type");

	return type && !strcmp(type, "cpu") && dt_okay(fdt, node);
}

/* The list is the newer form and the more exact one: the string can't say what it leaves out. */
static void read_isa(struct machine_reader *r, int cpu)
{
	struct isa *isa = &r->out->isa;
	int n = fdt_stringlist_count(r->fdt, cpu, "riscv,isa-extensions");
	const char *string = dt_string(r->fdt, cpu, "riscv,isa");

	if (n <= 0 && string)
		isa_parse_string(isa, string);
	if (n > 0) {
		const char *name = fdt_getprop(r->fdt, cpu, "riscv,isa-extensions", NULL);

		for (; n--; name += strlen(name) + 1)
			isa_add_name(isa, name);
	}
	isa->cbom_block = dt_u32(r->fdt, cpu, "riscv,cbom-block-size", 0);
	isa->cboz_block = dt_u32(r->fdt, cpu, "riscv,cboz-block-size", 0);
	isa->cbop_block = dt_u32(r->fdt, cpu, "riscv,cbop-block-size", 0);
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

static void read_boot_cpu(struct machine_reader *r, int cpu)
{
	struct machine *m = r->out;
	const char *mmu = dt_string(r->fdt, cpu, "mmu-type");

	if (mmu)
		snprintf(m->mmu_type, sizeof(m->mmu_type), "%s", mmu);
	if (!m->timebase_hz)
		dt_number(r->fdt, cpu, "timebase-frequency", &m->timebase_hz);
	read_isa(r, cpu);
	r->boot_intc = find_intc(r->fdt, cpu);
}

static enum status add_cpu(struct machine_reader *r, int cpus, int cpu)
{
	struct machine *m = r->out;
	struct machine_range reg;

	if (!dt_reg_of(r->fdt, cpus, cpu, 0, &reg))
		return OK;
	if (m->n_harts == MACHINE_HARTS_MAX) {
		config_error_set(r->err, "more than %u harts", MACHINE_HARTS_MAX);
		return ERR_INVALID;
	}
	if (reg.base == r->boot_hart_id) {
		m->boot_hart = m->n_harts;
		read_boot_cpu(r, cpu);
	}
	m->hart_id[m->n_harts++] = reg.base;
	return OK;
}

/* Every hart but the boot one may be unusable; without that one nothing is known. */
static enum status check(struct machine_reader *r)
{
	struct machine *m = r->out;

	if (!m->n_harts || m->hart_id[m->boot_hart] != r->boot_hart_id)
		config_error_set(r->err,
			"no enabled cpu with reg = <%lu>, the hart that Vesper was started on",
			(unsigned long)r->boot_hart_id);
	else if (!m->timebase_hz)
		config_error_set(r->err, "no timebase-frequency in /cpus");
	else
		return OK;
	return ERR_INVALID;
}

enum status machine_cpu_read(struct machine_reader *r)
{
	int cpus = fdt_path_offset(r->fdt, "/cpus");
	int cpu;

	if (cpus < 0)
		return check(r);
	dt_number(r->fdt, cpus, "timebase-frequency", &r->out->timebase_hz);
	fdt_for_each_subnode(cpu, r->fdt, cpus)
	{
		enum status status = is_cpu(r->fdt, cpu) ? add_cpu(r, cpus, cpu) : OK;

		if (status != OK)
			return status;
	}
	return check(r);
}
