/* SPDX-License-Identifier: MIT */
/*
 * SBI debug console extension (SBI 3.0, chapter 12). A call moves at most
 * BYTES_MAX bytes and says how many; the guest calls again for the rest. Only the single byte waits for the terminal.
 */
#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

/* So that a call ends soon. */
#define BYTES_MAX 256ull

/* The guest's buffer: `len` bytes at `data` may be moved now. */
struct buffer {
	char *data;
	size_t len;
};

/*
 * false: not all of it is RAM. A VM's RAM is one range, so that both ends tell;
 * asking for the middle would make core give out memory that nobody touches.
 */
static bool get_buffer(struct vcpu *vcpu, const uint64_t *args, struct buffer *out)
{
	uint64_t size = args[0], addr = args[1], last = addr + size - 1;

	out->len = (size_t)(size < BYTES_MAX ? size : BYTES_MAX);
	if (args[2] || last < addr || !vcpu_ram(vcpu, gpa(last), 1))
		return false;
	out->data = vcpu_ram(vcpu, gpa(addr), out->len);
	return out->data;
}

static __attribute__((noinline)) struct sbiret transfer(struct vcpu *vcpu, const uint64_t *args)
{
	struct buffer buffer;

	if (!args[0])
		return sbi_value(0);
	if (!get_buffer(vcpu, args, &buffer))
		return sbi_error(SBI_ERR_INVALID_PARAM);
	if (args[6] == SBI_DBCN_READ)
		buffer.len = vcpu_console_read(vcpu, buffer.data, buffer.len);
	else
		buffer.len = vcpu_console_send(vcpu, buffer.data, buffer.len);
	return sbi_value(buffer.len);
}

/* The byte is the lowest of its argument, which comes first in memory. */
static struct sbiret write_byte(struct vcpu *vcpu, const uint64_t *args)
{
	vcpu_console_write(vcpu, (const char *)args, 1);
	return sbi_value(0);
}

struct sbiret sbi_dbcn(struct vcpu *vcpu, const uint64_t *args)
{
	if (args[6] == SBI_DBCN_WRITE_BYTE)
		return write_byte(vcpu, args);
	if (args[6] == SBI_DBCN_WRITE || args[6] == SBI_DBCN_READ)
		return transfer(vcpu, args);
	return sbi_error(SBI_ERR_NOT_SUPPORTED);
}
