/* SPDX-License-Identifier: MIT */
/*
 * What stands behind a disk's port: all of a physical disk, a GPT partition, a range of it, or an image of the
 * bundle with what is written kept in memory. Two users of one piece of a disk are refused unless both only read.
 */
#ifndef VESPER_BACKENDS_DISK_H
#define VESPER_BACKENDS_DISK_H

#include "include/block.h"
#include "include/dm.h"

struct disk;

/* Reads the partition tables of all disks, with block_wait(): once, at boot, before the first disk_open(). */
void disk_init(void);

/*
 * Opens what the spec names for the VM `owner`. `memory` is for what is written over an image: disk_memory_needed()
 * bytes, page-aligned, contents undefined, the disk's until disk_close(). ERR_NOT_FOUND, ERR_BUSY, ERR_INVALID, ERR_NO_SPACE: `why`
 * says in one line what is wrong and the way out.
 */
MUST_CHECK enum status disk_open(const struct vm_device *spec, const char *owner, void *memory,
	struct disk **out, char *why, size_t why_size);

/* 0 for all but images; UINT64_MAX: more than there can be. */
uint64_t disk_memory_needed(const struct vm_device *spec);

/* Nothing of it is in flight. */
void disk_close(struct disk *disk);

void disk_describe(const struct disk *disk, struct dm_disk *out);

/*
 * Reads or writes [offset, +len) of the disk, or flushes and so on, checked against its size and whether it may be written. The segments and
 * the request stay until done() is called, on any hart, with no lock held; for an image it is called before this returns.
 * ERR_BUSY: the disk's queue is full, ready() of all who met that is called; nothing happened. Others: the same.
 */
MUST_CHECK enum status disk_submit(struct disk *disk, struct block_request *request);

#endif
