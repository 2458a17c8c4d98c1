/* SPDX-License-Identifier: MIT */
/*
 * The table of the SBI extensions a guest has. A call and a probe look in the
 * same table, so that what probe promises is what answers.
 */
#include "sbi/sbi.h"

#include <stddef.h>

#include "include/abi/sbi.h"

/* Where a hart lacks Sstc nearly all calls are set_timer. Each miss costs five instructions. */
static const struct sbi_extension *const extensions[] = {
	&sbi_time,
	&sbi_base,
	&sbi_ipi,
	&sbi_rfence,
	&sbi_dbcn,
	&sbi_hsm,
	&sbi_legacy,
	&sbi_srst,
};

static inline const struct sbi_extension *find(uint64_t eid)
{
	for (unsigned i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		if (eid >= extensions[i]->first && eid <= extensions[i]->last)
			return extensions[i];
	return NULL;
}

void sbi_call(struct vcpu *vcpu, uint64_t *args)
{
	const struct sbi_extension *extension = find(args[7]);

	if (!extension) {
		args[0] = (uint64_t)SBI_ERR_NOT_SUPPORTED;
		return;
	}
	struct sbiret ret = extension->call(vcpu, args[7], args[6], args);

	args[0] = (uint64_t)ret.error;
	args[1] = (uint64_t)ret.value;
}

bool sbi_probe(uint64_t eid)
{
	return find(eid) != NULL;
}
