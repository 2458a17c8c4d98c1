/* SPDX-License-Identifier: MIT */
/*
 * FP and vector registers, with their CSRs, that must still be there after other
 * vCPUs and VMs ran. Each vCPU fills them with numbers that tell whose they are,
 * leaves them alone for a while with sstatus.FS and VS in one of their four
 * states, of which none may lose a register, and looks at all of them.
 *
 * tag= differs between the VMs; a number with another VM's tag would be a leak.
 */
#include "tests/guest/fpv.h"
#include "tests/guest/smp.h"

#define HARTS_MAX  8
#define ROUNDS_MIN 8             /* two with each state */
#define WHILE_MAX  (12 * SMP_MS) /* longer than a slice */
#define MAGIC      0x5ec7e7ul    /* the upper bits of each number */

#define STATE_CLEAN 2ul /* of FS and VS: off, initial, clean, dirty */
#define STATE_DIRTY 3ul
#define FS(state)   ((state) << 13)
#define VS(state)   ((state) << 9)

#define VTYPE_E8_M1 0ul

struct mine {
	struct fpv_fp fp, fp_now;
	uint64_t v[32 * FPV_VLENB_MAX / 8], v_now[32 * FPV_VLENB_MAX / 8];
	struct fpv_vector_csrs csrs, csrs_now;
} __attribute__((aligned(64)));

static struct mine mines[HARTS_MAX];
static uint64_t tag, vlenb; /* vlenb 0: no V */
static uint64_t ticks, rounds, preempted;
static struct smp_barrier line;

static void set_states(uint64_t state)
{
	csr_clear(sstatus, FS(3ul) | VS(3ul));
	csr_set(sstatus, FS(state) | (vlenb ? VS(state) : 0));
}

static uint64_t number(void)
{
	return MAGIC << 40 | tag << 36 | smp_self()->id << 32 | (smp_random() & 0xffffffff);
}

static size_t vector_words(void)
{
	return 32 * vlenb / 8;
}

/* ---- registers of somebody else ---- */

static void check_not_foreign(uint64_t value)
{
	if (value >> 40 == MAGIC)
		CHECK(value >> 36 & 15, tag, "a register with what another VM has left");
}

static void check_at_start(struct mine *mine)
{
	fpv_store_fp(&mine->fp_now);
	for (unsigned i = 0; i < 32; i++)
		check_not_foreign(mine->fp_now.f[i]);
	if (!vlenb)
		return;
	fpv_store_vector(mine->v_now, &mine->csrs_now);
	for (size_t i = 0; i < vector_words(); i++)
		check_not_foreign(mine->v_now[i]);
}

/* ---- one's own ---- */

static void fill(struct mine *mine)
{
	for (unsigned i = 0; i < 32; i++)
		mine->fp.f[i] = number();
	mine->fp.fcsr = smp_random() % 5 << 5 | (smp_random() & 31);
	fpv_load_fp(&mine->fp);
	if (!vlenb)
		return;
	for (size_t i = 0; i < vector_words(); i++)
		mine->v[i] = number();
	mine->csrs = (struct fpv_vector_csrs){
		.vl = 1 + smp_random() % vlenb,
		.vtype = VTYPE_E8_M1 | (smp_random() & 3) << 6 | smp_random() % 3 << 3,
		.vstart = smp_random() % vlenb,
		.vcsr = smp_random() & 7,
	};
	fpv_load_vector(mine->v, &mine->csrs);
	/* vl is bounded by vtype, and a hart may know fewer values of vstart. */
	mine->csrs.vl = csr_read(0xc20);
	mine->csrs.vstart = csr_read(0x008);
}

static void check_vector(struct mine *mine)
{
	fpv_store_vector(mine->v_now, &mine->csrs_now);
	CHECK(mine->csrs_now.vl, mine->csrs.vl, "vl");
	CHECK(mine->csrs_now.vtype, mine->csrs.vtype, "vtype");
	CHECK(mine->csrs_now.vstart, mine->csrs.vstart, "vstart");
	CHECK(mine->csrs_now.vcsr, mine->csrs.vcsr, "vcsr");
	for (size_t i = 0; i < vector_words(); i++)
		CHECK(mine->v_now[i], mine->v[i], "a vector register");
}

static void check(struct mine *mine)
{
	fpv_store_fp(&mine->fp_now);
	CHECK(mine->fp_now.fcsr, mine->fp.fcsr, "fcsr");
	for (unsigned i = 0; i < 32; i++)
		CHECK(mine->fp_now.f[i], mine->fp.f[i], "an FP register");
	if (vlenb)
		check_vector(mine);
}

/* Spins, or sleeps, so that others run meanwhile; counts when they did. */
static void pass_time(void)
{
	uint64_t start = guest_time(), last = start, rest = smp_random() % WHILE_MAX;

	if (smp_random() % 4 == 0) {
		csr_write(sie, SIP_STIP);
		CHECK(SBI(EID_TIME, 0, start + rest).error, 0, "set_timer");
		while (!(csr_read(sip) & SIP_STIP))
			__asm__ volatile("wfi");
		return;
	}
	while (last - start < rest) {
		uint64_t now = guest_time();

		if (now - last > SMP_MS / 2)
			smp_add(&preempted, 1);
		last = now;
	}
}

static void check_states(uint64_t state)
{
	uint64_t now = csr_read(sstatus);

	CHECK(now >> 13 & 3, state, "sstatus.FS");
	if (vlenb)
		CHECK(now >> 9 & 3, state, "sstatus.VS");
}

static void stress(void *arg)
{
	struct mine *mine = &mines[smp_self()->id];
	uint64_t start;

	(void)arg;
	set_states(STATE_CLEAN);
	check_at_start(mine);
	smp_barrier(&line);
	start = guest_time();
	for (uint64_t n = 0; n < ROUNDS_MIN || guest_time() - start < ticks; n++) {
		uint64_t state = n % 4;

		set_states(STATE_DIRTY);
		fill(mine);
		set_states(state);
		pass_time();
		check_states(state);
		set_states(STATE_CLEAN);
		check(mine);
		check(mine); /* the first look may not lose anything either */
		smp_add(&rounds, 1);
	}
}

static uint64_t find_vector(void)
{
	csr_set(sstatus, FS(STATE_DIRTY) | VS(STATE_DIRTY));
	struct outcome got = smp_try(fpv_vlenb, 0, 0);

	CHECK(got.cause == NO_TRAP || got.cause == CAUSE_ILLEGAL, true, "scause without V");
	CHECK(got.cause != NO_TRAP || got.value <= FPV_VLENB_MAX, true, "VLEN");
	return got.cause == NO_TRAP ? got.value : 0;
}

void guest_main(uint64_t hart, const void *device_tree)
{
	unsigned count = smp_begin(hart);

	CHECK(count <= HARTS_MAX, true, "the number of harts");
	tag = guest_option(device_tree, "tag=", 1);
	ticks = guest_option(device_tree, "seconds=", 2) * TICKS_PER_SECOND;
	line.n = count;
	vlenb = find_vector();
	smp_start_others(stress, NULL);
	stress(NULL);
	smp_join();
	print_line("sdsdsd", "VLEN ", 8 * vlenb, ", rounds ", rounds, ", preempted ", preempted);
	guest_pass();
}
