/* SPDX-License-Identifier: MIT */
/*
 * Emulated loads and stores: every width and form, every register, the virtual
 * address apart from the physical one, and the access fault that each kind of
 * access gets where nothing is.
 */
#include "tests/guest/access.h"
#include "tests/guest/paging.h"
#include "tests/guest/virtio.h"

#define FS            1 /* device 1; without firmware's hypervisor any device with 16 bytes of config */
#define ENABLE_32_63  (PLIC + 0x2084) /* hart 0, S-mode: 32 bits that can all be written */
#define DEVICE_WINDOW 5

static bool native;

static void check_identity(unsigned device, uint32_t id)
{
	CHECK(virtio_get(device, VIRTIO_MAGIC), VIRTIO_MAGIC_VALUE, "MagicValue");
	CHECK(virtio_get(device, VIRTIO_VERSION), 2, "Version");
	CHECK(virtio_get(device, VIRTIO_DEVICE_ID), id, "DeviceID");
}

/* Each form in turn against the bytes, at each aligned place of the first 16. */
static void check_load_widths(uint64_t address)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < 8; i++)
		bytes |= *(volatile uint8_t *)(address + i) << 8 * i;
	for (unsigned i = 0; i < N_ACCESSES; i++) {
		const struct access *access = &accesses[i];

		for (unsigned at = 0; !access->store && at < 8; at += access->size) {
			struct outcome outcome = guest_try(access->fn, address + at, 0);

			if (access->zcb && outcome.cause == CAUSE_ILLEGAL)
				break;
			CHECK(outcome.cause, NO_TRAP, access->name);
			CHECK(outcome.value, access_extend(access, bytes >> 8 * at), access->name);
		}
	}
}

/* 4-byte stores must arrive in the register; the others only must not trap. */
static void check_store_widths(uint64_t config)
{
	for (unsigned i = 0; i < N_ACCESSES; i++) {
		const struct access *access = &accesses[i];
		uint32_t value = 0x9e3779b9u * (i + 1);
		struct outcome outcome;

		if (!access->store)
			continue;
		outcome = guest_try(access->fn, access->size == 4 ? ENABLE_32_63 : config, value);
		if (access->zcb && outcome.cause == CAUSE_ILLEGAL) {
			print_line("ss", "skipped: Zcb ", access->name);
			continue;
		}
		CHECK(outcome.cause, NO_TRAP, access->name);
		if (access->size == 4)
			CHECK(access_lwu(ENABLE_32_63, 0), value, access->name);
	}
}

static void check_registers(void)
{
	for (unsigned reg = 1; reg < 32; reg++) {
		uint32_t value = 0x85ebca6bu * reg;

		store_through[reg](ENABLE_32_63, value);
		CHECK(access_lwu(ENABLE_32_63, 0), value, "a store's register");
		CHECK(load_through[reg](ENABLE_32_63, 0), (int32_t)value, "a load's register");
	}
	__asm__ volatile("sw zero, 0(%0)\n\tlw zero, 0(%0)" ::"r"(ENABLE_32_63) : "memory");
	CHECK(access_lwu(ENABLE_32_63, 0), 0, "a store of x0");
}

/* The address to emulate is the physical one, stval the virtual one. */
static void check_translated(void)
{
	if (!paging_on(SATP_SV39)) {
		print("skipped: no Sv39\n");
		return;
	}
	paging_map_page(DEVICE_WINDOW, VIRTIO(0));
	CHECK(*(volatile uint32_t *)WINDOW(DEVICE_WINDOW), VIRTIO_MAGIC_VALUE, "mapped MagicValue");
	paging_map_page(DEVICE_WINDOW, NOTHING);
	access_check_nothing(WINDOW(DEVICE_WINDOW) + 0x120, "mapped to nothing");
	paging_off();
}

static void check_fault(const char *what, access_fn fn, uint64_t address, uint64_t cause)
{
	struct outcome outcome = guest_try(fn, address, 0);

	CHECK(outcome.cause, cause, what);
	CHECK(outcome.stval, address, "stval");
}

/* From RAM into a device: no part of it may arrive there, whether or not the hart says where it began. */
static void check_straddle(void)
{
	static uint8_t ram[4096] __attribute__((aligned(4096)));
	uint64_t end = WINDOW(DEVICE_WINDOW) + sizeof(ram);

	if (!paging_on(SATP_SV39))
		return;
	paging_map_page(DEVICE_WINDOW, (uint64_t)ram);
	paging_change_page(1, VIRTIO(0));
	for (unsigned i = 0; i < N_ACCESSES; i++) {
		const struct access *access = &accesses[i];

		for (unsigned before = 1; before < access->size; before++) {
			struct outcome outcome = guest_try(access->fn, end - before, 0);

			if (access->zcb && outcome.cause == CAUSE_ILLEGAL)
				break;
			CHECK(outcome.cause, access_fault(access), access->name);
			CHECK(outcome.stval, end, "stval, straddling");
		}
	}
	paging_off();
}

/* What only a hypervisor refuses at a device's address, and all refuse where nothing is. */
static void check_others(uint64_t address)
{
	csr_set(sstatus, SSTATUS_FS);
	check_fault("flw", access_flw, address, CAUSE_LOAD_ACCESS);
	check_fault("fsd", access_fsd, address, CAUSE_STORE_ACCESS);
	check_fault("c.fld", access_c_fld, address, CAUSE_LOAD_ACCESS);
	csr_clear(sstatus, SSTATUS_FS);
	check_fault("fetch", access_jump, address, CAUSE_FETCH_ACCESS);
	/* Firmware alone: QEMU splits an AMO on a device into a load and a store. */
	if (native)
		return;
	check_fault("lr.w", access_lr_w, address, CAUSE_LOAD_ACCESS);
	check_fault("amoadd.w", access_amoadd_w, address, CAUSE_STORE_ACCESS);
	check_fault("amoswap.d", access_amoswap_d, address, CAUSE_STORE_ACCESS);
}

static void check_misaligned(uint64_t address)
{
	for (unsigned i = 0; i < N_ACCESSES; i++) {
		const struct access *access = &accesses[i];
		struct outcome outcome;

		if (access->size == 1)
			continue;
		outcome = guest_try(access->fn, address + 1, 0);
		if (access->zcb && outcome.cause == CAUSE_ILLEGAL)
			continue;
		CHECK(outcome.cause, access_fault(access), access->name);
		CHECK(outcome.stval - (address + 1) < access->size, true, "stval, misaligned");
	}
}

/* A page-table walk outside of RAM; QEMU itself calls that a page fault. */
static void check_walk(void)
{
	if (native || !paging_on(SATP_SV39))
		return;
	paging_set_window(DEVICE_WINDOW, PTE(NOTHING, PTE_V));
	check_fault("load, walk", access_ld, WINDOW(DEVICE_WINDOW), CAUSE_LOAD_ACCESS);
	check_fault("store, walk", access_sd, WINDOW(DEVICE_WINDOW), CAUSE_STORE_ACCESS);
	check_fault("AMO, walk", access_amoadd_w, WINDOW(DEVICE_WINDOW), CAUSE_STORE_ACCESS);
	check_fault("fetch, walk", access_jump, WINDOW(DEVICE_WINDOW), CAUSE_FETCH_ACCESS);
	paging_off();
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	native = guest_is_native();
	check_identity(0, VIRTIO_ID_CONSOLE);
	if (!native)
		check_identity(FS, VIRTIO_ID_FS);
	check_load_widths(VIRTIO(FS) + VIRTIO_CONFIG);
	check_store_widths(VIRTIO(FS) + VIRTIO_CONFIG);
	check_registers();
	check_translated();
	access_check_nothing(NOTHING, "nothing");
	check_others(NOTHING);
	check_misaligned(NOTHING);
	check_walk();
	if (!native) {
		check_straddle();
		check_others(VIRTIO(0) + VIRTIO_CONFIG);
		check_misaligned(VIRTIO(FS) + VIRTIO_CONFIG);
		CHECK(access_lbu(VIRTIO(FS) + VIRTIO_CONFIG, 0), 'r', "the file system's tag");
	}
	guest_pass();
}
