/* SPDX-License-Identifier: MIT */
/*
 * From a configuration to a bundle: what is read from a compiled tree, the
 * names that images get, the file that comes out (looked into with libfdt), and
 * what is said of a configuration that cannot be packed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>

#include "cli/bundle.h"
#include "cli/images.h"
#include "cli/text.h"
#include "cli/tree.h"
#include "tests/unit/cli_folder.h"

static char *path_of(const char *name)
{
	return text_format("%s/%s", cli_folder, name);
}

static void put_file(const char *name, const char *content)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(content, 1, strlen(content), file), strlen(content));
	assert_int_equal(fclose(file), 0);
}

/* The compiled tree of a source. */
static void compile(struct tree *tree, const char *source)
{
	char *command =
		text_format("dtc -q -Idts -Odtb -o %s %s", path_of("t.dtb"), path_of("t.dts"));

	put_file("t.dts", source);
	assert_int_equal(system(command), 0);
	tree_load(tree, path_of("t.dtb"), "t.dts");
	free(command);
}

static const char two_vms[] =
	"/dts-v1/;\n"
	"/ {\n"
	"	a {\n"
	"		memory-mib = <256>; cpus = <2>; kernel = \"debian\"; initrd = \"./x/y\";\n"
	"		root { image = \"sub/root.img\"; writable-mib = <32>; };\n"
	"	};\n"
	"	b {\n"
	"		memory-mib = <128>; cpus = <3>; harts = <1 5 2>; kernel = \"debian\";\n"
	"		initrd = \"image-1\";\n"
	"		root { image = \"sub/root.img\"; writable-mib = <16>; };\n"
	"		data { image = \"data.img\"; writable-mib = <1>; };\n"
	"	};\n"
	"};\n";

static void needs_add_up(void **state)
{
	struct tree tree;
	struct tree_needs needs;

	(void)state;
	compile(&tree, two_vms);
	needs = tree_needs(&tree);
	assert_int_equal(needs.vms, 2);
	assert_int_equal(needs.memory_mib, 256 + 32 + 128 + 16 + 1);
	assert_int_equal(needs.cpus, 5);
	assert_int_equal(needs.harts, 6);
	tree_free(&tree);
}

/* What is wrong there is Vesper's to say; here it must do no harm. */
static void needs_of_nonsense(void **state)
{
	struct tree tree;
	struct tree_needs needs;

	(void)state;
	compile(&tree,
		"/dts-v1/;\n/ { a { memory-mib; cpus = [01 02]; harts = <0xffffffff 128>; }; "
		"b { cpus = <0xffffffff>; memory-mib = <0xffffffff>; harts = \"\"; }; };\n");
	needs = tree_needs(&tree);
	assert_int_equal(needs.vms, 2);
	assert_int_equal(needs.memory_mib, 0xffffffff);
	assert_int_equal(needs.cpus, 0xffffffff);
	assert_int_equal(needs.harts, 0);
	tree_free(&tree);
}

static const char *string_at(const struct tree *tree, const char *path, const char *property)
{
	const int node = fdt_path_offset(tree->fdt, path);

	assert_true(node >= 0);
	return fdt_getprop(tree->fdt, node, property, NULL);
}

static void names_are_mapped(void **state)
{
	static const char *const want[][2] = {
		{"debian", "debian"},
		{"./x/y", "image-2"},
		{"sub/root.img", "image-3"},
		{"image-1", "image-4"},
		{"data.img", "data.img"},
	};
	struct images images;
	struct tree tree;

	(void)state;
	compile(&tree, two_vms);
	images_collect(&images, &tree);
	assert_int_equal(images.count, 5);
	for (size_t i = 0; i < images.count; i++) {
		assert_string_equal(images.list[i].name, want[i][0]);
		assert_string_equal(images.list[i].node, want[i][1]);
	}
	assert_string_equal(images.list[2].place, "t.dts: /a/root: image");
	assert_string_equal(string_at(&tree, "/a", "kernel"), "debian");
	assert_string_equal(string_at(&tree, "/a", "initrd"), "image-2");
	assert_string_equal(string_at(&tree, "/a/root", "image"), "image-3");
	assert_string_equal(string_at(&tree, "/b", "initrd"), "image-4");
	assert_string_equal(string_at(&tree, "/b/root", "image"), "image-3");
	assert_string_equal(string_at(&tree, "/b/data", "image"), "data.img");
	images_free(&images);
	tree_free(&tree);
}

/* Each name is shorter than the one it gets, until the tree has to grow, and grow again. */
static void many_names(void **state)
{
	enum { NAMES = 2000 };
	struct images images;
	struct tree tree;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fputs("/dts-v1/;\n/ {\n", out);
	for (int i = 0; i < NAMES; i++)
		fprintf(out, "n%d { kernel = \"%x/\"; };\n", i, i);
	fputs("};\n", out);
	fclose(out);
	compile(&tree, text);
	images_collect(&images, &tree);
	assert_int_equal(images.count, NAMES);
	assert_string_equal(string_at(&tree, "/n0", "kernel"), "image-1");
	assert_string_equal(string_at(&tree, "/n1999", "kernel"), "image-2000");
	images_free(&images);
	tree_free(&tree);
	free(text);
}

static void names_that_are_no_node(void **state)
{
	static const char *const names[] = {"config", "a b", "a@1", "\\303\\244", "a\\\"b", "/",
		"abcdefghijklmnopqrstuvwxyz012345"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *source = text_format("/dts-v1/;\n/ { a { kernel = \"%s\"; }; };\n", names[i]);
		struct images images;
		struct tree tree;

		compile(&tree, source);
		images_collect(&images, &tree);
		assert_int_equal(images.count, 1);
		assert_string_equal(images.list[0].node, "image-1");
		images_free(&images);
		tree_free(&tree);
		free(source);
	}
}

static void source_is_named(void **state)
{
	static const char *const cases[][2] = {
		{"vms.dts", "vms.dts"},
		{"some/where/vms.dts", "some/where/vms.dts"},
		{"\xc3\xa4.dts", "??.dts"},
		{"/a/very/long/path/that/would/take/the/room/that/an/error/line/has/vms.dts",
			"vms.dts"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tree tree;

		compile(&tree, two_vms);
		tree.file = cases[i][0];
		tree_set_source(&tree);
		assert_string_equal(string_at(&tree, "/", "source"), cases[i][1]);
		tree_free(&tree);
	}
}

/* ---- whole bundles ---- */

/* Runs `vesper bundle` on t.dts in a process of its own; returns its status, and in `said` its errors. */
static int run_bundle(const char *source, char *said, size_t size)
{
	const struct options options = {.files = {path_of("t.dts"), path_of("out.fit")}};
	int status;
	FILE *errors;
	pid_t child;

	put_file("t.dts", source);
	fflush(NULL);
	child = fork();
	if (!child) {
		freopen(path_of("errors"), "w", stderr);
		freopen("/dev/null", "w", stdout);
		exit(bundle(&options));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	errors = fopen(path_of("errors"), "r");
	assert_non_null(errors);
	said[fread(said, 1, size - 1, errors)] = 0;
	fclose(errors);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static uint32_t number(const void *fdt, int node, const char *property)
{
	const fdt32_t *value = fdt_getprop(fdt, node, property, NULL);

	assert_non_null(value);
	return fdt32_ld(value);
}

/* The component `name` of the FIT and its size. */
static const char *component(const char *fit, const char *name, size_t *size)
{
	const int node = fdt_subnode_offset(fit, fdt_path_offset(fit, "/images"), name);
	const size_t at =
		((size_t)fdt_totalsize(fit) + 3) / 4 * 4 + number(fit, node, "data-offset");

	assert_true(node >= 0);
	assert_int_equal(at % 4096, 0);
	*size = number(fit, node, "data-size");
	return fit + at;
}

static char *read_output(void)
{
	FILE *file = fopen(path_of("out.fit"), "r");
	char *data = calloc(1, 1 << 20);

	assert_non_null(file);
	assert_non_null(data);
	assert_true(fread(data, 1, 1 << 20, file) < 1 << 20);
	fclose(file);
	assert_int_equal(fdt_check_header(data), 0);
	return data;
}

static void bundle_holds_all(void **state)
{
	char said[512], *fit;
	const char *config, *data;
	size_t size;
	int node;

	(void)state;
	put_file("Image", "the kernel");
	assert_int_equal(mkdir(path_of("tree"), 0755), 0);
	put_file("tree/file", "in the root");
	assert_int_equal(
		run_bundle("/dts-v1/;\n/ { a { kernel = \"Image\"; initrd = \"tree/file\";\n"
			   "root { image = \"tree\"; }; }; };\n",
			said, sizeof(said)),
		0);
	assert_string_equal(said, "");
	fit = read_output();
	data = component(fit, "Image", &size);
	assert_int_equal(size, strlen("the kernel"));
	assert_memory_equal(data, "the kernel", size);
	data = component(fit, "image-2", &size);
	assert_memory_equal(data, "in the root", size);
	data = component(fit, "tree", &size);
	assert_true(size >= 4096);
	assert_memory_equal(data + 1024, "\xe2\xe1\xf5\xe0", 4); /* EROFS */

	config = component(fit, "config", &size);
	assert_int_equal(fdt_check_full(config, size), 0);
	node = fdt_path_offset(config, "/a");
	assert_string_equal(fdt_getprop(config, node, "initrd", NULL), "image-2");
	assert_non_null(strstr(fdt_getprop(config, 0, "source", NULL), "t.dts"));
	free(fit);
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *source, *said[2];
	} cases[] = {
		{"/dts-v1/;\n/ {\n\ta { kernel = \"Image\" };\n};\n", {"t.dts:3.", "syntax error"}},
		{"/dts-v1/;\n/ { a { x; }; a { y; }; };\n", {"t.dts:2.", "/a"}},
		{"/dts-v1/;\n/ { a { kernel = \"none\"; }; };\n",
			{"t.dts: /a: kernel = \"none\": there is no such file", "debian-root"}},
		{"/dts-v1/;\n/ { a { d { image = \"no/thing\"; }; }; };\n",
			{"t.dts: /a/d: image = \"no/thing\"", "no such file"}},
		{"/dts-v1/;\n/ { a { kernel = \"tree\"; }; };\n",
			{"t.dts: /a: kernel = \"tree\"", "must be a plain file\n"}},
		{"/dts-v1/;\n/ { a { d { image = \"/dev/null\"; }; }; };\n",
			{"t.dts: /a/d: image = \"/dev/null\"", "a plain file or a folder\n"}},
		{"/dts-v1/;\n/ { a { kernel = \"\"; }; };\n", {"t.dts: /a: kernel", "one string"}},
		{"/dts-v1/;\n/ { a { kernel; }; };\n", {"t.dts: /a: kernel", "one string"}},
		{"/dts-v1/;\n/ { a { initrd = <1>; }; };\n", {"t.dts: /a: initrd", "one string"}},
		{"/dts-v1/;\n/ { a { d { image = \"a\", \"b\"; }; }; };\n",
			{"t.dts: /a/d: image", "one string"}},
		{"", {"syntax error", "t.dts"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char said[2048];

		assert_int_equal(run_bundle(cases[i].source, said, sizeof(said)), 1);
		for (size_t j = 0; j < 2; j++)
			if (!strstr(said, cases[i].said[j]))
				fail_msg("\"%s\" is not in: %s", cases[i].said[j], said);
	}
}

/* A configuration that is its own output. */
static void configuration_is_not_overwritten(void **state)
{
	char said[512];

	(void)state;
	assert_int_equal(symlink(path_of("t.dts"), path_of("out.fit")), 0);
	assert_int_equal(run_bundle(two_vms, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "would be overwritten"));
	assert_int_equal(unlink(path_of("out.fit")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needs_add_up),
		cmocka_unit_test(needs_of_nonsense),
		cmocka_unit_test(names_are_mapped),
		cmocka_unit_test(many_names),
		cmocka_unit_test(names_that_are_no_node),
		cmocka_unit_test(source_is_named),
		cmocka_unit_test(configuration_is_not_overwritten),
		cmocka_unit_test(bundle_holds_all),
		cmocka_unit_test(what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, cli_folder_make, cli_folder_remove);
}
