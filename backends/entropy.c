/* SPDX-License-Identifier: MIT */
/*
 * Each read draws a key of its own from the pool, which overwrites the pool's; the bytes come from that key, without the
 * lock. So a long read holds up nobody.
 */
#include "backends/entropy.h"

#include "lib/random.h"
#include "lib/spinlock.h"

static struct random pool;
static struct spinlock lock;

void entropy_add(const void *data, size_t len)
{
	spin_lock(&lock);
	random_seed(&pool, data, len);
	spin_unlock(&lock);
}

void entropy_read(void *out, size_t len)
{
	struct random own;

	spin_lock(&lock);
	random_bytes(&pool, (uint8_t *)own.key, sizeof(own.key));
	spin_unlock(&lock);
	random_bytes(&own, out, len);
}
