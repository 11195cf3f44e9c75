/* SPDX-License-Identifier: MIT */
#include "user.h"

int main(const char *arguments)
{
	(void)arguments;
	for (int i = 0; i <= 9; i++)
		printf(i < 9 ? "%d " : "%d\n", i);
	return 0;
}
