/* SPDX-License-Identifier: MIT */
#include "drivers/probe.h"

#include "drivers/iommu.h"
#include "drivers/virtio_blk.h"
#include "drivers/virtio_mmio.h"
#include "drivers/virtio_net.h"
#include "drivers/virtio_pci.h"
#include "drivers/virtio_rng.h"
#include "include/abi/virtio_blk.h"
#include "include/abi/virtio_net.h"
#include "lib/log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define DEVICES_MAX 24

static struct virtio_device pool[DEVICES_MAX];
static unsigned n_devices;

/* What Vesper drives; start() says what is wrong. */
static const struct driver {
	uint16_t id;
	const char *what;
	bool (*start)(struct virtio_device *device);
} drivers[] = {
	{VIRTIO_ID_BLOCK, "disk", virtio_blk_start},
	{VIRTIO_ID_NET, "network interface", virtio_net_start},
	{VIRTIO_ID_RNG, "source of entropy", virtio_rng_start},
};

static void start(const struct virtio_device *found)
{
	for (unsigned i = 0; i < COUNT(drivers); i++) {
		if (drivers[i].id != found->id)
			continue;
		struct virtio_device *d = n_devices < DEVICES_MAX ? &pool[n_devices] : NULL;

		if (d)
			*d = *found;
		n_devices += d != NULL;
		if (d && drivers[i].start(d))
			return;
		if (d)
			virtio_stop(d);
		log_line("%s: a virtio %s that Vesper can't use", found->where, drivers[i].what);
	}
}

static void probe_pci(const struct host_pci *host)
{
	static struct pci_function functions[DEVICES_MAX];
	unsigned n = pci_scan(host, virtio_pci_is, functions, DEVICES_MAX);
	struct virtio_device device;

	for (unsigned i = 0; i < n; i++)
		if (virtio_pci_find(&functions[i], &device))
			start(&device);
}

void probe_devices(const struct host_devices *devices)
{
	struct virtio_device device;

	for (unsigned i = 0; i < devices->n_mmio; i++)
		if (virtio_mmio_find(&devices->mmio[i], &device))
			start(&device);
	if (devices->iommu)
		iommu_pass_through(devices->iommu);
	for (unsigned i = 0; i < devices->n_pci; i++)
		probe_pci(&devices->pci[i]);
}
