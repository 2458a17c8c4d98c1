/* SPDX-License-Identifier: MIT */
/* A single ecall of the base extension, before anything else. */
#include "tests/guest/guest.h"

void guest_main(uint64_t hart, const void *device_tree)
{
	struct sbi_result version = SBI(EID_BASE, 0);

	print_line("sxsx", "get_spec_version: error ", version.error, " value ", version.value);
	CHECK(version.error, 0, "error");
	CHECK(version.value >> 24 & 0x7f, version.value >> 24, "bit 31 and above must be 0");
	CHECK(version.value >> 24 >= 2, true, "major version 2 or later");
	CHECK(hart, 0, "a0 at entry");
	CHECK(*(const uint32_t *)device_tree, 0xedfe0dd0, "the device tree's magic at a1");
	guest_pass();
}
