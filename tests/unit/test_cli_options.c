/* SPDX-License-Identifier: MIT */
/* The command line of each command, and the machine that follows from it and from what the VMs need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/options.h"
#include "cli/qemu.h"
#include "cli/text.h"

#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})

static void option_values(void **state)
{
	struct options options;

	(void)state;
	options_read(&options,
		WORDS("--memory", "2G", "--cpu=max,sstc=off", "--verbose", "--cpus", "4",
			"--harts=2", "--machine", "k3", "--", "ls", "--memory"),
		COMMAND_RUN);
	assert_int_equal(options.memory_mib, 2048);
	assert_int_equal(options.machine_mib, 0);
	assert_int_equal(options.cpus, 4);
	assert_int_equal(options.harts, 2);
	assert_ptr_equal(options.machine, qemu_machine("k3"));
	assert_string_equal(options.cpu, "max,sstc=off");
	assert_true(options.verbose);
	assert_string_equal(options.program[0], "ls");
	assert_string_equal(options.program[1], "--memory");
	assert_null(options.program[2]);
	assert_null(options.kernel);
	assert_false(options.mmio);
	assert_false(options.no_net);
	assert_int_equal(options.n_ports, 0);
	assert_int_equal(options.n_disks, 0);
	assert_null(options.files[0]);
}

static void defaults(void **state)
{
	struct options options;

	(void)state;
	options_read(&options, WORDS(NULL), COMMAND_RUN);
	assert_int_equal(options.memory_mib, 512);
	assert_int_equal(options.cpus, 1);
	assert_int_equal(options.harts, 0);
	assert_null(options.cpu);
	assert_non_null(options.machine);
	assert_ptr_equal(options.machine, qemu_machine("default"));
}

/* `up` has a --memory of its own, and its file may stand anywhere. */
static void up_options(void **state)
{
	struct options options;

	(void)state;
	options_read(
		&options, WORDS("--memory", "3G", "/etc/passwd", "--harts", "128"), COMMAND_UP);
	assert_int_equal(options.machine_mib, 3072);
	assert_int_equal(options.memory_mib, 512);
	assert_int_equal(options.harts, 128);
	assert_string_equal(options.files[0], "/etc/passwd");
	options_read(&options, WORDS("/etc/passwd", "/no/such.fit"), COMMAND_BUNDLE);
	assert_string_equal(options.files[0], "/etc/passwd");
	assert_string_equal(options.files[1], "/no/such.fit");
	options_read(&options, WORDS("--help"), COMMAND_UP);
	assert_true(options.help);
}

static void ports_and_disks(void **state)
{
	struct options options;

	(void)state;
	options_read(&options,
		WORDS("-p", "8080:80", "--disk", "a.img", "--disk=/b/c.img,ro", "--publish",
			"53:53/udp", "--transport", "mmio"),
		COMMAND_RUN);
	assert_true(options.mmio);
	assert_int_equal(options.n_ports, 2);
	assert_int_equal(options.ports[0].outer, 8080);
	assert_int_equal(options.ports[0].inner, 80);
	assert_true(options.ports[1].udp);
	assert_int_equal(options.n_disks, 2);
	assert_string_equal(options.disks[0].path, "a.img");
	assert_false(options.disks[0].read_only);
	assert_string_equal(options.disks[1].path, "/b/c.img");
	assert_string_equal(options.disks[1].serial, "c.img");
	assert_true(options.disks[1].read_only);
	free(options.disks[0].path);
	free(options.disks[1].path);
}

/* The exit status of options_read() in a process of its own. */
static int refusal(char **words, enum options_command command)
{
	struct options options;
	int status;
	const pid_t child = fork();

	if (!child) {
		freopen("/dev/null", "w", stderr);
		options_read(&options, words, command);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static void wrong_options(void **state)
{
	static const struct {
		enum options_command command;
		int status;
		char *words[4];
	} cases[] = {
		{COMMAND_RUN, 0, {"--memory", "512M"}},
		{COMMAND_RUN, 2, {"--memory", "513M"}},
		{COMMAND_RUN, 2, {"--memory", "94M"}},
		{COMMAND_RUN, 2, {"--memory", "lots"}},
		{COMMAND_RUN, 2, {"--memory"}},
		{COMMAND_RUN, 2, {"--writable", "0"}},
		{COMMAND_RUN, 2, {"--mem", "512M"}},
		{COMMAND_RUN, 2, {"--verbose=1"}},
		{COMMAND_RUN, 2, {"--kernel", "/"}},
		{COMMAND_RUN, 2, {"--kernel", "/no/such/file"}},
		{COMMAND_RUN, 2, {"--image", "/etc/passwd"}},
		{COMMAND_RUN, 2, {"--append", "a\nb"}},
		{COMMAND_RUN, 2, {"--symbols", "/etc/passwd"}},
		{COMMAND_DEBUG, 0, {"--symbols", "/etc/passwd"}},
		{COMMAND_RUN, 2, {"ls"}},
		{COMMAND_RUN, 2, {"--"}},
		{COMMAND_RUN, 0, {"--cpus", "64"}},
		{COMMAND_RUN, 2, {"--cpus", "65"}},
		{COMMAND_RUN, 2, {"--cpus", "0"}},
		{COMMAND_RUN, 2, {"--cpus", "2x"}},
		{COMMAND_RUN, 2, {"--cpus", "99999999999999999999"}},
		{COMMAND_DEBUG, 0, {"--cpus", "2", "--machine=all"}},
		{COMMAND_RUN, 0, {"--harts", "128"}},
		{COMMAND_RUN, 2, {"--harts", "129"}},
		{COMMAND_RUN, 2, {"--machine", "k4"}},
		{COMMAND_RUN, 2, {"--machine", ""}},
		{COMMAND_RUN, 0, {"-p", "8080:80", "--publish=8081:80"}},
		{COMMAND_RUN, 2, {"-p", "8080:80", "-p", "8080:81"}},
		{COMMAND_RUN, 2, {"-p", "8080"}},
		{COMMAND_RUN, 2, {"-p"}},
		{COMMAND_RUN, 2, {"-p", "8080:80", "--no-net"}},
		{COMMAND_RUN, 0, {"--no-net", "--disk", "d", "--transport=mmio"}},
		{COMMAND_RUN, 2, {"--transport", "usb"}},
		{COMMAND_UP, 0, {"/etc/passwd", "-p", "8080:10.0.2.20:80", "--disk=d"}},
		{COMMAND_UP, 2, {"/etc/passwd", "--transport", "pci"}},
		{COMMAND_DEBUG, 0, {"-p", "8080:80", "--disk", "d"}},
		{COMMAND_BUNDLE, 2, {"/etc/passwd", "out", "--disk=d"}},
		{COMMAND_UP, 2, {NULL}},
		{COMMAND_UP, 0, {"/etc/passwd"}},
		{COMMAND_UP, 2, {"/no/such.dts"}},
		{COMMAND_UP, 2, {"/etc"}},
		{COMMAND_UP, 2, {"/etc/passwd", "/etc/group"}},
		{COMMAND_UP, 2, {"/etc/passwd", "--cpus", "2"}},
		{COMMAND_UP, 2, {"/etc/passwd", "--memory", "0"}},
		{COMMAND_UP, 0, {"/etc/passwd", "--memory", "95M"}},
		{COMMAND_UP, 2, {"/etc/passwd", "--", "ls"}},
		{COMMAND_BUNDLE, 2, {"/etc/passwd"}},
		{COMMAND_BUNDLE, 2, {"/etc/passwd", "out", "more"}},
		{COMMAND_BUNDLE, 2, {"/etc/passwd", "out", "--harts=1"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *words[5] = {NULL};
		int status;

		memcpy(words, cases[i].words, sizeof(cases[i].words));
		status = refusal(words, cases[i].command);
		if (status != cases[i].status)
			fail_msg("case %zu (%s %s): status %d", i,
				options_command(cases[i].command), words[0], status);
	}
}

/* ---- the machine ---- */

static void machine_has_room_for_the_bundle(void **state)
{
	const struct options run = {0}, up = {.files = {"vms.dts"}};

	(void)state;
	for (uint64_t size = 1; size < 4096; size += 13) {
		const struct built_bundle bundle = {
			.size = size << 20, .needs.memory_mib = 64 + 64};
		const uint64_t ram = qemu_memory_mib(&run, &bundle);
		const uint64_t start = ram / 2 < 512 ? ram / 2 : 512; /* where QEMU puts it */

		assert_true(start + size < ram);
		assert_true(64 + 64 + size < ram);
		assert_true(qemu_memory_mib(&up, &bundle) >= ram);
	}
}

static void machine_memory(void **state)
{
	const struct built_bundle bundle = {.size = 91ull << 20, .needs.memory_mib = 900};
	const struct options up = {.files = {"vms.dts"}}, given = {.machine_mib = 700};

	(void)state;
	/* 900, the bundle's 100; a quarter of that, and 128 more */
	assert_int_equal(qemu_memory_mib(&up, &bundle), 1000 + 250 + 128);
	assert_int_equal(qemu_memory_mib(&given, &bundle), 700);
}

static void machine_harts(void **state)
{
	const struct options run = {0}, up = {.files = {"vms.dts"}}, given = {.harts = 3};
	const struct {
		const struct options *options;
		struct tree_needs needs;
		long host_cpus;
		unsigned harts;
	} cases[] = {
		{&run, {.cpus = 1}, 2, 1},
		{&run, {.cpus = 4}, 2, 4},
		{&up, {.cpus = 4}, 8, 4},
		{&up, {.cpus = 4}, 2, 2},
		{&up, {.cpus = 4}, -1, 4},
		{&up, {.cpus = 4, .harts = 3}, 2, 3},
		{&up, {.cpus = 4, .harts = 1}, 2, 2},
		{&up, {.cpus = 0}, 2, 1},
		{&up, {.cpus = 1ull << 33}, 1024, 128},
		{&given, {.cpus = 1, .harts = 9}, 2, 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct built_bundle bundle = {.needs = cases[i].needs};

		assert_int_equal(
			qemu_harts(cases[i].options, &bundle, cases[i].host_cpus), cases[i].harts);
	}
}

static void names_of_machines(void **state)
{
	char *names = qemu_machine_names();

	(void)state;
	assert_string_equal(names, "default, p550, k3, all");
	assert_null(qemu_machine("defaul"));
	free(names);
	names = text_list(text_list(NULL, "a"), "b");
	assert_string_equal(names, "a, b");
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(option_values),
		cmocka_unit_test(defaults),
		cmocka_unit_test(up_options),
		cmocka_unit_test(ports_and_disks),
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(machine_has_room_for_the_bundle),
		cmocka_unit_test(machine_memory),
		cmocka_unit_test(machine_harts),
		cmocka_unit_test(names_of_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
