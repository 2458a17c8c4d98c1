/* SPDX-License-Identifier: MIT */
/* What is said on the service's connections is done here, a command after the other, on one hart at a time and with no lock held. */
#include <string.h>

#include "backends/vsock_parts.h"

#define ANSWER   32768
#define COMMANDS 16 /* at once */

static void (*service)(char *line); /* set at boot */
static struct spinlock
	running; /* the hart that has it does what there is to do; nobody waits for it */

/* The next two are that hart's. */
static char answer[ANSWER];
static size_t answer_len; /* more than ANSWER: so much was said */

void vsock_service(void (*s)(char *line))
{
	service = s;
}

void vsock_answer(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\r')
			continue;
		if (answer_len < ANSWER)
			answer[answer_len] = text[i];
		answer_len++;
	}
}

/* Its length, once it is all there; one that was too long says so at its end. */
static size_t end_answer(void)
{
	static const char cut[] = "\n... and so on\n";

	if (answer_len <= ANSWER)
		return answer_len;
	memcpy(answer + ANSWER - (sizeof(cut) - 1), cut, sizeof(cut) - 1);
	return ANSWER;
}

/* false: there is none. */
static bool run_command(void)
{
	char line[VSOCK_LINE_MAX + 1];
	struct vsock_asker who;

	if (!vsock_service_next(line, &who))
		return false;
	answer_len = 0;
	service(line);
	vsock_service_answer(&who, answer, end_answer());
	return true;
}

/* true: there may be more. */
static bool run_commands(void)
{
	for (unsigned i = 0; i < COMMANDS; i++)
		if (!run_command())
			return false;
	vsock_service_later();
	return true;
}

/* Either a hart that has something to do finds `running` free, or the one that has it finds that something is pending. */
static bool try_run(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return vsock_service_pending() && spin_trylock(&running);
}

void vsock_service_run(void)
{
	bool later = false;

	while (!later && try_run()) {
		later = run_commands();
		spin_unlock(&running);
	}
}
