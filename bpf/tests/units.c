/* SPDX-License-Identifier: MIT */
/* Tables, formats and arithmetic; needs no eBPF. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>
#include "bucket.h"
#include "dist.h"
#include "output.h"
#include "reasons.h"
#include "record.h"

static void user_reasons_have_the_kernels_names(void **state)
{
	char buf[REASON_LEN];

	(void)state;
	assert_string_equal(user_reason(2, 0, buf), "KVM_EXIT_IO");
	assert_string_equal(user_reason(5, 0, buf), "KVM_EXIT_HLT");
	assert_string_equal(user_reason(6, 0, buf), "KVM_EXIT_MMIO");
	assert_string_equal(user_reason(17, 0, buf), "KVM_EXIT_INTERNAL_ERROR");
	assert_string_equal(user_reason(37, 0, buf), "KVM_EXIT_NOTIFY");
	assert_string_equal(user_reason(1234, 0, buf), "KVM_EXIT_1234");
	assert_string_equal(user_reason(10, EINTR, buf), "EINTR");
	assert_string_equal(user_reason(0, EAGAIN, buf), "EAGAIN");
	assert_string_equal(user_reason(0, 600, buf), "errno_600");
}

static void hardware_reasons_go_by_isa(void **state)
{
	char buf[REASON_LEN];

	(void)state;
	assert_string_equal(hw_reason(ISA_SVM, 0x7b, buf), "ioio");
	assert_string_equal(hw_reason(ISA_SVM, 0x78, buf), "hlt");
	assert_string_equal(hw_reason(ISA_SVM, 0x60, buf), "interrupt");
	assert_string_equal(hw_reason(ISA_SVM, 0x4e, buf), "PF excp");
	assert_string_equal(hw_reason(ISA_SVM, 0x400, buf), "npf");
	assert_string_equal(hw_reason(ISA_SVM, 0x403, buf), "vmgexit");
	assert_string_equal(hw_reason(ISA_SVM, 0xffffffff, buf), "invalid_guest_state");
	assert_string_equal(hw_reason(ISA_SVM, 0x1c0, buf), "0x1c0");
	assert_string_equal(hw_reason(ISA_SVM, 0x499, buf), "0x499");
	assert_string_equal(hw_reason(ISA_VMX, 30, buf), "IO_INSTRUCTION");
	assert_string_equal(hw_reason(ISA_VMX, 0x80000000u | 33, buf), "INVALID_STATE");
	assert_string_equal(hw_reason(ISA_VMX, 48, buf), "EPT_VIOLATION");
	assert_string_equal(hw_reason(ISA_VMX, 11, buf), "0xb");
	assert_string_equal(hw_reason(7, 30, buf), "0x1e");
}

static void only_halts_are_idle(void **state)
{
	(void)state;
	assert_true(user_is_halt(5, 0));
	assert_false(user_is_halt(5, EINTR)); /* the reason is stale then */
	assert_false(user_is_halt(2, 0));
	assert_true(hw_is_halt(ISA_SVM, 0x78));
	assert_true(hw_is_halt(ISA_VMX, 12));
	assert_false(hw_is_halt(ISA_VMX, 0x78));
	assert_false(hw_is_halt(ISA_SVM, 12));
}

/* The eBPF side's shortcut and the project's histogram are the same function. */
static void buckets_are_those_of_trace_h(void **state)
{
	uint64_t v;
	int bit, d;

	(void)state;
	for (v = 0; v < 1 << 20; v++)
		assert_int_equal(bucket_index(v), hist_index(v));
	for (; v < UINT64_C(1) << 36; v += v / 4096)
		assert_int_equal(bucket_index(v), hist_index(v));
	for (bit = 0; bit < 64; bit++)
		for (d = -2; d <= 2; d++) {
			v = (UINT64_C(1) << bit) + (uint64_t)d;
			assert_int_equal(bucket_index(v), hist_index(v));
			assert_true(bucket_index(v) < HIST_BUCKETS);
		}
}

/* What the eBPF side makes of samples. */
static void sample(struct span *s, struct hist *h, uint64_t ns)
{
	s->total_ns += ns;
	if (!s->range_ns || ns < s->min_ns) {
		s->range_ns = s->range_ns ? s->range_ns + s->min_ns - ns : 1;
		s->min_ns = ns;
	} else if (ns - s->min_ns >= s->range_ns) {
		s->range_ns = ns - s->min_ns + 1;
	}
	if (h)
		h->bucket[hist_index(ns)]++;
	else
		s->count++;
}

static void quantiles_are_within_a_bucket(void **state)
{
	struct dist *d = calloc(1, sizeof(*d));
	struct hist *h = calloc(1, sizeof(*h));
	struct span s = { 0 };
	uint64_t i;

	(void)state;
	assert_int_equal(dist_quantile(d, 0.5), 0);
	assert_int_equal(dist_mean(d), 0);
	for (i = 1; i <= 10000; i++)
		sample(&s, h, i * 10);
	dist_add(d, &s, h);
	assert_int_equal(d->count, 10000);
	assert_int_equal(d->min_ns, 10);
	assert_int_equal(d->max_ns, 100000);
	assert_int_equal(dist_mean(d), 50005);
	assert_in_range(dist_quantile(d, 0.5), 50000 * 98 / 100, 50000 * 102 / 100);
	assert_in_range(dist_quantile(d, 0.9), 90000 * 98 / 100, 90000 * 102 / 100);
	assert_in_range(dist_quantile(d, 0.99), 99000 * 98 / 100, 100000);
	assert_in_range(dist_quantile(d, 1), 99000, 100000);
	assert_in_range(dist_quantile(d, 0), 10, 10);
	free(d);
	free(h);
}

static void one_value_is_its_own_quantile(void **state)
{
	struct dist *d = calloc(1, sizeof(*d));
	struct hist *h = calloc(1, sizeof(*h));
	struct span s = { 0 };

	(void)state;
	sample(&s, h, 123457);
	dist_add(d, &s, h);
	assert_int_equal(dist_quantile(d, 0.5), 123457);
	assert_int_equal(dist_quantile(d, 0.999), 123457);
	assert_int_equal(d->min_ns, 123457);
	assert_int_equal(d->max_ns, 123457);
	free(d);
	free(h);
}

static void spans_of_threads_add_up(void **state)
{
	struct dist *d = calloc(1, sizeof(*d));
	struct hist *h = calloc(1, sizeof(*h));
	struct span a = { 0 }, b = { 0 }, none = { 0 };

	(void)state;
	sample(&a, h, 100);
	sample(&a, h, 300);
	sample(&b, NULL, 7); /* there was no histogram left for this one */
	dist_add(d, &none, NULL);
	dist_add(d, &a, h);
	dist_add(d, &b, NULL);
	assert_int_equal(d->count, 3);
	assert_int_equal(d->in_hist, 2);
	assert_int_equal(d->total_ns, 407);
	assert_int_equal(d->min_ns, 7);
	assert_int_equal(d->max_ns, 300);
	free(d);
	free(h);
}

static void assert_record(const struct record *r, const char *expected)
{
	char line[256] = "";
	FILE *f = fmemopen(line, sizeof(line), "w");

	assert_non_null(f);
	record_print(f, r);
	fclose(f);
	assert_string_equal(line, expected);
}

static void records_are_csv(void **state)
{
	struct record r = { .ns = 12, .tid = 34, .cpu = 5 };

	(void)state;
	r.event = EVENT_EXIT, r.reason = ISA_SVM, r.a = 0x7b, r.b = ISA_SVM;
	assert_record(&r, "12,34,5,exit,ioio,0,0x7b,2\n");
	r.event = EVENT_USER, r.reason = 2, r.a = 2, r.b = (uint64_t)-1;
	assert_record(&r, "12,34,5,user,KVM_EXIT_IO,0,2,-1\n");
	r.reason = 10, r.error = EINTR, r.a = 10, r.b = 0;
	assert_record(&r, "12,34,5,user,EINTR,4,10,0\n");
	r.event = EVENT_ENTRY, r.reason = 0, r.error = 0, r.a = (uint64_t)-1;
	assert_record(&r, "12,34,5,entry,,0,-1,\n");
	r.event = EVENT_PIO, r.reason = 1, r.a = 0x500, r.b = 4;
	assert_record(&r, "12,34,5,pio,out,0,0x500,4\n");
	r.event = EVENT_MMIO, r.reason = MMIO_WRITE, r.a = 0xfe000000, r.b = 4;
	assert_record(&r, "12,34,5,mmio,write,0,0xfe000000,4\n");
	r.event = EVENT_IRQ_ACK, r.reason = 0, r.a = 1, r.b = 1;
	assert_record(&r, "12,34,5,irq-ack,pic0,0,1,1\n");
	r.event = EVENT_INSN, r.reason = 1;
	assert_record(&r, "12,34,5,insn,failed,0,,\n");
}

static size_t row_length(const struct view *v, const struct row *row, int width, char line[512])
{
	FILE *f = fmemopen(line, 512, "w");

	assert_non_null(f);
	row_print(f, v, row, width);
	fclose(f);
	assert_int_equal(line[strlen(line) - 1], '\n');
	return strlen(line) - 1;
}

static void rows_fit_the_width(void **state)
{
	struct row *row = calloc(1, sizeof(*row));
	struct view v = {
		.id = VIEW_HW, .rows = row, .count = 1, .samples = 1000, .total_ns = 2000
	};
	char line[512];
	int width;

	(void)state;
	strcpy(row->name, "a_name_longer_than_its_column_is");
	row->samples = 1000;
	row->extra = 17;
	row->time.count = row->time.in_hist = 1;
	row->time.total_ns = row->time.min_ns = row->time.max_ns = 2000;
	row->time.bucket[hist_index(2000)] = 1;
	for (width = 60; width < 200; width++) {
		assert_true(row_length(&v, NULL, width, line) <= (size_t)width);
		assert_true(row_length(&v, row, width, line) <= (size_t)width);
	}
	row_length(&v, NULL, 80, line);
	assert_non_null(strstr(line, "P99"));
	assert_non_null(strstr(line, "to-user"));
	assert_null(strstr(line, "P90"));
	row_length(&v, NULL, 160, line);
	assert_non_null(strstr(line, "P99.9"));
	assert_non_null(strstr(line, "OFF-CPU"));
	row_length(&v, row, 80, line);
	assert_non_null(strstr(line, " 100.00%"));
	free(row);
}

static void a_halt_has_no_share(void **state)
{
	struct row *rows = calloc(2, sizeof(*rows));
	struct view v = { .id = VIEW_USER, .rows = rows, .count = 2, .samples = 5 };
	char line[512];

	(void)state;
	strcpy(rows[0].name, "KVM_EXIT_HLT");
	rows[0].halt = true;
	rows[0].samples = 1000;
	strcpy(rows[1].name, "KVM_EXIT_IO");
	rows[1].samples = 5;
	assert_true(view_sort(&v, "samples"));
	assert_string_equal(v.rows[0].name, "KVM_EXIT_IO");
	row_length(&v, &v.rows[1], 80, line);
	assert_non_null(strstr(line, "idle"));
	assert_null(strchr(line, '%'));
	free(rows);
}

static void keys_sort(void **state)
{
	struct row *rows = calloc(3, sizeof(*rows));
	struct view v = { .id = VIEW_USER, .rows = rows, .count = 3 };

	(void)state;
	strcpy(rows[0].name, "b");
	strcpy(rows[1].name, "a");
	strcpy(rows[2].name, "c");
	rows[0].samples = 1, rows[1].samples = 2, rows[2].samples = 3;
	rows[0].time.total_ns = 30, rows[1].time.total_ns = 20, rows[2].time.total_ns = 10;
	assert_true(view_sort(&v, "sample")); /* perf's word */
	assert_string_equal(rows[0].name, "c");
	assert_true(view_sort(&v, "time"));
	assert_string_equal(rows[0].name, "b");
	assert_true(view_sort(&v, "name"));
	assert_string_equal(rows[0].name, "a");
	assert_false(view_sort(&v, "nonesuch"));
	free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_reasons_have_the_kernels_names),
		cmocka_unit_test(hardware_reasons_go_by_isa),
		cmocka_unit_test(only_halts_are_idle),
		cmocka_unit_test(buckets_are_those_of_trace_h),
		cmocka_unit_test(quantiles_are_within_a_bucket),
		cmocka_unit_test(one_value_is_its_own_quantile),
		cmocka_unit_test(spans_of_threads_add_up),
		cmocka_unit_test(records_are_csv),
		cmocka_unit_test(rows_fit_the_width),
		cmocka_unit_test(a_halt_has_no_share),
		cmocka_unit_test(keys_sort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
