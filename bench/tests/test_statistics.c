/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../statistics.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.12g, expected %.12g within %g", value, expected, tolerance);
}

/* Standard normal deviate (Box-Muller). */
static double normal(struct rng *rng)
{
	double u = ((double)rng_next(rng) + 1) / 18446744073709551617.0;
	double v = (double)rng_next(rng) / 18446744073709551616.0;

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static void medians_and_percentiles(void **state)
{
	/* type 7 of Hyndman and Fan, as R's quantile(c(15,20,35,40,50), ...) prints it */
	static const double v[] = { 15, 20, 35, 40, 50 };

	(void)state;
	assert_near(statistics_median(v, 5), 35, 0);
	assert_near(statistics_median(v, 4), 27.5, 0);
	assert_near(statistics_median(v, 1), 15, 0);
	assert_true(isnan(statistics_median(v, 0)));
	assert_near(statistics_percentile(v, 5, 0), 15, 0);
	assert_near(statistics_percentile(v, 5, 5), 16, 1e-12);
	assert_near(statistics_percentile(v, 5, 30), 23, 1e-12);
	assert_near(statistics_percentile(v, 5, 40), 29, 1e-12);
	assert_near(statistics_percentile(v, 5, 50), 35, 0);
	assert_near(statistics_percentile(v, 5, 100), 50, 0);
	assert_true(isnan(statistics_percentile(v, 0, 50)));
	assert_near(statistics_mean(v, 5), 32, 1e-12);
}

static void geometric_mean_closed_form(void **state)
{
	/* of 2^0 ... 2^10 it is 2^5; Fleming and Wallace's normalised example: 1 */
	double powers[11];
	static const double inverse[] = { 0.25, 4, 0.5, 2 }, zero[] = { 1, 0 };

	(void)state;
	for (int i = 0; i <= 10; i++)
		powers[i] = ldexp(1, i);
	assert_near(statistics_geometric_mean(powers, 11), 32, 1e-12);
	assert_near(statistics_geometric_mean(inverse, 4), 1, 1e-12);
	assert_true(isnan(statistics_geometric_mean(zero, 2)));
	assert_true(isnan(statistics_geometric_mean(zero, 0)));
}

static void binomial_tables(void **state)
{
	(void)state;
	/* cumulative binomial tables, p = 0.5 */
	assert_near(statistics_binomial_half(10, 2), 0.0546875, 1e-12);
	assert_near(statistics_binomial_half(15, 3), 0.017578125, 1e-12);
	assert_near(statistics_binomial_half(20, 5), 0.0206947326660156, 1e-12);
	assert_near(statistics_binomial_half(20, 20), 1, 0);
	assert_near(statistics_binomial_half(10000, 4999), 0.5 - 0.00398936, 1e-6);
}

/*
 * Ranks of the 95 % interval of a median: the table of most nonparametric
 * texts (Conover, table A3; Hollander and Wolfe), k and the confidence reached.
 */
static void median_interval_table(void **state)
{
	static const struct {
		size_t n, k;
		double confidence;
	} table[] = {
		{ 6, 1, 0.969 },   { 7, 1, 0.984 },   { 8, 1, 0.992 },	 { 9, 2, 0.961 },
		{ 10, 2, 0.979 },  { 11, 2, 0.988 },  { 12, 3, 0.961 },	 { 13, 3, 0.978 },
		{ 15, 4, 0.965 },  { 17, 5, 0.951 },  { 20, 6, 0.959 },	 { 25, 8, 0.957 },
		{ 30, 10, 0.957 }, { 40, 14, 0.962 }, { 50, 18, 0.967 }, { 100, 40, 0.965 },
	};
	double v[100];

	(void)state;
	for (size_t i = 0; i < 100; i++)
		v[i] = (double)(i + 1);
	for (size_t i = 0; i < N(table); i++) {
		struct interval ci = statistics_median_interval(v, table[i].n, 0.95);

		assert_near(ci.low, (double)table[i].k, 0);
		assert_near(ci.high, (double)(table[i].n + 1 - table[i].k), 0);
		assert_near(ci.confidence, table[i].confidence, 0.0006);
	}
}

static void median_interval_of_few_values(void **state)
{
	static const double v[] = { 1, 2, 3, 4, 5 };

	(void)state;
	assert_near(statistics_median_interval(v, 5, 0.95).low, 1, 0);
	assert_near(statistics_median_interval(v, 5, 0.95).high, 5, 0);
	assert_near(statistics_median_interval(v, 5, 0.95).confidence, 0.9375, 1e-12);
	assert_near(statistics_median_interval(v, 2, 0.95).confidence, 0.5, 1e-12);
	assert_near(statistics_median_interval(v, 1, 0.95).confidence, 0, 1e-12);
	assert_near(statistics_median_interval(v, 1, 0.95).high, 1, 0);
	assert_true(isnan(statistics_median_interval(v, 0, 0.95).low));
}

/* The promise itself: of many samples, at least 95 % of the intervals hold the true median. */
static void median_interval_covers(void **state)
{
	struct rng rng = { 11 };
	int covered = 0;

	(void)state;
	for (int t = 0; t < 4000; t++) {
		double v[20];
		struct interval ci;

		for (int i = 0; i < 20; i++)
			v[i] = exp(normal(&rng)); /* skewed; median 1 */
		statistics_sort(v, 20);
		ci = statistics_median_interval(v, 20, 0.95);
		covered += ci.low <= 1 && 1 <= ci.high;
	}
	assert_near(covered / 4000.0, 0.959, 0.012);
}

static void outliers_by_mad(void **state)
{
	/* Iglewicz and Hoaglin: MAD 1.0 about median 3, so only 9 and more than 3.5/0.6745 away */
	static const double v[] = { 1, 2, 2, 3, 3, 3, 4, 4, 5, 8.1, 8.2 };
	static const double equal[] = { 5, 5, 5, 5, 100 };

	(void)state;
	assert_near(statistics_mad(v, 11), 1, 1e-12);
	assert_near(statistics_median(v, 11), 3, 0);
	assert_int_equal(statistics_outliers(v, 11), 1);
	assert_int_equal(statistics_outliers(equal, 5), 0);
	assert_int_equal(statistics_outliers(v, 0), 0);
}

static double p_of(const double *a, size_t na, const double *b, size_t nb)
{
	struct rng rng = { 5 };

	return statistics_permutation_test(a, na, b, nb, 100000, &rng);
}

/* Mann-Whitney tables: two-sided exact p of U = 0, 2, 4 for 5 and 5; U = 0 for 4 and 6. */
static void permutation_test_tables(void **state)
{
	static const double a0[] = { 1, 2, 3, 4, 5 }, b0[] = { 6, 7, 8, 9, 10 };
	static const double a2[] = { 1, 2, 3, 5, 6 }, b2[] = { 4, 7, 8, 9, 10 };
	static const double a4[] = { 1, 2, 3, 6, 7 }, b4[] = { 4, 5, 8, 9, 10 };

	(void)state;
	assert_near(p_of(a0, 5, b0, 5), 2 / 252.0, 1e-12);
	assert_near(p_of(b0, 5, a0, 5), 2 / 252.0, 1e-12);
	assert_near(p_of(a2, 5, b2, 5), 0.0317460, 1e-6);
	assert_near(p_of(a4, 5, b4, 5), 0.0952381, 1e-6);
	assert_near(p_of(a0, 4, b0, 5), 2 / 126.0, 1e-12);
	assert_near(p_of(a0, 1, b0, 1), 1, 1e-12);
	assert_near(p_of(a0, 0, b0, 5), 1, 0);
}

/* All ties: nothing to tell apart. Some ties: R's coin::wilcox_test(distribution="exact"). */
static void permutation_test_with_ties(void **state)
{
	static const double same[] = { 3, 3, 3, 3, 3, 3 };
	static const double a[] = { 1, 1, 2 }, b[] = { 2, 3, 3 };

	(void)state;
	assert_near(p_of(same, 6, same, 6), 1, 1e-12);
	/* ranks 1.5 1.5 3.5 3.5 5.5 5.5: rank sums of 3 as far as 6.5 from 10.5: 2 of 20 low, 2
	 * high */
	assert_near(p_of(a, 3, b, 3), 4 / 20.0, 1e-12);
}

/* Two-sided p of the rank sum by its normal approximation, good to 1 % of p for 40 and 40. */
static double normal_approximation(const double *a, const double *b, size_t n)
{
	double u = 0, mean = (double)(n * n) / 2;
	double sd = sqrt((double)(n * n) * (double)(2 * n + 1) / 12);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			u += a[i] > b[j];
	return erfc(fabs(u - mean) / sd / M_SQRT2);
}

/* More values than are counted exactly: drawn; a seed gives the same answer again. */
static void permutation_test_drawn(void **state)
{
	double a[40], b[40], approximation;

	(void)state;
	for (int i = 0; i < 40; i++) {
		a[i] = i;
		b[i] = i + 5.5;
	}
	approximation = normal_approximation(a, b, 40);
	assert_true(approximation > 0.001 && approximation < 0.2);
	assert_near(p_of(a, 40, b, 40), approximation, 0.25 * approximation);
	assert_near(p_of(a, 40, b, 40), p_of(a, 40, b, 40), 0);
	assert_near(p_of(a, 30, b, 30), normal_approximation(a, b, 30),
		    0.03 * normal_approximation(a, b, 30)); /* exact */
	assert_true(p_of(a, 40, a, 40) > 0.9);
	for (int i = 0; i < 40; i++)
		b[i] += 100;
	assert_near(p_of(a, 40, b, 40), 1 / 100001.0, 1e-9);
}

/* Under no difference p is uniform: about 5 % fall below 0.05. */
static void permutation_test_size(void **state)
{
	struct rng rng = { 31 };
	int below = 0;

	(void)state;
	for (int t = 0; t < 1000; t++) {
		double v[24];

		for (int i = 0; i < 24; i++)
			v[i] = exp(normal(&rng));
		below += p_of(v, 12, v + 12, 12) < 0.05;
	}
	assert_true(below >= 25 && below <= 70);
}

/* Holm 1979; the worked example of R's p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm"). */
static void holm_known(void **state)
{
	double p[] = { 0.01, 0.04, 0.03, 0.005 }, one[] = { 0.2 }, big[] = { 0.9, 0.8, 0.6 };

	(void)state;
	statistics_holm(p, 4);
	assert_near(p[0], 0.03, 1e-12);
	assert_near(p[1], 0.06, 1e-12);
	assert_near(p[2], 0.06, 1e-12);
	assert_near(p[3], 0.02, 1e-12);
	statistics_holm(one, 1);
	assert_near(one[0], 0.2, 0);
	statistics_holm(big, 3);
	assert_near(big[0], 1, 0);
	statistics_holm(one, 0);
}

static void noise_floor_known(void **state)
{
	struct rng rng = { 41 };
	double constant[20], drifting[20], noisy[400], floor;

	(void)state;
	for (int i = 0; i < 20; i++) {
		constant[i] = 100;
		drifting[i] = i < 10 ? 100 : 110;
	}
	for (int i = 0; i < 400; i++)
		noisy[i] = 1000 + 10 * normal(&rng);
	assert_near(statistics_noise_floor(constant, 20, 200, &rng), 0, 0);
	/* the halves differ by 10 of a median of 105 */
	assert_near(statistics_noise_floor(drifting, 20, 200, &rng), 10 / 105.0, 0.02);
	/* medians of 400 scatter by 1.2533 sd / sqrt(400); a difference by sqrt(2) of it, 95
	 * %: 1.96 */
	floor = statistics_noise_floor(noisy, 400, 1000, &rng);
	assert_near(floor, 1.96 * M_SQRT2 * 1.2533 * 0.01 / 20, 0.0006);
	assert_near(statistics_noise_floor(noisy, 3, 100, &rng), 0, 0);
}

static void generator_is_fair_and_repeatable(void **state)
{
	struct rng a = { 99 }, b = { 99 };
	int seen[7] = { 0 };

	(void)state;
	for (int i = 0; i < 70000; i++)
		seen[rng_below(&a, 7)]++;
	for (int i = 0; i < 7; i++)
		assert_near(seen[i], 10000, 400);
	for (int i = 0; i < 70000; i++)
		rng_below(&b, 7);
	assert_true(rng_next(&a) == rng_next(&b));
	/* splitmix64 of seed 0, from its author's reference code */
	a.state = 0;
	assert_true(rng_next(&a) == 0xe220a8397b1dcdaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(medians_and_percentiles),
		cmocka_unit_test(geometric_mean_closed_form),
		cmocka_unit_test(binomial_tables),
		cmocka_unit_test(median_interval_table),
		cmocka_unit_test(median_interval_of_few_values),
		cmocka_unit_test(median_interval_covers),
		cmocka_unit_test(outliers_by_mad),
		cmocka_unit_test(permutation_test_tables),
		cmocka_unit_test(permutation_test_with_ties),
		cmocka_unit_test(permutation_test_drawn),
		cmocka_unit_test(permutation_test_size),
		cmocka_unit_test(holm_known),
		cmocka_unit_test(noise_floor_known),
		cmocka_unit_test(generator_is_fair_and_repeatable),
	};

	return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
