/* SPDX-License-Identifier: MIT */
/* System calls with good and with bad arguments; says which result was not the expected one. */
#include "../user.h"

#define KERNEL_TEXT ((char *)0x80100000)
#define UNMAPPED ((char *)0x00600000)
#define STACK_END 0x00800000

static int check(const char *what, int got, int want)
{
	if (got == want)
		return 0;
	printf("calls: %s: %d, not %d\n", what, got, want);
	return 1;
}

static int bad_pointers(void)
{
	int bad = 0;

	bad += check("write kernel", write(KERNEL_TEXT, 4), -1);
	bad += check("write unmapped", write(UNMAPPED, 1), -1);
	bad += check("write across the end", write((char *)STACK_END - 2, 4), -1);
	bad += check("write wrapping", write((char *)STACK_END - 2, 0xffffffff), -1);
	bad += check("write nothing", write(UNMAPPED, 0), 0);
	bad += check("spawn kernel", spawn(KERNEL_TEXT), -1);
	bad += check("wait unmapped", wait(WAIT_ANY, (int *)UNMAPPED), -1);
	bad += check("open unmapped", open(UNMAPPED, 0), -1);
	bad += check("list into kernel", list(0, (struct file_info *)KERNEL_TEXT), -1);
	return bad;
}

static int bad_numbers(void)
{
	char byte;
	int bad = 0, status, result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(99) : "memory");
	bad += check("call 99", result, -1);
	bad += check("read closed", read(0, &byte, 1), -1);
	bad += check("read fd 4", read(4, &byte, 1), -1);
	bad += check("read fd -1", read(-1, &byte, 1), -1);
	bad += check("wait stranger", wait(1, &status), -1);
	bad += check("wait any, no child", wait(WAIT_ANY, &status), -1);
	bad += check("spawn nothing", spawn(""), -1);
	bad += check("spawn text", spawn("readme.txt"), -1);
	bad += check("open missing", open("missing", 0), -1);
	return bad;
}

static int good(void)
{
	char bytes[8];
	int fd = open("readme.txt", 0), bad = 0, status = -1, pid;

	bad += check("open", fd, 0);
	bad += check("read", read(fd, bytes, 4), 4);
	bad += check("read text", memcmp(bytes, "This", 4), 0);
	bad += check("write file", write_file(fd, "!", 1), 1);
	pid = spawn("exits 7");
	bad += check("wait", wait(pid, &status), pid);
	bad += check("status", status, 7);
	bad += check("yield", yield(), 0);
	return bad;
}

int main(const char *arguments)
{
	(void)arguments;
	if (bad_pointers() + bad_numbers() + good())
		return 1;
	printf("calls: OK\n");
	return 0;
}
