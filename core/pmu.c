/* SPDX-License-Identifier: MIT */
#include "core/pmu.h"

#include "core/csr.h"
#include "core/firmware.h"
#include "core/trying.h"
#include "core/vcpu.h"
#include "core/vm.h"

#define CSR_SCOUNTOVF 0xda0
#define HPM_FIRST     3
#define HPM_LAST      31

#define BIT(n) (1ull << (n))

/* Vesper's own work is not the guest's, nor is the firmware's. U-mode would be Vesper's too. */
#define NOT_OURS (SBI_PMU_CFG_SET_UINH | SBI_PMU_CFG_SET_SINH | SBI_PMU_CFG_SET_MINH)

/* By the firmware's numbers. */
static struct {
	uint64_t usable;
	uint64_t value_mask; /* of the narrowest */
	uint8_t hpm[64];     /* hpmcounter<n> */
} host;

/* ---- what there is ---- */

static void probe(unsigned n)
{
	struct firmware_ret ret = firmware_call(SBI_EXT_PMU, SBI_PMU_COUNTER_GET_INFO, n, 0, 0);
	uint64_t info = (uint64_t)ret.value, unused;
	uint64_t hpm = (info & 0xfff) - CSR_CYCLE;

	if (ret.error || info & SBI_PMU_INFO_FIRMWARE || hpm < HPM_FIRST || hpm > HPM_LAST ||
		trying_read_hpm(hpm, &unused))
		return;
	host.usable |= BIT(n);
	host.hpm[n] = (uint8_t)hpm;
	host.value_mask &= UINT64_MAX >> (63 - (info >> SBI_PMU_INFO_WIDTH_SHIFT & 63));
}

void pmu_probe(void)
{
	struct firmware_ret n = firmware_call(SBI_EXT_PMU, SBI_PMU_NUM_COUNTERS, 0, 0, 0);

	host.value_mask = UINT64_MAX;
	for (unsigned i = 0; !n.error && i < 64 && i < (uint64_t)n.value; i++)
		probe(i);
}

unsigned pmu_counters(void)
{
	unsigned n = (unsigned)__builtin_popcountll(host.usable);

	return n < SBI_PMU_HPM_MAX ? n : SBI_PMU_HPM_MAX;
}

unsigned vcpu_hpm_count(struct vcpu *vcpu)
{
	(void)vcpu;
	return pmu_counters();
}

unsigned vcpu_hpm_width(struct vcpu *vcpu)
{
	(void)vcpu;
	return 64 - (unsigned)__builtin_clzll(host.value_mask);
}

/* The guest's are called as those of the hart are: a hart need not have all, and reading another does not come here. */
unsigned vcpu_hpm_csr(struct vcpu *vcpu, unsigned i)
{
	uint64_t set = host.usable;

	(void)vcpu;
	for (; i; i--)
		set &= set - 1;
	return CSR_CYCLE + host.hpm[__builtin_ctzll(set)];
}

bool vcpu_hpm_overflows(struct vcpu *vcpu)
{
	return vcpu->vm->features->lcofi;
}

/* ---- the firmware's counters, in this hart ---- */

/* For the event of `c`, one of the set `among`. false: none of them can, or all that can are taken. */
static bool configure(struct pmu_counter *c, uint64_t among)
{
	struct firmware_ret ret = firmware_call_5(SBI_EXT_PMU, SBI_PMU_CONFIG_MATCHING,
		(const uint64_t[5]){0, among, c->flags, c->event, c->data});

	if (ret.error)
		return false;
	if ((uint64_t)ret.value < 64 && among >> ret.value & 1) {
		c->host = (uint8_t)ret.value;
		return true;
	}
	/* It chose `cycle` or `instret`, which it was not asked for and which are to count in all modes. */
	firmware_call_5(SBI_EXT_PMU, SBI_PMU_CONFIG_MATCHING,
		(const uint64_t[5]){0, among, 0, c->event, c->data});
	return false;
}

static void start(const struct pmu_counter *c)
{
	firmware_call_5(SBI_EXT_PMU, SBI_PMU_COUNTER_START,
		(const uint64_t[5]){c->host, 1, SBI_PMU_START_SET_INIT_VALUE, c->value});
}

static void stop(const struct pmu_counter *c, uint64_t flags)
{
	firmware_call(SBI_EXT_PMU, SBI_PMU_COUNTER_STOP, c->host, 1, flags);
}

static uint64_t read(const struct pmu_counter *c)
{
	uint64_t value;

	return trying_read_hpm(host.hpm[c->host], &value) ? c->value : value & host.value_mask;
}

/* ---- overflow ---- */

static void mark_overflown(struct pmu *pmu, unsigned i)
{
	pmu->overflown |= (uint8_t)BIT(i);
	csr_set(hvip, HVIP_LCOFI);
}

void pmu_overflow(struct vcpu *vcpu)
{
	struct pmu *pmu = &vcpu->pmu;
	unsigned running = pmu->placed & pmu->started & ~pmu->overflown;

	/* First: one that overflows after it was looked at asks again. */
	csr_clear(sip, SIE_LCOFIE);
	uint64_t overflown = csr_read(CSR_SCOUNTOVF);

	for (unsigned i = 0; i < SBI_PMU_HPM_MAX; i++) {
		if (running >> i & 1 && overflown >> host.hpm[pmu->counter[i].host] & 1)
			mark_overflown(pmu, i);
	}
}

/* An overflow of which the hart could not tell yet. */
static void catch_overflow(struct vcpu *vcpu)
{
	if (vcpu->vm->features->lcofi && csr_read(sip) & SIE_LCOFIE)
		pmu_overflow(vcpu);
}

/* The value of one that counts; an emulator may tell of an overflow long after it. */
static void save_value(struct vcpu *vcpu, unsigned i)
{
	struct pmu_counter *c = &vcpu->pmu.counter[i];
	uint64_t value = read(c);

	if (value < c->value && vcpu->vm->features->lcofi && !(vcpu->pmu.overflown >> i & 1))
		mark_overflown(&vcpu->pmu, i);
	c->value = value;
}

static void expect_overflow(const struct vcpu *vcpu)
{
	if (vcpu->vm->features->lcofi && vcpu->pmu.placed & vcpu->pmu.started)
		csr_set(sie, SIE_LCOFIE);
}

/* ---- into a hart and out of it ---- */

void pmu_load(struct vcpu *vcpu)
{
	struct pmu *pmu = &vcpu->pmu;

	for (unsigned i = 0; i < SBI_PMU_HPM_MAX; i++) {
		struct pmu_counter *c = &pmu->counter[i];

		if (!(pmu->configured >> i & 1 && configure(c, BIT(c->host))))
			continue;
		pmu->placed |= (uint8_t)BIT(i);
		if (pmu->started >> i & 1)
			start(c);
	}
	expect_overflow(vcpu);
}

void pmu_unload(struct vcpu *vcpu)
{
	struct pmu *pmu = &vcpu->pmu;

	catch_overflow(vcpu);
	for (unsigned i = 0; i < SBI_PMU_HPM_MAX; i++) {
		struct pmu_counter *c = &pmu->counter[i];

		if (!(pmu->placed >> i & 1))
			continue;
		if (pmu->started >> i & 1)
			save_value(vcpu, i);
		stop(c, SBI_PMU_STOP_RESET);
	}
	pmu->placed = 0;
	csr_clear(sie, SIE_LCOFIE);
}

/* ---- for the SBI server ---- */

void vcpu_hpm_release(struct vcpu *vcpu, unsigned i)
{
	struct pmu *pmu = &vcpu->pmu;
	uint8_t others = (uint8_t)~BIT(i);

	if (pmu->placed >> i & 1)
		stop(&pmu->counter[i], SBI_PMU_STOP_RESET);
	pmu->configured &= others;
	pmu->placed &= others;
	pmu->started &= others;
	pmu->overflown &= others;
}

bool vcpu_hpm_configure(
	struct vcpu *vcpu, unsigned i, uint64_t event, uint64_t data, uint64_t inhibit)
{
	struct pmu *pmu = &vcpu->pmu;

	vcpu_hpm_release(vcpu, i);
	pmu->counter[i] = (struct pmu_counter){
		.event = event,
		.data = data,
		.flags = NOT_OURS | (inhibit & (SBI_PMU_CFG_SET_VUINH | SBI_PMU_CFG_SET_VSINH)) |
			 (inhibit & SBI_PMU_CFG_SET_UINH ? SBI_PMU_CFG_SET_VUINH : 0) |
			 (inhibit & SBI_PMU_CFG_SET_SINH ? SBI_PMU_CFG_SET_VSINH : 0),
	};
	if (!configure(&pmu->counter[i], host.usable))
		return false;
	pmu->configured |= (uint8_t)BIT(i);
	pmu->placed |= (uint8_t)BIT(i);
	return true;
}

bool vcpu_hpm_possible(struct vcpu *vcpu, uint64_t event, uint64_t data)
{
	struct pmu_counter c = {.event = event, .data = data, .flags = NOT_OURS};

	(void)vcpu;
	if (!host.usable || !configure(&c, host.usable))
		return false;
	stop(&c, SBI_PMU_STOP_RESET);
	return true;
}

void vcpu_hpm_start(struct vcpu *vcpu, unsigned i, uint64_t value)
{
	struct pmu *pmu = &vcpu->pmu;

	pmu->counter[i].value = value & host.value_mask;
	pmu->started |= (uint8_t)BIT(i);
	pmu->overflown &= (uint8_t)~BIT(i);
	if (pmu->placed >> i & 1)
		start(&pmu->counter[i]);
	expect_overflow(vcpu);
}

uint64_t vcpu_hpm_read(struct vcpu *vcpu, unsigned i)
{
	const struct pmu *pmu = &vcpu->pmu;

	return pmu->placed >> i & 1 ? read(&pmu->counter[i]) : pmu->counter[i].value;
}

uint64_t vcpu_hpm_stop(struct vcpu *vcpu, unsigned i)
{
	struct pmu *pmu = &vcpu->pmu;
	struct pmu_counter *c = &pmu->counter[i];

	catch_overflow(vcpu);
	if (pmu->placed >> i & 1) {
		save_value(vcpu, i);
		stop(c, 0);
	}
	pmu->started &= (uint8_t)~BIT(i);
	return c->value;
}

uint32_t vcpu_hpm_overflown(struct vcpu *vcpu)
{
	return vcpu->pmu.overflown;
}
