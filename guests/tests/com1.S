/* SPDX-License-Identifier: MIT */
/* COM1 by polling, in and out: echoes a line. */
#include PLATFORM

#define LSR (COM1_PORT + 5)
#define LSR_DATA_READY 0x01
#define LSR_TRANSMIT_EMPTY 0x20

.macro WAIT_FOR bit
	movw	$LSR, %dx
1:	inb	%dx, %al
	testb	$\bit, %al
	jz	1b
	movw	$COM1_PORT, %dx
.endm

	START
	movw	$prompt, %si
	call	send
next:	WAIT_FOR LSR_DATA_READY
	inb	%dx, %al
	movb	%al, %bl
	WAIT_FOR LSR_TRANSMIT_EMPTY
	movb	%bl, %al
	outb	%al, %dx
	cmpb	$'\n', %bl
	jne	next
	movw	$ok, %si
	call	send
	HALT

/* Send the string at SI. Changes AX, DX, SI. */
send:	WAIT_FOR LSR_TRANSMIT_EMPTY
	lodsb
	testb	%al, %al
	jz	1f
	outb	%al, %dx
	jmp	send
1:	ret

prompt:	.asciz	"COM1> "
ok:	.asciz	"COM1: OK\n"
