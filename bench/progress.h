/* SPDX-License-Identifier: MIT */
/* A bar with an estimate on a terminal; elsewhere a plain line now and then. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "bench.h"

struct progress {
	const char *where;
	bool terminal, silent;
	bool drawn; /* a bar stands on the current line */
	uint64_t start_ns, last_ns;
	unsigned runs, failed;
};

void progress_begin(struct progress *progress, const char *where);
/* After each run: what comes next, and the estimated rest in seconds. */
void progress_step(struct progress *progress, const char *next, double left_s);
/* A line that stays: the bar makes room for it. */
void progress_say(struct progress *progress, const char *format, ...) PRINTF(2, 3);
/* Waits until everything said has left a serial line. */
void progress_drain(void);
void progress_end(struct progress *progress);
/* Columns of the terminal behind fd, 80 if it is none. */
unsigned terminal_columns(int fd);

#endif
