/* SPDX-License-Identifier: MIT */
/* From the Multiboot loader to C: turn paging on and move to the higher half. */
#include "layout.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00000003 /* modules on page borders, memory sizes wanted */

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.text
	.globl boot_physical
	.set boot_physical, boot - KERNEL_BASE

/*
 * Multiboot 1, 3.2 "Machine state": 32-bit flat segments, paging and interrupts
 * off, EAX = 0x2badb002, EBX = the information structure, no stack.
 */
boot:
	movl	$(boot_directory - KERNEL_BASE), %ecx
	movl	%ecx, %cr3
	movl	%cr4, %ecx
	orl	$CR4_PSE, %ecx
	movl	%ecx, %cr4
	movl	%cr0, %ecx
	orl	$(CR0_PG | CR0_WP | CR0_EM), %ecx
	movl	%ecx, %cr0
	movl	$1f, %ecx /* the identity mapping carries EIP up to this jump */
	jmp	*%ecx
1:	movl	$boot_stack_top, %esp
	xorl	%ebp, %ebp
	pushl	%ebp
	popfl
	pushl	$boot_directory
	pushl	%ebx
	pushl	%eax
	pushl	$kernel
	call	kernel_main /* does not return: becomes the idle process */

	.data
	.balign	PAGE_SIZE
boot_directory: /* the first 4 MiB twice: where they are, and at KERNEL_BASE */
	.long	PDE_4MIB | PTE_WRITE | PTE_PRESENT
	.fill	(KERNEL_BASE >> 22) - 1, 4, 0
	.long	PDE_4MIB | PTE_WRITE | PTE_PRESENT
	.fill	1023 - (KERNEL_BASE >> 22), 4, 0

	.bss
	.balign	16
	.skip	PAGE_SIZE
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
