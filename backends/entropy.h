/* SPDX-License-Identifier: MIT */
/*
 * The one pool that all randomness comes from: guests' seeds and their random devices. What is put in can't make it worse, and
 * who reads learns nothing of what others read, before or after.
 */
#ifndef VESPER_BACKENDS_ENTROPY_H
#define VESPER_BACKENDS_ENTROPY_H

#include <stddef.h>

/* Mixes in what is hard to guess: the firmware's seed, bytes of a physical device, clocks. From any hart. */
void entropy_add(const void *data, size_t len);

/* Always as many bytes as asked for. From any hart. */
void entropy_read(void *out, size_t len);

#endif
