/* SPDX-License-Identifier: MIT */
/* Where the time of an exit goes: its four parts, interrupts end to end, single operations. */
#include "section.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double number(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	return end != text && !*end && isfinite(value) ? value : NAN;
}

/* ---- Four-way split ---- */
static const struct {
	const char *part, *about;
} split_parts[] = {
	{ "guest_and_kernel", "guest and kernel before the exit" },
	{ "kernel_to_user", "kernel to user" },
	{ "handler", "kvm-vmm's handler" },
	{ "reentry", "re-entry" },
};

struct split {
	const char *where, *workload, *reason, *unit;
	double count, mean[ARRAY_SIZE(split_parts)],
	    p50[ARRAY_SIZE(split_parts)]; /* NaN: no such part */
};

static struct split *collect_splits(const struct results *results, const char *where, size_t *count)
{
	const struct rows *rows = &results->split;
	struct split *splits = xcalloc(rows->count, sizeof *splits);

	*count = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const char **cell = &rows->cell[i * rows->width];
		size_t s = 0, part = 0;

		if (strcmp(cell[SPLIT_WHERE], where) != 0)
			continue;
		while (s < *count && (splits[s].workload != cell[SPLIT_WORKLOAD] ||
				      splits[s].reason != cell[SPLIT_REASON]))
			s++;
		while (part < ARRAY_SIZE(split_parts) &&
		       strcmp(split_parts[part].part, cell[SPLIT_PART]) != 0)
			part++;
		if (part == ARRAY_SIZE(split_parts) || isnan(number(cell[SPLIT_MEAN])))
			continue;
		if (s == *count)
			splits[(*count)++] = (struct split){ .where = cell[SPLIT_WHERE],
							     .workload = cell[SPLIT_WORKLOAD],
							     .reason = cell[SPLIT_REASON],
							     .unit = cell[SPLIT_UNIT],
							     .mean = { NAN, NAN, NAN, NAN } };
		/* The last exit has no handler behind it, so parts may differ by one. */
		splits[s].count = fmax(splits[s].count, number(cell[SPLIT_COUNT]));
		splits[s].mean[part] = number(cell[SPLIT_MEAN]);
		splits[s].p50[part] = number(cell[SPLIT_P50]);
	}
	return splits;
}

static double split_total(const struct split *split)
{
	double total = 0;

	for (size_t p = 0; p < ARRAY_SIZE(split_parts); p++)
		total += isnan(split->mean[p]) ? 0 : split->mean[p];
	return total;
}

/* HLT sleeps in its handler and compute payloads work in the guest: neither is the cost of an exit.
 */
static bool split_shown(const struct results *results, const struct split *split)
{
	return strcmp(split->reason, "KVM_EXIT_HLT") != 0 &&
	       results_class(results, split->workload) != CLASS_COMPUTE;
}

#define SPLIT_ROWS 16

static void plot_split(struct report *report, const char *where, const struct split *splits,
		       size_t count)
{
	struct names items = { 0 }, parts = { 0 };
	double largest = 0, row = 0;
	struct axis axis = { 0 };
	struct plot plot;
	char *name = xasprintf("split-%s", where), *label;

	for (size_t s = 0; s < count; s++)
		largest =
		    fmax(largest,
			 split_shown(report->results, &splits[s]) ? split_total(&splits[s]) : 0);
	if (largest > 0 &&
	    plot_begin(&report->plotter, &plot, name, "row,item,part,from,to,total")) {
		for (size_t s = 0; s < count && row < SPLIT_ROWS; s++) {
			char *item = xasprintf("%s %s", splits[s].workload,
					       !strncmp(splits[s].reason, "KVM_EXIT_", 9)
						   ? splits[s].reason + 9
						   : splits[s].reason);
			double from = 0;

			axis = axis_for(splits[s].unit, largest);
			row += split_shown(report->results, &splits[s]);
			for (size_t p = 0; split_shown(report->results, &splits[s]) &&
					   p < ARRAY_SIZE(split_parts);
			     p++) {
				names_add(&items, item);
				names_add(&parts, split_parts[p].part);
				csv_number(&plot.csv, row);
				csv_name(&plot.csv, item);
				csv_name(&plot.csv, split_parts[p].part);
				csv_number(&plot.csv, from / axis.divisor);
				from += isnan(splits[s].mean[p]) ? 0 : splits[s].mean[p];
				csv_number(&plot.csv, from / axis.divisor);
				csv_text(&plot.csv, p + 1 < ARRAY_SIZE(split_parts)
							? ""
							: quantity(splits[s].unit, from).text);
				csv_end_row(&plot.csv);
			}
			free(item);
		}
		label = xasprintf("one exit, mean (%s)", axis.name);
		report_plot(report, &plot, "stacked",
			    (const char *const[]){ "axis", label, "items", items.list, "parts",
						   parts.list, NULL },
			    "Mean time of one exit in four parts. HLT, whose handler sleeps, and "
			    "compute payloads are left out.");
		free(label);
	}
	free(name);
	names_free(&items);
	names_free(&parts);
}

static void table_split(struct report *report, const struct split *splits, size_t count)
{
	struct table *table =
	    document_table(report->document, "Mean of each part of an exit, and its median");

	table_column(table, COLUMN_TEXT, "workload");
	table_column(table, COLUMN_TEXT, "reason");
	table_column(table, COLUMN_NUMBER, "exits");
	for (size_t p = 0; p < ARRAY_SIZE(split_parts); p++)
		table_column(table, COLUMN_NUMBER, split_parts[p].about);
	for (size_t s = 0; s < count; s++) {
		table_row(table);
		table_text(table, "%s", splits[s].workload);
		table_text(table, "%s", splits[s].reason);
		table_value(table, splits[s].count, "%s", grouped(splits[s].count).text);
		for (size_t p = 0; p < ARRAY_SIZE(split_parts); p++)
			if (isnan(splits[s].mean[p]))
				table_none(table);
			else
				table_value(table, splits[s].mean[p], "%s (p50 %s)",
					    quantity(splits[s].unit, splits[s].mean[p]).text,
					    quantity(splits[s].unit, splits[s].p50[p]).text);
	}
}

static void say_split(struct report *report, const struct split *splits, size_t count)
{
	double sum[ARRAY_SIZE(split_parts)] = { 0 }, all = 0;
	size_t largest = 0;

	for (size_t s = 0; s < count; s++)
		for (size_t p = 0;
		     split_shown(report->results, &splits[s]) && p < ARRAY_SIZE(split_parts); p++) {
			double time =
			    isnan(splits[s].mean[p]) ? 0 : splits[s].mean[p] * splits[s].count;

			sum[p] += time;
			all += time;
		}
	for (size_t p = 0; p < ARRAY_SIZE(split_parts); p++)
		largest = sum[p] > sum[largest] ? p : largest;
	if (all > 0)
		document_text(report->document,
			      "Of an exit's time (HLT and compute payloads apart), %.0f %% is %s "
			      "and %.1f %% is kvm-vmm's handler.",
			      100 * sum[largest] / all, split_parts[largest].about,
			      100 * sum[2] / all);
}

static const struct {
	const char *where, *title;
} separate_places[] = {
	{ WHERE_HOST, "This host, time" },
	{ WHERE_LAB, "Reference machine, ordinary clock: proportions only" },
	{ WHERE_EXACT, "Reference machine, exact" },
};

void section_split(struct report *report)
{
	bool any = false;

	document_heading(report->document, 2, "split", "One exit in four parts");
	for (size_t i = 0; i < ARRAY_SIZE(separate_places); i++) {
		size_t count;
		struct split *splits =
		    collect_splits(report->results, separate_places[i].where, &count);
		char *id = xasprintf("split-at-%s", separate_places[i].where);

		if (count) {
			any = true;
			document_heading(report->document, 3, id, separate_places[i].title);
			say_split(report, splits, count);
			document_pair_begin(report->document);
			plot_split(report, separate_places[i].where, splits, count);
			table_split(report, splits, count);
			document_pair_end(report->document);
		}
		free(splits);
		free(id);
	}
	if (!any)
		document_missing(report->document,
				 "Not measured: `kvm-bench run` joins kvm-vmm's trace with that of "
				 "kvm-exits where it may use eBPF (as root, or with "
				 "CAP_BPF and CAP_PERFMON).");
}

/* ---- Interrupt latency ---- */
struct irq_stage {
	const char *where, *workload, *irq, *stage, *unit;
	struct histogram histogram;
};

static struct irq_stage *collect_stages(struct results *results, const char *where, size_t *count)
{
	const struct rows *rows = &results->irq;
	struct irq_stage *stages = NULL;
	size_t bad = 0;

	*count = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const char **cell = &rows->cell[i * rows->width];
		uint64_t lower = strtoull(cell[IRQ_LOWER], NULL, 10),
			 times = strtoull(cell[IRQ_COUNT], NULL, 10);
		size_t s = 0;

		if (strcmp(cell[IRQ_WHERE], where) != 0)
			continue;
		if (hist_lower(hist_index(lower)) != lower) {
			bad++;
			continue;
		}
		while (s < *count &&
		       (stages[s].workload != cell[IRQ_WORKLOAD] ||
			stages[s].irq != cell[IRQ_IRQ] || stages[s].stage != cell[IRQ_STAGE]))
			s++;
		if (s == *count) {
			stages = xrealloc(stages, (*count + 1) * sizeof *stages);
			stages[s] = (struct irq_stage){ .where = cell[IRQ_WHERE],
							.workload = cell[IRQ_WORKLOAD],
							.irq = cell[IRQ_IRQ],
							.stage = cell[IRQ_STAGE],
							.unit = cell[IRQ_UNIT] };
			histogram_init(&stages[s].histogram);
			++*count;
		}
		histogram_record_bucket(&stages[s].histogram, hist_index(lower), times);
	}
	if (bad)
		results_note(results, "%s: %zu rows whose bounds are no bucket left out.",
			     IRQ_LATENCY_CSV, bad);
	return stages;
}

static void plot_irq(struct report *report, const char *where, const struct irq_stage *stages,
		     size_t count)
{
	struct names items = { 0 }, parts = { 0 };
	char *name = xasprintf("irq-%s", where), *label;
	struct plot plot;

	if (plot_begin(&report->plotter, &plot, name, "item,part,lower,upper,percent,median")) {
		for (size_t s = 0; s < count; s++) {
			const struct histogram *h = &stages[s].histogram;
			char *item = xasprintf("%s %s", stages[s].workload, stages[s].irq);

			names_add(&items, item);
			names_add(&parts, stages[s].stage);
			plot_histogram(&plot.csv, item, stages[s].stage, h);
			free(item);
		}
		label = xasprintf("latency (%s)", stages[0].unit);
		report_plot(report, &plot, "distribution",
			    (const char *const[]){ "axis", label, "items", items.list, "parts",
						   parts.list, NULL },
			    "Interrupt latency by stage; a line marks the median.");
		free(label);
	}
	free(name);
	names_free(&items);
	names_free(&parts);
}

static void table_irq(struct report *report, const struct irq_stage *stages, size_t count)
{
	static const double percents[] = { 50, 90, 99, 99.9, 100 };
	static const char *const titles[] = { "p50", "p90", "p99", "p99.9", "max" };
	struct table *table = document_table(
	    report->document, "Interrupt latency by stage (percentiles within 1.6 %)");

	table_column(table, COLUMN_TEXT, "workload");
	table_column(table, COLUMN_TEXT, "interrupt");
	table_column(table, COLUMN_TEXT, "stage");
	table_column(table, COLUMN_NUMBER, "interrupts");
	for (size_t p = 0; p < ARRAY_SIZE(titles); p++)
		table_column(table, COLUMN_NUMBER, titles[p]);
	for (size_t s = 0; s < count; s++) {
		table_row(table);
		table_text(table, "%s", stages[s].workload);
		table_text(table, "%s", stages[s].irq);
		table_text(table, "%s", stages[s].stage);
		table_value(table, (double)stages[s].histogram.count, "%s",
			    grouped((double)stages[s].histogram.count).text);
		for (size_t p = 0; p < ARRAY_SIZE(percents); p++) {
			double value =
			    (double)histogram_percentile(&stages[s].histogram, percents[p]);

			table_value(table, value, "%s", quantity(stages[s].unit, value).text);
		}
	}
}

void section_irq(struct report *report)
{
	bool any = false;

	document_heading(report->document, 2, "irq", "Interrupt latency");
	for (size_t i = 0; i < ARRAY_SIZE(separate_places); i++) {
		size_t count;
		struct irq_stage *stages =
		    collect_stages(report->results, separate_places[i].where, &count);
		char *id = xasprintf("irq-at-%s", separate_places[i].where);

		if (count) {
			const struct irq_stage *first = &stages[0];

			any = true;
			document_heading(report->document, 3, id, separate_places[i].title);
			document_text(report->document,
				      "`%s` takes %s in the median and %s at p99 (`%s`, %s).",
				      first->stage,
				      quantity(first->unit,
					       (double)histogram_percentile(&first->histogram, 50))
					  .text,
				      quantity(first->unit,
					       (double)histogram_percentile(&first->histogram, 99))
					  .text,
				      first->workload, first->irq);
			document_pair_begin(report->document);
			plot_irq(report, separate_places[i].where, stages, count);
			table_irq(report, stages, count);
			document_pair_end(report->document);
		}
		free(stages);
		free(id);
	}
	if (!any)
		document_missing(report->document,
				 "Not measured: the run needs a workload with interrupts (1K OS, "
				 "in the lab where this host has no 32-bit paging) and "
				 "kvm-exits with the right to use eBPF.");
}

/* ---- Micro-benchmarks ---- */
static bool is_micro(const struct results *results, const struct histogram_series *h,
		     const char *where, const char *unit)
{
	return !strcmp(h->span, "op") && !strcmp(h->where, where) && !strcmp(h->unit, unit) &&
	       h->guests == 1 && h->histogram.count &&
	       results_class(results, h->workload) == CLASS_MICRO;
}

/* Backends of one operation side by side, operations as the guest makes them. */
struct micro_order {
	const struct histogram_series **at;
	size_t count;
};

static bool same_operation(const struct histogram_series *a, const struct histogram_series *b)
{
	return a->workload == b->workload && a->reason == b->reason;
}

static struct micro_order micro_ordered(const struct results *results, const char *where,
					const char *unit)
{
	struct micro_order order = { .at = xcalloc(results->histogram_count, sizeof *order.at) };

	for (size_t i = 0; i < results->histogram_count; i++) {
		const struct histogram_series *h = &results->histograms[i];
		bool known = !is_micro(results, h, where, unit);

		for (size_t k = 0; k < order.count && !known; k++)
			known = same_operation(order.at[k], h);
		for (size_t k = i; k < results->histogram_count && !known; k++)
			if (is_micro(results, &results->histograms[k], where, unit) &&
			    same_operation(&results->histograms[k], h))
				order.at[order.count++] = &results->histograms[k];
	}
	return order;
}

/* One plot for each workload: its modes have the same operations. */
static void plot_micro(struct report *report, const struct micro_order *order, const char *workload,
		       const char *where, const char *unit)
{
	char *name = xasprintf("%s-%s-%s", workload, where, unit),
	     *label = xasprintf("one operation (%s)", unit);
	char *about =
	    xasprintf("%s: single operations measured in the guest; median, from the least to p99.",
		      workload);
	struct names items = { 0 }, parts = { 0 };
	struct plot plot;

	if (plot_begin(&report->plotter, &plot, name, "row,item,part,value,low,high,label")) {
		for (size_t i = 0; i < order->count; i++) {
			const struct histogram_series *h = order->at[i];

			if (strcmp(h->workload, workload) != 0)
				continue;
			names_add(&items, h->reason);
			names_add(&parts, h->backend);
			csv_count(&plot.csv, items.count);
			csv_name(&plot.csv, h->reason);
			csv_name(&plot.csv, h->backend);
			csv_number(&plot.csv,
				   fmax((double)histogram_percentile(&h->histogram, 50), 0.5));
			csv_number(&plot.csv, fmax((double)h->histogram.min, 0.5));
			csv_number(&plot.csv,
				   fmax((double)histogram_percentile(&h->histogram, 99), 0.5));
			csv_text(&plot.csv, "");
			csv_end_row(&plot.csv);
		}
		report_plot(report, &plot, "points",
			    (const char *const[]){ "axis", label, "items", items.list, "parts",
						   parts.list, "marks", "", NULL },
			    about);
	}
	names_free(&items);
	names_free(&parts);
	free(name);
	free(label);
	free(about);
}

static void plot_micros(struct report *report, const struct micro_order *order, const char *where,
			const char *unit)
{
	for (size_t i = 0; i < order->count; i++) {
		bool known = false;

		for (size_t k = 0; k < i; k++)
			known |= order->at[k]->workload == order->at[i]->workload;
		if (!known)
			plot_micro(report, order, order->at[i]->workload, where, unit);
	}
}

/* The same operation in time, where the run could tell how long a cycle is. */
static const struct histogram_series *in_time(const struct results *results,
					      const struct histogram_series *h)
{
	for (size_t i = 0; i < results->histogram_count; i++) {
		const struct histogram_series *t = &results->histograms[i];

		if (!strcmp(t->unit, "ns") && t->where == h->where && t->workload == h->workload &&
		    t->backend == h->backend && t->reason == h->reason && t->span == h->span &&
		    t->guests == h->guests)
			return t;
	}
	return NULL;
}

static void put_micro(struct table *table, const struct results *results,
		      const struct histogram_series *h, const char *unit)
{
	static const double percents[] = { 50, 90, 99, 99.9 };
	const struct histogram_series *time = in_time(results, h);

	table_row(table);
	table_text(table, "%s", h->workload);
	table_text(table, "%s", h->reason);
	table_text(table, "%s", h->backend);
	table_value(table, (double)h->histogram.count, "%s",
		    grouped((double)h->histogram.count).text);
	for (size_t p = 0; p < ARRAY_SIZE(percents); p++) {
		double value = (double)histogram_percentile(&h->histogram, percents[p]);

		table_value(table, value, "%s", quantity(unit, value).text);
	}
	for (size_t p = 0; !strcmp(unit, "cycles") && p < 3; p += 2) {
		double value =
		    time ? (double)histogram_percentile(&time->histogram, percents[p]) : NAN;

		if (time)
			table_value(table, value, "%s", quantity("ns", value).text);
		else
			table_none(table);
	}
}

static void table_micro(struct report *report, const struct micro_order *order, const char *unit,
			const char *caption)
{
	static const char *const titles[] = { "p50", "p90", "p99", "p99.9" };
	const struct results *results = report->results;
	struct table *table = document_table(report->document, caption);

	table_column(table, COLUMN_TEXT, "workload");
	table_column(table, COLUMN_TEXT, "operation");
	table_column(table, COLUMN_TEXT, "backend");
	table_column(table, COLUMN_NUMBER, "samples");
	for (size_t p = 0; p < ARRAY_SIZE(titles); p++)
		table_column(table, COLUMN_NUMBER, titles[p]);
	if (!strcmp(unit, "cycles")) {
		table_column(table, COLUMN_NUMBER, "p50, time");
		table_column(table, COLUMN_NUMBER, "p99, time");
	}
	for (size_t i = 0; i < order->count; i++)
		put_micro(table, results, order->at[i], unit);
}

void section_micro(struct report *report)
{
	static const struct {
		const char *where, *unit, *title, *caption;
	} views[] = {
		{ WHERE_HOST, "cycles", "This host, cycles of the time-stamp counter",
		  "Cycles of one operation, measured in the guest, and the time they take (this "
		  "host)" },
		{ WHERE_EXACT, "instructions", "Reference machine, exact",
		  "Instructions of one operation from guest to guest (reference machine)" },
	};
	bool any = false;

	document_heading(report->document, 2, "micro", "Single operations");
	for (size_t v = 0; v < ARRAY_SIZE(views); v++) {
		const struct histogram_series *dearest = NULL, *cheapest = NULL;
		struct micro_order order =
		    micro_ordered(report->results, views[v].where, views[v].unit);
		char *id;

		for (size_t i = 0; i < order.count; i++) {
			const struct histogram_series *h = order.at[i];

			if (strcmp(h->backend, OURS) != 0)
				continue;
			if (!dearest || histogram_percentile(&h->histogram, 50) >
					    histogram_percentile(&dearest->histogram, 50))
				dearest = h;
			if (!cheapest || histogram_percentile(&h->histogram, 50) <
					     histogram_percentile(&cheapest->histogram, 50))
				cheapest = h;
		}
		if (!dearest) {
			free(order.at);
			continue;
		}
		any = true;
		id = xasprintf("micro-at-%s-%s", views[v].where, views[v].unit);
		document_heading(report->document, 3, id, views[v].title);
		document_text(
		    report->document,
		    "Under kvm-vmm the cheapest operation is `%s` (`%s`) with %s %s in the median, "
		    "the dearest `%s` (`%s`) with %s.",
		    cheapest->reason, cheapest->workload,
		    quantity(views[v].unit, (double)histogram_percentile(&cheapest->histogram, 50))
			.text,
		    views[v].unit, dearest->reason, dearest->workload,
		    quantity(views[v].unit, (double)histogram_percentile(&dearest->histogram, 50))
			.text);
		document_pair_begin(report->document);
		plot_micros(report, &order, views[v].where, views[v].unit);
		table_micro(report, &order, views[v].unit, views[v].caption);
		document_pair_end(report->document);
		free(order.at);
		free(id);
	}
	if (!any)
		document_missing(report->document,
				 "Not measured yet: the exit micro-benchmarks (`kvm-bench list` "
				 "names them) were not part of this run.");
}
