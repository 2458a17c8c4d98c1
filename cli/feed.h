/* SPDX-License-Identifier: MIT */
/*
 * Standard input that is no terminal becomes what a user types at the VM's
 * console. Feeding begins when Vesper says that it starts the VM, because
 * firmware that sets up the UART loses what is in it. The end of the input
 * becomes the Ctrl-D that ends a shell's input.
 */
#ifndef VESPER_CLI_FEED_H
#define VESPER_CLI_FEED_H

/*
 * Writes what comes from the console to standard output, until its end, and standard input to the
 * console. 0, or the errno why standard output takes no more.
 */
int feed(int to_console, int from_console);

#endif
