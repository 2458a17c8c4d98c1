/* SPDX-License-Identifier: MIT */
/*
 * Fences are asked of a hart while another starts it: who asks goes on, whatever
 * becomes of the request between a hart that is off and one that runs.
 */
#include "tests/guest/smp.h"

#define STARTER  0
#define TARGET   1
#define ASKER    2
#define PATIENCE (3 * TICKS_PER_SECOND)

static uint64_t fences;
static bool stop;

/* Stays while the asker makes no progress. */
static void target(void *arg)
{
	uint64_t before = smp_load(&fences), start = guest_time();

	(void)arg;
	while (smp_load(&fences) == before)
		CHECK(guest_time() - start < PATIENCE, true, "who asks for a fence goes on");
}

static void ask(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		CHECK(SBI(EID_RFENCE, 0, 0, ~0ul).error, 0, "remote fence.i");
		smp_add(&fences, 1);
	}
}

void guest_main(uint64_t hart, const void *device_tree)
{
	uint64_t start = guest_time();
	unsigned starts = 0;

	(void)device_tree;
	smp_begin(hart);
	smp_start(ASKER, ask, NULL);
	while (guest_time() - start < 2 * TICKS_PER_SECOND) {
		if (smp_status(TARGET) != HSM_STOPPED)
			continue;
		starts++;
		smp_start(TARGET, target, NULL);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	print_line("sdsd", "starts ", (uint64_t)starts, ", fences ", smp_load(&fences));
	guest_pass();
}
