/* SPDX-License-Identifier: MIT */
/* The seed generator: ChaCha20's published block, and outputs that never repeat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/random.c"

static void rfc8439_block(void **state)
{
	static const uint8_t nonce_and_counter[16] = {
		1, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0}; /* section 2.3.2 */
	static const uint32_t expected[16] = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
		0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214,
		0xa2028bd9, 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
	uint32_t key[8], tail[4], out[16];
	uint8_t bytes[32];

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		bytes[i] = i;
	memcpy(key, bytes, 32);
	memcpy(tail, nonce_and_counter, 16);
	chacha_block(key, tail, out);
	assert_memory_equal(out, expected, sizeof(out));
}

static void outputs_differ(void **state)
{
	struct random a = {{0}}, b = {{0}};
	uint8_t x[40], y[40];

	(void)state;
	random_bytes(&a, x, sizeof(x));
	random_bytes(&a, y, sizeof(y));
	assert_memory_not_equal(x, y, sizeof(x));
	random_bytes(&b, y, sizeof(y));
	assert_memory_equal(x, y, sizeof(x));
	random_stir(&b, 1);
	random_stir(&a, 1);
	random_bytes(&a, x, sizeof(x));
	random_bytes(&b, y, sizeof(y));
	assert_memory_not_equal(x, y, sizeof(x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8439_block),
		cmocka_unit_test(outputs_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
