/* SPDX-License-Identifier: MIT */
/*
 * The terminal's is the one device interrupt that Vesper has. It goes to one
 * hart: the boot hart, or where that has no way to the controller, the first
 * that has. With IMSICs what one hart asks of another is an interrupt, too.
 */
#include "core/host_irq.h"

#include "backends/terminal.h"
#include "core/csr.h"
#include "include/abi/aia.h"
#include "irq/aplic.h"
#include "irq/imsic.h"
#include "irq/plic.h"

/* Interrupt identities of our own interrupt files. */
enum {
	ID_KICK = 1,
	ID_TERMINAL,
	N_IDS = ID_TERMINAL,
};

static enum {
	NONE,
	PLIC,
	APLIC,
	IMSIC,
} kind;                          /* how interrupts come */
static unsigned terminal_source; /* 0: none */
static unsigned terminal_hart;   /* index of the hart that takes it */

bool host_irq_has_terminal(const struct machine *m, const struct features *f)
{
	bool by_message = m->uart_irqchip == MACHINE_IRQCHIP_APLIC && m->aplic_msi;

	/* A hart with an IMSIC in use takes external interrupts from nowhere else. */
	return m->uart.size && m->uart_irqchip != MACHINE_IRQCHIP_NONE && by_message == f->imsic;
}

/* ---- which hart ---- */

static uint32_t number_of(const struct machine *m, unsigned hart)
{
	return m->uart_irqchip == MACHINE_IRQCHIP_APLIC ? m->hart[hart].aplic_hart
							: m->hart[hart].plic_context;
}

/* The controller's number of the hart that takes the terminal's interrupt. A controller without any was not read. */
static uint32_t choose_hart(const struct machine *m)
{
	terminal_hart = m->boot_hart;
	for (unsigned i = 0; number_of(m, terminal_hart) == MACHINE_NO_CONTEXT; i++)
		terminal_hart = i;
	return number_of(m, terminal_hart);
}

/* ---- initialisation ---- */

static void init_plic(const struct machine *m)
{
	kind = PLIC;
	own_map_device(m->plic.base, m->plic.size);
	plic_init(m->plic.base, m->plic_sources, choose_hart(m));
	plic_enable(terminal_source);
}

static void init_aplic(const struct machine *m)
{
	uint32_t number = choose_hart(m);

	own_map_device(m->aplic.base, m->aplic.size);
	if (m->aplic_msi) {
		aplic_init_msi(m->aplic.base, m->aplic_sources);
	} else {
		kind = APLIC;
		aplic_init_direct(m->aplic.base, m->aplic_sources, number);
	}
	aplic_enable(terminal_source, number, ID_TERMINAL);
}

/* The pages of all interrupt files: of each hart its own and behind it those for guests. */
static void init_imsic(const struct machine *m)
{
	kind = IMSIC;
	imsic_init(m->imsic_ids, m->imsic_ids);
	for (unsigned i = 0; i < m->n_harts; i++)
		own_map_device(m->hart[i].imsic, IMSIC_PAGE_SIZE * (1ull + m->hart[i].guest_files));
}

void host_irq_init(const struct machine *m, const struct features *f)
{
	if (f->imsic)
		init_imsic(m);
	if (!host_irq_has_terminal(m, f))
		return;
	terminal_source = m->uart_irq;
	if (m->uart_irqchip == MACHINE_IRQCHIP_PLIC)
		init_plic(m);
	else
		init_aplic(m);
}

static void init_guest_files(struct hart *hart)
{
	unsigned n = imsic_guest_files();

	hart->n_files = n < hart->n_files ? n : hart->n_files;
	for (unsigned file = 1; file <= hart->n_files; file++)
		imsic_guest_clear(file);
	csr_set(hie, HIE_SGEIE);
}

void host_irq_start_hart(struct hart *hart)
{
	if (!hart->imsic) {
		hart->n_files = 0;
		return;
	}
	imsic_init_hart();
	imsic_enable(ID_KICK);
	if (hart->index == terminal_hart)
		imsic_enable(ID_TERMINAL);
	init_guest_files(hart);
}

/* ---- serving ---- */

static void serve_plic(void)
{
	unsigned source = plic_claim();

	if (source == terminal_source)
		terminal_interrupt();
	if (source)
		plic_complete(source);
}

static void serve_aplic(void)
{
	unsigned source = aplic_claim();

	if (source == terminal_source)
		terminal_interrupt();
	if (source)
		aplic_complete(source);
}

/* One round, so that whoever kicks without end does not keep us here. */
static bool serve_imsic(void)
{
	bool kicked = false;

	for (unsigned i = 0; i < N_IDS; i++) {
		unsigned id = imsic_claim();

		if (!id)
			break;
		if (id == ID_KICK)
			kicked = true;
		if (id == ID_TERMINAL) {
			terminal_interrupt();
			aplic_complete(terminal_source);
		}
	}
	return kicked;
}

bool host_irq_serve(void)
{
	if (kind == IMSIC)
		return serve_imsic();
	if (kind == APLIC)
		serve_aplic();
	else if (kind == PLIC)
		serve_plic();
	return false;
}

void host_irq_send(uint64_t imsic)
{
	imsic_send(imsic, ID_KICK);
}
