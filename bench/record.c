/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

struct row {
	char *metric, *unit, *text; /* text NULL: a number */
	double value;
};

/* Text columns of histograms.csv; two histograms with equal keys are one. */
struct histogram_key {
	char where[8], workload[48], backend[16], reason[40], span[16], unit[16];
	unsigned guests;
};

struct bucket_count {
	struct histogram_key key;
	uint32_t bucket;
	uint64_t count;
};

struct recorder {
	struct records *records;
	struct run_key key;
	const char *unit;
	struct row *rows;
	size_t row_count;
	struct bucket_count *buckets;
	size_t bucket_count;
};

struct histogram_table {
	struct histogram_entry {
		struct histogram_key key;
		uint64_t *count; /* HIST_BUCKETS of them */
	} * entries;
	size_t used;
};

static void put(char *field, size_t bytes, const char *text)
{
	snprintf(field, bytes, "%s", text);
}

static uint64_t *histogram_counts(struct histogram_table *table, const struct histogram_key *key)
{
	struct histogram_entry *entry;

	for (entry = table->entries; entry < table->entries + table->used; entry++)
		if (!memcmp(&entry->key, key, sizeof(*key)))
			return entry->count;
	table->entries = xrealloc(table->entries, (table->used + 1) * sizeof(*table->entries));
	entry = &table->entries[table->used++];
	entry->key = *key;
	entry->count = xcalloc(HIST_BUCKETS, sizeof(*entry->count));
	return entry->count;
}

/* Keys are compared as bytes: every one starts as zeros. */
static struct histogram_key make_key(const char *where, const char *workload, unsigned guests,
				     const char *backend, const char *reason, const char *span,
				     const char *unit)
{
	struct histogram_key key;

	memset(&key, 0, sizeof(key));
	put(key.where, sizeof(key.where), where);
	put(key.workload, sizeof(key.workload), workload);
	put(key.backend, sizeof(key.backend), backend);
	put(key.reason, sizeof(key.reason), reason);
	put(key.span, sizeof(key.span), span);
	put(key.unit, sizeof(key.unit), unit);
	key.guests = guests;
	return key;
}

int records_open(struct records *records, const char *folder)
{
	char *path = xasprintf("%s/" SAMPLES_CSV, folder);
	int status;

	*records = (struct records){ .folder = xstrdup(folder),
				     .histograms = xcalloc(1, sizeof(*records->histograms)) };
	status = csv_create(&records->samples, path, SAMPLES_COLUMNS, false);
	free(path);
	return status;
}

static void write_histogram(struct csv *csv, const struct histogram_entry *entry)
{
	const struct histogram_key *key = &entry->key;

	csv_histogram(csv, key->where, key->workload, key->guests, key->backend, key->reason,
		      key->span, key->unit, entry->count);
}

int records_close(struct records *records)
{
	struct histogram_table *table = records->histograms;
	char *path = xasprintf("%s/" HISTOGRAMS_CSV, records->folder);
	struct csv csv;
	int status = csv_create(&csv, path, HISTOGRAMS_COLUMNS, false);

	for (size_t i = 0; i < table->used; i++) {
		if (!status)
			write_histogram(&csv, &table->entries[i]);
		free(table->entries[i].count);
	}
	if (!status)
		status = csv_close(&csv);
	if (csv_close(&records->samples) < 0)
		status = -1;
	free(table->entries);
	free(table);
	free(records->folder);
	free(path);
	return status;
}

static int merge_samples(struct records *records, const char *path)
{
	static const char *const columns[] = { "where", "workload", "guests", "backend",
					       "run",	"phase",    "ok",     "metric",
					       "unit",	"value",    NULL };
	struct csv_reader *reader = csv_open(path, columns);
	char **row;

	if (!reader) {
		warn("%s: %s", path, strerror(errno));
		return -1;
	}
	while ((row = csv_next(reader))) {
		for (size_t i = 0; columns[i]; i++)
			csv_text(&records->samples, row[i]);
		csv_end_row(&records->samples);
		records->rows++;
		if (!strcmp(row[7], "failure"))
			records->failed_runs++;
	}
	csv_reader_close(reader);
	return 0;
}

static int merge_histograms(struct records *records, const char *path)
{
	static const char *const columns[] = { "where", "workload", "guests", "backend", "reason",
					       "span",	"unit",	    "lower",  "count",	 NULL };
	struct csv_reader *reader = csv_open(path, columns);
	char **row;

	if (!reader) {
		warn("%s: %s", path, strerror(errno));
		return -1;
	}
	while ((row = csv_next(reader))) {
		struct histogram_key key =
		    make_key(row[0], row[1], (unsigned)strtoul(row[2], NULL, 10), row[3], row[4],
			     row[5], row[6]);
		uint32_t bucket = hist_index(strtoull(row[7], NULL, 10));

		histogram_counts(records->histograms, &key)[bucket] += strtoull(row[8], NULL, 10);
	}
	csv_reader_close(reader);
	return 0;
}

int records_merge(struct records *records, const char *folder)
{
	char *samples = xasprintf("%s/" SAMPLES_CSV, folder);
	char *histograms = xasprintf("%s/" HISTOGRAMS_CSV, folder);
	int status = merge_samples(records, samples);

	if (!status)
		status = merge_histograms(records, histograms);
	free(samples);
	free(histograms);
	return status;
}

struct recorder *recorder_begin(struct records *records, const struct run_key *key,
				const char *unit)
{
	struct recorder *recorder = xcalloc(1, sizeof(*recorder));

	recorder->records = records;
	recorder->key = *key;
	recorder->unit = unit;
	return recorder;
}

const char *recorder_unit(const struct recorder *recorder)
{
	return recorder->unit;
}

static void add_row(struct recorder *recorder, struct row row)
{
	recorder->rows =
	    xrealloc(recorder->rows, (recorder->row_count + 1) * sizeof(*recorder->rows));
	recorder->rows[recorder->row_count++] = row;
}

void record(struct recorder *recorder, const char *metric, const char *unit, double value)
{
	add_row(recorder,
		(struct row){ .metric = xstrdup(metric), .unit = xstrdup(unit), .value = value });
}

void record_text(struct recorder *recorder, const char *metric, const char *text)
{
	add_row(recorder, (struct row){ .metric = xstrdup(metric),
					.unit = xstrdup("text"),
					.text = xstrdup(text) });
}

void record_bucket(struct recorder *recorder, const char *reason, const char *span,
		   const char *unit, uint32_t bucket, uint64_t count)
{
	const struct run_key *key = &recorder->key;

	if (bucket >= HIST_BUCKETS || !count)
		return;
	recorder->buckets =
	    xrealloc(recorder->buckets, (recorder->bucket_count + 1) * sizeof(*recorder->buckets));
	recorder->buckets[recorder->bucket_count++] = (struct bucket_count){
		.key = make_key(key->where, key->workload, key->guests, key->backend, reason, span,
				unit),
		.bucket = bucket,
		.count = count,
	};
}

void record_value(struct recorder *recorder, const char *reason, const char *span, const char *unit,
		  uint64_t value, uint64_t count)
{
	record_bucket(recorder, reason, span, unit, hist_index(value), count);
}

static void write_row(struct recorder *recorder, const struct row *row, bool ok)
{
	static const char *const phases[] = { "warmup", "counted", "traced" };
	const struct run_key *key = &recorder->key;
	struct csv *csv = &recorder->records->samples;

	csv_text(csv, key->where);
	csv_text(csv, key->workload);
	csv_count(csv, key->guests);
	csv_text(csv, key->backend);
	csv_count(csv, key->run);
	csv_text(csv, phases[key->phase]);
	csv_count(csv, ok);
	csv_text(csv, row->metric);
	csv_text(csv, row->unit);
	if (row->text)
		csv_text(csv, row->text);
	else
		csv_number(csv, row->value);
	csv_end_row(csv);
}

void recorder_end(struct recorder *recorder, const char *failure)
{
	struct records *records = recorder->records;

	if (failure) {
		record_text(recorder, "failure", failure);
		records->failed_runs++;
	}
	for (size_t i = 0; i < recorder->row_count; i++) {
		struct row *row = &recorder->rows[i];

		write_row(recorder, row, !failure);
		records->rows++;
		free(row->metric);
		free(row->unit);
		free(row->text);
	}
	for (size_t i = 0; i < recorder->bucket_count; i++) {
		const struct bucket_count *add = &recorder->buckets[i];

		if (!failure && recorder->key.phase == PHASE_COUNTED)
			histogram_counts(records->histograms, &add->key)[add->bucket] += add->count;
	}
	free(recorder->rows);
	free(recorder->buckets);
	free(recorder);
}
