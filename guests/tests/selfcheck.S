/* SPDX-License-Identifier: MIT */
/*
 * The state a flat image starts in, and that all of it was loaded: registers, 70,004 bytes of a
 * known sequence (more than a segment), zeros behind them to the end of the memory.
 */
#include PLATFORM
#include "print.inc"

#define TABLE 0x400
#define TABLE_LONGS 17501 /* ends inside a paragraph */
#define FLAGS_IF 0x200
#define SEED 0x12345678
#define STEP 0x9e3779b9 /* value n of the table is SEED + n * STEP */
#define ZEROS (TABLE + 4 * TABLE_LONGS)

.macro MUST condition, number
	movb	$\number, %bl
	j\condition	.Lheld\@
	jmp	failed
.Lheld\@:
.endm

	START
	movw	$TABLE, %sp		/* the top of the segment is table, too */
	pushfw
	popw	%cx
	testw	$FLAGS_IF, %cx
	MUST	z, 1
	call	here
here:	popw	%cx
	cmpw	$here, %cx		/* IP started at 0 */
	MUST	e, 2
	movw	%cs, %cx
	movw	%ds, %ax
	cmpw	%cx, %ax
	MUST	e, 3
	movw	%es, %ax
	cmpw	%cx, %ax
	MUST	e, 4
	movw	%ss, %ax
	cmpw	%cx, %ax
	MUST	e, 5

	/* The table, with ES:DI kept in the lower half of the segment. */
	movw	$TABLE, %di
	movw	$TABLE_LONGS, %cx
	movl	$SEED, %eax
1:	cmpl	%es:(%di), %eax
	MUST	e, 6
	addl	$STEP, %eax
	addw	$4, %di
	call	normalize
	loop	1b

	/* Zeros, paragraph by paragraph, up to the end of the memory. */
	movw	%cs, %dx
	addw	$REAL_MODE_MEM >> 4, %dx
	xorl	%eax, %eax
	movw	$(16 - ZEROS % 16) % 16 / 4, %cx
	repe scasl
	MUST	e, 7
2:	call	normalize
	movw	%es, %bx
	cmpw	%dx, %bx
	je	3f
	movw	$4, %cx
	repe scasl
	MUST	e, 8
	jmp	2b
3:	movw	$ok, %si
	call	print_string
	HALT

failed:	addb	$'0', %bl
	PUTCHAR
	movw	$bad, %si
	call	print_string
	FAIL

/* Move whole paragraphs from DI to ES. Changes BX, flags. */
normalize:
	movw	%di, %bx
	andw	$15, %di
	shrw	$4, %bx
	pushw	%ax
	movw	%es, %ax
	addw	%ax, %bx
	movw	%bx, %es
	popw	%ax
	ret

	DEFINE_PRINT_STRING

ok:	.asciz	"self check: OK\n"
bad:	.asciz	": self check FAILED\n"

	.org	TABLE
	.set	value, SEED
	.rept	TABLE_LONGS
	.long	value & 0xffffffff
	.set	value, (value + STEP) & 0xffffffff
	.endr
