/* SPDX-License-Identifier: MIT */
/* The archive, and free blocks behind it for files to grow into. */
	.section .disk, "aw"
	.balign 512
	.incbin DISK
	.skip 16 * 1024

	.section .note.GNU-stack, "", @progbits
