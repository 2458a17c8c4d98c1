/* SPDX-License-Identifier: MIT */
/*
 * The user's way to Vesper itself: the keys after Ctrl-], and a command line
 * that has the terminal while no VM's console is in front. It runs in the
 * terminal's interrupt, or for a VM that asks over a socket, on one hart at a
 * time and with no lock held but the one that sees to that; it uses what core/
 * and backends/ offer to anyone, and nobody needs it.
 */
#ifndef VESPER_MONITOR_MONITOR_H
#define VESPER_MONITOR_MONITOR_H

/* Once, when the VMs and their consoles exist and the terminal has input. Says which key it is. */
void monitor_init(void);

/* A command from elsewhere than the terminal; what it prints goes to vsock_answer(). With no lock held. */
void monitor_command(char *line);

/* Back to the console that was in front before. */
void monitor_leave(void);

#endif
