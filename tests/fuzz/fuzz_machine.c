/* SPDX-License-Identifier: MIT */
/* A host device tree of arbitrary bytes: the first is the boot hart's id. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_size(uint8_t *tree, size_t size)
{
	for (unsigned i = 0; i < 4; i++)
		tree[4 + i] = (uint8_t)(size >> (24 - 8 * i));
}

static void check_hart(const struct machine *m, unsigned i)
{
	const struct machine_hart *hart = &m->hart[i];

	for (unsigned j = 0; j < i; j++)
		if (m->hart[j].id == hart->id)
			abort();
	if (hart->plic_context != MACHINE_NO_CONTEXT &&
		!range_inside(0x200000 + 0x1000ull * hart->plic_context, 0x1000, 0, m->plic.size))
		abort();
	if (hart->imsic ? !m->imsic_ids || hart->imsic % 4096 || hart->guest_files > 63
			: hart->guest_files != 0)
		abort();
	if (hart->aplic_hart == MACHINE_NO_CONTEXT)
		return;
	if (!m->aplic.size || hart->aplic_hart >= 1 << 14 || (m->aplic_msi && !hart->imsic))
		abort();
	if (!m->aplic_msi && !range_inside(0x4000 + 32ull * hart->aplic_hart, 32, 0, m->aplic.size))
		abort();
}

static void check_uart(const struct machine *m)
{
	unsigned sources = m->uart_irqchip == MACHINE_IRQCHIP_PLIC    ? m->plic_sources
			   : m->uart_irqchip == MACHINE_IRQCHIP_APLIC ? m->aplic_sources
								      : 0;

	if (m->uart_irq > sources || !m->uart_irq != (m->uart_irqchip == MACHINE_IRQCHIP_NONE))
		abort();
}

static void check(const struct machine *m)
{
	if (!m->n_ram || m->n_ram > MACHINE_RAM_MAX || m->n_reserved > MACHINE_RESERVED_MAX)
		abort();
	if (m->boot_hart >= m->n_harts || m->n_harts > MACHINE_HARTS_MAX || !m->timebase_hz)
		abort();
	for (unsigned i = 1; i < m->n_ram; i++)
		if (m->ram[i].base <= m->ram[i - 1].base + m->ram[i - 1].size)
			abort();
	for (unsigned i = 0; i < m->n_harts; i++)
		check_hart(m, i);
	check_uart(m);
	if (m->plic_sources > 1023 || m->aplic_sources > 1023 ||
		m->rng_seed_len > sizeof(m->rng_seed))
		abort();
	if (!memchr(m->bootargs, 0, sizeof(m->bootargs)) || !memchr(m->model, 0, sizeof(m->model)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine machine;
	struct config_error error = {""};
	uint8_t *tree;

	if (size < 1 + 40)
		return 0;
	/* Its own allocation, so that a byte too far is seen; the contract is that totalsize is readable. */
	tree = aligned_alloc(8, (size + 6) & ~(size_t)7);
	memcpy(tree, data + 1, size - 1);
	set_size(tree, size - 1);
	if (machine_parse(tree, data[0], &machine, &error) == OK)
		check(&machine);
	else if (!error.text[0])
		abort();
	free(tree);
	return 0;
}
