/* SPDX-License-Identifier: MIT */
/* The assembler finds the files by their path from the root (-I.). */
#include "cli/embedded.h"

#define EMBED(name, path)                                                            \
	__asm__(".pushsection .rodata\n" #name "_data: .incbin \"" path "\"\n" #name \
		"_data_end:\n"                                                       \
		".popsection\n");                                                    \
	extern const char name##_data[], name##_data_end[];                          \
	const struct embedded name = {name##_data, name##_data_end}

EMBED(embedded_gdb, "scripts/vesper-gdb.py");
