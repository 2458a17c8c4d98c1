/* SPDX-License-Identifier: MIT */
/*
 * A VM's life: create, start, restart, end. Its RAM is given out in 2 MiB
 * blocks at the first touch, zeroed, and seen by Vesper through a window.
 *
 * A VM is created once and stays; each start gives it memory, each end takes all of that back. `lock` protects its
 * memory, its interrupt controller and its device model against its own vCPUs on other harts.
 */
#ifndef VESPER_CORE_VM_H
#define VESPER_CORE_VM_H

#include "backends/console.h"
#include "config/vm_layout.h"
#include "core/features.h"
#include "core/gstage.h"
#include "core/sched.h"
#include "core/vcpu.h"
#include "include/dm.h"
#include "irq/vaplic.h"
#include "irq/vplic.h"
#include "lib/log.h"
#include "lib/spinlock.h"

/* How long who works for a guest waits for its VM's lock before the vCPU goes behind others; some 10 us. */
#define VM_LOCK_TRIES 1000

enum vm_state {
	VM_STOPPED,
	VM_STARTING,
	VM_RUNNING,
	VM_ENDING, /* waits for its vCPUs to leave their harts */
};

/* What happens when the last vCPU has left. */
enum vm_end {
	VM_END_STOP,
	VM_END_REBOOT, /* started again; what its file servers keep stays */
	VM_END_CRASH,
	VM_END_KILL, /* by the user */
};

/* How far kernel, initrd and device tree are in RAM (vm_load.c). */
struct vm_loader {
	struct vm_layout layout;
	unsigned piece;
	uint64_t done; /* bytes of that piece */
};

struct vm {
	const struct vm_spec *spec;
	const struct features *features;
	struct vm *next; /* in the order of the configuration */
	unsigned index;

	enum vm_state state;
	enum vm_end end;
	bool killed;          /* the user wants its end, whatever else is going on */
	unsigned exit_status; /* of the last end; 0: well */
	unsigned starts;      /* how often it was started */
	uint64_t started;     /* host time of the last start */
	uint64_t not_before;  /* host time from which it may run */
	struct vm_loader loader;

	uint64_t alarm;      /* host time at which dm_alarm() is due; SCHED_NEVER */
	uint64_t time_delta; /* guest time = host time + time_delta */

	struct spinlock lock;
	struct spinlock memory_lock; /* of the G-stage and `populated` */
	struct gstage gstage;
	unsigned vmid;
	uint8_t *ram; /* window on [GUEST_RAM_BASE, +spec->memory) */
	/* Bit b: block b of the RAM is there, or somebody makes it so. */
	uint64_t *claimed;
	/* A word a block: where it is, in the window and in the G-stage, and in the low bits how many pins it has; 0: not there. */
	uint64_t *block;
	uint64_t n_claimed; /* blocks */
	uint64_t n_given;   /* blocks that the balloon gave away: they are not reserved */

	struct dm *dm;
	uint8_t *dm_memory; /* window; all of it there while the VM runs */
	bool dm_again;      /* the device model has more to do */
	uint32_t
		ready; /* bit p: port p is ready, and the device model was not told yet; by number */
	struct lent *
		finished; /* requests that are over, and the device model was not told yet; a stack */
	bool draining;    /* it has ended and waits for requests that are lent */
	uint64_t
		image_work; /* of this run of the device model: bytes that were copied from and to images */
	struct vm_release *release;       /* what the balloon gives back (vm_release.c) */
	uint64_t balloon_target, balloon; /* bytes; what its guest says of its memory: */
	uint64_t balloon_stats[DM_BALLOON_STATS];
	struct vm_port *port; /* of device i: [i] */
	struct console *console;

	bool aia;           /* APLIC and IMSICs (aia.c) instead of the PLIC */
	uint64_t plic_size; /* of its window; 0: it has none */
	struct vplic vplic;
	struct vaplic vaplic;

	struct sbi_vm sbi;
	struct sched_group group;
	unsigned n_vcpus;
	struct vcpu **vcpu;       /* spec->vcpus of them */
	unsigned n_on;            /* vCPUs that are not stopped */
	bool stale[VM_HARTS_MAX]; /* by hart index: it must fence before it runs the VM again */
	uint32_t
		last_vcpu[VM_HARTS_MAX]; /* by hart index: whose translations it may hold, ID + 1 */

	struct log_limit log_limit;
};

/* Host time at which the alarm clock of its VM rings at this vCPU: the first has it, the others none. */
static inline uint64_t vcpu_alarm(const struct vcpu *vcpu)
{
	return vcpu->id ? SCHED_NEVER : vcpu->vm->alarm;
}

/* The host's `time` when the guest's is `time`. What lies past the end of the host's never comes: SCHED_NEVER. */
static inline uint64_t vm_host_time(const struct vm *vm, uint64_t time)
{
	uint64_t host = time - vm->time_delta;

	return host < time ? SCHED_NEVER : host;
}

/* Builds the VM, stopped. Dies with a message when the machine has too little memory for it. */
struct vm *vm_create(const struct vm_spec *spec, const struct features *features);

/*
 * Once all are created: which harts may run which VM, as their specs say. Dies when a spec names a hart that is not there, or
 * when dedicated harts leave none for another VM.
 */
void vm_place(const struct machine *machine);

/* Dies with a message when there is not memory for all VMs that start at boot. */
void vm_check_memory(void);

/* vm_start() that dies with a message when the VM can't be started. */
void vm_start_at_boot(struct vm *vm);

/* The first of all; the others follow by `next`. */
struct vm *vm_first(void);

/* Starts a stopped one. ERR_BUSY: it is not stopped; ERR_NO_MEMORY. From any hart. */
MUST_CHECK enum status vm_start(struct vm *vm);

/*
 * Asks a running VM to end: its vCPUs leave their harts, and the last to leave does the rest. The first request counts, and
 * with a stopped VM nothing happens. `status` is 0..255, 0 for well.
 */
void vm_end(struct vm *vm, enum vm_end how, unsigned status);

/* The same with the lock held. */
void vm_end_locked(struct vm *vm, enum vm_end how, unsigned status);

/* Ends the VM of `vcpu` for an error of the guest that it cannot be told of. */
void vm_crash(struct vcpu *vcpu, const char *why);

/* ---- its vCPUs ---- */

/* Starts a stopped vCPU of a running VM (SBI HSM). */
bool vm_start_vcpu(struct vcpu *vcpu, uint64_t pc, uint64_t opaque);

/* The vCPU, not loaded, leaves for good. With the last one the VM ends; returns it when it is to be started again. */
struct vm *vm_vcpu_leaves(struct vcpu *vcpu);

/* And now the scheduler has let it go, too. */
void vm_vcpu_is_off(struct vcpu *vcpu);

/*
 * vCPU 0 of a VM that starts first does this, without being loaded: one step of what must be in memory. Each is short and
 * charged to the VM, so that nobody waits for a large kernel. true: it can enter the guest.
 */
bool vm_start_step(struct vm *vm);

/* Starts the VM again after vm_vcpu_leaves(). */
void vm_restart(struct vm *vm);

/* ---- memory ---- */

/* The hgatp.MODE with the fewest levels that has room for all of the VM; 0: this machine has none. */
uint64_t vm_gstage_mode(const struct vm *vm);

/* Puts memory behind a window, contents undefined. ERR_NO_MEMORY: nothing was taken. The other takes it back after hart_fence_all(). */
MUST_CHECK enum status vm_window_fill(uint8_t *window, uint64_t bytes);
void vm_window_hide(uint8_t *window, uint64_t bytes);
void vm_window_free(uint8_t *window, uint64_t bytes);

/* Zeroed memory that stays. NULL: too little. */
void *vm_table_create(uint64_t bytes);

/* Bytes that a start of the VM takes, its devices included. */
uint64_t vm_memory_needed(const struct vm *vm);

/* Reserves RAM, makes an empty G-stage, takes the devices' memory. ERR_NO_MEMORY: nothing was taken. */
MUST_CHECK enum status vm_memory_take(struct vm *vm);

/* Gives it back. None of its vCPUs is on a hart, and no lock is held. */
void vm_memory_release(struct vm *vm);

/*
 * The same but for what is needed at once again: fresh RAM is still reserved, the devices' memory stays. false: what the
 * guest gave away is not to be had again.
 */
MUST_CHECK bool vm_memory_renew(struct vm *vm);

enum vm_fill {
	VM_ZEROED,
	VM_UNDEFINED, /* the caller writes all of the block before the guest runs */
};

enum vm_populated {
	VM_NO_MEMORY, /* the guest gave the block away, and now there is none */
	VM_WAS_THERE,
	VM_IS_NEW,
};

/* Makes sure that the RAM block at `addr` (inside RAM) is there. */
enum vm_populated vm_populate(struct vm *vm, gpa_t addr, enum vm_fill fill);

/* Host address of guest RAM, good while the lock is held; NULL unless all of it is RAM. With the lock. */
void *vm_ram(struct vm *vm, gpa_t addr, uint64_t len);

/* The same, good until vm_unpin() of the same range: its blocks stay where they are. Both from any hart, without the lock, too. */
void *vm_pin(struct vm *vm, gpa_t addr, uint64_t len);
void vm_unpin(struct vm *vm, gpa_t addr, uint64_t len);

/* The physical address of pinned RAM; it goes on to the end of the 2 MiB block. */
hpa_t vm_pinned_hpa(const struct vm *vm, gpa_t addr);

/*
 * Takes the block at `addr`, which is whole and inside RAM, away from the guest, with the lock. NULL: it was not there, or is
 * pinned. The memory may be used again after hart_fence_all(), and then goes to vm_block_free().
 */
MUST_CHECK void *vm_block_take(struct vm *vm, gpa_t addr);

/* `give`: it is free for all; else it stays reserved for the VM. */
void vm_block_free(struct vm *vm, void *block, bool give);

/* The guest gives a block that it never touched. */
void vm_block_give(struct vm *vm);

/* Is the block at `addr` there? */
bool vm_block_is_there(const struct vm *vm, gpa_t addr);

/* The guest wants `n` blocks back that it gave. false: there are not so many now. */
MUST_CHECK bool vm_reclaim(struct vm *vm, uint64_t n);

/* Lets the device model work; what is left is done after the next guest entry. With the lock. */
void vm_run_devices(struct vm *vm);

/* The same after it was told which of its ports are ready and what of its requests is over. */
void vm_tell_devices(struct vm *vm);

/* Gives up the lock after either, and does what the device model asked for and what can't be done with a lock. */
void vm_unlock_devices(struct vm *vm);

/* Has one of its vCPUs look at what is ready. */
void vm_wake_for_devices(struct vm *vm);

/* Port `port` may have something for the device model, or room. From any hart, with any locks. */
void vm_ready(struct vm *vm, unsigned port);

/* Its balloon shall have so many bytes. false: it has none. */
bool vm_set_balloon(struct vm *vm, uint64_t bytes);

struct vm_port;
/* A request of the port is over and in vm->finished. From any hart; with the lock of any VM but no other. */
void vm_request_over(struct vm_port *port);

/* Takes VMs apart that ended before what they had lent came back. With no lock held, after an interrupt of our own. */
extern bool vm_drains;
static inline bool vm_drains_pending(void)
{
	return __atomic_load_n(&vm_drains, __ATOMIC_RELAXED);
}
void vm_drain_all(void);

/* Gives every vCPU what the PLIC says now. With the lock. */
void vm_update_external_irqs(struct vm *vm);

/* Bytes that its device model takes beside what the guest stores in its arenas. */
uint64_t vm_device_memory(const struct vm *vm);

/* `owner` is a VM whose console has input, or room: tells one of its vCPUs. */
void vm_console_ready(void *owner);

/* May a line about this guest's doings be printed now? */
bool vm_may_log(struct vm *vm);

#endif
