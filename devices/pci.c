/* SPDX-License-Identifier: MIT */
/*
 * The host bridge: see pci.h. An access that hits nothing is no fault, as on a real bridge: it reads all ones,
 * or is ignored. BARs decode only inside the window, and where several overlap, the lowest function's does.
 */
#include "devices/pci.h"

#include <string.h>

#include "devices/virtio_pci.h"

/* QEMU's generic host bridge. */
#define BRIDGE_VENDOR 0x1b36u
#define BRIDGE_DEVICE 0x0008u

#define SLOTS 32

_Static_assert(VM_DEVICES_MAX < SLOTS, "a slot for each device");
_Static_assert(VM_DEVICES_MAX <= 32, "struct pci: asserted");
_Static_assert(GUEST_ECAM_SIZE == 1u << PCI_ECAM_BUS_SHIFT, "one bus");
_Static_assert(GUEST_PCI_BASE % PCI_BAR_SIZE == 0 && GUEST_PCI_SIZE % PCI_BAR_SIZE == 0,
	"a BAR lies in the window or outside");

/* ---- a configuration space ---- */

uint32_t pci_get(const struct pci_function *f, unsigned reg, unsigned size)
{
	uint32_t value = 0;

	memcpy(&value, &f->config[reg], size);
	return value;
}

void pci_set(struct pci_function *f, unsigned reg, unsigned size, uint32_t value)
{
	memcpy(&f->config[reg], &value, size);
}

void pci_allow(struct pci_function *f, unsigned reg, unsigned size, uint32_t mask)
{
	memcpy(&f->writable[reg], &mask, size);
}

void pci_change(struct pci_function *f, unsigned reg, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++) {
		uint8_t mask = f->writable[reg + i], byte = (uint8_t)(value >> (8 * i));
		f->config[reg + i] = (uint8_t)((f->config[reg + i] & ~mask) | (byte & mask));
	}
}

/* ---- the bridge ---- */

void pci_init(struct pci *pci, struct host *host, struct device *device, unsigned n)
{
	memset(pci, 0, sizeof(*pci));
	pci->host = host;
	pci->device = device;
	pci->n = n;
	pci_set(&pci->bridge, PCI_VENDOR_ID, 2, BRIDGE_VENDOR);
	pci_set(&pci->bridge, PCI_DEVICE_ID, 2, BRIDGE_DEVICE);
	pci_set(&pci->bridge, PCI_CLASS_CODE, 3, PCI_CLASS_BRIDGE << 16);
	for (unsigned i = 0; i < VM_DEVICES_MAX; i++)
		pci->bar[i] = PCI_NO_BAR;
}

/* What an access to ECAM hits. */
struct target {
	struct device *dev; /* NULL: the bridge, if it is not nothing */
	bool nothing;
	unsigned reg;
};

static struct target find_target(struct pci *pci, uint64_t offset)
{
	unsigned slot = (unsigned)(offset >> PCI_ECAM_SLOT_SHIFT) % SLOTS;
	unsigned function = (unsigned)(offset >> PCI_ECAM_FUNCTION_SHIFT) % 8;
	struct target t = {.reg = (unsigned)(offset % PCI_ECAM_FUNCTION_SIZE)};

	t.nothing = slot > pci->n || function != 0;
	if (!t.nothing && slot > 0)
		t.dev = &pci->device[slot - 1];
	return t;
}

/* The extended part is all 0: no capability is there. */
static uint32_t read_target(struct pci *pci, const struct target *t, unsigned size)
{
	if (t->reg >= PCI_CONFIG_SIZE)
		return 0;
	return t->dev ? virtio_pci_config_read(t->dev, t->reg, size)
		      : pci_get(&pci->bridge, t->reg, size);
}

uint64_t pci_config_read(struct pci *pci, uint64_t offset, unsigned size)
{
	struct target t = find_target(pci, offset);

	if (t.nothing)
		return pci_nothing(size);
	if (size < 8)
		return read_target(pci, &t, size);
	uint64_t low = read_target(pci, &t, 4);
	t.reg += 4;
	return low | (uint64_t)read_target(pci, &t, 4) << 32;
}

struct device *pci_config_write(struct pci *pci, uint64_t offset, unsigned size, uint64_t value)
{
	struct target t = find_target(pci, offset);

	if (!t.dev || t.reg >= PCI_CONFIG_SIZE)
		return NULL;
	virtio_pci_config_write(t.dev, t.reg, size < 8 ? size : 4, (uint32_t)value);
	if (size == 8)
		virtio_pci_config_write(t.dev, t.reg + 4, 4, (uint32_t)(value >> 32));
	return t.dev;
}

/* ---- the window ---- */

void pci_moved(struct pci *pci)
{
	memset(pci->guess, 0, sizeof(pci->guess));
	for (unsigned i = pci->n; i-- > 0;) {
		const struct pci_function *f = &pci->device[i].pci->function;
		bool on = pci_get(f, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY;

		pci->bar[i] = on ? pci_get(f, PCI_BAR0, 4) & PCI_BAR_MEMORY_MASK : PCI_NO_BAR;
		if (on)
			pci->guess[pci_guess(pci->bar[i])] = (uint8_t)i;
	}
}

struct device *pci_search(const struct pci *pci, gpa_t addr)
{
	for (unsigned i = 0; i < pci->n; i++) {
		if (addr.a - pci->bar[i] < PCI_BAR_SIZE)
			return &pci->device[i];
	}
	return NULL;
}

/* ---- INTx ---- */

void pci_intx(struct pci *pci, unsigned i, bool level)
{
	uint32_t bit = 1u << i;

	if (!(pci->asserted & bit) == !level)
		return;
	pci->asserted ^= bit;
	host_irq(pci->host, GUEST_PCI_IRQ + i, level);
}
