/* SPDX-License-Identifier: MIT */
/* The virtio-fs device through registers and rings: the session, broken requests, many at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/sim/driver.h"
#include "tests/sim/fs_image.h"
#include "tests/sim/fuse_client.h"

#define ROOT     FUSE_ROOT_ID
#define HIPRIO   0
#define REQUESTS 1
#define HEAD     sizeof(struct fuse_in_header)

static struct vm_spec spec;
static struct host host;
static struct driver driver;
static struct dm *dm;
static void *mem;
static struct fuse_client client, *c = &client;
static size_t piece; /* bytes of a descriptor; 0: all */

static int64_t carry(void *carrier, const void *out, size_t out_len, void *in, size_t in_len)
{
	return driver_request(carrier, REQUESTS, out, out_len, in, in_len, piece);
}

static int setup(void **state)
{
	size_t size;

	(void)state;
	spec = (struct vm_spec){.n_devices = 1};
	spec.devices[0] = (struct vm_device){
		.kind = VM_DEVICE_FS, .tag = "root", .image = fs_image(), .arena_size = 1 << 20};
	host_open(&host, 8 << 20);
	host.time_ns = 1800000000000000000u;
	size = dm_memory_needed(&spec);
	mem = aligned_alloc(4096, size);
	memset(mem, 0xa5, size);
	assert_int_equal(dm_create(mem, size, &spec, &host, &dm), OK);
	driver_open(&driver, &host, dm, 0);
	assert_true(driver_start(&driver, DRIVER_FEATURES, 256));
	client = (struct fuse_client){.carry = carry, .carrier = &driver};
	piece = 0;
	assert_int_equal(fc_init(c), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dm_destroy(dm);
	free(mem);
	host_close(&host);
	return 0;
}

static void test_config(void **state)
{
	(void)state;
	assert_int_equal(driver_config(&driver, 0, 4), 'r' | 'o' << 8 | 'o' << 16 | 't' << 24);
	assert_int_equal(driver_config(&driver, 32, 4), 0);
	assert_int_equal(driver_config(&driver, 36, 4), 1);
}

static void test_bad_image(void **state)
{
	static uint8_t zeros[8192];
	struct dm *none;

	(void)state;
	spec.devices[0].image = (struct blob){zeros, sizeof(zeros)};
	assert_int_equal(dm_create(mem, dm_memory_needed(&spec), &spec, &host, &none), ERR_INVALID);
	spec.devices[0].image = fs_image();
	assert_int_equal(dm_create(mem, dm_memory_needed(&spec), &spec, &host, &dm), OK);
}

static void test_init(void **state)
{
	struct fuse_init_in in = {7, 41, 65536, UINT32_MAX, UINT32_MAX, {0}};
	struct fuse_init_out out;

	(void)state;
	assert_int_equal(
		fuse_call(c, FUSE_INIT, 0, &in, sizeof(in), NULL, 0, &out, sizeof(out)), 64);
	assert_int_equal(out.major, 7);
	assert_int_equal(out.minor, 38);
	assert_true(out.flags & FUSE_INIT_MAX_PAGES);
	assert_true(out.max_pages > 32 && out.max_pages + 4 < DRIVER_QUEUE_MAX);
	assert_int_equal(out.max_write, out.max_pages * 4096);
	assert_int_equal(out.flags2, 0);
	in.minor = 12;
	assert_int_equal(fuse_call(c, FUSE_INIT, 0, &in, sizeof(in), NULL, 0, &out, sizeof(out)),
		-FUSE_EPROTO);
	in.major = 8; /* the client may come back with 7 */
	assert_int_equal(fuse_call(c, FUSE_INIT, 0, &in, 16, NULL, 0, &out, sizeof(out)), 64);
}

/* Guest memory in pieces of any size, in both directions. */
static void test_pieces(void **state)
{
	static const size_t sizes[] = {4096, 1000, 100};
	static uint8_t data[20000], back[20000];
	struct fuse_create_out f;

	(void)state;
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 256);
	assert_int_equal(fc_create(c, ROOT, "f", FUSE_O_RDWR, 0644, &f), 0);
	for (unsigned i = 0; i < 3; i++) {
		piece = sizes[i];
		data[777]++;
		assert_int_equal(fc_write(c, f.entry.nodeid, f.open.fh, 123, data, 20000), 20000);
		assert_int_equal(fc_read(c, f.entry.nodeid, f.open.fh, 123, back, 20000), 20000);
		assert_memory_equal(data, back, sizeof(data));
	}
	piece = 1;
	assert_int_equal(fc_read(c, f.entry.nodeid, f.open.fh, 123, back, 100), 100);
	assert_memory_equal(data, back, 100);
}

static int64_t raw(const void *out, size_t out_len, void *in, size_t in_len)
{
	return driver_request(&driver, REQUESTS, out, out_len, in, in_len, 0);
}

static void test_broken_requests(void **state)
{
	struct fuse_in_header head = {.len = HEAD, .opcode = FUSE_STATFS, .unique = 42};
	struct fuse_out_header reply[8] = {{0}};

	(void)state;
	assert_int_equal(raw(&head, 39, reply, sizeof(reply)), 0);
	assert_int_equal(raw(&head, HEAD, reply, 15), 0);
	assert_int_equal(raw(&head, HEAD, reply, 16), 16);
	assert_int_equal(reply[0].error, -FUSE_EINVAL);
	assert_int_equal(reply[0].unique, 42);
	assert_int_equal(raw(&head, HEAD, reply, sizeof(reply)), 96);
	assert_int_equal(reply[0].error, 0);
	head.len = HEAD + 1;
	assert_int_equal(raw(&head, HEAD, reply, sizeof(reply)), 16);
	assert_int_equal(reply[0].error, -FUSE_EINVAL);
	head.len = 39;
	assert_int_equal(raw(&head, HEAD, reply, sizeof(reply)), 16);
	assert_int_equal(reply[0].error, -FUSE_EINVAL);
	head.len = HEAD;
	for (head.opcode = 0; head.opcode < 80; head.opcode++) /* all of them too short, or new */
		assert_true(raw(&head, HEAD, reply, sizeof(reply)) >= 0);
	head.opcode = FUSE_COPY_FILE_RANGE;
	assert_int_equal(raw(&head, HEAD, reply, sizeof(reply)), 16);
	assert_int_equal(reply[0].error, -FUSE_ENOSYS);
	head.opcode = UINT32_MAX;
	assert_int_equal(raw(&head, HEAD, reply, sizeof(reply)), 16);
	assert_int_equal(reply[0].error, -FUSE_ENOSYS);
}

/* What does not fit the reply is not done either. */
static void test_no_room(void **state)
{
	struct {
		struct fuse_in_header head;
		struct fuse_mkdir_in in;
		char name[8];
	} rq = {{.len = sizeof(rq), .opcode = FUSE_MKDIR, .nodeid = ROOT}, {0755, 0}, "new.dir"};
	struct fuse_out_header reply[10];

	(void)state;
	assert_int_equal(raw(&rq, sizeof(rq), reply, 143), 16);
	assert_int_equal(reply[0].error, -FUSE_EINVAL);
	assert_int_equal(fc_id(c, "new.dir"), 0);
	rq.name[7] = 'x'; /* no end */
	assert_int_equal(raw(&rq, sizeof(rq), reply, 144), 16);
	assert_int_equal(reply[0].error, -FUSE_EINVAL);
	rq.name[7] = 0;
	assert_int_equal(raw(&rq, sizeof(rq), reply, 144), 144);
	assert_int_not_equal(fc_id(c, "new.dir"), 0);
}

static void test_forget(void **state)
{
	struct {
		struct fuse_in_header head;
		struct fuse_batch_forget_in in;
		struct fuse_forget_one one[3];
	} rq = {{.len = sizeof(rq), .opcode = FUSE_BATCH_FORGET}, {3, 0},
		{{ROOT, 1}, {0, 5}, {UINT64_MAX, UINT64_MAX}}};
	struct fuse_entry_out out;
	struct fuse_attr attr;
	uint64_t id;

	(void)state;
	assert_int_equal(fc_mkdir(c, ROOT, "d", 0755, &out), 0);
	id = out.nodeid;
	assert_int_equal(fc_lookup(c, ROOT, "d", &out), 0);
	assert_int_equal(fc_rmdir(c, ROOT, "d"), 0);
	fc_forget(c, id, 1);
	assert_int_equal(fc_getattr(c, id, &attr), 0);
	rq.one[1] = (struct fuse_forget_one){id, 1};
	assert_int_equal(driver_request(&driver, HIPRIO, &rq, sizeof(rq), NULL, 0, 0), 0);
	assert_int_equal(fc_getattr(c, id, &attr), -FUSE_ESTALE);
	rq.in.count = UINT32_MAX;
	assert_int_equal(raw(&rq, sizeof(rq), NULL, 0), 0);
	assert_int_equal(fc_getattr(c, ROOT, &attr), 0);
}

/* More requests than one run serves, all answered in order. */
static void test_many_requests(void **state)
{
	struct fuse_in_header head = {.len = HEAD, .opcode = FUSE_STATFS};
	struct slice out[100], in[100];
	uint16_t used;
	uint32_t written;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		head.unique = i;
		out[i] = (struct slice){host_alloc(&host, HEAD, 8), HEAD};
		in[i] = (struct slice){host_alloc(&host, 96, 8), 96};
		memcpy(host_ram(&host, out[i].addr, HEAD), &head, HEAD);
		assert_true(driver_add_indirect(&driver, REQUESTS, &out[i], 1, &in[i], 1) >= 0);
	}
	driver_kick(&driver, REQUESTS);
	assert_true(dm_run(dm));
	driver_run(&driver);
	for (unsigned i = 0; i < 100; i++) {
		const struct fuse_out_header *reply = host_ram(&host, in[i].addr, 96);

		assert_true(driver_collect(&driver, REQUESTS, &used, &written));
		assert_int_equal(written, 96);
		assert_int_equal(reply->unique, i);
	}
	assert_true(driver_irq(&driver));
}

/* A new session keeps the files and forgets the handles. */
static void test_reset(void **state)
{
	struct fuse_create_out f;
	char buf[8];

	(void)state;
	assert_int_equal(fc_create(c, ROOT, "f", FUSE_O_RDWR, 0644, &f), 0);
	assert_int_equal(fc_write(c, f.entry.nodeid, f.open.fh, 0, "kept", 4), 4);
	assert_true(driver_start(&driver, DRIVER_FEATURES, 64));
	assert_int_equal(fc_init(c), 0);
	assert_int_equal(fc_read(c, f.entry.nodeid, f.open.fh, 0, buf, 4), -FUSE_EBADF);
	assert_int_equal(fc_open(c, fc_id(c, "f"), FUSE_O_RDONLY, &f.open.fh), 0);
	assert_int_equal(fc_read(c, fc_id(c, "f"), f.open.fh, 0, buf, 4), 4);
	assert_memory_equal(buf, "kept", 4);
	assert_int_equal(fuse_call(c, FUSE_DESTROY, 0, NULL, 0, NULL, 0, NULL, 0), 0);
	assert_int_equal(fc_read(c, fc_id(c, "f"), f.open.fh, 0, buf, 4), -FUSE_EBADF);
}

static void test_no_ops(void **state)
{
	struct fuse_fsync_in fsync = {0};
	struct fuse_flush_in flush = {0};
	uint64_t id = fc_id(c, "hello");

	(void)state;
	assert_int_equal(fc_open(c, id, FUSE_O_RDONLY, &fsync.fh), 0);
	flush.fh = fsync.fh;
	assert_int_equal(fuse_call(c, FUSE_FSYNC, id, &fsync, 16, NULL, 0, NULL, 0), 0);
	assert_int_equal(fuse_call(c, FUSE_FLUSH, id, &flush, 24, NULL, 0, NULL, 0), 0);
	fsync.fh++;
	assert_int_equal(fuse_call(c, FUSE_FSYNC, id, &fsync, 16, NULL, 0, NULL, 0), -FUSE_EBADF);
	assert_int_equal(fc_opendir(c, id, &fsync.fh), -FUSE_ENOTDIR);
	assert_int_equal(fc_opendir(c, ROOT, &fsync.fh), 0);
	assert_int_equal(fuse_call(c, FUSE_FSYNCDIR, ROOT, &fsync, 16, NULL, 0, NULL, 0), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_config),
		TEST(test_bad_image),
		TEST(test_init),
		TEST(test_pieces),
		TEST(test_broken_requests),
		TEST(test_no_room),
		TEST(test_forget),
		TEST(test_many_requests),
		TEST(test_reset),
		TEST(test_no_ops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
