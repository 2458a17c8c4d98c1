/* SPDX-License-Identifier: MIT */
/* See nic_mock.h. */
#include "tests/unit/nic_mock.h"

#include <stdlib.h>
#include <string.h>

#include "include/driver_env.h"

struct nic_mock nic_mock[NIC_MOCKS];
uint64_t nic_mock_ns;

static void require(bool what)
{
	if (!what)
		abort();
}

void nic_mock_reset(void)
{
	for (unsigned i = 0; i < NIC_MOCKS; i++) {
		struct nic_mock *mock = &nic_mock[i];
		for (unsigned k = 0; k < mock->n; k++)
			free(mock->sent[k].data);
		mock->info = (struct nic_info){.mtu = 1500, .queues = 1, .link = true};
		mock->answer = OK;
		mock->room = UINT32_MAX;
		mock->n = 0;
	}
}

uint64_t driver_time_ns(void)
{
	return nic_mock_ns;
}

unsigned nic_count(void)
{
	return NIC_MOCKS;
}

const struct nic_info *nic_info(unsigned nic)
{
	return &nic_mock[nic].info;
}

static void append(struct nic_sent *sent, const void *data, size_t len)
{
	if (len > 0)
		memcpy(sent->data + sent->len, data, len);
	sent->len += len;
}

enum status nic_send(unsigned nic, const struct nic_frame *frame)
{
	struct nic_mock *mock = &nic_mock[nic];

	require(nic < NIC_MOCKS && frame->header_len <= DM_HEADER_MAX);
	if (mock->answer != OK)
		return mock->answer;
	if (mock->room == 0)
		return ERR_BUSY;
	mock->room--;
	require(mock->n < NIC_MOCK_SENT);
	size_t len = frame->header_len;
	for (unsigned i = 0; i < frame->n; i++)
		len += frame->segment[i].len;
	struct nic_sent *sent = &mock->sent[mock->n++];
	*sent = (struct nic_sent){.frame = frame->frame,
		.data = malloc(len),
		.done = frame->done,
		.owner = frame->owner};
	append(sent, frame->header, frame->header_len);
	for (unsigned i = 0; i < frame->n; i++)
		append(sent, (void *)(uintptr_t)frame->segment[i].addr.a, frame->segment[i].len);
	return OK;
}

void nic_open(unsigned nic, const struct nic_user *user)
{
	nic_mock[nic].user = user;
}

void nic_promiscuous(unsigned nic)
{
	nic_mock[nic].promiscuous = true;
}

void nic_mock_done(unsigned nic)
{
	for (unsigned i = 0; i < nic_mock[nic].n; i++) {
		struct nic_sent *sent = &nic_mock[nic].sent[i];
		void (*done)(void *owner) = sent->done;
		sent->done = NULL;
		if (done)
			done(sent->owner);
	}
}

void nic_mock_receive(unsigned nic, const struct dm_frame *frame, const void *data, size_t len)
{
	static const struct dm_frame plain;
	/* Exactly as large as it is, so that AddressSanitizer sees who reads past it. */
	void *copy = malloc(len);

	require(copy != NULL);
	memcpy(copy, data, len);
	nic_mock[nic].user->receive(nic, 0, frame ? frame : &plain, copy, len);
	free(copy);
}
