/* SPDX-License-Identifier: MIT */
/*
 * COM1 as a driver uses it: initialize, send by polling, receive by IRQ4 while the CPU sleeps.
 * Echoes a line. FCR is left alone: enabling the FIFO drops the byte that is there already.
 */
#include "pm.inc"

#define IER (COM1_PORT + 1)
#define LCR (COM1_PORT + 3)
#define MCR (COM1_PORT + 4)
#define SCR (COM1_PORT + 7)
#define IER_RECEIVE 0x01
#define LCR_8N1 0x03
#define LCR_DIVISOR 0x80
#define MCR_ON 0x0b /* DTR, RTS, and OUT2, which lets the interrupt out of the card */

.macro REGISTER port, value
	movw	$\port, %dx
	movb	$\value, %al
	outb	%al, %dx
.endm

main:	GATE	PIC_VECTOR + COM1_IRQ, serial
	movb	$1 << COM1_IRQ, %al
	call	pic_init
	REGISTER IER, 0
	REGISTER LCR, LCR_DIVISOR
	REGISTER COM1_PORT, 1		/* 115200 baud: as a character this byte must not appear */
	REGISTER IER, 0
	REGISTER LCR, LCR_8N1
	REGISTER MCR, MCR_ON
	REGISTER SCR, 0xa5
	movw	$SCR, %dx
	xorb	%al, %al
	inb	%dx, %al
	cmpb	$0xa5, %al
	jne	fail
	SAY	"COM1> "

	REGISTER IER, IER_RECEIVE
	movl	$buffer, %esi
next:	cli
	cmpl	%esi, filled
	jne	1f
	sti				/* takes effect after the hlt: no wake-up is lost */
	hlt
	jmp	next
1:	sti
	lodsb
	call	putc
	cmpb	$'\n', %al
	jne	next
	cli
	movl	interrupts, %eax
	testl	%eax, %eax
	jz	fail
	SAY	"COM1: OK\n"
	jmp	pass

serial:	pushl	%eax
	pushl	%edx
	pushl	%edi
	incl	interrupts
	movl	filled, %edi
1:	movw	$COM1_LSR, %dx
	inb	%dx, %al
	testb	$LSR_DATA_READY, %al
	jz	2f
	movw	$COM1_PORT, %dx
	inb	%dx, %al
	cmpl	$buffer_end, %edi
	jae	fail
	stosb
	jmp	1b
2:	movl	%edi, filled
	END_OF_INTERRUPT
	popl	%edi
	popl	%edx
	popl	%eax
	iretl

	.data
filled:	.long	buffer
interrupts: .long 0
	.bss
buffer:	.skip	4096
buffer_end:
	.text
