/* SPDX-License-Identifier: MIT */
/* The part of core/ that the monitor asks: three VMs that do what they are told at once, and two harts. */
#ifndef VESPER_TESTS_MONITOR_MOCK_H
#define VESPER_TESTS_MONITOR_MOCK_H

#include "core/hart.h"
#include "core/vm_ports.h"
#include "core/vm.h"

#define MOCK_VMS    3
#define MOCK_HARTS  2
#define MOCK_ANSWER 16384

extern struct vm mock_vm[MOCK_VMS];
extern struct vcpu mock_vcpu[MOCK_VMS][2];
extern struct hart mock_hart[MOCK_HARTS];
extern uint64_t mock_ns, mock_free;
extern struct vm_port mock_port[MOCK_VMS][VM_DEVICES_MAX];
extern struct block_info mock_disk[2]; /* of which there are mock_disks */
extern unsigned mock_disks;
extern struct nic_info mock_nic;
extern char mock_answer[MOCK_ANSWER]; /* all that vsock_answer() was told */
extern unsigned mock_readies[MOCK_VMS];

/* The last call of vm_start() or vm_end(): its name ("" for none), and whose. */
extern const char *mock_called;
extern const struct vm *mock_called_for;

/* Once: consoles "web", "db" and "build", the terminal, the monitor. */
void mock_init(void);

/* web and db run, build is stopped; web is in front. db has a device of each kind but file servers. */
void mock_reset(void);

#endif
