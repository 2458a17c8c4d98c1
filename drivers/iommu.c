/* SPDX-License-Identifier: MIT */
#include "drivers/iommu.h"

#include "drivers/io.h"
#include "include/driver_env.h"
#include "lib/log.h"

#define REGISTERS 0x1000u
#define DDTP      0x10 /* 64 bits: the device directory's mode and place */

#define DDTP_MODE_MASK 0xfu
#define DDTP_MODE_OFF  0u
#define DDTP_MODE_BARE 1u
#define DDTP_BUSY      0x10u

#define BUSY_NS 100000000ull

void iommu_pass_through(uint64_t base)
{
	uintptr_t ddtp = (uintptr_t)base + DDTP;
	uint64_t start = driver_time_ns();
	uint32_t now;

	driver_map(base, REGISTERS);
	if ((io_read32(ddtp) & DDTP_MODE_MASK) != DDTP_MODE_OFF)
		return;
	io_write32(ddtp + 4, 0);
	io_write32(ddtp, DDTP_MODE_BARE);
	do {
		now = io_read32(ddtp);
	} while (now & DDTP_BUSY && driver_time_ns() - start < BUSY_NS);
	if ((now & DDTP_MODE_MASK) != DDTP_MODE_BARE)
		log_line("the IOMMU does not let devices through");
}
