/* SPDX-License-Identifier: MIT */
/*
 * The pure parts of the command: sizes, text made safe for device-tree source
 * and shell (checked with dtc and sh themselves), the cpio writer (checked with
 * a reader of its own) and the configuration of `run`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/config.h"
#include "cli/cpio.h"
#include "cli/text.h"

/* What `write` writes of `string`. */
static char *written(void (*write)(FILE *, const char *), const char *string)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	write(out, string);
	fclose(out);
	return text;
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t mib; /* 0: refused */
	} cases[] = {
		{"512M", 512},
		{"512", 512},
		{"2G", 2048},
		{"2GiB", 2048},
		{"64MiB", 64},
		{"1024G", 1024 * 1024},
		{"1025G", 0},
		{"1048577", 0},
		{"", 0},
		{"M", 0},
		{"-1", 0},
		{"+1", 0},
		{" 1", 0},
		{"1 ", 0},
		{"1.5G", 0},
		{"1K", 0},
		{"1MG", 0},
		{"18446744073709551617", 0},
		{"99999999999999999999999999999999G", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t mib = 0;
		const bool good = text_mib(cases[i].text, 1024 * 1024, &mib);

		if (good != (cases[i].mib != 0) || (good && mib != cases[i].mib))
			fail_msg("\"%s\" gave %d, %lu", cases[i].text, good, (unsigned long)mib);
	}
}

static const char *const awkward[] = {
	"",
	"plain words",
	"quote \" and ' and \\ end",
	"\\",
	"\"; }; evil { x = \"",
	"$(touch /x) `id` $HOME ; & | > < * ? ~ #",
	"line\nbreak\ttab",
	"digit after escape \0011 \x7f"
	"7",
	"\xc3\xa4 UTF-8",
	"-n",
	"'''",
};

/* What a program prints, given `input`; the length is checked against `want`. */
static void assert_output(const char *command, const char *input, const char *want, size_t size)
{
	char name[] = "/tmp/vesper-test-XXXXXX", line[256], got[512];
	const int fd = mkstemp(name);
	size_t count;
	FILE *pipe;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, input, strlen(input)), strlen(input));
	close(fd);
	snprintf(line, sizeof(line), command, name);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	count = fread(got, 1, sizeof(got), pipe);
	assert_int_equal(pclose(pipe), 0);
	unlink(name);
	assert_int_equal(count, size);
	assert_memory_equal(got, want, size);
}

static void shell_words_survive_a_shell(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(awkward) / sizeof(awkward[0]); i++) {
		char *word = written(text_shell_word, awkward[i]);
		char *script =
			text_format("set -- %s %s\n[ $# = 2 ] && printf %%s \"$2\"\n", word, word);

		assert_output("sh %s", script, awkward[i], strlen(awkward[i]));
		free(script);
		free(word);
	}
}

static void dts_strings_survive_dtc(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(awkward) / sizeof(awkward[0]); i++) {
		/* fdtget prints the raw bytes, of which the last is the NUL. */
		char *string = written(text_dts_string, awkward[i]);
		char *source = text_format("/dts-v1/;\n/ { x = %s; y = <1>; };\n", string);
		char want[256] = "";
		size_t size = 0;

		for (size_t j = 0; j <= strlen(awkward[i]); j++)
			size += (size_t)snprintf(want + size, sizeof(want) - size, "%s%x",
				j ? " " : "", (unsigned char)awkward[i][j]);
		want[size++] = '\n';
		assert_output("dtc -q -I dts -O dtb %s | fdtget -t bx - / x", source, want, size);
		free(source);
		free(string);
	}
}

static void tokens(void **state)
{
	char longest[66];

	(void)state;
	memset(longest, 'x', 65);
	longest[65] = 0;
	assert_true(text_is_token("xterm-256color"));
	assert_false(text_is_token(""));
	assert_false(text_is_token("a b"));
	assert_false(text_is_token("a\"b"));
	assert_false(text_is_token("a\nb"));
	assert_false(text_is_token(longest));
	assert_true(text_is_token(longest + 1));
	assert_false(text_is_plain("\x80"));
	assert_false(text_is_plain("a\tb"));
}

/* ---- cpio ---- */

static unsigned field(const uint8_t *header, unsigned index)
{
	char digits[9] = "";
	char *end;
	unsigned value;

	memcpy(digits, header + 6 + 8 * index, 8);
	value = (unsigned)strtoul(digits, &end, 16);
	assert_ptr_equal(end, digits + 8);
	return value;
}

/* Checks the entry at *at and moves behind it. */
static void assert_entry(const uint8_t *archive, size_t size, size_t *at, const char *name,
	unsigned mode, const char *data)
{
	const uint8_t *header = archive + *at;
	const size_t data_size = strlen(data);
	size_t start;

	assert_int_equal(*at % 4, 0);
	assert_true(*at + 110 + strlen(name) + 1 <= size);
	assert_memory_equal(header, "070701", 6);
	assert_int_equal(field(header, 1), mode);
	assert_int_equal(field(header, 2), 0); /* owner */
	assert_int_equal(field(header, 5), 0); /* time */
	assert_int_equal(field(header, 6), data_size);
	assert_int_equal(field(header, 11), strlen(name) + 1);
	assert_string_equal((const char *)header + 110, name);
	start = (*at + 110 + strlen(name) + 1 + 3) & ~(size_t)3;
	assert_true(start + data_size <= size);
	assert_memory_equal(archive + start, data, data_size);
	*at = (start + data_size + 3) & ~(size_t)3;
}

static void cpio_entries(void **state)
{
	char *archive = NULL;
	size_t size = 0, at = 0;
	FILE *out = open_memstream(&archive, &size);
	struct cpio cpio;

	(void)state;
	cpio_begin(&cpio, out);
	cpio_add_dir(&cpio, "bin");
	cpio_add_file(&cpio, "bin/tool", 0755, "12345", 5);
	cpio_add_file(&cpio, "empty", 0644, "", 0);
	cpio_add_link(&cpio, "link", "bin/tool");
	cpio_end(&cpio);
	fclose(out);

	assert_entry((uint8_t *)archive, size, &at, "bin", 040755, "");
	assert_entry((uint8_t *)archive, size, &at, "bin/tool", 0100755, "12345");
	assert_entry((uint8_t *)archive, size, &at, "empty", 0100644, "");
	assert_entry((uint8_t *)archive, size, &at, "link", 0120777, "bin/tool");
	assert_entry((uint8_t *)archive, size, &at, "TRAILER!!!", 0, "");
	assert_int_equal(at, size);
	free(archive);
}

static void cpio_inodes_differ(void **state)
{
	char *archive = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&archive, &size);
	struct cpio cpio;

	(void)state;
	cpio_begin(&cpio, out);
	cpio_add_file(&cpio, "a", 0644, "", 0);
	cpio_add_file(&cpio, "b", 0644, "", 0);
	fclose(out);
	/* Linux takes entries with one number and several links for the same file. */
	assert_int_not_equal(field((uint8_t *)archive, 0), field((uint8_t *)archive + 112, 0));
	free(archive);
}

/* ---- configuration ---- */

static void configuration_has_the_values(void **state)
{
	const struct options options = {.memory_mib = 320,
		.writable_mib = 7,
		.cpus = 3,
		.append = "x=\"1\"",
		.image = "/etc/."};
	char *bootargs = config_bootargs(&options);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	config_write(out, &options, bootargs);
	fclose(out);
	assert_non_null(strstr(text, "memory-mib = <320>;"));
	assert_non_null(strstr(text, "writable-mib = <7>;"));
	assert_non_null(strstr(text, "cpus = <3>;"));
	assert_non_null(strstr(text, "kernel = \"debian\";"));
	assert_non_null(strstr(text, "image = \"/etc\";"));
	assert_non_null(strstr(text, " x=\\\"1\\\"\";"));
	free(text);
	free(bootargs);
}

/* What config_write() writes. */
static char *configuration(const struct options *options)
{
	char *bootargs = config_bootargs(options);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	config_write(out, options, bootargs);
	fclose(out);
	free(bootargs);
	return text;
}

/* Debian's kernel on PCI mounts what it needs itself; elsewhere there is an initramfs. */
static void the_way_to_the_root(void **state)
{
	const struct options pci = {.append = ""}, mmio = {.append = "", .mmio = true},
			     own = {.append = "", .kernel = "/etc/passwd"};
	const struct options *cases[] = {&pci, &mmio, &own};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		char *text = configuration(cases[i]);

		assert_int_equal(!strstr(text, "initrd = \"debian-initramfs\";"), i == 0);
		assert_int_equal(!strstr(text, "image = \"debian-init\";"), i != 0);
		assert_int_equal(!strstr(text, " root=vesper rootfstype=virtiofs "), i != 0);
		assert_non_null(
			strstr(text, i == 1 ? "transport = \"mmio\";" : "transport = \"pci\";"));
		assert_non_null(strstr(text, "compatible = \"vesper,net\";"));
		free(text);
	}
}

static void configuration_has_the_disks(void **state)
{
	const struct options options = {.append = "",
		.no_net = true,
		.n_disks = 2,
		.disks = {{.path = "a", .serial = "a"},
			{.path = "b\"", .serial = "b_", .read_only = true}}};
	char *text = configuration(&options);

	(void)state;
	assert_non_null(strstr(text,
		"disk0 { compatible = \"vesper,disk\"; disk = \"disk0\"; serial = \"a\"; };"));
	assert_non_null(strstr(text, "disk1 { compatible = \"vesper,disk\"; disk = \"disk1\"; "
				     "read-only; serial = \"b_\"; };"));
	assert_null(strstr(text, "vesper,net"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(shell_words_survive_a_shell),
		cmocka_unit_test(dts_strings_survive_dtc),
		cmocka_unit_test(tokens),
		cmocka_unit_test(cpio_entries),
		cmocka_unit_test(cpio_inodes_differ),
		cmocka_unit_test(configuration_has_the_values),
		cmocka_unit_test(the_way_to_the_root),
		cmocka_unit_test(configuration_has_the_disks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
