/* SPDX-License-Identifier: MIT */
/* Prints a line, a hypercall a byte, and halts: 12 + 1 exits. */
#include PLATFORM

	START
	movw	$message, %si
next:	movb	(%si), %bl
	testb	%bl, %bl
	jz	done
	PUTCHAR
	incw	%si
	jmp	next
done:	HALT

message:
	.asciz	"Hello, KVM!\n"
