/* SPDX-License-Identifier: MIT */
/* Which harts may run which VM: what its spec names, without what others have to themselves. */
#include <string.h>

#include "core/vm.h"

#define WORDS (VM_HARTS_MAX / 64)

static unsigned index_of(const struct machine *machine, const struct vm_spec *spec, uint32_t id)
{
	for (unsigned i = 0; i < machine->n_harts; i++)
		if (machine->hart[i].id == id)
			return i;
	die("%s: harts: this machine has no hart %u", spec->where, id);
}

static void set_harts(const struct machine *machine, struct vm *vm)
{
	const struct vm_spec *spec = vm->spec;

	memset(vm->group.allowed, 0, sizeof(vm->group.allowed));
	for (unsigned i = 0; i < (spec->n_harts ? spec->n_harts : machine->n_harts); i++) {
		unsigned hart = spec->n_harts ? index_of(machine, spec, spec->harts[i]) : i;

		vm->group.allowed[hart / 64] |= 1ull << (hart % 64);
	}
}

/* `vm` may not run where `owner` alone may. */
static void exclude(struct vm *vm, const struct vm *owner)
{
	uint64_t left = 0;

	for (unsigned w = 0; w < WORDS; w++) {
		uint64_t both = vm->group.allowed[w] & owner->group.allowed[w];

		if (both && vm->spec->dedicated)
			die("%s and %s are both to have a hart to themselves: name different harts",
				vm->spec->where, owner->spec->name);
		vm->group.allowed[w] &= ~both;
		left |= vm->group.allowed[w];
	}
	if (!left)
		die("%s: no hart is left for it: %s has all of them to itself", vm->spec->where,
			owner->spec->name);
}

void vm_place(const struct machine *machine)
{
	for (struct vm *vm = vm_first(); vm; vm = vm->next)
		set_harts(machine, vm);
	for (struct vm *owner = vm_first(); owner; owner = owner->next)
		for (struct vm *vm = vm_first(); owner->spec->dedicated && vm; vm = vm->next)
			if (vm != owner)
				exclude(vm, owner);
}
