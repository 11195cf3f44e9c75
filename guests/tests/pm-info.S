/* SPDX-License-Identifier: MIT */
/* Prints what the Multiboot loader handed over: magic, memory, command line, modules. */
#include "pm.inc"

#define INFO_FLAGS 0
#define INFO_MEM_LOWER 4
#define INFO_MEM_UPPER 8
#define INFO_CMDLINE 16
#define INFO_MODS_COUNT 20
#define INFO_MODS_ADDR 24
#define FLAG_MEMORY 0x01
#define FLAG_CMDLINE 0x04
#define FLAG_MODS 0x08
#define MODULE_START 0
#define MODULE_END 4
#define MODULE_STRING 8
#define MODULE_BYTES 16

main:	SAY	"magic: "
	movl	multiboot_magic, %eax
	call	print_hex
	cmpl	$MULTIBOOT_LOADED, %eax
	jne	fail

	movl	multiboot_info, %ebx
	testl	$FLAG_MEMORY, INFO_FLAGS(%ebx)
	jz	fail
	SAY	"\nmemory: "
	movl	INFO_MEM_LOWER(%ebx), %eax
	call	print_decimal
	SAY	" KiB below 1 MiB, "
	movl	INFO_MEM_UPPER(%ebx), %eax
	call	print_decimal
	SAY	" KiB above\ncommand line: "
	testl	$FLAG_CMDLINE, INFO_FLAGS(%ebx)
	jz	1f
	movl	INFO_CMDLINE(%ebx), %esi
	call	print

1:	SAY	"\nmodules: "
	xorl	%ecx, %ecx
	testl	$FLAG_MODS, INFO_FLAGS(%ebx)
	jz	2f
	movl	INFO_MODS_COUNT(%ebx), %ecx
	movl	INFO_MODS_ADDR(%ebx), %edi
2:	movl	%ecx, %eax
	call	print_decimal
	SAY	"\n"
	jecxz	4f
3:	call	print_module
	addl	$MODULE_BYTES, %edi
	decl	%ecx
	jnz	3b
4:	jmp	pass

/* The module whose entry is at EDI: its string, size and the sum of its bytes; page-aligned. */
print_module:
	pushal
	SAY	"module: "
	movl	MODULE_STRING(%edi), %esi
	testl	%esi, %esi
	jz	1f
	call	print
1:	movl	MODULE_START(%edi), %esi
	testl	$0xfff, %esi
	jnz	fail
	movl	MODULE_END(%edi), %ecx
	subl	%esi, %ecx
	SAY	", "
	movl	%ecx, %eax
	call	print_decimal
	SAY	" bytes, sum "
	xorl	%edx, %edx
	jecxz	3f
2:	xorl	%eax, %eax
	lodsb
	addl	%eax, %edx
	loop	2b
3:	movl	%edx, %eax
	call	print_decimal
	SAY	"\n"
	popal
	ret
