/* SPDX-License-Identifier: MIT */
/* What `kvm-bench run` was asked to do. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "bench.h"

#define MAX_NAMES 128

/* A list given as --workload=A,B --workload=C; empty: all. */
struct name_list {
	char *names[MAX_NAMES];
	size_t count;
};

struct run_options {
	bool quick, tune, no_report, no_crosscheck;
	unsigned warmup;
	unsigned runs;		     /* as given; parsing turns it into the two below */
	unsigned min_runs, max_runs; /* equal: exactly so many */
	double budget_s;	     /* no new round after this long, once min_runs are done */
	double timeout_s;	     /* of one run */
	char *where;		     /* auto, host, lab, both */
	char *as;     /* what to call this machine in the samples: host, lab, exact */
	char *output; /* results folder; NULL: results/<UTC>-<host> */
	char *export_json, *export_csv, *export_markdown;
	char *save_baseline; /* NAME of results/baselines/NAME, NULL: none */
	struct name_list workloads, backends, guests;
	char *command; /* the command line, for machine.json */
};

/* Whether the name is on the list, or the list is empty. */
bool name_listed(const struct name_list *list, const char *name);
bool workload_selected(const struct run_options *options, const struct workload *workload);
/* Whether it was asked for itself, not as one of its kind or of all. */
bool workload_named(const struct run_options *options, const struct workload *workload);
bool guests_selected(const struct run_options *options, unsigned guests);
/* Whether a backend runs: named, or not optional and no list was given. */
bool backend_selected(const struct run_options *options, const char *name, bool optional);

/* What --workload takes for a kind: "guest", "os", "micro", "compute". */
const char *kind_word(enum workload_kind kind);

/* Parses; ends the program on usage errors. */
void run_options_parse(struct run_options *options, int argc, char **argv);
void run_options_free(struct run_options *options);

/* "250ms", "1.5s", "2m", "3" (seconds): seconds, or -1. */
double parse_duration_s(const char *text);

#endif
