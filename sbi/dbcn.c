/* SPDX-License-Identifier: MIT */
/*
 * SBI debug console extension (SBI 3.0, chapter 12). A call moves at most
 * BYTES_MAX bytes and says how many; the guest calls again for the rest.
 */
#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "sbi/sbi_core.h"

/* So that a call ends soon even where each byte waits for a slow UART. */
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

static struct sbiret transfer(struct vcpu *vcpu, uint64_t fid, const uint64_t *args)
{
	struct buffer buffer;

	if (!args[0])
		return (struct sbiret){SBI_SUCCESS, 0};
	if (!get_buffer(vcpu, args, &buffer))
		return (struct sbiret){SBI_ERR_INVALID_PARAM, 0};
	if (fid == SBI_DBCN_READ)
		buffer.len = vcpu_console_read(vcpu, buffer.data, buffer.len);
	else
		vcpu_console_write(vcpu, buffer.data, buffer.len);
	return (struct sbiret){SBI_SUCCESS, (long)buffer.len};
}

static struct sbiret write_byte(struct vcpu *vcpu, char byte)
{
	vcpu_console_write(vcpu, &byte, 1);
	return (struct sbiret){SBI_SUCCESS, 0};
}

static struct sbiret dbcn_call(struct vcpu *vcpu, uint64_t eid, uint64_t fid, const uint64_t *args)
{
	(void)eid;
	switch (fid) {
	case SBI_DBCN_WRITE:
	case SBI_DBCN_READ:
		return transfer(vcpu, fid, args);
	case SBI_DBCN_WRITE_BYTE:
		return write_byte(vcpu, (char)args[0]);
	default:
		return (struct sbiret){SBI_ERR_NOT_SUPPORTED, 0};
	}
}

const struct sbi_extension sbi_dbcn = {SBI_EXT_DBCN, SBI_EXT_DBCN, dbcn_call};
