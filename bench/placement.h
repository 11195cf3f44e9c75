/* SPDX-License-Identifier: MIT */
/* Which CPUs the bench keeps for itself, and which are left to what it measures. */
#ifndef PLACEMENT_H
#define PLACEMENT_H

#include <sched.h>
#include <stdbool.h>
#include <jansson.h>

/*
 * The bench's own process and the launcher stay on the first CPU. Guests, with all threads of
 * their VMM, get the others, where each can have one; more guests than that get them all.
 */
struct placement {
	cpu_set_t before; /* what this process may use */
	unsigned count;	  /* CPUs of it; with 1 nothing is kept apart */
	char *all, *others;
};

/* Confines this process to the first CPU; with just one CPU it changes nothing. */
void placement_begin(struct placement *placement);
void placement_end(struct placement *placement);
/* The list for a run with so many guests, "1,2,3"; NULL: any. */
const char *placement_of(const struct placement *placement, unsigned guests);
/* One line for machine.json. */
json_t *placement_describe(void);

#endif
