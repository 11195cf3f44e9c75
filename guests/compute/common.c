/* SPDX-License-Identifier: MIT */
/* The rounds of a payload, their check and the line that reports them. */
#include "common.h"

/* The tests build with another value, to see that a wrong result is found. */
#ifndef CORRUPTION
#define CORRUPTION 0
#endif

static void put_failure(struct text *line, uint32_t round, uint32_t result, uint32_t expected)
{
	put(line, " FAILED: round ");
	put_decimal(line, round);
	put(line, " gave 0x");
	put_hex(line, result);
	put(line, ", not 0x");
	put_hex(line, expected);
}

int guest_main(const char *arguments)
{
	const char *number = find_argument(arguments, "n=");
	const uint32_t rounds = number ? parse_number(number) : 1;
	const uint32_t expected = payload.expected + CORRUPTION;
	uint32_t checksum = 0, result, round;
	uint64_t cycles;
	struct text line = { .length = 0 };

	if (payload.setup)
		payload.setup();
	/* Round 0 is not timed: memory is touched for the first time, code translated. */
	result = payload.round();
	cycles = rdtsc();
	for (round = 0; round < rounds && result == expected; round++) {
		result = payload.round();
		checksum = (checksum << 5 | checksum >> 27) ^ result;
	}
	cycles = rdtsc() - cycles;

	put(&line, payload.name);
	put(&line, " n=");
	put_decimal(&line, rounds);
	if (!rounds) {
		put(&line, " FAILED: n=ROUNDS must be a number from 1 to 4294967295");
	} else if (result != expected) {
		put_failure(&line, round, result, expected);
	} else {
		put(&line, " cycles=0x");
		put_hex(&line, cycles);
		put(&line, " checksum=0x");
		put_hex(&line, checksum);
		put(&line, " OK");
	}
	put(&line, "\n");
	flush(&line);
	return rounds && result == expected ? 0 : 1;
}
