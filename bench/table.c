/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "statistics.h"
#include "table.h"

/* ---- Reading ---- */

static struct series *find_series(struct series_list *list, char **row)
{
	unsigned guests = (unsigned)strtoul(row[2], NULL, 10);
	struct series *series;

	for (size_t i = 0; i < list->count; i++) {
		series = &list->items[i];
		if (series->guests == guests && !strcmp(series->where, row[0]) &&
		    !strcmp(series->workload, row[1]) && !strcmp(series->backend, row[3]))
			return series;
	}
	list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
	series = &list->items[list->count++];
	*series = (struct series){ .where = xstrdup(row[0]),
				   .workload = xstrdup(row[1]),
				   .backend = xstrdup(row[3]),
				   .unit = xstrdup(""),
				   .guests = guests,
				   .exits = -1 };
	return series;
}

static void append(double **values, size_t *count, double value)
{
	*values = xrealloc(*values, (*count + 1) * sizeof(**values));
	(*values)[(*count)++] = value;
}

static void add_row(struct series *series, const char *metric, const char *unit, double value)
{
	if (!strcmp(metric, "wall")) {
		append(&series->times, &series->time_count, value);
		free(series->unit);
		series->unit = xstrdup(unit);
	} else if (!strcmp(metric, "cpu")) {
		append(&series->cpus, &series->cpu_count, value);
	} else if (!strcmp(metric, "exits")) {
		series->exits_differ |= series->exits >= 0 && series->exits != value;
		series->exits = value;
	} else if (!strcmp(metric, "max_rss")) {
		series->max_rss = fmax(series->max_rss, value);
	}
}

int series_read(struct series_list *list, const char *folder)
{
	static const char *const columns[] = { "where",	 "workload", "guests", "backend", "phase",
					       "metric", "unit",     "value",  NULL };
	char *path = xasprintf("%s/" SAMPLES_CSV, folder);
	struct csv_reader *reader = csv_open(path, columns);
	char **row;

	*list = (struct series_list){ 0 };
	if (!reader)
		warn("%s: %s", path, strerror(errno));
	while (reader && (row = csv_next(reader))) {
		struct series *series = find_series(list, row);

		if (!strcmp(row[5], "failure"))
			series->failed++;
		else if (!strcmp(row[4], "counted"))
			add_row(series, row[5], row[6], strtod(row[7], NULL));
	}
	csv_reader_close(reader);
	free(path);
	return reader ? 0 : -1;
}

void series_free(struct series_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct series *series = &list->items[i];

		free(series->where);
		free(series->workload);
		free(series->backend);
		free(series->unit);
		free(series->times);
		free(series->cpus);
	}
	free(list->items);
}

/* ---- Figures ---- */

struct figures {
	double mean, deviation, median, min, max, low, high;
};

static struct figures figures_of(const double *values, size_t count)
{
	double *sorted = xcalloc(count, sizeof(*sorted)), squares = 0;
	struct figures f = { 0 };
	struct interval interval;

	memcpy(sorted, values, count * sizeof(*sorted));
	statistics_sort(sorted, count);
	interval = statistics_median_interval(sorted, count, 0.95);
	f.mean = statistics_mean(sorted, count);
	for (size_t i = 0; i < count; i++)
		squares += (sorted[i] - f.mean) * (sorted[i] - f.mean);
	f.deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
	f.median = statistics_median(sorted, count);
	f.min = sorted[0];
	f.max = sorted[count - 1];
	f.low = interval.low;
	f.high = interval.high;
	free(sorted);
	return f;
}

/* Instructions count as CPU time: waiting moves that clock too (it is virtual). */
static bool is_exact(const struct series *series)
{
	return strcmp(series->unit, "ns") != 0;
}

static double central(const struct series *series)
{
	const double *values = is_exact(series) ? series->cpus : series->times;
	size_t count = is_exact(series) ? series->cpu_count : series->time_count;

	return count ? figures_of(values, count).median : NAN;
}

static const char *show(char *buffer, size_t size, const struct series *series, double value)
{
	if (isnan(value))
		snprintf(buffer, size, "-");
	else if (is_exact(series))
		snprintf(buffer, size, "%.2f M", value / 1e6);
	else
		format_ns(buffer, size, value);
	return buffer;
}

/* ---- The terminal's table ---- */

static const struct series *sibling(const struct series_list *list, const struct series *of,
				    const char *backend)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct series *series = &list->items[i];

		if (series->guests == of->guests && !strcmp(series->where, of->where) &&
		    !strcmp(series->workload, of->workload) && !strcmp(series->backend, backend))
			return series;
	}
	return NULL;
}

static bool is_first_of_row(const struct series_list *list, size_t index)
{
	const struct series *series = &list->items[index];

	for (size_t i = 0; i < index; i++) {
		const struct series *other = &list->items[i];

		if (other->guests == series->guests && !strcmp(other->where, series->where) &&
		    !strcmp(other->workload, series->workload))
			return false;
	}
	return true;
}

struct cells {
	char name[64], guests[8], ours[24], peer[24], ratio[16], exits[24], state[24];
};

static void fill_cells(struct cells *cells, const struct series_list *list, const struct series *of)
{
	const struct series *ours = sibling(list, of, "kvm-vmm");
	const struct series *peer = sibling(list, of, "qemu-tcg");
	double our_time = ours ? central(ours) : NAN, peer_time = peer ? central(peer) : NAN;
	unsigned failed = 0;

	for (size_t i = 0; i < list->count; i++)
		if (sibling(list, of, list->items[i].backend) == &list->items[i])
			failed += list->items[i].failed;
	snprintf(cells->name, sizeof(cells->name), "%s", of->workload);
	snprintf(cells->guests, sizeof(cells->guests), "%u", of->guests);
	show(cells->ours, sizeof(cells->ours), ours ? ours : of, our_time);
	show(cells->peer, sizeof(cells->peer), peer ? peer : of, peer_time);
	snprintf(cells->ratio, sizeof(cells->ratio), "-");
	if (our_time > 0 && peer_time > 0)
		snprintf(cells->ratio, sizeof(cells->ratio), "%.3gx", peer_time / our_time);
	snprintf(cells->exits, sizeof(cells->exits), "-");
	if (ours && ours->exits >= 0)
		snprintf(cells->exits, sizeof(cells->exits), "%s%.0f",
			 ours->exits_differ ? "~" : "", ours->exits);
	if (failed)
		snprintf(cells->state, sizeof(cells->state), "%u FAILED", failed);
	else
		snprintf(cells->state, sizeof(cells->state), "ok");
}

/* Narrow terminals lose the columns that say least, never the name or the state. */
static void print_cells(const struct cells *c, FILE *out, unsigned columns)
{
	if (columns >= 80)
		fprintf(out, "%-24.24s %3s %12s %12s %8s %9s  %s\n", c->name, c->guests, c->ours,
			c->peer, c->ratio, c->exits, c->state);
	else if (columns >= 60)
		fprintf(out, "%-16.16s %2s %10s %10s %7s  %s\n", c->name, c->guests, c->ours,
			c->peer, c->ratio, c->state);
	else
		fprintf(out, "%-14.14s %2s %9s %s\n", c->name, c->guests, c->ours, c->state);
}

static void print_place(const char *where, FILE *out, unsigned columns)
{
	static const struct cells header = { "workload", "n",	  "kvm-vmm", "qemu-tcg",
					     "ratio",	 "exits", "checks" };
	const char *meaning =
	    !strcmp(where, "host")  ? "host: time from exec to exit on this machine, median"
	    : !strcmp(where, "lab") ? "lab: the counts hold; times there compare with nothing"
				    : "exact: instructions of the reference machine, median";

	fprintf(out, "\n%.*s\n", (int)columns, meaning);
	print_cells(&header, out, columns);
}

static void print_row(const struct series_list *list, const struct series *of, FILE *out,
		      unsigned columns, bool colour)
{
	struct cells cells;
	bool bad;

	fill_cells(&cells, list, of);
	bad = colour && strcmp(cells.state, "ok") != 0;
	fputs(bad ? "\033[1;31m" : "", out);
	print_cells(&cells, out, columns);
	fputs(bad ? "\033[0m" : "", out);
}

void table_print(const struct series_list *list, FILE *out, unsigned columns, bool colour)
{
	static const char *const places[] = { "host", "lab", "exact" };

	for (size_t place = 0; place < ARRAY_SIZE(places); place++) {
		bool begun = false;

		for (size_t i = 0; i < list->count; i++) {
			const struct series *series = &list->items[i];

			if (strcmp(series->where, places[place]) != 0 || !is_first_of_row(list, i))
				continue;
			if (!begun)
				print_place(places[place], out, columns);
			begun = true;
			print_row(list, series, out, columns, colour);
		}
	}
}

/* ---- hyperfine's formats: times in seconds; the exact rows have none ---- */

static char *label(const struct series *series)
{
	return xasprintf("%s x %u on %s (%s)", series->workload, series->guests, series->backend,
			 series->where);
}

/* One row of an export, name to be freed; false for a series that has none. */
static bool export_row(const struct series *series, struct figures *figures, char **name)
{
	if (!series->time_count || is_exact(series))
		return false;
	*figures = figures_of(series->times, series->time_count);
	*name = label(series);
	return true;
}

static int export_json(const struct series_list *list, const char *path)
{
	json_t *results = json_array(), *json = json_pack("{s:o}", "results", results);
	int status;

	for (size_t i = 0; i < list->count; i++) {
		const struct series *series = &list->items[i];
		json_t *times;
		struct figures f;
		char *name;

		if (!export_row(series, &f, &name))
			continue;
		times = json_array();
		for (size_t j = 0; j < series->time_count; j++)
			json_array_append_new(times, json_real(series->times[j] / 1e9));
		json_array_append_new(results,
				      json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:o}", "command",
						name, "mean", f.mean / 1e9, "stddev",
						f.deviation / 1e9, "median", f.median / 1e9, "min",
						f.min / 1e9, "max", f.max / 1e9, "times", times));
		free(name);
	}
	status = json_write(path, json);
	json_decref(json);
	return status;
}

static int export_csv(const struct series_list *list, const char *path)
{
	struct csv csv;

	if (csv_create(&csv, path, "command,mean,stddev,median,min,max", false) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		const struct series *series = &list->items[i];
		struct figures f;
		char *name;

		if (!export_row(series, &f, &name))
			continue;
		csv_text(&csv, name);
		csv_number(&csv, f.mean / 1e9);
		csv_number(&csv, f.deviation / 1e9);
		csv_number(&csv, f.median / 1e9);
		csv_number(&csv, f.min / 1e9);
		csv_number(&csv, f.max / 1e9);
		csv_end_row(&csv);
		free(name);
	}
	return csv_close(&csv);
}

static int export_markdown(const struct series_list *list, const char *path)
{
	FILE *file = fopen(path, "we");
	bool failed;

	if (!file) {
		warn("%s: %s", path, strerror(errno));
		return -1;
	}
	fputs("| Command | Mean [ms] | Min [ms] | Max [ms] | Median [ms] |\n"
	      "|:---|---:|---:|---:|---:|\n",
	      file);
	for (size_t i = 0; i < list->count; i++) {
		const struct series *series = &list->items[i];
		struct figures f;
		char *name;

		if (!export_row(series, &f, &name))
			continue;
		fprintf(file, "| `%s` | %.3f ± %.3f | %.3f | %.3f | %.3f |\n", name, f.mean / 1e6,
			f.deviation / 1e6, f.min / 1e6, f.max / 1e6, f.median / 1e6);
		free(name);
	}
	failed = ferror(file) != 0;
	if (fclose(file) != 0 || failed) {
		warn("%s: %s; the file is incomplete", path, strerror(errno));
		return -1;
	}
	return 0;
}

int table_export(const struct series_list *list, const struct run_options *options)
{
	int status = 0;

	if (options->export_json && export_json(list, options->export_json) < 0)
		status = -1;
	if (options->export_csv && export_csv(list, options->export_csv) < 0)
		status = -1;
	if (options->export_markdown && export_markdown(list, options->export_markdown) < 0)
		status = -1;
	return status;
}
