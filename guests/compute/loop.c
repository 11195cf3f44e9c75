/* SPDX-License-Identifier: MIT */
/* Add, decrement, jump: three instructions in one basic block that repeats itself. */
#include "common.h"

#define ITERATIONS 100000u

static uint32_t add_threes(void)
{
	uint32_t sum = 0, left = ITERATIONS;

	__asm__ volatile("1:	add $3, %0\n\t"
			 "dec %1\n\t"
			 "jnz 1b"
			 : "+r"(sum), "+r"(left)
			 :
			 : "cc");
	return sum;
}

const struct payload payload = { "loop", 3 * ITERATIONS, NULL, add_threes };
