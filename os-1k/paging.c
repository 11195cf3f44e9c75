/* SPDX-License-Identifier: MIT */
/* Pages and address spaces; SDM vol. 3A 4.3, "32-bit Paging". */
#include "kernel.h"

#define ENTRIES 1024 /* of a page directory and of a page table */
#define ADDRESS_MASK 0xfffff000u

extern uint8_t kernel_end[]; /* kernel.ld */

static uint32_t directory_index(uint32_t address)
{
	return address >> 22;
}

static uint32_t table_index(uint32_t address)
{
	return address >> 12 & (ENTRIES - 1);
}

uint32_t physical(const void *address)
{
	return (uintptr_t)address - KERNEL_BASE;
}

/* The page an entry points to, where the kernel sees it. */
static void *entry_page(uint32_t entry)
{
	return (void *)((entry & ADDRESS_MASK) + KERNEL_BASE);
}

void pages_init(struct pages *pages, uint32_t mem_bytes)
{
	pages->next = ((uintptr_t)kernel_end + PAGE_SIZE - 1) & ADDRESS_MASK;
	pages->end = KERNEL_BASE + (mem_bytes & ADDRESS_MASK);
}

void *page_alloc(struct pages *pages)
{
	void *page = pages->free;

	if (page) {
		pages->free = *(void **)page;
	} else {
		if (pages->next >= pages->end)
			return NULL;
		page = (void *)pages->next;
		pages->next += PAGE_SIZE;
	}
	return memset(page, 0, PAGE_SIZE);
}

void page_free(struct pages *pages, void *page)
{
	*(void **)page = pages->free;
	pages->free = page;
}

/* Every address space has the kernel in its higher half, closed to ring 3. */
uint32_t *space_create(struct pages *pages)
{
	uint32_t *directory = page_alloc(pages);

	if (directory)
		directory[directory_index(KERNEL_BASE)] = PDE_4MIB | PTE_WRITE | PTE_PRESENT;
	return directory;
}

/* Adds a zeroed user page at a page's address; NULL when memory is short. */
void *space_map(struct pages *pages, uint32_t *directory, uint32_t address)
{
	uint32_t *entry = &directory[directory_index(address)];
	void *page;

	for (int level = 0; level < 2; level++) {
		page = *entry ? entry_page(*entry) : page_alloc(pages);
		if (!page)
			return NULL;
		*entry = physical(page) | PTE_USER | PTE_WRITE | PTE_PRESENT;
		if (level == 0)
			entry = (uint32_t *)page + table_index(address);
	}
	return page;
}

void space_destroy(struct pages *pages, uint32_t *directory)
{
	for (uint32_t d = 0; d < directory_index(KERNEL_BASE); d++) {
		uint32_t *table = entry_page(directory[d]);

		if (!directory[d])
			continue;
		for (uint32_t t = 0; t < ENTRIES; t++)
			if (table[t])
				page_free(pages, entry_page(table[t]));
		page_free(pages, table);
	}
	page_free(pages, directory);
}

static bool page_mapped(const uint32_t *directory, uint32_t address)
{
	uint32_t entry = directory[directory_index(address)];

	return address < KERNEL_BASE && entry &&
	       ((uint32_t *)entry_page(entry))[table_index(address)];
}

/* May the owner of this directory touch these bytes? A pointer from user code is good only then. */
bool space_holds(const uint32_t *directory, uint32_t address, uint32_t bytes)
{
	uint32_t end = address + bytes;

	if (end < address)
		return false;
	for (address &= ADDRESS_MASK; address < end; address += PAGE_SIZE)
		if (!page_mapped(directory, address))
			return false;
	return true;
}

/* The string at a user address of the current process, or NULL when it runs out of its memory. */
const char *space_string(const uint32_t *directory, uint32_t address)
{
	for (uint32_t a = address; space_holds(directory, a, 1); a++)
		if (!*(const char *)a)
			return (const char *)address;
	return NULL;
}
