/* SPDX-License-Identifier: MIT */
#include "dist.h"

void dist_add(struct dist *d, const struct span *s, const struct hist *hist)
{
	uint64_t in_hist = 0;
	uint32_t i;

	for (i = 0; hist && i < HIST_BUCKETS; i++) {
		d->bucket[i] += hist->bucket[i];
		in_hist += hist->bucket[i];
	}
	if (!s->range_ns)
		return;
	if (!d->count || s->min_ns < d->min_ns)
		d->min_ns = s->min_ns;
	if (s->min_ns + s->range_ns - 1 > d->max_ns)
		d->max_ns = s->min_ns + s->range_ns - 1;
	d->count += s->count + in_hist;
	d->in_hist += in_hist;
	d->total_ns += s->total_ns;
}

static uint64_t clamp(uint64_t v, uint64_t low, uint64_t high)
{
	return v < low ? low : v > high ? high : v;
}

uint64_t dist_quantile(const struct dist *d, double q)
{
	uint64_t rank, seen = 0, low;
	uint32_t i;

	if (!d->in_hist)
		return 0;
	rank = (uint64_t)(q * (double)d->in_hist);
	if ((double)rank < q * (double)d->in_hist)
		rank++; /* the smallest rank that covers q */
	for (i = 0; i < HIST_BUCKETS; i++) {
		seen += d->bucket[i];
		if (seen && seen >= rank)
			break;
	}
	low = hist_lower(i);
	return clamp(low + (hist_upper(i) - low) / 2, d->min_ns, d->max_ns);
}

uint64_t dist_mean(const struct dist *d)
{
	return d->count ? (d->total_ns + d->count / 2) / d->count : 0;
}
