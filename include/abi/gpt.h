/* SPDX-License-Identifier: MIT */
/*
 * The GUID partition table (UEFI 2.10, section 5.3) and the one entry of the old table in block 0 that
 * says that there is one (5.2.3). Little-endian, as is every machine this is built for.
 */
#ifndef VESPER_ABI_GPT_H
#define VESPER_ABI_GPT_H

#include <stddef.h>
#include <stdint.h>

#define GPT_SIGNATURE  "EFI PART"
#define GPT_REVISION   0x00010000u
#define GPT_HEADER_LBA 1

struct gpt_header {
	char signature[8];
	uint32_t revision;
	uint32_t header_size; /* bytes that header_crc is over, itself taken for 0 */
	uint32_t header_crc;
	uint32_t reserved;
	uint64_t my_lba, alternate_lba;
	uint64_t first_usable_lba, last_usable_lba;
	uint8_t disk_guid[16];
	uint64_t entries_lba;
	uint32_t n_entries, entry_size;
	uint32_t entries_crc;
	uint32_t padding;
};
#define GPT_HEADER_SIZE 92u /* without the padding */

#define GPT_NAME_UNITS 36 /* of UTF-16 */

struct gpt_entry {
	uint8_t type_guid[16]; /* all 0: unused */
	uint8_t guid[16];
	uint64_t first_lba, last_lba; /* the last is part of it */
	uint64_t attributes;
	uint16_t name[GPT_NAME_UNITS];
};

#define GPT_ENTRY_SIZE_MIN 128u

/* The protective MBR, byte offsets in block 0. */
#define GPT_MBR_ENTRIES    446 /* four of 16 bytes */
#define GPT_MBR_ENTRY_SIZE 16
#define GPT_MBR_ENTRY_TYPE 4 /* in an entry */
#define GPT_MBR_TYPE       0xee
#define GPT_MBR_SIGNATURE  510 /* 0x55, 0xaa */

_Static_assert(offsetof(struct gpt_header, padding) == GPT_HEADER_SIZE, "gpt_header");
_Static_assert(offsetof(struct gpt_header, entries_lba) == 72, "gpt_header.entries_lba");
_Static_assert(sizeof(struct gpt_entry) == GPT_ENTRY_SIZE_MIN, "gpt_entry");
_Static_assert(offsetof(struct gpt_entry, name) == 56, "gpt_entry.name");

#endif
