/* SPDX-License-Identifier: MIT */
/* Reads through the guest's own page tables, with the guest's rights, that may fail (hlv, hlvx). */
#ifndef VESPER_CORE_GUEST_ACCESS_H
#define VESPER_CORE_GUEST_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "include/status.h"

/* Fetches the 16 bits at guest virtual `addr` as an instruction. false: the access trapped. */
MUST_CHECK bool guest_access_fetch(uint64_t addr, uint16_t *out);

/* Loads 64 bits at guest virtual `addr`. false: the access trapped. */
MUST_CHECK bool guest_access_load(uint64_t addr, uint64_t *out);

#endif
