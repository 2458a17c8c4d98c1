/* SPDX-License-Identifier: MIT */
/*
 * Any sequence of calls with any registers: nothing out of bounds, a bounded
 * amount of work each, and an error from the list.
 */
#include <string.h>

#include "include/abi/sbi.h"
#include "sbi/sbi.h"
#include "tests/unit/sbi_mock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t eids[] = {SBI_EXT_LEGACY_SET_TIMER, SBI_EXT_LEGACY_PUTCHAR,
	SBI_EXT_LEGACY_GETCHAR, SBI_EXT_LEGACY_CLEAR_IPI, SBI_EXT_LEGACY_SEND_IPI,
	SBI_EXT_LEGACY_REMOTE_FENCE_I, SBI_EXT_LEGACY_REMOTE_SFENCE_VMA,
	SBI_EXT_LEGACY_REMOTE_SFENCE_VMA_ASID, SBI_EXT_LEGACY_SHUTDOWN, SBI_EXT_BASE, SBI_EXT_HSM,
	SBI_EXT_IPI, SBI_EXT_DBCN, SBI_EXT_RFENCE, SBI_EXT_SRST, SBI_EXT_TIME};
#define N_EIDS (sizeof(eids) / sizeof(eids[0]))

/* One call of the input: what is likely to be interesting is a byte away. */
struct step {
	uint8_t eid, fid; /* eid past the list: the registers as they are */
	uint8_t ram;      /* bit n: a<n> is an offset into or around RAM */
	uint8_t mask;     /* a word for the legacy masks */
	uint64_t regs[8];
} __attribute__((packed));

static void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

static void run(const struct step *step)
{
	uint64_t regs[8], before[8];

	memcpy(regs, step->regs, sizeof(regs));
	if (step->eid < N_EIDS) {
		regs[7] = eids[step->eid];
		regs[6] = step->fid;
	}
	for (unsigned i = 0; i < 6; i++)
		if (step->ram >> i & 1)
			regs[i] = MOCK_RAM_BASE - 16 + regs[i] % (MOCK_RAM_SIZE + 32);
	memcpy(before, regs, sizeof(regs));
	mock.mask[0] = mock.mask[1] = step->mask;
	mock.output_len = 0;
	mock.ram_asked = 0;

	sbi_call(&mock.vcpu[0], regs);
	require(!memcmp(&regs[2], &before[2], 6 * sizeof(regs[0])));
	require(mock.output_len <= 256 && mock.ram_asked <= 257);
	if (regs[7] <= SBI_EXT_LEGACY_SHUTDOWN)
		require(regs[1] == before[1]);
	else
		require((int64_t)regs[0] <= 0 && (int64_t)regs[0] >= SBI_ERR_DENIED_LOCKED);
	if (!sbi_probe(regs[7]))
		require((int64_t)regs[0] == SBI_ERR_NOT_SUPPORTED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step;

	if (!size)
		return 0;
	mock_reset(1 + data[0] % MOCK_VCPUS);
	mock.input_len = sizeof(mock.input);
	for (size_t at = 1; size - at >= sizeof(step); at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		run(&step);
	}
	return 0;
}
