/* SPDX-License-Identifier: MIT */
/* Whether a run did what its workload says: status, output, exits. */
#ifndef VERIFY_H
#define VERIFY_H

#include "bench.h"

#define WHY_BYTES 512

/* 0, or -1 with the reason in why (WHY_BYTES). good_status: what this backend ends with. */
int verify_run(const struct run_result *result, int good_status, char *why);

/* Against one guest's output. prefixed: lines of several guests, "[vCPU n] " before each. */
int verify_output(const struct workload *workload, const char *output, size_t bytes,
		  unsigned guests, bool prefixed, char *why);

/* ---- vmmstats.c: the --stats=json document ---- */
/* Its format, its sums, and exactly the exits the workload states, for every guest. */
int verify_exits(const struct workload *workload, const json_t *stats, unsigned guests, char *why);
/* Phases, exits and histograms. end_ns: when the process had ended. */
void record_stats(struct recorder *recorder, const struct run_result *result, uint64_t end_ns);

#endif
