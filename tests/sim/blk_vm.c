/* SPDX-License-Identifier: MIT */
/* A VM with disks: see blk_vm.h. */
#include <stdlib.h>
#include <string.h>

#include "devices/kinds.h"
#include "tests/sim/blk_vm.h"

struct blk_vm vm;

/* The device model has no other kind here. */
const struct kind kinds[] = {
	[VM_DEVICE_DISK] = {&blk_ops, blk_state_size, blk_init, false},
};
const unsigned kinds_n = sizeof(kinds) / sizeof(kinds[0]);

static void require(bool what)
{
	if (!what)
		abort();
}

static void perform(const struct dm_request *request)
{
	switch (request->op) {
	case DM_READ:
		host_slices_write(&vm.host, request, 0, vm.disk + request->offset, request->len);
		break;
	case DM_WRITE:
		host_slices_read(&vm.host, request, 0, vm.disk + request->offset, request->len);
		break;
	case DM_WRITE_ZEROES:
		memset(vm.disk + request->offset, 0, request->len);
		break;
	case DM_DISCARD:
		memset(vm.disk + request->offset, 0xdd, request->len);
		break;
	default:
		break;
	}
}

static void check(const struct dm_request *request)
{
	const struct dm_disk *disk = &vm.host.port[BLK_VM_PORT].disk;

	require(request->device == BLK_VM_DEVICE && request->op <= DM_WRITE_ZEROES);
	require(range_inside(request->offset, request->len, 0, disk->size));
	require((request->offset | request->len) % disk->block_size == 0);
	require((request->op == DM_FLUSH) == (request->len == 0));
	require(!disk->read_only || request->op == DM_READ || request->op == DM_FLUSH);
	require(disk->flush || request->op != DM_FLUSH);
	require(request->op != DM_DISCARD || request->len <= disk->discard_max);
	require(request->op != DM_WRITE_ZEROES || request->len <= disk->write_zeroes_max);
	require(request->op == DM_WRITE_ZEROES || !request->unmap);
	require((request->op == DM_READ || request->op == DM_WRITE) == (request->n_slices > 0));
}

static void note(const struct dm_request *request)
{
	if (vm.n_log < BLK_VM_LOG) {
		vm.log[vm.n_log].op = request->op;
		vm.log[vm.n_log].unmap = request->unmap;
		vm.log[vm.n_log].offset = request->offset;
		vm.log[vm.n_log].len = request->len;
	}
	vm.n_log++;
}

static enum dm_answer submit(struct host *host, unsigned port, struct dm_request *request)
{
	enum dm_answer answer = DM_LENT;

	(void)host;
	require(port == BLK_VM_PORT);
	check(request);
	if (vm.at_answer < vm.n_answers)
		answer = vm.answer[vm.at_answer++];
	if (answer != DM_BUSY)
		note(request);
	if (answer == DM_DONE)
		perform(request);
	return answer;
}

static void describe(struct dm_disk *disk, const struct blk_vm_options *o)
{
	*disk = (struct dm_disk){
		.size = sizeof(vm.disk),
		.block_size = o->block_size ? o->block_size : 512,
		.physical_size = 4096,
		.optimal_size = 65536,
		.discard_max = o->no_discard ? 0 : sizeof(vm.disk) / 4,
		.write_zeroes_max = o->no_write_zeroes ? 0 : sizeof(vm.disk) / 2,
		.read_only = o->read_only,
		.flush = !o->no_flush,
	};
}

void blk_vm_open(const struct blk_vm_options *o)
{
	memset(&vm, 0, sizeof(vm));
	vm.spec.transport = o->transport;
	vm.spec.vcpus = o->vcpus ? o->vcpus : 1;
	vm.spec.n_devices = 2;
	for (unsigned i = 0; i < 2; i++) {
		vm.spec.devices[i].kind = VM_DEVICE_DISK;
		vm.spec.devices[i].port = 1 + i;
		vm.spec.devices[i].disk.queues = o->queues;
	}
	host_open(&vm.host, BLK_VM_RAM);
	describe(&vm.host.port[1].disk, o);
	describe(&vm.host.port[BLK_VM_PORT].disk, o);
	if (o->id)
		memcpy(vm.host.port[BLK_VM_PORT].disk.id, o->id, strlen(o->id));
	vm.host.submit = submit;
	vm.host.has_msi = o->msix;
	for (size_t i = 0; i < sizeof(vm.disk); i++)
		vm.disk[i] = (uint8_t)(i * 7 + i / 512);

	size_t size = dm_memory_needed(&vm.spec);
	vm.mem = aligned_alloc(4096, size);
	require(vm.mem != NULL);
	memset(vm.mem, 0xa5, size); /* dm_create() may assume nothing */
	require(dm_create(vm.mem, size, &vm.spec, &vm.host, &vm.dm) == OK);
	driver_open(&vm.driver, &vm.host, vm.dm, BLK_VM_DEVICE);
	vm.driver.use_msix = o->msix;
}

void blk_vm_close(void)
{
	dm_reset(vm.dm);
	require(dm_lent(vm.dm) == 0 && vm.host.n_lent == 0 && vm.host.n_pins == 0);
	dm_destroy(vm.dm);
	free(vm.mem);
	host_close(&vm.host);
}

void blk_vm_start(uint64_t mask, unsigned size)
{
	host_free_all(&vm.host);
	driver_reset(&vm.driver);
	require(driver_start(&vm.driver, driver_offered(&vm.driver) & mask, size));
}

void blk_vm_complete(unsigned i, enum status status)
{
	require(i < vm.host.n_lent);
	if (status == OK)
		perform(vm.host.lent[i]);
	host_complete(&vm.host, vm.dm, i, status);
}

void blk_vm_settle(void)
{
	driver_run(&vm.driver);
	while (vm.host.n_lent > 0) {
		blk_vm_complete(0, OK);
		driver_run(&vm.driver);
	}
}

uint8_t *blk_vm_ram(gpa_t addr)
{
	require(range_inside(addr.a, 1, GUEST_RAM_BASE, BLK_VM_RAM));
	return vm.host.ram + (addr.a - GUEST_RAM_BASE);
}

static bool device_writes(uint32_t type)
{
	return type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
}

static unsigned cut(struct slice *s, gpa_t addr, uint32_t len, uint32_t piece)
{
	unsigned n = 0;

	for (uint32_t at = 0; at < len; n++) {
		uint32_t part = piece == 0 || piece > len - at ? len - at : piece;
		s[n] = (struct slice){gpa(addr.a + at), part};
		at += part;
	}
	return n;
}

struct blk_io blk_vm_add(
	unsigned q, uint32_t type, uint64_t sector, const void *data, uint32_t len, uint32_t piece)
{
	struct virtio_blk_header header = {.type = type, .sector = sector};
	struct slice s[DRIVER_QUEUE_MAX];
	struct blk_io io = {
		.header = host_alloc(&vm.host, sizeof(header), 8),
		.data = host_alloc(&vm.host, len + 1, 8),
		.status = host_alloc(&vm.host, 1, 1),
		.len = len,
	};
	unsigned n = 1 + cut(s + 1, io.data, len, piece);

	memcpy(blk_vm_ram(io.header), &header, sizeof(header));
	if (data)
		memcpy(blk_vm_ram(io.data), data, len);
	*blk_vm_ram(io.status) = 0x77;
	s[0] = (struct slice){io.header, sizeof(header)};
	s[n] = (struct slice){io.status, 1};
	unsigned out = device_writes(type) ? 1 : n;
	/* Wherever the ring has too few places, a table does. */
	bool fits = n + 1 <= vm.driver.q[q].n_free;
	io.head = fits ? driver_add(&vm.driver, q, s, out, s + out, n + 1 - out)
		       : driver_add_indirect(&vm.driver, q, s, out, s + out, n + 1 - out);
	return io;
}

unsigned blk_vm_do(
	uint32_t type, uint64_t sector, const void *data, void *in, uint32_t len, uint32_t *used)
{
	size_t taken = vm.host.ram_taken;
	struct blk_io io = blk_vm_add(0, type, sector, data, len, 0);
	uint32_t written;
	uint16_t head;

	require(io.head >= 0);
	driver_kick(&vm.driver, 0);
	blk_vm_settle();
	vm.host.ram_taken = taken;
	if (!driver_collect(&vm.driver, 0, &head, &written))
		return 0x100;
	require(head == io.head);
	if (used)
		*used = written;
	if (in)
		memcpy(in, blk_vm_ram(io.data), len);
	return *blk_vm_ram(io.status);
}
