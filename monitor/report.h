/* SPDX-License-Identifier: MIT */
/*
 * The monitor's commands that only tell. They read what other harts change meanwhile without stopping them: each number
 * was true at some moment, not all of them at the same.
 */
#ifndef VESPER_MONITOR_REPORT_H
#define VESPER_MONITOR_REPORT_H

struct vm;

/* From now on idle time is counted. */
void report_init(void);

/* Of each VM its number, who is in front, who has something to say. */
void report_consoles(void);

/* Commands: `vm` is the one that was named; NULL: none was. */
void report_vms(struct vm *vm);
void report_vm(struct vm *vm);
void report_harts(struct vm *vm);
void report_memory(struct vm *vm);
void report_exits(struct vm *vm);
void report_log(struct vm *vm);

void report_disks(struct vm *none);
void report_networks(struct vm *none);

#endif
