/* SPDX-License-Identifier: MIT */
/* A VM as the configuration has it, before it is first started: all that it keeps over its lives. */
#include <string.h>

#include "core/fp.h"
#include "core/page.h"
#include "core/vm.h"
#include "core/vm_ports.h"

#define VM_PAGES 4

_Static_assert(sizeof(struct vm) <= VM_PAGES * PAGE_SIZE, "");
_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE, "");

static struct vm *first_vm;
static struct vm **last_link = &first_vm;

struct vm *vm_first(void)
{
	return first_vm;
}

_Noreturn static void too_little_memory(const struct vm_spec *spec, uint64_t needed)
{
	die("%s%s: needs %lu MiB but this machine has %lu MiB free: lower the VM's memory or give "
	    "the machine more (QEMU: -m)",
		spec->name, first_vm && spec != first_vm->spec ? " and those before it" : "",
		(unsigned long)(needed >> 20), (unsigned long)(page_free_bytes() >> 20));
}

static bool create_vcpu(struct vm *vm, unsigned id)
{
	struct vcpu *vcpu = page_alloc(1);

	if (!vcpu)
		return false;
	vm->vcpu[id] = vcpu;
	vcpu->fp = page_alloc(fp_pages(vm->features->vlenb));
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->ignored = (uint8_t)vm->features->ignored;
	vcpu->sched.group = &vm->group;
	vcpu->deadline = SCHED_NEVER;
	return vcpu->fp;
}

static bool create_parts(struct vm *vm)
{
	const struct vm_spec *spec = vm->spec;
	void *console = page_alloc(CONSOLE_SIZE / PAGE_SIZE);

	vm->vcpu = page_alloc(1);
	vm->ram = own_window(spec->memory);
	vm->dm_memory = own_window(dm_memory_needed(spec));
	vm->release = page_alloc(1);
	vm->claimed = vm_table_create(spec->memory / BLOCK_SIZE / 8 + sizeof(uint64_t));
	vm->block = vm_table_create(spec->memory / BLOCK_SIZE * sizeof(uint64_t));
	if (!console || !vm->vcpu || !vm->ram || !vm->dm_memory || !vm->claimed || !vm->block ||
		!vm->release || !vm_ports_create(vm))
		return false;
	vm->console = console_create(console, spec->name, vm_console_ready, vm);
	for (unsigned i = 0; i < spec->vcpus; i++)
		if (!create_vcpu(vm, i))
			return false;
	vm->n_vcpus = spec->vcpus;
	return true;
}

static void choose_irqs(struct vm *vm)
{
	const struct vm_spec *spec = vm->spec;

	if (spec->irqchip == VM_IRQCHIP_AIA && !vm->features->imsic)
		die("%s: interrupt-controller = \"aia\" needs a machine whose harts have Ssaia and "
		    "an IMSIC: leave it out or say \"plic\"",
			spec->where);
	vm->aia = spec->irqchip != VM_IRQCHIP_PLIC && vm->features->imsic;
	vm->plic_size = vm->aia ? 0 : GUEST_PLIC_SIZE;
}

struct vm *vm_create(const struct vm_spec *spec, const struct features *features)
{
	static unsigned n;
	struct vm *vm = page_alloc(VM_PAGES);

	if (!dm_memory_needed(spec))
		die("%s: the device model refuses its configuration", spec->name);
	if (!vm)
		too_little_memory(spec, VM_PAGES * PAGE_SIZE);
	vm->spec = spec;
	vm->features = features;
	vm->index = n++;
	if (!vm_gstage_mode(vm))
		die("%s: its memory reaches beyond what this machine's harts can translate",
			spec->where);
	/* Those for whom there is none share VMID 0. */
	vm->vmid = n < 1u << features->vmid_bits ? n : 0;
	vm->group.weight = spec->weight;
	choose_irqs(vm);
	if (!create_parts(vm))
		too_little_memory(spec, vm_memory_needed(vm));
	*last_link = vm;
	last_link = &vm->next;
	return vm;
}

void vm_check_memory(void)
{
	uint64_t sum = 0;

	for (const struct vm *vm = first_vm; vm; vm = vm->next) {
		sum += vm->spec->manual ? 0 : vm_memory_needed(vm);
		if (sum > page_free_bytes())
			too_little_memory(vm->spec, sum);
	}
}
