/* SPDX-License-Identifier: MIT */
/* Prints the Fibonacci numbers below 100 on one line: 0 1 1 2 3 5 8 13 21 34 55 89 */
#include PLATFORM
#include "print.inc"

#define LIMIT 100

	START
	xorb	%cl, %cl		/* this number */
	movb	$1, %ch			/* the next one */
number:	movb	%cl, %al
	call	print_decimal
	xaddb	%cl, %ch		/* CL, CH = CH, CL + CH */
	cmpb	$LIMIT, %cl
	jae	done
	movb	$' ', %bl
	PUTCHAR
	jmp	number
done:	movb	$'\n', %bl
	PUTCHAR
	HALT

	DEFINE_PRINT_DECIMAL
