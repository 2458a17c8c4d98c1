/* SPDX-License-Identifier: MIT */
#include "cli/feed.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CTRL_D       4
#define END_EVERY_MS 1000 /* a program may be in the way of the first one */

/* Ctrl-] and NUL: all that follows is the VM's, Ctrl-] too, and waits where it doesn't read (monitor/monitor.c). */
static const char all_is_input[] = {0x1d, 0};

static const char started[] = "vesper: starting"; /* boot/start.c */

struct feed {
	int to, from; /* the console; `to` is -1 when it takes no more */
	size_t seen;  /* characters of `started` that the output ended with; all: for good */
	bool ended;   /* standard input */
	int64_t end_at;
	/* On the way: a pipe with any room has room for all of it. */
	char bytes[PIPE_BUF];
	size_t count;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool has_started(const struct feed *feed)
{
	return feed->seen == sizeof(started) - 1;
}

/* The text's first character is not in it again, so it can begin anew only where it breaks off. */
static void watch(struct feed *feed, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count && !has_started(feed); i++)
		feed->seen =
			bytes[i] == started[feed->seen] ? feed->seen + 1 : bytes[i] == started[0];
}

/* 0, or an errno: also EINTR, since the only signals are those that end the machine. */
static int write_out(const char *bytes, size_t count)
{
	while (count) {
		const ssize_t done = write(STDOUT_FILENO, bytes, count);
		struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};

		if (done >= 0) {
			bytes += done;
			count -= (size_t)done;
		} else if (errno != EAGAIN || poll(&room, 1, -1) < 0) {
			return errno;
		}
	}
	return 0;
}

/* false: the output has ended, or *error says why no more of it can be written. */
static bool copy_output(struct feed *feed, int *error)
{
	char bytes[4096];
	const ssize_t count = read(feed->from, bytes, sizeof(bytes));

	if (count < 0)
		return errno == EINTR;
	const bool had_started = has_started(feed);

	watch(feed, bytes, (size_t)count);
	if (!had_started && has_started(feed)) {
		memcpy(feed->bytes, all_is_input, sizeof(all_is_input));
		feed->count = sizeof(all_is_input);
	}
	*error = write_out(bytes, (size_t)count);
	return count && !*error;
}

static void take_input(struct feed *feed)
{
	const ssize_t count = read(STDIN_FILENO, feed->bytes, sizeof(feed->bytes));

	if (count > 0)
		feed->count = (size_t)count;
	else if (!count || (errno != EINTR && errno != EAGAIN))
		feed->ended = true;
	feed->end_at = now_ms() + END_EVERY_MS;
}

static void take_end(struct feed *feed)
{
	feed->bytes[0] = CTRL_D;
	feed->count = 1;
	feed->end_at = now_ms() + END_EVERY_MS;
}

/* There is room, or the other end is gone: then the output ends soon. */
static void pass_on(struct feed *feed)
{
	if (!feed->count || write(feed->to, feed->bytes, feed->count) < 0)
		feed->to = -1;
	feed->count = 0;
}

/* Milliseconds until the next Ctrl-D is due; -1: none is. */
static int patience(const struct feed *feed)
{
	const int64_t left = feed->end_at - now_ms();

	if (!feed->ended || feed->count)
		return -1;
	return left > 0 ? (int)left : 0;
}

static bool step(struct feed *feed, int *error)
{
	const bool hungry = has_started(feed) && !feed->count && !feed->ended;
	struct pollfd fds[] = {
		{.fd = feed->from, .events = POLLIN},
		{.fd = feed->to, .events = feed->count ? POLLOUT : 0},
		{.fd = hungry ? STDIN_FILENO : -1, .events = POLLIN},
	};

	if (poll(fds, 3, patience(feed)) < 0)
		return errno == EINTR; /* QEMU has been told to end, and its output will */
	if (fds[0].revents && !copy_output(feed, error))
		return false;
	if (fds[1].revents)
		pass_on(feed);
	if (fds[2].revents)
		take_input(feed);
	else if (!patience(feed))
		take_end(feed);
	return true;
}

int feed(int to_console, int from_console)
{
	struct feed feed = {.to = to_console, .from = from_console};
	int error = 0;

	while (step(&feed, &error))
		continue;
	return error;
}
