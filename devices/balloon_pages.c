/* SPDX-License-Identifier: MIT */
#include "devices/balloon_pages.h"

#include <string.h>

#include "include/abi/virtio_balloon.h"
#include "include/vm_spec.h"

#define FIRST_PFN       (GUEST_RAM_BASE / VIRTIO_BALLOON_PAGE)
#define WORDS_PER_BLOCK (BALLOON_BLOCK / VIRTIO_BALLOON_PAGE / 64)

static uint64_t block_words(uint64_t memory)
{
	return (memory / BALLOON_BLOCK + 63) / 64;
}

static uint64_t page_words(uint64_t memory)
{
	return memory / BALLOON_BLOCK * WORDS_PER_BLOCK;
}

size_t balloon_pages_size(uint64_t memory)
{
	return (page_words(memory) + 2 * block_words(memory)) * sizeof(uint64_t);
}

void balloon_pages_init(struct balloon_pages *pages, uint64_t memory, void *mem)
{
	memset(mem, 0, balloon_pages_size(memory));
	pages->memory = memory;
	pages->n_in = 0;
	pages->in = mem;
	pages->given = pages->in + page_words(memory);
	pages->wanted = pages->given + block_words(memory);
}

static bool is_set(const uint64_t *bits, uint64_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static void set(uint64_t *bits, uint64_t i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static void clear(uint64_t *bits, uint64_t i)
{
	bits[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/* ---- batches ---- */

static void batch_add(struct balloon_batch *batch, uint64_t block)
{
	uint64_t addr = GUEST_RAM_BASE + block * BALLOON_BLOCK;
	struct slice *last = batch->n > 0 ? &batch->slice[batch->n - 1] : NULL;

	batch->blocks++;
	if (last && last->addr.a + last->len == addr)
		last->len += (uint32_t)BALLOON_BLOCK;
	else
		batch->slice[batch->n++] = (struct slice){gpa(addr), (uint32_t)BALLOON_BLOCK};
}

/* Clears a bit for each block of it. */
static void batch_clear(const struct balloon_batch *batch, uint64_t *bits)
{
	for (unsigned i = 0; i < batch->n; i++) {
		uint64_t block = (batch->slice[i].addr.a - GUEST_RAM_BASE) / BALLOON_BLOCK;

		for (uint64_t b = 0; b < batch->slice[i].len / BALLOON_BLOCK; b++)
			clear(bits, block + b);
	}
}

void balloon_pages_kept(struct balloon_pages *pages, struct balloon_batch *batch)
{
	batch_clear(batch, pages->given);
	batch->n = batch->blocks = 0;
}

void balloon_pages_back(struct balloon_pages *pages, struct balloon_batch *batch)
{
	batch_clear(batch, pages->wanted);
	balloon_pages_kept(pages, batch);
}

void balloon_pages_unwanted(struct balloon_pages *pages, struct balloon_batch *batch)
{
	batch_clear(batch, pages->wanted);
	batch->n = batch->blocks = 0;
}

/* ---- pages ---- */

/* The number from the start of RAM; false: it is no page of the guest's. */
static bool find_page(const struct balloon_pages *pages, uint32_t pfn, uint64_t *page)
{
	*page = pfn - FIRST_PFN; /* huge for one before */
	return *page < pages->memory / VIRTIO_BALLOON_PAGE;
}

static bool all_in(const struct balloon_pages *pages, uint64_t block)
{
	const uint64_t *word = pages->in + block * WORDS_PER_BLOCK;
	uint64_t all = ~UINT64_C(0);

	for (unsigned i = 0; i < WORDS_PER_BLOCK; i++)
		all &= word[i];
	return all == ~UINT64_C(0);
}

void balloon_pages_put(struct balloon_pages *pages, uint32_t pfn, struct balloon_batch *batch)
{
	uint64_t page;

	if (!find_page(pages, pfn, &page) || is_set(pages->in, page))
		return;
	uint64_t block = page / 64 / WORDS_PER_BLOCK;

	set(pages->in, page);
	pages->n_in++;
	if (all_in(pages, block) && !is_set(pages->given, block)) {
		set(pages->given, block);
		batch_add(batch, block);
	}
}

void balloon_pages_take(struct balloon_pages *pages, uint32_t pfn, struct balloon_batch *batch)
{
	uint64_t page;

	if (!find_page(pages, pfn, &page) || !is_set(pages->in, page))
		return;
	uint64_t block = page / 64 / WORDS_PER_BLOCK;

	clear(pages->in, page);
	pages->n_in--;
	if (is_set(pages->given, block) && !is_set(pages->wanted, block)) {
		set(pages->wanted, block);
		batch_add(batch, block);
	}
}

void balloon_pages_free(struct balloon_pages *pages, gpa_t addr, struct balloon_batch *batch)
{
	if (!range_inside(addr.a, BALLOON_BLOCK, GUEST_RAM_BASE, pages->memory))
		return;
	uint64_t block = (addr.a - GUEST_RAM_BASE) / BALLOON_BLOCK;

	if (!is_set(pages->given, block))
		batch_add(batch, block);
}

void balloon_pages_forget(struct balloon_pages *pages)
{
	if (pages->n_in > 0)
		memset(pages->in, 0, page_words(pages->memory) * sizeof(uint64_t));
	pages->n_in = 0;
}

bool balloon_pages_recall(struct balloon_pages *pages, struct balloon_batch *batch)
{
	for (uint64_t w = 0; w < block_words(pages->memory); w++) {
		uint64_t word = pages->given[w] & ~pages->wanted[w];

		for (; word && batch->blocks < BALLOON_BATCH; word &= word - 1) {
			uint64_t block = w * 64 + (unsigned)__builtin_ctzll(word);

			set(pages->wanted, block);
			batch_add(batch, block);
		}
	}
	return batch->n > 0;
}
