/* SPDX-License-Identifier: MIT */
/*
 * How a virtio function interrupts (virtio 1.2, 4.1.5.3 and 4.1.5.4): with MSI-X on, each cause has
 * a vector, and one that is masked (itself, the function, or no access to the bus) stays pending; with MSI-X
 * off, the ISR and INTA.
 */
#include "devices/virtio_pci_parts.h"

#define CONTROL (VIRTIO_PCI_CAP_MSIX + PCI_MSIX_CONTROL)

static bool enabled(const struct virtio_pci *pci)
{
	return pci_get16(&pci->function, CONTROL) & PCI_MSIX_CONTROL_ENABLE;
}

static bool may_send(const struct device *dev)
{
	uint32_t control = pci_get16(&dev->pci->function, CONTROL);

	return (control & PCI_MSIX_CONTROL_ENABLE) && !(control & PCI_MSIX_CONTROL_MASK) &&
	       virtio_pci_is_master(dev);
}

static void send(struct device *dev, unsigned v)
{
	const uint32_t *entry = dev->pci->entry[v];
	uint64_t high = entry[PCI_MSIX_ENTRY_ADDR_HIGH / 4];

	if (!may_send(dev) || (entry[PCI_MSIX_ENTRY_VECTOR_CTRL / 4] & PCI_MSIX_VECTOR_MASKED)) {
		dev->pci->pending |= 1u << v;
		return;
	}
	host_msi(dev->host, gpa(high << 32 | entry[PCI_MSIX_ENTRY_ADDR_LOW / 4]),
		entry[PCI_MSIX_ENTRY_DATA / 4]);
}

static void send_pending(struct device *dev)
{
	uint32_t todo = dev->pci->pending;

	dev->pci->pending = 0;
	for (unsigned v = 0; todo != 0; v++, todo >>= 1) {
		if (todo & 1)
			send(dev, v);
	}
}

void virtio_pci_msix_update(struct device *dev)
{
	struct pci_function *f = &dev->pci->function;
	bool intx = dev->isr != 0 && !enabled(dev->pci);

	f->config[PCI_STATUS] &= (uint8_t)~PCI_STATUS_INTERRUPT;
	f->config[PCI_STATUS] |= intx ? PCI_STATUS_INTERRUPT : 0;
	pci_intx(dev->pci->bus, dev->index,
		intx && !(pci_get16(f, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE));
	if (dev->pci->pending != 0 && may_send(dev))
		send_pending(dev);
}

void virtio_pci_interrupt(struct device *dev, uint32_t cause, unsigned q)
{
	struct virtio_pci *pci = dev->pci;
	bool config = cause == VIRTIO_INTERRUPT_CONFIG;
	unsigned v = config ? pci->config_vector : pci->queue_vector[q];

	if (!enabled(pci) || config) {
		dev->isr |= cause;
		virtio_pci_msix_update(dev);
	}
	if (enabled(pci) && v < pci->n_vectors)
		send(dev, v);
}

/* ---- the table ---- */

/* NULL: behind its end. */
static uint32_t *find_entry(const struct device *dev, unsigned at)
{
	unsigned v = at / PCI_MSIX_ENTRY_SIZE;

	return v < dev->pci->n_vectors ? &dev->pci->entry[v][at % PCI_MSIX_ENTRY_SIZE / 4] : NULL;
}

uint32_t virtio_pci_msix_read_table(const struct device *dev, unsigned at)
{
	const uint32_t *entry = find_entry(dev, at);

	return entry ? *entry : 0;
}

/* Bits that mean nothing read 0: the lowest two of the address, all of the control word but the mask. */
void virtio_pci_msix_write_table(struct device *dev, unsigned at, uint32_t value)
{
	uint32_t *entry = find_entry(dev, at);

	if (!entry)
		return;
	switch (at % PCI_MSIX_ENTRY_SIZE) {
	case PCI_MSIX_ENTRY_ADDR_LOW:
		value &= ~3u;
		break;
	case PCI_MSIX_ENTRY_VECTOR_CTRL:
		value &= PCI_MSIX_VECTOR_MASKED;
		break;
	default:
		break;
	}
	*entry = value;
	virtio_pci_msix_update(dev);
}
