/* SPDX-License-Identifier: MIT */
/*
 * Exercises the three hypercalls: prints, reads a line and echoes it, leaves with HC_EXIT. One exit
 * for each byte printed, one for each byte read (or the end of input), one to leave.
 */
#include PLATFORM
#include "print.inc"

	START
	movw	$prompt, %si
	call	print_string
read:	movl	$-1, %eax		/* all of EAX must come back, not AL alone */
	GETCHAR
	cmpl	$HC_END_OF_INPUT, %eax
	je	ended
	cmpl	$0xff, %eax
	ja	failed			/* in real mode HC_NOTHING_YET never comes */
	movb	%al, %bl
	PUTCHAR
	cmpb	$'\n', %bl
	jne	read
	jmp	passed
ended:	movb	$'\n', %bl
	PUTCHAR
passed:	movw	$ok, %si
	call	print_string
	EXIT
failed:	movw	$bad, %si
	call	print_string
	FAIL

	DEFINE_PRINT_STRING

prompt:	.asciz	"Hypercall test\nType a line: "
ok:	.asciz	"Hypercall test: OK\n"
bad:	.asciz	"\nHypercall test: FAILED, GETCHAR returned no byte\n"
