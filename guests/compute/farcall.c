/* SPDX-License-Identifier: MIT */
/* Far calls and segment register loads: each reads and checks a descriptor. */
#include "common.h"

#define CALLS 1000u

__asm__(".pushsection .text\n"
	"farcall_target:\n\t"
	"inc %eax\n\t"
	"lret\n"
	".popsection");

void farcall_target(void);

static uint32_t call_far(void)
{
	uint32_t calls = 0, loads = 0;
	uint16_t code_selector;
	struct {
		uint32_t offset;
		uint16_t selector;
	} __attribute__((packed)) target;

	__asm__("mov %%cs, %0" : "=r"(code_selector));
	target.offset = (uint32_t)farcall_target;
	target.selector = code_selector;
	for (uint32_t i = 0; i < CALLS; i++) {
		__asm__ volatile("lcall *%1" : "+a"(calls) : "m"(target) : "cc", "memory");
		__asm__ volatile("mov %%ds, %%ecx\n\t"
				 "mov %%ecx, %%es\n\t"
				 "mov %%ecx, %%fs\n\t"
				 "add $2, %0"
				 : "+r"(loads)
				 :
				 : "ecx", "cc", "memory");
	}
	return calls + loads;
}

const struct payload payload = { "farcall", CALLS + 2 * CALLS, NULL, call_far };
