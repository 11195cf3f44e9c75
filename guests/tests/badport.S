/* SPDX-License-Identifier: MIT */
/* Ports nobody answers: writes vanish, reads are all ones in every width. Six accesses. */
#include PLATFORM
#include "print.inc"

#define NOBODY 0x1234

	START
	movw	$NOBODY, %dx
	xorl	%eax, %eax
	outb	%al, %dx
	outw	%ax, %dx
	outl	%eax, %dx
	inb	%dx, %al
	cmpl	$0x000000ff, %eax
	jne	failed
	xorl	%eax, %eax
	inw	%dx, %ax
	cmpl	$0x0000ffff, %eax
	jne	failed
	xorl	%eax, %eax
	inl	%dx, %eax
	cmpl	$0xffffffff, %eax
	jne	failed
	movw	$ok, %si
	call	print_string
	HALT
failed:	FAIL

	DEFINE_PRINT_STRING

ok:	.asciz	"unknown port: OK\n"
