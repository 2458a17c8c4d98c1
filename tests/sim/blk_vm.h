/* SPDX-License-Identifier: MIT */
/*
 * A VM with two disks, of which the tests use the second, so that an index or a port mixed up shows; the host keeps
 * its data in memory and does a request when it is completed. What a correct device never asks of a disk aborts.
 */
#ifndef VESPER_TESTS_SIM_BLK_VM_H
#define VESPER_TESTS_SIM_BLK_VM_H

#include "devices/blk.h"
#include "include/abi/virtio_blk.h"
#include "tests/sim/driver.h"

#define BLK_VM_DEVICE  1
#define BLK_VM_PORT    (1 + BLK_VM_DEVICE)
#define BLK_VM_RAM     MIB(8)
#define BLK_VM_SECTORS 2048u
#define BLK_VM_LOG     256

struct blk_vm_options {
	enum vm_transport transport;
	bool msix;
	unsigned queues, vcpus;
	uint32_t block_size; /* 0: 512 */
	bool read_only, no_flush, no_discard, no_write_zeroes;
	const char *id;
};

struct blk_vm {
	struct host host;
	struct vm_spec spec;
	void *mem;
	struct dm *dm;
	struct driver driver;
	uint8_t disk[BLK_VM_SECTORS * VIRTIO_BLK_SECTOR];
	/* What was submitted, in order; more than BLK_VM_LOG is only counted. */
	struct {
		enum dm_op op;
		bool unmap;
		uint64_t offset, len;
	} log[BLK_VM_LOG];
	unsigned n_log;
	/* How the host answers the next submissions; then DM_LENT. */
	enum dm_answer answer[64];
	unsigned n_answers, at_answer;
};

extern struct blk_vm vm;

void blk_vm_open(const struct blk_vm_options *options);
/* Nothing may be lent. */
void blk_vm_close(void);

/* All features that the device offers, or those of `mask`; the queues get `size` entries. */
void blk_vm_start(uint64_t mask, unsigned size);

/* Request i of host.lent is done as it says, or fails. */
void blk_vm_complete(unsigned i, enum status status);
/* Until nothing is lent and nothing is left to run. */
void blk_vm_settle(void);

uint8_t *blk_vm_ram(gpa_t addr);

/* One request in guest memory. */
struct blk_io {
	int head; /* or -1 */
	gpa_t header, data, status;
	uint32_t len; /* of data */
};

/* Makes one available, its data in pieces of `piece` bytes (0: one). No kick. */
struct blk_io blk_vm_add(
	unsigned q, uint32_t type, uint64_t sector, const void *data, uint32_t len, uint32_t piece);

/* From start to end: the status byte, or 0x100 when it did not come back. `in` gets what it read; *used what the used ring said. */
unsigned blk_vm_do(
	uint32_t type, uint64_t sector, const void *data, void *in, uint32_t len, uint32_t *used);

#endif
