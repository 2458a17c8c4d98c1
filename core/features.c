/* SPDX-License-Identifier: MIT */
#include "core/features.h"

#include <stdio.h>
#include <string.h>

#include "core/csr.h"
#include "core/trying.h"
#include "core/zero.h"
#include "lib/log.h"

/* hgatp keeps its old mode when a new one is not supported (WARL), so try from the widest down. */
static uint64_t probe_gstage_mode(void)
{
	for (uint64_t mode = ATP_SV57; mode >= ATP_SV39; mode--) {
		csr_write(hgatp, mode << ATP_MODE_SHIFT);
		if (csr_read(hgatp) >> ATP_MODE_SHIFT == mode)
			return mode;
	}
	return 0;
}

static unsigned probe_vmid_bits(uint64_t mode)
{
	csr_write(hgatp, mode << ATP_MODE_SHIFT | HGATP_VMID_MASK << HGATP_VMID_SHIFT);
	uint64_t vmid = csr_read(hgatp) >> HGATP_VMID_SHIFT & HGATP_VMID_MASK;

	csr_write(hgatp, 0);
	return (unsigned)__builtin_popcountll(vmid);
}

/* What a guest may use only where henvcfg lets it. */
static const struct {
	unsigned ext;
	uint64_t bits;
} enabled[] = {
	{ISA_SSTC, HENVCFG_STCE},
	{ISA_SVPBMT, HENVCFG_PBMTE},
	{ISA_SVADU, HENVCFG_ADUE},
	{ISA_ZICBOM, HENVCFG_CBIE_FLUSH | HENVCFG_CBCFE},
	{ISA_ZICBOZ, HENVCFG_CBZE},
};

/* Asks for all that `isa` has; returns the bits that stay and takes from `isa` what they do not cover. */
static uint64_t probe_henvcfg(struct isa *isa)
{
	uint64_t want = 0;

	for (unsigned i = 0; i < sizeof(enabled) / sizeof(enabled[0]); i++)
		if (isa_has(isa, enabled[i].ext))
			want |= enabled[i].bits;
	csr_write(henvcfg, want);
	uint64_t got = csr_read(henvcfg) & want;

	for (unsigned i = 0; i < sizeof(enabled) / sizeof(enabled[0]); i++)
		if ((got & enabled[i].bits) != enabled[i].bits)
			isa_remove(isa, enabled[i].ext);
	return got;
}

/* Zeroing by cache block needs the firmware's leave; try it on memory of our own. */
static unsigned probe_zicboz(const struct machine *machine)
{
	static char block[4096] __attribute__((aligned(4096)));
	uint64_t unused;
	uint32_t size = machine->isa.cboz_block;

	if (!isa_has(&machine->isa, ISA_ZICBOZ) || size < 16 || size > ZERO_CBOZ_MAX ||
		size & (size - 1) || trying_cbo_zero((uintptr_t)block, &unused))
		return 0;
	return size;
}

static const char *mmu_name(const struct machine *machine)
{
	return machine->mmu_type[0] ? machine->mmu_type : "riscv,sv39";
}

void features_probe(const struct machine *machine, struct features *f)
{
	struct isa usable = machine->isa;
	uint64_t value;

	if (trying_read_hgatp(0, &value))
		die("this machine's harts have no H extension: a hypervisor needs it (on QEMU: "
		    "-cpu rv64,h=true)");
	memset(f, 0, sizeof(*f));
	f->gstage_mode = probe_gstage_mode();
	if (!f->gstage_mode)
		die("this machine's harts have no G-stage translation of Sv39x4 or wider, which "
		    "Vesper needs");
	f->vmid_bits = probe_vmid_bits(f->gstage_mode);
	f->henvcfg = probe_henvcfg(&usable);
	f->sstc = f->henvcfg & HENVCFG_STCE && !trying_read_stimecmp(0, &value);
	f->stateen = !trying_read_hstateen0(0, &value);
	f->vector = isa_has(&machine->isa, ISA_V);
	f->cboz_block = probe_zicboz(machine);
	f->use_htinst = !strstr(machine->bootargs, "htinst=off");
	f->timebase_hz = machine->timebase_hz;
	f->guest_mmu = mmu_name(machine);
	isa_for_guest(&usable, &f->guest_isa);
}

void features_describe(const struct features *f, char *buf, unsigned size)
{
	snprintf(buf, size, "Sv%lux4, %u-bit VMID, %s, %s%s%s",
		(unsigned long)(39 + 9 * (f->gstage_mode - ATP_SV39)), f->vmid_bits,
		f->sstc ? "Sstc" : "no Sstc", f->vector ? "V" : "no V",
		f->cboz_block ? ", Zicboz" : "", f->use_htinst ? "" : ", htinst ignored");
}
