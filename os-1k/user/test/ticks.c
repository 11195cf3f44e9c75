/* SPDX-License-Identifier: MIT */
/* A mark on a tick and one 1,000 ticks later: 10 s apart, says whoever watches from outside. */
#include "../user.h"

static void wait_until(uint32_t tick)
{
	while ((int32_t)(uptime() - tick) < 0)
		;
}

int main(const char *arguments)
{
	uint32_t start = uptime() + 1;

	(void)arguments;
	wait_until(start);
	putchar('<');
	wait_until(start + 1000);
	putchar('>');
	putchar('\n');
	return 0;
}
