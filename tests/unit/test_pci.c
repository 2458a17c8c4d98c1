/* SPDX-License-Identifier: MIT */
/* PCI's enumeration and the finding of virtio's registers, against functions and bridges in plain memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/io.h"
#include "drivers/pci.h"
#include "drivers/virtio_pci.h"
#include "include/abi/virtio_pci.h"
#include "lib/log.h"

#define ECAM      0x30000000ull
#define FIRST_BUS 2
#define LAST_BUS  9
#define BUS_BASE  0x1000000ull /* of the window; the CPU's is another */
#define CPU_BASE  0x150000000ull
#define ROOT      (-1)
#define MAX       12

/* ---- what is there ---- */

struct function {
	int on; /* index of the bridge whose bus it is on; ROOT */
	uint8_t slot, number;
	uint8_t config[256];
	uint64_t bar_size[PCI_BARS];
	bool wide[PCI_BARS];
	unsigned ever; /* bits of its command register that were ever set */
};

static struct function functions[MAX];
static unsigned n_functions, n_lines;
static struct host_pci host;

static void put(struct function *f, unsigned offset, uint64_t value, size_t size)
{
	memcpy(f->config + offset, &value, size);
}

static uint64_t get(const struct function *f, unsigned offset, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, f->config + offset, size);
	return value;
}

static struct function *add(int on, unsigned slot, unsigned number, uint32_t id)
{
	struct function *f = &functions[n_functions++];

	assert_true(n_functions <= MAX);
	memset(f, 0, sizeof(*f));
	f->on = on;
	f->slot = (uint8_t)slot;
	f->number = (uint8_t)number;
	put(f, PCI_VENDOR_ID, id, 4);
	put(f, PCI_COMMAND, 7, 2); /* as the firmware may have left it */
	put(f, PCI_INTERRUPT_PIN, 1, 1);
	return f;
}

static int add_bridge(int on, unsigned slot)
{
	struct function *f = add(on, slot, 0, 0x00081b36);

	put(f, PCI_HEADER_TYPE, 1, 1);
	put(f, 0x18, 0x00ff0102, 4); /* the firmware's numbers */
	return (int)n_functions - 1;
}

static void set_bar(struct function *f, unsigned bar, uint64_t size, bool wide)
{
	f->bar_size[bar] = size;
	f->wide[bar] = wide;
	put(f, PCI_BAR0 + 4 * bar, wide ? 0xc : 0, 4);
}

/* A disk with a small and a large BAR. */
static struct function *add_disk(int on, unsigned slot, unsigned number)
{
	struct function *f = add(on, slot, number, 0x10421af4);

	set_bar(f, 1, 4096, false);
	set_bar(f, 4, 16384, true);
	return f;
}

static void reset(void)
{
	static const struct host_pci empty = {
		.ecam = ECAM,
		.first_bus = FIRST_BUS,
		.last_bus = LAST_BUS,
		.msi = true,
		.n_windows = 2,
		.window = {{0x800000000, 0x800000000, 0x1000000, true},
			{BUS_BASE, CPU_BASE, 0x1000000, false}},
		.function_mask = 0x18,
		.pin_mask = 7,
	};

	host = empty;
	for (unsigned slot = 0; slot < 4; slot++)
		for (unsigned pin = 1; pin <= 4; pin++)
			host.route[host.n_routes++] = (struct host_pci_route){(uint8_t)(slot << 3),
				(uint8_t)pin, {32 + (slot + pin - 1) % 4, false}};
	n_functions = n_lines = 0;
}

/* ---- how it is reached ---- */

static bool forwards(int bridge, unsigned bus)
{
	for (; bridge != ROOT; bridge = functions[bridge].on)
		if (bus < functions[bridge].config[0x19] || bus > functions[bridge].config[0x1a])
			return false;
	return true;
}

static struct function *find(uintptr_t address, unsigned *offset)
{
	uint64_t at = address - ECAM;
	unsigned bus = (unsigned)(at >> 20) + FIRST_BUS;

	assert_true(bus <= LAST_BUS);
	*offset = at & 0xfff;
	for (unsigned i = 0; i < n_functions; i++) {
		struct function *f = &functions[i];
		unsigned on = f->on == ROOT ? FIRST_BUS : functions[f->on].config[0x19];

		if (on == bus && f->slot == (at >> 15 & 31) && f->number == (at >> 12 & 7) &&
			forwards(f->on, bus))
			return f;
	}
	return NULL;
}

static uint32_t read_config(uintptr_t address, size_t size)
{
	unsigned offset;
	const struct function *f = find(address, &offset);

	return f ? (uint32_t)get(f, offset, size) : PCI_NOTHING;
}

static void write_bar(struct function *f, unsigned bar, uint32_t value)
{
	bool high = bar && f->wide[bar - 1];
	uint64_t size = f->bar_size[high ? bar - 1 : bar];
	uint64_t mask = size ? ~(size - 1) : 0;

	assert_int_equal(f->config[PCI_COMMAND] & PCI_COMMAND_MEMORY, 0);
	if (high)
		put(f, PCI_BAR0 + 4 * bar, value & (mask >> 32), 4);
	else
		put(f, PCI_BAR0 + 4 * bar, (value & mask) | (f->wide[bar] ? 0xc : 0), 4);
}

static void write_config(uintptr_t address, uint32_t value, size_t size)
{
	unsigned offset;
	struct function *f = find(address, &offset);

	if (!f)
		return;
	if (offset == PCI_COMMAND)
		f->ever |= value;
	if (!(f->config[PCI_HEADER_TYPE] & 0x7f) && offset >= PCI_BAR0 && offset < PCI_BAR0 + 24)
		write_bar(f, (offset - PCI_BAR0) / 4, value);
	else
		put(f, offset, value, size);
}

uint8_t io_read8(uintptr_t address)
{
	return (uint8_t)read_config(address, 1);
}

uint16_t io_read16(uintptr_t address)
{
	return (uint16_t)read_config(address, 2);
}

uint32_t io_read32(uintptr_t address)
{
	return read_config(address, 4);
}

void io_write8(uintptr_t address, uint8_t value)
{
	write_config(address, value, 1);
}

void io_write16(uintptr_t address, uint16_t value)
{
	write_config(address, value, 2);
}

void io_write32(uintptr_t address, uint32_t value)
{
	write_config(address, value, 4);
}

void driver_map(uint64_t base, uint64_t size)
{
	(void)base;
	(void)size;
}

void log_line(const char *format, ...)
{
	(void)format;
	n_lines++;
}

/* ---- enumeration ---- */

static struct pci_function found[MAX];

static unsigned scan(void)
{
	memset(found, 0, sizeof(found));
	return pci_scan(&host, virtio_pci_is, found, MAX);
}

static void assert_bars(const struct pci_function *f, const struct function *is)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		if (!is->bar_size[i])
			continue;
		uint64_t address = get(is, PCI_BAR0 + 4 * i, 4) & ~15ull;

		assert_int_equal(f->bar[i].size, is->bar_size[i]);
		assert_int_equal(f->bar[i].base, address - BUS_BASE + CPU_BASE);
		assert_int_equal(address % is->bar_size[i], 0);
		assert_true(
			address >= BUS_BASE && address + is->bar_size[i] <= BUS_BASE + 0x1000000);
		if (is->wide[i])
			assert_int_equal(get(is, PCI_BAR0 + 4 * i + 4, 4), 0);
	}
}

static void test_flat(void **state)
{
	struct function *other, *disk, *two;

	(void)state;
	reset();
	other = add(ROOT, 0, 0, 0x12345678);
	disk = add_disk(ROOT, 3, 0);
	two = add_disk(ROOT, 3, 1);
	put(disk, PCI_HEADER_TYPE, 0x80, 1);
	put(two, PCI_INTERRUPT_PIN, 2, 1);
	add_disk(ROOT, 31, 0);
	add_disk(ROOT, 5, 1); /* without function 0 there is none */
	assert_int_equal(scan(), 3);
	assert_int_equal(found[0].bus, FIRST_BUS);
	assert_int_equal(found[0].slot, 3);
	assert_int_equal(found[1].number, 1);
	assert_int_equal(found[2].slot, 31);
	assert_true(found[0].messages);
	assert_int_equal(found[0].irq.source, 32 + 3);
	assert_int_equal(found[1].irq.source, 32 + 0);
	assert_bars(&found[0], disk);
	assert_bars(&found[1], two);
	assert_int_not_equal(found[0].bar[1].base, found[1].bar[1].base);
	assert_int_equal(get(disk, PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	/* What nobody drives is silent. */
	assert_int_equal(get(other, PCI_COMMAND, 2), 0);
	assert_int_equal(other->ever, 0);
}

static void assert_window(int bridge, uint64_t first, uint64_t last)
{
	const struct function *f = &functions[bridge];

	assert_int_equal(get(f, 0x20, 2) << 16, first);
	assert_int_equal(get(f, 0x22, 2) << 16 | 0xfffff, last);
	assert_true((get(f, 0x24, 2) & 0xfff0) > (get(f, 0x26, 2) & 0xfff0)); /* closed */
	assert_int_equal(get(f, PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* Two root ports, the second with a bridge below; the pins turn on their way up. */
static void test_bridges(void **state)
{
	int a, b, c, empty;
	struct function *first, *last;

	(void)state;
	reset();
	a = add_bridge(ROOT, 1);
	first = add_disk(a, 0, 0);
	b = add_bridge(ROOT, 2);
	c = add_bridge(b, 0);
	last = add_disk(c, 6, 0);
	empty = add_bridge(ROOT, 3);
	assert_int_equal(scan(), 2);
	assert_int_equal(found[0].bus, 3);
	assert_int_equal(found[1].bus, 5);
	assert_int_equal(found[1].slot, 6);
	assert_int_equal(functions[a].config[0x1a], 3);
	assert_int_equal(functions[b].config[0x19], 4);
	assert_int_equal(functions[b].config[0x1a], 5);
	assert_int_equal(functions[c].config[0x18], 4);
	assert_int_equal(functions[empty].config[0x19], 6);
	assert_bars(&found[0], first);
	assert_bars(&found[1], last);
	assert_window(a, BUS_BASE, BUS_BASE + 0xfffff);
	assert_window(b, BUS_BASE + 0x100000, BUS_BASE + 0x1fffff);
	assert_window(c, BUS_BASE + 0x100000, BUS_BASE + 0x1fffff);
	assert_true(get(&functions[empty], 0x20, 2) > get(&functions[empty], 0x22, 2));
	assert_int_equal(found[0].irq.source, 32 + 1);
	assert_int_equal(found[1].irq.source, 32 + (2 + 6) % 4);
}

static void test_too_deep(void **state)
{
	int bridge = ROOT;

	(void)state;
	reset();
	for (unsigned i = 0; i < 9; i++)
		bridge = add_bridge(bridge, 0);
	add_disk(bridge, 0, 0);
	assert_int_equal(scan(), 0); /* more buses than there are numbers */
	reset();
	host.n_windows = 1; /* nothing that 32 bits reach */
	add_disk(add_bridge(ROOT, 0), 0, 0);
	add_disk(ROOT, 1, 0);
	assert_int_equal(scan(), 0);
	assert_int_equal(n_lines, 1);
}

static void test_no_room(void **state)
{
	struct function *big;

	(void)state;
	reset();
	big = add_disk(ROOT, 0, 0);
	set_bar(big, 4, 0x2000000, true);
	add_disk(ROOT, 1, 0);
	assert_int_equal(scan(), 1);
	assert_int_equal(found[0].slot, 1);
	assert_int_equal(get(big, PCI_COMMAND, 2), 0);
	assert_int_equal(n_lines, 1);
}

/* ---- capabilities, and virtio's registers ---- */

static void add_cap(struct function *f, unsigned at, unsigned next, unsigned type, unsigned bar,
	uint32_t offset, uint32_t length)
{
	put(f, at, PCI_CAP_ID_VENDOR | next << 8 | 20 << 16 | type << 24, 4);
	put(f, at + 4, bar, 4);
	put(f, at + 8, offset, 4);
	put(f, at + 12, length, 4);
	put(f, at + 16, 4, 4);
}

static struct function *add_whole_disk(void)
{
	struct function *f = add_disk(ROOT, 1, 0);

	put(f, PCI_STATUS, PCI_STATUS_CAPABILITIES, 2);
	put(f, PCI_CAPABILITIES, 0x40, 1);
	add_cap(f, 0x40, 0x54, VIRTIO_PCI_CAP_COMMON_CFG, 4, 0, 0x38);
	add_cap(f, 0x54, 0x68, VIRTIO_PCI_CAP_ISR_CFG, 4, 0x1000, 4);
	add_cap(f, 0x68, 0x7c, VIRTIO_PCI_CAP_DEVICE_CFG, 4, 0x2000, 60);
	add_cap(f, 0x7c, 0x90, VIRTIO_PCI_CAP_NOTIFY_CFG, 4, 0x3000, 0x1000);
	put(f, 0x90, PCI_CAP_ID_MSIX | 3u << 16, 4);
	put(f, 0x94, 1, 4); /* table in BAR 1 */
	return f;
}

static bool find_virtio(struct virtio_device *v)
{
	assert_int_equal(scan(), 1);
	return virtio_pci_find(&found[0], v);
}

static void test_virtio(void **state)
{
	struct virtio_device v;
	struct function *f;

	(void)state;
	reset();
	f = add_whole_disk();
	assert_true(find_virtio(&v));
	assert_int_equal(v.id, 2);
	assert_string_equal(v.where, "pci 02:01.0");
	assert_int_equal(v.base, found[0].bar[4].base);
	assert_int_equal(v.isr, found[0].bar[4].base + 0x1000);
	assert_int_equal(v.config, found[0].bar[4].base + 0x2000);
	assert_int_equal(v.config_size, 60);
	assert_int_equal(v.notify, found[0].bar[4].base + 0x3000);
	assert_int_equal(v.notify_step, 4);
	assert_int_equal(v.msix, 0x90);
	assert_int_equal(v.n_vectors, 4);
	assert_int_equal(v.vectors, found[0].bar[1].base);
	assert_int_equal(v.irq.source, 33);

	host.msi = false;
	assert_true(find_virtio(&v));
	assert_int_equal(v.n_vectors, 0);
	host.msi = true;
	put(f, 0x94, 1 | 0xfd0, 4); /* the table would leave its BAR */
	assert_true(find_virtio(&v));
	assert_int_equal(v.n_vectors, 0);
	/* A transitional one: its subsystem says what it is. */
	put(f, PCI_DEVICE_ID, 0x1001, 2);
	put(f, PCI_SUBSYSTEM_ID, 2, 2);
	assert_true(find_virtio(&v));
	assert_int_equal(v.id, 2);
}

static void test_virtio_that_is_wrong(void **state)
{
	struct virtio_device v;
	struct function *f;

	(void)state;
	reset();
	f = add_whole_disk();
	add_cap(f, 0x40, 0x54, VIRTIO_PCI_CAP_COMMON_CFG, 4, 0x3fd0, 0x38); /* past the BAR */
	assert_false(find_virtio(&v));
	assert_int_equal(n_lines, 1);
	add_cap(f, 0x40, 0x54, VIRTIO_PCI_CAP_COMMON_CFG, 4, 0xfffffff0, 0x38);
	assert_false(find_virtio(&v));
	add_cap(f, 0x40, 0x54, VIRTIO_PCI_CAP_COMMON_CFG, 0, 0, 0x38); /* no such BAR */
	assert_false(find_virtio(&v));
	add_cap(f, 0x40, 0x54, VIRTIO_PCI_CAP_COMMON_CFG, 7, 0, 0x38);
	assert_false(find_virtio(&v));
	add_cap(f, 0x40, 0x54, VIRTIO_PCI_CAP_COMMON_CFG, 4, 0, 0x30); /* short */
	assert_false(find_virtio(&v));
	add_cap(f, 0x40, 0x40, VIRTIO_PCI_CAP_PCI_CFG, 4, 0, 0x38); /* a circle */
	assert_false(find_virtio(&v));
	put(f, PCI_STATUS, 0, 2); /* none at all */
	assert_false(find_virtio(&v));
	/* The second that says where it is counts when the first is no good. */
	put(f, PCI_STATUS, PCI_STATUS_CAPABILITIES, 2);
	add_cap(f, 0x40, 0xb0, VIRTIO_PCI_CAP_COMMON_CFG, 7, 0, 0x38);
	add_cap(f, 0xb0, 0x54, VIRTIO_PCI_CAP_COMMON_CFG, 4, 0x800, 0x38);
	assert_true(find_virtio(&v));
	assert_int_equal(v.base, found[0].bar[4].base + 0x800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flat),
		cmocka_unit_test(test_bridges),
		cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_virtio),
		cmocka_unit_test(test_virtio_that_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
