/* SPDX-License-Identifier: MIT */
/*
 * The configuration space of a virtio function: header, capabilities, and the window through which
 * they reach the BAR's registers. It is bytes and a mask of what a guest may change; a write to one of the function's own registers then
 * takes effect in changed().
 */
#include <string.h>

#include "devices/virtio_pci_parts.h"

/* The capabilities, in the order of their list. */
#define CAP_COMMON 0x40
#define CAP_ISR    0x50
#define CAP_NOTIFY 0x60
#define CAP_PCI    0x74
#define CAP_DEVICE 0x88
#define CAP_MSIX   VIRTIO_PCI_CAP_MSIX

#define WINDOW_BAR    (CAP_PCI + VIRTIO_PCI_CAP_BAR)
#define WINDOW_OFFSET (CAP_PCI + VIRTIO_PCI_CAP_OFFSET)
#define WINDOW_LENGTH (CAP_PCI + VIRTIO_PCI_CAP_LENGTH)
#define WINDOW_DATA   (CAP_PCI + VIRTIO_PCI_CAP_DATA)

_Static_assert(CAP_ISR >= CAP_COMMON + VIRTIO_PCI_CAP_SIZE, "capabilities lie apart");
_Static_assert(CAP_NOTIFY >= CAP_ISR + VIRTIO_PCI_CAP_SIZE, "capabilities lie apart");
_Static_assert(CAP_PCI >= CAP_NOTIFY + VIRTIO_PCI_CAP_SIZE_MORE, "capabilities lie apart");
_Static_assert(CAP_DEVICE >= CAP_PCI + VIRTIO_PCI_CAP_SIZE_MORE, "capabilities lie apart");
_Static_assert(CAP_MSIX >= CAP_DEVICE + VIRTIO_PCI_CAP_SIZE, "capabilities lie apart");
_Static_assert((PAGE_PBA + 1) * VIRTIO_PCI_PAGE <= PCI_BAR_SIZE, "the BAR has a page for each");

/* Puts a capability in front of the list. */
static void add_capability(struct pci_function *f, unsigned at, uint8_t id)
{
	f->config[at] = id;
	f->config[at + 1] = f->config[PCI_CAPABILITIES];
	f->config[PCI_CAPABILITIES] = (uint8_t)at;
}

static void add_structure(
	struct pci_function *f, unsigned at, uint8_t type, uint32_t offset, size_t length)
{
	bool more = type == VIRTIO_PCI_CAP_NOTIFY_CFG || type == VIRTIO_PCI_CAP_PCI_CFG;

	add_capability(f, at, PCI_CAP_ID_VENDOR);
	f->config[at + VIRTIO_PCI_CAP_LEN] = more ? VIRTIO_PCI_CAP_SIZE_MORE : VIRTIO_PCI_CAP_SIZE;
	f->config[at + VIRTIO_PCI_CAP_CFG_TYPE] = type;
	pci_set(f, at + VIRTIO_PCI_CAP_OFFSET, 4, offset);
	pci_set(f, at + VIRTIO_PCI_CAP_LENGTH, 4, (uint32_t)length);
}

static void add_msix(struct virtio_pci *pci)
{
	struct pci_function *f = &pci->function;

	add_capability(f, CAP_MSIX, PCI_CAP_ID_MSIX);
	pci_set(f, CAP_MSIX + PCI_MSIX_CONTROL, 2, pci->n_vectors - 1u);
	pci_allow(
		f, CAP_MSIX + PCI_MSIX_CONTROL, 2, PCI_MSIX_CONTROL_MASK | PCI_MSIX_CONTROL_ENABLE);
	pci_set(f, CAP_MSIX + PCI_MSIX_TABLE, 4, PAGE_TABLE * VIRTIO_PCI_PAGE);
	pci_set(f, CAP_MSIX + PCI_MSIX_PBA, 4, PAGE_PBA * VIRTIO_PCI_PAGE);
}

/* The list is made back to front. */
static void add_capabilities(struct device *dev)
{
	struct pci_function *f = &dev->pci->function;
	size_t config = 0;

	if (dev->pci->n_vectors > 0)
		add_msix(dev->pci);
	if (dev->ops->config)
		dev->ops->config(dev, &config);
	if (config > 0)
		add_structure(f, CAP_DEVICE, VIRTIO_PCI_CAP_DEVICE_CFG,
			PAGE_DEVICE * VIRTIO_PCI_PAGE, config);
	add_structure(f, CAP_PCI, VIRTIO_PCI_CAP_PCI_CFG, 0, 0);
	add_structure(f, CAP_NOTIFY, VIRTIO_PCI_CAP_NOTIFY_CFG, PAGE_NOTIFY * VIRTIO_PCI_PAGE,
		VIRTIO_PCI_NOTIFY_MULTIPLIER * dev->n_queues);
	pci_set(f, CAP_NOTIFY + VIRTIO_PCI_CAP_MULTIPLIER, 4, VIRTIO_PCI_NOTIFY_MULTIPLIER);
	add_structure(f, CAP_ISR, VIRTIO_PCI_CAP_ISR_CFG, PAGE_ISR * VIRTIO_PCI_PAGE, 1);
	add_structure(f, CAP_COMMON, VIRTIO_PCI_CAP_COMMON_CFG, PAGE_COMMON * VIRTIO_PCI_PAGE,
		VIRTIO_PCI_COMMON_SIZE);
}

static void add_header(struct pci_function *f, const struct device_ops *ops)
{
	const uint8_t *class_code = ops->class_code;

	pci_set(f, PCI_VENDOR_ID, 2, VIRTIO_PCI_VENDOR);
	pci_set(f, PCI_DEVICE_ID, 2, VIRTIO_PCI_DEVICE_BASE + ops->id);
	pci_set(f, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
	pci_set(f, PCI_REVISION_ID, 1, VIRTIO_PCI_REVISION);
	memcpy(&f->config[PCI_CLASS_CODE], class_code, sizeof(ops->class_code));
	pci_set(f, PCI_SUBSYSTEM_VENDOR, 2, VIRTIO_PCI_VENDOR);
	pci_set(f, PCI_SUBSYSTEM_ID, 2, VIRTIO_PCI_DEVICE_BASE + ops->id);
	pci_set(f, PCI_INTERRUPT_PIN, 1, 1);
}

/* What a guest may write in the header and in the window of the configuration space. */
static void allow_writes(struct pci_function *f)
{
	pci_allow(f, PCI_COMMAND, 2,
		PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	pci_allow(f, PCI_CACHE_LINE_SIZE, 1, 0xff);
	pci_allow(f, PCI_INTERRUPT_LINE, 1, 0xff);
	pci_allow(f, PCI_BAR0, 4, ~(PCI_BAR_SIZE - 1));
	pci_allow(f, WINDOW_BAR, 1, 0xff);
	pci_allow(f, WINDOW_OFFSET, 4, UINT32_MAX);
	pci_allow(f, WINDOW_LENGTH, 4, UINT32_MAX);
	pci_allow(f, WINDOW_DATA, 4, UINT32_MAX);
}

void virtio_pci_power_on(struct device *dev, struct pci *bus)
{
	struct virtio_pci *pci = dev->pci;

	memset(pci, 0, sizeof(*pci));
	pci->bus = bus;
	pci->n_vectors = host_has_msi(dev->host) ? (uint16_t)(dev->n_queues + 1) : 0;
	for (unsigned v = 0; v < VIRTIO_PCI_VECTORS; v++)
		pci->entry[v][PCI_MSIX_ENTRY_VECTOR_CTRL / 4] = PCI_MSIX_VECTOR_MASKED;
	add_header(&pci->function, dev->ops);
	add_capabilities(dev);
	allow_writes(&pci->function);
}

/* The access that the window stands for; false: there can be none. */
static bool window_access(const struct pci_function *f, unsigned *offset, unsigned *size)
{
	*offset = pci_get(f, WINDOW_OFFSET, 4);
	*size = pci_get(f, WINDOW_LENGTH, 4);
	return f->config[WINDOW_BAR] == 0 && (*size == 1 || *size == 2 || *size == 4) &&
	       *offset < PCI_BAR_SIZE && *offset % *size == 0;
}

uint32_t virtio_pci_config_read(struct device *dev, unsigned reg, unsigned size)
{
	struct pci_function *f = &dev->pci->function;
	unsigned offset, length;

	if (reg == WINDOW_DATA && window_access(f, &offset, &length))
		pci_set(f, WINDOW_DATA, 4, (uint32_t)virtio_pci_read(dev, offset, length));
	return pci_get(f, reg, size);
}

/* The function's own registers have changed. A driver that lets the device reach memory again finds all queues looked at. */
static void changed(struct device *dev, bool was_master)
{
	if (!was_master && virtio_pci_is_master(dev) && (dev->status & VIRTIO_STATUS_DRIVER_OK))
		dev->kicked = (1u << dev->n_queues) - 1;
	pci_moved(dev->pci->bus);
	virtio_pci_msix_update(dev);
}

void virtio_pci_config_write(struct device *dev, unsigned reg, unsigned size, uint32_t value)
{
	struct pci_function *f = &dev->pci->function;
	bool was_master = virtio_pci_is_master(dev);
	unsigned offset, length;

	pci_change(f, reg, size, value);
	if (reg == WINDOW_DATA && window_access(f, &offset, &length))
		virtio_pci_write(dev, offset, length,
			pci_get(f, WINDOW_DATA, 4) & (uint32_t)pci_nothing(length));
	else if (reg < CAP_COMMON || reg >= CAP_MSIX)
		changed(dev, was_master);
}
