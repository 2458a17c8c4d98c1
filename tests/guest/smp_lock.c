/* SPDX-License-Identifier: MIT */
/*
 * A fair spinlock that all vCPUs hand to each other. With more vCPUs than harts
 * its holder, or the one whose turn it is, is often not running while the others
 * spin: they must not do so for long.
 */
#include "tests/guest/smp.h"

#define TURNS       100 /* of each hart */
#define SECONDS_MAX 10

static struct smp_lock lock;
static struct smp_barrier line;
static uint64_t counter, inside, longest;

static void take_turns(void *arg)
{
	(void)arg;
	smp_barrier(&line);
	for (unsigned i = 0; i < TURNS; i++) {
		uint64_t start = guest_time();

		smp_lock(&lock);
		CHECK(smp_add(&inside, 1), 0, "others inside the lock");
		if (guest_time() - start > longest)
			longest = guest_time() - start;
		counter++;
		smp_delay(smp_random() % 100);
		smp_add(&inside, -1ul);
		smp_unlock(&lock);
		smp_delay(smp_random() % 100);
	}
	smp_barrier(&line);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	unsigned count = smp_begin(hart);
	uint64_t start = guest_time();

	(void)device_tree;
	line = (struct smp_barrier){.n = count};
	smp_start_others(take_turns, NULL);
	take_turns(NULL);
	smp_join();
	uint64_t ms = (guest_time() - start) / SMP_MS;

	print_line("sdsdsds", "turns ", counter, " in ", ms, " ms, the longest wait ",
		longest / SMP_MS, " ms");
	CHECK(counter, TURNS * count, "turns");
	CHECK(ms < SECONDS_MAX * 1000, true, "progress within its bound");
	guest_pass();
}
