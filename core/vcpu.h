/* SPDX-License-Identifier: MIT */
/*
 * A guest's hart. Its general registers are here while Vesper runs; its
 * VS-level CSRs are in the hart that it is loaded on (vcpu_switch.c), and here
 * while it is not. sbi/sbi_core.h declares what the SBI server may ask of it,
 * and vcpu_sbi.c implements that.
 */
#ifndef VESPER_CORE_VCPU_H
#define VESPER_CORE_VCPU_H

#include "core/csr.h"
#include "core/hart.h"
#include "core/insn.h"
#include "core/pmu.h"
#include "core/sched.h"
#include "lib/addr.h"
#include "lib/spinlock.h"
#include "include/abi/sbi.h"
#include "irq/vimsic.h"
#include "sbi/sbi_core.h"
#include "sbi/state.h"

struct vm;

/* What the last exit other than an ecall was; for the debugger and for messages. */
struct exit_info {
	uint64_t scause, sepc, stval, htval, htinst;
};

/* What an exit left to be done when it is over (trap.c). */
enum vcpu_request {
	VCPU_GOES_ON,
	VCPU_LOOK,                 /* at its events, and goes on */
	VCPU_RESCHEDULE,           /* another vCPU may have more right to the hart */
	VCPU_YIELD,                /* the guest waits for another vCPU */
	VCPU_WAIT,                 /* for an interrupt, after a WFI */
	VCPU_SUSPEND,              /* the same, as an SBI call */
	VCPU_SUSPEND_NONRETENTIVE, /* and goes on at resume_pc as after a start */
	VCPU_LOAD,                 /* its VM starts: vm_start_step() first */
	VCPU_LEAVE,                /* stops, or its VM ends */
};

/* What others ask of it; looked at when it is loaded and when its hart is kicked. */
enum vcpu_event {
	VCPU_EVENT_SOFTWARE = 1, /* a software interrupt */
	VCPU_EVENT_EXTERNAL = 2, /* its external interrupt has changed */
	VCPU_EVENT_FENCE = 4,    /* `fences` has some */
	VCPU_EVENT_DEVICES = 8,  /* the VM's ports are ready */
	VCPU_EVENT_LEAVE = 16,   /* its VM ends */
	VCPU_EVENT_SSE = 64,     /* a software event (SBI SSE) */
	VCPU_EVENT_ALARM = 32,   /* the time of its alarm has changed */
};

/* Why it left the guest. */
enum vcpu_exit {
	EXIT_ECALL,
	EXIT_MMIO,
	EXIT_RAM, /* first touch of a block */
	EXIT_WFI,
	EXIT_INSN,
	EXIT_CSR,
	EXIT_FP, /* FP or vector registers that another vCPU had */
	EXIT_TIMER,
	EXIT_IPI,
	EXIT_DEVICE,
	EXIT_OTHER,
	VCPU_EXITS,
};

#define VCPU_COUNTERS (VCPU_INSTRUCTIONS + 1)

extern const char *const vcpu_exit_name[VCPU_EXITS];

struct vcpu_stats {
	uint64_t exits[VCPU_EXITS];
};

/* The CSRs of a vCPU that is not loaded; vcpu_switch.c has the table. */
struct vcpu_csrs {
	uint64_t sepc, sstatus, hstatus;
	uint64_t vsstatus, vsie, vstvec, vsscratch, vsepc, vscause, vstval, vsatp;
	uint64_t hvip, senvcfg, scounteren;
	uint64_t vsiselect, hvictl; /* with AIA */
	uint64_t vstimecmp;         /* with Sstc */
	uint64_t ssp;               /* with Zicfiss */
};

/* Fences that other vCPUs asked for. */
#define VCPU_FENCES 4

struct vcpu_fences {
	struct spinlock lock;
	uint32_t posted, done; /* counted without end */
	unsigned n;            /* more than VCPU_FENCES: one of everything instead */
	struct vcpu_fence fence[VCPU_FENCES];
};

struct vcpu {
	uint64_t regs[32]; /* regs[0] takes what is loaded into x0; nothing reads it */
	uint64_t stack;    /* top of the stack of the hart that runs it */
	uint32_t request;  /* enum vcpu_request */
	enum vcpu_state state;
	struct vcpu_stats stats;
	struct vm *vm;
	uint64_t id;            /* hart ID in the guest */
	uint8_t ignored;        /* enum features_ignored */
	bool external;          /* its input from a PLIC; changed with the VM's lock */
	uint32_t events;        /* enum vcpu_event; set by anyone */
	struct hart *hart;      /* it is loaded there; NULL: its CSRs are in `csrs` */
	struct hart *last_hart; /* its CSRs are still as they are in `csrs` there */
	struct vcpu_csrs csrs;
	uint64_t henvcfg, hcounteren;
	struct vcpu_fences fences;
	struct sched_entity sched;

	struct vimsic_state
		imsic; /* with AIA: its interrupt file, but for what a hardware file holds */
	unsigned file; /* the hardware file that MSIs go to; 0: none; changed with the VM's lock */
	struct hart *file_hart; /* whose that is; NULL: it has none */

	void *fp;             /* FP and vector registers (fp.h) while they are in no hart */
	struct hart *fp_hart; /* there they are as in `fp`, or newer while it is loaded */

	uint64_t resume_pc, resume_opaque;
	uint64_t deadline;           /* without Sstc: the next timer event in host time; ~0: none */
	uint64_t steal_area, stolen; /* STA: GPA or ~0; ticks */
	gpa_t shared;                /* what vcpu_ram() pinned last */
	uint64_t shared_len;         /* bytes; 0: nothing */
	struct sbi_state sbi;
	uint64_t firmware_events[SBI_PMU_FW_HFENCE_GVMA_SENT]; /* how often; the later ones never */
	uint64_t counter
		[VCPU_COUNTERS]; /* used before it was loaded, less the hart's own at that time */

	struct pmu pmu;

	struct exit_info last_exit;
	struct insn last_insn; /* the last load or store that was emulated */
	uint64_t mmio_value;   /* what it read */
};

/* The numbers in trap_entry.S. */
_Static_assert(offsetof(struct vcpu, regs) == 0, "");
_Static_assert(offsetof(struct vcpu, stack) == 256, "");
_Static_assert(offsetof(struct vcpu, request) == 264, "");
_Static_assert(offsetof(struct vcpu, stats.exits[EXIT_ECALL]) == 272, "");

/* hcounteren without SBI PMU's doing */
#define HCOUNTEREN_GUEST (COUNTEREN_CY | COUNTEREN_TM | COUNTEREN_IR)

static inline struct vcpu *vcpu_of(struct sched_entity *e)
{
	return (struct vcpu *)((char *)e - offsetof(struct vcpu, sched));
}

/* ---- vcpu_switch.c ---- */

/*
 * The state of a hart that starts at `pc` with a0 = id, a1 = opaque, for a vCPU that is not loaded. At power-on what it
 * asked of SBI is forgotten, too; at the end of a non-retentive suspend it stays.
 */
void vcpu_power_on(struct vcpu *vcpu, uint64_t pc, uint64_t opaque);
void vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t opaque);

/* Puts the vCPU into this hart, or takes it out (its general registers are saved already). */
void vcpu_load(struct hart *hart, struct vcpu *vcpu);
void vcpu_unload(struct hart *hart, struct vcpu *vcpu);

/* ---- vcpu_event.c ---- */

/* Asks for it, from any hart: a loaded vCPU's hart is kicked, one that waits is woken if it would wake for it. */
void vcpu_post(struct vcpu *vcpu, enum vcpu_event event);

/* Does what was asked of the vCPU, which is loaded on this hart. */
void vcpu_take_events(struct vcpu *vcpu);

/* The fences among them alone. */
void vcpu_take_fences(struct vcpu *vcpu);

/* Drives the vCPU's external interrupt input, for a PLIC; with the VM's lock. */
void vcpu_set_external_irq(struct vcpu *vcpu, bool level);

/* The vCPU, loaded on this hart, looks at that input again. */
void vcpu_update_external_irq(const struct vcpu *vcpu);

/* Not loaded: is there an interrupt or an event for which it would wake? */
bool vcpu_has_work(const struct vcpu *vcpu);

/* Not loaded: the host time at which its own timer would wake it; SCHED_NEVER. */
uint64_t vcpu_wake_time(const struct vcpu *vcpu);

/* The alarm, or without Sstc its deadline, may have come; it is loaded. */
void vcpu_timers_expired(struct vcpu *vcpu);

/* Lets the VM's devices work, on behalf of this vCPU. */
void vcpu_run_devices(struct vcpu *vcpu);

/* ---- vcpu_wait.c ---- */

/* Takes a vCPU that has a request out of this hart. */
struct vcpu_leaving vcpu_leave(struct vcpu *vcpu);

/* It was chosen to run: false: what it waits for is not there, and it leaves again as *leaving says. */
bool vcpu_resume(struct vcpu *vcpu, struct vcpu_leaving *leaving);

/* Does WFI wait in the guest, or come to us? */
void vcpu_set_wfi(struct vcpu *vcpu);

/* ---- vcpu.c ---- */

/* Makes the guest take exception `cause` at the instruction that is trapped on. */
void vcpu_inject(struct vcpu *vcpu, uint64_t cause, uint64_t tval);

/* Goes on after the trapped instruction of `length` bytes. */
static inline void vcpu_skip(uint64_t length)
{
	csr_write(sepc, csr_read(sepc) + length);
}

#endif
