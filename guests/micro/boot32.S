/* SPDX-License-Identifier: MIT */
/*
 * Multiboot 1 start of a bare 32-bit guest: own flat segments, a stack, x87
 * and SSE on, then protected_main(). Paging is left to who wants it.
 */
#include <minikvm/abi.h>

#define MULTIBOOT_HEADER_MAGIC 0x1badb002
#define STACK_BYTES 0x4000

#define CR0_MP (1 << 1)
#define CR0_EM (1 << 2)
#define CR0_TS (1 << 3)
#define CR0_NE (1 << 5)
#define CR4_OSFXSR (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)

	.section .multiboot, "a"
	.balign 4
	.long	MULTIBOOT_HEADER_MAGIC
	.long	0
	.long	-MULTIBOOT_HEADER_MAGIC

	.text
	.globl	_start
_start:
	cli
	lgdt	gdt_pointer
	ljmp	$BOOT_CODE_SELECTOR, $1f
1:	mov	$BOOT_DATA_SELECTOR, %ecx
	mov	%ecx, %ds
	mov	%ecx, %es
	mov	%ecx, %fs
	mov	%ecx, %gs
	mov	%ecx, %ss
	mov	$stack_top, %esp

	mov	%cr0, %ecx
	and	$~(CR0_EM | CR0_TS), %ecx
	or	$(CR0_MP | CR0_NE), %ecx
	mov	%ecx, %cr0
	mov	%cr4, %ecx
	or	$(CR4_OSFXSR | CR4_OSXMMEXCPT), %ecx
	mov	%ecx, %cr4
	fninit

	push	%ebx			/* Multiboot information */
	push	%eax			/* Multiboot magic */
	call	protected_main		/* does not return */

	.section .rodata
	.balign 8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff	/* code: 0 to 4 GiB, accessed */
	.quad	0x00cf93000000ffff	/* data: the same */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	.bss
	.balign 16
	.skip	STACK_BYTES
stack_top:

	.section .note.GNU-stack, "", @progbits
