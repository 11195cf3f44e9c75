/* SPDX-License-Identifier: MIT */
/* Sieve of Eratosthenes: byte stores with growing strides, well-predicted branches. */
#include "common.h"

#define LIMIT 16384u
#define PRIMES_BELOW_LIMIT 1900

static volatile uint8_t composite[LIMIT];

static uint32_t count_primes(void)
{
	uint32_t primes = 0;

	for (uint32_t i = 0; i < LIMIT; i++)
		composite[i] = 0;
	for (uint32_t i = 2; i < LIMIT; i++) {
		if (composite[i])
			continue;
		primes++;
		for (uint32_t multiple = i * i; multiple < LIMIT; multiple += i)
			composite[multiple] = 1;
	}
	return primes;
}

const struct payload payload = { "sieve", PRIMES_BELOW_LIMIT, NULL, count_primes };
