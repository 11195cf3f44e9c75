/* SPDX-License-Identifier: MIT */
/* Code that rewrites its next instruction: what a translator must notice each time. */
#include "common.h"

#define REWRITES 100u
#define SUM (REWRITES * (REWRITES - 1) / 2)

/* mov $IMMEDIATE, %eax; ret: in a section that may be written and executed. */
__asm__(".pushsection .selfmod, \"awx\", @progbits\n"
	"selfmod_function:\n\t"
	".byte 0xb8\n"
	"selfmod_immediate:\n\t"
	".long 0\n\t"
	"ret\n"
	".popsection");

uint32_t selfmod_function(void);
extern volatile uint32_t selfmod_immediate;

static uint32_t rewrite(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < REWRITES; i++) {
		selfmod_immediate = i;
		sum += selfmod_function();
	}
	return sum;
}

const struct payload payload = { "selfmod", SUM, NULL, rewrite };
