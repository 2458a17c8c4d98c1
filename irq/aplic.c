/* SPDX-License-Identifier: MIT */
/*
 * The physical APLIC's S-level domain (RISC-V AIA 1.0, chapter 4). Sources that
 * the firmware did not delegate to this domain ignore what is written here, as
 * inactive ones do. All that Vesper enables have the same priority.
 */
#include "irq/aplic.h"

#include "include/abi/aia.h"

#define PRIORITY 1u

static uintptr_t base, idc; /* of the domain; of our IDC structure, 0 with MSIs */
static unsigned last_source;

static uint32_t read32(uintptr_t addr)
{
	return *(const volatile uint32_t *)addr;
}

static void write32(uintptr_t addr, uint32_t value)
{
	*(volatile uint32_t *)addr = value;
}

/* An inactive source has neither a pending bit nor an enable bit. */
static void mask_all(uintptr_t address, unsigned sources)
{
	base = address;
	last_source = sources < APLIC_SOURCES_MAX ? sources : APLIC_SOURCES_MAX;
	write32(base + APLIC_DOMAINCFG, 0);
	for (unsigned s = 1; s <= last_source; s++)
		write32(base + APLIC_SOURCECFG + 4 * s, APLIC_SM_INACTIVE);
}

void aplic_init_msi(uintptr_t address, unsigned sources)
{
	mask_all(address, sources);
	idc = 0;
	write32(base + APLIC_DOMAINCFG, APLIC_DOMAINCFG_IE | APLIC_DOMAINCFG_DM);
}

void aplic_init_direct(uintptr_t address, unsigned sources, unsigned hart_index)
{
	mask_all(address, sources);
	idc = base + APLIC_IDC + APLIC_IDC_SIZE * (uintptr_t)hart_index;
	write32(idc + IDC_ITHRESHOLD, 0);
	write32(idc + IDC_IDELIVERY, 1);
	write32(base + APLIC_DOMAINCFG, APLIC_DOMAINCFG_IE);
}

void aplic_enable(unsigned source, unsigned hart_index, unsigned eiid, bool edge)
{
	uint32_t hart = hart_index << APLIC_TARGET_HART_SHIFT;

	if (!source || source > last_source)
		return;
	write32(base + APLIC_SOURCECFG + 4 * source, edge ? APLIC_SM_EDGE1 : APLIC_SM_LEVEL1);
	write32(base + APLIC_TARGET + 4 * source, hart | (idc ? PRIORITY : eiid));
	write32(base + APLIC_SETIENUM, source);
	/* A line that is high already need not have made it pending (4.5.2). */
	if (!edge)
		aplic_complete(source);
}

unsigned aplic_claim(void)
{
	return read32(idc + IDC_CLAIMI) >> TOPEI_ID_SHIFT;
}

/* A level-sensitive source is forwarded once as an MSI, then only when asked for (4.9.2). */
void aplic_complete(unsigned source)
{
	if (!idc)
		write32(base + APLIC_SETIPNUM_LE, source);
}
