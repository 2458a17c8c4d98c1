/* SPDX-License-Identifier: MIT */
/*
 * A device for the tests of the transports: it lends every chain of any queue to the host, as a request with the
 * chain's in-part to fill, and returns it once that is done; nothing comes back of a request from before a reset. Its
 * configuration is 12 bytes, of which the first 4 can be written; a write there of LENDER_CHANGES lets all of it
 * change. A VM with LENDER_DEVICES of them is the test's world.
 */
#ifndef VESPER_TESTS_SIM_LENDER_H
#define VESPER_TESTS_SIM_LENDER_H

#include "tests/sim/driver.h"

#define LENDER_ID       42
#define LENDER_DEVICES  6
#define LENDER_REQUESTS 64
#define LENDER_CHANGES  0x12345678u
#define LENDER_RAM      (2u << 20)

struct lender_options {
	enum vm_transport transport;
	bool msi;
	bool use_msix;   /* by the driver */
	unsigned queues; /* of each device; 0: one */
	unsigned size;   /* largest; 0: 1024 */
	size_t ram;      /* 0: LENDER_RAM */
};

struct lender_vm {
	struct vm_spec spec;
	struct host host;
	struct dm *dm;
	void *mem;
	struct driver driver[LENDER_DEVICES];
};

/* The one that a test program works with. */
extern struct lender_vm lender;
extern struct lender_options lender_options; /* of the next lender_open() */

void lender_open(void);
void lender_close(void);

/* The same as cmocka calls it; they return 0. */
int lender_setup(void **state);
int lender_teardown(void **state);

#endif
