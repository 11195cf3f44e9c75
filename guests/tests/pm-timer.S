/* SPDX-License-Identifier: MIT */
/* PIC, PIT, HLT: ten timer ticks, each through the handler, all registers preserved. */
#include "pm.inc"

#define TICKS 10
#define PIT_HZ 1193182
#define PIT_DIVISOR ((PIT_HZ + 50) / 100)

main:	GATE	TIMER_VECTOR, timer
	movb	$1 << TIMER_IRQ, %al
	call	pic_init
	movb	$0x34, %al		/* channel 0, low and high byte, rate generator */
	outb	%al, $PIT_PORT + 3
	movb	$PIT_DIVISOR & 0xff, %al
	outb	%al, $PIT_PORT
	movb	$PIT_DIVISOR >> 8, %al
	outb	%al, $PIT_PORT
	SAY	"timer: 100 Hz\n"

	movl	$0x11111111, %eax
	movl	$0x22222222, %ecx
	movl	$0x33333333, %edx
	sti
1:	hlt
	cmpl	$TICKS, ticks
	jb	1b
	cli
	cmpl	$0x11111111, %eax
	jne	fail
	cmpl	$0x22222222, %ecx
	jne	fail
	cmpl	$0x33333333, %edx
	jne	fail
	movl	ticks, %eax
	call	print_decimal
	SAY	" ticks\n"
	jmp	pass

timer:	pushl	%eax
	incl	ticks
	END_OF_INTERRUPT
	popl	%eax
	iretl

	.bss
ticks:	.skip	4
	.text
