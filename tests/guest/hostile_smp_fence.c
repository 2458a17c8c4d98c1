/* SPDX-License-Identifier: MIT */
/*
 * Every vCPU asks for remote fences, of whom and of what chance says, as fast as it
 * can for seconds= (1). Each is answered, with success or an error that exists.
 */
#include "tests/guest/smp.h"

static struct smp_barrier line;
static uint64_t ticks, calls, done;

static uint64_t any_range(void)
{
	static const uint64_t edges[] = {0, 1, 4095, 4096, 4097, 0x200000, 1ul << 38, 1ul << 63,
		~0ul, ~0ul - 4095, RAM_BASE, RAM_END};

	return smp_random() & 1 ? edges[smp_random() % (sizeof(edges) / sizeof(edges[0]))]
				: smp_random() >> smp_random() % 64;
}

static uint64_t any_mask(uint64_t *base)
{
	*base = smp_random() % 4 ? 0 : smp_random() % 4 ? ~0ul : smp_random() % 70;
	return smp_random() % 4 ? smp_random() & ((1ul << smp_count()) - 1) : smp_random();
}

static void fence(void *arg)
{
	uint64_t n = 0, n_done = 0, base, start;

	(void)arg;
	smp_barrier(&line);
	start = guest_time();
	while (guest_time() - start < ticks) {
		uint64_t mask = any_mask(&base);
		long error = SBI(EID_RFENCE, smp_random() % 4 ? smp_random() % 3 : smp_random() % 9,
			mask, base, any_range(), any_range(), any_range())
				     .error;

		CHECK(error == 0 || (error <= -2 && error >= -5), true, "the answer of a fence");
		n++;
		n_done += error == 0;
	}
	smp_add(&calls, n);
	smp_add(&done, n_done);
}

void guest_main(uint64_t hart, const void *device_tree)
{
	line.n = smp_begin(hart);
	ticks = guest_option(device_tree, "seconds=", 1) * TICKS_PER_SECOND;
	smp_start_others(fence, NULL);
	fence(NULL);
	smp_join();
	print_line("sdsd", "calls ", calls, ", done ", done);
	CHECK(done > 0 && (guest_is_native() || done < calls), true, "some succeed and some fail");
	guest_pass();
}
