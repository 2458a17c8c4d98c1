/* SPDX-License-Identifier: MIT */
/* A VM with networks: see net_vm.h. */
#include <stdlib.h>
#include <string.h>

#include "devices/kinds.h"
#include "tests/sim/net_vm.h"

struct net_vm net_vm;
const uint8_t net_vm_mac[6] = {0x52, 0x54, 0, 0, 0, 2};

/* The device model has no other kind here. */
const struct kind kinds[] = {
	[VM_DEVICE_NET] = {&net_ops, net_state_size, net_init, false},
};
const unsigned kinds_n = sizeof(kinds) / sizeof(kinds[0]);

static void require(bool what)
{
	if (!what)
		abort();
}

static void keep(struct host *host, const struct dm_request *request)
{
	struct net_vm *vm = &net_vm;

	vm->sent++;
	vm->frame = request->frame;
	vm->queue = request->queue;
	vm->len = request->header_len + request->len;
	require(vm->len >= 14 && vm->len <= 65550);
	memcpy(vm->data, request->header, request->header_len);
	host_slices_read(host, request, 0, vm->data + request->header_len, request->len);
}

static enum dm_answer submit(struct host *host, unsigned port, struct dm_request *request)
{
	struct net_vm *vm = &net_vm;
	enum dm_answer answer = DM_DONE;

	require(port == NET_VM_PORT && request->op == DM_SEND);
	require(request->device == NET_VM_DEVICE);
	if (vm->at_answer < vm->n_answers)
		answer = vm->answer[vm->at_answer++];
	if (answer == DM_LENT || answer == DM_DONE)
		keep(host, request);
	return answer;
}

void net_vm_open(const struct net_vm_options *o)
{
	struct net_vm *vm = &net_vm;

	memset(vm, 0, sizeof(*vm));
	strcpy(vm->spec.name, "vm");
	vm->spec.transport = o->transport;
	vm->spec.vcpus = 1;
	vm->spec.n_devices = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct vm_device *device = &vm->spec.devices[i];
		device->kind = VM_DEVICE_NET;
		device->port = 1 + i;
		memcpy(device->net.mac, net_vm_mac, 6);
		device->net.mac[5] = (uint8_t)(1 + i);
		device->net.queues = o->pairs;
	}
	host_open(&vm->host, o->ram ? o->ram : NET_VM_RAM);
	vm->host.submit = submit;
	vm->host.has_msi = o->msix;

	size_t size = dm_memory_needed(&vm->spec);
	vm->mem = aligned_alloc(4096, size);
	require(vm->mem != NULL);
	memset(vm->mem, 0xa5, size); /* dm_create() may assume nothing */
	require(dm_create(vm->mem, size, &vm->spec, &vm->host, &vm->dm) == OK);
	driver_open(&vm->driver, &vm->host, vm->dm, NET_VM_DEVICE);
	vm->driver.use_msix = o->msix;
}

void net_vm_close(void)
{
	struct net_vm *vm = &net_vm;

	dm_reset(vm->dm);
	require(dm_lent(vm->dm) == 0 && vm->host.n_lent == 0 && vm->host.n_pins == 0);
	for (unsigned q = 0; q < HOST_QUEUES; q++)
		require(vm->host.port[NET_VM_PORT].posted[q].n == 0);
	dm_destroy(vm->dm);
	free(vm->mem);
	host_close(&vm->host);
}

bool net_vm_start(uint64_t mask, unsigned size)
{
	host_free_all(&net_vm.host);
	driver_reset(&net_vm.driver);
	if (!driver_start(&net_vm.driver, driver_offered(&net_vm.driver) & mask, size))
		return false;
	driver_run(&net_vm.driver);
	return true;
}

void net_vm_answer(unsigned n, enum dm_answer answer)
{
	for (net_vm.n_answers = 0; net_vm.n_answers < n; net_vm.n_answers++)
		net_vm.answer[net_vm.n_answers] = answer;
	net_vm.at_answer = 0;
}

uint8_t *net_vm_ram(gpa_t addr)
{
	require(range_inside(addr.a, 1, GUEST_RAM_BASE, net_vm.host.ram_size));
	return net_vm.host.ram + (addr.a - GUEST_RAM_BASE);
}

/* Pieces do not follow one another in memory: a byte lies between them. */
static unsigned lay(struct slice *s, const uint8_t *data, size_t len, size_t piece)
{
	unsigned n = 0;

	for (size_t at = 0; at < len; n++) {
		uint32_t part = (uint32_t)(piece == 0 || piece > len - at ? len - at : piece);
		require(n < DRIVER_QUEUE_MAX);
		s[n] = (struct slice){host_alloc(&net_vm.host, part + 1u, 1), part};
		if (data)
			memcpy(net_vm_ram(s[n].addr), data + at, part);
		at += part;
	}
	return n;
}

static int add(
	unsigned q, const struct slice *out, unsigned n_out, const struct slice *in, unsigned n_in)
{
	struct driver *d = &net_vm.driver;

	if (n_out + n_in <= d->q[q].n_free)
		return driver_add(d, q, out, n_out, in, n_in);
	return driver_add_indirect(d, q, out, n_out, in, n_in);
}

int net_vm_add_frame(
	unsigned q, const struct virtio_net_hdr *hdr, const void *data, size_t len, size_t piece)
{
	static uint8_t whole[NET_VM_FRAME + 12];
	struct slice s[DRIVER_QUEUE_MAX];

	require(len <= NET_VM_FRAME);
	memcpy(whole, hdr, 12);
	memcpy(whole + 12, data, len);
	return add(q, s, lay(s, whole, len + 12, piece), NULL, 0);
}

bool net_vm_send(const struct virtio_net_hdr *hdr, const void *data, size_t len, size_t piece)
{
	size_t taken = net_vm.host.ram_taken;
	uint16_t head;
	uint32_t written;
	int added = net_vm_add_frame(1, hdr, data, len, piece);

	require(added >= 0);
	driver_kick(&net_vm.driver, 1);
	driver_run(&net_vm.driver);
	net_vm.host.ram_taken = taken;
	if (!driver_collect(&net_vm.driver, 1, &head, &written))
		return false;
	require(head == added && written == 0);
	return true;
}

gpa_t net_vm_add_buffer(unsigned q, uint32_t len, size_t piece)
{
	struct slice s[DRIVER_QUEUE_MAX];
	unsigned n = lay(s, NULL, len, piece);

	for (unsigned i = 0; i < n; i++)
		memset(net_vm_ram(s[i].addr), 0xee, s[i].len);
	require(add(q, NULL, 0, s, n) >= 0);
	return s[0].addr;
}

int net_vm_control(unsigned q, uint8_t class, uint8_t command, const void *data, size_t len)
{
	uint8_t out[4096] = {class, command}, answer = 0x77;

	require(len + 2 <= sizeof(out));
	if (len > 0)
		memcpy(out + 2, data, len);
	/* In pieces of 5, which lie across all fields. */
	int64_t written =
		driver_request(&net_vm.driver, q, out, len + 2, &answer, 1, len > 64 ? 0 : 5);
	return written == 1 ? answer : -1;
}
