/* SPDX-License-Identifier: MIT */
/* Which runs, in which order, how many; each run carried out, checked and recorded. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "backend.h"
#include "options.h"
#include "progress.h"
#include "record.h"

enum { NOTES_MAX = 64 };

/* What the reader of the report must know; each note once. */
struct notes {
	char *texts[NOTES_MAX];
	size_t count;
};

void note(struct notes *notes, const char *format, ...) PRINTF(2, 3);
void notes_free(struct notes *notes);

/* Whether a workload was asked for with so many guests. */
bool schedule_wants(const struct run_options *options, const struct workload *workload,
		    unsigned guests);

/*
 * All selected workloads on this machine's available backends. Warm-up, counted rounds in turns
 * (A B, then B A), and one run of each under ptrace for its PSS. Returns STATUS_OK,
 * STATUS_FAILED (a run failed its checks), STATUS_INTERRUPTED or STATUS_HOST (nothing to run).
 */
int schedule_run(struct env *env, struct records *records, const struct run_options *options,
		 struct notes *notes);

#endif
