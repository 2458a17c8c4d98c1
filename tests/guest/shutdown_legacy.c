/* SPDX-License-Identifier: MIT */
/* The legacy shutdown call, for which no SRST reason exists, ends the VM too. */
#include "tests/guest/guest.h"

void guest_main(uint64_t hart, const void *device_tree)
{
	(void)hart;
	(void)device_tree;
	print("PASS " GUEST_NAME "\n");
	(void)SBI(EID_SHUTDOWN, 0);
	print("FAIL " GUEST_NAME ": the shutdown came back\n");
	guest_shutdown(true);
}
