/* SPDX-License-Identifier: MIT */
/* In and out of the kernel, and from one kernel stack to another. */
#include "layout.h"

/* Vectors for which the processor pushes an error code; SDM vol. 3A 6.13. */
#define ERROR_CODE_VECTORS                                                                         \
	(1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29 |  \
	 1 << 30)

	.text

/* One entry for each exception and interrupt: makes all frames alike, names the vector. */
	.globl	trap_stubs
	.balign	TRAP_STUB_SIZE
trap_stubs:
	.set	vector, 0
	.rept	TRAP_STUBS
	.balign	TRAP_STUB_SIZE
	.if	vector >= 32 || !((ERROR_CODE_VECTORS >> (vector & 31)) & 1)
	pushl	$0
	.endif
	pushl	$vector
	jmp	trap_entry
	.set	vector, vector + 1
	.endr

	.globl	trap_syscall
trap_syscall:
	pushl	$0
	pushl	$SYSCALL_VECTOR

trap_entry: /* builds struct frame */
	pushal
	pushl	%ds
	pushl	%es
	pushl	%fs
	pushl	%gs
	movl	$KERNEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	cld
	pushl	%esp
	pushl	$kernel
	call	trap
	addl	$8, %esp

	.globl	trap_return
trap_return: /* a new process starts here, on the frame proc_spawn() made */
	popl	%gs
	popl	%fs
	popl	%es
	popl	%ds
	popal
	addl	$8, %esp /* vector, error code */
	iret

/* void switch_stack(uint32_t *save_esp, uint32_t load_esp): returns as another process. */
	.globl	switch_stack
switch_stack:
	movl	4(%esp), %eax
	movl	8(%esp), %edx
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%esp, (%eax)
	movl	%edx, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	.section .note.GNU-stack, "", @progbits
