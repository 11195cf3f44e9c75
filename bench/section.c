/* SPDX-License-Identifier: MIT */
#include "section.h"

#include <math.h>
#include <string.h>

const char *const backend_order[] = { OURS, TCG, "qemu-kvm", "floor", NO_STATS, "native", NULL };

void table_measured(struct table *table, const struct series *series)
{
	if (series)
		table_value(table, series->median, "%s", measured(series).text);
	else
		table_none(table);
}

void table_ratio(struct table *table, const struct series *a, const struct series *b)
{
	struct ratio ratio = series_ratio(a, b);

	if (isfinite(ratio.value))
		table_value(table, ratio.value, "%s", ratio_range(ratio).text);
	else
		table_none(table);
}

static bool backend_has(const struct results *results, const char *where, const char *backend,
			const char *metric, enum workload_class class)
{
	for (size_t i = 0; i < results->series_count; i++) {
		const struct series *s = &results->series[i];

		if (s->count && !strcmp(s->where, where) && !strcmp(s->backend, backend) &&
		    !strcmp(s->metric, metric) && !strcmp(s->phase, "counted") &&
		    results_class(results, s->workload) == class)
			return true;
	}
	return false;
}

struct backends backends_with(const struct results *results, const char *where, const char *metric,
			      enum workload_class class)
{
	struct backends found = { .count = 0 };

	for (size_t i = 0; backend_order[i]; i++)
		if (backend_has(results, where, backend_order[i], metric, class))
			found.name[found.count++] = backend_order[i];
	return found;
}

void report_plot(struct report *report, struct plot *plot, const char *script,
		 const char *const *settings, const char *description)
{
	char *svg, *csv;

	if (!plot_draw(&report->plotter, plot, script, settings))
		return;
	svg = xasprintf("plots/%s.svg", plot->name);
	csv = xasprintf("plots/%s.csv", plot->name);
	document_plot(report->document, svg, csv, description);
	free(svg);
	free(csv);
}

/* Buckets to a bin, by how many values there are to fill them. */
static uint32_t bin_width(uint64_t values)
{
	return values < 300 ? 8 : values < 5000 ? 2 : 1;
}

void plot_histogram(struct csv *csv, const char *item, const char *part, const struct histogram *h)
{
	uint32_t width = bin_width(h->count);

	for (uint32_t i = 0; i < HIST_BUCKETS; i += width) {
		uint64_t count = 0;

		for (uint32_t k = i; k < i + width; k++)
			count += h->bucket[k];
		if (!count)
			continue;
		csv_name(csv, item);
		csv_name(csv, part);
		csv_number(csv, i ? (double)hist_lower(i) : 0.5);
		csv_number(csv, (double)hist_upper(i + width - 1) + 1);
		csv_number(csv, 100.0 * (double)count / (double)h->count);
		csv_number(csv, (double)histogram_percentile(h, 50));
		csv_end_row(csv);
	}
}

struct text counted(size_t count, const char *noun)
{
	struct text out;

	snprintf(out.text, sizeof out.text, "%zu %.64s%s", count, noun, count == 1 ? "" : "s");
	return out;
}

void spread_add(struct spread *spread, double ratio, const char *name)
{
	if (!(ratio > 0) || !isfinite(ratio))
		return;
	if (!spread->count || ratio < spread->least) {
		spread->least = ratio;
		spread->least_name = name;
	}
	if (!spread->count || ratio > spread->most) {
		spread->most = ratio;
		spread->most_name = name;
	}
	spread->product_log += log(ratio);
	spread->count++;
}

double spread_mean(const struct spread *spread)
{
	return spread->count ? exp(spread->product_log / (double)spread->count) : NAN;
}

const char *host_kvm(const struct results *results)
{
	return json_text(results->machine, "machines.host.probe.kvm", "unknown");
}

static const json_t *host_probe(const struct results *results)
{
	const json_t *machines = json_object_get(results->machine, "machines");

	return json_object_get(json_object_get(machines, "host"), "probe");
}

bool host_emulates(const struct results *results)
{
	return json_is_true(json_object_get(host_probe(results), "real_mode_emulated"));
}

double host_instruction_ns(const struct results *results)
{
	return json_double(results->machine, "machines.host.probe.real_mode_ns_per_instruction", 0);
}
