/* SPDX-License-Identifier: MIT */
/* --tune: settings that make times steadier, changed with consent and put back at the end. */
#ifndef TUNE_H
#define TUNE_H

#include "schedule.h"

struct tune {
	struct tuned {
		char *path, *before;
	} * changed;
	size_t count;
};

/*
 * Changes what differs, notes each change or why it could not be made. root: "" for this
 * machine, a folder for tests.
 */
void tune_start(struct tune *tune, const char *root, struct notes *notes);
/* tune_end() for a tune on the heap, however the program ends, but for a signal that kills it. */
void tune_end_at_exit(struct tune *tune);
/* Puts back what was changed, and says what could not be. Harmless if nothing was. */
void tune_end(struct tune *tune);

#endif
