/* SPDX-License-Identifier: MIT */
/* The same program once more, on the reference machine (scripts/lab). */
#ifndef LAB_H
#define LAB_H

#include "schedule.h"

/* Why there is no lab here; NULL if scripts/lab is there. The caller frees it. */
char *lab_missing(const struct env *env);

/*
 * Runs the suite in the lab: on its ordinary clock, then in exact mode, then QEMU's instructions.
 * Adds what came back to records, notes and machine (machines.lab, machines.exact, backends).
 * only_exact: the second step alone. Returns a status as schedule_run() does.
 */
int lab_run(struct env *env, struct records *records, const struct run_options *options,
	    struct notes *notes, json_t *machine, bool only_exact);

#endif
