/* SPDX-License-Identifier: MIT */
/* cat FILE: its bytes, to the console. */
#include "user.h"

int main(const char *name)
{
	char bytes[256];
	int fd = open(name, 0), count;

	if (fd < 0) {
		printf("cat: %s: no such file; ls shows the files\n", name);
		return 1;
	}
	while ((count = read(fd, bytes, sizeof(bytes))) > 0)
		write(bytes, (uint32_t)count);
	return 0;
}
