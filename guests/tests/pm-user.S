/* SPDX-License-Identifier: MIT */
/*
 * User mode: down by iret, up by int 0x80 through the TSS; privileged instructions and the kernel's
 * pages fault there.
 */
#include "pm.inc"

#define SYSCALL 0x80
#define KERNEL_GATE 0x20 /* DPL 0; error code: the vector, and bit 1 for the IDT */
#define SYS_EXIT 0
#define SYS_WRITE 1 /* ESI = string */
#define TSS_BYTES 104
#define TSS_TYPE 0x89 /* present, DPL 0, available 32-bit TSS */
#define KERNEL_PAGE 0x400000 /* alias of physical 0 without PAGE_USER */
#define PAGE (PAGE_PRESENT | PAGE_WRITE | PAGE_4M)
#define ERROR_PRESENT 1
#define ERROR_WRITE 2
#define ERROR_USER 4

main:	GATE	SYSCALL, syscall, GATE_USER
	GATE	KERNEL_GATE, syscall

	movl	$PAGE | PAGE_USER, page_directory
	movl	$PAGE, page_directory + 4 * (KERNEL_PAGE >> 22)
	movl	$page_directory, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PSE, %eax
	movl	%eax, %cr4
	movl	%cr0, %eax
	orl	$CR0_PG, %eax
	movl	%eax, %cr0

	movl	$tss, %eax
	movw	$TSS_BYTES - 1, tss_descriptor
	movw	%ax, tss_descriptor + 2
	shrl	$16, %eax
	movb	%al, tss_descriptor + 4
	movb	$TSS_TYPE, tss_descriptor + 5
	movb	%ah, tss_descriptor + 7
	movl	$stack_top, tss + 4	/* ESP0 */
	movl	$KERNEL_DATA, tss + 8	/* SS0 */
	movw	$TSS_BYTES, tss + 102	/* no I/O bitmap */
	movw	$TSS, %ax
	ltr	%ax

	movw	$USER_DATA, %ax
	movw	%ax, %ds
	movw	%ax, %es
	pushl	$USER_DATA
	pushl	$user_stack_top
	pushl	$0x2			/* EFLAGS: IF = 0, IOPL = 0; bit 1 is always set */
	pushl	$USER_CODE
	pushl	$user
	iretl

.macro WRITE text
	movl	$.Lwrite\@, %esi
	movl	$SYS_WRITE, %eax
	int	$SYSCALL
	.section .rodata
.Lwrite\@: .asciz "\text"
	.text
.endm

user:	movw	%cs, %ax
	cmpw	$USER_CODE, %ax
	jne	user_failed
	cmpl	$user_stack_top, %esp
	jne	user_failed
	WRITE	"hello from privilege level 3\n"
	cmpl	$user_stack_top, %esp
	jne	user_failed

	TRAPS	13, 0, cli
	TRAPS	13, 0, hlt
	TRAPS	13, 0, inb $0x60, %al
	TRAPS	13, 0, movl %cr3, %eax
	WRITE	"#GP at cli, hlt, in and mov cr3\n"
	TRAPS	13, KERNEL_GATE*8+2, int $KERNEL_GATE
	WRITE	"#GP at a gate of the kernel\n"
	TRAPS	14, ERROR_PRESENT|ERROR_USER, movl KERNEL_PAGE, %eax
	TRAPS	14, ERROR_PRESENT|ERROR_USER|ERROR_WRITE, movl %eax, KERNEL_PAGE
	WRITE	"#PF at a page of the kernel\n"
	movl	$SYS_EXIT, %eax
	int	$SYSCALL
user_failed:
	WRITE	"FAILED in user mode\n"
	ud2

/* On the kernel's stack now: EIP, CS, EFLAGS, ESP, SS of the user. */
syscall:
	cmpl	$stack_top - 20, %esp
	jne	fail
	cmpl	$USER_CODE, 4(%esp)
	jne	fail
	cmpl	$USER_DATA, 16(%esp)
	jne	fail
	cmpl	$SYS_WRITE, %eax
	jne	pass
	call	print
	iretl

	.bss
	.balign	4096
page_directory:
	.skip	4096
tss:	.skip	TSS_BYTES
	.balign	16
	.skip	1024
user_stack_top:
