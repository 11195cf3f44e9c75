/* SPDX-License-Identifier: MIT */
#include "user.h"

int main(const char *arguments)
{
	(void)arguments;
	printf("1K OS: a kernel of about 1,000 lines for 32-bit x86, part of Mini-KVM\n"
	       "  protected mode, 4 MiB pages, kernel at 0x80000000, programs in ring 3\n");
	printf("  timer-driven round robin, system calls by int 0x80, ustar file system\n"
	       "  this is process %d\n",
	       getpid());
	return 0;
}
