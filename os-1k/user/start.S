/* SPDX-License-Identifier: MIT */
/* The first instructions of every program: ESP points to the address of its arguments. */
	.section .entry, "ax"
	call	main
	pushl	%eax
	call	exit

	.section .note.GNU-stack, "", @progbits
