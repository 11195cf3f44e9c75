/* SPDX-License-Identifier: MIT */
/* How many exits, how long each took in KVM_RUN and in the handler, and whether the kernel agrees.
 */
#include "section.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Counts are the same anywhere; the first place that has them is shown. */
static const char *const places[] = { WHERE_EXACT, WHERE_HOST, WHERE_LAB };

static const char *place_with_exits(const struct results *results, const char *workload)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (results_series(results, places[i], workload, 1, OURS, "exits"))
			return places[i];
	return NULL;
}

/* Reasons of all programs' exits, the way the kernel names them. */
static struct names exit_reasons(const struct results *results)
{
	struct names reasons = { 0 };

	for (size_t i = 0; i < results->series_count; i++) {
		const struct series *s = &results->series[i];
		enum workload_class class;

		if (!s->count || strncmp(s->metric, "exits.", 6) || strcmp(s->backend, OURS) != 0 ||
		    strcmp(s->phase, "counted") != 0)
			continue;
		class = results_class(results, s->workload);
		if (class == CLASS_GUEST || class == CLASS_OS)
			names_add(&reasons, s->metric + strlen("exits."));
	}
	return reasons;
}

/* The index-th word of a names list in buffer; NULL after the last. */
static const char *word_at(const struct names *names, size_t index, char *buffer, size_t size)
{
	const char *at = names->list;

	for (size_t i = 0; at && i < index; i++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (!at || index >= names->count)
		return NULL;
	snprintf(buffer, size, "%.*s", (int)strcspn(at, " "), at);
	return buffer;
}

static const struct series *exits_of(const struct results *results, const char *where,
				     const char *workload, const char *reason)
{
	char metric[160];

	snprintf(metric, sizeof metric, "exits.%s", reason);
	return results_series(results, where, workload, 1, OURS, metric);
}

static void plot_exits(struct report *report, const struct names *reasons)
{
	const struct results *results = report->results;
	struct names items = { 0 };
	char reason[128];
	struct plot plot;
	double row = 0;

	if (!plot_begin(&report->plotter, &plot, "exits", "row,item,part,value,label"))
		return;
	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		const char *where = place_with_exits(results, workload);
		enum workload_class class = results_class(results, workload);
		bool first = true;

		if (!where || (class != CLASS_GUEST && class != CLASS_OS))
			continue;
		for (size_t i = 0; word_at(reasons, i, reason, sizeof reason); i++) {
			const struct series *s = exits_of(results, where, workload, reason);

			if (!s || !(s->median > 0))
				continue;
			names_add(&items, workload);
			csv_number(&plot.csv, ++row);
			csv_name(&plot.csv, first ? workload : "");
			csv_text(&plot.csv, reason);
			csv_number(&plot.csv, s->median);
			csv_number(&plot.csv, s->median);
			csv_end_row(&plot.csv);
			first = false;
		}
	}
	if (items.count)
		report_plot(report, &plot, "bars",
			    (const char *const[]){ "axis", "exits to kvm-vmm in one run", "items",
						   items.list, "parts", reasons->list, NULL },
			    "Exits of each guest by reason, logarithmic.");
	else
		csv_close(&plot.csv);
	names_free(&items);
}

static bool varies(const struct series *series)
{
	return series && series->sorted[0] != series->sorted[series->count - 1];
}

/* How many programs' exits differ from run to run. */
static size_t count_varying(const struct results *results, size_t *programs)
{
	size_t varying = 0;

	for (size_t w = 0; w < results->workload_count; w++) {
		const char *where = place_with_exits(results, results->workloads[w]);
		enum workload_class class = results_class(results, results->workloads[w]);

		if (!where || (class != CLASS_GUEST && class != CLASS_OS))
			continue;
		++*programs;
		varying +=
		    varies(results_series(results, where, results->workloads[w], 1, OURS, "exits"));
	}
	return varying;
}

static void table_exits(struct report *report, const struct names *reasons)
{
	const struct results *results = report->results;
	struct table *table = document_table(
	    report->document, "KVM_RUN returns of one guest alone, by reason (median over runs)");
	char reason[128];

	table_column(table, COLUMN_TEXT, "guest");
	table_column(table, COLUMN_TEXT, "counted");
	table_column(table, COLUMN_NUMBER, "exits");
	for (size_t i = 0; word_at(reasons, i, reason, sizeof reason); i++)
		table_column(table, COLUMN_NUMBER, reason);
	table_column(table, COLUMN_TEXT, "all runs equal");
	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		const char *where = place_with_exits(results, workload);
		enum workload_class class = results_class(results, workload);
		const struct series *total;

		if (!where || (class != CLASS_GUEST && class != CLASS_OS))
			continue;
		total = results_series(results, where, workload, 1, OURS, "exits");
		table_row(table);
		table_text(table, "%s", workload);
		table_text(table, "%s, %zu run%s", where, total->count,
			   total->count == 1 ? "" : "s");
		table_value(table, total->median, "%s", grouped(total->median).text);
		for (size_t i = 0; word_at(reasons, i, reason, sizeof reason); i++) {
			const struct series *s = exits_of(results, where, workload, reason);

			if (s)
				table_value(table, s->median, "%s", grouped(s->median).text);
			else
				table_none(table);
		}
		if (varies(total))
			table_text(table, "no: %s to %s", grouped(total->sorted[0]).text,
				   grouped(total->sorted[total->count - 1]).text);
		else
			table_text(table, "yes");
		table_state(table, varies(total) ? STATE_WARN : STATE_GOOD);
	}
}

void section_exits(struct report *report)
{
	struct names reasons = exit_reasons(report->results);
	size_t programs = 0, varying;
	document_heading(report->document, 2, "exits", "Exits by guest");
	if (!reasons.count) {
		document_missing(
		    report->document,
		    "Not measured: `kvm-bench run` counts every KVM_RUN return of kvm-vmm.");
		return;
	}
	varying = count_varying(report->results, &programs);
	if (varying)
		document_text(report->document,
			      "%zu of %zu programs did not exit equally often in every run.",
			      varying, programs);
	else
		document_text(report->document,
			      "All %s exited exactly equally often in every run: these figures "
			      "have no noise.",
			      counted(programs, "program").text);
	document_pair_begin(report->document);
	plot_exits(report, &reasons);
	table_exits(report, &reasons);
	document_pair_end(report->document);
	names_free(&reasons);
}

/* ---- Latency of one exit ---- */
struct reason_latency {
	const char *reason, *unit;
	struct histogram run, handler;
	double min, max; /* exact, of run; NaN: only the histogram knows */
};

struct latencies {
	struct reason_latency *reason;
	size_t count;
	double time; /* of all spans together, idle apart */
};

static struct reason_latency *latency_of(struct latencies *all, const struct histogram_series *h)
{
	struct reason_latency *latency;

	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(all->reason[i].reason, h->reason) &&
		    !strcmp(all->reason[i].unit, h->unit))
			return &all->reason[i];
	all->reason = xrealloc(all->reason, (all->count + 1) * sizeof *all->reason);
	latency = &all->reason[all->count++];
	latency->reason = h->reason;
	latency->unit = h->unit;
	latency->min = latency->max = NAN;
	histogram_init(&latency->run);
	histogram_init(&latency->handler);
	return latency;
}

/* The exact extremes stand in the samples; buckets only know bounds. */
static void exact_extremes(const struct results *results, const char *where,
			   struct reason_latency *latency)
{
	char low[160], high[160];

	snprintf(low, sizeof low, "exit.%s.run.min", latency->reason);
	snprintf(high, sizeof high, "exit.%s.run.max", latency->reason);
	for (size_t i = 0; i < results->series_count; i++) {
		const struct series *s = &results->series[i];

		if (!s->count || s->guests != 1 || strcmp(s->where, where) != 0 ||
		    strcmp(s->backend, OURS) != 0 || strcmp(s->phase, "counted") != 0)
			continue;
		if (!strcmp(s->metric, low))
			latency->min = fmin(latency->min, s->sorted[0]);
		if (!strcmp(s->metric, high))
			latency->max = fmax(latency->max, s->sorted[s->count - 1]);
	}
}

static int by_count(const void *a, const void *b)
{
	const struct reason_latency *x = a, *y = b;

	return (x->run.count < y->run.count) - (x->run.count > y->run.count);
}

/* HLT's handler sleeps until the next tick: idle time, not handling. */
static bool idles(const struct reason_latency *latency)
{
	return !strcmp(latency->reason, "KVM_EXIT_HLT");
}

/* All programs alone, merged by reason: their histograms add up exactly. */
static struct latencies collect_latencies(const struct results *results, const char *where)
{
	struct latencies all = { 0 };

	for (size_t i = 0; i < results->histogram_count; i++) {
		const struct histogram_series *h = &results->histograms[i];
		bool run = !strcmp(h->span, "run");
		enum workload_class class;
		struct reason_latency *latency;

		if (h->guests != 1 || strcmp(h->where, where) != 0 ||
		    strcmp(h->backend, OURS) != 0 || (!run && strcmp(h->span, "handler") != 0))
			continue;
		class = results_class(results, h->workload);
		if (class != CLASS_GUEST && class != CLASS_OS)
			continue;
		latency = latency_of(&all, h);
		histogram_merge(run ? &latency->run : &latency->handler, &h->histogram);
	}
	for (size_t i = 0; i < all.count; i++) {
		exact_extremes(results, where, &all.reason[i]);
		all.time += (double)all.reason[i].run.total +
			    (idles(&all.reason[i]) ? 0 : (double)all.reason[i].handler.total);
	}
	if (all.count)
		qsort(all.reason, all.count, sizeof *all.reason, by_count);
	return all;
}

static void plot_latencies(struct report *report, const struct latencies *all, const char *name,
			   const char *unit)
{
	struct names items = { 0 };
	struct plot plot;
	char *label;

	if (!plot_begin(&report->plotter, &plot, name, "item,part,lower,upper,percent,median"))
		return;
	for (size_t i = 0; i < all->count && i < 10; i++) {
		const struct reason_latency *latency = &all->reason[i];

		names_add(&items, latency->reason);
		plot_histogram(&plot.csv, latency->reason, "KVM_RUN", &latency->run);
		if (!idles(latency))
			plot_histogram(&plot.csv, latency->reason, "handler", &latency->handler);
	}
	label = xasprintf("one exit (%s)", unit);
	report_plot(report, &plot, "distribution",
		    (const char *const[]){ "axis", label, "items", items.list, "parts",
					   "KVM_RUN handler", NULL },
		    "One exit of each reason: inside KVM_RUN (kernel, guest, kernel) and in "
		    "kvm-vmm's handler; a line marks the "
		    "median. Share of exits, each panel to its own height. HLT's handler sleeps "
		    "and is not shown.");
	free(label);
	names_free(&items);
}

/* Whole time of all exits of a span, for the shares. HLT's sleep is in none. */
static void put_latency(struct table *table, const struct latencies *all,
			const struct reason_latency *l, bool handler)
{
	static const double percents[] = { 50, 90, 99, 99.9 };
	const struct histogram *h = handler ? &l->handler : &l->run;
	double min = handler || isnan(l->min) ? (double)h->min : l->min;
	double max = handler || isnan(l->max) ? (double)h->max : l->max;

	table_row(table);
	table_text(table, "%s", l->reason);
	table_text(table, handler ? "handler" : "KVM_RUN");
	table_value(table, (double)h->count, "%s", grouped((double)h->count).text);
	table_value(table, (double)h->total, "%.1f %%", 100 * (double)h->total / all->time);
	table_value(table, min, "%s", quantity(l->unit, min).text);
	table_value(table, histogram_mean(h), "%s",
		    quantity(l->unit, round(histogram_mean(h))).text);
	for (size_t p = 0; p < ARRAY_SIZE(percents); p++) {
		/* The exact extremes bound what a bucket's midpoint can be. */
		double value = fmin(fmax((double)histogram_percentile(h, percents[p]), min), max);

		table_value(table, value, "%s", quantity(l->unit, value).text);
	}
	table_value(table, max, "%s", quantity(l->unit, max).text);
}

static void table_latencies(struct report *report, const struct latencies *all, const char *caption)
{
	static const char *const titles[] = { "samples", "time share", "min",	"mean", "p50",
					      "p90",	 "p99",	       "p99.9", "max" };
	struct table *table = document_table(report->document, caption);

	table_column(table, COLUMN_TEXT, "reason");
	table_column(table, COLUMN_TEXT, "span");
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
		table_column(table, COLUMN_NUMBER, titles[i]);
	for (int handler = 0; handler < 2; handler++)
		for (size_t i = 0; i < all->count; i++)
			if (handler ? all->reason[i].handler.count && !idles(&all->reason[i])
				    : all->reason[i].run.count > 0)
				put_latency(table, all, &all->reason[i], handler);
}

/* ---- Path length: instructions of one exit from guest to guest ---- */
static double total_of(const struct results *results, const char *workload, const char *backend,
		       const char *reason, const char *span)
{
	char metric[160];
	const struct series *s;

	snprintf(metric, sizeof metric, "exit.%s.%s.total", reason, span);
	s = results_series(results, WHERE_EXACT, workload, 1, backend, metric);
	return s ? s->median : NAN;
}

static double path_length(const struct results *results, const char *workload, const char *backend,
			  const char *reason)
{
	bool ours = !strcmp(backend, OURS), sleeps = !strcmp(reason, "KVM_EXIT_HLT");
	double run = total_of(results, workload, backend, reason, ours ? "run" : "loop");
	double handler =
	    ours && !sleeps ? total_of(results, workload, backend, reason, "handler") : 0;
	const struct series *count;
	char metric[160];

	snprintf(metric, sizeof metric, "exits.%s", reason);
	count = results_series(results, WHERE_EXACT, workload, 1, backend, metric);
	return count && count->median > 0 ? (run + handler) / count->median : NAN;
}

static double run_least(const struct results *results, const char *workload, const char *reason)
{
	char metric[160];
	const struct series *s;

	snprintf(metric, sizeof metric, "exit.%s.run.min", reason);
	s = results_series(results, WHERE_EXACT, workload, 1, OURS, metric);
	return s ? s->sorted[0] : NAN;
}

static void put_path(struct table *table, double value)
{
	if (isfinite(value))
		table_value(table, value, "%s", grouped(value).text);
	else
		table_none(table);
}

static void table_paths(struct report *report, const struct names *reasons)
{
	const struct results *results = report->results;
	struct table *table = NULL;
	char reason[128];

	for (size_t w = 0; w < results->workload_count; w++)
		for (size_t i = 0; word_at(reasons, i, reason, sizeof reason); i++) {
			const char *workload = results->workloads[w];
			double ours = path_length(results, workload, OURS, reason);
			double floor = path_length(results, workload, "floor", reason);
			enum workload_class class = results_class(results, workload);

			if (isnan(ours) || (class != CLASS_GUEST && class != CLASS_OS))
				continue;
			if (!table) {
				table = document_table(
				    report->document,
				    "Path length: instructions of one exit, mean from KVM_RUN to "
				    "KVM_RUN (reference machine, "
				    "exact; HLT without its sleep). Few exits bear the page faults "
				    "of the first ones. floor: a bare KVM_RUN loop, the least any "
				    "VMM can take");
				table_column(table, COLUMN_TEXT, "guest");
				table_column(table, COLUMN_TEXT, "reason");
				table_column(table, COLUMN_NUMBER, OURS);
				table_column(table, COLUMN_NUMBER, "floor");
				table_column(table, COLUMN_NUMBER, "above the floor");
				table_column(table, COLUMN_NUMBER, "least in KVM_RUN");
			}
			table_row(table);
			table_text(table, "%s", workload);
			table_text(table, "%s", reason);
			put_path(table, ours);
			put_path(table, floor);
			put_path(table, ours - floor);
			put_path(table, run_least(results, workload, reason));
		}
}

static void latency_at(struct report *report, const char *where, const char *title,
		       const char *unit, const char *caption, const char *missing)
{
	struct latencies all = collect_latencies(report->results, where);
	char *id = xasprintf("latency-%s", where);
	const struct reason_latency *most = all.reason;

	document_heading(report->document, 3, id, title);
	if (!all.count || !most->run.count) {
		document_missing(report->document, "%s", missing);
	} else {
		document_text(
		    report->document,
		    "The commonest exit, %s, stays in KVM_RUN for %s%s (median; %s at p99) and %s "
		    "in kvm-vmm's handler.",
		    most->reason, quantity(unit, (double)histogram_percentile(&most->run, 50)).text,
		    strcmp(unit, "ns") ? " instructions" : "",
		    quantity(unit, (double)histogram_percentile(&most->run, 99)).text,
		    idles(most)
			? "then sleeps"
			: quantity(unit, (double)histogram_percentile(&most->handler, 50)).text);
		plot_latencies(report, &all, id, unit);
		table_latencies(report, &all, caption);
	}
	free(all.reason);
	free(id);
}

void section_latency(struct report *report)
{
	struct names reasons;

	document_heading(report->document, 2, "latency", "Latency of one exit, by reason");
	latency_at(report, WHERE_HOST, "This host, time", "ns",
		   "Time of one exit by reason and span, all programs alone together (this host; "
		   "percentiles within 1.6 %; HLT's sleep apart)",
		   "Not measured: `kvm-bench run` on a host with a usable /dev/kvm.");
	latency_at(report, WHERE_EXACT, "Reference machine, exact", "instructions",
		   "Instructions of one exit by reason and span (reference machine; no caches, no "
		   "real VM-exit cost; HLT's sleep apart)",
		   "Not measured: `kvm-bench run --where=both` also runs in the lab's exact mode, "
		   "1 ns of whose clock is 1 instruction.");
	reasons = exit_reasons(report->results);
	table_paths(report, &reasons);
	names_free(&reasons);
	if (results_has(report->results, WHERE_LAB))
		document_text(report->document,
			      "The lab's ordinary runs are left out here: their clock measures an "
			      "emulated machine and is comparable "
			      "with nothing. Their counts are in the other sections.");
}

/* ---- Cross-check ---- */
static const char *cross_cell(const struct rows *rows, size_t row, unsigned column)
{
	return rows->cell[row * rows->width + column];
}

static bool is_match(const struct rows *rows, size_t row)
{
	return !strcmp(cross_cell(rows, row, CROSS_VERDICT), "MATCH");
}

/* One row for each workload and place; rows of one follow each other. */
static void table_crosscheck(struct report *report, const struct rows *rows)
{
	struct table *table = document_table(
	    report->document,
	    "KVM_RUN returns counted by kvm-vmm and kvm_userspace_exit counted by the kernel");

	table_column(table, COLUMN_TEXT, "workload");
	table_column(table, COLUMN_TEXT, "where");
	table_column(table, COLUMN_NUMBER, "guests");
	table_column(table, COLUMN_NUMBER, "rows");
	table_column(table, COLUMN_NUMBER, "kvm-vmm");
	table_column(table, COLUMN_NUMBER, "kernel");
	table_column(table, COLUMN_TEXT, "verdict");
	for (size_t i = 0, next; i < rows->count; i = next) {
		double vmm = 0, kernel = 0;
		size_t mismatches = 0;

		for (next = i;
		     next < rows->count &&
		     cross_cell(rows, next, CROSS_WORKLOAD) ==
			 cross_cell(rows, i, CROSS_WORKLOAD) &&
		     cross_cell(rows, next, CROSS_WHERE) == cross_cell(rows, i, CROSS_WHERE) &&
		     cross_cell(rows, next, CROSS_GUESTS) == cross_cell(rows, i, CROSS_GUESTS);
		     next++) {
			vmm += strtod(cross_cell(rows, next, CROSS_VMM), NULL);
			kernel += strtod(cross_cell(rows, next, CROSS_KERNEL), NULL);
			mismatches += !is_match(rows, next);
		}
		table_row(table);
		table_text(table, "%s", cross_cell(rows, i, CROSS_WORKLOAD));
		table_text(table, "%s", cross_cell(rows, i, CROSS_WHERE));
		table_text(table, "%s", cross_cell(rows, i, CROSS_GUESTS));
		table_value(table, (double)(next - i), "%zu", next - i);
		table_value(table, vmm, "%s", grouped(vmm).text);
		table_value(table, kernel, "%s", grouped(kernel).text);
		table_text(table, mismatches ? "MISMATCH" : "MATCH");
		table_state(table, mismatches ? STATE_BAD : STATE_GOOD);
	}
}

static void table_mismatches(struct report *report, const struct rows *rows)
{
	struct table *table = document_table(report->document, "Rows that do not agree");
	static const unsigned columns[] = { CROSS_WORKLOAD, CROSS_WHERE,    CROSS_GUESTS,
					    CROSS_VCPU,	    CROSS_REASON,   CROSS_VMM,
					    CROSS_KERNEL,   CROSS_STATS_FD, CROSS_VERDICT };

	for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
		table_column(table, COLUMN_TEXT, rows->columns[columns[c]]);
	for (size_t i = 0; i < rows->count; i++) {
		if (is_match(rows, i))
			continue;
		table_row(table);
		for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
			table_text(table, "%s", cross_cell(rows, i, columns[c]));
		table_state(table, STATE_BAD);
	}
}

/* Hardware exits by reason, and how many of them went on to the VMM. */
struct kernel_reason {
	const char *where, *isa, *reason;
	double count, total_ns, to_user;
};

static void table_kernel_exits(struct report *report)
{
	const struct rows *rows = &report->results->kernel_exits;
	struct kernel_reason *reasons = xcalloc(rows->count, sizeof *reasons);
	bool timed = false;
	struct table *table;
	size_t count = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const char **cell = &rows->cell[i * rows->width];
		size_t r = 0;

		timed |= strcmp(cell[KERNEL_WHERE], WHERE_LAB) != 0;

		while (r < count && (reasons[r].where != cell[KERNEL_WHERE] ||
				     reasons[r].isa != cell[KERNEL_ISA] ||
				     reasons[r].reason != cell[KERNEL_REASON]))
			r++;
		if (r == count)
			reasons[count++] = (struct kernel_reason){ .where = cell[KERNEL_WHERE],
								   .isa = cell[KERNEL_ISA],
								   .reason = cell[KERNEL_REASON] };
		reasons[r].count += strtod(cell[KERNEL_COUNT], NULL);
		reasons[r].total_ns += strtod(cell[KERNEL_TOTAL_NS], NULL);
		reasons[r].to_user += strtod(cell[KERNEL_TO_USER], NULL);
	}
	table =
	    document_table(report->document, "Hardware exits by reason, all workloads: those not "
					     "passed on to kvm-vmm were handled in the kernel");
	table_column(table, COLUMN_TEXT, "reason");
	table_column(table, COLUMN_TEXT, "ISA");
	table_column(table, COLUMN_TEXT, "where");
	table_column(table, COLUMN_NUMBER, "exits");
	table_column(table, COLUMN_NUMBER, "to kvm-vmm");
	table_column(table, COLUMN_NUMBER, "in the kernel");
	if (timed)
		table_column(table, COLUMN_NUMBER, "mean");
	for (size_t r = 0; r < count; r++) {
		struct kernel_reason *k = &reasons[r];
		bool exact = !strcmp(k->where, WHERE_EXACT);

		table_row(table);
		table_text(table, "%s", k->reason);
		table_text(table, "%s", k->isa);
		table_text(table, "%s", k->where);
		table_value(table, k->count, "%s", grouped(k->count).text);
		table_value(table, k->to_user, "%s", grouped(k->to_user).text);
		table_value(table, k->count - k->to_user, "%s",
			    grouped(k->count - k->to_user).text);
		if (k->count > 0 && k->total_ns > 0 && strcmp(k->where, WHERE_LAB) != 0)
			table_value(
			    table, k->total_ns / k->count, "%s",
			    quantity(exact ? "instructions" : "ns", k->total_ns / k->count).text);
		else if (timed)
			table_none(table);
	}
	free(reasons);
}

void section_crosscheck(struct report *report)
{
	const struct rows *rows = &report->results->crosscheck;
	size_t mismatches = 0;

	document_heading(report->document, 2, "crosscheck",
			 "Cross-check: the kernel's count beside ours");
	if (!rows->count) {
		document_missing(report->document,
				 "Not made: `kvm-bench run` traces one run of each workload with "
				 "kvm-exits where it may use eBPF (as root, or with "
				 "CAP_BPF and CAP_PERFMON).");
	} else {
		for (size_t i = 0; i < rows->count; i++)
			mismatches += !is_match(rows, i);
		if (mismatches)
			document_text(report->document,
				      "%zu of %zu rows do not agree: the counts cannot be trusted "
				      "until this is explained.",
				      mismatches, rows->count);
		else
			document_text(report->document,
				      "All %zu rows agree: for each vCPU and reason the kernel saw "
				      "exactly the exits kvm-vmm counted.",
				      rows->count);
		table_crosscheck(report, rows);
		if (mismatches)
			table_mismatches(report, rows);
	}
	if (report->results->kernel_exits.count)
		table_kernel_exits(report);
}
