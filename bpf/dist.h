/* SPDX-License-Identifier: MIT */
/* Distribution of a span: what the kernel side summed up, merged over threads. */
#ifndef DIST_H
#define DIST_H

#include "kvm_exits.h"

struct dist {
	uint64_t count;
	uint64_t total_ns, min_ns, max_ns; /* min and max: 0 when count is 0 */
	uint64_t in_hist;		   /* how many of count are in bucket[] */
	uint64_t bucket[HIST_BUCKETS];
};

/* Adds a span; hist is its histogram, NULL when it has none. */
void dist_add(struct dist *d, const struct span *s, const struct hist *hist);

/*
 * The value below which a fraction q (0 to 1) of the samples lies: the middle
 * of its bucket, within 1.6 %, and never outside min and max. 0 when empty.
 */
uint64_t dist_quantile(const struct dist *d, double q);

uint64_t dist_mean(const struct dist *d);

#endif
