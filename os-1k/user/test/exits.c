/* SPDX-License-Identifier: MIT */
/* exits DIGIT: ends with that status. */
#include "../user.h"

int main(const char *digit)
{
	return *digit - '0';
}
