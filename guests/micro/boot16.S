/* SPDX-License-Identifier: MIT */
/*
 * Start of a real-mode guest in C: linked and loaded at address 0, where the
 * interrupt vector table must be, so the image leaves room for it.
 */
#define VECTOR_TABLE_BYTES 0x400
#define STACK_TOP 0xfff0

	.code16
	.section .start, "ax"
	.globl	_start
_start:	jmp	start
	.org	VECTOR_TABLE_BYTES

	.text
	.globl	start
start:	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$STACK_TOP, %esp
	calll	real_main		/* does not return */

	.section .note.GNU-stack, "", @progbits
