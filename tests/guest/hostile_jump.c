/* SPDX-License-Identifier: MIT */
/* Jumps to wild addresses: each is an instruction access fault with that address in stval. */
#include "tests/guest/access.h"
#include "tests/guest/virtio.h"

static void check_jump(uint64_t address)
{
	struct outcome outcome = guest_try(access_jump, address, 0);

	if (outcome.cause != CAUSE_FETCH_ACCESS || outcome.stval != address)
		print_line("sxsxsx", "jump to ", address, ": scause ", outcome.cause, " stval ",
			outcome.stval);
	CHECK(outcome.cause, CAUSE_FETCH_ACCESS, "scause");
	CHECK(outcome.stval, address, "stval");
}

/* A 32-bit instruction whose second half is past the end of RAM. */
static void check_straddle(void)
{
	struct outcome outcome;

	*(volatile uint16_t *)(RAM_END - 2) = 0x0003;
	__asm__ volatile("fence.i" ::: "memory");
	outcome = guest_try(access_jump, RAM_END - 2, 0);
	CHECK(outcome.cause, CAUSE_FETCH_ACCESS, "scause of the second half");
	CHECK(outcome.stval, RAM_END, "stval of the second half");
}

void guest_main(uint64_t hart, const void *device_tree)
{
	/* Firmware alone has code or devices at these. */
	static const uint64_t devices[] = {0, 2, 0x1000, 0x100000, PLIC, PLIC + 0x201004,
		0x10000000, VIRTIO(0), VIRTIO(0) + VIRTIO_CONFIG, 0x20000000, 0x30000000,
		0x40000000, RAM_BASE - 2};

	(void)hart;
	(void)device_tree;
	for (size_t i = 0; !guest_is_native() && i < sizeof(devices) / sizeof(devices[0]); i++)
		check_jump(devices[i]);
	check_jump(NOTHING);
	check_jump(RAM_END);
	check_jump(RAM_END + 0x1000);
	for (unsigned bit = guest_is_native() ? NATIVE_TOP_BIT : 33; bit < 64; bit++) {
		check_jump(1ul << bit);
		check_jump(1ul << bit | RAM_BASE); /* must not be cut down to RAM */
		check_jump((1ul << bit) - 2);
	}
	check_jump(~1ul);
	for (unsigned i = 0; i < 200; i++)
		check_jump((guest_random() | 1ul << 40) & ~1ul);
	check_straddle();
	guest_pass();
}
