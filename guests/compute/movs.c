/* SPDX-License-Identifier: MIT */
/* rep movsd: 64 KiB copied by one instruction. */
#include "common.h"

#define WORDS 16384u
#define COPIES 4u
#define SUM (COPIES * (1 + 1 + WORDS))

static uint32_t from[WORDS], to[WORDS];

static void fill(void)
{
	for (uint32_t i = 0; i < WORDS; i++)
		from[i] = i + 1;
}

/* Three words of each copy are looked at: the first, one inside, the last. */
static uint32_t copy(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < COPIES; i++) {
		const uint32_t inside = WORDS / 2 + i;
		uint32_t *destination = to, *source = from, left = WORDS;

		to[0] = to[inside] = to[WORDS - 1] = 0;
		__asm__ volatile("cld; rep movsl"
				 : "+D"(destination), "+S"(source), "+c"(left)
				 :
				 : "memory");
		sum += to[0] + (to[inside] - inside) + to[WORDS - 1] + left;
	}
	return sum;
}

const struct payload payload = { "movs", SUM, fill, copy };
