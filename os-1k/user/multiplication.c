/* SPDX-License-Identifier: MIT */
#include "user.h"

int main(const char *arguments)
{
	(void)arguments;
	for (int a = 2; a <= 9; a++)
		for (int b = 1; b <= 9; b++)
			printf("%d x %d = %d\n", a, b, a * b);
	return 0;
}
