/* SPDX-License-Identifier: MIT */
/* The process watched: a running one, or a command held back until the probes are attached. */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <sys/types.h>

struct target {
	pid_t pid; /* 0: all processes */
	int pidfd; /* readable when the process ends; -1 */
	int go_fd; /* closing it lets the command start; -1 */
	bool ours; /* started by us: to be reaped */
	char comm[16];
};

/* Both end the program with a message when there is no such process or no more can be made. */
void target_find(struct target *t, pid_t pid);
/* quiet: the command gets /dev/null as its standard files, as the terminal is taken */
void target_start(struct target *t, char **command, bool quiet);

void target_go(struct target *t); /* runs the command */

/*
 * Ends the command if it still runs (SIGTERM, after 2 s SIGKILL) and returns
 * its status as a shell would: 128 + signal when one killed it. 0 for a
 * process that is not ours.
 */
int target_end(struct target *t);

#endif
