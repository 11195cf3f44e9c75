/* SPDX-License-Identifier: MIT */
/* Compute payloads in three views that are never mixed in one number. */
#include "section.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"

struct view {
	const char *id, *where, *over; /* cost under TCG divided by cost on this backend */
	const char *title, *axis, *caption, *missing;
};

static const struct view views[] = {
	{ "compute-kvm", WHERE_HOST, OURS, "(a) This host: TCG over KVM",
	  "TCG time over KVM time (ratio)",
	  "TCG time over kvm-vmm time of the same payload (this host)",
	  "Not measured: needs the compute suite on a host whose KVM can run the payloads." },
	{ "compute-native", WHERE_HOST, "native",
	  "(b) This host: TCG over native, the bound KVM approaches",
	  "TCG time over native time (ratio)",
	  "TCG time over the time of the same payload as a 32-bit process (this host; payloads "
	  "without privilege)",
	  "Not measured: needs the compute suite, with QEMU, on this host." },
	{ "compute-exact", WHERE_EXACT, OURS,
	  "(c) Reference machine: instructions per guest instruction",
	  "TCG instructions over KVM instructions (ratio)",
	  "Instructions under TCG over instructions under KVM (reference machine): how far TCG "
	  "expands code, not speed",
	  "Not measured: needs the compute suite in the lab's exact mode." },
};

static struct compute_cost view_ratio(const struct results *results, const struct view *view,
				      const char *workload)
{
	return compute_ratio(compute_cost(results, view->where, workload, TCG),
			     compute_cost(results, view->where, workload, view->over));
}

static void plot_view(struct report *report, const struct view *view)
{
	const struct results *results = report->results;
	struct names items = { 0 };
	struct plot plot;
	double row = 0;

	if (!plot_begin(&report->plotter, &plot, view->id, "row,item,part,value,low,high,label"))
		return;
	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		struct compute_cost ratio;

		if (results_class(results, workload) != CLASS_COMPUTE)
			continue;
		ratio = view_ratio(results, view, workload);
		if (!isfinite(ratio.value) || !isfinite(ratio.low) || !isfinite(ratio.high))
			continue;
		names_add(&items, workload);
		csv_number(&plot.csv, ++row);
		csv_name(&plot.csv, workload);
		csv_text(&plot.csv, "ratio");
		csv_number(&plot.csv, ratio.value);
		csv_number(&plot.csv, ratio.low);
		csv_number(&plot.csv, ratio.high);
		csv_text(&plot.csv, ratio_text(ratio.value).text);
		csv_end_row(&plot.csv);
	}
	if (items.count)
		report_plot(report, &plot, "points",
			    (const char *const[]){ "axis", view->axis, "items", items.list, "parts",
						   "ratio", "marks", "1 50 100", NULL },
			    "Ratio and its interval; dashed: 1 (equally fast), and the claim's 50 "
			    "and 100.");
	else
		csv_close(&plot.csv);
	names_free(&items);
}

/* Cycles and instructions with every digit and their name; times as elsewhere. */
static void put_cost(struct table *table, struct compute_cost cost)
{
	if (!strcmp(cost.unit, "ns"))
		table_value(table, cost.value, "%s", quantity("ns", cost.value).text);
	else
		table_value(table, cost.value, "%s %s", quantity(cost.unit, round(cost.value)).text,
			    cost.unit);
}

static void table_view(struct report *report, const struct view *view)
{
	const struct results *results = report->results;
	struct table *table = document_table(report->document, view->caption);
	char *over = xasprintf("%s, one round", view->over);

	table_column(table, COLUMN_TEXT, "payload");
	table_column(table, COLUMN_NUMBER, TCG ", one round");
	table_column(table, COLUMN_NUMBER, over);
	table_column(table, COLUMN_NUMBER, "ratio");
	table_column(table, COLUMN_NUMBER, "runs");
	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		struct compute_cost tcg = compute_cost(results, view->where, workload, TCG);
		struct compute_cost other =
		    compute_cost(results, view->where, workload, view->over);
		struct compute_cost ratio = compute_ratio(tcg, other);

		if (results_class(results, workload) != CLASS_COMPUTE || !isfinite(ratio.value))
			continue;
		table_row(table);
		table_text(table, "%s", workload);
		put_cost(table, tcg);
		put_cost(table, other);
		table_value(table, ratio.value, "%s",
			    ratio_range((struct ratio){ ratio.value, ratio.low, ratio.high }).text);
		table_state(table, ratio.value >= 50 ? STATE_GOOD
				   : ratio.value < 1 ? STATE_WARN
						     : STATE_PLAIN);
		table_value(table, (double)ratio.runs, "%zu", ratio.runs);
	}
	free(over);
}

/* "`a`, `b` and `c`" of the payloads whose ratio lies in [from, to); "none". To be freed. */
static char *payloads_between(const struct results *results, const struct view *view, double from,
			      double to)
{
	char *list = NULL;

	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		double ratio;
		char *longer;

		if (results_class(results, workload) != CLASS_COMPUTE)
			continue;
		ratio = view_ratio(results, view, workload).value;
		if (!(ratio >= from && ratio < to))
			continue;
		longer = list ? xasprintf("%s, `%s`", list, workload) : xasprintf("`%s`", workload);
		free(list);
		list = longer;
	}
	return list ? list : xstrdup("none");
}

static struct spread view_spread(const struct results *results, const struct view *view)
{
	struct spread spread = { 0 };

	for (size_t w = 0; w < results->workload_count; w++)
		if (results_class(results, results->workloads[w]) == CLASS_COMPUTE)
			spread_add(&spread, view_ratio(results, view, results->workloads[w]).value,
				   results->workloads[w]);
	return spread;
}

static void say_view(struct report *report, const struct view *view, const struct spread *spread)
{
	char *reach = payloads_between(report->results, view, 50, INFINITY);
	char *below = payloads_between(report->results, view, 0, 1);

	document_text(report->document,
		      "Ratios from %s (`%s`) to %s (`%s`), geometric mean %s. At 50 or more: %s. "
		      "Below 1, where TCG costs less: %s.",
		      ratio_text(spread->least).text, spread->least_name,
		      ratio_text(spread->most).text, spread->most_name,
		      ratio_text(spread_mean(spread)).text, reach, below);
	if (!strcmp(view->id, "compute-kvm") && host_emulates(report->results))
		document_text(report->document,
			      "This host's KVM (%s) does not run this code on the processor but "
			      "interprets it, about %.0f ns an "
			      "instruction; TCG compiles it once and runs it in a few. That is why "
			      "TCG is the faster one here, and why "
			      "this view says nothing about KVM on hardware.",
			      host_kvm(report->results), host_instruction_ns(report->results));
	free(reach);
	free(below);
}

void section_compute(struct report *report)
{
	size_t measured_views = 0;

	document_heading(report->document, 2, "compute", "Compute: KVM against TCG");
	for (size_t v = 0; v < ARRAY_SIZE(views); v++)
		measured_views += view_spread(report->results, &views[v]).count > 0;
	if (!measured_views) {
		document_missing(report->document,
				 "Not measured yet: the compute suite (`kvm-bench list` names it) "
				 "was not part of this run.");
		return;
	}
	document_text(report->document,
		      "The claim says 50 to 100 times faster than TCG. Three views answer for "
		      "what, and are never joined: time "
		      "against KVM where the host has hardware virtualization, time against a "
		      "native process as the bound KVM "
		      "approaches, and instructions of the reference machine, which say how far "
		      "TCG expands code and nothing about "
		      "speed: a far call or an exception counts one, whatever it costs.");
	for (size_t v = 0; v < ARRAY_SIZE(views); v++) {
		struct spread spread = view_spread(report->results, &views[v]);
		char *id = xasprintf("%s-view", views[v].id);

		document_heading(report->document, 3, id, views[v].title);
		free(id);
		if (!spread.count) {
			document_missing(report->document, "%s", views[v].missing);
			continue;
		}
		say_view(report, &views[v], &spread);
		document_pair_begin(report->document);
		plot_view(report, &views[v]);
		table_view(report, &views[v]);
		document_pair_end(report->document);
	}
}
