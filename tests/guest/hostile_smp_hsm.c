/* SPDX-License-Identifier: MIT */
/*
 * Every vCPU starts the others, stops, suspends and asks for states, as chance
 * says, as fast as it can for seconds= (1).
 */
#include "tests/guest/smp.h"

#define NON_RETENTIVE 0x80000000ul

static bool native, stop;
static unsigned count;
static uint64_t calls, restarts;

static uint64_t any_address(void)
{
	static const uint64_t edges[] = {0, 1, NOTHING, PLIC, VIRTIO(0), RAM_BASE - 2, RAM_END,
		RAM_END - 1, ~0ul, 1ul << 63, 1ul << 40};

	/* Firmware alone would start a hart at most of them. */
	if (native || smp_random() % 2)
		return (uint64_t)smp_entry;
	return edges[smp_random() % (sizeof(edges) / sizeof(edges[0]))];
}

static void start_any(void)
{
	uint64_t hart = smp_random() % (count + 1);
	uint64_t address = any_address();
	long error = SBI(EID_HSM, 0, hart, address, (uint64_t)&smp_harts[hart % SMP_MAX]).error;

	if (error == 0) {
		CHECK(address, smp_entry, "a start at a wild address");
		smp_add(&restarts, 1);
	}
	CHECK(error <= 0 && error >= -9, true, "the answer of hart_start");
}

static void suspend_any(void)
{
	struct smp_hart *self = smp_self();
	uint64_t types[] = {0, 1, 0x7fffffff, 0x12345678, ~0ul, NON_RETENTIVE | 1, 1ul << 32};
	uint64_t type = types[smp_random() % (sizeof(types) / sizeof(types[0]))];

	/* With an interrupt pending it comes straight back. */
	csr_write(sie, SIP_SSIP);
	csr_set(sip, SIP_SSIP);
	(void)SBI(EID_HSM, 3, type, any_address() | 1, (uint64_t)self);
	/* This one goes on at smp_entry, as a start does. */
	if (self->id && smp_random() % 8 == 0)
		(void)SBI(EID_HSM, 3, NON_RETENTIVE, (uint64_t)smp_entry, (uint64_t)self);
}

static void do_any(uint64_t self, uint64_t boot)
{
	uint64_t hart = smp_random() % 4 ? smp_random() % count : smp_random();
	struct sbi_result status;

	switch (smp_random() % 4) {
	case 0:
		if (self != boot && smp_random() % 4 == 0)
			(void)SBI(EID_HSM, 1);
		break;
	case 1:
		suspend_any();
		break;
	case 2:
		status = SBI(EID_HSM, 2, hart);
		CHECK(status.error, hart < count ? 0 : SBI_INVALID_PARAM, "hart_get_status");
		CHECK(status.error || (status.value >= 0 && status.value <= 6), true, "a state");
		break;
	default:
		start_any();
	}
	smp_add(&calls, 1);
}

static void attack(void *arg)
{
	uint64_t self = smp_self()->id;

	while (!smp_load(&stop))
		do_any(self, (uint64_t)arg);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t end = guest_time() + guest_option(device_tree, "seconds=", 1) * TICKS_PER_SECOND;

	native = guest_is_native();
	count = smp_begin(hart);
	for (unsigned i = 0; i < count; i++) { /* whoever starts one, this is what it does */
		smp_harts[i].fn = attack;
		smp_harts[i].arg = (void *)hart;
	}
	while (guest_time() < end)
		do_any(hart, hart);
	smp_store(&stop, true);
	smp_join();
	smp_join(); /* one may have been started again by the last call of another */
	print_line("sdsd", "calls ", calls, ", restarts ", restarts);
	CHECK(restarts > 0, true, "restarts");
	guest_pass();
}
