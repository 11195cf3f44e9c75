/* SPDX-License-Identifier: MIT */
/* Timer ticks through the vector table: each must run the handler once and end one HLT. */
#include PLATFORM
#include "print.inc"

#define TICKS 5
#define VECTOR (TIMER_VECTOR * 4)

	START
	jmp	main
	.org	VECTOR
	.word	0, 0			/* offset, segment: filled at run time */

main:	movw	$handler, VECTOR
	movw	%cs, VECTOR + 2
	xorb	%ch, %ch		/* ticks the handler saw */
	movb	$TICKS, %cl
	sti
wait:	hlt
	decb	%cl
	jnz	wait
	cli
	movw	$text, %si
	call	print_string
	movb	%ch, %al
	call	print_decimal
	movb	$'\n', %bl
	PUTCHAR
	HALT

handler:
	incb	%ch
	iretw

	DEFINE_PRINT_DECIMAL
	DEFINE_PRINT_STRING

text:	.asciz	"ticks: "
