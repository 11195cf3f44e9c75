/* SPDX-License-Identifier: MIT */
/* Ends with 21 on the debug-exit port, in an OUT of WIDTH bytes: status 43. */
#include PLATFORM

	START
	movl	$21, %eax
#if WIDTH == 1
	outb	%al, $DEBUG_EXIT_PORT
#elif WIDTH == 2
	outw	%ax, $DEBUG_EXIT_PORT
#else
	outl	%eax, $DEBUG_EXIT_PORT
#endif
	movb	$'!', %bl		/* must not be reached */
	PUTCHAR
	HALT
