/* SPDX-License-Identifier: MIT */
/* See lender.h. The number of queues and their size are where a disk's spec has its own. */
#include <stdlib.h>
#include <string.h>

#include "devices/kinds.h"
#include "tests/sim/lender.h"

struct state {
	uint32_t config[3];
	uint32_t epoch[DEVICE_QUEUES_MAX]; /* counts resets of the queue */
	struct loan {
		struct dm_request request;
		struct slice slice;
		uint32_t head, generation, epoch;
		bool used;
	} loan[LENDER_REQUESTS];
};

/* ---- the device ---- */

static size_t state_size(const struct vm_spec *vm, const struct vm_device *spec)
{
	(void)vm;
	(void)spec;
	return sizeof(struct state);
}

static enum status init(struct device *dev, void *mem, void *arena)
{
	(void)arena;
	memset(mem, 0, sizeof(struct state));
	dev->state = mem;
	dev->n_queues = dev->spec->disk.queues;
	for (unsigned q = 0; q < dev->n_queues; q++)
		virtqueue_init(&dev->queue[q], dev->host, (uint16_t)dev->spec->disk.number);
	return OK;
}

static const void *config(const struct device *dev, size_t *size)
{
	const struct state *s = dev->state;

	*size = sizeof(s->config);
	return s->config;
}

static void set_config(struct device *dev, size_t offset, unsigned size, uint64_t value)
{
	struct state *s = dev->state;

	if (offset != 0 || size != 4)
		return;
	s->config[0] = (uint32_t)value;
	if (value == LENDER_CHANGES) {
		s->config[1]++;
		s->config[2] = ~s->config[1];
		device_config_changed(dev);
	}
}

static void reset_queue(struct device *dev, unsigned q)
{
	struct state *s = dev->state;

	s->epoch[q]++;
}

static struct loan *free_loan(struct state *s)
{
	for (unsigned i = 0; i < LENDER_REQUESTS; i++) {
		if (!s->loan[i].used)
			return &s->loan[i];
	}
	return NULL;
}

static bool lend(struct device *dev, unsigned q, struct loan *loan, const struct vq_chain *chain)
{
	struct state *s = dev->state;
	const struct vq_segment *in = &chain->segment[chain->n_out];

	loan->slice = (struct slice){in->addr, in->len};
	loan->head = chain->head;
	loan->generation = dev->generation;
	loan->epoch = s->epoch[q];
	loan->request = (struct dm_request){.op = DM_READ,
		.queue = (uint8_t)q,
		.n_slices = chain->n_in > 0,
		.len = chain->n_in > 0 ? in->len : 0,
		.slices = &loan->slice};
	switch (device_submit(dev, &loan->request)) {
	case DM_LENT:
		loan->used = true;
		return true;
	case DM_BUSY:
		virtqueue_unpop(&dev->queue[q]);
		return false;
	default:
		return virtqueue_push(&dev->queue[q], chain->head, 0);
	}
}

static bool run(struct device *dev, unsigned q, struct vq_chain *chain)
{
	struct loan *loan = free_loan(dev->state);

	if (!loan || virtqueue_pop(&dev->queue[q], chain) != VQ_CHAIN)
		return false;
	return lend(dev, q, loan, chain);
}

static void done(struct device *dev, struct dm_request *request, enum status status)
{
	struct state *s = dev->state;
	struct loan *loan = (struct loan *)request;
	unsigned q = request->queue;

	loan->used = false;
	dev->kicked |= 1u << q;
	if (loan->generation != dev->generation || loan->epoch != s->epoch[q])
		return;
	if (virtqueue_push(&dev->queue[q], loan->head, status == OK ? (uint32_t)request->len : 0))
		dev->notify |= 1u << q;
}

static void port_ready(struct device *dev)
{
	dev->kicked = (1u << dev->n_queues) - 1;
}

static const struct device_ops ops = {
	.id = LENDER_ID,
	.features = 1 << 3,
	.class_code = {0x01, 0x02, 0xff},
	.config = config,
	.set_config = set_config,
	.reset_queue = reset_queue,
	.run = run,
	.port_ready = port_ready,
	.done = done,
};

const struct kind kinds[] = {
	[VM_DEVICE_DISK] = {&ops, state_size, init, false},
};

const unsigned kinds_n = sizeof(kinds) / sizeof(kinds[0]);

/* ---- the VM ---- */

struct lender_vm lender;
struct lender_options lender_options;

static void make_spec(struct vm_spec *spec)
{
	spec->transport = lender_options.transport;
	spec->n_devices = LENDER_DEVICES;
	for (unsigned i = 0; i < LENDER_DEVICES; i++) {
		spec->devices[i].kind = VM_DEVICE_DISK;
		spec->devices[i].port = i + 1;
		spec->devices[i].disk.queues = lender_options.queues ? lender_options.queues : 1;
		spec->devices[i].disk.number = lender_options.size ? lender_options.size : 1024;
	}
}

void lender_open(void)
{
	memset(&lender, 0, sizeof(lender));
	make_spec(&lender.spec);
	host_open(&lender.host, lender_options.ram ? lender_options.ram : LENDER_RAM);
	lender.host.has_msi = lender_options.msi;

	size_t size = dm_memory_needed(&lender.spec);
	lender.mem = aligned_alloc(4096, size);
	if (!lender.mem)
		abort();
	memset(lender.mem, 0xa5, size);
	if (dm_create(lender.mem, size, &lender.spec, &lender.host, &lender.dm) != OK)
		abort();
	for (unsigned i = 0; i < LENDER_DEVICES; i++) {
		driver_open(&lender.driver[i], &lender.host, lender.dm, i);
		lender.driver[i].use_msix = lender_options.use_msix;
	}
}

void lender_close(void)
{
	dm_reset(lender.dm);
	host_complete_all(&lender.host, lender.dm, OK);
	if (dm_lent(lender.dm) != 0)
		abort();
	dm_destroy(lender.dm);
	if (lender.host.n_pins != 0)
		abort();
	for (unsigned line = 0; line < HOST_IRQS; line++) {
		if (lender.host.irq[line])
			abort();
	}
	free(lender.mem);
	host_close(&lender.host);
}

int lender_setup(void **state)
{
	(void)state;
	lender_open();
	return 0;
}

int lender_teardown(void **state)
{
	(void)state;
	lender_close();
	return 0;
}
