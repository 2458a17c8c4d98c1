/* SPDX-License-Identifier: MIT */
/*
 * Reads the header, then the entries piece by piece, with their checksum on the way: no entry is read a second time,
 * and what was gathered is dropped if the sum is wrong in the end. The copy at the disk's end is used where the first is damaged.
 */
#include "backends/gpt.h"

#include <string.h>

#include "include/block.h"

#define PIECE          4096u
#define ENTRY_SIZE_MAX 512u

static uint8_t piece[PIECE] __attribute__((aligned(PIECE)));

/* CRC-32 of ISO 3309, four bits a step; begins and ends with ~. */
static uint32_t crc32_add(uint32_t crc, const void *data, size_t len)
{
	static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8,
		0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	const uint8_t *at = data;

	for (size_t i = 0; i < len; i++) {
		crc ^= at[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

/* Reads `len` bytes, a multiple of the disk's block size and PIECE at most, at block `lba` into `piece`. */
static enum status read_blocks(unsigned disk, uint64_t lba, uint32_t len)
{
	const struct block_info *info = block_info(disk);
	struct block_segment segment = {hpa((uintptr_t)piece), len};
	struct block_request request = {.op = BLOCK_READ, .n = 1, .len = len, .segment = &segment};

	if (lba >= info->size / info->block_size)
		return ERR_INVALID;
	request.offset = lba * info->block_size;
	if (!range_inside(request.offset, len, 0, info->size))
		return ERR_INVALID;
	return block_wait(disk, &request);
}

/* ---- the header ---- */

/* Does block 0 say that there is a GPT? Without it, what looks like one is the rest of an old one. */
static enum status find_protective(unsigned disk)
{
	enum status status = read_blocks(disk, 0, block_info(disk)->block_size);

	if (status != OK)
		return status;
	if (piece[GPT_MBR_SIGNATURE] != 0x55 || piece[GPT_MBR_SIGNATURE + 1] != 0xaa)
		return ERR_NOT_FOUND;
	for (unsigned i = 0; i < 4; i++) {
		const uint8_t *entry = piece + GPT_MBR_ENTRIES + i * GPT_MBR_ENTRY_SIZE;

		if (entry[GPT_MBR_ENTRY_TYPE] == GPT_MBR_TYPE)
			return OK;
	}
	return ERR_NOT_FOUND;
}

/* The header in `piece` has what the specification asks for, and a table that is not larger than what we read. */
static bool header_valid(const struct gpt_header *h, uint64_t lba, uint32_t block_size)
{
	static const uint32_t zero;
	uint32_t crc = ~0u;

	if (memcmp(h->signature, GPT_SIGNATURE, sizeof(h->signature)) != 0 ||
		h->header_size < GPT_HEADER_SIZE || h->header_size > block_size)
		return false;
	crc = crc32_add(crc, piece, offsetof(struct gpt_header, header_crc));
	crc = crc32_add(crc, &zero, sizeof(zero));
	crc = crc32_add(crc, piece + offsetof(struct gpt_header, reserved),
		h->header_size - offsetof(struct gpt_header, reserved));
	return ~crc == h->header_crc && h->revision == GPT_REVISION && h->my_lba == lba &&
	       h->n_entries <= GPT_PARTITIONS_MAX && h->entry_size >= GPT_ENTRY_SIZE_MIN &&
	       h->entry_size <= ENTRY_SIZE_MAX && (h->entry_size & (h->entry_size - 1)) == 0;
}

/* ---- the entries ---- */

static unsigned utf8_put(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	unsigned n = c < 0x10000 ? 3 : 4;

	out[0] = (char)(n == 3 ? 0xe0 | c >> 12 : 0xf0 | c >> 18);
	for (unsigned i = 1; i < n; i++)
		out[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
	return n;
}

/* The character at unit `*i`, which moves behind it. What is none, or would play with a terminal, becomes another. */
static uint32_t utf16_next(const uint16_t *name, unsigned *i)
{
	uint32_t c = name[(*i)++];

	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return '?';
	if ((c & 0xf800) != 0xd800)
		return c;
	if (c < 0xdc00 && *i < GPT_NAME_UNITS && (name[*i] & 0xfc00) == 0xdc00)
		return 0x10000 + ((c & 0x3ff) << 10 | (name[(*i)++] & 0x3ff));
	return 0xfffd;
}

/* Two units give four bytes at most, one three: it fits. */
static void name_of(const struct gpt_entry *entry, char out[GPT_NAME_MAX])
{
	unsigned len = 0;

	for (unsigned i = 0; i < GPT_NAME_UNITS && entry->name[i];)
		len += utf8_put(out + len, utf16_next(entry->name, &i));
	out[len] = '\0';
}

static void add_entry(struct gpt *out, const struct gpt_header *h, const struct block_info *info,
	const struct gpt_entry *entry, unsigned number)
{
	static const uint8_t unused[16];
	uint64_t last = info->size / info->block_size - 1;

	last = h->last_usable_lba < last ? h->last_usable_lba : last;
	if (memcmp(entry->type_guid, unused, sizeof(unused)) == 0 ||
		entry->first_lba < h->first_usable_lba || entry->first_lba > entry->last_lba ||
		entry->last_lba > last)
		return;
	struct gpt_partition *partition = &out->partition[out->n++];

	partition->offset = entry->first_lba * info->block_size;
	partition->size = (entry->last_lba - entry->first_lba + 1) * info->block_size;
	partition->number = number;
	name_of(entry, partition->name);
}

/* PIECE is a multiple of each entry and block size, so no entry lies in two pieces. */
static enum status read_entries(unsigned disk, const struct gpt_header *h, struct gpt *out)
{
	const struct block_info *info = block_info(disk);
	uint32_t total = h->n_entries * h->entry_size, crc = ~0u;

	out->n = 0;
	for (uint32_t at = 0; at < total; at += PIECE) {
		uint32_t len = total - at < PIECE ? total - at : PIECE;
		uint32_t whole = (len + info->block_size - 1) / info->block_size * info->block_size;
		uint64_t lba;

		if (__builtin_add_overflow(h->entries_lba, at / info->block_size, &lba))
			return ERR_INVALID;
		enum status status = read_blocks(disk, lba, whole);
		if (status != OK)
			return status;
		crc = crc32_add(crc, piece, len);
		for (uint32_t e = 0; e < len; e += h->entry_size) {
			struct gpt_entry entry;

			memcpy(&entry, piece + e, sizeof(entry));
			add_entry(out, h, info, &entry, (at + e) / h->entry_size + 1);
		}
	}
	return ~crc == h->entries_crc ? OK : ERR_INVALID;
}

static enum status read_copy(unsigned disk, uint64_t lba, struct gpt *out)
{
	const struct block_info *info = block_info(disk);
	struct gpt_header header;
	enum status status = read_blocks(disk, lba, info->block_size);

	if (status != OK)
		return status;
	memcpy(&header, piece, sizeof(header));
	if (!header_valid(&header, lba, info->block_size))
		return ERR_INVALID;
	return read_entries(disk, &header, out);
}

enum status gpt_read(unsigned disk, struct gpt *out)
{
	const struct block_info *info = block_info(disk);
	enum status status;

	out->n = 0;
	out->backup = false;
	if (info->block_size < 512 || info->block_size > PIECE || PIECE % info->block_size != 0 ||
		info->size < 3 * (uint64_t)info->block_size)
		return ERR_NOT_FOUND;
	status = find_protective(disk);
	if (status != OK)
		return status;
	status = read_copy(disk, GPT_HEADER_LBA, out);
	if (status != OK) {
		out->backup = true;
		status = read_copy(disk, info->size / info->block_size - 1, out);
	}
	if (status != OK)
		out->n = 0;
	return status;
}
