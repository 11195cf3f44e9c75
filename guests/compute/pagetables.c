/* SPDX-License-Identifier: MIT */
/*
 * Two address spaces whose 4 KiB pages are mapped in opposite order: each
 * switch of CR3 makes every translation wrong, each read walks the new tables.
 */
#include "common.h"
#include "paging.h"

#define PAGES 256u /* in the window, enough to overflow a first-level TLB */
#define SWITCHES 16u

#define WINDOW 0x40000000u

static uint32_t pages[PAGES][PAGE_BYTES / 4] __attribute__((aligned(4096)));
static uint32_t directory[2][ENTRIES] __attribute__((aligned(4096)));
static uint32_t table[2][ENTRIES] __attribute__((aligned(4096)));

static void make_spaces(void)
{
	for (uint32_t space = 0; space < 2; space++) {
		directory[space][0] = PRESENT | WRITABLE | LARGE; /* this program */
		directory[space][WINDOW / LARGE_PAGE_BYTES] =
		    (uint32_t)table[space] | PRESENT | WRITABLE;
		for (uint32_t i = 0; i < PAGES; i++) {
			const uint32_t page = space ? PAGES - 1 - i : i;

			table[space][i] = (uint32_t)pages[page] | PRESENT | WRITABLE;
			pages[i][0] = i;
		}
	}
	enable_paging(directory[0]);
}

/* Position times content: in order for the first space, in opposite order for the second. */
static uint32_t walk(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < SWITCHES; i++) {
		load_cr3(directory[i & 1]);
		for (uint32_t page = 0; page < PAGES; page++)
			sum += page * *(volatile uint32_t *)(WINDOW + page * PAGE_BYTES);
	}
	return sum;
}

/* Sums of i * i and of i * (PAGES - 1 - i) over i < PAGES. */
#define SUM_I (PAGES * (PAGES - 1) / 2)
#define SUM_I_SQUARED ((PAGES - 1) * PAGES * (2 * PAGES - 1) / 6)
#define IN_ORDER SUM_I_SQUARED
#define OPPOSITE ((PAGES - 1) * SUM_I - SUM_I_SQUARED)

const struct payload payload = {
	"pagetables",
	SWITCHES / 2 * (IN_ORDER + OPPOSITE),
	make_spaces,
	walk,
};
