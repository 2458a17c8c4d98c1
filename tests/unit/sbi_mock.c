/* SPDX-License-Identifier: MIT */
#include "tests/unit/sbi_mock.h"

#include <stdlib.h>
#include <string.h>

struct mock mock;

void mock_reset(unsigned count)
{
	mock = (struct mock){.count = count};
	mock.vcpu[0].state = VCPU_RUNNING;
}

struct vcpu *vcpu_sibling(struct vcpu *vcpu, uint64_t hart_id)
{
	(void)vcpu;
	return hart_id < mock.count ? &mock.vcpu[hart_id] : NULL;
}

unsigned vcpu_count(const struct vcpu *vcpu)
{
	(void)vcpu;
	return mock.count;
}

enum vcpu_state vcpu_get_state(const struct vcpu *vcpu)
{
	return vcpu->state;
}

void vcpu_set_timer(struct vcpu *vcpu, uint64_t time)
{
	vcpu->timer = time;
}

void vcpu_set_software_irq(struct vcpu *target, bool pending)
{
	target->software_irq = pending;
}

bool vcpu_get_software_irq(const struct vcpu *vcpu)
{
	return vcpu->software_irq;
}

static void fence(
	struct vcpu *target, enum mock_fence kind, uint64_t start, uint64_t size, uint64_t asid)
{
	target->fence = kind;
	target->start = start;
	target->size = size;
	target->asid = asid;
}

void vcpu_fence_i(struct vcpu *target)
{
	fence(target, FENCE_I, 0, 0, 0);
}

void vcpu_sfence_vma(struct vcpu *target, uint64_t start, uint64_t size)
{
	fence(target, FENCE_SFENCE, start, size, 0);
}

void vcpu_sfence_vma_asid(struct vcpu *target, uint64_t start, uint64_t size, uint64_t asid)
{
	fence(target, FENCE_SFENCE_ASID, start, size, asid);
}

void vcpu_start(struct vcpu *target, uint64_t pc, uint64_t opaque)
{
	if (target->state != VCPU_STOPPED)
		abort();
	target->state = VCPU_RUNNING;
	target->pc = pc;
	target->opaque = opaque;
}

void vcpu_stop(struct vcpu *vcpu)
{
	vcpu->stopped = true;
}

void vcpu_suspend(struct vcpu *vcpu)
{
	vcpu->suspended = true;
}

void vcpu_suspend_nonretentive(struct vcpu *vcpu, uint64_t pc, uint64_t opaque)
{
	vcpu->suspended_nonretentive = true;
	vcpu->pc = pc;
	vcpu->opaque = opaque;
}

void vcpu_vm_shutdown(struct vcpu *vcpu, bool failed)
{
	(void)vcpu;
	mock.shutdown = true;
	mock.failed = failed;
}

void vcpu_vm_reboot(struct vcpu *vcpu)
{
	(void)vcpu;
	mock.reboot = true;
}

void *vcpu_ram(struct vcpu *vcpu, gpa_t addr, uint64_t len)
{
	(void)vcpu;
	if (!range_inside(addr.a, len, MOCK_RAM_BASE, MOCK_RAM_SIZE))
		return NULL;
	mock.ram_asked += len;
	return mock.ram + (addr.a - MOCK_RAM_BASE);
}

enum status vcpu_read_u64(struct vcpu *vcpu, uint64_t virtual_addr, uint64_t *out)
{
	(void)vcpu;
	if (!range_inside(virtual_addr, 8, MOCK_MASK_VA, sizeof(mock.mask)))
		return ERR_FAULT;
	memcpy(out, (char *)mock.mask + (virtual_addr - MOCK_MASK_VA), 8);
	return OK;
}

void vcpu_console_write(struct vcpu *vcpu, const char *data, size_t len)
{
	(void)vcpu;
	if (len > sizeof(mock.output) - mock.output_len)
		abort();
	memcpy(mock.output + mock.output_len, data, len);
	mock.output_len += len;
}

size_t vcpu_console_read(struct vcpu *vcpu, char *data, size_t len)
{
	size_t n = len < mock.input_len ? len : mock.input_len;

	(void)vcpu;
	memcpy(data, mock.input, n);
	memmove(mock.input, mock.input + n, mock.input_len - n);
	mock.input_len -= n;
	return n;
}

uint64_t vcpu_mvendorid(void)
{
	return 0x489;
}

uint64_t vcpu_marchid(void)
{
	return 0x8000000000000008;
}

uint64_t vcpu_mimpid(void)
{
	return 0x6220425;
}
