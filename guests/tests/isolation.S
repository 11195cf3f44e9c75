/* SPDX-License-Identifier: MIT */
/*
 * Writes TAG over all memory it has, lets the others do the same for a tick, and looks whether it
 * is all still there; ROUNDS times. Only this program itself and its stack are spared.
 */
#include PLATFORM
#include "print.inc"

#ifndef TAG
#define TAG 0x5a
#endif
#define ROUNDS 3
#define SEGMENTS (REAL_MODE_MEM >> 16)
#define SEGMENT_STEP 0x1000 /* 64 KiB in paragraphs */
#define FIRST_FREE 0x200    /* of the first segment: behind the program */
#define STACK_ROOM 0x100    /* below the end of the first segment, where SP wraps to */

	START
	jmp	main
	.org	TIMER_VECTOR * 4
	.word	0, 0			/* no handler: a tick only ends the HLT */
main:	sti
	movb	$ROUNDS, %bh
round:	movw	$fill, %bp
	call	each_segment
	hlt
	movw	$check, %bp
	call	each_segment
	decb	%bh
	jnz	round
	movw	$ok, %si
	call	print_string
	EXIT

/* Call BP for each segment with ES:DI and CX, in words. Changes AX, CX, DX, DI. */
each_segment:
	movw	%cs, %dx
	movw	%dx, %es
	movw	$FIRST_FREE, %di
	movw	$(0x10000 - STACK_ROOM - FIRST_FREE) / 2, %cx
	call	*%bp
	movb	$SEGMENTS - 1, %bl
1:	addw	$SEGMENT_STEP, %dx
	movw	%dx, %es
	xorw	%di, %di
	movw	$0x8000, %cx
	call	*%bp
	decb	%bl
	jnz	1b
	ret

fill:	movw	$TAG << 8 | TAG, %ax
	rep stosw
	ret

check:	movw	$TAG << 8 | TAG, %ax
	repe scasw
	jne	failed
	ret

failed:	movw	$bad, %si
	call	print_string
	FAIL

	DEFINE_PRINT_STRING

ok:	.asciz	"isolation: OK\n"
bad:	.asciz	"isolation: FAILED, another guest's bytes are here\n"
	.org	FIRST_FREE		/* fails to assemble if the program is larger */
