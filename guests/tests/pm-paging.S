/* SPDX-License-Identifier: MIT */
/*
 * Paging with 4 MiB pages: identity, an alias in the higher half, a page that comes and goes, a
 * read-only page. Physical memory used: the first 4 MiB.
 */
#include "pm.inc"

#define HIGH 0x80000000
#define OTHER 0x40000000
#define ENTRY(address) (page_directory + ((address) >> 22) * 4)
#define PAGE (PAGE_PRESENT | PAGE_WRITE | PAGE_4M) /* at physical 0 */
#define CR0_WP 0x10000
#define ERROR_PRESENT 1
#define ERROR_WRITE 2

main:	movl	$PAGE, ENTRY(0)
	movl	$PAGE, ENTRY(HIGH)
	movl	$page_directory, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PSE, %eax
	movl	%eax, %cr4
	movl	%cr0, %eax
	orl	$CR0_PG | CR0_WP, %eax
	movl	%eax, %cr0
	SAY	"paging on\n"

	/* One word, two addresses. */
	movl	$0x600df00d, word + HIGH
	cmpl	$0x600df00d, word
	jne	fail
	movl	$0x0badcafe, word
	cmpl	$0x0badcafe, word + HIGH
	jne	fail
	SAY	"alias at 0x80000000\n"

	/* Run there, on a stack there. */
	movl	$high + HIGH, %eax
	jmp	*%eax
high:	addl	$HIGH, %esp
	call	where
where:	popl	%eax
	cmpl	$where + HIGH, %eax
	jne	fail
	subl	$HIGH, %esp
	movl	$low, %eax
	jmp	*%eax
low:	SAY	"code and stack in the higher half\n"

	/* Absent, present, absent again. */
	TRAPS	14, 0, movl word + OTHER, %eax
	movl	%cr2, %eax
	cmpl	$word + OTHER, %eax
	jne	fail
	movl	$PAGE, ENTRY(OTHER)
	cmpl	$0x0badcafe, word + OTHER
	jne	fail
	movl	$0, ENTRY(OTHER)
	invlpg	word + OTHER
	TRAPS	14, ERROR_WRITE, movl %eax, word + OTHER
	SAY	"#PF on an absent page\n"

	/* Read-only: reads pass, writes do not (CR0.WP). */
	movl	$PAGE & ~PAGE_WRITE, ENTRY(OTHER)
	cmpl	$0x0badcafe, word + OTHER
	jne	fail
	TRAPS	14, ERROR_PRESENT|ERROR_WRITE, movl %eax, word + OTHER
	cmpl	$0x0badcafe, word
	jne	fail
	SAY	"#PF on a read-only page\n"

	movl	%cr0, %eax
	andl	$~CR0_PG, %eax
	movl	%eax, %cr0
	SAY	"paging off\n"
	jmp	pass

	.bss
	.balign	4096
page_directory:
	.skip	4096
word:	.skip	4
