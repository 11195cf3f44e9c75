/* SPDX-License-Identifier: MIT */
/*
 * Touches memory it does not have, right after the memory it has. ACCESS: 1 reads, 2 writes,
 * 3 writes two bytes, one inside and one outside. Prints a line that must not appear.
 */
#include PLATFORM
#include "print.inc"

	START
	movw	%cs, %ax		/* own window: --layout=shared moves it */
#if ACCESS == 3
	addw	$(REAL_MODE_MEM - 16) >> 4, %ax
	movw	%ax, %es
	movw	$0x5a5a, %es:15
#else
	addw	$REAL_MODE_MEM >> 4, %ax
	movw	%ax, %es
#if ACCESS == 2
	movb	$0x5a, %es:0
#else
	movb	%es:0, %al
#endif
#endif
	movw	$text, %si
	call	print_string
	HALT

	DEFINE_PRINT_STRING

text:	.asciz	"went on after an access outside memory\n"
