/* SPDX-License-Identifier: MIT */
/*
 * Page tables and pages outside of RAM, in every mode the hart has. A walk that
 * leaves RAM and a page that is not RAM are access faults, with the virtual
 * address in stval.
 */
#include "tests/guest/access.h"
#include "tests/guest/paging.h"
#include "tests/guest/virtio.h"

static bool native;

/* QEMU itself makes a walk that leaves RAM a page fault: 12, 13 or 15. */
static void check_walk(const char *what, access_fn fn, uint64_t address, uint64_t cause)
{
	uint64_t page_fault = cause == CAUSE_FETCH_ACCESS ? 12 : cause + 8;
	struct outcome outcome = guest_try(fn, address, 0);

	if (!(native && outcome.cause == page_fault))
		CHECK(outcome.cause, cause, what);
	CHECK(outcome.stval, address, "stval");
}

static void check_window(unsigned slot, uint64_t offset)
{
	uint64_t address = WINDOW(slot) + offset;

	check_walk("ld", access_ld, address, CAUSE_LOAD_ACCESS);
	check_walk("sd", access_sd, address, CAUSE_STORE_ACCESS);
	check_walk("c.lwsp", access_c_lwsp, address, CAUSE_LOAD_ACCESS);
	check_walk("amoadd.w", access_amoadd_w, address, CAUSE_STORE_ACCESS);
	check_walk("jump", access_jump, address, CAUSE_FETCH_ACCESS);
}

/* A next-level table at `pa`. */
static void check_table_at(uint64_t pa)
{
	paging_set_window(5, PTE(pa, PTE_V));
	check_window(5, 0);
	check_window(5, 0x3ffffff8);
	check_window(5, guest_random() & 0x3ffffff8);
}

static void check_tables(void)
{
	/* Firmware alone has devices at these, which answer. */
	static const uint64_t devices[] = {0, 0x1000, 0x100000, PLIC, 0x10000000, VIRTIO(0),
		VIRTIO(1), 0x20000000, 0x30000000, 0x40000000, RAM_BASE - 0x1000};

	for (size_t i = 0; !native && i < sizeof(devices) / sizeof(devices[0]); i++)
		check_table_at(devices[i]);
	check_table_at(NOTHING);
	check_table_at(RAM_END);
	for (unsigned bit = native ? NATIVE_TOP_BIT : 33; bit < 56; bit++) {
		check_table_at(1ul << bit);
		check_table_at(1ul << bit | RAM_BASE);
	}
	check_table_at((1ul << 56) - 0x1000);
	for (unsigned i = 0; i < 50; i++)
		check_table_at((guest_random() & ((1ul << 56) - 0x1000)) | 1ul << 40);
}

/* A 4 KiB page at `pa`, through tables that are in RAM. */
static void check_page_at(uint64_t pa)
{
	paging_map_page(7, pa);
	check_walk("ld", access_ld, WINDOW(7) + 0x18, CAUSE_LOAD_ACCESS);
	check_walk("sw", access_sw, WINDOW(7) + 0x7fc, CAUSE_STORE_ACCESS);
	check_walk("c.sdsp", access_c_sdsp, WINDOW(7), CAUSE_STORE_ACCESS);
	check_walk("jump", access_jump, WINDOW(7) + 0x10, CAUSE_FETCH_ACCESS);
}

static void check_pages(void)
{
	check_page_at(NOTHING);
	check_page_at(RAM_END);
	for (unsigned bit = native ? NATIVE_TOP_BIT : 33; bit < 56; bit++)
		check_page_at(1ul << bit | RAM_BASE);
	if (native)
		return;
	check_page_at(0);
	check_page_at(0x30000000);
	check_page_at(RAM_BASE - 0x1000);
	paging_map_page(7, VIRTIO(0));
	CHECK(access_lwu(WINDOW(7), 0), VIRTIO_MAGIC_VALUE, "a device through a mapping");
	check_walk("jump", access_jump, WINDOW(7), CAUSE_FETCH_ACCESS);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	native = guest_is_native();
	for (uint64_t mode = SATP_SV39; mode <= SATP_SV57; mode++) {
		bool on = paging_on(mode);

		print_line("sxs", "satp mode ", mode, on ? "" : ": skipped, not there");
		if (!on)
			continue;
		check_tables();
		check_pages();
		paging_off();
	}
	guest_pass();
}
