/* SPDX-License-Identifier: MIT */
/* The rows a run leaves: held back until it is known whether the run was good. */
#ifndef RECORD_H
#define RECORD_H

#include "bench.h"

enum run_phase { PHASE_WARMUP, PHASE_COUNTED, PHASE_TRACED };

/* The first columns of every row of one run. */
struct run_key {
	const char *where, *workload, *backend;
	unsigned guests, run;
	enum run_phase phase;
};

struct histogram_table;

/* The files of one results folder while it is written. */
struct records {
	char *folder;
	struct csv samples;
	struct histogram_table *histograms;
	unsigned failed_runs;
	size_t rows; /* of samples.csv */
};

/* 0, or -1 with a message. */
int records_open(struct records *records, const char *folder);
/* Writes histograms.csv and closes; 0, or -1 with a message. */
int records_close(struct records *records);
/* Adds the rows of another folder's samples.csv and histograms.csv, as they are. */
int records_merge(struct records *records, const char *folder);

struct recorder *recorder_begin(struct records *records, const struct run_key *key,
				const char *unit);
/* Unit of times in this run: "ns" or "instructions". */
const char *recorder_unit(const struct recorder *recorder);
/* As record_value(), for a value known by its bucket only. */
void record_bucket(struct recorder *recorder, const char *reason, const char *span,
		   const char *unit, uint32_t bucket, uint64_t count);
/* Writes the rows, with ok 0 and a failure row if failure is not NULL, and frees. */
void recorder_end(struct recorder *recorder, const char *failure);

#endif
