/* SPDX-License-Identifier: MIT */
/* Prints without a newline, then spins: the output must come out all the same. */
#include PLATFORM
#include "print.inc"

	START
	movw	$text, %si
	call	print_string
spin:	jmp	spin

	DEFINE_PRINT_STRING

text:	.asciz	"no newline"
