/* SPDX-License-Identifier: MIT */
#include "section.h"

#include <math.h>
#include <string.h>

const char *const backend_order[] = { OURS, TCG, "qemu-kvm", "floor", "native", NULL };

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
