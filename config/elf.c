/* SPDX-License-Identifier: MIT */
/*
 * The program headers of an ELF64 file (System V ABI, chapters 4 and 5; the
 * machine's part is the RISC-V ELF psABI). Sections, symbols and dynamic
 * linking are of no interest here: a kernel relocates itself.
 */
#include "config/elf.h"

#include <string.h>

#include "lib/addr.h"

#define CLASS_64    2
#define DATA_LITTLE 1
#define VERSION     1
#define TYPE_EXEC   2
#define TYPE_DYN    3
#define MACHINE     243 /* RISC-V */

#define PT_LOAD     1
#define HEADERS_MAX 64 /* real kernels have some 10; bounds the loader's work */

struct header {
	uint8_t magic[4], class, data, version, abi, abi_version, padding[7];
	uint16_t type, machine;
	uint32_t file_version;
	uint64_t entry, program_headers, section_headers;
	uint32_t flags;
	uint16_t size, program_header_size, n_program_headers;
	uint16_t section_header_size, n_section_headers, names;
};

struct program_header {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, file_size, memory_size, align;
};

_Static_assert(
	sizeof(struct header) == 64 && sizeof(struct program_header) == 56, "as the ABI has them");

/* Nothing in the file need be aligned. */
static struct header read_header(const struct blob *file)
{
	struct header h = {0};

	if (file->size >= sizeof(h))
		memcpy(&h, file->data, sizeof(h));
	return h;
}

static struct program_header read_program_header(
	const struct blob *file, const struct header *h, unsigned i)
{
	struct program_header p;

	memcpy(&p, (const char *)file->data + h->program_headers + i * sizeof(p), sizeof(p));
	return p;
}

bool elf_is(const struct blob *file)
{
	return file->size >= 4 && !memcmp(file->data,
					  "\x7f"
					  "ELF",
					  4);
}

/* NULL: it is one that a guest can run. */
static const char *header_problem(const struct blob *file, const struct header *h)
{
	if (file->size < sizeof(*h))
		return "is cut short";
	if (h->class != CLASS_64 || h->data != DATA_LITTLE || h->machine != MACHINE)
		return "is an ELF file, but not for 64-bit little-endian RISC-V";
	if (h->type != TYPE_EXEC && h->type != TYPE_DYN)
		return "is an ELF file, but not an executable: link it";
	if (h->program_header_size != sizeof(struct program_header))
		return "is a damaged ELF file: the size of its program headers";
	if (!h->n_program_headers || h->n_program_headers > HEADERS_MAX)
		return "is an ELF file without program headers, or with more than 64";
	if (!range_inside(h->program_headers, h->n_program_headers * sizeof(struct program_header),
		    0, file->size))
		return "is cut short: its program headers lie behind its end";
	return NULL;
}

/* The program header of the loaded segment `i`; false: no more. */
static bool find(const struct blob *file, unsigned i, struct program_header *out)
{
	struct header h = read_header(file);

	for (unsigned n = 0; n < h.n_program_headers; n++) {
		*out = read_program_header(file, &h, n);
		if (out->type == PT_LOAD && out->memory_size && !i--)
			return true;
	}
	return false;
}

static enum status check_segment(const struct blob *file, const struct program_header *p,
	uint64_t ram, uint64_t size, struct config_error *err)
{
	unsigned long addr = (unsigned long)p->paddr, bytes = (unsigned long)p->memory_size;

	if (p->file_size > p->memory_size)
		config_error_set(err,
			"is a damaged ELF file: its segment at 0x%lx is larger in the file "
			"than in memory",
			addr);
	else if (!range_inside(p->offset, p->file_size, 0, file->size))
		config_error_set(
			err, "is cut short: its segment at 0x%lx lies behind its end", addr);
	else if (!range_inside(p->paddr, p->memory_size, ram, size))
		config_error_set(err,
			"has a segment of 0x%lx bytes at 0x%lx, out of the RAM "
			"(0x%lx to 0x%lx)",
			bytes, addr, (unsigned long)ram, (unsigned long)(ram + size - 1));
	else
		return OK;
	return ERR_INVALID;
}

/* Does segment `i` share an address with one before it? */
static bool overlaps(const struct blob *file, unsigned i, const struct program_header *p)
{
	struct program_header before;

	while (i--)
		if (find(file, i, &before) && before.paddr < p->paddr + p->memory_size &&
			p->paddr < before.paddr + before.memory_size)
			return true;
	return false;
}

/* Is the entry point in one of the segments, by its physical or by its virtual address? */
static bool has_entry(const struct blob *file, bool physical)
{
	uint64_t entry = read_header(file).entry;
	struct program_header p;

	for (unsigned i = 0; find(file, i, &p); i++)
		if (range_inside(entry, 1, physical ? p.paddr : p.vaddr, p.memory_size))
			return true;
	return false;
}

static enum status fail(struct config_error *err, const char *text)
{
	config_error_set(err, "%s", text);
	return ERR_INVALID;
}

enum status elf_check(
	const struct blob *file, uint64_t ram, uint64_t size, struct config_error *err)
{
	struct header h = read_header(file);
	const char *problem = header_problem(file, &h);
	struct program_header p;

	if (problem)
		return fail(err, problem);
	if (!find(file, 0, &p))
		return fail(err, "is an ELF file with nothing to load");
	for (unsigned i = 0; find(file, i, &p); i++) {
		if (check_segment(file, &p, ram, size, err) != OK)
			return ERR_INVALID;
		if (overlaps(file, i, &p))
			return fail(err, "is a damaged ELF file: two of its segments overlap");
	}
	if (!has_entry(file, true) && !has_entry(file, false)) {
		config_error_set(err, "has its entry point 0x%lx in none of its segments",
			(unsigned long)h.entry);
		return ERR_INVALID;
	}
	return OK;
}

bool elf_segment(const struct blob *file, unsigned i, struct elf_segment *out)
{
	struct program_header p;

	if (!find(file, i, &p))
		return false;
	*out = (struct elf_segment){
		.addr = p.paddr,
		.size = p.memory_size,
		.data = {(const char *)file->data + p.offset, (size_t)p.file_size},
	};
	return true;
}

uint64_t elf_entry(const struct blob *file)
{
	uint64_t lowest = UINT64_MAX;
	struct elf_segment s;

	if (has_entry(file, true))
		return read_header(file).entry;
	for (unsigned i = 0; elf_segment(file, i, &s); i++)
		lowest = s.addr < lowest ? s.addr : lowest;
	return lowest;
}
