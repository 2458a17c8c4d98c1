/* SPDX-License-Identifier: MIT */
/* Device trees for tests: from source through dtc, and from QEMU's own machines. The caller frees. */
#ifndef VESPER_TESTS_UNIT_DTS_H
#define VESPER_TESTS_UNIT_DTS_H

#include <stddef.h>

/* Compiles source text; fails the test if dtc complains. */
void *dts_compile(const char *source, size_t *size);

/* The tree of `qemu-system-riscv64 -M virt... OPTIONS`; `machine` is what follows "-M virt". */
void *dts_qemu(const char *machine, const char *options, size_t *size);

/* What `dtc -I dtb -O dts` says on its standard error about the tree: "" if it is content. */
const char *dts_complaints(const void *dtb, size_t size);

/* Runs `command` in a shell in a fresh directory that holds `in` with `data`; returns the contents of `out`. */
void *dts_run(const char *command, const char *in, const void *data, size_t size, const char *out,
	size_t *out_size);

#endif
