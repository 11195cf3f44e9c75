/* SPDX-License-Identifier: MIT */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void statistics_sort(double *values, size_t n)
{
	if (n > 1)
		qsort(values, n, sizeof *values, compare_doubles);
}

double statistics_median(const double *sorted, size_t n)
{
	if (n == 0)
		return NAN;
	return n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

double statistics_percentile(const double *sorted, size_t n, double percent)
{
	double position, fraction;
	size_t below;

	if (n == 0)
		return NAN;
	position = percent / 100 * (double)(n - 1);
	below = (size_t)position;
	if (below + 1 >= n)
		return sorted[n - 1];
	fraction = position - (double)below;
	return sorted[below] + fraction * (sorted[below + 1] - sorted[below]);
}

double statistics_mean(const double *values, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return n ? sum / (double)n : NAN;
}

double statistics_geometric_mean(const double *values, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (!(values[i] > 0))
			return NAN;
		sum += log(values[i]);
	}
	return n ? exp(sum / (double)n) : NAN;
}

/* P(B(n, 1/2) = k); lgamma keeps C(n, k) / 2^n finite for any n. */
static double binomial_half_at(size_t n, size_t k)
{
	return exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) -
		   (double)n * M_LN2);
}

double statistics_binomial_half(size_t n, size_t k)
{
	double sum = 0;

	if (k >= n)
		return 1;
	for (size_t i = 0; i <= k; i++)
		sum += binomial_half_at(n, i);
	return sum < 1 ? sum : 1;
}

struct interval statistics_median_interval(const double *sorted, size_t n, double confidence)
{
	struct interval interval = { NAN, NAN, 0 };
	double tail = binomial_half_at(n, 0); /* P(B <= k - 1) */
	size_t k = 1;

	if (n == 0)
		return interval;
	while (2 * (k + 1) <= n) {
		double next = tail + binomial_half_at(n, k);

		if (1 - 2 * next < confidence)
			break;
		tail = next;
		k++;
	}
	interval.low = sorted[k - 1];
	interval.high = sorted[n - k];
	interval.confidence = 1 - 2 * tail;
	return interval;
}

double statistics_mad(const double *sorted, size_t n)
{
	double median = statistics_median(sorted, n), mad;
	double *distance;

	if (n == 0)
		return NAN;
	distance = malloc(n * sizeof *distance);
	if (!distance)
		return NAN;
	for (size_t i = 0; i < n; i++)
		distance[i] = fabs(sorted[i] - median);
	statistics_sort(distance, n);
	mad = statistics_median(distance, n);
	free(distance);
	return mad;
}

size_t statistics_outliers(const double *sorted, size_t n)
{
	double median = statistics_median(sorted, n), mad = statistics_mad(sorted, n);
	size_t outliers = 0;

	if (!(mad > 0))
		return 0;
	for (size_t i = 0; i < n; i++)
		outliers += 0.6745 * fabs(sorted[i] - median) / mad > 3.5;
	return outliers;
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	uint64_t rejected = -bound % bound; /* 2^64 mod bound */
	uint64_t value;

	do
		value = rng_next(rng);
	while (value < rejected);
	return value % bound;
}

static void shuffle_head(double *values, size_t n, size_t head, struct rng *rng)
{
	for (size_t i = 0; i < head; i++) {
		size_t j = i + rng_below(rng, n - i);
		double t = values[i];

		values[i] = values[j];
		values[j] = t;
	}
}

/* Twice the rank, so that mean ranks of ties stay whole numbers. */
struct ranked {
	double value;
	uint32_t rank2;
	bool in_a;
};

static int compare_ranked(const void *a, const void *b)
{
	return compare_doubles(&((const struct ranked *)a)->value,
			       &((const struct ranked *)b)->value);
}

static void rank_values(struct ranked *all, size_t n)
{
	qsort(all, n, sizeof *all, compare_ranked);
	for (size_t first = 0, last; first < n; first = last + 1) {
		for (last = first; last + 1 < n && all[last + 1].value == all[first].value;)
			last++;
		for (size_t i = first; i <= last; i++)
			all[i].rank2 = (uint32_t)(first + 1 + last + 1);
	}
}

/*
 * Exact: ways[c][s] counts the subsets of c values with doubled rank sum s, one
 * value added at a time; p is the share of C(n, na) at least as far from the
 * mean as observed. Doubles hold C(60, 30) to 15 digits, which is plenty.
 */
static double rank_test_exact(const struct ranked *all, size_t n, size_t na, uint64_t observed2)
{
	size_t sums = n * (n + 1) + 1;
	double *ways = calloc((na + 1) * sums, sizeof *ways);
	uint64_t mean2 = na * (n + 1);
	uint64_t distance = observed2 > mean2 ? observed2 - mean2 : mean2 - observed2;
	double extreme = 0, total = 0;
	size_t reach = 0; /* no sum of the values so far lies above */

	if (!ways)
		return 1;
	ways[0] = 1;
	for (size_t i = 0; i < n; i++) {
		reach += all[i].rank2;
		for (size_t c = i + 1 < na ? i + 1 : na; c >= 1; c--)
			for (size_t s = reach; s >= all[i].rank2; s--)
				ways[c * sums + s] += ways[(c - 1) * sums + s - all[i].rank2];
	}
	for (size_t s = 0; s < sums; s++) {
		double w = ways[na * sums + s];

		total += w;
		if ((s > mean2 ? s - mean2 : mean2 - s) >= distance)
			extreme += w;
	}
	free(ways);
	return extreme / total;
}

/* This many as extreme and p is known well enough to be large (Besag and Clifford 1991). */
#define ENOUGH_EXTREME 100

static double rank_test_drawn(const struct ranked *all, size_t n, size_t na, uint64_t observed2,
			      size_t permutations, struct rng *rng)
{
	double *ranks = malloc(n * sizeof *ranks);
	double mean2 = (double)na * (double)(n + 1);
	double distance = fabs((double)observed2 - mean2);
	size_t extreme = 0, drawn = 0;

	if (!ranks)
		return 1;
	for (size_t i = 0; i < n; i++)
		ranks[i] = all[i].rank2;
	while (drawn < permutations && extreme < ENOUGH_EXTREME) {
		double sum = 0;

		shuffle_head(ranks, n, na, rng);
		for (size_t i = 0; i < na; i++)
			sum += ranks[i];
		extreme += fabs(sum - mean2) >= distance;
		drawn++;
	}
	free(ranks);
	return (double)(extreme + 1) / (double)(drawn + 1);
}

#define EXACT_VALUES 60

double statistics_permutation_test(const double *a, size_t na, const double *b, size_t nb,
				   size_t permutations, struct rng *rng)
{
	size_t n = na + nb, smaller = na < nb ? na : nb;
	uint64_t observed2 = 0;
	struct ranked *all;
	double p;

	if (na == 0 || nb == 0)
		return 1;
	all = malloc(n * sizeof *all);
	if (!all)
		return 1;
	for (size_t i = 0; i < n; i++)
		all[i] = (struct ranked){ .value = i < na ? a[i] : b[i - na],
					  .in_a = (i < na) == (na <= nb) };
	rank_values(all, n);
	for (size_t i = 0; i < n; i++)
		observed2 += all[i].in_a ? all[i].rank2 : 0;
	p = n <= EXACT_VALUES ? rank_test_exact(all, n, smaller, observed2)
			      : rank_test_drawn(all, n, smaller, observed2, permutations, rng);
	free(all);
	return p;
}

struct indexed {
	double p;
	size_t index;
};

static int compare_indexed(const void *a, const void *b)
{
	return compare_doubles(&((const struct indexed *)a)->p, &((const struct indexed *)b)->p);
}

void statistics_holm(double *p, size_t m)
{
	struct indexed *order = m ? malloc(m * sizeof *order) : NULL;
	double running = 0;

	if (!order) {
		/* Out of memory: no claim of significance. */
		for (size_t i = 0; i < m; i++)
			p[i] = 1;
		return;
	}
	for (size_t i = 0; i < m; i++)
		order[i] = (struct indexed){ p[i], i };
	qsort(order, m, sizeof *order, compare_indexed);
	for (size_t i = 0; i < m; i++) {
		double adjusted = order[i].p * (double)(m - i);

		if (adjusted > running)
			running = adjusted;
		p[order[i].index] = running < 1 ? running : 1;
	}
	free(order);
}

/* |median(first) - median(second)| of values cut at `head`; sorts both parts. */
static double split_difference(double *values, size_t n, size_t head)
{
	statistics_sort(values, head);
	statistics_sort(values + head, n - head);
	return fabs(statistics_median(values, head) - statistics_median(values + head, n - head));
}

double statistics_noise_floor(const double *in_order, size_t n, size_t splits, struct rng *rng)
{
	double *work, *difference, median, drift, floor = 0;

	if (n < 4)
		return 0;
	work = malloc((n + splits) * sizeof *work);
	if (!work)
		return 0;
	difference = work + n;
	memcpy(work, in_order, n * sizeof *work);
	drift = split_difference(work, n, n / 2);
	for (size_t i = 0; i < splits; i++) {
		shuffle_head(work, n, n / 2, rng);
		difference[i] = split_difference(work, n, n / 2);
	}
	if (splits) {
		statistics_sort(difference, splits);
		/* Halves have n/2 values: their medians scatter sqrt(2) more than those of n. */
		floor = statistics_percentile(difference, splits, 95) / M_SQRT2;
	}
	statistics_sort(work, n);
	median = fabs(statistics_median(work, n));
	free(work);
	return median > 0 ? fmax(floor, drift) / median : 0;
}
