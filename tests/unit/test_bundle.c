/* SPDX-License-Identifier: MIT */
/* Bundles as mkimage makes them, and every way in which one can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "config/bundle.h"
#include "tests/unit/dts.h"
#include "tests/unit/fit.h"

static struct bundle bundle;
static struct blob blob;
static struct config_error error;

static const struct fit_image images[] = {
	{"config", "0123456789", 10},
	{"kernel", "abcdef", 6},
};

static void *make(size_t *size)
{
	return fit_make(images, 2, 0, size);
}

static void assert_blob(const char *text)
{
	assert_int_equal(blob.size, strlen(text));
	assert_memory_equal(blob.data, text, strlen(text));
}

static void test_offset_and_position(void **state)
{
	(void)state;
	for (int position = 0; position < 2; position++) {
		size_t size;
		void *fit = fit_make(images, 2, position, &size);

		assert_int_equal(bundle_open(&bundle, fit, size, &error), OK);
		assert_int_equal(bundle.config.size, 10);
		assert_memory_equal(bundle.config.data, "0123456789", 10);
		assert_int_equal(bundle_find(&bundle, "kernel", &blob, &error), OK);
		assert_blob("abcdef");
		assert_int_equal(bundle_find(&bundle, "absent", &blob, &error), ERR_NOT_FOUND);
		assert_string_equal(error.text, "image \"absent\" is not in the bundle");
		free(fit);
	}
}

/* A bundle that reaches past what was loaded says so, at every length. */
static void test_cut_short(void **state)
{
	size_t size;
	void *whole = make(&size);

	(void)state;
	for (size_t len = 0; len < size - 8; len++) {
		void *part = malloc(len ? len : 1);

		memcpy(part, whole, len);
		if (bundle_open(&bundle, part, len, &error) == OK)
			assert_int_equal(
				bundle_find(&bundle, "kernel", &blob, &error), ERR_INVALID);
		assert_true(strlen(error.text) > 0);
		free(part);
	}
	free(whole);
}

static const char source[] =
	"/dts-v1/; / { description = \"test\"; #address-cells = <1>;"
	"images { "
	"config { description = \"c\"; data = \"tree\"; type = \"flat_dt\"; arch = \"riscv\"; "
	"compression = \"none\"; };"
	"kernel { description = \"k\"; data = \"kernel!\"; type = \"kernel\"; arch = \"riscv\"; os "
	"= \"linux\";"
	" compression = \"none\"; load = <0>; entry = <0>; };"
	"}; configurations { default = \"conf\"; conf { fdt = \"config\"; }; }; };";

static void test_mkimage(void **state)
{
	static const char *const flags[] = {"-E -B 1000", "-E -B 8", "-E -B 1000 -p 4000"};

	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		char command[128] = "mkimage ";
		size_t size;
		void *fit;

		strcat(command, flags[i]);
		strcat(command, " -f in out >log 2>&1 || { cat log; false; }");
		fit = dts_run(command, "in", source, strlen(source), "out", &size);
		assert_int_equal(bundle_open(&bundle, fit, size, &error), OK);
		assert_memory_equal(bundle.config.data, "tree", 5);
		assert_int_equal(bundle_find(&bundle, "kernel", &blob, &error), OK);
		assert_int_equal(blob.size, 8);
		assert_memory_equal(blob.data, "kernel!", 8);
		free(fit);
	}
}

static enum status open_source(const char *text)
{
	size_t size;
	void *fit = dts_compile(text, &size);
	enum status status = bundle_open(&bundle, fit, size, &error);

	free(fit);
	return status;
}

#define CONF "configurations { default = \"c\"; c { fdt = \"i\"; }; };"

static void test_messages(void **state)
{
	static const struct {
		const char *source, *text;
	} cases[] = {
		{"/dts-v1/; / { };",
			"no default configuration: its /configurations needs `default`"},
		{"/dts-v1/; / { configurations { }; };",
			"no default configuration: its /configurations needs `default`"},
		{"/dts-v1/; / { configurations { default = \"x\"; }; };",
			"the default configuration \"x\" does not exist"},
		{"/dts-v1/; / { configurations { default = \"x\"; x { }; }; };",
			"configuration \"x\" needs fdt = \"IMAGE\", the VM configuration"},
		{"/dts-v1/; / { " CONF " };", "image \"i\" is not in the bundle"},
		{"/dts-v1/; / { images { i { }; }; " CONF " };",
			"image \"i\" has no data: build the bundle again"},
		{"/dts-v1/; / { images { i { data-size = <1>; }; }; " CONF " };",
			"image \"i\" has no data: build the bundle again"},
		{"/dts-v1/; / { images { i { data-offset = <0>; data-size = <0>; }; }; " CONF " };",
			"image \"i\" is empty"},
		{"/dts-v1/; / { images { i { data-offset = <0>; data-size = <64>; }; }; " CONF
		 " };",
			"image \"i\" reaches past the end: the bundle is cut short, load the whole "
			"file"},
		{"/dts-v1/; / { images { i { data-offset = <0xffffffff 0xfffffff0>;"
		 " data-size = <64>; }; }; " CONF " };",
			"image \"i\" has no data: build the bundle again"},
		{"/dts-v1/; / { images { i { data-position = <0xffffffff 0xfffffff0>;"
		 " data-size = <0 64>; }; }; " CONF " };",
			"image \"i\" reaches past the end: the bundle is cut short, load the whole "
			"file"},
		{"/dts-v1/; / { images { i { data-position = <4>; data-size = <4>; }; }; " CONF
		 " };",
			"image \"i\" is not aligned to 8: build the bundle with mkimage -E -B "
			"1000"},
		{"/dts-v1/; / { images { i { data = \"x\"; compression = \"gzip\"; }; }; " CONF
		 " };",
			"image \"i\" is compressed, but is used in place: set compression = "
			"\"none\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(open_source(cases[i].source), ERR_INVALID);
		assert_string_equal(error.text, cases[i].text);
	}
}

static void test_garbage(void **state)
{
	static _Alignas(8) const char text[64] = "#!/bin/sh";
	size_t size;
	char *fit = make(&size);

	(void)state;
	assert_int_equal(bundle_open(&bundle, NULL, 0, &error), ERR_INVALID);
	assert_string_equal(error.text, "empty");
	assert_int_equal(bundle_open(&bundle, text, sizeof(text), &error), ERR_INVALID);
	assert_string_equal(
		error.text, "not a FIT: make it with mkimage -E -B 1000 -f bundle.its FILE");
	assert_int_equal(bundle_open(&bundle, text + 4, 32, &error), ERR_INVALID);
	assert_string_equal(error.text, "not at an address that is a multiple of 8");
	memset(fit + fdt_off_dt_struct(fit) + 8, 0xee, 16);
	assert_int_equal(bundle_open(&bundle, fit, size, &error), ERR_INVALID);
	assert_string_equal(error.text, "damaged (FDT_ERR_BADSTRUCTURE): build it again");
	free(fit);
}

/* With the layout of an old version libfdt's own check takes a missing name for a string. */
static void test_old_version(void **state)
{
	size_t size;
	char *fit = make(&size);

	(void)state;
	fdt_set_version(fit, 4);
	fdt_set_last_comp_version(fit, 0);
	assert_int_equal(bundle_open(&bundle, fit, size, &error), ERR_INVALID);
	assert_string_equal(error.text, "damaged (FDT_ERR_BADVERSION): build it again");
	free(fit);
}

/* Names come from a file: no control codes in what is printed. */
static void test_message_is_printable(void **state)
{
	(void)state;
	assert_int_equal(
		open_source("/dts-v1/; / { configurations { default = \"\\x1b[31m\\n\"; }; };"),
		ERR_INVALID);
	assert_string_equal(error.text, "the default configuration \"?[31m?\" does not exist");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offset_and_position),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_mkimage),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_old_version),
		cmocka_unit_test(test_message_is_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
