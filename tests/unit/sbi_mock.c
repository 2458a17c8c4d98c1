/* SPDX-License-Identifier: MIT */
#include "tests/unit/sbi_mock.h"

#include <stdlib.h>
#include <string.h>

#include "include/abi/csr.h"
#include "include/abi/sbi.h"

struct mock mock;

void mock_reset(unsigned count)
{
	memset(&mock, 0, sizeof(mock));
	mock.output_room = SIZE_MAX;
	mock.count = count;
	mock.vcpu[0].state = VCPU_RUNNING;
	for (unsigned i = 0; i < count; i++) {
		mock.vcpu[i].steal_area = UINT64_MAX;
		sbi_state_reset(&mock.vcpu[i].sbi);
	}
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

/* Only the caller is `vcpu`; everywhere. */
static void require_caller(const struct vcpu *vcpu)
{
	if (vcpu != &mock.vcpu[mock.caller])
		abort();
}

void vcpu_raise_software_irq(struct vcpu *vcpu, struct vcpu *target)
{
	require_caller(vcpu);
	target->software_irq = true;
}

bool vcpu_take_software_irq(struct vcpu *vcpu)
{
	bool pending = vcpu->software_irq;

	require_caller(vcpu);
	vcpu->software_irq = false;
	return pending;
}

void vcpu_fence(struct vcpu *vcpu, struct vcpu *target, enum vcpu_fence_kind kind, uint64_t start,
	uint64_t size, uint64_t asid)
{
	static const enum mock_fence fences[] = {
		[VCPU_FENCE_I] = FENCE_I,
		[VCPU_FENCE_VMA] = FENCE_SFENCE,
		[VCPU_FENCE_VMA_ASID] = FENCE_SFENCE_ASID,
	};

	require_caller(vcpu);
	target->fence = fences[kind];
	/* What does not belong to the kind may be anything. */
	target->start = kind == VCPU_FENCE_I ? 0 : start;
	target->size = kind == VCPU_FENCE_I ? 0 : size;
	target->asid = kind == VCPU_FENCE_VMA_ASID ? asid : 0;
	target->fenced_at = ++mock.moment;
}

void vcpu_fence_wait(struct vcpu *vcpu, struct vcpu *target)
{
	require_caller(vcpu);
	target->waited_at = ++mock.moment;
}

bool vcpu_start(struct vcpu *target, uint64_t pc, uint64_t opaque)
{
	if (target->state != VCPU_STOPPED || mock.start_fails)
		return false;
	target->state = VCPU_RUNNING;
	target->pc = pc;
	target->opaque = opaque;
	return true;
}

bool vcpu_others_stopped(struct vcpu *vcpu)
{
	require_caller(vcpu);
	for (unsigned i = 0; i < mock.count; i++)
		if (i != mock.caller && mock.vcpu[i].state != VCPU_STOPPED)
			return false;
	return true;
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
	if (virtual_addr != MOCK_MASK_VA)
		return ERR_FAULT;
	*out = mock.mask;
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

size_t vcpu_console_send(struct vcpu *vcpu, const char *data, size_t len)
{
	size_t n = len < mock.output_room ? len : mock.output_room;

	vcpu_console_write(vcpu, data, n);
	mock.output_room -= n;
	return n;
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

void vcpu_set_steal_area(struct vcpu *vcpu, uint64_t addr)
{
	vcpu->steal_area = addr;
}

uint64_t vcpu_envcfg_supported(struct vcpu *vcpu)
{
	(void)vcpu;
	return mock.envcfg_supported;
}

uint64_t vcpu_envcfg(struct vcpu *vcpu)
{
	return vcpu->envcfg;
}

void vcpu_set_envcfg(struct vcpu *vcpu, uint64_t mask, uint64_t value)
{
	if (value & ~mask)
		abort();
	if (mock.pmm_illegal && mask & HENVCFG_PMM && (value & HENVCFG_PMM) == mock.pmm_illegal)
		value &= ~HENVCFG_PMM;
	vcpu->envcfg = (vcpu->envcfg & ~mask) | (value & mask & mock.envcfg_supported);
}

struct sbi_state *vcpu_sbi_state(struct vcpu *vcpu)
{
	return &vcpu->sbi;
}

uint64_t vcpu_counter_raw(struct vcpu *vcpu, enum vcpu_counter counter)
{
	require_caller(vcpu);
	return vcpu->raw[counter];
}

void vcpu_trap_counters(struct vcpu *vcpu, uint32_t mask)
{
	require_caller(vcpu);
	vcpu->trapped_counters = mask;
}

unsigned vcpu_hpm_count(struct vcpu *vcpu)
{
	(void)vcpu;
	return mock.hpm_counters;
}

unsigned vcpu_hpm_width(struct vcpu *vcpu)
{
	(void)vcpu;
	return 48;
}

/* Every other number. */
unsigned vcpu_hpm_csr(struct vcpu *vcpu, unsigned i)
{
	(void)vcpu;
	return MOCK_HPM_CSR + 2 * i;
}

bool vcpu_hpm_overflows(struct vcpu *vcpu)
{
	(void)vcpu;
	return mock.hpm_overflows;
}

static struct mock_hpm *hpm(struct vcpu *vcpu, unsigned i, bool started)
{
	require_caller(vcpu);
	if (i >= mock.hpm_counters || (started && !vcpu->hpm[i].started))
		abort();
	return &vcpu->hpm[i];
}

bool vcpu_hpm_possible(struct vcpu *vcpu, uint64_t event, uint64_t data)
{
	require_caller(vcpu);
	if (!mock.hpm_counters)
		abort();
	return event == MOCK_CACHE_EVENT || event == SBI_PMU_HW_CPU_CYCLES ||
	       (event == SBI_PMU_EVENT_RAW && data == MOCK_RAW_DATA);
}

bool vcpu_hpm_configure(
	struct vcpu *vcpu, unsigned i, uint64_t event, uint64_t data, uint64_t inhibit)
{
	struct mock_hpm *h = hpm(vcpu, i, false);

	*h = (struct mock_hpm){
		.configured = vcpu_hpm_possible(vcpu, event, data),
		.event = event,
		.inhibit = inhibit,
	};
	return h->configured;
}

void vcpu_hpm_release(struct vcpu *vcpu, unsigned i)
{
	*hpm(vcpu, i, false) = (struct mock_hpm){0};
}

void vcpu_hpm_start(struct vcpu *vcpu, unsigned i, uint64_t value)
{
	struct mock_hpm *h = hpm(vcpu, i, false);

	if (!h->configured || h->started)
		abort();
	h->started = true;
	h->overflown = false;
	h->value = value;
}

uint64_t vcpu_hpm_read(struct vcpu *vcpu, unsigned i)
{
	return hpm(vcpu, i, true)->value;
}

uint64_t vcpu_hpm_stop(struct vcpu *vcpu, unsigned i)
{
	hpm(vcpu, i, true)->started = false;
	return vcpu->hpm[i].value;
}

uint32_t vcpu_hpm_overflown(struct vcpu *vcpu)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < mock.hpm_counters; i++)
		set |= (uint32_t)hpm(vcpu, i, false)->overflown << i;
	return set;
}

uint64_t vcpu_firmware_event(struct vcpu *vcpu, unsigned event)
{
	require_caller(vcpu);
	if (event >= MOCK_EVENTS)
		abort();
	return vcpu->events[event];
}

uint64_t vcpu_hart_id(const struct vcpu *vcpu)
{
	return (uint64_t)(vcpu - mock.vcpu);
}

struct sbi_vm *vcpu_sbi_vm(struct vcpu *vcpu)
{
	(void)vcpu;
	return &mock.sbi;
}

/* Called with the lock, and never where that would be for nothing. */
void vcpu_notify_sse(struct vcpu *vcpu, struct vcpu *target)
{
	require_caller(vcpu);
	if (!mock.sbi.sse.lock.held)
		abort();
	target->notified = true;
}

void vcpu_get_frame(struct vcpu *vcpu, struct vcpu_frame *out)
{
	require_caller(vcpu);
	*out = vcpu->frame;
}

void vcpu_set_frame(struct vcpu *vcpu, const struct vcpu_frame *frame)
{
	require_caller(vcpu);
	vcpu->frame = *frame;
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
