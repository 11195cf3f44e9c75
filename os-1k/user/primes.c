/* SPDX-License-Identifier: MIT */
/* The sieve of Eratosthenes. */
#include <stdbool.h>

#include "user.h"

#define LIMIT 100

int main(const char *arguments)
{
	bool composite[LIMIT + 1] = { false };
	const char *separator = "";

	(void)arguments;
	for (int n = 2; n <= LIMIT; n++) {
		if (composite[n])
			continue;
		printf("%s%d", separator, n);
		separator = " ";
		for (int multiple = n * n; multiple <= LIMIT; multiple += n)
			composite[multiple] = true;
	}
	putchar('\n');
	return 0;
}
