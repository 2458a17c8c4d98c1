/* SPDX-License-Identifier: MIT */
/*
 * Attributes of software events (SBI 3.0, 17.4): reading, and writing what may
 * be written in the state that the event is in. All values of a call are copied
 * and checked before the first is stored.
 */
#include "include/abi/csr.h"
#include "sbi/memory.h"
#include "sbi/sbi_core.h"
#include "sbi/sse.h"

/* The words of shared memory, or an error. */
static long get_words(struct vcpu *vcpu, const uint64_t *args, uint64_t **words)
{
	/* Both are 32 bits wide. */
	uint64_t first = (uint32_t)args[1], n = (uint32_t)args[2];

	if (!n)
		return SBI_ERR_INVALID_PARAM;
	if (first + n > SBI_SSE_ATTRS)
		return SBI_ERR_BAD_RANGE;
	*words = args[3] % sizeof(uint64_t)
			 ? NULL
			 : sbi_memory_shared(vcpu, args[3], args[4], n * sizeof(uint64_t));
	return *words ? SBI_SUCCESS : SBI_ERR_INVALID_ADDRESS;
}

static uint64_t read_attr(const struct sbi_sse_event *event, uint32_t id)
{
	uint64_t value = event->attr[id];

	if (id != SBI_SSE_ATTR_STATUS)
		return value;
	return value | SBI_SSE_STATUS_INJECTABLE | (event->pending ? SBI_SSE_STATUS_PENDING : 0);
}

long sbi_sse_read_attrs(struct vcpu *vcpu, const struct sbi_sse_event *event, const uint64_t *args)
{
	uint32_t first = (uint32_t)args[1], n = (uint32_t)args[2];
	uint64_t *words;
	long error = get_words(vcpu, args, &words);

	for (uint32_t i = 0; !error && i < n; i++)
		sbi_memory_put(&words[i], read_attr(event, first + i));
	return error;
}

/* A guest has no H extension, and of the rest what this hart has. */
static uint64_t legal_flags(struct vcpu *vcpu)
{
	uint64_t envcfg = vcpu_envcfg_supported(vcpu);

	return SBI_SSE_FLAG_SPP | SBI_SSE_FLAG_SPIE |
	       (envcfg & HENVCFG_LPE ? SBI_SSE_FLAG_SPELP : 0) |
	       (envcfg & HENVCFG_DTE ? SBI_SSE_FLAG_SDT : 0);
}

static bool is_legal(struct vcpu *vcpu, uint32_t id, uint64_t value)
{
	switch (id) {
	case SBI_SSE_ATTR_PRIORITY:
		return value <= UINT32_MAX;
	case SBI_SSE_ATTR_CONFIG:
		return !(value & ~SBI_SSE_CONFIG_ONE_SHOT);
	case SBI_SSE_ATTR_PREFERRED_HART:
		return vcpu_sibling(vcpu, value);
	case SBI_SSE_ATTR_INTERRUPTED_FLAGS:
		return !(value & ~legal_flags(vcpu));
	default:
		return true;
	}
}

static long check_write(struct vcpu *vcpu, const struct sbi_sse_event *event, bool global,
	uint32_t id, uint64_t value)
{
	uint64_t state = event->attr[SBI_SSE_ATTR_STATUS];
	bool allowed = state <= SBI_SSE_REGISTERED;

	if (id == SBI_SSE_ATTR_STATUS || id == SBI_SSE_ATTR_ENTRY_PC ||
		id == SBI_SSE_ATTR_ENTRY_ARG || (id == SBI_SSE_ATTR_PREFERRED_HART && !global))
		return SBI_ERR_DENIED;
	if (!is_legal(vcpu, id, value))
		return SBI_ERR_INVALID_PARAM;
	if (id >= SBI_SSE_ATTR_INTERRUPTED_SEPC)
		allowed = state == SBI_SSE_RUNNING && event->runs_on == vcpu;
	return allowed ? SBI_SUCCESS : SBI_ERR_INVALID_STATE;
}

long sbi_sse_write_attrs(
	struct vcpu *vcpu, struct sbi_sse_event *event, bool global, const uint64_t *args)
{
	uint32_t first = (uint32_t)args[1], n = (uint32_t)args[2];
	uint64_t *words, values[SBI_SSE_ATTRS];
	long error = get_words(vcpu, args, &words);

	for (uint32_t i = 0; !error && i < n; i++) {
		values[i] = sbi_memory_get(&words[i]);
		error = check_write(vcpu, event, global, first + i, values[i]);
	}
	for (uint32_t i = 0; !error && i < n; i++)
		event->attr[first + i] = values[i];
	return error;
}
