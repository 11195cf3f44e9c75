/* SPDX-License-Identifier: MIT */
#include "user.h"

int main(const char *arguments)
{
	(void)arguments;
	for (int a = 0, b = 1, sum; a <= 89; a = b, b = sum) {
		sum = a + b;
		printf(a < 89 ? "%d " : "%d\n", a);
	}
	return 0;
}
