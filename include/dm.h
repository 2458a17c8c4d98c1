/* SPDX-License-Identifier: MIT */
/*
 * The seam between the host (core/dm_host.c, or a scripted host in tests/sim)
 * and the device model (devices/), a static archive that knows no hart, lock,
 * page table or driver. Substitution is at link time.
 *
 * Ownership: the host gives `mem` once, the model never allocates; RAM
 * pointers are valid until dm_destroy() returns.
 * Errors: a guest's error has no code here. A read gives 0, a write is
 * ignored, a broken ring sets DEVICE_NEEDS_RESET.
 * Concurrency: calls on one dm never overlap, and host_* never calls dm_*.
 * Every entry but dm_run only records; what the UART receives is the exception,
 * a byte at a time.
 */
#ifndef VESPER_DM_H
#define VESPER_DM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/status.h"
#include "include/vm_spec.h"
#include "lib/addr.h"

struct dm;   /* the devices of one VM */
struct host; /* whatever the host keeps for one VM */

/* A piece of guest memory. The host checks it again before use. */
struct slice {
	gpa_t addr;
	uint32_t len; /* bytes */
};

/* ---- host -> device model ---- */

/* Bytes (4 KiB aligned) that dm_create() wants for `spec`, arenas included; 0: the spec is invalid.
 */
size_t dm_memory_needed(const struct vm_spec *spec);

/*
 * Builds the devices inside `mem` (size dm_memory_needed(), 4 KiB aligned,
 * contents undefined). `spec` must outlive the dm. ERR_INVALID: a device's image is not usable, or
 * the spec or the alignment is wrong; ERR_NO_SPACE: size is too small.
 */
MUST_CHECK enum status dm_create(
	void *mem, size_t size, const struct vm_spec *spec, struct host *host, struct dm **out);

/* size is 1, 2, 4 or 8 and the address is aligned to it. false: no device there (an access fault).
 */
MUST_CHECK bool dm_mmio_read(struct dm *dm, gpa_t addr, unsigned size, uint64_t *value);
MUST_CHECK bool dm_mmio_write(struct dm *dm, gpa_t addr, unsigned size, uint64_t value);

/* Port `port` may have data to receive or room to send. Spurious calls are fine. */
void dm_port_ready(struct dm *dm, unsigned port);

/* The time that host_alarm() named has come. Spurious calls are fine. */
void dm_alarm(struct dm *dm);

/* Does all pending work that fits a bound. true: call again. */
MUST_CHECK bool dm_run(struct dm *dm);

/* As at power-on: guest state is forgotten, requests in flight are dropped. What a file server keeps stays. */
void dm_reset(struct dm *dm);

/* No call may follow; `mem` is the host's again. */
void dm_destroy(struct dm *dm);

/* ---- device model -> host ---- */

/* The host's address of guest RAM [addr, addr+len); NULL unless all of it is RAM. */
void *host_ram(struct host *host, gpa_t addr, size_t len);

/* Drives the level of interrupt line `line` (GUEST_UART_IRQ, GUEST_RTC_IRQ, GUEST_VIRTIO_IRQ + device index). */
void host_irq(struct host *host, unsigned line, bool level);

/* Sends bytes from, or receives bytes into, guest memory; returns how many (0: not now). */
size_t host_send(struct host *host, unsigned port, const struct slice *slices, unsigned n);
size_t host_recv(struct host *host, unsigned port, const struct slice *slices, unsigned n);

/* The same from and into the model's own memory. */
size_t host_send_bytes(struct host *host, unsigned port, const void *data, size_t len);
size_t host_recv_bytes(struct host *host, unsigned port, void *data, size_t len);

/* Does the port have bytes to receive? They stay there. */
bool host_has_input(struct host *host, unsigned port);

/* Wall-clock time, nanoseconds since 1970-01-01 UTC. */
uint64_t host_time_ns(struct host *host);

/* Asks for one dm_alarm() once host_time_ns() has reached `time_ns`, in place of what was asked before; UINT64_MAX: none. */
void host_alarm(struct host *host, uint64_t time_ns);

enum dm_end {
	DM_POWER_OFF,
	DM_REBOOT,
};

/* The guest ends itself once the access that is going on is over. `status` is 0..255, 0 for well. */
void host_end(struct host *host, enum dm_end how, unsigned status);

enum dm_event {
	DM_RING_BROKEN, /* a: device index, b: queue index */
};

/* Tells the host that something worth a (rate-limited) line happened. */
void host_trace(struct host *host, enum dm_event event, uint64_t a, uint64_t b);

#endif
