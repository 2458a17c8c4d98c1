/* SPDX-License-Identifier: MIT */
/* The instructions of trying.S: each returns 0, or 1 when it trapped. */
#ifndef VESPER_CORE_TRYING_H
#define VESPER_CORE_TRYING_H

#include <stdint.h>

uint64_t trying_fetch(uint64_t guest_addr, uint64_t *out);
uint64_t trying_load(uint64_t guest_addr, uint64_t *out);
uint64_t trying_read_stimecmp(uint64_t unused, uint64_t *out);
uint64_t trying_read_hstateen0(uint64_t unused, uint64_t *out);
uint64_t trying_read_hgatp(uint64_t unused, uint64_t *out);
uint64_t trying_read_siselect(uint64_t unused, uint64_t *out);
uint64_t trying_read_stopei(uint64_t unused, uint64_t *out);
uint64_t trying_read_hpm(uint64_t n, uint64_t *out); /* hpmcounter<n>, 0 to 31 */
uint64_t trying_cbo_zero(uint64_t addr, uint64_t *out);

#endif
