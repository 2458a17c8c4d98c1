/* SPDX-License-Identifier: MIT */
/*
 * From what a configuration names to a piece of a physical disk. What is not there is answered with what is. Serials and
 * partition names come from the disks: they are printed without what would play with a terminal.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backends/disk_parts.h"
#include "backends/gpt.h"
#include "lib/log.h"

#define DISKS_MAX 16 /* whose partitions are known */
#define LIST_MAX  8  /* things that a message lists */

static struct gpt tables[DISKS_MAX];

void disk_init(void)
{
	unsigned n = block_count();

	if (n > DISKS_MAX)
		log_line("partitions of disk%u and later are not read", DISKS_MAX);
	for (unsigned i = 0; i < n && i < DISKS_MAX; i++) {
		const char *name = block_info(i)->name;
		enum status status = gpt_read(i, &tables[i]);

		if (status == ERR_IO)
			log_line("%s: its partition table can't be read", name);
		else if (status == ERR_INVALID)
			log_line("%s: its partition table is damaged: it is taken to have none",
				name);
		else if (tables[i].backup)
			log_line("%s: its partition table is damaged, the copy at the end is used: "
				 "repair it",
				name);
	}
}

/* ---- messages ---- */

void text_begin(struct text *text, char *buffer, size_t size)
{
	*text = (struct text){buffer, size};
	if (size)
		buffer[0] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(text->at, text->room, format, args);
	va_end(args);
	if (n < 0)
		return;
	size_t used = (size_t)n < text->room ? (size_t)n : text->room ? text->room - 1 : 0;

	text->at += used;
	text->room -= used;
}

/* A serial comes as the disk has it. */
static void add_serial(struct text *text, const char *serial)
{
	text_add(text, " (serial \"");
	for (; *serial; serial++)
		text_add(text, "%c", *serial >= ' ' && *serial <= '~' ? *serial : '?');
	text_add(text, "\")");
}

void disk_name(struct text *text, const struct vm_disk *spec)
{
	text_add(text, "disk = \"%s\"", spec->disk);
	if (spec->source == VM_DISK_PARTITION && spec->partition[0])
		text_add(text, ", partition = \"%s\"", spec->partition);
	else if (spec->source == VM_DISK_PARTITION)
		text_add(text, ", partition %u", spec->number);
	else if (spec->source == VM_DISK_RANGE)
		text_add(text, ", range of %llu bytes from %llu on", (unsigned long long)spec->size,
			(unsigned long long)spec->offset);
}

static void list_disks(struct text *why)
{
	unsigned n = block_count();

	for (unsigned i = 0; i < n && i < LIST_MAX; i++) {
		const struct block_info *info = block_info(i);

		text_add(why, "%s%s", i ? ", " : "", info->name);
		if (info->id[0])
			add_serial(why, info->id);
	}
	if (n > LIST_MAX)
		text_add(why, " and %u more", n - LIST_MAX);
}

static void list_partitions(struct text *why, const struct gpt *gpt)
{
	for (unsigned i = 0; i < gpt->n && i < LIST_MAX; i++) {
		const struct gpt_partition *p = &gpt->partition[i];

		text_add(why, "%s%u", i ? ", " : "", p->number);
		if (p->name[0])
			text_add(why, " \"%s\"", p->name);
	}
	if (gpt->n > LIST_MAX)
		text_add(why, " and %u more", gpt->n - LIST_MAX);
}

/* ---- finding ---- */

static bool same_disk(const struct block_info *info, const char *name)
{
	return strcmp(info->name, name) == 0 || (info->id[0] && strcmp(info->id, name) == 0);
}

static enum status no_disk(const struct vm_disk *spec, struct text *why)
{
	disk_name(why, spec);
	if (block_count() == 0) {
		text_add(why, ": the machine has no disks: give it one, or take the device out");
		return ERR_NOT_FOUND;
	}
	text_add(why, ": no such disk: use ");
	list_disks(why);
	return ERR_NOT_FOUND;
}

static enum status find_disk(const struct vm_disk *spec, unsigned *out, struct text *why)
{
	unsigned n = block_count(), found = 0;

	for (unsigned i = n; i-- > 0;) {
		if (same_disk(block_info(i), spec->disk)) {
			*out = i;
			found++;
		}
	}
	if (found == 1)
		return OK;
	if (found == 0)
		return no_disk(spec, why);
	disk_name(why, spec);
	text_add(why, ": %u disks have this serial: use \"diskN\", one of ", found);
	list_disks(why);
	return ERR_INVALID;
}

static bool same_partition(const struct gpt_partition *p, const struct vm_disk *spec)
{
	return spec->partition[0] ? strcmp(p->name, spec->partition) == 0
				  : p->number == spec->number;
}

static enum status find_partition(
	const struct vm_disk *spec, struct disk_piece *piece, struct text *why)
{
	static const struct gpt none;
	const struct gpt *gpt = piece->disk < DISKS_MAX ? &tables[piece->disk] : &none;
	unsigned found = 0;

	for (unsigned i = 0; i < gpt->n; i++) {
		const struct gpt_partition *p = &gpt->partition[i];

		if (same_partition(p, spec)) {
			piece->offset = p->offset;
			piece->size = p->size;
			found++;
		}
	}
	if (found == 1)
		return OK;
	disk_name(why, spec);
	if (gpt->n == 0) {
		text_add(why, ": the disk has no partitions: make a GPT on it, or use all of it");
		return ERR_NOT_FOUND;
	}
	if (found)
		text_add(why, ": %u partitions have this name: use the number, one of ", found);
	else
		text_add(why, ": no such partition: use ");
	list_partitions(why, gpt);
	return found ? ERR_INVALID : ERR_NOT_FOUND;
}

static enum status check_range(
	const struct vm_disk *spec, const struct disk_piece *piece, struct text *why)
{
	const struct block_info *info = block_info(piece->disk);

	if (piece->size && (piece->offset | piece->size) % info->block_size == 0 &&
		range_inside(piece->offset, piece->size, 0, info->size))
		return OK;
	disk_name(why, spec);
	text_add(why, ": the disk has %llu bytes in blocks of %u: use whole blocks inside of it",
		(unsigned long long)info->size, info->block_size);
	return ERR_INVALID;
}

enum status disk_find(const struct vm_disk *spec, struct disk_piece *out, struct text *why)
{
	enum status status = find_disk(spec, &out->disk, why);

	if (status != OK)
		return status;
	switch (spec->source) {
	case VM_DISK_PARTITION:
		return find_partition(spec, out, why);
	case VM_DISK_RANGE:
		out->offset = spec->offset;
		out->size = spec->size;
		break;
	default:
		out->offset = 0;
		out->size = block_info(out->disk)->size / block_info(out->disk)->block_size *
			    block_info(out->disk)->block_size;
		break;
	}
	return check_range(spec, out, why);
}
