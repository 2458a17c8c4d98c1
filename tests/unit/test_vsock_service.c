/* SPDX-License-Identifier: MIT */
/* The host's end of sockets: connections, lines, answers, and guests that keep to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/vsock_vm.h"

#define OP(op)      VIRTIO_VSOCK_OP_##op
#define CONNECTIONS 8
#define INPUT       256
#define ANSWER      32768
#define PORT        VSOCK_SERVICE_PORT

static struct vsock_vm a, b;
static char asked[65536]; /* the commands, a line each */
static unsigned n_asked;
static uint32_t forwarded; /* bytes of answers that `a` has read */
static void (*meanwhile)(void);

/* "big N" is answered with N letters, "quiet" with nothing, and all else with itself. */
static void service(char *line)
{
	unsigned n;

	strcat(strcat(asked, line), "\n");
	n_asked++;
	if (meanwhile)
		meanwhile();
	if (strcmp(line, "quiet") == 0 || !*line)
		return;
	if (sscanf(line, "big %u", &n) == 1) {
		while (n--)
			vsock_answer("x", 1);
		return;
	}
	vsock_answer(line, strlen(line));
	vsock_answer("\r\n", 2);
}

static int setup(void **state)
{
	(void)state;
	assert_true(vsock_vm_attach(&a, 3, true) && vsock_vm_attach(&b, 4, false));
	assert_true(vsock_vm_post(&a, 16, 4000) && vsock_vm_post(&b, 4, 4000));
	asked[0] = 0;
	n_asked = forwarded = 0;
	meanwhile = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vsock_vm_detach(&a);
	vsock_vm_detach(&b);
	vsock_service_run();
	return 0;
}

static void packet(
	struct vsock_vm *vm, uint32_t port, uint16_t op, uint32_t flags, const char *data)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(vm, port, 2, PORT, op);

	hdr.len = (uint32_t)strlen(data);
	hdr.flags = flags;
	hdr.fwd_cnt = forwarded;
	assert_true(vsock_vm_send(vm, &hdr, data, strlen(data), 5));
}

static bool got(struct vsock_vm *vm, uint32_t port, uint16_t op)
{
	return vsock_vm_take(vm, true) && vm->hdr.op == op && vm->hdr.src_cid == 2 &&
	       vm->hdr.src_port == PORT && vm->hdr.dst_port == port &&
	       vm->hdr.type == VIRTIO_VSOCK_TYPE_STREAM;
}

static bool got_data(uint32_t port, const char *text)
{
	return got(&a, port, OP(RW)) && a.hdr.len == strlen(text) &&
	       memcmp(a.data, text, a.hdr.len) == 0;
}

static bool got_nothing(void)
{
	return !vsock_vm_take(&a, true) && !vsock_vm_take(&b, true);
}

static void open(uint32_t port)
{
	packet(&a, port, OP(REQUEST), 0, "");
	assert_true(got(&a, port, OP(RESPONSE)));
	assert_int_equal(a.hdr.buf_alloc, INPUT);
	assert_int_equal(a.hdr.fwd_cnt, 0);
}

/* Is a connection of that port there? (Asks for its credit.) */
static bool is_open(uint32_t port)
{
	packet(&a, port, OP(CREDIT_REQUEST), 0, "");
	assert_true(vsock_vm_take(&a, true));
	return a.hdr.op == OP(CREDIT_UPDATE);
}

/* ---- a conversation ---- */

static void lines_and_answers(void **state)
{
	(void)state;
	open(1000);
	assert_false(vsock_service_pending());
	packet(&a, 1000, OP(RW), 0, "on");
	vsock_service_run();
	assert_true(got_nothing());
	packet(&a, 1000, OP(RW), 0, "e\ntwo\r\nthr");
	assert_true(vsock_service_pending());
	assert_int_equal(n_asked, 0);
	vsock_service_run();
	assert_false(vsock_service_pending());
	assert_string_equal(asked, "one\ntwo\n");
	assert_true(got_data(1000, "one\n"));
	assert_int_equal(a.hdr.fwd_cnt, 4);
	assert_true(got_data(1000, "two\n"));
	assert_int_equal(a.hdr.fwd_cnt, 9);
	assert_true(got_nothing());
	/* It says no more: what it began is a line, and after its answer comes the end. */
	packet(&a, 1000, OP(SHUTDOWN), VIRTIO_VSOCK_SHUTDOWN_SEND, "");
	assert_true(got_nothing());
	vsock_service_run();
	assert_true(got_data(1000, "thr\n"));
	assert_true(got(&a, 1000, OP(RST)) && got_nothing());
	assert_false(is_open(1000));
}

/* close() right after the command was said: it counts, and nobody is there for the answer. */
static void closed_before_the_answer(void **state)
{
	(void)state;
	open(1000);
	packet(&a, 1000, OP(RW), 0, "one\ntwo");
	packet(&a, 1000, OP(SHUTDOWN), VIRTIO_VSOCK_SHUTDOWN_SEND | VIRTIO_VSOCK_SHUTDOWN_RECEIVE,
		"");
	vsock_service_run();
	assert_string_equal(asked, "one\ntwo\n");
	while (vsock_vm_take(&a, true) && a.hdr.op != OP(RST))
		assert_int_equal(a.hdr.op, OP(CREDIT_UPDATE));
	assert_int_equal(a.hdr.op, OP(RST));
	assert_true(got_nothing());
	assert_false(is_open(1000));
}

static void who_does_not_listen_may_talk(void **state)
{
	(void)state;
	open(1000);
	packet(&a, 1000, OP(SHUTDOWN), VIRTIO_VSOCK_SHUTDOWN_RECEIVE, "");
	packet(&a, 1000, OP(RW), 0, "one\n");
	vsock_service_run();
	assert_string_equal(asked, "one\n");
	assert_true(got(&a, 1000, OP(CREDIT_UPDATE)) && got_nothing());
	assert_true(is_open(1000));
}

static void two_talk(void **state)
{
	(void)state;
	open(1000);
	open(1001);
	packet(&a, 1000, OP(RW), 0, "one\n");
	packet(&a, 1001, OP(RW), 0, "two\n");
	vsock_service_run();
	for (unsigned i = 0; i < 2; i++) {
		assert_true(vsock_vm_take(&a, true));
		assert_memory_equal(a.data, a.hdr.dst_port == 1000 ? "one\n" : "two\n", 4);
		assert_int_equal(a.hdr.len, 4);
	}
	assert_true(got_nothing());
}

/* Who says much does not keep others from their turn. */
static void they_take_turns(void **state)
{
	(void)state;
	open(1000);
	open(1001);
	for (unsigned i = 0; i < 30; i++)
		packet(&a, 1000, OP(RW), 0, "quiet\n");
	packet(&a, 1001, OP(RW), 0, "two\n");
	vsock_service_run();
	assert_true(got_data(1001, "two\n"));
}

/* ---- who may ---- */

static void not_for_everybody(void **state)
{
	(void)state;
	packet(&b, 1000, OP(REQUEST), 0, "");
	assert_true(got(&b, 1000, OP(RST)));
	packet(&b, 1000, OP(RW), 0, "one\n");
	assert_true(got(&b, 1000, OP(RST)));
	/* Nor by another's connection. */
	open(1000);
	packet(&b, 1000, OP(RW), 0, "one\n");
	assert_true(got(&b, 1000, OP(RST)));
	vsock_service_run();
	assert_int_equal(n_asked, 0);
	assert_true(is_open(1000));
}

static void other_ports_and_types(void **state)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 2, PORT + 1, OP(REQUEST));

	(void)state;
	assert_true(vsock_vm_send(&a, &hdr, NULL, 0, 0));
	assert_true(vsock_vm_take(&a, true));
	assert_true(a.hdr.op == OP(RST) && a.hdr.src_port == PORT + 1);
	hdr.dst_port = PORT;
	hdr.type = 2;
	assert_true(vsock_vm_send(&a, &hdr, NULL, 0, 0));
	assert_true(vsock_vm_take(&a, true) && a.hdr.op == OP(RST) && a.hdr.type == 2);
	/* A packet of another connection's ports leaves that alone. */
	open(1000);
	assert_true(vsock_vm_send(&a, &hdr, NULL, 0, 0) && vsock_vm_take(&a, true));
	assert_int_equal(a.hdr.op, OP(RST));
	assert_true(is_open(1000));
}

/* ---- what does not belong ---- */

static void out_of_turn(void **state)
{
	static const uint16_t ops[] = {0, OP(REQUEST), OP(RESPONSE), 8, 0xffff};

	(void)state;
	for (uint16_t op = 0; op < 9; op++) {
		if (op == OP(REQUEST) || op == OP(RST))
			continue;
		packet(&a, 1000, op, 0, "");
		assert_true(got(&a, 1000, OP(RST)) && got_nothing());
	}
	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		open(1000);
		packet(&a, 1000, ops[i], 0, "");
		assert_true(got(&a, 1000, OP(RST)) && got_nothing());
		assert_false(is_open(1000));
	}
	/* No answer to the end. */
	open(1000);
	packet(&a, 1000, OP(RST), 0, "");
	packet(&a, 1000, OP(RST), 0, "");
	assert_true(got_nothing());
	assert_false(is_open(1000));
	/* More after it said that there is none. */
	open(1000);
	packet(&a, 1000, OP(SHUTDOWN), VIRTIO_VSOCK_SHUTDOWN_SEND, "");
	packet(&a, 1000, OP(RW), 0, "one\n");
	assert_true(got(&a, 1000, OP(RST)));
	vsock_service_run();
	assert_int_equal(n_asked, 0);
}

static void more_than_its_credit(void **state)
{
	char text[INPUT + 2];

	(void)state;
	memset(text, 'x', INPUT + 1);
	text[INPUT + 1] = 0;
	open(1000);
	packet(&a, 1000, OP(RW), 0, text);
	assert_true(got(&a, 1000, OP(RST)) && got_nothing());
	open(1000);
	text[INPUT] = 0;
	packet(&a, 1000, OP(RW), 0, text + 1);
	packet(&a, 1000, OP(RW), 0, "12");
	assert_true(got(&a, 1000, OP(RST)) && got_nothing());
	vsock_service_run();
	assert_int_equal(n_asked, 0);
}

/* A line that has no end is cut where it fills everything. */
static void a_line_without_end(void **state)
{
	char text[INPUT + 1];

	(void)state;
	memset(text, 'x', INPUT);
	text[INPUT] = 0;
	open(1000);
	for (unsigned i = 0; i < 5; i++) {
		packet(&a, 1000, OP(RW), 0, text);
		vsock_service_run();
		assert_int_equal(n_asked, i + 1);
		assert_true(got(&a, 1000, OP(RW)));
		assert_int_equal(a.hdr.len, INPUT + 1);
		forwarded += a.hdr.len;
	}
	assert_true(got_nothing());
}

/* A NUL is no way past its end, and an empty line is no command. */
static void bytes_that_are_no_text(void **state)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 2, PORT, OP(RW));

	(void)state;
	open(1000);
	hdr.len = 8;
	assert_true(vsock_vm_send(&a, &hdr, "a\0b\n\xff\x1b\n\n", 8, 1));
	vsock_service_run();
	assert_string_equal(asked, "a\n\xff\x1b\n\n");
}

/* ---- floods ---- */

static void all_places_taken(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		open(1000 + i);
	for (uint32_t i = 0; i < 1000; i++) {
		packet(&a, 2000 + i, OP(REQUEST), 0, "");
		assert_true(got(&a, 2000 + i, OP(RST)));
	}
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		assert_true(is_open(1000 + i));
	packet(&a, 1003, OP(RST), 0, "");
	open(2000);
	/* A guest that starts over has none left. */
	vsock_vm_restart(&a);
	assert_true(vsock_vm_post(&a, 16, 4000));
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		open(1000 + i);
	vsock_vm_detach(&a);
	assert_true(vsock_vm_attach(&a, 3, true) && vsock_vm_post(&a, 16, 4000));
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		open(1000 + i);
}

/* It was not opened, so it takes no place. */
static void no_buffer_for_the_response(void **state)
{
	(void)state;
	vsock_vm_restart(&a);
	for (uint32_t i = 0; i < 100; i++)
		packet(&a, 1000 + i, OP(REQUEST), 0, "");
	assert_true(vsock_vm_post(&a, 16, 4000));
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		open(1000 + i);
}

/* What is done at once has an end; then its VM is called, and it goes on. */
static void many_commands(void **state)
{
	unsigned runs = 0;

	(void)state;
	open(1000);
	for (unsigned i = 0; i < 40; i++)
		packet(&a, 1000, OP(RW), 0, "quiet\n");
	packet(&a, 1000, OP(SHUTDOWN), VIRTIO_VSOCK_SHUTDOWN_SEND, "");
	while (vsock_service_pending()) {
		unsigned told = a.ready;

		vsock_service_run();
		runs++;
		assert_true(n_asked <= 16 * runs);
		assert_true(!vsock_service_pending() || a.ready > told);
	}
	assert_int_equal(n_asked, 40);
	assert_int_equal(runs, 3);
}

/* Lines without answers: credit comes back, in few packets. */
static void credit_without_answers(void **state)
{
	uint32_t sent = 0, credit = INPUT, packets = 0;

	(void)state;
	open(1000);
	while (sent < 10000) {
		uint32_t n = credit < 100 ? credit : 100;
		char text[101] = "";

		assert_true(n > 0);
		memset(text, '\n', n);
		packet(&a, 1000, OP(RW), 0, text);
		sent += n;
		credit -= n;
		while (vsock_service_pending())
			vsock_service_run();
		while (vsock_vm_take(&a, true)) {
			assert_int_equal(a.hdr.op, OP(CREDIT_UPDATE));
			packets++;
			credit = INPUT - (sent - a.hdr.fwd_cnt);
		}
	}
	assert_int_equal(n_asked, 10000);
	assert_in_range(packets, 10000 / INPUT, 10000 / 50);
}

/* The last line is not whole, and the rest of it needs credit. */
static void credit_for_the_rest_of_a_line(void **state)
{
	char text[INPUT + 1];

	(void)state;
	memset(text, 'x', INPUT);
	memcpy(text, "quiet\n", 6);
	text[INPUT] = 0;
	open(1000);
	packet(&a, 1000, OP(RW), 0, text);
	vsock_service_run();
	assert_true(got(&a, 1000, OP(CREDIT_UPDATE)));
	assert_int_equal(a.hdr.fwd_cnt, 6);
}

/* ---- long answers ---- */

static void an_answer_in_several_packets(void **state)
{
	size_t sum = 0;

	(void)state;
	open(1000);
	packet(&a, 1000, OP(RW), 0, "big 20000\n");
	packet(&a, 1000, OP(SHUTDOWN), VIRTIO_VSOCK_SHUTDOWN_SEND, "");
	vsock_service_run();
	while (vsock_vm_take(&a, true) && a.hdr.op == OP(RW))
		sum += a.hdr.len;
	assert_int_equal(sum, 20000);
	assert_int_equal(a.hdr.op, OP(RST));
}

static void an_answer_that_is_too_long(void **state)
{
	size_t sum = 0;

	(void)state;
	open(1000);
	packet(&a, 1000, OP(RW), 0, "big 1000000\n");
	vsock_service_run();
	while (vsock_vm_take(&a, true)) {
		assert_int_equal(a.hdr.op, OP(RW));
		sum += a.hdr.len;
	}
	assert_int_equal(sum, ANSWER);
	assert_memory_equal(a.data + a.hdr.len - 15, "\n... and so on\n", 15);
}

/* All or none of an answer. */
static void no_credit_for_the_answer(void **state)
{
	struct virtio_vsock_hdr hdr = vsock_vm_header(&a, 1000, 2, PORT, OP(CREDIT_UPDATE));

	(void)state;
	open(1000);
	hdr.buf_alloc = 99;
	assert_true(vsock_vm_send(&a, &hdr, NULL, 0, 0));
	/* (Its header has more; the last one counts.) */
	hdr.op = OP(RW);
	hdr.len = 8;
	assert_true(vsock_vm_send(&a, &hdr, "big 100\n", 8, 0));
	vsock_service_run();
	assert_true(got(&a, 1000, OP(RST)) && got_nothing());
	/* One that took some back has less than none. */
	open(1000);
	hdr.buf_alloc = 100;
	assert_true(vsock_vm_send(&a, &hdr, "big 100\n", 8, 0));
	vsock_service_run();
	assert_true(got(&a, 1000, OP(RW)));
	hdr.buf_alloc = 50;
	assert_true(vsock_vm_send(&a, &hdr, "big 100\n", 8, 0));
	vsock_service_run();
	assert_true(got(&a, 1000, OP(RST)) && got_nothing());
}

static void no_buffer_for_the_answer(void **state)
{
	(void)state;
	vsock_vm_restart(&a);
	assert_true(vsock_vm_post(&a, 2, 100));
	open(1000);
	packet(&a, 1000, OP(RW), 0, "big 300\n");
	vsock_service_run();
	while (vsock_vm_take(&a, true))
		;
	assert_false(is_open(1000));
}

/* ---- what happens meanwhile ---- */

static void again(void)
{
	/* Another hart finds the service busy. */
	vsock_service_run();
	assert_int_equal(n_asked, 1);
}

static void one_at_a_time(void **state)
{
	(void)state;
	open(1000);
	packet(&a, 1000, OP(RW), 0, "one\n");
	meanwhile = again;
	vsock_service_run();
	assert_true(got_data(1000, "one\n"));
}

static void begin_anew(void)
{
	packet(&a, 1000, OP(RST), 0, "");
	packet(&a, 1000, OP(REQUEST), 0, "");
	meanwhile = NULL;
}

/* The same ports, and another connection. */
static void an_answer_for_nobody(void **state)
{
	(void)state;
	open(1000);
	packet(&a, 1000, OP(RW), 0, "one\n");
	meanwhile = begin_anew;
	vsock_service_run();
	assert_string_equal(asked, "one\n");
	assert_true(got(&a, 1000, OP(RESPONSE)) && got_nothing());
}

static void stop(void)
{
	vsock_vm_detach(&a);
	meanwhile = NULL;
}

static void a_vm_that_stops_itself(void **state)
{
	(void)state;
	open(1000);
	packet(&a, 1000, OP(RW), 0, "one\ntwo\n");
	meanwhile = stop;
	vsock_service_run();
	assert_string_equal(asked, "one\n");
	assert_false(vsock_service_pending());
}

static int create(void **state)
{
	(void)state;
	vsock_service(service);
	return 0;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_and_answers),
		TEST(closed_before_the_answer),
		TEST(who_does_not_listen_may_talk),
		TEST(two_talk),
		TEST(they_take_turns),
		TEST(not_for_everybody),
		TEST(other_ports_and_types),
		TEST(out_of_turn),
		TEST(more_than_its_credit),
		TEST(a_line_without_end),
		TEST(bytes_that_are_no_text),
		TEST(all_places_taken),
		TEST(no_buffer_for_the_response),
		TEST(many_commands),
		TEST(credit_without_answers),
		TEST(credit_for_the_rest_of_a_line),
		TEST(an_answer_in_several_packets),
		TEST(an_answer_that_is_too_long),
		TEST(no_credit_for_the_answer),
		TEST(no_buffer_for_the_answer),
		TEST(one_at_a_time),
		TEST(an_answer_for_nobody),
		TEST(a_vm_that_stops_itself),
	};

	return cmocka_run_group_tests(tests, create, NULL);
}
