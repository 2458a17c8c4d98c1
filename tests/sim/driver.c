/* SPDX-License-Identifier: MIT */
/* The guest's side of a virtio device, but for its rings (driver_ring.c): see driver.h. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/driver.h"

#define RUNS_MAX 100000

static void require(bool what)
{
	if (!what)
		abort();
}

static gpa_t register_addr(const struct driver *d, unsigned offset)
{
	return gpa(GUEST_VIRTIO_BASE + d->index * GUEST_VIRTIO_SIZE + offset);
}

void driver_open(struct driver *d, struct host *host, struct dm *dm, unsigned index)
{
	memset(d, 0, sizeof(*d));
	d->host = host;
	d->dm = dm;
	d->index = index;
	d->pci.present = driver_pci_present(dm);
	if (d->pci.present)
		driver_pci_enable(d);
}

static gpa_t config_addr(const struct driver *d, unsigned offset)
{
	return d->pci.present ? gpa(d->pci.device + offset)
			      : register_addr(d, VIRTIO_MMIO_CONFIG + offset);
}

uint64_t driver_config(struct driver *d, unsigned offset, unsigned size)
{
	uint64_t value = 0;
	require(dm_mmio_read(d->dm, config_addr(d, offset), size, &value));
	return value;
}

void driver_set_config(struct driver *d, unsigned offset, unsigned size, uint64_t value)
{
	require(dm_mmio_write(d->dm, config_addr(d, offset), size, value) == DM_MMIO_DONE);
}

uint32_t driver_read(struct driver *d, unsigned offset)
{
	uint64_t value = 0;

	if (d->pci.present)
		return driver_pci_register_read(d, offset);
	require(dm_mmio_read(d->dm, register_addr(d, offset), 4, &value));
	require(value <= UINT32_MAX);
	return (uint32_t)value;
}

enum dm_mmio driver_try_write(struct driver *d, unsigned offset, uint32_t value)
{
	if (!d->pci.present)
		return dm_mmio_write(d->dm, register_addr(d, offset), 4, value);
	driver_pci_register_write(d, offset, value);
	return DM_MMIO_DONE;
}

void driver_write(struct driver *d, unsigned offset, uint32_t value)
{
	require(driver_try_write(d, offset, value) == DM_MMIO_DONE);
}

uint64_t driver_offered(struct driver *d)
{
	uint64_t features = 0;

	for (unsigned i = 0; i < 2; i++) {
		driver_write(d, VIRTIO_MMIO_DEVICE_FEATURES_SEL, i);
		features |= (uint64_t)driver_read(d, VIRTIO_MMIO_DEVICE_FEATURES) << (32 * i);
	}
	return features;
}

void driver_reset(struct driver *d)
{
	if (d->pci.present)
		driver_pci_enable(d);
	driver_write(d, VIRTIO_MMIO_STATUS, 0);
	require(driver_read(d, VIRTIO_MMIO_STATUS) == 0);
	memset(d->q, 0, sizeof(d->q));
	d->msis_seen = d->host->msis;
}

bool driver_negotiate(struct driver *d, uint64_t features)
{
	uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

	driver_write(d, VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
	driver_write(d, VIRTIO_MMIO_STATUS, status);
	for (unsigned i = 0; i < 2; i++) {
		driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		driver_write(d, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> (32 * i)));
	}
	driver_write(d, VIRTIO_MMIO_STATUS, status | VIRTIO_STATUS_FEATURES_OK);
	d->event_idx = features & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	d->packed = features & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	return driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK;
}

static void write_address(struct driver *d, unsigned low, gpa_t addr)
{
	driver_write(d, low, (uint32_t)addr.a);
	driver_write(d, low + 4, (uint32_t)(addr.a >> 32));
}

void driver_set_queue(struct driver *d, unsigned q)
{
	struct driver_queue *dq = &d->q[q];

	driver_write(d, VIRTIO_MMIO_QUEUE_SEL, q);
	driver_write(d, VIRTIO_MMIO_QUEUE_NUM, dq->size);
	write_address(d, VIRTIO_MMIO_QUEUE_DESC_LOW, dq->desc_addr);
	write_address(d, VIRTIO_MMIO_QUEUE_DRIVER_LOW, dq->avail_addr);
	write_address(d, VIRTIO_MMIO_QUEUE_DEVICE_LOW, dq->used_addr);
	driver_write(d, VIRTIO_MMIO_QUEUE_READY, 1);
}

void driver_ok(struct driver *d)
{
	driver_write(d, VIRTIO_MMIO_STATUS,
		driver_read(d, VIRTIO_MMIO_STATUS) | VIRTIO_STATUS_DRIVER_OK);
}

bool driver_start(struct driver *d, uint64_t features, unsigned size)
{
	driver_reset(d);
	if (!driver_negotiate(d, features))
		return false;
	for (unsigned q = 0; q < DRIVER_QUEUES; q++) {
		driver_write(d, VIRTIO_MMIO_QUEUE_SEL, q);
		unsigned max = driver_read(d, VIRTIO_MMIO_QUEUE_NUM_MAX);
		if (max == 0)
			continue;
		driver_alloc_queue(d, q, size < max ? size : max);
		driver_set_queue(d, q);
	}
	driver_ok(d);
	return !(driver_read(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
}

void driver_notify(struct driver *d, unsigned q)
{
	d->q[q].kicks++;
	driver_write(d, VIRTIO_MMIO_QUEUE_NOTIFY, q);
}

void driver_run(struct driver *d)
{
	unsigned runs = 0;
	while (dm_run(d->dm))
		require(++runs < RUNS_MAX);
}

/* ---- interrupts ---- */

static uint32_t cause_of_message(const struct driver *d, const struct host_msi *msi)
{
	uint32_t v = msi->data - DRIVER_MSI_DATA(d->index, 0);

	if (msi->addr.a != DRIVER_MSI_ADDR || v >= d->pci.vectors)
		return 0;
	return v + 1 == d->pci.vectors ? VIRTIO_INTERRUPT_CONFIG : VIRTIO_INTERRUPT_USED;
}

/* Of the messages since the last look. */
static uint32_t messages(const struct driver *d)
{
	uint32_t causes = 0;

	require(d->host->msis - d->msis_seen <= HOST_MSIS_MAX);
	for (unsigned i = d->msis_seen; i != d->host->msis; i++)
		causes |= cause_of_message(d, &d->host->msi[i % HOST_MSIS_MAX]);
	return causes;
}

uint32_t driver_interrupt(struct driver *d)
{
	if (d->use_msix && d->pci.vectors > 0) {
		uint32_t causes = messages(d);
		d->msis_seen = d->host->msis;
		return causes;
	}
	uint32_t isr = driver_read(d, VIRTIO_MMIO_INTERRUPT_STATUS);
	driver_write(d, VIRTIO_MMIO_INTERRUPT_ACK, isr);
	return isr;
}

unsigned driver_line(const struct driver *d)
{
	return d->pci.present ? GUEST_PCI_IRQ + d->index : GUEST_VIRTIO_IRQ + d->index;
}

bool driver_irq(const struct driver *d)
{
	if (d->use_msix && d->pci.vectors > 0)
		return messages(d) != 0;
	return d->host->irq[driver_line(d)];
}

/* ---- a request ---- */

static unsigned cut(gpa_t addr, size_t len, size_t piece, struct slice *slices)
{
	unsigned n = 0;
	for (size_t at = 0; at < len; n++) {
		size_t part = piece == 0 || piece > len - at ? len - at : piece;
		require(n < DRIVER_QUEUE_MAX);
		slices[n] = (struct slice){gpa(addr.a + at), (uint32_t)part};
		at += part;
	}
	return n;
}

int64_t driver_request(struct driver *d, unsigned q, const void *out, size_t out_len, void *in,
	size_t in_len, size_t piece)
{
	static struct slice out_slices[DRIVER_QUEUE_MAX], in_slices[DRIVER_QUEUE_MAX];
	size_t taken = d->host->ram_taken;
	gpa_t out_addr = host_alloc(d->host, out_len, 64);
	gpa_t in_addr = host_alloc(d->host, in_len, 64);
	unsigned n_out = cut(out_addr, out_len, piece, out_slices);
	unsigned n_in = cut(in_addr, in_len, piece, in_slices);
	uint16_t head;
	uint32_t written;

	memcpy(d->host->ram + (out_addr.a - GUEST_RAM_BASE), out, out_len);
	int added = driver_add(d, q, out_slices, n_out, in_slices, n_in);
	require(added >= 0);
	driver_kick(d, q);
	driver_run(d);
	d->host->ram_taken = taken;
	if (!driver_collect(d, q, &head, &written))
		return -1;
	require(head == added && written <= in_len);
	if (in_len > 0)
		memcpy(in, d->host->ram + (in_addr.a - GUEST_RAM_BASE), in_len);
	return written;
}
