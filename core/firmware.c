/* SPDX-License-Identifier: MIT */
/*
 * Calls from Vesper down to the SBI firmware. The guest's calls up to Vesper
 * are in sbi/.
 */
#include "core/firmware.h"

#include "include/abi/sbi.h"

struct firmware_ret firmware_call(
	uint64_t eid, uint64_t fid, uint64_t arg0, uint64_t arg1, uint64_t arg2)
{
	register uint64_t a0 __asm__("a0") = arg0;
	register uint64_t a1 __asm__("a1") = arg1;
	register uint64_t a2 __asm__("a2") = arg2;
	register uint64_t a6 __asm__("a6") = fid;
	register uint64_t a7 __asm__("a7") = eid;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
	return (struct firmware_ret){(long)a0, (long)a1};
}

void firmware_console_write(const char *data, size_t len)
{
	while (len) {
		struct firmware_ret r =
			firmware_call(SBI_EXT_DBCN, SBI_DBCN_WRITE, len, (uintptr_t)data, 0);
		if (r.error || r.value <= 0)
			break;
		data += r.value;
		len -= (size_t)r.value;
	}
	for (; len; data++, len--)
		firmware_call(SBI_EXT_LEGACY_PUTCHAR, 0, (uint8_t)*data, 0, 0);
}

void firmware_set_timer(uint64_t time)
{
	firmware_call(SBI_EXT_TIME, SBI_TIME_SET_TIMER, time, 0, 0);
}
