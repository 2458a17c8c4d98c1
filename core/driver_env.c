/* SPDX-License-Identifier: MIT */
/*
 * What drivers ask for, answered by the rest of core/. The second's tick costs
 * nothing while no driver has a request in flight: nobody wakes for it then.
 */
#include "core/driver_env.h"

#include <string.h>

#include "core/clock.h"
#include "core/csr.h"
#include "core/host_irq.h"
#include "core/page.h"
#include "lib/log.h"

struct ticker {
	bool (*tick)(void *owner);
	void *owner;
};

struct callee {
	void (*call)(void *owner);
	void *owner;
};

static struct spinlock callees_lock; /* of these two; who asks whether there are any has none */
static struct callee callees[DRIVER_AGAIN_MAX];
unsigned driver_env_callees;

static struct ticker tickers[DRIVER_TICKS_MAX]; /* filled at boot */
static unsigned n_tickers;
static uint64_t second; /* in units of `time` */
uint64_t driver_env_due = UINT64_MAX;

void driver_env_init(uint64_t timebase_hz)
{
	second = timebase_hz;
}

void driver_map(uint64_t base, uint64_t size)
{
	own_map_device(base, size);
}

void *driver_pages(unsigned n)
{
	void *block;

	if (n <= 2)
		return page_alloc(n);
	if (n <= 4)
		return page_alloc(4);
	block = n <= BLOCK_SIZE / PAGE_SIZE ? page_alloc_block() : NULL;
	if (block)
		memset(block, 0, BLOCK_SIZE);
	return block;
}

bool driver_irq(unsigned source, bool rising_edge, void (*handler)(void *owner), void *owner)
{
	return host_irq_wire(source, rising_edge, handler, owner);
}

bool driver_msi(void (*handler)(void *owner), void *owner, struct driver_msi *out)
{
	return host_irq_message(handler, owner, out);
}

uint64_t driver_time_ns(void)
{
	return clock_now_ns();
}

/* ---- the tick ---- */

bool driver_every_second(bool (*tick)(void *owner), void *owner)
{
	if (n_tickers == DRIVER_TICKS_MAX)
		return false;
	tickers[n_tickers++] = (struct ticker){tick, owner};
	return true;
}

static bool change_due(uint64_t from, uint64_t to)
{
	return __atomic_compare_exchange_n(
		&driver_env_due, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* The hart that asks first sets its own timer; the others do when they next look. */
void driver_watch(void)
{
	if (driver_env_next() == UINT64_MAX && change_due(UINT64_MAX, csr_read(time) + second))
		hart_kick(hart_self()->index);
}

void driver_env_tick(uint64_t now)
{
	uint64_t due = driver_env_next();
	bool again = false;

	/* One of the harts that find it due does it. Who asks from now on counts. */
	if (now < due || !change_due(due, UINT64_MAX))
		return;
	for (unsigned i = 0; i < n_tickers; i++)
		again |= tickers[i].tick(tickers[i].owner);
	if (again)
		change_due(UINT64_MAX, now + second);
}

/* ---- called again ---- */

void driver_again(void (*call)(void *owner), void *owner)
{
	unsigned i = 0;

	spin_lock(&callees_lock);
	while (i < driver_env_callees && (callees[i].call != call || callees[i].owner != owner))
		i++;
	ASSERT(i < DRIVER_AGAIN_MAX);
	callees[i] = (struct callee){call, owner};
	if (i == driver_env_callees)
		__atomic_store_n(&driver_env_callees, i + 1, __ATOMIC_RELAXED);
	spin_unlock(&callees_lock);
	hart_kick(hart_self()->index);
}

void driver_env_again(void)
{
	struct callee now[DRIVER_AGAIN_MAX];

	spin_lock(&callees_lock);
	unsigned n = driver_env_callees;

	memcpy(now, callees, n * sizeof(now[0]));
	__atomic_store_n(&driver_env_callees, 0, __ATOMIC_RELAXED);
	spin_unlock(&callees_lock);
	for (unsigned i = 0; i < n; i++)
		now[i].call(now[i].owner);
}
