/* SPDX-License-Identifier: MIT */
#include "results.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Interned texts, and a hash index over them: 10^6 rows share a few hundred texts. ---- */
struct intern {
	char **slot;
	size_t slots, used;
	uint32_t *series_slot; /* series index + 1, hashed by its texts */
	size_t series_slots;
};

static uint64_t hash_bytes(const void *data, size_t size, uint64_t hash)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++) /* FNV-1a */
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

#define HASH_START 0xcbf29ce484222325

static void intern_grow(struct intern *intern)
{
	size_t slots = intern->slots ? 2 * intern->slots : 256;
	char **slot = xcalloc(slots, sizeof *slot);

	for (size_t i = 0; i < intern->slots; i++) {
		char *text = intern->slot[i];
		size_t at;

		if (!text)
			continue;
		at = hash_bytes(text, strlen(text), HASH_START) & (slots - 1);
		while (slot[at])
			at = (at + 1) & (slots - 1);
		slot[at] = text;
	}
	free(intern->slot);
	intern->slot = slot;
	intern->slots = slots;
}

const char *results_intern(struct results *results, const char *text)
{
	struct intern *intern = results->intern;
	size_t at;

	if (2 * (intern->used + 1) > intern->slots)
		intern_grow(intern);
	at = hash_bytes(text, strlen(text), HASH_START) & (intern->slots - 1);
	while (intern->slot[at] && strcmp(intern->slot[at], text))
		at = (at + 1) & (intern->slots - 1);
	if (!intern->slot[at]) {
		intern->slot[at] = xstrdup(text);
		intern->used++;
	}
	return intern->slot[at];
}

/* ---- Notes ---- */
void results_note(struct results *results, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = xstrdup("out of memory");
	va_end(arguments);
	results->notes = xrealloc(results->notes, (results->note_count + 1) * sizeof(char *));
	results->notes[results->note_count++] = text;
}

/* ---- Series ---- */
static uint64_t series_hash(const struct series *key)
{
	const char *texts[] = { key->where, key->workload, key->backend,
				key->phase, key->metric,   key->unit };
	uint64_t hash = hash_bytes(texts, sizeof texts, HASH_START);

	hash = hash_bytes(&key->guests, sizeof key->guests, hash);
	return hash ^ (hash >> 29); /* pointers share low bits; slots take the low ones */
}

static bool series_equal(const struct series *a, const struct series *b)
{
	return a->where == b->where && a->workload == b->workload && a->backend == b->backend &&
	       a->phase == b->phase && a->metric == b->metric && a->unit == b->unit &&
	       a->guests == b->guests;
}

static void series_index(struct results *results, size_t index)
{
	struct intern *intern = results->intern;
	size_t at = series_hash(&results->series[index]) & (intern->series_slots - 1);

	while (intern->series_slot[at])
		at = (at + 1) & (intern->series_slots - 1);
	intern->series_slot[at] = (uint32_t)index + 1;
}

static void series_index_grow(struct results *results)
{
	struct intern *intern = results->intern;

	intern->series_slots = intern->series_slots ? 2 * intern->series_slots : 1024;
	free(intern->series_slot);
	intern->series_slot = xcalloc(intern->series_slots, sizeof *intern->series_slot);
	for (size_t i = 0; i < results->series_count; i++)
		series_index(results, i);
}

struct series *results_add_series(struct results *results, const struct series *key)
{
	struct intern *intern = results->intern;
	size_t at;

	if (2 * (results->series_count + 1) > intern->series_slots)
		series_index_grow(results);
	at = series_hash(key) & (intern->series_slots - 1);
	for (; intern->series_slot[at]; at = (at + 1) & (intern->series_slots - 1)) {
		struct series *found = &results->series[intern->series_slot[at] - 1];

		if (series_equal(found, key))
			return found;
	}
	results->series =
	    xrealloc(results->series, (results->series_count + 1) * sizeof *results->series);
	results->series[results->series_count] = *key;
	series_index(results, results->series_count);
	return &results->series[results->series_count++];
}

static void series_append(struct series *series, double value)
{
	if (series->count == series->room) {
		series->room = series->room ? 2 * series->room : 16;
		series->in_order =
		    xrealloc(series->in_order, series->room * sizeof *series->in_order);
	}
	series->in_order[series->count++] = value;
}

/* Random halves drawn for a noise floor: fewer of a long series, which scatter less anyway. */
static size_t splits_for(size_t count)
{
	size_t splits = 2000000 / (count + 1);

	return splits > 400 ? 400 : splits < 20 ? 20 : splits;
}

static void series_summarise(struct series *s, uint64_t seed)
{
	struct rng rng = { seed };
	bool counted = !strcmp(s->phase, "counted");

	s->sorted = xcalloc(s->count, sizeof *s->sorted);
	memcpy(s->sorted, s->in_order, s->count * sizeof *s->sorted);
	statistics_sort(s->sorted, s->count);
	s->median = statistics_median(s->sorted, s->count);
	s->mean = statistics_mean(s->sorted, s->count);
	s->interval = statistics_median_interval(s->sorted, s->count, 0.95);
	s->p90 = statistics_percentile(s->sorted, s->count, 90);
	s->p99 = statistics_percentile(s->sorted, s->count, 99);
	s->p999 = statistics_percentile(s->sorted, s->count, 99.9);
	s->outliers = statistics_outliers(s->sorted, s->count);
	if (counted && s->count && s->sorted[0] < s->sorted[s->count - 1])
		s->floor =
		    statistics_noise_floor(s->in_order, s->count, splits_for(s->count), &rng);
}

/* ---- samples.csv ---- */
enum { S_WHERE, S_WORKLOAD, S_GUESTS, S_BACKEND, S_RUN, S_PHASE, S_OK, S_METRIC, S_UNIT, S_VALUE };

static const char *const sample_columns[] = { "where", "workload", "guests", "backend",
					      "run",   "phase",	   "ok",     "metric",
					      "unit",  "value",	   NULL };

/* The next row. Back quotes, which mark code in a report, are no part of any name of ours. */
static char **next_row(struct csv_reader *reader, unsigned width)
{
	char **row = csv_next(reader);

	for (unsigned i = 0; row && i < width; i++)
		for (char *quote = row[i]; (quote = strchr(quote, '`'));)
			*quote = '\'';
	return row;
}

static bool parse_double(const char *text, double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	return end != text && !*end && isfinite(*value);
}

static bool parse_u64(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return end != text && !*end && !errno && text[0] != '-';
}

static struct run_group *find_group(struct results *results, const struct run_group *key)
{
	for (size_t i = results->group_count; i-- > 0;) { /* rows of one run follow each other */
		struct run_group *group = &results->groups[i];

		if (group->where == key->where && group->workload == key->workload &&
		    group->backend == key->backend && group->guests == key->guests)
			return group;
	}
	results->groups =
	    xrealloc(results->groups, (results->group_count + 1) * sizeof *results->groups);
	results->groups[results->group_count] = *key;
	return &results->groups[results->group_count++];
}

static void note_workload(struct results *results, const char *workload)
{
	for (size_t i = results->workload_count; i-- > 0;)
		if (results->workloads[i] == workload)
			return;
	results->workloads = xrealloc(results->workloads,
				      (results->workload_count + 1) * sizeof *results->workloads);
	results->workloads[results->workload_count++] = workload;
}

/* One row; false if it makes no sense. */
static bool take_sample(struct results *results, char **row)
{
	struct series key = { .where = results_intern(results, row[S_WHERE]),
			      .workload = results_intern(results, row[S_WORKLOAD]),
			      .backend = results_intern(results, row[S_BACKEND]),
			      .phase = results_intern(results, row[S_PHASE]),
			      .metric = results_intern(results, row[S_METRIC]),
			      .unit = results_intern(results, row[S_UNIT]) };
	bool ok = !strcmp(row[S_OK], "1"), counted = !strcmp(row[S_PHASE], "counted");
	bool number = ok && strcmp(row[S_UNIT], "text") != 0;
	double value = 0;
	uint64_t guests;

	if (!*key.where || !*key.workload || !*key.backend || !*key.metric ||
	    !parse_u64(row[S_GUESTS], &guests) || guests == 0 || guests > 1024 ||
	    (!ok && strcmp(row[S_OK], "0") != 0) || (number && !parse_double(row[S_VALUE], &value)))
		return false;
	key.guests = (unsigned)guests;
	if (counted && (!strcmp(key.metric, "failure") || !strcmp(key.metric, "wall"))) {
		struct run_group *group =
		    find_group(results, &(struct run_group){ .where = key.where,
							     .workload = key.workload,
							     .backend = key.backend,
							     .guests = key.guests });
		if (ok && !strcmp(key.metric, "wall"))
			group->ok++;
		if (!strcmp(key.metric, "failure")) {
			group->failed++;
			group->reason = results_intern(results, row[S_VALUE]);
		}
	}
	note_workload(results, key.workload);
	if (number)
		series_append(results_add_series(results, &key), value);
	return true;
}

/* Opens a table and says what is wrong with it; NULL when there is nothing to read. */
static struct csv_reader *open_table(struct results *results, const char *name,
				     const char *const *columns, unsigned required, bool expected)
{
	char *path = xasprintf("%s/%s", results->path, name);
	struct csv_reader *reader = csv_open(path, columns);
	int error = errno;

	free(path);
	if (!reader) {
		if (expected || error != ENOENT)
			results_note(results, "%s cannot be read: %s.", name, strerror(error));
		return NULL;
	}
	for (unsigned i = 0; i < required; i++)
		if (!csv_has_column(reader, i)) {
			results_note(results, "%s has no column \"%s\" and is left out.", name,
				     columns[i]);
			csv_reader_close(reader);
			return NULL;
		}
	return reader;
}

static void note_damaged(struct results *results, const char *name, size_t rows, size_t damaged)
{
	if (damaged)
		results_note(results, "%s: %zu damaged row%s left out, %zu used.", name, damaged,
			     damaged == 1 ? "" : "s", rows);
}

static void read_samples(struct results *results)
{
	struct csv_reader *reader = open_table(results, SAMPLES_CSV, sample_columns, 10, true);
	size_t rows = 0, bad = 0;
	char **row;

	if (!reader)
		return;
	while ((row = next_row(reader, 10))) {
		if (take_sample(results, row))
			rows++;
		else
			bad++;
	}
	note_damaged(results, SAMPLES_CSV, rows, bad + csv_damaged(reader));
	if (!rows)
		results_note(results, "samples.csv holds no sample.");
	csv_reader_close(reader);
}

/* ---- histograms.csv ---- */
enum {
	H_WHERE,
	H_WORKLOAD,
	H_GUESTS,
	H_BACKEND,
	H_REASON,
	H_SPAN,
	H_UNIT,
	H_LOWER,
	H_UPPER,
	H_COUNT
};

static const char *const histogram_columns[] = { "where",  "workload", "guests", "backend",
						 "reason", "span",     "unit",	 "lower",
						 "upper",  "count",    NULL };

static struct histogram_series *find_histogram(struct results *results,
					       const struct histogram_series *key)
{
	for (size_t i = results->histogram_count; i-- > 0;) {
		struct histogram_series *h = &results->histograms[i];

		if (h->where == key->where && h->workload == key->workload &&
		    h->guests == key->guests && h->backend == key->backend &&
		    h->reason == key->reason && h->span == key->span && h->unit == key->unit)
			return h;
	}
	results->histograms = xrealloc(results->histograms, (results->histogram_count + 1) *
								sizeof *results->histograms);
	results->histograms[results->histogram_count] = *key;
	histogram_init(&results->histograms[results->histogram_count].histogram);
	return &results->histograms[results->histogram_count++];
}

static bool take_bucket(struct results *results, char **row)
{
	struct histogram_series key = { .where = results_intern(results, row[H_WHERE]),
					.workload = results_intern(results, row[H_WORKLOAD]),
					.backend = results_intern(results, row[H_BACKEND]),
					.reason = results_intern(results, row[H_REASON]),
					.span = results_intern(results, row[H_SPAN]),
					.unit = results_intern(results, row[H_UNIT]) };
	uint64_t guests, lower, upper, count;
	uint32_t index;

	if (!parse_u64(row[H_GUESTS], &guests) || guests == 0 || guests > 1024 ||
	    !parse_u64(row[H_LOWER], &lower) || !parse_u64(row[H_UPPER], &upper) ||
	    !parse_u64(row[H_COUNT], &count))
		return false;
	index = hist_index(lower);
	/* Buckets of another layout would not merge exactly. */
	if (hist_lower(index) != lower || hist_upper(index) != upper)
		return false;
	key.guests = (unsigned)guests;
	return histogram_record_bucket(&find_histogram(results, &key)->histogram, index, count);
}

static void read_histograms(struct results *results)
{
	struct csv_reader *reader =
	    open_table(results, HISTOGRAMS_CSV, histogram_columns, 10, true);
	size_t rows = 0, bad = 0;
	char **row;

	if (!reader)
		return;
	while ((row = next_row(reader, 10))) {
		if (take_bucket(results, row))
			rows++;
		else
			bad++;
	}
	note_damaged(results, HISTOGRAMS_CSV, rows, bad + csv_damaged(reader));
	csv_reader_close(reader);
}

/* ---- The small tables ---- */
static const char *const crosscheck_columns[] = { "where",    "workload", "guests", "backend",
						  "vcpu",     "reason",	  "vmm",    "kernel",
						  "stats_fd", "verdict",  NULL };
static const char *const kernel_columns[] = { "where",	  "workload", "guests", "backend",
					      "vcpu",	  "isa",      "reason", "count",
					      "total_ns", "to_user",  NULL };
static const char *const split_columns[] = { "where", "workload", "reason", "part", "unit",
					     "count", "mean",	  "p50",    "p99",  NULL };
static const char *const irq_columns[] = { "where", "workload", "irq",	 "stage", "unit",
					   "lower", "upper",	"count", NULL };

static void read_rows(struct results *results, const char *name, const char *const *columns,
		      struct rows *rows)
{
	struct csv_reader *reader;
	size_t room = 0;
	char **row;

	rows->columns = columns;
	while (columns[rows->width])
		rows->width++;
	reader = open_table(results, name, columns, rows->width, false);
	if (!reader)
		return;
	rows->present = true;
	while ((row = next_row(reader, rows->width))) {
		if (rows->count == room) {
			room = room ? 2 * room : 64;
			rows->cell = xrealloc(rows->cell, room * rows->width * sizeof *rows->cell);
		}
		for (unsigned i = 0; i < rows->width; i++)
			rows->cell[rows->count * rows->width + i] = results_intern(results, row[i]);
		rows->count++;
	}
	note_damaged(results, name, rows->count, csv_damaged(reader));
	csv_reader_close(reader);
}

/* ---- The folder ---- */
/* machine.json; an empty object, and a note, if it cannot be used. */
static json_t *read_machine(struct results *results)
{
	char *path = xasprintf("%s/" MACHINE_JSON, results->path);
	json_t *json = NULL;

	if (access(path, R_OK) < 0) {
		results_note(results, MACHINE_JSON " cannot be read: %s.", strerror(errno));
	} else {
		json = json_read(path);
		if (!json_is_object(json)) {
			results_note(results, MACHINE_JSON " is damaged and is left out.");
			json_decref(json);
			json = NULL;
		}
	}
	free(path);
	return json ? json : json_object();
}

static struct results *results_new(const char *path)
{
	struct results *results = xcalloc(1, sizeof *results);
	size_t length;
	char *slash;

	results->intern = xcalloc(1, sizeof *results->intern);
	results->path = xstrdup(path);
	length = strlen(results->path);
	while (length > 1 && results->path[length - 1] == '/')
		results->path[--length] = '\0';
	slash = strrchr(results->path, '/');
	results->name = slash && slash[1] ? slash + 1 : results->path;
	return results;
}

static bool looks_like_results(const char *path)
{
	static const char *const either[] = { SAMPLES_CSV, MACHINE_JSON };
	struct stat status;
	bool found = false;

	if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode)) {
		warn("%s: %s; give a results folder, as `kvm-bench run` names it at its end", path,
		     errno ? strerror(errno) : "not a folder");
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(either); i++) {
		char *file = xasprintf("%s/%s", path, either[i]);

		found |= access(file, F_OK) == 0;
		free(file);
	}
	if (!found)
		warn("%s: neither %s nor %s is in it; give a results folder, as `kvm-bench run` "
		     "names it at its end",
		     path, SAMPLES_CSV, MACHINE_JSON);
	return found;
}

/* The suite's own order where machine.json has it: runs take turns, so first come says little. */
static void order_workloads(struct results *results)
{
	const json_t *images = json_object_get(results->machine, "images"), *image;
	size_t placed = 0, i;

	json_array_foreach(images, i, image)
	{
		const char *name = results_intern(results, json_text(image, "workload", ""));
		size_t at = placed;

		while (at < results->workload_count && results->workloads[at] != name)
			at++;
		if (at == results->workload_count)
			continue;
		memmove(&results->workloads[placed + 1], &results->workloads[placed],
			(at - placed) * sizeof *results->workloads);
		results->workloads[placed++] = name;
	}
}

struct results *results_read(const char *path)
{
	struct results *results;

	errno = 0;
	if (!looks_like_results(path))
		return NULL;
	results = results_new(path);
	results->machine = read_machine(results);
	read_samples(results);
	order_workloads(results);
	read_histograms(results);
	read_rows(results, CROSSCHECK_CSV, crosscheck_columns, &results->crosscheck);
	read_rows(results, KERNEL_EXITS_CSV, kernel_columns, &results->kernel_exits);
	read_rows(results, SPLIT_CSV, split_columns, &results->split);
	read_rows(results, IRQ_LATENCY_CSV, irq_columns, &results->irq);
	for (size_t i = 0; i < results->series_count; i++)
		series_summarise(&results->series[i], i + 1);
	return results;
}

void results_free(struct results *results)
{
	if (!results)
		return;
	for (size_t i = 0; i < results->series_count; i++) {
		free(results->series[i].in_order);
		free(results->series[i].sorted);
	}
	for (size_t i = 0; i < results->intern->slots; i++)
		free(results->intern->slot[i]);
	for (size_t i = 0; i < results->note_count; i++)
		free(results->notes[i]);
	free(results->intern->slot);
	free(results->intern->series_slot);
	free(results->intern);
	free(results->series);
	free(results->histograms);
	free(results->groups);
	free(results->crosscheck.cell);
	free(results->kernel_exits.cell);
	free(results->split.cell);
	free(results->irq.cell);
	free(results->workloads);
	free(results->notes);
	json_decref(results->machine);
	free(results->path);
	free(results);
}

/* ---- Look-ups: by text, since callers name constants ---- */
const struct series *results_series(const struct results *results, const char *where,
				    const char *workload, unsigned guests, const char *backend,
				    const char *metric)
{
	for (size_t i = 0; i < results->series_count; i++) {
		const struct series *s = &results->series[i];

		if (s->count && s->guests == guests && !strcmp(s->metric, metric) &&
		    !strcmp(s->workload, workload) && !strcmp(s->backend, backend) &&
		    !strcmp(s->where, where) && !strcmp(s->phase, "counted"))
			return s;
	}
	return NULL;
}

const struct histogram_series *results_histogram(const struct results *results, const char *where,
						 const char *workload, unsigned guests,
						 const char *backend, const char *reason,
						 const char *span)
{
	for (size_t i = 0; i < results->histogram_count; i++) {
		const struct histogram_series *h = &results->histograms[i];

		if (h->guests == guests && !strcmp(h->reason, reason) && !strcmp(h->span, span) &&
		    !strcmp(h->workload, workload) && !strcmp(h->backend, backend) &&
		    !strcmp(h->where, where))
			return h;
	}
	return NULL;
}

bool results_has(const struct results *results, const char *where)
{
	for (size_t i = 0; i < results->series_count; i++)
		if (results->series[i].count && !strcmp(results->series[i].where, where) &&
		    !strcmp(results->series[i].phase, "counted"))
			return true;
	return false;
}

bool series_is_exact(const struct series *series)
{
	return !strcmp(series->where, WHERE_EXACT) || !strncmp(series->metric, "exits", 5) ||
	       !strcmp(series->metric, "image") || !strcmp(series->metric, "iterations") ||
	       !strcmp(series->unit, "instructions");
}

/* The run's own word, if machine.json has it. */
static bool class_from_images(const struct results *results, const char *workload,
			      enum workload_class *class)
{
	static const struct {
		const char *kind;
		enum workload_class class;
	} kinds[] = { { "guest", CLASS_GUEST },
		      { "os", CLASS_OS },
		      { "1K OS", CLASS_OS },
		      { "micro", CLASS_MICRO },
		      { "compute", CLASS_COMPUTE } };
	const json_t *image;
	size_t i;

	json_array_foreach(json_object_get(results->machine, "images"), i, image)
	{
		if (strcmp(json_text(image, "workload", ""), workload) != 0)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			if (!strcmp(json_text(image, "kind", ""), kinds[k].kind)) {
				*class = kinds[k].class;
				return true;
			}
	}
	return false;
}

enum workload_class results_class(const struct results *results, const char *workload)
{
	bool compute = false, micro = false;
	enum workload_class class;

	if (class_from_images(results, workload, &class))
		return class;
	for (size_t i = 0; i < results->series_count; i++) {
		const struct series *s = &results->series[i];

		if (strcmp(s->workload, workload) != 0)
			continue;
		compute |= !strcmp(s->metric, "iterations");
		micro |= !strncmp(s->metric, "op.", 3);
	}
	return micro							? CLASS_MICRO
	       : compute						? CLASS_COMPUTE
	       : strstr(workload, "os-1k") || strstr(workload, "1k-os") ? CLASS_OS
									: CLASS_GUEST;
}
