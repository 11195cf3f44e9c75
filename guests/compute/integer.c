/* SPDX-License-Identifier: MIT */
/* Shifts and exclusive ors in one dependent chain: Marsaglia's 32-bit xorshift. */
#include "common.h"

#define STEPS 10000u
#define SEED 2463534242u
/* SEED times the STEPS-th power of the generator's 32 x 32 matrix over GF(2). */
#define STATE_AFTER_STEPS 0x4970ab92

static uint32_t xorshift(void)
{
	uint32_t x = SEED;

	OPAQUE(x);
	for (uint32_t step = 0; step < STEPS; step++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
	}
	return x;
}

const struct payload payload = { "integer", STATE_AFTER_STEPS, NULL, xorshift };
