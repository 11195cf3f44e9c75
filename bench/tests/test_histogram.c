/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../histogram.h"
#include "../statistics.h"

/* Every bucket's ends, and random values of every magnitude. */
static void buckets_tile_the_whole_range(void **state)
{
	(void)state;
	assert_int_equal(hist_lower(0), 0);
	assert_true(hist_upper(HIST_BUCKETS - 1) == UINT64_MAX);
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		assert_int_equal(hist_index(hist_lower(i)), i);
		assert_int_equal(hist_index(hist_upper(i)), i);
		assert_true(hist_lower(i) <= hist_upper(i));
		if (i)
			assert_true(hist_lower(i) == hist_upper(i - 1) + 1);
	}
}

static double relative_error(uint64_t value)
{
	uint64_t stand_in = histogram_midpoint(hist_index(value));
	uint64_t distance = value > stand_in ? value - stand_in : stand_in - value;

	return value ? (double)distance / (double)value : (double)distance;
}

static void error_bound_holds_over_the_whole_range(void **state)
{
	struct rng rng = { 1 };
	double worst = 0;

	(void)state;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		double low = relative_error(hist_lower(i)), high = relative_error(hist_upper(i));

		worst = low > worst ? low : worst;
		worst = high > worst ? high : worst;
	}
	for (int i = 0; i < 1000000; i++) {
		double error = relative_error(rng_next(&rng) >> (i % 64));

		worst = error > worst ? error : worst;
	}
	assert_true(worst <= HISTOGRAM_ERROR);
	assert_true(worst > HISTOGRAM_ERROR / 2); /* the bound is a bound, not a guess far off */
	for (uint64_t v = 0; v < 2 * HIST_SUB; v++)
		assert_true(histogram_midpoint(hist_index(v)) == v);
}

static void empty_and_single(void **state)
{
	struct histogram h;

	(void)state;
	histogram_init(&h);
	assert_int_equal(h.count, 0);
	assert_int_equal(histogram_percentile(&h, 50), 0);
	assert_true(histogram_mean(&h) == 0);
	histogram_record(&h, 7, 0);
	assert_int_equal(h.count, 0);
	histogram_record(&h, 123456789, 1);
	assert_int_equal(h.min, 123456789);
	assert_int_equal(h.max, 123456789);
	for (int percent = 0; percent <= 100; percent += 50) /* clamped to [min, max]: exact */
		assert_int_equal(histogram_percentile(&h, percent), 123456789);
	assert_false(h.rounded);
}

static void extremes_saturate(void **state)
{
	struct histogram h;

	(void)state;
	histogram_init(&h);
	histogram_record(&h, UINT64_MAX, 3);
	histogram_record(&h, 0, 1);
	assert_int_equal(h.count, 4);
	assert_true(h.total == UINT64_MAX);
	assert_int_equal(h.min, 0);
	assert_true(h.max == UINT64_MAX);
	assert_int_equal(histogram_percentile(&h, 25), 0);
	assert_true(histogram_percentile(&h, 26) > UINT64_MAX / 64 * 63);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void percentiles_against_sorted_values(void **state)
{
	static uint64_t values[10000];
	static const double percents[] = { 0, 1, 50, 90, 99, 99.9, 99.99, 100 };
	struct rng rng = { 7 };
	struct histogram h;

	(void)state;
	histogram_init(&h);
	for (size_t i = 0; i < 10000; i++) {
		values[i] = rng_next(&rng) >> rng_below(&rng, 64);
		histogram_record(&h, values[i], 1);
	}
	qsort(values, 10000, sizeof *values, compare_u64);
	for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
		double rank = percents[i] / 100 * 10000;
		size_t at = rank < 1 ? 0 : (size_t)(rank + 0.5) - 1;
		double exact = (double)values[at];
		double read = (double)histogram_percentile(&h, percents[i]);

		assert_true(read >= exact * (1 - HISTOGRAM_ERROR) - 0.5);
		assert_true(read <= exact * (1 + HISTOGRAM_ERROR) + 0.5);
	}
}

static void known_small_distribution(void **state)
{
	struct histogram h;

	(void)state;
	histogram_init(&h);
	for (uint64_t v = 1; v <= 50; v++)
		histogram_record(&h, v, 20);
	assert_int_equal(h.count, 1000);
	assert_int_equal(h.total, 25500);
	assert_true(histogram_mean(&h) == 25.5);
	assert_int_equal(histogram_percentile(&h, 50), 25);
	assert_int_equal(histogram_percentile(&h, 90), 45);
	assert_int_equal(histogram_percentile(&h, 99.9), 50);
	assert_int_equal(histogram_percentile(&h, 2), 1);
	assert_int_equal(histogram_percentile(&h, 2.1), 2);
}

static void assert_same(const struct histogram *a, const struct histogram *b)
{
	assert_true(a->count == b->count);
	assert_true(a->total == b->total);
	assert_true(a->min == b->min);
	assert_true(a->max == b->max);
	assert_int_equal(a->rounded, b->rounded);
	assert_memory_equal(a->bucket, b->bucket, sizeof a->bucket);
}

static void merge_equals_histogram_of_all(void **state)
{
	static struct histogram part[5], all, merged, backwards;
	struct rng rng = { 3 };

	(void)state;
	histogram_init(&all);
	histogram_init(&merged);
	histogram_init(&backwards);
	for (int p = 0; p < 5; p++) {
		histogram_init(&part[p]);
		for (int i = 0; i < p * 1000; i++) { /* part 0 stays empty */
			uint64_t v = rng_next(&rng) >> (20 + rng_below(&rng, 44));

			histogram_record(&part[p], v, 1 + (uint64_t)p);
			histogram_record(&all, v, 1 + (uint64_t)p);
		}
	}
	for (int p = 0; p < 5; p++) {
		histogram_merge(&merged, &part[p]);
		histogram_merge(&backwards, &part[4 - p]);
	}
	assert_same(&merged, &all);
	assert_same(&backwards, &all);
}

static void buckets_read_back(void **state)
{
	static struct histogram h, back;

	(void)state;
	histogram_init(&h);
	histogram_init(&back);
	for (uint64_t v = 1; v; v <<= 1)
		histogram_record(&h, v + v / 3, 2);
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		assert_true(histogram_record_bucket(&back, i, h.bucket[i]));
	assert_memory_equal(back.bucket, h.bucket, sizeof h.bucket);
	assert_true(back.count == h.count);
	assert_true(back.min <= h.min && back.max >= h.max);
	assert_true(back.rounded);
	assert_false(histogram_record_bucket(&back, HIST_BUCKETS, 1));
	assert_true(back.count == h.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_tile_the_whole_range),
		cmocka_unit_test(error_bound_holds_over_the_whole_range),
		cmocka_unit_test(empty_and_single),
		cmocka_unit_test(extremes_saturate),
		cmocka_unit_test(percentiles_against_sorted_values),
		cmocka_unit_test(known_small_distribution),
		cmocka_unit_test(merge_equals_histogram_of_all),
		cmocka_unit_test(buckets_read_back),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
