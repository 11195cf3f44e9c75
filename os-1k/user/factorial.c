/* SPDX-License-Identifier: MIT */
/* 12! is the last one that 32 bits hold. */
#include "user.h"

int main(const char *arguments)
{
	uint32_t product = 1;

	(void)arguments;
	for (uint32_t n = 0; n <= 12; n++) {
		product *= n ? n : 1;
		printf("%u! = %u\n", n, product);
	}
	return 0;
}
