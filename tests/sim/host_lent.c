/* SPDX-License-Identifier: MIT */
/* The scripted host's requests and posted buffers, and what else devices ask for: see host.h. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/host.h"

static void require(bool what)
{
	if (!what)
		abort();
}

/* ---- requests ---- */

static void check_request(struct host *host, unsigned port, const struct dm_request *request)
{
	uint64_t sum = 0;

	require(port < HOST_PORTS && request->n_slices <= DM_SLICES_MAX);
	require(request->header_len <= DM_HEADER_MAX);
	for (unsigned i = 0; i < request->n_slices; i++) {
		const struct slice *s = &request->slices[i];
		require(range_inside(s->addr.a, s->len, GUEST_RAM_BASE, host->ram_size));
		sum += s->len;
	}
	if (request->op == DM_READ || request->op == DM_WRITE || request->op == DM_SEND)
		require(request->len == sum);
	for (unsigned i = 0; i < host->n_lent; i++)
		require(host->lent[i] != request);
}

enum dm_answer host_submit(struct host *host, unsigned port, struct dm_request *request)
{
	check_request(host, port, request);
	host->submits++;
	enum dm_answer answer = host->submit ? host->submit(host, port, request) : DM_LENT;
	if (answer == DM_LENT) {
		require(host->n_lent < HOST_LENT_MAX);
		host->lent_port[host->n_lent] = (uint8_t)port;
		host->lent[host->n_lent++] = request;
	}
	return answer;
}

void host_complete(struct host *host, struct dm *dm, unsigned i, enum status status)
{
	require(i < host->n_lent);
	struct dm_request *request = host->lent[i];

	host->n_lent--;
	for (; i < host->n_lent; i++) {
		host->lent[i] = host->lent[i + 1];
		host->lent_port[i] = host->lent_port[i + 1];
	}
	dm_request_done(dm, request, status);
}

void host_complete_all(struct host *host, struct dm *dm, enum status status)
{
	while (host->n_lent > 0)
		host_complete(host, dm, 0, status);
}

/* ---- bytes in slices ---- */

static void move(struct host *host, const struct slice *slices, unsigned n, size_t offset,
	uint8_t *data, size_t len, bool to_guest)
{
	for (unsigned i = 0; i < n && len > 0; i++) {
		if (offset >= slices[i].len) {
			offset -= slices[i].len;
			continue;
		}
		size_t piece = slices[i].len - offset < len ? slices[i].len - offset : len;
		uint64_t at = slices[i].addr.a + offset;
		require(range_inside(at, piece, GUEST_RAM_BASE, host->ram_size));
		uint8_t *ram = host->ram + (at - GUEST_RAM_BASE);
		memcpy(to_guest ? ram : data, to_guest ? data : ram, piece);
		data += piece;
		len -= piece;
		offset = 0;
	}
	require(len == 0);
}

void host_slices_read(
	struct host *host, const struct dm_request *request, size_t offset, void *data, size_t len)
{
	move(host, request->slices, request->n_slices, offset, data, len, false);
}

void host_slices_write(struct host *host, const struct dm_request *request, size_t offset,
	const void *data, size_t len)
{
	move(host, request->slices, request->n_slices, offset, (uint8_t *)(uintptr_t)data, len,
		true);
}

void host_disk(struct host *host, unsigned port, struct dm_disk *out)
{
	require(port < HOST_PORTS);
	*out = host->port[port].disk;
}

/* ---- posted buffers ---- */

static struct host_posted *posted_at(struct host *host, unsigned port, unsigned queue)
{
	require(port < HOST_PORTS && queue < HOST_QUEUES);
	struct host_posted *p = &host->port[port].posted[queue];

	if (!p->buffer)
		p->buffer = calloc(DM_POSTED_MAX, sizeof(*p->buffer));
	require(p->buffer != NULL);
	return p;
}

static struct host_buffer *buffer_at(struct host_posted *p, unsigned i)
{
	return &p->buffer[(p->first + i) % DM_POSTED_MAX];
}

bool host_post(struct host *host, unsigned port, unsigned queue, uint32_t token, unsigned room,
	const struct slice *slices, unsigned n)
{
	struct host_posted *p = posted_at(host, port, queue);

	require(n <= DM_POSTED_SLICES_MAX);
	for (unsigned i = 0; i < n; i++)
		require(range_inside(
			slices[i].addr.a, slices[i].len, GUEST_RAM_BASE, host->ram_size));
	if (p->n == DM_POSTED_MAX || (host->post && !host->post(host, port, queue)))
		return false;
	struct host_buffer *b = buffer_at(p, p->n++);
	memcpy(b->slices, slices, n * sizeof(*slices));
	b->n = n;
	b->room = room;
	b->received = (struct dm_received){.token = token};
	return true;
}

bool host_take(struct host *host, unsigned port, unsigned queue, struct dm_received *out)
{
	struct host_posted *p = posted_at(host, port, queue);

	if (p->filled == 0)
		return false;
	*out = buffer_at(p, 0)->received;
	p->first = (p->first + 1) % DM_POSTED_MAX;
	p->n--;
	p->filled--;
	return true;
}

void host_unpost(struct host *host, unsigned port, unsigned queue)
{
	struct host_posted *p = posted_at(host, port, queue);

	p->n = p->filled = 0;
}

/* Bytes that it takes, as the first of a frame or as one that follows. */
static uint32_t capacity(const struct host_buffer *b, bool first)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < b->n; i++)
		sum += b->slices[i].len;
	require(sum > b->room);
	return first ? sum - b->room : sum;
}

/* How many of the buffers that are not filled `len` bytes take; 0: not enough are there. */
static unsigned buffers_for(struct host_posted *p, size_t len, unsigned max)
{
	size_t sum = 0;

	for (unsigned i = 0; i < max && p->filled + i < p->n; i++) {
		sum += capacity(buffer_at(p, p->filled + i), i == 0);
		if (sum >= len)
			return i + 1;
	}
	return 0;
}

bool host_arrive(struct host *host, unsigned port, unsigned queue, const void *data, size_t len,
	const struct dm_frame *frame, unsigned buffers_max)
{
	struct host_posted *p = posted_at(host, port, queue);
	unsigned n = buffers_for(p, len, buffers_max);
	uint8_t *at = (uint8_t *)(uintptr_t)data;

	for (unsigned i = 0; i < n; i++) {
		struct host_buffer *b = buffer_at(p, p->filled++);
		uint32_t most = capacity(b, i == 0);
		size_t piece = len < most ? len : most;

		move(host, b->slices, b->n, i == 0 ? b->room : 0, at, piece, true);
		b->received.len = (uint32_t)piece;
		b->received.buffers = (uint16_t)(i == 0 ? n : 0);
		if (i == 0 && frame)
			b->received.frame = *frame;
		at += piece;
		len -= piece;
	}
	return n > 0;
}

/* ---- the rest ---- */

void host_net_features(struct host *host, unsigned port, uint64_t guest_features, unsigned queues)
{
	require(port < HOST_PORTS);
	host->port[port].guest_features = guest_features;
	host->port[port].pairs = queues;
}

void host_net_filter(struct host *host, unsigned port, const struct dm_net_filter *filter)
{
	require(port < HOST_PORTS && filter->n <= DM_NET_FILTER_MAX);
	struct host_port *p = &host->port[port];

	p->filter = *filter;
	if (filter->n > 0)
		memcpy(p->filter_mac, filter->mac, filter->n * sizeof(p->filter_mac[0]));
	p->filter.mac = (const uint8_t(*)[6])p->filter_mac;
}

void host_random(struct host *host, void *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		host->random = host->random * 6364136223846793005u + 1442695040888963407u;
		((uint8_t *)data)[i] = (uint8_t)(host->random >> 56);
	}
}

uint64_t host_balloon_target(struct host *host)
{
	return host->balloon_target;
}

void host_balloon_report(struct host *host, uint64_t bytes, const uint64_t stats[DM_BALLOON_STATS])
{
	host->balloon_bytes = bytes;
	memcpy(host->balloon_stats, stats, sizeof(host->balloon_stats));
	host->balloon_reports++;
}
