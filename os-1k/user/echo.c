/* SPDX-License-Identifier: MIT */
/* Each byte as it comes, until 'q' or the end of input. */
#include "user.h"

int main(const char *arguments)
{
	int c;

	(void)arguments;
	printf("Type; 'q' ends.\n");
	while ((c = getchar()) >= 0 && c != 'q')
		putchar(c);
	putchar('\n');
	return 0;
}
