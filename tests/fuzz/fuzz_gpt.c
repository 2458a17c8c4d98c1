/* SPDX-License-Identifier: MIT */
/*
 * A disk whose tables are fuzzer input. The checksums are put right, else nothing gets past them. What is found lies inside of
 * the disk, and the mock aborts where a read does not.
 */
#include <stdlib.h>

#include "backends/gpt.h"
#include "tests/fuzz/input.h"
#include "tests/unit/block_mock.h"

#define BLOCKS 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool what)
{
	if (!what)
		abort();
}

/* The first copy's fields, most of them sensible. */
static void change_header(struct input *in, struct mock_disk *disk)
{
	struct gpt_header *h = mock_header(disk, 0);
	uint8_t which = (uint8_t)input_number(in, 1);

	if (which & 1)
		h->n_entries = (uint32_t)input_number(in, 4);
	if (which & 2)
		h->entry_size = (uint32_t)input_number(in, 4);
	if (which & 4)
		h->entries_lba = input_number(in, 8);
	if (which & 8)
		h->first_usable_lba = input_number(in, 8);
	if (which & 16)
		h->last_usable_lba = input_number(in, 8);
	if (which & 32)
		h->header_size = (uint32_t)input_number(in, 4);
	if (which & 64)
		h->my_lba = input_number(in, 8);
}

static void check(const struct gpt *gpt, enum status status)
{
	const struct block_info *info = block_info(0);

	require(gpt->n <= GPT_PARTITIONS_MAX && (status == OK || gpt->n == 0));
	for (unsigned i = 0; i < gpt->n; i++) {
		const struct gpt_partition *p = &gpt->partition[i];

		require(p->size > 0 && range_inside(p->offset, p->size, 0, info->size));
		require((p->offset | p->size) % info->block_size == 0);
		require(p->number >= 1 && p->number <= GPT_PARTITIONS_MAX);
		require(memchr(p->name, '\0', sizeof(p->name)) != NULL);
		for (const char *c = p->name; *c; c++)
			require((uint8_t)*c >= ' ');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gpt gpt;
	struct input in = {data, size};
	uint8_t how = (uint8_t)input_number(&in, 1);
	uint32_t block_size = how & 1 ? 4096 : 512;
	struct mock_disk *disk = mock_add("", BLOCKS * (uint64_t)block_size, block_size);

	mock_gpt(disk, how & 4 ? 128 : 8, 128);
	if (how & 2)
		change_header(&in, disk);
	size_t at = (size_t)2 * block_size;

	input_bytes(&in, disk->data + at, disk->info.size - at);
	/* Only where that stays on the disk. */
	const struct gpt_header *h = mock_header(disk, 0);

	if (h->n_entries <= 128 && h->entry_size <= 512 && h->entries_lba < BLOCKS - 130)
		mock_seal(disk, 0);
	else
		mock_seal_header(disk, 0);
	check(&gpt, gpt_read(0, &gpt));
	require(disk->reads < 50);
	mock_clear();
	return 0;
}
