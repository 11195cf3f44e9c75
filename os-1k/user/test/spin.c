/* SPDX-License-Identifier: MIT */
/* spin LETTER: twenty times the letter, two ticks apart; never sleeps, never yields. */
#include "../user.h"

int main(const char *letter)
{
	for (int i = 0; i < 20; i++) {
		uint32_t start = uptime();

		putchar(*letter);
		while (uptime() - start < 2)
			;
	}
	return 0;
}
