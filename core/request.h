/* SPDX-License-Identifier: MIT */
/*
 * Requests that a device model has lent: where the guest's pages are in the machine's memory, and what comes
 * back. One that needs more pieces than a record has room for is done a part after the other.
 */
#ifndef VESPER_CORE_REQUEST_H
#define VESPER_CORE_REQUEST_H

#include "include/block.h"
#include "include/dm.h"

struct vm;
struct vm_port;
struct lent;

/* Records of one port; the VM's lock protects it. */
struct request_pool {
	struct lent *free;
	bool refused; /* DM_BUSY was said since the last request came back */
};

/* false: too little memory. */
MUST_CHECK bool request_pool_create(struct request_pool *pool, bool disk);

/* host_submit() for the port of a disk, a network or a vsock. */
enum dm_answer request_submit(struct vm_port *port, struct dm_request *request);

/* Tells the device model of what is over. With the VM's lock. */
void request_take_finished(struct vm *vm);

/* A disk has room again: parts that found none go on. */
void request_disk_room(unsigned disk);

#endif
