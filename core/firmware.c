/* SPDX-License-Identifier: MIT */
/*
 * Calls from Vesper down to the SBI firmware. The guest's calls up to Vesper
 * are in sbi/.
 */
#include "core/firmware.h"

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
