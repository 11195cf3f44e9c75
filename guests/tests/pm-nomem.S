/* SPDX-License-Identifier: MIT */
/* Reads right behind the default 4 MiB. Where there is memory, that is fine. */
#include "pm.inc"

main:	SAY	"reading at 4 MiB\n"
	movl	PROTECTED_MODE_MEM, %eax
	SAY	"there is memory\n"
	jmp	pass
