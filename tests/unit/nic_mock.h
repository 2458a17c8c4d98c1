/* SPDX-License-Identifier: MIT */
/* Physical interfaces and a clock for the switch's tests. What is sent is kept, with its bytes gathered from its segments. */
#ifndef VESPER_TESTS_UNIT_NIC_MOCK_H
#define VESPER_TESTS_UNIT_NIC_MOCK_H

#include "include/nic.h"

#define NIC_MOCKS     2
#define NIC_MOCK_SENT 512

struct nic_sent {
	struct dm_frame frame;
	uint8_t *data;
	size_t len;
	void (*done)(void *owner); /* NULL: it was called */
	void *owner;
};

struct nic_mock {
	struct nic_info info;
	const struct nic_user *user;
	bool promiscuous;
	enum status answer; /* of nic_send() */
	unsigned room;      /* frames that it takes before ERR_BUSY */
	unsigned n;
	struct nic_sent sent[NIC_MOCK_SENT];
};

extern struct nic_mock nic_mock[NIC_MOCKS];
extern uint64_t nic_mock_ns; /* driver_time_ns() */

/* As they are at first: no offloads, an MTU of 1500, room for all. What opened them stays. */
void nic_mock_reset(void);

/* Calls done() of all that was sent and not done yet, in order. */
void nic_mock_done(unsigned nic);

/* A frame comes in. */
void nic_mock_receive(unsigned nic, const struct dm_frame *frame, const void *data, size_t len);

#endif
