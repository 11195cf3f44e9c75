/* SPDX-License-Identifier: MIT */
/* 64-bit by 32-bit division, each waiting for the one before: Fermat's little theorem. */
#include "common.h"

#define PRIME 4294967291u /* the largest below 2^32 */
#define FIRST_BASE 2u
#define LAST_BASE 17u

/* a * b mod PRIME for a, b < PRIME; the quotient fits, so DIV cannot fault. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t low, high, quotient, rest;

	__asm__ volatile("mull %3" : "=a"(low), "=d"(high) : "0"(a), "r"(b) : "cc");
	__asm__ volatile("divl %4"
			 : "=a"(quotient), "=d"(rest)
			 : "0"(low), "1"(high), "r"(PRIME)
			 : "cc");
	return rest;
}

/* base^(PRIME - 1) mod PRIME is 1 for each base. */
static uint32_t fermat(void)
{
	uint32_t sum = 0;

	for (uint32_t base = FIRST_BASE; base <= LAST_BASE; base++) {
		uint32_t result = 1, square = base;

		for (uint32_t exponent = PRIME - 1; exponent; exponent >>= 1) {
			if (exponent & 1)
				result = multiply(result, square);
			square = multiply(square, square);
		}
		sum += result;
	}
	return sum;
}

const struct payload payload = { "division", LAST_BASE - FIRST_BASE + 1, NULL, fermat };
