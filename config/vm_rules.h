/* SPDX-License-Identifier: MIT */
/*
 * One table row a property: how it is read, where the value goes and what it
 * may be. vm_spec.c holds the tables, vm_rules.c applies them to a node.
 */
#ifndef VESPER_CONFIG_VM_RULES_H
#define VESPER_CONFIG_VM_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/bundle.h"

/* One node being read. */
struct vm_node {
	const struct bundle *bundle;
	int offset;         /* in the configuration's tree */
	const char *source; /* name of the configuration's file, for messages; NULL: not given */
	char path[80];      /* for messages, cut */
	unsigned vm;        /* of a VM's node and those below: which one, from 0 on */
	struct config_error *err;
};

/* A word and what it means; in a list that ends with NULL. */
struct vm_choice {
	const char *name;
	unsigned value;
};

struct vm_rule {
	const char *name;
	/* Checks the value and stores it at `field`; false: err is set. */
	bool (*parse)(const struct vm_node *n, const struct vm_rule *rule, void *field);
	size_t offset; /* of the field in the struct that the node fills */
	bool required;
	uint32_t min, max, step; /* numbers: a multiple of step; strings: bytes of text */
	const struct vm_choice *choices;
};

/* Fills `out` from the node's properties. false: err names the property. */
MUST_CHECK bool vm_rules_apply(
	const struct vm_node *n, const struct vm_rule *rules, unsigned n_rules, void *out);

/* Parsers. */
bool vm_rules_number(
	const struct vm_node *n, const struct vm_rule *rule, void *field); /* unsigned */
bool vm_rules_mib(
	const struct vm_node *n, const struct vm_rule *rule, void *field); /* uint64_t of bytes */
bool vm_rules_text(const struct vm_node *n, const struct vm_rule *rule,
	void *field); /* char[] that is zeroed */
bool vm_rules_image(
	const struct vm_node *n, const struct vm_rule *rule, void *field); /* struct blob */
bool vm_rules_choice(
	const struct vm_node *n, const struct vm_rule *rule, void *field); /* unsigned or an enum */
bool vm_rules_flag(const struct vm_node *n, const struct vm_rule *rule, void *field); /* bool */
/* The list's cells (rule->min to rule->max of them); NULL: err is set. */
const void *vm_rules_list(const struct vm_node *n, const struct vm_rule *rule, unsigned *count);

/* The node `offset` below `parent`. */
struct vm_node vm_rules_child(const struct vm_node *parent, int offset);
/* The index in `names` of the node's compatible; -1: err says which names are known. */
int vm_rules_compatible(const struct vm_node *n, const char *const *names, unsigned n_names);

/* Of `n` names the one that `name` is a likely misspelling of; NULL: none. */
const char *vm_rules_similar(const char *name, const char *const *names, unsigned n);

/* Sets err->text to "SOURCE: PATH: " and the formatted text; returns false. */
__attribute__((format(printf, 2, 3))) bool vm_rules_fail(
	const struct vm_node *n, const char *format, ...);

#endif
