/* SPDX-License-Identifier: MIT */
/* 16-bit real mode: built-in arguments, debug console, interrupt vector table. */
#include <minikvm/abi.h>

#include "bare.h"

/* A flat image has no command line. */
#ifndef ARGUMENTS
#define ARGUMENTS ""
#endif

void qemu_putchar(uint8_t byte)
{
	outb(DEBUGCON_PORT, byte);
}

void set_vector(uint8_t vector, void (*handler)(void))
{
	const uint32_t entry = (uint32_t)(uintptr_t)handler; /* segment 0 */

	__asm__ volatile("movl %1, (%0)" : : "r"(4u * vector), "r"(entry) : "memory");
}

_Noreturn __attribute__((used)) void real_main(void);
_Noreturn void real_main(void)
{
	run_guest(ARGUMENTS);
}
