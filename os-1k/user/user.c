/* SPDX-License-Identifier: MIT */
/* System calls and printf, for programs. */
#include "user.h"

static int syscall(uint32_t number, uint32_t a, uint32_t b, uint32_t c)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory");
	return result;
}

void exit(int status)
{
	for (;;)
		syscall(SYS_EXIT, (uint32_t)status, 0, 0);
}

int putchar(int byte)
{
	return syscall(SYS_PUTCHAR, (uint32_t)byte, 0, 0);
}

int getchar(void)
{
	return syscall(SYS_GETCHAR, 0, 0, 0);
}

int write(const char *bytes, uint32_t count)
{
	return syscall(SYS_WRITE, (uintptr_t)bytes, count, 0);
}

int spawn(const char *command)
{
	return syscall(SYS_SPAWN, (uintptr_t)command, 0, 0);
}

int wait(int pid, int *status)
{
	return syscall(SYS_WAIT, (uint32_t)pid, (uintptr_t)status, 0);
}

int yield(void)
{
	return syscall(SYS_YIELD, 0, 0, 0);
}

int getpid(void)
{
	return syscall(SYS_GETPID, 0, 0, 0);
}

uint32_t uptime(void)
{
	return (uint32_t)syscall(SYS_UPTIME, 0, 0, 0);
}

int open(const char *name, int flags)
{
	return syscall(SYS_OPEN, (uintptr_t)name, (uint32_t)flags, 0);
}

int read(int fd, void *bytes, uint32_t count)
{
	return syscall(SYS_READ, (uint32_t)fd, (uintptr_t)bytes, count);
}

int write_file(int fd, const void *bytes, uint32_t count)
{
	return syscall(SYS_WRITE_FILE, (uint32_t)fd, (uintptr_t)bytes, count);
}

int list(uint32_t index, struct file_info *info)
{
	return syscall(SYS_LIST, index, (uintptr_t)info, 0);
}

struct text {
	char bytes[255];
	uint32_t count;
};

static void put(void *context, char c)
{
	struct text *text = context;

	if (text->count < sizeof(text->bytes))
		text->bytes[text->count++] = c;
}

void printf(const char *format_text, ...)
{
	struct text text = { .count = 0 };
	va_list args;

	va_start(args, format_text);
	format(put, &text, format_text, args);
	va_end(args);
	write(text.bytes, text.count);
}
