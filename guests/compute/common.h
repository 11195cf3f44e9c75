/* SPDX-License-Identifier: MIT */
/*
 * A compute payload: the same object file runs as a Multiboot guest and, where
 * it needs no privilege, as a 32-bit Linux process (native.c). guest_main() runs
 * "n=ROUNDS" rounds of it (1 without the word) and prints one line:
 *
 *     NAME n=ROUNDS cycles=0xTSC checksum=0xSUM OK
 *     NAME n=ROUNDS FAILED: round R gave 0xX, not 0xY
 *
 * TSC spans these rounds alone, without set-up and a first round before them. A wrong result ends
 * the run with status 1.
 */
#ifndef COMPUTE_COMMON_H
#define COMPUTE_COMMON_H

#include "platform.h"
#include "text.h"

struct payload {
	const char *name;
	/* What every round must return: from a closed form, never from a run of this code. */
	uint32_t expected;
	void (*setup)(void); /* once, outside the measured time; may be NULL */
	uint32_t (*round)(void);
};

/* Each payload's file defines it. */
extern const struct payload payload;

/* Hides a value's origin from the compiler, which would else compute a whole round itself. */
#define OPAQUE(variable) __asm__ volatile("" : "+r"(variable))

#endif
