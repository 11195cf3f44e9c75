/* SPDX-License-Identifier: MIT */
/*
 * The statistics behind every figure that has noise. All of it is rank based
 * or resampled: run times are skewed and have outliers, so nothing here
 * assumes a normal distribution and nothing drops a sample.
 *
 * Arrays called `sorted` are in ascending order (statistics_sort). No NaN.
 */
#ifndef KVM_BENCH_STATISTICS_H
#define KVM_BENCH_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ascending, in place. */
void statistics_sort(double *values, size_t n);

/* Middle value, or mean of the two middle ones; NaN for n == 0. */
double statistics_median(const double *sorted, size_t n);

/*
 * The value below which `percent` of a distribution lies, by linear
 * interpolation between order statistics (Hyndman and Fan 1996, type 7: what R,
 * NumPy and Excel do); percent in [0, 100]. NaN for n == 0.
 */
double statistics_percentile(const double *sorted, size_t n, double percent);

double statistics_mean(const double *values, size_t n);

/* exp(mean(log)); every value must be > 0, else NaN. NaN for n == 0. */
double statistics_geometric_mean(const double *values, size_t n);

/* Confidence interval of a median. */
struct interval {
	double low, high;
	double confidence; /* reached: >= what was asked, less only when n is too small */
};

/*
 * From binomial order statistics: [x(k), x(n+1-k)] with the largest k for which
 * P(k <= B(n, 1/2) <= n-k) >= confidence. Distribution free. With too few
 * values (n < 6 for 0.95) it is [min, max] and `confidence` says what that is worth.
 */
struct interval statistics_median_interval(const double *sorted, size_t n, double confidence);

/* Binomial(n, 1/2) cumulative probability P(X <= k). */
double statistics_binomial_half(size_t n, size_t k);

/* Median absolute deviation from the median, unscaled; NaN for n == 0. */
double statistics_mad(const double *sorted, size_t n);

/*
 * Values whose modified z-score 0.6745 |x - median| / MAD exceeds 3.5 (Iglewicz
 * and Hoaglin 1993). Counted for the reader; never left out of anything.
 * 0 when MAD is 0: half of the values are equal, no scale to judge by.
 */
size_t statistics_outliers(const double *sorted, size_t n);

/* Seeded generator (splitmix64): the same seed gives the same report. */
struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);

/* Uniform in [0, bound), without modulo bias; bound > 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/*
 * Two-sided permutation test of "a and b come from one distribution", on the
 * rank sum (ties share their mean rank), so one wild value weighs no more than
 * its rank. All permutations are counted exactly up to 60 values together; above,
 * up to `permutations` are drawn from `rng`, (1 + as extreme) / (1 + drawn), ending
 * early once it is clear that p is large. Returns p in (0, 1]; 1 when a side is empty.
 */
double statistics_permutation_test(const double *a, size_t na, const double *b, size_t nb,
				   size_t permutations, struct rng *rng);

/*
 * Holm's step-down correction of m p-values, in place, keeping their order:
 * afterwards p[i] < alpha holds the family-wise error below alpha.
 */
void statistics_holm(double *p, size_t m);

/*
 * A against A inside one series, in the order measured: how far apart medians
 * of this series lie when nothing changed, as a fraction of its median. The
 * largest of (a) the 95th percentile over `splits` random halves, scaled to the
 * whole series' size, and (b) its first half against its second, which sees
 * drift. 0 for n < 4 or a median of 0: no statement.
 */
double statistics_noise_floor(const double *in_order, size_t n, size_t splits, struct rng *rng);

#endif
