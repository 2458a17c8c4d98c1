/* SPDX-License-Identifier: MIT */
#include "core/guest_access.h"

#include "core/csr.h"
#include "core/trying.h"

/*
 * A trap overwrites what the guest's own trap left: its pc and the state that
 * sret returns to. Both are put back, whether or not there was one.
 */
static bool attempt(uint64_t (*access)(uint64_t, uint64_t *), uint64_t addr, uint64_t *out)
{
	uint64_t sepc = csr_read(sepc);
	uint64_t sstatus = csr_read(sstatus);
	uint64_t hstatus = csr_read(hstatus);

	if (!access(addr, out))
		return true;
	csr_write(sepc, sepc);
	csr_write(sstatus, sstatus);
	csr_write(hstatus, hstatus);
	return false;
}

bool guest_access_fetch(uint64_t addr, uint16_t *out)
{
	uint64_t value;

	if (!attempt(trying_fetch, addr, &value))
		return false;
	*out = (uint16_t)value;
	return true;
}

bool guest_access_load(uint64_t addr, uint64_t *out)
{
	return attempt(trying_load, addr, out);
}
