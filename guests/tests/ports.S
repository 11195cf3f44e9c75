/* SPDX-License-Identifier: MIT */
/*
 * Every width and the string instructions on the VMM's own ports. Prints a line a check; stops with
 * FAIL at the first that does not hold.
 */
#include PLATFORM
#include "print.inc"

#define COM1_LCR_8N1 0x03
#define SCRATCH 0x8000 /* offset of a buffer, far behind the program */

.macro SAY text
	movw	$.Ltext\@, %si
	call	print_string
	.section .rodata
.Ltext\@: .asciz "\text"
	.text
.endm

.macro MUST condition
	j\condition	.Lheld\@
	FAIL
.Lheld\@:
.endm

	START

	/* The number is AL alone, whatever the width of the OUT and the rest of EAX. */
	movw	$HC_PORT, %dx
	movb	$'b', %bl
	movl	$0xa5a5a500 | HC_PUTCHAR, %eax
	outb	%al, %dx
	movb	$'w', %bl
	movl	$0xa5a5a500 | HC_PUTCHAR, %eax
	outw	%ax, %dx
	movb	$'l', %bl
	movl	$0xa5a5a500 | HC_PUTCHAR, %eax
	outl	%eax, %dx
	SAY	" OUT to the hypercall port\n"

	/* The signature, narrowed; the rest of EAX stays. */
	movw	$HC_PORT, %dx
	movl	$0xa5a5a5a5, %eax
	inb	%dx, %al
	cmpl	$0xa5a5a500 | (HC_SIGNATURE & 0xff), %eax
	MUST	e
	movl	$0xa5a5a5a5, %eax
	inw	%dx, %ax
	cmpl	$0xa5a50000 | (HC_SIGNATURE & 0xffff), %eax
	MUST	e
	inl	%dx, %eax
	cmpl	$HC_SIGNATURE, %eax
	MUST	e
	SAY	"signature\n"

	/* Strings out. */
	movw	$DEBUGCON_PORT, %dx
	movw	$debugcon, %si
	movw	$debugcon_end - debugcon, %cx
	rep outsb
	movw	$COM1_PORT, %dx
	movw	$com1, %si
	movw	$com1_end - com1, %cx
	rep outsb

	/* Wider than the register: the first byte is the character, the others its neighbours'. */
	movw	$'w', %ax
	outw	%ax, %dx
	movl	$COM1_LCR_8N1 << 24 | 'l', %eax
	outl	%eax, %dx
	movb	$'\n', %al
	outb	%al, %dx

	/* Strings in, in all widths: 3 * 1, 3 * 2, 3 * 4 bytes one after the other. */
	movw	$HC_PORT, %dx
	movw	$SCRATCH, %di
	movw	$3, %cx
	rep insb
	movw	$3, %cx
	rep insw
	movw	$3, %cx
	rep insl
	cmpw	$SCRATCH + 21, %di
	MUST	e
	movw	$SCRATCH, %di
	movw	$expected, %si
	movw	$21, %cx
	repe cmpsb
	MUST	e
	SAY	"rep ins\n"

	movw	$DEBUGCON_PORT, %dx
	movb	$'!', %al
	outb	%al, %dx
	SAY	" debug console\n"

	/* COM1 has a scratch register and is ready to send. */
	movw	$COM1_PORT + 7, %dx
	movb	$0x5a, %al
	outb	%al, %dx
	xorb	%al, %al
	inb	%dx, %al
	cmpb	$0x5a, %al
	MUST	e
	movw	$COM1_PORT + 5, %dx
	inb	%dx, %al
	testb	$0x20, %al
	MUST	nz
	SAY	"COM1 registers\n"
	EXIT

	DEFINE_PRINT_STRING

debugcon: .ascii "rep outsb to the debug console\n"
debugcon_end:
com1:	.ascii	"rep outsb to COM1\n"
com1_end:
expected:
	.ascii	"KKK", "KVKVKV", "KVM!KVM!KVM!"
