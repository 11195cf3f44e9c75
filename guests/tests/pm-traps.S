/* SPDX-License-Identifier: MIT */
/* int and iret, and exceptions with and without an error code. */
#include "pm.inc"

#define LOW_VECTOR 0x40
#define HIGH_VECTOR 0xc0
#define EFLAGS_IF 0x200
#define EMPTY_GATE 0x32 /* error code: the vector, and bit 1 for the IDT */
#define NO_SUCH_SELECTOR 0x50

main:	GATE	LOW_VECTOR, software
	GATE	HIGH_VECTOR, software
	GATE	3, breakpoint

	movl	%esp, %ebp
	xorl	%ebx, %ebx
	stc				/* iret brings CF back; the handler clears it */
	int	$LOW_VECTOR
	jnc	fail
	int	$HIGH_VECTOR
	jnc	fail
	cmpl	$2, %ebx
	jne	fail
	cmpl	%ebp, %esp
	jne	fail
	SAY	"int and iret\n"

	int3
after_int3:
	cmpl	$after_int3, trap_eip
	jne	fail
	SAY	"#BP after int3\n"

	TRAPS	6, 0, ud2
	SAY	"#UD at ud2\n"

	xorl	%ecx, %ecx
	TRAPS	0, 0, divl %ecx
	SAY	"#DE at a division by 0\n"

	movw	$NO_SUCH_SELECTOR, %ax
	TRAPS	13, NO_SUCH_SELECTOR, movw %ax, %fs
	SAY	"#GP with the selector for an error code\n"

	TRAPS	13, EMPTY_GATE*8+2, int $EMPTY_GATE
	SAY	"#GP at an empty gate\n"
	jmp	pass

software:
	incl	%ebx
	testl	$EFLAGS_IF, 8(%esp)
	jnz	fail
	clc
	iretl

breakpoint:
	pushl	%eax
	movl	4(%esp), %eax
	movl	%eax, trap_eip
	popl	%eax
	iretl
