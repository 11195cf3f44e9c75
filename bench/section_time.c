/* SPDX-License-Identifier: MIT */
/* Whole runs: how long, how soon, how much memory, how many at once. */
#include "section.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Guests and 1K OS: programs with a beginning and an end, not loops to be scaled. */
static bool is_program(const struct results *results, const char *workload)
{
	enum workload_class class = results_class(results, workload);

	return class == CLASS_GUEST || class == CLASS_OS;
}

static const struct series *alone(const struct results *results, const char *where,
				  const char *workload, const char *backend, const char *metric)
{
	return results_series(results, where, workload, 1, backend, metric);
}

/* ---- Run time ---- */
/* Bins of a histogram over samples: each 4 % wide, so that they look alike on a log axis. */
#define BIN_LOG log(1.04)

static void plot_bins(struct csv *csv, const struct series *series, double divisor)
{
	size_t n = series->count, next;

	for (size_t i = 0; i < n; i = next) {
		double bin = floor(log(series->sorted[i]) / BIN_LOG);

		for (next = i; next < n && floor(log(series->sorted[next]) / BIN_LOG) == bin;)
			next++;
		csv_name(csv, series->workload);
		csv_text(csv, series->backend);
		csv_number(csv, exp(bin * BIN_LOG) / divisor);
		csv_number(csv, exp((bin + 1) * BIN_LOG) / divisor);
		csv_number(csv, 100.0 * (double)(next - i) / (double)n);
		csv_number(csv, series->median / divisor);
		csv_end_row(csv);
	}
}

static void plot_runtime(struct report *report, const char *where, const char *metric,
			 const char *name, const char *axis_text, const char *description)
{
	static const char *const parts[] = { OURS, TCG, "qemu-kvm" };
	const struct results *results = report->results;
	struct names items = { 0 }, shown = { 0 };
	struct axis axis = axis_for("ns", 1e6);
	struct plot plot;
	char *label;

	if (!strcmp(where, WHERE_EXACT))
		axis = (struct axis){ "instructions", 1 };
	if (!plot_begin(&report->plotter, &plot, name, "item,part,lower,upper,percent,median"))
		return;
	for (size_t w = 0; w < results->workload_count; w++)
		for (size_t p = 0; p < ARRAY_SIZE(parts); p++) {
			const struct series *s =
			    alone(results, where, results->workloads[w], parts[p], metric);

			if (!s || !is_program(results, s->workload) || !(s->sorted[0] > 0))
				continue;
			names_add(&items, s->workload);
			names_add(&shown, s->backend);
			plot_bins(&plot.csv, s, axis.divisor);
		}
	label = xasprintf("%s (%s)", axis_text, axis.name);
	if (items.count)
		report_plot(report, &plot, "distribution",
			    (const char *const[]){ "axis", label, "items", items.list, "parts",
						   shown.list, NULL },
			    description);
	else if (plot.open)
		csv_close(&plot.csv);
	free(label);
	names_free(&items);
	names_free(&shown);
}

static void table_runtime(struct report *report, const char *where, const char *metric,
			  const char *caption)
{
	const struct results *results = report->results;
	struct backends backends = backends_with(results, where, metric, CLASS_GUEST);
	struct table *table = document_table(report->document, caption);

	if (!backends.count)
		backends = backends_with(results, where, metric, CLASS_OS);
	table_column(table, COLUMN_TEXT, "guest");
	for (size_t b = 0; b < backends.count; b++)
		table_column(table, COLUMN_NUMBER, backends.name[b]);
	table_column(table, COLUMN_NUMBER, TCG " / " OURS);
	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		bool any = false;

		for (size_t b = 0; b < backends.count; b++)
			any |= alone(results, where, workload, backends.name[b], metric) != NULL;
		if (!any || !is_program(results, workload))
			continue;
		table_row(table);
		table_text(table, "%s", workload);
		for (size_t b = 0; b < backends.count; b++)
			table_measured(table,
				       alone(results, where, workload, backends.name[b], metric));
		table_ratio(table, alone(results, where, workload, TCG, metric),
			    alone(results, where, workload, OURS, metric));
	}
}

static struct spread tcg_over_ours(const struct results *results, const char *where,
				   const char *metric)
{
	struct spread spread = { 0 };

	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];

		if (is_program(results, workload))
			spread_add(&spread,
				   series_ratio(alone(results, where, workload, TCG, metric),
						alone(results, where, workload, OURS, metric))
				       .value,
				   workload);
	}
	return spread;
}

static void say_runtime(struct report *report, const struct spread *spread)
{
	document_text(
	    report->document,
	    "From exec to exit, QEMU TCG takes %s the time of kvm-vmm (geometric mean of %s), "
	    "from %s for `%s` to %s for `%s`%s.",
	    ratio_text(spread_mean(spread)).text, counted(spread->count, "program").text,
	    ratio_text(spread->least).text, spread->least_name, ratio_text(spread->most).text,
	    spread->most_name, spread->least < 1 ? "; below 1 TCG is the faster one" : "");
	if (host_emulates(report->results))
		document_text(
		    report->document,
		    "This host's KVM (%s) runs real-mode code in an instruction emulator, about "
		    "%.0f ns an instruction: what kvm-vmm gains here it gains by starting "
		    "sooner, and a guest that computes loses it again.",
		    host_kvm(report->results), host_instruction_ns(report->results));
}

/* Instructions that one guest takes more with the instrumentation than without; NaN: unknown. */
static double instrumentation(const struct results *results, const char *workload)
{
	const struct series *with = results_series(results, WHERE_EXACT, workload, 1, OURS, "cpu");
	const struct series *without =
	    results_series(results, WHERE_EXACT, workload, 1, NO_STATS, "cpu");

	return with && without ? with->median - without->median : NAN;
}

/*
 * At the start, by the guest with fewest exits; an exit, by the one with most of those that hardly
 * sleep: the clock's interrupts scatter more than what is sought.
 */
static void say_instrumentation(struct report *report)
{
	const struct results *results = report->results;
	const struct series *fewest = NULL, *most = NULL;
	double start, all;

	for (size_t i = 0; i < results->workload_count; i++) {
		const char *workload = results->workloads[i];
		const struct series *exits =
		    results_series(results, WHERE_EXACT, workload, 1, OURS, "exits");
		const struct series *sleeps =
		    results_series(results, WHERE_EXACT, workload, 1, OURS, "exits.KVM_EXIT_HLT");

		if (!exits || isnan(instrumentation(results, workload)))
			continue;
		fewest = !fewest || exits->median < fewest->median ? exits : fewest;
		if ((!most || exits->median > most->median) && (!sleeps || sleeps->median <= 1))
			most = exits;
	}
	if (!most || most->median <= fewest->median)
		return;
	start = instrumentation(results, fewest->workload);
	all = instrumentation(results, most->workload);
	document_text(report->document,
		      "Counting and timing every exit is in these figures: built with "
		      "-Dstats=false, kvm-vmm takes %s instructions less for `%s` and %s less for "
		      "`%s`, so %s an exit.",
		      grouped(round(start)).text, fewest->workload, grouped(round(all)).text,
		      most->workload,
		      grouped(round((all - start) / (most->median - fewest->median))).text);
}

static void runtime_exact(struct report *report)
{
	struct spread spread = tcg_over_ours(report->results, WHERE_EXACT, "cpu");

	document_heading(report->document, 3, "runtime-exact", "Reference machine, exact");
	if (!results_has(report->results, WHERE_EXACT)) {
		document_missing(report->document, "Not measured: `kvm-bench run --where=both` "
						   "also counts the instructions of each run "
						   "in the lab's exact mode.");
		return;
	}
	if (spread.count)
		document_text(
		    report->document,
		    "Instructions of the reference machine from exec to exit, user and system: "
		    "QEMU "
		    "TCG needs %s those of kvm-vmm (geometric mean of %s). Instructions are "
		    "no time: caches and the cost of a real VM exit are not in them.",
		    ratio_text(spread_mean(&spread)).text, counted(spread.count, "program").text);
	say_instrumentation(report);
	table_runtime(
	    report, WHERE_EXACT, "cpu",
	    "Instructions from exec to exit (reference machine; median, ± half the 95 % interval). "
	    "no-stats: kvm-vmm without its instrumentation");
}

void section_runtime(struct report *report)
{
	struct spread spread = tcg_over_ours(report->results, WHERE_HOST, "wall");

	document_heading(report->document, 2, "runtime", "Run time of each guest");
	document_heading(report->document, 3, "runtime-host", "This host, wall time");
	if (!results_has(report->results, WHERE_HOST)) {
		document_missing(report->document,
				 "Not measured: `kvm-bench run` on a host with a usable /dev/kvm.");
	} else {
		if (spread.count)
			say_runtime(report, &spread);
		document_pair_begin(report->document);
		plot_runtime(report, WHERE_HOST, "wall", "runtime", "run time, exec to exit",
			     "Run times of each guest on this host; a line marks the median. Share "
			     "of runs, each "
			     "panel to its own height.");
		table_runtime(
		    report, WHERE_HOST, "wall",
		    "Wall time from exec to exit (this host; median ± half the 95 % interval). "
		    "floor: a bare KVM_RUN loop that prints nothing and never sleeps");
		document_pair_end(report->document);
	}
	runtime_exact(report);
}

/* ---- Start-up ---- */
static const char *const phases[] = { "exec", "open", "vm", "memory", "vcpu", "load", "entry" };

static struct text phase_metric(size_t phase)
{
	struct text metric;

	snprintf(metric.text, sizeof metric.text, "phase.%s", phases[phase]);
	return metric;
}

static const struct series *phase_of(const struct results *results, const char *where,
				     const char *workload, size_t phase)
{
	return alone(results, where, workload, OURS, phase_metric(phase).text);
}

static double phases_sum(const struct results *results, const char *where, const char *workload)
{
	double sum = 0;

	for (size_t p = 0; p < ARRAY_SIZE(phases); p++) {
		const struct series *s = phase_of(results, where, workload, p);

		sum += s ? s->median : 0;
	}
	return sum;
}

static void plot_phases(struct report *report, const char *where, const char *name,
			const char *description)
{
	const struct results *results = report->results;
	struct names items = { 0 }, parts = { 0 };
	struct axis axis = { "instructions", 1 };
	double largest = 0, row = 0;
	struct plot plot;
	char *label;

	for (size_t w = 0; w < results->workload_count; w++)
		largest = fmax(largest, phases_sum(results, where, results->workloads[w]));
	if (strcmp(where, WHERE_EXACT) != 0)
		axis = axis_for("ns", largest);
	if (!(largest > 0) ||
	    !plot_begin(&report->plotter, &plot, name, "row,item,part,from,to,total"))
		return;
	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		double from = 0, sum = phases_sum(results, where, workload);

		if (!(sum > 0) || !is_program(results, workload))
			continue;
		row++;
		names_add(&items, workload);
		for (size_t p = 0; p < ARRAY_SIZE(phases); p++) {
			const struct series *s = phase_of(results, where, workload, p);
			bool last = p + 1 == ARRAY_SIZE(phases);

			names_add(&parts, phases[p]);
			csv_number(&plot.csv, row);
			csv_name(&plot.csv, workload);
			csv_text(&plot.csv, phases[p]);
			csv_number(&plot.csv, from / axis.divisor);
			from += s ? s->median : 0;
			csv_number(&plot.csv, from / axis.divisor);
			csv_text(&plot.csv,
				 last
				     ? quantity(axis.divisor == 1 ? "instructions" : "ns", sum).text
				     : "");
			csv_end_row(&plot.csv);
		}
	}
	label = xasprintf("from exec to the first guest instruction (%s)", axis.name);
	if (items.count)
		report_plot(report, &plot, "stacked",
			    (const char *const[]){ "axis", label, "items", items.list, "parts",
						   parts.list, NULL },
			    description);
	else
		csv_close(&plot.csv);
	free(label);
	names_free(&items);
	names_free(&parts);
}

static void table_phases(struct report *report, const char *where, const char *caption)
{
	const struct results *results = report->results;
	struct table *table = document_table(report->document, caption);

	table_column(table, COLUMN_TEXT, "guest");
	table_column(table, COLUMN_NUMBER, "start-up");
	for (size_t p = 0; p < ARRAY_SIZE(phases); p++)
		table_column(table, COLUMN_NUMBER, phases[p]);
	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		const struct series *startup = alone(results, where, workload, OURS, "startup");

		if (!is_program(results, workload) ||
		    (!startup && !(phases_sum(results, where, workload) > 0)))
			continue;
		table_row(table);
		table_text(table, "%s", workload);
		table_measured(table, startup);
		for (size_t p = 0; p < ARRAY_SIZE(phases); p++) {
			const struct series *s = phase_of(results, where, workload, p);

			if (s)
				table_value(table, s->median, "%s",
					    quantity(s->unit, s->median).text);
			else
				table_none(table);
		}
	}
}

/* The phase that takes longest, over all guests. */
static size_t longest_phase(const struct results *results, const char *where, double *share)
{
	double sum[ARRAY_SIZE(phases)] = { 0 }, all = 0;
	size_t longest = 0;

	for (size_t w = 0; w < results->workload_count; w++)
		for (size_t p = 0; p < ARRAY_SIZE(phases); p++) {
			const struct series *s =
			    is_program(results, results->workloads[w])
				? phase_of(results, where, results->workloads[w], p)
				: NULL;

			sum[p] += s ? s->median : 0;
			all += s ? s->median : 0;
		}
	for (size_t p = 0; p < ARRAY_SIZE(phases); p++)
		longest = sum[p] > sum[longest] ? p : longest;
	*share = all > 0 ? sum[longest] / all : NAN;
	return longest;
}

static void startup_at(struct report *report, const char *where, const char *title,
		       const char *name, const char *missing)
{
	struct document *document = report->document;
	double share;
	size_t longest = longest_phase(report->results, where, &share);
	char *id = xasprintf("%s-section", name);

	document_heading(document, 3, id, title);
	free(id);
	if (!isfinite(share)) {
		document_missing(document, "%s", missing);
		return;
	}
	document_text(
	    document,
	    "Of the way from exec to the first guest instruction, `%s` takes most: %.0f %%.",
	    phases[longest], share * 100);
	if (!strcmp(where, WHERE_EXACT))
		document_text(document, "This clock goes on while the VMM waits for the kernel "
					"(RCU when a VM is made, 4 ms ticks), so a "
					"phase holds waiting as well as instructions; the table of "
					"whole runs above counts CPU time only.");
	document_pair_begin(document);
	plot_phases(report, where, name,
		    "Start-up of kvm-vmm by phase, medians. exec: from the fork to main(); entry: "
		    "from loaded to just before the first KVM_RUN.");
	table_phases(
	    report, where,
	    "kvm-vmm's start-up (median ± half the 95 % interval), and the median of each phase");
	document_pair_end(document);
}

void section_startup(struct report *report)
{
	document_heading(report->document, 2, "startup", "Start-up phases");
	startup_at(report, WHERE_HOST, "This host, wall time", "startup-host",
		   "Not measured: `kvm-bench run` on a host with a usable /dev/kvm.");
	if (results_has(report->results, WHERE_EXACT))
		startup_at(report, WHERE_EXACT, "Reference machine, exact", "startup-exact",
			   "No phase was recorded in exact mode.");
}

/* ---- Memory ---- */
static const struct series *pss_of(const struct results *results, const char *workload,
				   const char *backend)
{
	for (size_t i = 0; i < results->series_count; i++) {
		const struct series *s = &results->series[i];

		if (s->count && s->guests == 1 && !strcmp(s->metric, "pss") &&
		    !strcmp(s->workload, workload) && !strcmp(s->backend, backend) &&
		    !strcmp(s->where, WHERE_HOST))
			return s;
	}
	return NULL;
}

void section_memory(struct report *report)
{
	const struct results *results = report->results;
	struct spread spread = tcg_over_ours(results, WHERE_HOST, "max_rss");
	struct table *table;

	document_heading(report->document, 2, "memory", "Memory");
	if (!spread.count) {
		document_missing(
		    report->document,
		    "Not measured: `kvm-bench run` with both kvm-vmm and QEMU on this host.");
		return;
	}
	document_text(
	    report->document,
	    "On this host QEMU TCG's peak resident memory is %s that of kvm-vmm (geometric "
	    "mean of %s).",
	    ratio_text(spread_mean(&spread)).text, counted(spread.count, "program").text);
	table = document_table(
	    report->document,
	    "Peak resident set, and proportional set at the end, of one traced run (this host; "
	    "median ± half the 95 % interval)");
	table_column(table, COLUMN_TEXT, "guest");
	table_column(table, COLUMN_NUMBER, "kvm-vmm RSS");
	table_column(table, COLUMN_NUMBER, "qemu-tcg RSS");
	table_column(table, COLUMN_NUMBER, "ratio");
	table_column(table, COLUMN_NUMBER, "kvm-vmm PSS");
	table_column(table, COLUMN_NUMBER, "qemu-tcg PSS");
	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		const struct series *ours = alone(results, WHERE_HOST, workload, OURS, "max_rss");
		const struct series *tcg = alone(results, WHERE_HOST, workload, TCG, "max_rss");

		if (!is_program(results, workload) || (!ours && !tcg))
			continue;
		table_row(table);
		table_text(table, "%s", workload);
		table_measured(table, ours);
		table_measured(table, tcg);
		table_ratio(table, tcg, ours);
		table_measured(table, pss_of(results, workload, OURS));
		table_measured(table, pss_of(results, workload, TCG));
	}
}

/* ---- Several guests at once ---- */
static const unsigned guest_counts[] = { 1, 2, 3, 4, 8 };

static void plot_scaling(struct report *report, double cores)
{
	const struct results *results = report->results;
	struct names items = { 0 };
	unsigned most = 1;
	struct plot plot;

	if (!plot_begin(&report->plotter, &plot, "scaling", "item,guests,percent,low,high"))
		return;
	for (size_t w = 0; w < results->workload_count; w++)
		for (size_t g = 0; g < ARRAY_SIZE(guest_counts); g++) {
			const char *workload = results->workloads[w];
			struct ratio r =
			    series_ratio(alone(results, WHERE_HOST, workload, OURS, "wall"),
					 results_series(results, WHERE_HOST, workload,
							guest_counts[g], OURS, "wall"));

			if (!isfinite(r.value) || !isfinite(r.high) ||
			    !is_program(results, workload) ||
			    !results_series(results, WHERE_HOST, workload, 2, OURS, "wall"))
				continue;
			most = guest_counts[g] > most ? guest_counts[g] : most;
			names_add(&items, workload);
			csv_name(&plot.csv, workload);
			csv_number(&plot.csv, guest_counts[g]);
			csv_number(&plot.csv, 100 * r.value);
			csv_number(&plot.csv, 100 * (guest_counts[g] == 1 ? 1 : r.low));
			csv_number(&plot.csv, 100 * (guest_counts[g] == 1 ? 1 : r.high));
			csv_end_row(&plot.csv);
		}
	for (size_t g = 0; cores >= 1 && g < ARRAY_SIZE(guest_counts); g++) {
		double percent = 100 * fmin(1, cores / guest_counts[g]);

		if (guest_counts[g] > most)
			break;
		csv_text(&plot.csv, "limit");
		csv_number(&plot.csv, guest_counts[g]);
		for (int column = 0; column < 3; column++)
			csv_number(&plot.csv, percent);
		csv_end_row(&plot.csv);
	}
	if (items.count)
		report_plot(
		    report, &plot, "scaling",
		    (const char *const[]){ "axis", "parallel efficiency (%)", "items", items.list,
					   NULL },
		    "Run time of one guest over run time of n at once. 100 % means that n guests "
		    "take no longer "
		    "than one. Dashed: what the number of CPUs allows a guest that never sleeps.");
	else
		csv_close(&plot.csv);
	names_free(&items);
}

static void table_scaling(struct report *report)
{
	const struct results *results = report->results;
	struct table *table =
	    document_table(report->document, "Wall time of n guests at once, and efficiency: time "
					     "of one over time of n (this host)");

	table_column(table, COLUMN_TEXT, "guest");
	table_column(table, COLUMN_NUMBER, "1 guest");
	table_column(table, COLUMN_NUMBER, "2 guests");
	table_column(table, COLUMN_NUMBER, "efficiency at 2");
	table_column(table, COLUMN_NUMBER, "4 guests");
	table_column(table, COLUMN_NUMBER, "efficiency at 4");
	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		const struct series *one = alone(results, WHERE_HOST, workload, OURS, "wall");
		bool any = false;

		for (unsigned n = 2; n <= 4; n += 2)
			any |=
			    results_series(results, WHERE_HOST, workload, n, OURS, "wall") != NULL;
		if (!one || !any)
			continue;
		table_row(table);
		table_text(table, "%s", workload);
		table_measured(table, one);
		for (unsigned n = 2; n <= 4; n += 2) {
			const struct series *several =
			    results_series(results, WHERE_HOST, workload, n, OURS, "wall");
			struct ratio r = series_ratio(one, several);

			table_measured(table, several);
			if (several)
				table_value(table, r.value, "%.0f %%", 100 * r.value);
			else
				table_none(table);
		}
	}
}

void section_scaling(struct report *report)
{
	const struct results *results = report->results;
	double cores = json_double(results->machine, "machines.host.cores", 0);
	struct spread spread = { 0 };

	document_heading(report->document, 2, "scaling", "Scaling over vCPUs");
	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];

		spread_add(
		    &spread,
		    series_ratio(alone(results, WHERE_HOST, workload, OURS, "wall"),
				 results_series(results, WHERE_HOST, workload, 4, OURS, "wall"))
			.value,
		    workload);
	}
	if (!spread.count) {
		document_missing(report->document, "Not measured: `kvm-bench run` runs each guest "
						   "1, 2 and 4 times at once on a host with a "
						   "usable /dev/kvm.");
		return;
	}
	document_text(report->document,
		      "Four guests at once reach %.0f %% parallel efficiency (geometric mean of "
		      "%s; %.0f %% for `%s` to %.0f %% for "
		      "`%s`)%s.",
		      100 * spread_mean(&spread), counted(spread.count, "program").text,
		      100 * spread.least, spread.least_name, 100 * spread.most, spread.most_name,
		      cores >= 1 && cores < 4 ? "; this host has fewer than four CPUs, which alone "
						"limits what four busy guests can reach"
					      : "");
	document_pair_begin(report->document);
	plot_scaling(report, cores);
	table_scaling(report);
	document_pair_end(report->document);
}
