/* SPDX-License-Identifier: MIT */
/* Child processes: the measured ones through kvm-launch, and short helpers (versions, probes). */
#ifndef CHILD_H
#define CHILD_H

#include "bench.h"
#include "launch.h"

/* A growing argument list; what it holds is its own copy. */
struct argv {
	char **words; /* NULL-terminated */
	size_t count;
};

void argv_add(struct argv *argv, const char *word);
void argv_addf(struct argv *argv, const char *format, ...) PRINTF(2, 3);
void argv_add_all(struct argv *argv, const char *const *words); /* NULL-terminated; may be NULL */
/* The command as a shell would take it; the caller frees it. */
char *argv_text(const struct argv *argv);
void argv_free(struct argv *argv);

/* Ctrl-C and SIGTERM as a file descriptor, so that no handler needs a global. */
struct signals {
	int fd;
	bool interrupted;
};

/* Blocks the signals (children get them unblocked) and makes the descriptor. */
void signals_init(struct signals *signals);
/* Whether one came since the start; never blocks. */
bool signals_interrupted(struct signals *signals);

enum child_end { CHILD_ENDED, CHILD_TIMED_OUT, CHILD_INTERRUPTED, CHILD_NOT_STARTED };

/* One or several processes of the same command, started together. */
struct child_group {
	unsigned count;
	struct launch_result result[LAUNCH_MAX_CHILDREN];
	char *output[LAUNCH_MAX_CHILDREN]; /* stdout, NUL after output_bytes */
	size_t output_bytes[LAUNCH_MAX_CHILDREN];
	char *errors; /* stderr of all, one after the other */
};

/* What to start. */
struct child_job {
	const char *launcher; /* path of kvm-launch */
	const struct argv *argv;
	unsigned count;	   /* processes of it */
	const char *input; /* standard input of each, NULL: /dev/null */
	const char *cpus;  /* where they may run: "1,2"; NULL: where this process may */
	bool sample_pss;
	double timeout_s;
};

/*
 * Starts the job through the launcher and waits. After a timeout or an interrupt all processes
 * are killed and only output and errors are filled in.
 */
enum child_end child_run(struct child_group *group, const struct child_job *job,
			 struct signals *signals);
void child_group_free(struct child_group *group);

/*
 * Output (stdout, then stderr where both is true) of a helper command found in PATH, at most
 * timeout_s long; NULL if it could not run. *status: exit status, 128 + signal, or 124.
 */
char *command_output(const char *const *words, bool both, double timeout_s, int *status);

#endif
