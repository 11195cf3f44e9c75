/* SPDX-License-Identifier: MIT */
#include "histogram.h"

#include <math.h>
#include <string.h>

void histogram_init(struct histogram *h)
{
	memset(h, 0, sizeof *h);
	h->min = UINT64_MAX;
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t multiply_saturating(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* The part of recording that buckets and totals share. */
static void add(struct histogram *h, uint32_t index, uint64_t value, uint64_t times)
{
	h->bucket[index] = add_saturating(h->bucket[index], times);
	h->count = add_saturating(h->count, times);
	h->total = add_saturating(h->total, multiply_saturating(value, times));
}

static void widen(struct histogram *h, uint64_t lowest, uint64_t highest)
{
	if (lowest < h->min)
		h->min = lowest;
	if (highest > h->max)
		h->max = highest;
}

void histogram_record(struct histogram *h, uint64_t value, uint64_t times)
{
	if (times == 0)
		return;
	add(h, hist_index(value), value, times);
	widen(h, value, value);
}

bool histogram_record_bucket(struct histogram *h, uint32_t index, uint64_t times)
{
	if (index >= HIST_BUCKETS)
		return false;
	if (times == 0)
		return true;
	add(h, index, histogram_midpoint(index), times);
	widen(h, hist_lower(index), hist_upper(index));
	/* A bucket of one value loses nothing. */
	if (hist_lower(index) != hist_upper(index))
		h->rounded = true;
	return true;
}

void histogram_merge(struct histogram *h, const struct histogram *from)
{
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		h->bucket[i] = add_saturating(h->bucket[i], from->bucket[i]);
	h->count = add_saturating(h->count, from->count);
	h->total = add_saturating(h->total, from->total);
	widen(h, from->min, from->max);
	h->rounded |= from->rounded;
}

static uint64_t clamp(const struct histogram *h, uint64_t value)
{
	if (value < h->min)
		return h->min;
	return value > h->max ? h->max : value;
}

uint64_t histogram_percentile(const struct histogram *h, double percent)
{
	/* The slack keeps 99.9 % of 1000 at rank 999 although 99.9 has no exact double. */
	double rank = ceil(percent / 100.0 * (double)h->count * (1 - 1e-12));
	double seen = 0;

	if (h->count == 0)
		return 0;
	if (rank < 1)
		rank = 1;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		seen += (double)h->bucket[i];
		if (h->bucket[i] && seen >= rank)
			return clamp(h, histogram_midpoint(i));
	}
	return h->max;
}

double histogram_mean(const struct histogram *h)
{
	return h->count ? (double)h->total / (double)h->count : 0;
}

uint64_t histogram_midpoint(uint32_t index)
{
	uint64_t lower = hist_lower(index);

	return lower + (hist_upper(index) - lower) / 2;
}
