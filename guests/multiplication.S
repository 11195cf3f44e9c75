/* SPDX-License-Identifier: MIT */
/* Prints the multiplication table, one product a line: 2 x 1 = 2 to 9 x 9 = 81 */
#include PLATFORM
#include "print.inc"

	START
	movw	$0x0201, %cx		/* CH = first factor, CL = second */
line:	movb	%ch, %al
	call	print_decimal
	movw	$times, %si
	call	print_string
	movb	%cl, %al
	call	print_decimal
	movw	$equals, %si
	call	print_string
	movb	%ch, %al
	mulb	%cl
	call	print_decimal
	movb	$'\n', %bl
	PUTCHAR
	incb	%cl
	cmpb	$9, %cl
	jbe	line
	movb	$1, %cl
	incb	%ch
	cmpb	$9, %ch
	jbe	line
	HALT

	DEFINE_PRINT_DECIMAL
	DEFINE_PRINT_STRING

times:	.asciz	" x "
equals:	.asciz	" = "
