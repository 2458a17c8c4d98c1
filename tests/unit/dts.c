/* SPDX-License-Identifier: MIT */
#include "tests/unit/dts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void *read_all(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	char *data = NULL;
	size_t room = 1 << 20;

	assert_non_null(file);
	data = malloc(room);
	assert_non_null(data);
	*size = fread(data, 1, room, file);
	assert_true(*size < room);
	data[*size] = 0;
	assert_int_equal(fclose(file), 0);
	/* Shrunk, so that the sanitizer sees a read past the end. */
	return realloc(data, *size + 1);
}

void *dts_run(const char *command, const char *in, const void *data, size_t size, const char *out,
	size_t *out_size)
{
	char dir[] = "/tmp/vesper-test-XXXXXX", path[128], line[2048];
	FILE *file;
	void *result;

	assert_non_null(mkdtemp(dir));
	if (in) {
		snprintf(path, sizeof(path), "%s/%s", dir, in);
		file = fopen(path, "wb");
		assert_non_null(file);
		assert_int_equal(fwrite(data, 1, size, file), size);
		assert_int_equal(fclose(file), 0);
	}
	snprintf(line, sizeof(line), "cd %s && { %s ; }", dir, command);
	assert_int_equal(system(line), 0);
	snprintf(path, sizeof(path), "%s/%s", dir, out);
	result = read_all(path, out_size);
	snprintf(line, sizeof(line), "rm -r %s", dir);
	assert_int_equal(system(line), 0);
	return result;
}

void *dts_compile(const char *source, size_t *size)
{
	return dts_run("dtc -q -I dts -O dtb -o out in", "in", source, strlen(source), "out", size);
}

void *dts_qemu(const char *machine, const char *options, size_t *size)
{
	char command[1024];

	snprintf(command, sizeof(command),
		"qemu-system-riscv64 -M virt%s,dumpdtb=out %s >log 2>&1 || { cat log; false; }",
		machine, options);
	return dts_run(command, NULL, NULL, 0, "out", size);
}

const char *dts_complaints(const void *dtb, size_t size)
{
	static char text[4096];
	size_t len;
	char *errors = dts_run("dtc -I dtb -O dts -o /dev/null in 2>err || echo failed >>err", "in",
		dtb, size, "err", &len);

	snprintf(text, sizeof(text), "%s", errors);
	free(errors);
	return text;
}
