/* SPDX-License-Identifier: MIT */
/*
 * An ordered map from 64-bit keys to what the caller embeds a leaf in: a
 * binary trie that branches only where keys differ. At most 64 levels, however
 * the keys are chosen, and nothing to allocate: n leaves need n - 1 branches,
 * so each leaf carries the memory for one.
 */
#ifndef VESPER_DEVICES_FS_TRIE_H
#define VESPER_DEVICES_FS_TRIE_H

#include <stdint.h>

struct trie_leaf {
	uint64_t key;
	/* A branch that is an ancestor of this leaf: which bit it tests, and its two sides. */
	char *side[2];
	unsigned bit;
};

struct trie {
	char *root; /* NULL: empty; else see trie.c */
};

/* The leaf with the smallest key that is at least `key`; NULL: none. */
struct trie_leaf *trie_from(const struct trie *t, uint64_t key);

/* NULL: no such key. */
struct trie_leaf *trie_find(const struct trie *t, uint64_t key);

/* leaf->key must not be in the trie yet. */
void trie_insert(struct trie *t, struct trie_leaf *leaf);

/* The leaf must be in the trie. */
void trie_remove(struct trie *t, struct trie_leaf *leaf);

#endif
