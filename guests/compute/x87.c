/* SPDX-License-Identifier: MIT */
/* x87 additions, multiplications and divisions: the telescoping sum of 1 / (k (k + 1)). */
#include "common.h"

#define TERMS 1000
#define SCALE 1073741824 /* 2^30 */

/* The sum is TERMS / (TERMS + 1): no rounding error reaches the integer part of its SCALE-fold. */
#define SCALED_SUM ((uint32_t)((uint64_t)SCALE * TERMS / (TERMS + 1)))

static uint32_t telescope(void)
{
	long double sum = 0, k = 1;

	for (int term = 0; term < TERMS; term++) {
		sum += 1 / (k * (k + 1));
		k += 1;
	}
	return (uint32_t)(int32_t)(sum * SCALE);
}

const struct payload payload = { "x87", SCALED_SUM, NULL, telescope };
