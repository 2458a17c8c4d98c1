/* SPDX-License-Identifier: MIT */
/*
 * The device model: the devices of one VM, found by address, and the memory
 * they live in. The memory given to dm_create() holds, each at a page:
 * struct dm, the scratch chain, then every device's state and arena.
 */
#include <string.h>

#include "devices/console.h"
#include "devices/finisher.h"
#include "devices/fs/fs.h"
#include "devices/rtc.h"
#include "devices/uart16550.h"
#include "devices/virtio_mmio.h"

#define PAGE 4096u

struct dm {
	struct uart16550 uart;
	struct rtc rtc;
	struct finisher finisher;
	struct vq_chain *chain; /* scratch: nothing in it outlives one call of a device */
	unsigned n_devices;
	uint32_t pending; /* bit i: device i has kicked queues; FIXED: one of `fixed` has work */
	struct device device[VM_DEVICES_MAX];
};

#define FIXED (1u << 31)

/* The devices that every VM has, where they are and in struct dm. `self` is the device. NULL: nothing to do. */
static const struct fixed {
	uint64_t base, size;
	size_t self;
	uint64_t (*read)(void *self, uint64_t offset, unsigned size);
	void (*write)(void *self, uint64_t offset, unsigned size, uint64_t value);
	void (*run)(void *self);
} fixed[] = {
	{GUEST_UART_BASE, GUEST_UART_SIZE, offsetof(struct dm, uart), uart16550_read,
		uart16550_write, uart16550_run},
	{GUEST_RTC_BASE, GUEST_RTC_SIZE, offsetof(struct dm, rtc), rtc_read, rtc_write, rtc_run},
	{GUEST_FINISHER_BASE, GUEST_FINISHER_SIZE, offsetof(struct dm, finisher), NULL,
		finisher_write, NULL},
};

#define N_FIXED (sizeof(fixed) / sizeof(fixed[0]))
_Static_assert(VM_DEVICES_MAX < 31, "FIXED is no device's bit");

/* What makes a device of its kind. `arena` is NULL for a kind that has none. */
static const struct kind {
	const struct device_ops *ops;
	size_t (*state_size)(const struct vm_device *spec);
	enum status (*init)(struct device *dev, void *mem, void *arena);
	bool has_arena;
} kinds[] = {
	[VM_DEVICE_CONSOLE] = {&console_ops, console_state_size, console_init, false},
	[VM_DEVICE_FS] = {&fs_ops, fs_state_size, fs_init, true},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- memory ---- */

/* Offsets into the memory given; all are multiples of PAGE. */
struct layout {
	size_t total;
	size_t chain;
	size_t state[VM_DEVICES_MAX];
	size_t arena[VM_DEVICES_MAX];
};

/* Appends `size` bytes at the next page; false: more than an address can hold. */
static bool reserve(struct layout *layout, uint64_t size, size_t *at)
{
	uint64_t end;

	*at = layout->total;
	if (__builtin_add_overflow(size, PAGE - 1, &end) ||
		__builtin_add_overflow(end / PAGE * PAGE, layout->total, &end) || end > SIZE_MAX)
		return false;
	layout->total = (size_t)end;
	return true;
}

static bool reserve_device(struct layout *layout, const struct vm_device *spec, unsigned i)
{
	if ((unsigned)spec->kind >= N_KINDS)
		return false;
	const struct kind *kind = &kinds[spec->kind];
	uint64_t arena = kind->has_arena ? spec->arena_size : 0;

	return arena % PAGE == 0 && reserve(layout, kind->state_size(spec), &layout->state[i]) &&
	       reserve(layout, arena, &layout->arena[i]);
}

static bool make_layout(const struct vm_spec *spec, struct layout *layout)
{
	size_t at;

	memset(layout, 0, sizeof(*layout));
	if (spec->n_devices > VM_DEVICES_MAX || !reserve(layout, sizeof(struct dm), &at) ||
		!reserve(layout, sizeof(struct vq_chain), &layout->chain))
		return false;
	for (unsigned i = 0; i < spec->n_devices; i++) {
		if (!reserve_device(layout, &spec->devices[i], i))
			return false;
	}
	return true;
}

size_t dm_memory_needed(const struct vm_spec *spec)
{
	struct layout layout;

	return make_layout(spec, &layout) ? layout.total : 0;
}

/* ---- life ---- */

static enum status create_device(struct dm *dm, unsigned i, const struct vm_device *spec,
	struct host *host, const struct layout *layout)
{
	const struct kind *kind = &kinds[spec->kind];
	struct device *dev = &dm->device[i];
	char *mem = (char *)dm;

	dev->ops = kind->ops;
	dev->spec = spec;
	dev->host = host;
	dev->index = i;
	enum status status = kind->init(
		dev, mem + layout->state[i], kind->has_arena ? mem + layout->arena[i] : NULL);
	if (status == OK)
		virtio_mmio_reset(dev);
	return status;
}

enum status dm_create(
	void *mem, size_t size, const struct vm_spec *spec, struct host *host, struct dm **out)
{
	struct layout layout;
	struct dm *dm = mem;

	if (!make_layout(spec, &layout) || (uintptr_t)mem % PAGE != 0)
		return ERR_INVALID;
	if (size < layout.total)
		return ERR_NO_SPACE;
	memset(dm, 0, sizeof(*dm));
	dm->chain = (struct vq_chain *)((char *)mem + layout.chain);
	dm->n_devices = spec->n_devices;
	uart16550_init(&dm->uart, host);
	rtc_init(&dm->rtc, host);
	dm->finisher.host = host;
	for (unsigned i = 0; i < spec->n_devices; i++) {
		enum status status = create_device(dm, i, &spec->devices[i], host, &layout);
		if (status != OK)
			return status;
	}
	*out = dm;
	return OK;
}

void dm_reset(struct dm *dm)
{
	for (unsigned i = 0; i < dm->n_devices; i++)
		virtio_mmio_reset(&dm->device[i]);
	uart16550_reset(&dm->uart);
	rtc_reset(&dm->rtc);
	dm->pending = 0;
}

/* Nothing is lent out; only the interrupt lines must fall. */
void dm_destroy(struct dm *dm)
{
	dm_reset(dm);
}

/* ---- the guest and the ports ---- */

/* The device whose window holds `addr` and the offset in it; false: none. */
static bool find_window(const struct dm *dm, gpa_t addr, unsigned *i, unsigned *offset)
{
	uint64_t at = addr.a - GUEST_VIRTIO_BASE; /* huge for an address below */

	if (at >= dm->n_devices * GUEST_VIRTIO_SIZE)
		return false;
	*i = (unsigned)(at / GUEST_VIRTIO_SIZE);
	*offset = (unsigned)(at % GUEST_VIRTIO_SIZE);
	return true;
}

static void *fixed_self(struct dm *dm, const struct fixed *f)
{
	return (char *)dm + f->self;
}

/* NULL: `addr` is in no window of theirs. */
static const struct fixed *find_fixed(gpa_t addr)
{
	for (unsigned i = 0; i < N_FIXED; i++) {
		if (addr.a - fixed[i].base < fixed[i].size)
			return &fixed[i];
	}
	return NULL;
}

/* Out of line, so that a register load of a virtio device needs no stack frame. */
__attribute__((noinline)) static bool fixed_read(
	struct dm *dm, gpa_t addr, unsigned size, uint64_t *value)
{
	const struct fixed *f = find_fixed(addr);

	if (!f)
		return false;
	*value = f->read ? f->read(fixed_self(dm, f), addr.a - f->base, size) : 0;
	return true;
}

static bool fixed_write(struct dm *dm, gpa_t addr, unsigned size, uint64_t value)
{
	const struct fixed *f = find_fixed(addr);

	if (!f)
		return false;
	f->write(fixed_self(dm, f), addr.a - f->base, size, value);
	dm->pending |= FIXED;
	return true;
}

static void fixed_run(struct dm *dm)
{
	for (unsigned i = 0; i < N_FIXED; i++) {
		if (fixed[i].run)
			fixed[i].run(fixed_self(dm, &fixed[i]));
	}
}

bool dm_mmio_read(struct dm *dm, gpa_t addr, unsigned size, uint64_t *value)
{
	unsigned i, offset;

	if (!find_window(dm, addr, &i, &offset))
		return fixed_read(dm, addr, size, value);
	*value = virtio_mmio_read(&dm->device[i], offset, size);
	return true;
}

static void note_kicks(struct dm *dm, unsigned i)
{
	if (dm->device[i].kicked)
		dm->pending |= 1u << i;
}

bool dm_mmio_write(struct dm *dm, gpa_t addr, unsigned size, uint64_t value)
{
	unsigned i, offset;

	if (!find_window(dm, addr, &i, &offset))
		return fixed_write(dm, addr, size, value);
	virtio_mmio_write(&dm->device[i], offset, size, value);
	note_kicks(dm, i);
	return true;
}

void dm_port_ready(struct dm *dm, unsigned port)
{
	for (unsigned i = 0; i < dm->n_devices; i++) {
		struct device *dev = &dm->device[i];
		if (dev->ops->port_ready && dev->spec->port == port) {
			dev->ops->port_ready(dev);
			note_kicks(dm, i);
		}
	}
	if (port == GUEST_UART_PORT)
		dm->pending |= FIXED;
}

void dm_alarm(struct dm *dm)
{
	dm->pending |= FIXED;
}

bool dm_run(struct dm *dm)
{
	uint32_t pending = dm->pending;

	if (pending == 0)
		return false;
	dm->pending = 0;
	for (unsigned i = 0; i < dm->n_devices; i++) {
		if ((pending & (1u << i)) && virtio_mmio_run(&dm->device[i], dm->chain))
			dm->pending |= 1u << i;
	}
	if (pending & FIXED)
		fixed_run(dm);
	return dm->pending != 0;
}
