/* SPDX-License-Identifier: MIT */
/*
 * The device model: the devices of one VM, found by address, and the memory
 * they live in (dm_layout.h).
 */
#include <string.h>

#include "devices/dm_layout.h"
#include "devices/fixed.h"
#include "devices/kinds.h"
#include "devices/virtio_mmio.h"
#include "devices/virtio_pci.h"

struct dm {
	struct fixed fixed;
	struct vq_chain *chain; /* scratch: nothing in it outlives one call of a device */
	unsigned n_devices;
	uint32_t pending; /* bit i: device i has work; from FIXED_SHIFT on: one of `fixed` has */
	/* Bytes of the virtio-mmio windows, of the window for BARs and of ECAM: 0 where the transport is the other. */
	uint64_t mmio_size, bar_size, ecam_size;
	struct device device[VM_DEVICES_MAX];
	struct pci pci;
	struct virtio_pci function[VM_DEVICES_MAX];
};

#define FIXED_SHIFT 24

_Static_assert(VM_DEVICES_MAX <= FIXED_SHIFT, "a bit for each device");

/* ---- life ---- */

size_t dm_memory_needed(const struct vm_spec *spec)
{
	struct dm_layout layout;

	return dm_layout_make(&layout, sizeof(struct dm), spec) ? layout.total : 0;
}

static enum status create_device(
	struct dm *dm, unsigned i, const struct vm_spec *vm, const struct dm_layout *layout)
{
	const struct vm_device *spec = &vm->devices[i];
	const struct kind *kind = &kinds[spec->kind];
	struct device *dev = &dm->device[i];
	char *mem = (char *)dm;

	dev->ops = kind->ops;
	dev->spec = spec;
	dev->vm = vm;
	dev->host = dm->pci.host;
	dev->index = i;
	dev->pci = vm->transport == VM_TRANSPORT_PCI ? &dm->function[i] : NULL;
	return kind->init(
		dev, mem + layout->state[i], kind->has_arena ? mem + layout->arena[i] : NULL);
}

static void power_on(struct dm *dm)
{
	for (unsigned i = 0; i < dm->n_devices; i++) {
		struct device *dev = &dm->device[i];
		if (dev->pci)
			virtio_pci_power_on(dev, &dm->pci);
		device_reset(dev);
	}
	if (dm->ecam_size > 0)
		pci_moved(&dm->pci);
}

static void create_transport(struct dm *dm, const struct vm_spec *spec)
{
	if (spec->transport == VM_TRANSPORT_MMIO) {
		dm->mmio_size = spec->n_devices * GUEST_VIRTIO_SIZE;
		return;
	}
	dm->bar_size = GUEST_PCI_SIZE;
	dm->ecam_size = GUEST_ECAM_SIZE;
}

enum status dm_create(
	void *mem, size_t size, const struct vm_spec *spec, struct host *host, struct dm **out)
{
	struct dm_layout layout;
	struct dm *dm = mem;

	if (!dm_layout_make(&layout, sizeof(*dm), spec) || (uintptr_t)mem % DM_PAGE != 0)
		return ERR_INVALID;
	if (size < layout.total)
		return ERR_NO_SPACE;
	memset(dm, 0, sizeof(*dm));
	dm->chain = (struct vq_chain *)((char *)mem + layout.chain);
	dm->n_devices = spec->n_devices;
	fixed_init(&dm->fixed, host);
	create_transport(dm, spec);
	pci_init(&dm->pci, host, dm->device, spec->n_devices);
	for (unsigned i = 0; i < spec->n_devices; i++) {
		enum status status = create_device(dm, i, spec, &layout);
		if (status != OK)
			return status;
	}
	power_on(dm);
	*out = dm;
	return OK;
}

void dm_reset(struct dm *dm)
{
	power_on(dm);
	fixed_reset(&dm->fixed);
	dm->pending = 0;
}

/* The interrupt lines must fall, and what was posted and pinned come back. */
void dm_destroy(struct dm *dm)
{
	dm_reset(dm);
}

unsigned dm_lent(const struct dm *dm)
{
	unsigned lent = 0;

	for (unsigned i = 0; i < dm->n_devices; i++)
		lent += dm->device[i].lent;
	return lent;
}

/* ---- the guest ---- */

/* The device whose window holds `addr` and the offset in it; false: none. */
static bool find_window(const struct dm *dm, gpa_t addr, size_t *i, unsigned *offset)
{
	uint64_t at = addr.a - GUEST_VIRTIO_BASE; /* huge for an address below */

	if (at >= dm->mmio_size)
		return false;
	*i = at / GUEST_VIRTIO_SIZE;
	*offset = (unsigned)(at % GUEST_VIRTIO_SIZE);
	return true;
}

/* Out of line, as are the others, so that a register load of virtio-mmio needs no stack frame. */
__attribute__((noinline)) static bool read_bar(
	struct dm *dm, gpa_t addr, unsigned size, uint64_t *value)
{
	struct device *dev = pci_find(&dm->pci, addr);

	*value = dev ? virtio_pci_read(dev, pci_offset(addr), size) : pci_nothing(size);
	return true;
}

__attribute__((noinline)) static bool read_other(
	struct dm *dm, gpa_t addr, unsigned size, uint64_t *value)
{
	uint64_t at = addr.a - GUEST_ECAM_BASE;

	if (at >= dm->ecam_size)
		return fixed_read(&dm->fixed, addr, size, value);
	*value = pci_config_read(&dm->pci, at, size);
	return true;
}

bool dm_mmio_read(struct dm *dm, gpa_t addr, unsigned size, uint64_t *value)
{
	unsigned offset;
	size_t i;

	if (!find_window(dm, addr, &i, &offset)) {
		if (addr.a - GUEST_PCI_BASE < dm->bar_size)
			return read_bar(dm, addr, size, value);
		return read_other(dm, addr, size, value);
	}
	*value = virtio_mmio_read(&dm->device[i], offset, size);
	return true;
}

static void note_work(struct dm *dm, const struct device *dev)
{
	if (dev->kicked | dev->notify)
		dm->pending |= 1u << dev->index;
}

static enum dm_mmio write_bar(struct dm *dm, gpa_t addr, unsigned size, uint64_t value)
{
	struct device *dev = pci_find(&dm->pci, addr);

	if (dev) {
		virtio_pci_write(dev, pci_offset(addr), size, value);
		note_work(dm, dev);
	}
	return DM_MMIO_DONE;
}

static enum dm_mmio write_config(struct dm *dm, uint64_t at, unsigned size, uint64_t value)
{
	struct device *dev = pci_config_write(&dm->pci, at, size, value);

	if (dev)
		note_work(dm, dev);
	return DM_MMIO_DONE;
}

static enum dm_mmio write_other(struct dm *dm, gpa_t addr, unsigned size, uint64_t value)
{
	if (addr.a - GUEST_PCI_BASE < dm->bar_size)
		return write_bar(dm, addr, size, value);
	if (addr.a - GUEST_ECAM_BASE < dm->ecam_size)
		return write_config(dm, addr.a - GUEST_ECAM_BASE, size, value);
	unsigned which = fixed_write(&dm->fixed, addr, size, value);

	dm->pending |= which << FIXED_SHIFT;
	return which ? DM_MMIO_DONE : DM_MMIO_NONE;
}

enum dm_mmio dm_mmio_write(struct dm *dm, gpa_t addr, unsigned size, uint64_t value)
{
	unsigned offset;
	size_t i;

	if (!find_window(dm, addr, &i, &offset))
		return write_other(dm, addr, size, value);
	bool done = virtio_mmio_write(&dm->device[i], offset, size, value);
	note_work(dm, &dm->device[i]);
	return done ? DM_MMIO_DONE : DM_MMIO_AGAIN;
}

/* ---- the host ---- */

void dm_port_ready(struct dm *dm, unsigned port)
{
	for (unsigned i = 0; i < dm->n_devices; i++) {
		struct device *dev = &dm->device[i];
		if (dev->ops->port_ready && dev->spec->port == port) {
			dev->ops->port_ready(dev);
			note_work(dm, dev);
		}
	}
	if (port == GUEST_UART_PORT)
		dm->pending |= FIXED_UART << FIXED_SHIFT;
}

void dm_request_done(struct dm *dm, struct dm_request *request, enum status status)
{
	struct device *dev = &dm->device[request->device];

	device_request_done(dev, request, status);
	note_work(dm, dev);
}

void dm_alarm(struct dm *dm)
{
	dm->pending |= FIXED_RTC << FIXED_SHIFT;
}

bool dm_run(struct dm *dm)
{
	uint32_t pending = dm->pending;

	if (pending == 0)
		return false;
	dm->pending = 0;
	uint32_t todo = pending & ((1u << FIXED_SHIFT) - 1);

	for (unsigned i = 0; todo != 0; i++, todo >>= 1) {
		if ((todo & 1) && device_run(&dm->device[i], dm->chain))
			dm->pending |= 1u << i;
	}
	if (pending >> FIXED_SHIFT)
		fixed_run(&dm->fixed, pending >> FIXED_SHIFT);
	return dm->pending != 0;
}
