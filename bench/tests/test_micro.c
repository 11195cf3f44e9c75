/* SPDX-License-Identifier: MIT */
/* What the self-measuring guests print becomes rows and buckets; what is damaged, a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "../micro.h"
#include "../record.h"

/* In place of record.c: everything recorded, as text. */
struct recorder {
	char rows[4096];
	size_t length;
};

static void note(struct recorder *recorder, const char *format, ...) PRINTF(2, 3);
static void note(struct recorder *recorder, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	recorder->length +=
	    (size_t)vsnprintf(recorder->rows + recorder->length,
			      sizeof(recorder->rows) - recorder->length, format, arguments);
	va_end(arguments);
	assert_true(recorder->length < sizeof(recorder->rows));
}

void record(struct recorder *recorder, const char *metric, const char *unit, double value)
{
	if (strcmp(metric, "tsc_hz") == 0)
		assert_true(value > 1e8 && value < 1e10);
	else
		note(recorder, "%s %.6g %s\n", metric, value, unit);
}

void record_text(struct recorder *recorder, const char *metric, const char *text)
{
	note(recorder, "%s '%s'\n", metric, text);
}

void record_value(struct recorder *recorder, const char *reason, const char *span, const char *unit,
		  uint64_t value, uint64_t count)
{
	(void)value;
	assert_string_equal(span, "op");
	note(recorder, "%s x%ju %s\n", reason, (uintmax_t)count, unit);
}

void record_bucket(struct recorder *recorder, const char *reason, const char *span,
		   const char *unit, uint32_t bucket, uint64_t count)
{
	assert_string_equal(span, "op");
	note(recorder, "%s [%u] x%ju %s\n", reason, bucket, (uintmax_t)count, unit);
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static int parse(const struct workload *workload, const char *output, struct recorder *recorder,
		 char *why)
{
	const struct run_result result = { .where = "host",
					   .backend = "kvm-vmm",
					   .unit = "ns",
					   .output = output,
					   .output_bytes = strlen(output) };

	*recorder = (struct recorder){ .length = 0 };
	snprintf(why, 256, "none");
	return workload->parse(workload, &result, recorder, why, 256);
}

static const struct workload *find(const struct workload *table, const char *name)
{
	while (table->name && strcmp(table->name, name) != 0)
		table++;
	assert_non_null(table->name);
	return table;
}

/* Three samples: 60, 61 and 4660; the last one's bucket is 0x104. */
#define HEADER "micro 1 real n=3\n"
#define OUT8 "op out8 n=3 sum=12ad min=3c p50=3d p90=1234 p99=1234 p999=1234 max=1234\n"
#define BUCKETS "h 3c:1 3d:1 104:1\n"
#define SKIP "skip in32 QEMU has no such device\n"
#define END "end\n"

static void test_micro_rows(void **state)
{
	struct recorder recorder;
	char why[256];

	(void)state;
	assert_int_equal(hist_index(0x1234), 0x104);
	assert_int_equal(parse(find(micro_workloads, "micro-real"), HEADER OUT8 BUCKETS SKIP END,
			       &recorder, why),
			 0);
	assert_string_equal(
	    recorder.rows, "op.out8.min 60 cycles\nop.out8.p50 61 cycles\nop.out8.p90 4660 cycles\n"
			   "op.out8.p99 4660 cycles\nop.out8.p999 4660 cycles\n"
			   "op.out8.max 4660 cycles\nop.out8.mean 1593.67 cycles\n"
			   "out8 [60] x1 cycles\nout8 x1 ns\nout8 [61] x1 cycles\nout8 x1 ns\n"
			   "out8 [260] x1 cycles\nout8 x1 ns\n"
			   "op.in32.skipped 'QEMU has no such device'\n");
}

static void test_micro_damaged(void **state)
{
	static const char *const damaged[] = {
		"",
		"micro 2 real n=3\n" END,
		"micro 1 paged n=3\n" END,
		HEADER,
		HEADER OUT8 BUCKETS,
		HEADER OUT8 END,
		HEADER OUT8 BUCKETS END "more\n",
		HEADER "noise\n" END,
		HEADER "op out8 n=3 sum=12ad min=3c p50=3d\n" BUCKETS END,
		/* p50 above p90; a sum no three such samples have; no sample at all */
		HEADER "op a n=3 sum=7 min=1 p50=3 p90=2 p99=3 p999=3 max=3\nh 1:1 2:1 3:1\n" END,
		HEADER "op a n=3 sum=2 min=1 p50=2 p90=3 p99=3 p999=3 max=3\nh 1:1 2:1 3:1\n" END,
		HEADER "op out8 n=0 sum=0 min=0 p50=0 p90=0 p99=0 p999=0 max=0\nh\n" END,
		/* one missing, one too many, out of order, not min's, not max's, no bucket */
		HEADER OUT8 "h 3c:1 104:1\n" END,
		HEADER OUT8 "h 3c:1 3d:2 104:1\n" END,
		HEADER OUT8 "h 3c:1 104:1 3d:1\n" END,
		HEADER OUT8 "h 3b:1 3d:1 104:1\n" END,
		HEADER OUT8 "h 3c:1 3d:1 105:1\n" END,
		HEADER OUT8 "h 3c:1 3d:1 fff:1\n" END,
		HEADER OUT8 "h 3c:1 3d:1 104:\n" END,
		HEADER "skip in32\n" END,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		struct recorder recorder;
		char why[256];

		if (parse(find(micro_workloads, "micro-real"), damaged[i], &recorder, why) == 0)
			fail_msg("accepted: %s", damaged[i]);
		assert_string_not_equal(why, "none");
	}
}

static void test_compute(void **state)
{
	static const char *const damaged[] = {
		"",
		"loop n=150 cycles=0x10 checksum=0x5\n",
		"loop n=150 cycles=0x10 checksum=0x5 OK\nmore",
		"loop n=149 cycles=0x10 checksum=0x5 OK\n",
		"loop n=150 cycles=0x0 checksum=0x5 OK\n",
		"sieve n=150 cycles=0x10 checksum=0x5 OK\n",
		"loop n=150 FAILED: round 0 gave 0x1, not 0x2\n",
	};
	const struct workload *loop = find(compute_workloads, "loop");
	struct recorder recorder;
	char why[256];

	(void)state;
	assert_int_equal(loop->iterations, 150);
	assert_int_equal(
	    parse(loop, "loop n=150 cycles=0x1f00000000 checksum=0x5 OK\n", &recorder, why), 0);
	assert_string_equal(recorder.rows, "cycles 1.33144e+11 cycles\n");
	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		assert_int_equal(parse(loop, damaged[i], &recorder, why), -1);
		assert_string_not_equal(why, "none");
		assert_int_equal(recorder.length, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_micro_rows),
		cmocka_unit_test(test_micro_damaged),
		cmocka_unit_test(test_compute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
