/* SPDX-License-Identifier: MIT */
/* Sierpinski's triangle: x and y share no binary digit where Pascal's triangle is odd. */
#include "user.h"

#define ROWS 16

int main(const char *arguments)
{
	char line[2 * ROWS];
	uint32_t length;

	(void)arguments;
	for (uint32_t y = ROWS; y-- > 0;) {
		length = 0;
		while (length < y)
			line[length++] = ' ';
		for (uint32_t x = 0; x + y < ROWS; x++) {
			line[length++] = x & y ? ' ' : '*';
			line[length++] = ' ';
		}
		while (length && line[length - 1] == ' ')
			length--;
		line[length++] = '\n';
		write(line, length);
	}
	return 0;
}
