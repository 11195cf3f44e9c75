/* SPDX-License-Identifier: MIT */
/* Port I/O: a byte written to the serial port's scratch register and read back. */
#include <minikvm/abi.h>

#include "common.h"

#define COM1_SCRATCH (COM1_PORT + 7)
#define PAIRS 100u /* of one OUT and one IN each */
#define SUM (PAIRS * (PAIRS - 1) / 2)

static uint32_t echo(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < PAIRS; i++) {
		outb(COM1_SCRATCH, (uint8_t)i);
		sum += inb(COM1_SCRATCH);
	}
	return sum;
}

const struct payload payload = { "portio", SUM, NULL, echo };
