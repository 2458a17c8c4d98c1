/* SPDX-License-Identifier: MIT */
/* See block_mock.h. A call that a correct user never makes aborts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/block_mock.h"

struct mock_disk mock_disk[MOCK_DISKS_MAX];
unsigned mock_disks;
struct block_request *mock_submitted;
unsigned mock_submitted_disk;
enum status mock_answer;

static void require(bool what)
{
	if (!what)
		abort();
}

struct mock_disk *mock_add(const char *id, uint64_t size, uint32_t block_size)
{
	require(mock_disks < MOCK_DISKS_MAX);
	struct mock_disk *disk = &mock_disk[mock_disks];

	memset(disk, 0, sizeof(*disk));
	snprintf(disk->info.name, sizeof(disk->info.name), "disk%u", mock_disks++);
	snprintf(disk->info.id, sizeof(disk->info.id), "%s", id);
	disk->info.size = size;
	disk->info.block_size = block_size;
	disk->info.discard_max = disk->info.write_zeroes_max = MIB(1);
	disk->info.flush = true;
	disk->data = calloc(1, size ? size : 1);
	require(disk->data != NULL);
	return disk;
}

void mock_clear(void)
{
	while (mock_disks > 0)
		free(mock_disk[--mock_disks].data);
	mock_submitted = NULL;
	mock_answer = OK;
}

unsigned block_count(void)
{
	return mock_disks;
}

const struct block_info *block_info(unsigned disk)
{
	require(disk < mock_disks);
	return &mock_disk[disk].info;
}

static void check(unsigned disk, const struct block_request *request)
{
	const struct block_info *info = block_info(disk);
	uint64_t sum = 0;

	for (unsigned i = 0; i < request->n; i++)
		sum += request->segment[i].len;
	require(request->n <= BLOCK_SEGMENTS_MAX);
	require((request->offset | request->len) % info->block_size == 0);
	require(range_inside(request->offset, request->len, 0, info->size));
	if (request->op == BLOCK_READ || request->op == BLOCK_WRITE)
		require(sum == request->len);
}

enum status block_submit(unsigned disk, struct block_request *request)
{
	check(disk, request);
	mock_submitted = request;
	mock_submitted_disk = disk;
	return mock_answer;
}

enum status block_wait(unsigned disk, struct block_request *request)
{
	const uint8_t *from = mock_disk[disk].data + request->offset;

	check(disk, request);
	require(request->op == BLOCK_READ);
	mock_disk[disk].reads++;
	if (mock_disk[disk].broken)
		return ERR_IO;
	for (unsigned i = 0; i < request->n; i++) {
		memcpy((void *)(uintptr_t)request->segment[i].addr.a, from,
			request->segment[i].len);
		from += request->segment[i].len;
	}
	return OK;
}

/* ---- GPTs ---- */

/* The plain form of the checksum, a bit at a time: a second opinion. */
static uint32_t crc32(const uint8_t *data, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

static uint64_t last_lba(const struct mock_disk *disk)
{
	return disk->info.size / disk->info.block_size - 1;
}

struct gpt_header *mock_header(struct mock_disk *disk, unsigned copy)
{
	uint64_t lba = copy ? last_lba(disk) : GPT_HEADER_LBA;

	return (struct gpt_header *)(disk->data + lba * disk->info.block_size);
}

struct gpt_entry *mock_entry(struct mock_disk *disk, unsigned copy, unsigned i)
{
	const struct gpt_header *h = mock_header(disk, copy);

	return (struct gpt_entry *)(disk->data + h->entries_lba * disk->info.block_size +
				    i * h->entry_size);
}

void mock_seal_header(struct mock_disk *disk, unsigned copy)
{
	struct gpt_header *h = mock_header(disk, copy);
	size_t len =
		h->header_size < disk->info.block_size ? h->header_size : disk->info.block_size;

	h->header_crc = 0;
	h->header_crc = crc32((const uint8_t *)h, len);
}

void mock_seal(struct mock_disk *disk, unsigned copy)
{
	struct gpt_header *h = mock_header(disk, copy);

	h->entries_crc = crc32(
		(const uint8_t *)mock_entry(disk, copy, 0), (size_t)h->n_entries * h->entry_size);
	mock_seal_header(disk, copy);
}

void mock_gpt(struct mock_disk *disk, uint32_t n, uint32_t entry_size)
{
	uint64_t last = last_lba(disk);
	uint32_t bs = disk->info.block_size, blocks = (n * entry_size + bs - 1) / bs;

	disk->data[GPT_MBR_ENTRIES + GPT_MBR_ENTRY_TYPE] = GPT_MBR_TYPE;
	disk->data[GPT_MBR_SIGNATURE] = 0x55;
	disk->data[GPT_MBR_SIGNATURE + 1] = 0xaa;
	for (unsigned copy = 0; copy < 2; copy++) {
		struct gpt_header *h = mock_header(disk, copy);

		memcpy(h->signature, GPT_SIGNATURE, sizeof(h->signature));
		h->revision = GPT_REVISION;
		h->header_size = GPT_HEADER_SIZE;
		h->my_lba = copy ? last : GPT_HEADER_LBA;
		h->alternate_lba = copy ? GPT_HEADER_LBA : last;
		h->first_usable_lba = 2 + blocks;
		h->last_usable_lba = last - blocks - 1;
		h->entries_lba = copy ? last - blocks : 2;
		h->n_entries = n;
		h->entry_size = entry_size;
		mock_seal(disk, copy);
	}
}

void mock_partition(
	struct mock_disk *disk, unsigned i, const char *name, uint64_t first, uint64_t last)
{
	for (unsigned copy = 0; copy < 2; copy++) {
		struct gpt_entry *entry = mock_entry(disk, copy, i);

		memset(entry, 0, sizeof(*entry));
		entry->type_guid[0] = 1;
		entry->first_lba = first;
		entry->last_lba = last;
		for (unsigned c = 0; name[c]; c++)
			entry->name[c] = (uint8_t)name[c];
		mock_seal(disk, copy);
	}
}
