/* SPDX-License-Identifier: MIT */
#include "summary.h"

#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "format.h"

static int by_texts(const void *a, const void *b)
{
	const struct series *x = *(const struct series *const *)a,
			    *y = *(const struct series *const *)b;
	const char *texts[][2] = { { x->where, y->where },
				   { x->workload, y->workload },
				   { x->backend, y->backend },
				   { x->metric, y->metric },
				   { x->unit, y->unit } };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		int order = strcmp(texts[i][0], texts[i][1]);

		if (order)
			return order;
	}
	return (x->guests > y->guests) - (x->guests < y->guests);
}

/* Whole numbers as integers: 1461, not 1461.0. */
static json_t *number(double value)
{
	if (value == (double)(json_int_t)value)
		return json_integer((json_int_t)value);
	return json_real(value);
}

static json_t *series_key(const struct series *s)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "where", s->where, "workload",
			 s->workload, "guests", (int)s->guests, "backend", s->backend, "metric",
			 s->metric, "unit", s->unit);
}

static json_t *exact_row(const struct series *s)
{
	json_t *row = series_key(s);
	double least = s->sorted[0], most = s->sorted[s->count - 1];

	json_object_set_new(row, "value", number(s->median));
	if (least != most) {
		json_object_set_new(row, "least", number(least));
		json_object_set_new(row, "most", number(most));
	}
	return row;
}

static json_t *measured_row(const struct series *s)
{
	const struct {
		const char *name;
		double value;
	} figures[] = {
		{ "runs", (double)s->count },
		{ "median", s->median },
		{ "low", s->interval.low },
		{ "high", s->interval.high },
		{ "confidence", s->interval.confidence },
		{ "mean", s->mean },
		{ "least", s->sorted[0] },
		{ "p90", s->p90 },
		{ "p99", s->p99 },
		{ "p99.9", s->p999 },
		{ "most", s->sorted[s->count - 1] },
		{ "outliers", (double)s->outliers },
		{ "noise_floor", s->floor },
	};
	json_t *row = series_key(s);

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		json_object_set_new(row, figures[i].name, number(figures[i].value));
	json_object_set_new(
	    row, "narrow",
	    json_boolean(s->interval.confidence >= 0.95 && half_width(s) <= NARROW * s->median));
	return row;
}

static void add_series(const struct results *results, json_t *exact, json_t *measured_rows)
{
	const struct series **order = xcalloc(results->series_count, sizeof *order);
	size_t count = 0;

	for (size_t i = 0; i < results->series_count; i++)
		if (results->series[i].count && !strcmp(results->series[i].phase, "counted"))
			order[count++] = &results->series[i];
	qsort(order, count, sizeof *order, by_texts);
	for (size_t i = 0; i < count; i++) {
		if (series_is_exact(order[i]))
			json_array_append_new(exact, exact_row(order[i]));
		else
			json_array_append_new(measured_rows, measured_row(order[i]));
	}
	free(order);
}

static json_t *failed_json(const struct results *results)
{
	json_t *failed = json_array();

	for (size_t i = 0; i < results->group_count; i++) {
		const struct run_group *g = &results->groups[i];

		if (g->failed)
			json_array_append_new(
			    failed,
			    json_pack("{s:s, s:s, s:i, s:s, s:I, s:I, s:s?}", "where", g->where,
				      "workload", g->workload, "guests", (int)g->guests, "backend",
				      g->backend, "ok", (json_int_t)g->ok, "failed",
				      (json_int_t)g->failed, "reason", g->reason));
	}
	return failed;
}

static json_t *crosscheck_json(const struct results *results)
{
	const struct rows *rows = &results->crosscheck;
	size_t mismatches = 0;

	if (!rows->count)
		return json_null();
	for (size_t i = 0; i < rows->count; i++)
		mismatches += strcmp(rows->cell[i * rows->width + CROSS_VERDICT], "MATCH") != 0;
	return json_pack("{s:I, s:I}", "rows", (json_int_t)rows->count, "mismatches",
			 (json_int_t)mismatches);
}

static json_t *claims_json(const struct results *results)
{
	static const char *const states[] = { [STATE_GOOD] = "holds",
					      [STATE_BAD] = "fails",
					      [STATE_WARN] = "open",
					      [STATE_UNKNOWN] = "open",
					      [STATE_PLAIN] = "open" };
	json_t *list = json_array();

	for (const struct claim *claim = claims; claim->id; claim++) {
		struct claim_verdict verdict = { 0 };

		claim->judge(results, &verdict);
		json_array_append_new(
		    list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", claim->id, "claim",
				    claim->claim, "state", states[verdict.state], "measured",
				    verdict.measured, "verdict", verdict.verdict));
	}
	return list;
}

json_t *summary_json(const struct results *results)
{
	json_t *exact = json_array(), *measured_rows = json_array(), *notes = json_array();
	json_t *summary;

	add_series(results, exact, measured_rows);
	for (size_t i = 0; i < results->note_count; i++)
		json_array_append_new(notes, json_string(results->notes[i]));
	summary = json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "format", SUMMARY_FORMAT, "version",
			    MINIKVM_VERSION, "name", results->name, "revision",
			    json_text(results->machine, "revision", NULL), "started",
			    json_text(results->machine, "started", NULL));
	if (!summary) /* a text that is no UTF-8 */
		summary = json_pack("{s:s}", "format", SUMMARY_FORMAT);
	json_object_set_new(summary, "exact", exact);
	json_object_set_new(summary, "measured", measured_rows);
	json_object_set_new(summary, "failed", failed_json(results));
	json_object_set_new(summary, "crosscheck", crosscheck_json(results));
	json_object_set_new(summary, "claims", claims_json(results));
	json_object_set_new(summary, "notes", notes);
	return summary;
}
