/* SPDX-License-Identifier: MIT */
#include "core/features.h"

#include <stdio.h>
#include <string.h>

#include "core/csr.h"
#include "core/fp.h"
#include "core/pmu.h"
#include "core/trying.h"
#include "core/zero.h"
#include "lib/log.h"
#include "sbi/sbi_core.h"

/* hgatp does not take a mode that is not supported (WARL); none depends on another. */
static uint64_t probe_gstage_modes(void)
{
	uint64_t modes = 0;

	for (uint64_t mode = ATP_SV39; mode <= ATP_SV57; mode++) {
		csr_write(hgatp, mode << ATP_MODE_SHIFT);
		if (csr_read(hgatp) >> ATP_MODE_SHIFT == mode)
			modes |= 1ull << mode;
	}
	return modes;
}

/* The boot option gstage=sv48 leaves Vesper that mode alone. */
static uint64_t allowed_gstage_modes(const char *bootargs)
{
	if (strstr(bootargs, "gstage=sv48"))
		return 1ull << ATP_SV48;
	if (strstr(bootargs, "gstage=sv57"))
		return 1ull << ATP_SV57;
	return UINT64_MAX;
}

static uint64_t widest_mode(uint64_t modes)
{
	return 63 - (unsigned)__builtin_clzll(modes);
}

static unsigned probe_vmid_bits(uint64_t modes)
{
	csr_write(
		hgatp, widest_mode(modes) << ATP_MODE_SHIFT | HGATP_VMID_MASK << HGATP_VMID_SHIFT);
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
	{ISA_ZICFILP, HENVCFG_LPE},
	{ISA_ZICFISS, HENVCFG_SSE},
	{ISA_SSNPM, HENVCFG_PMM},
	{ISA_SSDBLTRP, HENVCFG_DTE},
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

/* The firmware may have kept AIA's registers to itself. */
static bool probe_aia(const struct machine *machine)
{
	uint64_t value;

	return isa_has(&machine->isa, ISA_SSAIA) && !trying_read_siselect(0, &value);
}

static bool probe_imsic(const struct machine *machine)
{
	uint64_t value;

	for (unsigned i = 0; i < machine->n_harts; i++)
		if (!machine->hart[i].imsic)
			return false;
	return !trying_read_stopei(0, &value);
}

/* It goes to the guest as an interrupt of Vesper's making, which takes AIA's hvien. */
static bool probe_lcofi(const struct machine *machine, bool aia)
{
	if (!isa_has(&machine->isa, ISA_SSCOFPMF) || !aia || !pmu_counters())
		return false;
	csr_write(hvien, HVIP_LCOFI);
	bool taken = csr_read(hvien) & HVIP_LCOFI;

	csr_write(hvien, 0);
	return taken;
}

static const char *mmu_name(const struct machine *machine)
{
	return machine->mmu_type[0] ? machine->mmu_type : "riscv,sv39";
}

static enum features_ignored ignored_by(const char *bootargs)
{
	if (strstr(bootargs, "htval=off"))
		return IGNORE_HTVAL;
	return strstr(bootargs, "htinst=off") ? IGNORE_HTINST : IGNORE_NOTHING;
}

void features_probe(const struct machine *machine, struct features *f)
{
	struct isa usable = machine->isa;
	uint64_t value;

	if (trying_read_hgatp(0, &value))
		die("this machine's harts have no H extension: a hypervisor needs it (on QEMU: "
		    "-cpu rv64,h=true)");
	memset(f, 0, sizeof(*f));
	f->gstage_modes = probe_gstage_modes() & allowed_gstage_modes(machine->bootargs);
	if (!f->gstage_modes)
		die("this machine's harts have no G-stage translation of Sv39x4 or wider, which "
		    "Vesper needs, or none that the option gstage= allows");
	f->vmid_bits = strstr(machine->bootargs, "vmid=off") ? 0 : probe_vmid_bits(f->gstage_modes);
	f->henvcfg = probe_henvcfg(&usable);
	f->sstc = f->henvcfg & HENVCFG_STCE && !trying_read_stimecmp(0, &value);
	f->stateen = !trying_read_hstateen0(0, &value);
	f->aia = probe_aia(machine);
	f->imsic = f->aia && probe_imsic(machine);
	pmu_probe();
	f->lcofi = probe_lcofi(machine, f->aia);
	if (!f->lcofi)
		isa_remove(&usable, ISA_SSCOFPMF);
	f->vlenb = isa_has(&machine->isa, ISA_V) ? fp_probe_vlenb() : 0;
	if (!fp_pages(f->vlenb))
		die("vector registers of %u bytes are more than Vesper has room for", f->vlenb);
	f->cboz_block = probe_zicboz(machine);
	f->ignored = ignored_by(machine->bootargs);
	f->timebase_hz = machine->timebase_hz;
	f->guest_mmu = mmu_name(machine);
	isa_for_guest(&usable, &f->guest_isa);
	/* Where a hart can do both, the guest asks for hardware's updates (FWFT). */
	f->henvcfg_reset = f->henvcfg & ~VCPU_ENVCFG_FWFT;
	if (!isa_has(&f->guest_isa, ISA_SVADE))
		f->henvcfg_reset |= f->henvcfg & HENVCFG_ADUE;
}

void features_describe(const struct features *f, char *buf, unsigned size)
{
	static const char *const ignored[] = {
		[IGNORE_NOTHING] = "",
		[IGNORE_HTINST] = ", htinst ignored",
		[IGNORE_HTVAL] = ", htval ignored",
	};
	char vector[24] = "no V";

	if (f->vlenb)
		snprintf(vector, sizeof(vector), "V (%u bits)", 8 * f->vlenb);
	snprintf(buf, size, "Sv%lux4, %u-bit VMID, %s, %s%s%s%s",
		(unsigned long)(39 + 9 * (widest_mode(f->gstage_modes) - ATP_SV39)), f->vmid_bits,
		f->sstc ? "Sstc" : "no Sstc", vector, f->imsic ? ", IMSIC" : "",
		f->cboz_block ? ", Zicboz" : "", ignored[f->ignored]);
}
