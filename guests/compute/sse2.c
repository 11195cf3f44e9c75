/* SPDX-License-Identifier: MIT */
/* SSE2: packed double and packed integer sums of squares, which must agree. */
#include "common.h"

#define TERMS 1000u /* even: two lanes */
#define SUM_OF_SQUARES (TERMS * (TERMS + 1) / 2 * (2 * TERMS + 1) / 3)

typedef double doubles __attribute__((vector_size(16)));
typedef uint32_t words __attribute__((vector_size(16)));

__attribute__((target("sse2"))) static uint32_t squares(void)
{
	doubles x = { 1, 2 }, sum = { 0, 0 };
	const doubles step = { 2, 2 };
	/* Squares by their differences: (i + 2)^2 - i^2 = 4 i + 4. */
	words square = { 1, 4 }, difference = { 8, 12 }, integer_sum = { 0, 0 };
	const words second_difference = { 8, 8 };

	for (uint32_t term = 0; term < TERMS; term += 2) {
		sum += x * x;
		x += step;
		integer_sum += square;
		square += difference;
		difference += second_difference;
	}
	if ((uint32_t)(int32_t)(sum[0] + sum[1]) != integer_sum[0] + integer_sum[1])
		return 0;
	return integer_sum[0] + integer_sum[1];
}

const struct payload payload = { "sse2", SUM_OF_SQUARES, NULL, squares };
