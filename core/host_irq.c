/* SPDX-License-Identifier: MIT */
/*
 * Who gets which interrupt. Wired ones all go to one hart: the boot hart, or
 * where that has no way to the controller, the first that has. With IMSICs
 * each wired source and each message of a device has an identity, messages
 * spread over the harts; and what one hart asks of another is an interrupt, too.
 *
 * The tables are filled before the harts start and only read after that.
 */
#include "core/host_irq.h"

#include "backends/terminal.h"
#include "core/csr.h"
#include "include/abi/aia.h"
#include "irq/aplic.h"
#include "irq/imsic.h"
#include "irq/plic.h"
#include "lib/log.h"

#define WIRES_MAX 64
#define IDS_MAX   64 /* every interrupt file has 63 of them at least */
#define ID_KICK   1
#define ID_FIRST  2 /* the terminal's, where it has an interrupt */

static enum {
	NONE,
	PLIC,
	APLIC,
	IMSIC,
} kind;                /* how interrupts come */
static bool has_wires; /* is the controller of wires one that Vesper can use beside that? */
static unsigned last_source;
static unsigned wired_hart;   /* index of the hart that takes wired ones */
static uint32_t wired_number; /* the controller's number of it */
static const struct machine *machine;

/* A handler of a source; several may share one. */
struct wire {
	unsigned source;
	bool edge;
	void (*handler)(void *owner);
	void *owner;
};

/* What an identity stands for: a source, or a message with a handler of its own. */
struct identity {
	unsigned hart;
	unsigned source; /* 0: a message */
	void (*handler)(void *owner);
	void *owner;
};

static struct wire wires[WIRES_MAX];
static unsigned n_wires;
static struct identity identities[IDS_MAX];
static unsigned next_id = ID_FIRST, next_hart;

/* A hart with an IMSIC in use takes external interrupts from nowhere else. */
static bool wires_arrive(const struct machine *m, const struct features *f)
{
	bool by_message = m->irqchip == MACHINE_IRQCHIP_APLIC && m->aplic_msi;

	return m->irqchip != MACHINE_IRQCHIP_NONE && by_message == f->imsic;
}

bool host_irq_has_terminal(const struct machine *m, const struct features *f)
{
	return m->uart.size && m->uart_irqchip != MACHINE_IRQCHIP_NONE && wires_arrive(m, f);
}

/* ---- which hart ---- */

static uint32_t number_of(const struct machine *m, unsigned hart)
{
	return m->irqchip == MACHINE_IRQCHIP_APLIC ? m->hart[hart].aplic_hart
						   : m->hart[hart].plic_context;
}

/* A controller that no hart has a number in was not read. */
static void choose_hart(const struct machine *m)
{
	wired_hart = m->boot_hart;
	for (unsigned i = 0; number_of(m, wired_hart) == MACHINE_NO_CONTEXT; i++)
		wired_hart = i;
	wired_number = number_of(m, wired_hart);
}

/* ---- initialisation ---- */

static void init_plic(const struct machine *m)
{
	kind = PLIC;
	last_source = m->plic_sources;
	own_map_device(m->plic.base, m->plic.size);
	plic_init(m->plic.base, m->plic_sources, wired_number);
}

static void init_aplic(const struct machine *m)
{
	last_source = m->aplic_sources;
	own_map_device(m->aplic.base, m->aplic.size);
	if (m->aplic_msi) {
		aplic_init_msi(m->aplic.base, m->aplic_sources);
	} else {
		kind = APLIC;
		aplic_init_direct(m->aplic.base, m->aplic_sources, wired_number);
	}
}

/* The pages of all interrupt files: of each hart its own and behind it those for guests. */
static void init_imsic(const struct machine *m)
{
	kind = IMSIC;
	imsic_init(m->imsic_ids, m->imsic_ids);
	for (unsigned i = 0; i < m->n_harts; i++)
		own_map_device(m->hart[i].imsic, IMSIC_PAGE_SIZE * (1ull + m->hart[i].guest_files));
}

static void terminal(void *owner)
{
	(void)owner;
	terminal_interrupt();
}

void host_irq_init(const struct machine *m, const struct features *f)
{
	machine = m;
	if (f->imsic)
		init_imsic(m);
	has_wires = wires_arrive(m, f);
	if (!has_wires)
		return;
	choose_hart(m);
	if (m->irqchip == MACHINE_IRQCHIP_PLIC)
		init_plic(m);
	else
		init_aplic(m);
	if (host_irq_has_terminal(m, f) && !host_irq_wire(m->uart_irq, false, terminal, NULL))
		panic("no room for the terminal's interrupt");
}

/* ---- who wants them ---- */

static const struct wire *wire_of(unsigned source)
{
	for (unsigned i = 0; i < n_wires; i++)
		if (wires[i].source == source)
			return &wires[i];
	return NULL;
}

static void enable(unsigned source, bool edge, unsigned id)
{
	if (kind == PLIC)
		plic_enable(source);
	else
		aplic_enable(source, wired_number, id, edge);
}

bool host_irq_wire(unsigned source, bool rising_edge, void (*handler)(void *owner), void *owner)
{
	const struct wire *shared = wire_of(source);
	unsigned id = next_id;

	if (!has_wires || !source || source > last_source || n_wires == WIRES_MAX ||
		(shared && shared->edge != rising_edge))
		return false;
	if (kind == IMSIC && !shared) {
		if (next_id == IDS_MAX)
			return false;
		identities[next_id++] = (struct identity){.hart = wired_hart, .source = source};
	}
	wires[n_wires++] = (struct wire){source, rising_edge, handler, owner};
	if (!shared)
		enable(source, rising_edge, id);
	return true;
}

bool host_irq_message(void (*handler)(void *owner), void *owner, struct driver_msi *out)
{
	if (kind != IMSIC || next_id == IDS_MAX)
		return false;
	*out = (struct driver_msi){machine->hart[next_hart].imsic, next_id};
	identities[next_id++] =
		(struct identity){.hart = next_hart, .handler = handler, .owner = owner};
	next_hart = (next_hart + 1) % machine->n_harts;
	return true;
}

static void init_guest_files(struct hart *hart)
{
	unsigned n = imsic_guest_files();

	hart->n_files = n < hart->n_files ? n : hart->n_files;
	for (unsigned file = 1; file <= hart->n_files; file++)
		imsic_guest_clear(file);
	csr_set(hie, HIE_SGEIE);
}

/*
 * What came before a hart's file was set up is lost: an APLIC sends a level-sensitive source once, so it is asked to send again,
 * and the owner of a message is called to look for itself.
 */
static void start_identity(unsigned id)
{
	const struct identity *identity = &identities[id];

	imsic_enable(id);
	if (identity->source && !wire_of(identity->source)->edge)
		aplic_complete(identity->source);
	else
		imsic_send(machine->hart[identity->hart].imsic, id);
}

void host_irq_start_hart(struct hart *hart)
{
	if (!hart->imsic) {
		hart->n_files = 0;
		return;
	}
	imsic_init_hart();
	imsic_enable(ID_KICK);
	for (unsigned id = ID_FIRST; id < next_id; id++)
		if (identities[id].hart == hart->index)
			start_identity(id);
	init_guest_files(hart);
}

/* ---- serving ---- */

static void serve_wires(unsigned source)
{
	for (unsigned i = 0; i < n_wires; i++)
		if (wires[i].source == source)
			wires[i].handler(wires[i].owner);
}

/* A source that is edge-triggered is completed first: an edge that comes while it is served counts. */
static void serve_plic(void)
{
	unsigned source = plic_claim();
	const struct wire *wire = wire_of(source);

	if (!source)
		return;
	if (wire && wire->edge)
		plic_complete(source);
	serve_wires(source);
	if (!wire || !wire->edge)
		plic_complete(source);
}

static void serve_aplic(void)
{
	unsigned source = aplic_claim();

	serve_wires(source);
	if (source)
		aplic_complete(source);
}

static void serve_identity(unsigned id)
{
	const struct identity *identity = &identities[id];

	if (!identity->source) {
		identity->handler(identity->owner);
		return;
	}
	serve_wires(identity->source);
	if (!wire_of(identity->source)->edge)
		aplic_complete(identity->source);
}

/* One round, so that whoever kicks without end does not keep us here. */
static bool serve_imsic(void)
{
	bool kicked = false;

	for (unsigned i = ID_KICK; i < next_id; i++) {
		unsigned id = imsic_claim();

		if (!id)
			break;
		if (id == ID_KICK)
			kicked = true;
		else if (id < next_id)
			serve_identity(id);
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
