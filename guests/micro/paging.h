/* SPDX-License-Identifier: MIT */
/* 32-bit paging with 4 MiB pages (SDM vol. 3, 4.3). */
#ifndef PAGING_H
#define PAGING_H

#include <stdint.h>

#define PAGE_BYTES 4096u
#define LARGE_PAGE_BYTES 0x400000u
#define ENTRIES 1024u /* of a directory or a table */

#define PRESENT 0x1u
#define WRITABLE 0x2u
#define LARGE 0x80u

#define CR4_PSE (1u << 4)
#define CR0_PG (1u << 31)

static inline void load_cr3(const uint32_t *directory)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(directory) : "memory");
}

/* The directory must map the code that runs where it is. */
static inline void enable_paging(const uint32_t *directory)
{
	uint32_t cr;

	load_cr3(directory);
	__asm__ volatile("mov %%cr4, %0; or %1, %0; mov %0, %%cr4" : "=&r"(cr) : "i"(CR4_PSE));
	__asm__ volatile("mov %%cr0, %0; or %1, %0; mov %0, %%cr0"
			 : "=&r"(cr)
			 : "i"(CR0_PG)
			 : "memory");
}

#endif
