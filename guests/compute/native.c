/* SPDX-License-Identifier: MIT */
/* Platform of a guest that runs as a 32-bit Linux process, without a C library. */
#include "platform.h"

/* arch/x86/entry/syscalls/syscall_32.tbl */
#define SYS_EXIT 1
#define SYS_WRITE 4
#define STDOUT 1

static int32_t system_call(uint32_t number, uint32_t a, uint32_t b, uint32_t c)
{
	int32_t result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory");
	return result;
}

void platform_write(const char *text, size_t bytes)
{
	while (bytes) {
		int32_t written = system_call(SYS_WRITE, STDOUT, (uint32_t)text, bytes);

		if (written <= 0)
			system_call(SYS_EXIT, 3, 0, 0);
		text += written;
		bytes -= (size_t)written;
	}
}

/* stack: argc, argv[0], argv[1], ... as the kernel leaves them. */
_Noreturn __attribute__((used)) static void native_main(const uint32_t *stack)
{
	const char *argument = stack[0] > 1 ? (const char *)stack[2] : "";

	system_call(SYS_EXIT, (uint32_t)guest_main(argument), 0, 0);
	__builtin_unreachable();
}

__attribute__((naked)) void _start(void);
__attribute__((naked)) void _start(void)
{
	__asm__("mov %esp, %eax\n\t"
		"and $-16, %esp\n\t"
		"sub $12, %esp\n\t"
		"push %eax\n\t"
		"call native_main");
}
