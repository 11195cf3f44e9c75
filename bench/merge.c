/* SPDX-License-Identifier: MIT */
/*
 * kvm-bench merge: results of many machines side by side, a column for each.
 * Writes merged.csv (tidy, with a column `machine`), histograms.csv (counts added:
 * exactly the histogram of all) and merged.md.
 */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "format.h"
#include "results.h"
#include "section.h"

struct options {
	const char *output;
	char **folder;
	size_t folders;
};

struct merged {
	struct results **machine;
	char **label; /* one for each, unique */
	size_t count;
};

/* ---- Labels ---- */
static const char *host_of(const struct results *results)
{
	return json_text(results->machine, "machines.host.host", results->name);
}

/* The host's name, with the folder's where machines share one. */
static void label_machines(struct merged *m)
{
	for (size_t i = 0; i < m->count; i++) {
		bool shared = false;

		for (size_t j = 0; j < m->count; j++)
			shared |= j != i && !strcmp(host_of(m->machine[i]), host_of(m->machine[j]));
		m->label[i] = shared
				  ? xasprintf("%s %s", host_of(m->machine[i]), m->machine[i]->name)
				  : xstrdup(host_of(m->machine[i]));
	}
}

/* ---- merged.csv ---- */
#define MERGED_COLUMNS                                                                             \
	"machine,cpu,kernel,kvm,where,workload,guests,backend,metric,unit,runs,median,low,high,"   \
	"p99,outliers,noise_floor"

static void put_series(struct csv *csv, const char *label, const struct results *r,
		       const struct series *s)
{
	csv_text(csv, label);
	csv_text(csv, json_text(r->machine, "machines.host.cpu", ""));
	csv_text(csv, json_text(r->machine, "machines.host.kernel", ""));
	csv_text(csv, json_text(r->machine, "machines.host.probe.kvm", ""));
	csv_text(csv, s->where);
	csv_text(csv, s->workload);
	csv_count(csv, s->guests);
	csv_text(csv, s->backend);
	csv_text(csv, s->metric);
	csv_text(csv, s->unit);
	csv_count(csv, s->count);
	csv_number(csv, s->median);
	csv_number(csv, s->interval.low);
	csv_number(csv, s->interval.high);
	csv_number(csv, s->p99);
	csv_count(csv, s->outliers);
	csv_number(csv, s->floor);
	csv_end_row(csv);
}

static int write_merged(const struct merged *m, const char *folder)
{
	char *path = xasprintf("%s/merged.csv", folder);
	struct csv csv;
	int status = csv_create(&csv, path, MERGED_COLUMNS, false);

	free(path);
	if (status < 0)
		return -1;
	for (size_t i = 0; i < m->count; i++)
		for (size_t k = 0; k < m->machine[i]->series_count; k++) {
			const struct series *s = &m->machine[i]->series[k];

			if (s->count && !strcmp(s->phase, "counted"))
				put_series(&csv, m->label[i], m->machine[i], s);
		}
	return csv_close(&csv);
}

/* ---- histograms.csv ---- */
static bool same_histogram(const struct histogram_series *a, const struct histogram_series *b)
{
	return a->guests == b->guests && !strcmp(a->where, b->where) &&
	       !strcmp(a->workload, b->workload) && !strcmp(a->backend, b->backend) &&
	       !strcmp(a->reason, b->reason) && !strcmp(a->span, b->span) &&
	       !strcmp(a->unit, b->unit);
}

/* Whether a machine before this one has the histogram: it was written with that one. */
static bool already_written(const struct merged *m, size_t machine,
			    const struct histogram_series *h)
{
	for (size_t i = 0; i < machine; i++)
		for (size_t k = 0; k < m->machine[i]->histogram_count; k++)
			if (same_histogram(h, &m->machine[i]->histograms[k]))
				return true;
	return false;
}

static int write_histograms(const struct merged *m, const char *folder)
{
	char *path = xasprintf("%s/%s", folder, HISTOGRAMS_CSV);
	struct csv csv;
	int status = csv_create(&csv, path, HISTOGRAMS_COLUMNS, false);

	free(path);
	if (status < 0)
		return -1;
	for (size_t i = 0; i < m->count; i++)
		for (size_t k = 0; k < m->machine[i]->histogram_count; k++) {
			const struct histogram_series *h = &m->machine[i]->histograms[k];
			struct histogram sum = h->histogram;

			if (already_written(m, i, h))
				continue;
			for (size_t j = i + 1; j < m->count; j++)
				for (size_t l = 0; l < m->machine[j]->histogram_count; l++)
					if (same_histogram(h, &m->machine[j]->histograms[l]))
						histogram_merge(
						    &sum, &m->machine[j]->histograms[l].histogram);
			csv_histogram(&csv, h->where, h->workload, h->guests, h->backend, h->reason,
				      h->span, h->unit, sum.bucket);
		}
	return csv_close(&csv);
}

/* ---- merged.md ---- */
static bool is_headline(const struct series *s)
{
	static const char *const metrics[] = { "wall",	  "cpu",   "startup",
					       "max_rss", "exits", "cycles" };

	if (!s->count || strcmp(s->phase, "counted") != 0)
		return false;
	/* The lab's ordinary clock is comparable with nothing, least of all with another lab's. */
	if (!strcmp(s->where, WHERE_LAB) && strcmp(s->metric, "exits") != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++)
		if (!strcmp(s->metric, metrics[i]))
			return true;
	return false;
}

static const struct series *find(const struct results *r, const struct series *s)
{
	return results_series(r, s->where, s->workload, s->guests, s->backend, s->metric);
}

static void put_line(struct table *table, const struct merged *m, const struct series *s)
{
	table_row(table);
	table_text(table, "%s", s->where);
	table_text(table, s->guests > 1 ? "%s ×%u" : "%s", s->workload, s->guests);
	table_text(table, "%s", s->backend);
	table_text(table, "%s", s->metric);
	for (size_t i = 0; i < m->count; i++)
		table_measured(table, find(m->machine[i], s));
}

static void write_table(const struct merged *m, FILE *out)
{
	static const char *const titles[] = { "where", "workload", "backend", "metric" };
	struct table *table = table_new();

	for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
		table_column(table, COLUMN_TEXT, titles[i]);
	for (size_t i = 0; i < m->count; i++)
		table_column(table, COLUMN_NUMBER, m->label[i]);
	for (size_t i = 0; i < m->count; i++)
		for (size_t k = 0; k < m->machine[i]->series_count; k++) {
			const struct series *s = &m->machine[i]->series[k];
			bool before = false;

			if (!is_headline(s))
				continue;
			for (size_t j = 0; j < i && !before; j++)
				before = find(m->machine[j], s) != NULL;
			if (!before)
				put_line(table, m, s);
		}
	table_write_markdown(table, out);
	table_free(table);
}

static void write_markdown(const struct merged *m, FILE *out)
{
	fprintf(
	    out,
	    "# Mini-KVM: %zu results side by side\n\nMedian ± half the 95 %% interval. Host times "
	    "are each machine's own; exact "
	    "figures are instructions of the reference machine and must agree for one build.\n\n",
	    m->count);
	for (size_t i = 0; i < m->count; i++)
		fprintf(out, "- %s: %s, Linux %s, KVM: %s, revision %s\n", m->label[i],
			json_text(m->machine[i]->machine, "machines.host.cpu",
				  "processor not recorded"),
			json_text(m->machine[i]->machine, "machines.host.kernel", "not recorded"),
			host_kvm(m->machine[i]),
			json_text(m->machine[i]->machine, "revision", "not recorded"));
	fputc('\n', out);
	write_table(m, out);
	for (size_t i = 0; i < m->count; i++)
		for (size_t n = 0; n < m->machine[i]->note_count; n++)
			fprintf(out, "\n- %s: %s\n", m->label[i], m->machine[i]->notes[n]);
}

static int write_page(const struct merged *m, const char *folder)
{
	char *path = xasprintf("%s/merged.md", folder);
	FILE *file = fopen(path, "we");
	bool failed = !file;

	if (file) {
		write_markdown(m, file);
		failed = ferror(file) != 0;
		failed |= fclose(file) != 0;
	}
	if (failed)
		warn("%s: %s; choose another folder with --output", path, strerror(errno));
	free(path);
	return failed ? -1 : 0;
}

/* ---- Options ---- */
static const struct argp_option option_table[] = {
	{ "output", 'o', "DIR", 0, "Folder to write to (default results/merged)", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'o':
		options->output = argument;
		return 0;
	case ARGP_KEY_ARGS:
		options->folder = state->argv + state->next;
		options->folders = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which results folders?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int merge(const struct options *options)
{
	struct merged m = { .machine = xcalloc(options->folders, sizeof *m.machine),
			    .label = xcalloc(options->folders, sizeof *m.label) };
	int status = 0;

	for (size_t i = 0; i < options->folders && !status; i++) {
		struct results *results = results_read(options->folder[i]);

		if (results)
			m.machine[m.count++] = results;
		else
			status = -1;
	}
	if (!status && make_dirs(options->output) < 0) {
		warn("%s: %s; choose another folder with --output", options->output,
		     strerror(errno));
		status = -1;
	}
	if (!status) {
		label_machines(&m);
		status = write_merged(&m, options->output) | write_histograms(&m, options->output) |
			 write_page(&m, options->output);
	}
	if (!status) {
		write_markdown(&m, stdout);
		printf("\nmerged: %s/merged.md, merged.csv, histograms.csv\n", options->output);
	}
	for (size_t i = 0; i < m.count; i++) {
		results_free(m.machine[i]);
		free(m.label[i]);
	}
	free(m.machine);
	free(m.label);
	return status;
}

int cmd_merge(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse,
		.args_doc = "FOLDER...",
		.doc =
		    "Join results of several machines: one column each, histograms added exactly.\v"
		    "Many machines, with GNU parallel (hosts: a file with one name a line; the "
		    "build folder lies "
		    "at the same place on each):\n\n"
		    "  parallel -j0 --slf hosts --nonall 'cd mini-kvm && build/kvm-bench run "
		    "--output=/tmp/kvm-bench'\n"
		    "  parallel -a hosts scp -qr {}:/tmp/kvm-bench results/fleet-{}\n"
		    "  kvm-bench merge --output=results/fleet results/fleet-*\n\n"
		    "Run one job at a time on each machine: two would measure each other.",
	};
	struct options options = { .output = "results/merged" };

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	return merge(&options) ? STATUS_HOST : STATUS_OK;
}
