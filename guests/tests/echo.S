/* SPDX-License-Identifier: MIT */
/*
 * Echoes its input to the end, and asks once more: the end must stay the end. For n bytes:
 * n + 2 GETCHAR, n PUTCHAR, one HLT.
 */
#include PLATFORM

	START
next:	GETCHAR
	cmpl	$HC_END_OF_INPUT, %eax
	je	again
	cmpl	$0xff, %eax
	ja	failed
	movb	%al, %bl
	PUTCHAR
	jmp	next
again:	GETCHAR
	cmpl	$HC_END_OF_INPUT, %eax
	jne	failed
	HALT
failed:	FAIL
