/* SPDX-License-Identifier: MIT */
/* int and iret: the processor's way through the IDT and back, with no device and no exit. */
#include "common.h"

#define INTERRUPTS 1000u
#define VECTOR 0x40

__asm__(".pushsection .text\n"
	"interrupt_handler:\n\t"
	"inc %eax\n\t"
	"iret\n"
	".popsection");

void interrupt_handler(void);

static void install(void)
{
	set_vector(VECTOR, interrupt_handler);
}

static uint32_t interrupts(void)
{
	uint32_t handled = 0;

	for (uint32_t i = 0; i < INTERRUPTS; i++)
		__asm__ volatile("int %1" : "+a"(handled) : "i"(VECTOR) : "cc", "memory");
	return handled;
}

const struct payload payload = { "interrupt", INTERRUPTS, install, interrupts };
