/* SPDX-License-Identifier: MIT */
#include "openmetrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A family per metric of samples.csv that fleets watch; base units, as Prometheus wants them. */
static const struct family {
	const char *metric, *unit; /* as recorded */
	const char *name;
	double divisor;
	const char *help;
} families[] = {
	{ "wall", "ns", "minikvm_run_seconds", 1e9, "Wall time from exec to exit" },
	{ "cpu", "ns", "minikvm_run_cpu_seconds", 1e9, "User and system time of a run" },
	{ "cpu", "instructions", "minikvm_run_instructions", 1,
	  "Instructions of a run on the reference machine" },
	{ "startup", "ns", "minikvm_startup_seconds", 1e9,
	  "Time from exec to the first guest instruction" },
	{ "max_rss", "bytes", "minikvm_max_rss_bytes", 1, "Peak resident set" },
	{ "exits", "exits", "minikvm_exits", 1, "KVM_RUN returns of a run" },
};

static void put_label(FILE *file, const char *name, const char *value, bool first)
{
	fprintf(file, "%s%s=\"", first ? "" : ",", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', file);
		if (*value == '\n')
			fputs("\\n", file);
		else
			fputc(*value, file);
	}
	fputc('"', file);
}

/* The reference machine's ordinary clock means nothing: only its counts are exported. */
static bool exported(const struct series *s, const struct family *family)
{
	return s->count && !strcmp(s->phase, "counted") && !strcmp(s->metric, family->metric) &&
	       !strcmp(s->unit, family->unit) &&
	       (strcmp(s->where, WHERE_LAB) != 0 || !strcmp(family->unit, "exits"));
}

static void put_series_labels(FILE *file, const struct series *s)
{
	char guests[16];

	snprintf(guests, sizeof guests, "%u", s->guests);
	put_label(file, "where", s->where, true);
	put_label(file, "workload", s->workload, false);
	put_label(file, "guests", guests, false);
	put_label(file, "backend", s->backend, false);
}

static void put_family(FILE *file, const struct results *results, const struct family *family)
{
	bool any = false;

	for (size_t i = 0; i < results->series_count; i++) {
		const struct series *s = &results->series[i];
		const struct {
			const char *name;
			double value;
		} figures[] = { { "median", s->median },
				{ "low", s->interval.low },
				{ "high", s->interval.high },
				{ "p99", s->p99 } };

		if (!exported(s, family))
			continue;
		if (!any)
			fprintf(file, "# HELP %s %s\n# TYPE %s gauge\n", family->name, family->help,
				family->name);
		any = true;
		for (size_t f = 0; f < ARRAY_SIZE(figures); f++) {
			fprintf(file, "%s{", family->name);
			put_series_labels(file, s);
			put_label(file, "figure", figures[f].name, false);
			fprintf(file, "} %.12g\n", figures[f].value / family->divisor);
		}
	}
}

static void put_exit_labels(FILE *file, const char *name, const struct histogram_series *h)
{
	char guests[16];

	snprintf(guests, sizeof guests, "%u", h->guests);
	fprintf(file, "%s{", name);
	put_label(file, "workload", h->workload, true);
	put_label(file, "guests", guests, false);
	put_label(file, "backend", h->backend, false);
	put_label(file, "reason", h->reason, false);
	put_label(file, "span", h->span, false);
}

static void put_exit_summary(FILE *file, const struct histogram_series *h)
{
	static const double quantiles[] = { 0.5, 0.9, 0.99, 0.999 };

	for (size_t q = 0; q < ARRAY_SIZE(quantiles); q++) {
		char text[16];

		snprintf(text, sizeof text, "%g", quantiles[q]);
		put_exit_labels(file, "minikvm_exit_seconds", h);
		put_label(file, "quantile", text, false);
		fprintf(file, "} %.12g\n",
			(double)histogram_percentile(&h->histogram, 100 * quantiles[q]) / 1e9);
	}
	put_exit_labels(file, "minikvm_exit_seconds_sum", h);
	fprintf(file, "} %.12g\n", (double)h->histogram.total / 1e9);
	put_exit_labels(file, "minikvm_exit_seconds_count", h);
	fprintf(file, "} %" PRIu64 "\n", h->histogram.count);
}

static void put_exit_latency(FILE *file, const struct results *results)
{
	bool any = false;

	for (size_t i = 0; i < results->histogram_count; i++) {
		const struct histogram_series *h = &results->histograms[i];

		if (strcmp(h->where, WHERE_HOST) != 0 || strcmp(h->unit, "ns") != 0 ||
		    !h->histogram.count || !strcmp(h->span, "op"))
			continue;
		if (!any)
			fputs("# HELP minikvm_exit_seconds Time of one exit by span\n"
			      "# TYPE minikvm_exit_seconds summary\n",
			      file);
		any = true;
		put_exit_summary(file, h);
	}
}

static void put_failed(FILE *file, const struct results *results)
{
	if (!results->group_count)
		return;
	fputs("# HELP minikvm_failed_runs Counted runs that failed their checks\n# TYPE "
	      "minikvm_failed_runs gauge\n",
	      file);
	for (size_t i = 0; i < results->group_count; i++) {
		const struct run_group *g = &results->groups[i];

		fputs("minikvm_failed_runs{", file);
		put_series_labels(file, &(struct series){ .where = g->where,
							  .workload = g->workload,
							  .backend = g->backend,
							  .guests = g->guests });
		fprintf(file, "} %zu\n", g->failed);
	}
}

static void put_machine(FILE *file, const struct results *results)
{
	static const char *const paths[][2] = {
		{ "host", "machines.host.host" },     { "cpu", "machines.host.cpu" },
		{ "kernel", "machines.host.kernel" }, { "kvm", "machines.host.probe.kvm" },
		{ "revision", "revision" },	      { "started", "started" },
	};

	fputs("# HELP minikvm_machine What the other metrics were measured on\n# TYPE "
	      "minikvm_machine gauge\n"
	      "minikvm_machine{",
	      file);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		put_label(file, paths[i][0], json_text(results->machine, paths[i][1], ""), i == 0);
	fputs("} 1\n", file);
}

int openmetrics_write(const struct results *results, const char *path)
{
	char *temporary = xasprintf("%s.partial", path);
	FILE *file = fopen(temporary, "we");
	bool failed = !file;

	if (file) {
		put_machine(file, results);
		for (size_t i = 0; i < ARRAY_SIZE(families); i++)
			put_family(file, results, &families[i]);
		put_exit_latency(file, results);
		put_failed(file, results);
		fputs("# EOF\n", file);
		failed = ferror(file) || fclose(file) != 0 || rename(temporary, path) < 0;
	}
	if (failed) {
		warn("%s: %s; name another file with --export-openmetrics", path, strerror(errno));
		unlink(temporary);
	}
	free(temporary);
	return failed ? -1 : 0;
}
