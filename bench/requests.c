/* SPDX-License-Identifier: MIT */
/*
 * PID 1 of the runs that compare disk and network with the native kernel: the
 * same program, initramfs and kernel there and in a VM. It loads the drivers,
 * does each kind of request some times and then, between two markers of
 * bench/count.c, the number of times that bench/devices.py divides by; that
 * several times, of which the best counts. No libc: what is counted is the
 * kernel's and Vesper's.
 *
 * Arguments: the ports of the host's UDP echo, of what sends a stream over TCP
 * and of what takes one.
 */
#include <stdint.h>

#define MARK(n) __asm__ volatile("slti x0, x0, %0" ::"i"(n) : "memory")

enum call {
	SYS_IO_SETUP = 0,
	SYS_IO_SUBMIT = 2,
	SYS_IO_GETEVENTS = 4,
	SYS_IOCTL = 29,
	SYS_MOUNT = 40,
	SYS_OPENAT = 56,
	SYS_READ = 63,
	SYS_WRITE = 64,
	SYS_NANOSLEEP = 101,
	SYS_REBOOT = 142,
	SYS_SOCKET = 198,
	SYS_CONNECT = 203,
	SYS_SETSOCKOPT = 208,
	SYS_MMAP = 222,
	SYS_FINIT_MODULE = 273,
};

#define AT_FDCWD   (-100)
#define O_RDONLY   0
#define O_DIRECT   040000
#define MIB        1048576ul
#define DISK_BYTES (256 * MIB)

static long call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;
	register long a5 __asm__("a5") = f;
	register long a7 __asm__("a7") = n;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
			 : "memory");
	return a0;
}

static long call3(long n, long a, long b, long c)
{
	return call6(n, a, b, c, 0, 0, 0);
}

static void say(const char *text)
{
	unsigned n = 0;

	while (text[n])
		n++;
	call3(SYS_WRITE, 1, (long)text, n);
}

static void power_off(void)
{
	for (;;)
		call6(SYS_REBOOT, 0xfee1dead, 672274793, 0x4321fedc, 0, 0, 0);
}

/* Returns what is no error. */
static long must(long result, const char *what)
{
	if (result >= 0)
		return result;
	say("bench: failed: ");
	say(what);
	say("\n");
	power_off();
	return result;
}

static void sleep_ms(long ms)
{
	long time[2] = {ms / 1000, ms % 1000 * 1000000};

	call3(SYS_NANOSLEEP, (long)time, 0, 0);
}

static long open(const char *path, long flags)
{
	return call6(SYS_OPENAT, AT_FDCWD, (long)path, flags, 0, 0, 0);
}

static void load_module(const char *path)
{
	must(call3(SYS_FINIT_MODULE, must(open(path, O_RDONLY), path), (long)"", 0), path);
}

/* ---- the disk ---- */

/* linux/aio_abi.h */
struct iocb {
	uint64_t data;
	uint32_t key, rw_flags;
	uint16_t opcode; /* 0: read */
	int16_t priority;
	uint32_t fd;
	uint64_t buffer, bytes;
	int64_t offset;
	uint64_t reserved;
	uint32_t flags, event_fd;
};

struct io_event {
	uint64_t data, iocb;
	int64_t result, result2;
};

#define DEPTH_MAX 32

static long disk, aio;
static uint8_t *buffer; /* DEPTH_MAX pages or one MiB, of one huge page */
static struct iocb iocbs[DEPTH_MAX];

static uint64_t next_random(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return state >> 33;
}

static uint64_t next_offset(uint64_t bytes)
{
	static uint64_t at;

	if (bytes < MIB)
		return next_random() % (DISK_BYTES / bytes) * bytes;
	at = (at + bytes) % DISK_BYTES;
	return at;
}

/* Starts iocbs[i] for each of the events, all at once. */
static void start(const struct io_event *event, long n, uint64_t bytes)
{
	struct iocb *list[DEPTH_MAX];

	for (long i = 0; i < n; i++) {
		struct iocb *cb = list[i] = &iocbs[event[i].data];

		*cb = (struct iocb){
			.data = event[i].data,
			.fd = (uint32_t)disk,
			.buffer = (uint64_t)buffer + event[i].data * bytes,
			.bytes = bytes,
			.offset = (int64_t)next_offset(bytes),
		};
	}
	if (n && call3(SYS_IO_SUBMIT, aio, n, (long)list) != n)
		must(-1, "io_submit");
}

/* At most `depth` under way at a time; whatever is over is replaced at once. */
static void read_disk(unsigned depth, unsigned n, uint64_t bytes)
{
	struct io_event event[DEPTH_MAX];
	unsigned started = depth, done = 0;

	for (unsigned i = 0; i < depth; i++)
		event[i].data = i;
	start(event, depth, bytes);
	while (done < n) {
		long over = must(
			call6(SYS_IO_GETEVENTS, aio, 1, depth, (long)event, 0, 0), "io_getevents");
		unsigned more = n - started < over ? n - started : (unsigned)over;

		for (long i = 0; i < over; i++)
			if (event[i].result != (int64_t)bytes)
				must(-1, "a read");
		start(event, more, bytes);
		started += more;
		done += (unsigned)over;
	}
}

static void open_disk(void)
{
	uint64_t memory = (uint64_t)must(call6(SYS_MMAP, 0, 4 * MIB, 3 /* read, write */,
						 0x22 /* private, anonymous */, -1, 0),
		"mmap");

	buffer = (uint8_t *)((memory + 2 * MIB - 1) & -(2 * MIB));
	for (uint64_t i = 0; i < 2 * MIB; i += 4096)
		buffer[i] = 1;
	for (int i = 0; i < 100 && (disk = open("/dev/vda", O_DIRECT)) < 0; i++)
		sleep_ms(50);
	must(disk, "/dev/vda");
	must(call3(SYS_IO_SETUP, DEPTH_MAX, (long)&aio, 0), "io_setup");
}

/* ---- the network ---- */

#define AF_INET     2
#define TCP         1
#define UDP         2
#define IFNAMSIZ    16
#define TCP_NODELAY 1

struct address {
	uint16_t family, port;
	uint8_t ip[4];
	uint8_t zero[8];
};

struct interface {
	char name[IFNAMSIZ];
	union {
		struct address address;
		int16_t flags;
		uint8_t all[24];
	};
};

static void set_interface(long socket, long request, struct interface what)
{
	must(call3(SYS_IOCTL, socket, request, (long)&what), "the interface");
}

static void configure(const char *name)
{
	struct interface address = {.address = {AF_INET, 0, {10, 0, 2, 15}, {0}}};
	struct interface mask = {.address = {AF_INET, 0, {255, 255, 255, 0}, {0}}};
	struct interface up = {.flags = 0x41}; /* up, running */
	long socket = must(call3(SYS_SOCKET, AF_INET, UDP, 0), "socket");

	for (unsigned i = 0; i < 5; i++)
		address.name[i] = mask.name[i] = up.name[i] = name[i];
	set_interface(socket, 0x8916, address);
	set_interface(socket, 0x891c, mask);
	set_interface(socket, 0x8914, up);
}

static uint16_t number(const char *text)
{
	unsigned n = 0;

	while (*text)
		n = n * 10 + (unsigned)(*text++ - '0');
	return (uint16_t)n;
}

/* To that port of the host. */
static long connect(long type, const char *port)
{
	uint16_t n = number(port);
	struct address to = {AF_INET, (uint16_t)(n << 8 | n >> 8), {10, 0, 2, 2}, {0}};
	long socket = must(call3(SYS_SOCKET, AF_INET, type, 0), "socket");
	int one = 1;

	must(call3(SYS_CONNECT, socket, (long)&to, sizeof(to)), "connect");
	if (type == TCP)
		call6(SYS_SETSOCKOPT, socket, 6, TCP_NODELAY, (long)&one, sizeof(one), 0);
	return socket;
}

static void ping_pong(long socket, unsigned n)
{
	uint8_t byte = 0;

	for (unsigned i = 0; i < n; i++) {
		must(call3(SYS_WRITE, socket, (long)&byte, 1), "send");
		must(call3(SYS_READ, socket, (long)&byte, 1), "receive");
	}
}

#define CHUNK 65536

static void receive(long socket, uint64_t bytes)
{
	while (bytes) {
		uint64_t want = bytes < CHUNK ? bytes : CHUNK;
		long got = must(call3(SYS_READ, socket, (long)buffer, (long)want), "receive");

		if (!got)
			must(-1, "the stream");
		bytes -= (uint64_t)got;
	}
}

/* The host answers each MiB with a byte. */
static void transmit(long socket, uint64_t bytes)
{
	for (uint64_t done = 0; done < bytes;) {
		done += (uint64_t)must(call3(SYS_WRITE, socket, (long)buffer, CHUNK), "send");
		if (done % MIB == 0)
			must(call3(SYS_READ, socket, (long)buffer, 1), "the answer");
	}
}

/* ---- all ---- */

#define ROUNDS     5
#define RANDOM_1   1000
#define RANDOM_32  4096
#define SEQUENTIAL 64
#define PING_PONG  500
#define STREAM     (8 * MIB)

static void measure_disk(void)
{
	open_disk();
	read_disk(1, 200, 4096);
	for (unsigned i = 0; i < ROUNDS; i++) {
		MARK(200);
		read_disk(1, RANDOM_1, 4096);
		MARK(201);
	}
	read_disk(32, 640, 4096);
	for (unsigned i = 0; i < ROUNDS; i++) {
		MARK(202);
		read_disk(32, RANDOM_32, 4096);
		MARK(203);
	}
	read_disk(1, 16, MIB);
	for (unsigned i = 0; i < ROUNDS; i++) {
		MARK(204);
		read_disk(1, SEQUENTIAL, MIB);
		MARK(205);
	}
}

static void measure_network(char **ports)
{
	configure("eth0");
	long echo = connect(UDP, ports[0]);

	ping_pong(echo, 100);
	for (unsigned i = 0; i < ROUNDS; i++) {
		MARK(206);
		ping_pong(echo, PING_PONG);
		MARK(207);
	}
	long source = connect(TCP, ports[1]);

	receive(source, 2 * MIB);
	for (unsigned i = 0; i < ROUNDS; i++) {
		MARK(208);
		receive(source, STREAM);
		MARK(209);
	}
	long sink = connect(TCP, ports[2]);

	transmit(sink, 2 * MIB);
	for (unsigned i = 0; i < ROUNDS; i++) {
		MARK(210);
		transmit(sink, STREAM);
		MARK(211);
	}
}

__attribute__((used)) static void run(long *stack)
{
	static const char *const modules[] = {
		"/virtio_blk.ko", "/failover.ko", "/net_failover.ko", "/virtio_net.ko"};
	long n = stack[0];
	char **arguments = (char **)(stack + 1);

	call6(SYS_MOUNT, (long)"dev", (long)"/dev", (long)"devtmpfs", 0, 0, 0);
	for (unsigned i = 0; i < 4; i++)
		load_module(modules[i]);
	/* What the kernel has still to do. */
	sleep_ms(3000);
	measure_disk();
	if (n >= 4)
		measure_network(arguments + n - 3);
	say("bench: done\n");
	power_off();
}

__asm__(".global _start\n"
	"_start:\n"
	"	.option push\n"
	"	.option norelax\n"
	"	la	gp, __global_pointer$\n"
	"	.option pop\n"
	"	mv	a0, sp\n"
	"	call	run\n");
