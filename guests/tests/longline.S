/* SPDX-License-Identifier: MIT */
/* Prints one line of LENGTH times TAG: longer than any buffer one would think of. */
#include PLATFORM

#ifndef TAG
#define TAG 'x'
#endif
#define LENGTH 10000

	START
	movw	$LENGTH, %cx
	movb	$TAG, %bl
1:	PUTCHAR
	loop	1b
	movb	$'\n', %bl
	PUTCHAR
	HALT
