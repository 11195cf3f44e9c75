/* SPDX-License-Identifier: MIT */
/*
 * IRQ1 and HC_GETCHAR: sleeps until a key comes, takes what is there, echoes it, until the end of
 * input. Only kvm-vmm has the hypercalls; elsewhere the signature is missing and that is said.
 */
#include "pm.inc"

main:	movw	$HC_PORT, %dx
	inl	%dx, %eax
	cmpl	$HC_SIGNATURE, %eax
	jne	elsewhere
	GATE	KEYBOARD_VECTOR, keyboard
	movb	$1 << KEYBOARD_IRQ, %al
	call	pic_init
	SAY	"keys> "

	/* Looked at before the first HLT: input may have been there before the PIC was set up. */
next:	cli
	movl	$HC_GETCHAR, %eax
	movw	$HC_PORT, %dx
	outb	%al, %dx
	cmpl	$HC_END_OF_INPUT, %eax
	je	done
	cmpl	$HC_NOTHING_YET, %eax
	je	sleep
	cmpl	$0xff, %eax
	ja	fail
	movb	%al, %bl
	movl	$HC_PUTCHAR, %eax
	outb	%al, %dx
	jmp	next
sleep:	sti
	hlt
	jmp	next

done:	SAY	"\nkeyboard: OK\n"
	jmp	pass

elsewhere:
	SAY	"no hypercalls here\n"
	jmp	pass

keyboard:
	pushl	%eax
	END_OF_INTERRUPT
	popl	%eax
	iretl
