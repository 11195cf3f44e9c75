/* SPDX-License-Identifier: MIT */
/* A page fault without an IDT: page fault, double fault, triple fault, reset. */
#include "pm.inc"

main:	movl	$PAGE_PRESENT | PAGE_WRITE | PAGE_4M, page_directory
	movl	$page_directory, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PSE, %eax
	movl	%eax, %cr4
	movl	%cr0, %eax
	orl	$CR0_PG, %eax
	movl	%eax, %cr0
	SAY	"about to fault\n"
	lidtl	none
	movl	0xc0000000, %eax
	SAY	"went on after a triple fault\n"
	jmp	fail

	.section .rodata
none:	.word	0
	.long	0

	.bss
	.balign	4096
page_directory:
	.skip	4096
