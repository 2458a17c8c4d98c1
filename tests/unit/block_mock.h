/* SPDX-License-Identifier: MIT */
/* Physical disks in memory, for what stands on include/block.h; and GPTs to put on them. */
#ifndef VESPER_TESTS_UNIT_BLOCK_MOCK_H
#define VESPER_TESTS_UNIT_BLOCK_MOCK_H

#include "include/abi/gpt.h"
#include "include/block.h"

#define MOCK_DISKS_MAX 20

struct mock_disk {
	struct block_info info;
	uint8_t *data; /* a copy of its own, info.size bytes */
	bool broken;   /* reads fail */
	unsigned reads;
};

extern struct mock_disk mock_disk[MOCK_DISKS_MAX];
extern unsigned mock_disks;

/* What block_submit() was given last, and what it answers. */
extern struct block_request *mock_submitted;
extern unsigned mock_submitted_disk;
extern enum status mock_answer;

/* One more, of zeroes, named "disk0" and so on. */
struct mock_disk *mock_add(const char *id, uint64_t size, uint32_t block_size);
/* No disks any more. */
void mock_clear(void);

/* An empty GPT with room for `n` entries, and a protective MBR. */
void mock_gpt(struct mock_disk *disk, uint32_t n, uint32_t entry_size);
/* Entry `i` of both copies; the name is ASCII. */
void mock_partition(
	struct mock_disk *disk, unsigned i, const char *name, uint64_t first, uint64_t last);
/* The header and the entry as they lie on the disk, for tests that change them; copy 1 is the backup. */
struct gpt_header *mock_header(struct mock_disk *disk, unsigned copy);
struct gpt_entry *mock_entry(struct mock_disk *disk, unsigned copy, unsigned i);
/* Puts the header's checksum right again; or both. */
void mock_seal_header(struct mock_disk *disk, unsigned copy);
void mock_seal(struct mock_disk *disk, unsigned copy);

#endif
