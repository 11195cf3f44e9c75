/* SPDX-License-Identifier: MIT */
/* The files: size in bytes and name. */
#include "user.h"

int main(const char *arguments)
{
	struct file_info info;

	(void)arguments;
	for (uint32_t index = 0; list(index, &info) == 0; index++)
		printf("%6u %s\n", info.bytes, info.name);
	return 0;
}
