/* SPDX-License-Identifier: MIT */
/* Marks on fifty ticks, and on those 1,000 ticks later: who watches sees whether it was 10 s. */
#include "../user.h"

#define MARKS 50

static void mark_ticks(uint32_t first)
{
	for (uint32_t tick = first; tick < first + MARKS; tick++) {
		while ((int32_t)(uptime() - tick) < 0)
			;
		putchar('.');
	}
}

int main(const char *arguments)
{
	uint32_t start = uptime() + 1;

	(void)arguments;
	mark_ticks(start);
	mark_ticks(start + 1000);
	return 0;
}
