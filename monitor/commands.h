/* SPDX-License-Identifier: MIT */
/* The monitor's commands: one table. */
#ifndef VESPER_MONITOR_COMMANDS_H
#define VESPER_MONITOR_COMMANDS_H

/* Runs the command that is in `line`, which it takes apart; an empty one is none. */
void commands_run(char *line);

#endif
