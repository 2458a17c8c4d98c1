/* SPDX-License-Identifier: MIT */
#include "tests/unit/cli_folder.h"

#include <stdlib.h>

#include "cli/text.h"

char *cli_folder;

int cli_folder_make(void **state)
{
	char name[] = "/tmp/vesper-test-XXXXXX";

	(void)state;
	if (!mkdtemp(name))
		return -1;
	cli_folder = text_format("%s", name);
	return 0;
}

int cli_folder_remove(void **state)
{
	(void)state;
	return system(text_format("rm -r %s", cli_folder));
}

/* The many small strings that a command never frees. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
