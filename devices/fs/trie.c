/* SPDX-License-Identifier: MIT */
/*
 * The trie. A branch tests one bit; all keys below it agree on the bits above.
 * Invariant: the branch that a leaf carries, if it is in use, is an ancestor
 * of that leaf; so removal meets it on its way down and can move it.
 */
#include "devices/fs/trie.h"

#include <stdbool.h>
#include <stddef.h>

/* A reference is a leaf's address, or one byte past that for the branch in the leaf. */
static bool is_branch(const char *ref)
{
	return (uintptr_t)ref & 1;
}

static struct trie_leaf *leaf_of(char *ref)
{
	return (struct trie_leaf *)(void *)(ref - is_branch(ref));
}

static char *leaf_ref(struct trie_leaf *leaf)
{
	return (char *)leaf;
}

static char *branch_ref(struct trie_leaf *leaf)
{
	return (char *)leaf + 1;
}

static unsigned side_of(const struct trie_leaf *branch, uint64_t key)
{
	return (unsigned)(key >> branch->bit) & 1;
}

static struct trie_leaf *smallest(char *ref)
{
	while (is_branch(ref))
		ref = leaf_of(ref)->side[0];
	return leaf_of(ref);
}

/* A leaf that shares at least as many leading bits with `key` as any other; t is not empty. */
static struct trie_leaf *nearest(const struct trie *t, uint64_t key)
{
	char *ref = t->root;

	while (is_branch(ref))
		ref = leaf_of(ref)->side[side_of(leaf_of(ref), key)];
	return leaf_of(ref);
}

/* By halves: not every hart counts zeros in one instruction, and a library call is none of ours. */
static unsigned highest_bit(uint64_t x)
{
	unsigned bit = 0;

	for (unsigned half = 32; half; half /= 2) {
		if (x >> half) {
			x >>= half;
			bit += half;
		}
	}
	return bit;
}

struct trie_leaf *trie_find(const struct trie *t, uint64_t key)
{
	struct trie_leaf *leaf = t->root ? nearest(t, key) : NULL;

	return leaf && leaf->key == key ? leaf : NULL;
}

struct trie_leaf *trie_from(const struct trie *t, uint64_t key)
{
	struct trie_leaf *leaf = t->root ? nearest(t, key) : NULL;
	char *ref = t->root, *above = NULL;
	unsigned bit;

	if (!leaf || leaf->key == key)
		return leaf;
	bit = highest_bit(leaf->key ^ key);
	while (is_branch(ref) && leaf_of(ref)->bit > bit) {
		unsigned side = side_of(leaf_of(ref), key);

		if (side == 0)
			above = leaf_of(ref)->side[1];
		ref = leaf_of(ref)->side[side];
	}
	/* All keys below ref differ from key at `bit`: all are above it, or all below. */
	if (key >> bit & 1)
		ref = above;
	return ref ? smallest(ref) : NULL;
}

void trie_insert(struct trie *t, struct trie_leaf *leaf)
{
	char **at = &t->root;
	unsigned side;

	if (!t->root) {
		t->root = leaf_ref(leaf);
		return;
	}
	leaf->bit = highest_bit(nearest(t, leaf->key)->key ^ leaf->key);
	while (is_branch(*at) && leaf_of(*at)->bit > leaf->bit)
		at = &leaf_of(*at)->side[side_of(leaf_of(*at), leaf->key)];
	side = side_of(leaf, leaf->key);
	leaf->side[side] = leaf_ref(leaf);
	leaf->side[!side] = *at;
	*at = branch_ref(leaf);
}

void trie_remove(struct trie *t, struct trie_leaf *leaf)
{
	char **at = &t->root, **parent_at = NULL, **own_at = NULL;
	struct trie_leaf *parent;

	while (is_branch(*at)) {
		parent_at = at;
		if (leaf_of(*at) == leaf)
			own_at = at;
		at = &leaf_of(*at)->side[side_of(leaf_of(*at), leaf->key)];
	}
	if (!parent_at) {
		t->root = NULL;
		return;
	}
	/* The parent's other side takes the parent's place, and the memory of that branch is free
	 * for the branch that goes away with the leaf. */
	parent = leaf_of(*parent_at);
	*parent_at = parent->side[!side_of(parent, leaf->key)];
	if (own_at && parent != leaf) {
		parent->bit = leaf->bit;
		parent->side[0] = leaf->side[0];
		parent->side[1] = leaf->side[1];
		*own_at = branch_ref(parent);
	}
}
