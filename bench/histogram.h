/* SPDX-License-Identifier: MIT */
/*
 * Log-linear histogram of unsigned values (nanoseconds, cycles, instructions)
 * with the buckets of minikvm/trace.h: histograms recorded anywhere merge
 * exactly, by adding counts, and any percentile read back is within
 * HISTOGRAM_ERROR of a value that was recorded.
 */
#ifndef KVM_BENCH_HISTOGRAM_H
#define KVM_BENCH_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include <minikvm/trace.h>

/* Largest relative distance between a value and what its bucket stands for. */
#define HISTOGRAM_ERROR (1.0 / (2 * HIST_SUB))

struct histogram {
	uint64_t count;
	uint64_t total; /* sum of values, saturating at UINT64_MAX */
	uint64_t min;	/* UINT64_MAX while empty */
	uint64_t max;	/* 0 while empty */
	bool rounded;	/* total, min and max were read from buckets, not from the values */
	uint64_t bucket[HIST_BUCKETS];
};

/* An empty histogram; also empties one in use. */
void histogram_init(struct histogram *h);

/* Adds `value`, `times` times over. times may be 0. */
void histogram_record(struct histogram *h, uint64_t value, uint64_t times);

/*
 * Adds `times` values of which only the bucket is known, as in histograms.csv.
 * min and max become the bucket's bounds, total its midpoint. Returns false,
 * and changes nothing, for an index that is no bucket.
 */
bool histogram_record_bucket(struct histogram *h, uint32_t index, uint64_t times);

/* Adds all of `from`: equals the histogram of both sets of values. */
void histogram_merge(struct histogram *h, const struct histogram *from);

/*
 * Smallest recorded value with at least `percent` of all values at or below it
 * (nearest rank), as its bucket's midpoint, kept within [min, max]; percent in
 * [0, 100]. 0 while empty.
 */
uint64_t histogram_percentile(const struct histogram *h, double percent);

/* total / count; 0 while empty. */
double histogram_mean(const struct histogram *h);

/* The value a bucket stands for: its midpoint. */
uint64_t histogram_midpoint(uint32_t index);

#endif
