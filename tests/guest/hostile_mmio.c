/* SPDX-License-Identifier: MIT */
/*
 * Every load and store over the space around RAM: each access is answered by a
 * device or is an access fault with its address in stval, and the guest goes on.
 */
#include "tests/guest/access.h"

#define STRIDE      0x00107008ul /* about 1 MiB, and no two addresses alike in their low bits */
#define DEVICES     0x0c000000ul /* the PLIC and what lies around the virtio windows, closer */
#define DEVICES_END 0x10010000ul
#define FINE_STRIDE 0x00003408ul
#define VALUE       0xa5a5a5a5a5a5a5a5ul

static uint64_t answered, faulted;

static void check_access(const struct access *access, uint64_t address)
{
	struct outcome outcome = guest_try(access->fn, address, VALUE);

	if (access->zcb && outcome.cause == CAUSE_ILLEGAL)
		return;
	if (outcome.cause == NO_TRAP) {
		answered++;
		return;
	}
	faulted++;
	if (outcome.cause == access_fault(access) && outcome.stval - address < access->size)
		return;
	print_line("ssx", access->name, " at ", address);
	CHECK(outcome.cause, access_fault(access), "scause");
	CHECK(outcome.stval, address, "stval");
}

static bool touches_ram(uint64_t address)
{
	return address + 8 > RAM_BASE && address < RAM_END;
}

/* Firmware alone runs on a machine whose devices do things: it is only read from. */
static void check_address(uint64_t address)
{
	static bool asked, native;

	if (!asked)
		native = guest_is_native();
	asked = true;
	for (unsigned i = 0; !touches_ram(address) && i < N_ACCESSES; i++)
		if (!(native && accesses[i].store))
			check_access(&accesses[i], address);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	for (uint64_t address = 0; address < 1ul << 32; address += STRIDE)
		check_address(address);
	for (uint64_t address = DEVICES; address < DEVICES_END; address += FINE_STRIDE)
		check_address(address);
	for (uint64_t address = DEVICES + 1; address < DEVICES_END; address += 0x10001)
		check_address(address); /* mostly misaligned */
	for (unsigned bit = 32; bit < 64; bit++)
		for (uint64_t low = 0; low < 1ul << 32; low += 1ul << 30)
			check_address(1ul << bit | low | (guest_random() & 0x3ffffff8));
	check_address(RAM_END);
	check_address(~7ul);
	print_line("sxsx", "answered ", answered, ", faulted ", faulted);
	CHECK(faulted > 1000, true, "most of it must fault");
	guest_pass();
}
