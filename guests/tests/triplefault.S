/* SPDX-License-Identifier: MIT */
/*
 * Triple fault: an exception in protected mode with no IDT to deliver it, nor the double fault that
 * follows. (In real mode an emulating KVM reads the vector table whatever the IDT's limit says.)
 */
#include PLATFORM

#define CR0_PE 0x01

	START
	lidtl	none
	movl	%cr0, %eax
	orb	$CR0_PE, %al
	movl	%eax, %cr0
	ud2

none:	.word	0
	.long	0
