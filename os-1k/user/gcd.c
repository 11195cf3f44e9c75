/* SPDX-License-Identifier: MIT */
/* Euclid's algorithm, step by step. */
#include "user.h"

static const uint32_t pairs[][2] = { { 48, 18 }, { 1071, 462 }, { 17, 5 }, { 1000000, 4096 } };

int main(const char *arguments)
{
	(void)arguments;
	for (uint32_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		uint32_t a = pairs[i][0], b = pairs[i][1];

		printf("gcd(%u, %u)", a, b);
		while (b) {
			uint32_t rest = a % b;

			a = b;
			b = rest;
			printf(b ? " = gcd(%u, %u)" : " = %u\n", a, b);
		}
	}
	return 0;
}
