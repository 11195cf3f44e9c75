/* SPDX-License-Identifier: MIT */
/*
 * Prints the digits 0 to 9 and sleeps TICKS ticks after each: 10 * (1 + 145) exits, then one to
 * leave. At the default period of 10 ms that is 1.45 s a digit.
 */
#include PLATFORM

#define TICKS 145

	START
	ENABLE_TICKS
	movb	$'0', %bl
digit:	PUTCHAR
	movw	$TICKS, %cx
tick:	WAIT_TICK
	loop	tick
	incb	%bl
	cmpb	$'9', %bl
	jbe	digit
	EXIT
