/* SPDX-License-Identifier: MIT */
#include "cli/parts.h"

#include <libgen.h>
#include <limits.h>
#include <unistd.h>

#include "cli/error.h"
#include "cli/text.h"

char *parts_path(const char *name)
{
	char self[PATH_MAX];
	const ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *path;

	if (length < 0)
		error_exit("/proc/self/exe cannot be read: is /proc mounted?");
	self[length] = 0;
	path = text_format("%s/%s", dirname(self), name);
	if (access(path, R_OK))
		error_exit("%s is missing: build it with `make`", path);
	return path;
}
