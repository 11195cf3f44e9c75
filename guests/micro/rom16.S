/* SPDX-License-Identifier: MIT */
/*
 * The same image as a 64 KiB ROM for qemu -bios: copies itself from segment
 * 0xf000 to address 0 and starts there. What lies behind the image is zero in new RAM.
 */
#define ROM_SEGMENT 0xf000

	.code16
	.text
	.globl	rom_start
rom_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	xorw	%ax, %ax
	movw	%ax, %es
	xorw	%si, %si
	xorw	%di, %di
	movw	$image_end, %cx
	rep movsb
	ljmp	$0, $start

/* SDM vol. 3, 10.1.4: the first instruction is fetched 16 bytes below 4 GiB. */
	.section .reset, "ax"
	ljmp	$ROM_SEGMENT, $rom_start
	.org	16

	.section .note.GNU-stack, "", @progbits
