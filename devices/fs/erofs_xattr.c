/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes of an EROFS image. An inode has its own, right behind
 * it, and ids of shared ones in the image's shared area. Entries are walked,
 * as they have no index; ATTRIBUTES_MAX bounds what listing a hostile image's
 * inode by increasing index costs.
 */
#include "devices/fs/erofs.h"

#include <string.h>

#include "include/abi/erofs.h"
#include "lib/addr.h"

#define ATTRIBUTES_MAX 512 /* an inode; real ones have a handful */

/* A range of the image that holds entries. */
struct area {
	const uint8_t *data;
	uint64_t size;
};

static const char *const prefixes[] = {
	[EROFS_XATTR_USER] = "user.",
	[EROFS_XATTR_ACL_ACCESS] = "system.posix_acl_access",
	[EROFS_XATTR_ACL_DEFAULT] = "system.posix_acl_default",
	[EROFS_XATTR_TRUSTED] = "trusted.",
	[EROFS_XATTR_LUSTRE] = "lustre.",
	[EROFS_XATTR_SECURITY] = "security.",
};

/* Copies the entry's head. ERR_INVALID: it does not fit the area. */
static enum status entry_at(const struct area *area, uint64_t at, struct erofs_disk_xattr *entry)
{
	if (!range_inside(at, sizeof(*entry), 0, area->size))
		return ERR_INVALID;
	memcpy(entry, area->data + at, sizeof(*entry));
	if ((uint64_t)entry->name_len + entry->value_len > area->size - at - sizeof(*entry))
		return ERR_INVALID;
	return OK;
}

static enum status set_name(
	const struct erofs_disk_xattr *entry, const uint8_t *suffix, struct erofs_xattr *out)
{
	const char *prefix = NULL;
	size_t len;

	if (entry->prefix < sizeof(prefixes) / sizeof(prefixes[0]))
		prefix = prefixes[entry->prefix];
	if (!prefix)
		return ERR_INVALID;
	len = strlen(prefix);
	if (len + entry->name_len > EROFS_NAME_MAX || memchr(suffix, 0, entry->name_len))
		return ERR_INVALID;
	memcpy(out->name, prefix, len);
	memcpy(out->name + len, suffix, entry->name_len);
	out->name[len + entry->name_len] = 0;
	return OK;
}

static enum status entry_read(const struct area *area, uint64_t at, struct erofs_xattr *out)
{
	struct erofs_disk_xattr entry;
	const uint8_t *suffix;

	if (entry_at(area, at, &entry) != OK)
		return ERR_INVALID;
	suffix = area->data + at + sizeof(entry);
	out->value = suffix + entry.name_len;
	out->value_len = entry.value_len;
	return set_name(&entry, suffix, out);
}

/* ERR_NOT_FOUND: the area has only *seen entries, which are `index` or fewer. */
static enum status find_inline(
	const struct area *area, unsigned index, unsigned *seen, struct erofs_xattr *out)
{
	uint64_t at = 0;

	for (*seen = 0; at < area->size && *seen < ATTRIBUTES_MAX; (*seen)++) {
		struct erofs_disk_xattr entry;

		if (*seen == index)
			return entry_read(area, at, out);
		if (entry_at(area, at, &entry) != OK)
			return ERR_INVALID;
		at += sizeof(entry) + entry.name_len + entry.value_len;
		at = (at + EROFS_XATTR_ALIGN - 1) & ~(uint64_t)(EROFS_XATTR_ALIGN - 1);
	}
	return at < area->size ? ERR_INVALID : ERR_NOT_FOUND;
}

static enum status read_shared(const struct erofs *fs, uint32_t id, struct erofs_xattr *out)
{
	struct area image = {fs->base, fs->size};

	return entry_read(&image, fs->xattr_start + (uint64_t)id * EROFS_XATTR_ALIGN, out);
}

enum status erofs_xattr(const struct erofs *fs, const struct erofs_inode *inode, unsigned index,
	struct erofs_xattr *out)
{
	const uint8_t *ids = fs->base + inode->xattr_start + sizeof(struct erofs_disk_xattr_header);
	struct erofs_disk_xattr_header header;
	enum status status;
	struct area area;
	uint64_t ids_size;
	unsigned seen;
	uint32_t id;

	if (!inode->xattr_size)
		return ERR_NOT_FOUND;
	memcpy(&header, fs->base + inode->xattr_start, sizeof(header));
	area.size = inode->xattr_size - sizeof(header);
	ids_size = header.shared_count * sizeof(id);
	if (ids_size > area.size)
		return ERR_INVALID;
	area.data = ids + ids_size;
	area.size -= ids_size;
	status = find_inline(&area, index, &seen, out);
	if (status != ERR_NOT_FOUND)
		return status;
	index -= seen;
	if (index >= header.shared_count)
		return ERR_NOT_FOUND;
	memcpy(&id, ids + index * sizeof(id), sizeof(id));
	return read_shared(fs, id, out);
}
