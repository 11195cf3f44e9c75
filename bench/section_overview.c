/* SPDX-License-Identifier: MIT */
/* What was measured where, whether it can be trusted, and on which machine. */
#include "section.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "gate_verdict.h"

static const struct {
	const char *where, *title, *figures;
} places[] = {
	{ WHERE_HOST, "this host", "wall time on this host" },
	{ WHERE_LAB, "reference machine", "counts; its clock is comparable with nothing" },
	{ WHERE_EXACT, "reference machine, exact",
	  "instructions: 1 ns of its clock is 1 instruction, no caches, no real VM-exit cost" },
};

static const json_t *machine_of(const struct results *results, const char *where)
{
	return json_object_get(json_object_get(results->machine, "machines"), where);
}

static size_t runs_at(const struct results *results, const char *where, size_t *failed)
{
	size_t ok = 0;

	*failed = 0;
	for (size_t i = 0; i < results->group_count; i++)
		if (!strcmp(results->groups[i].where, where)) {
			ok += results->groups[i].ok;
			*failed += results->groups[i].failed;
		}
	return ok;
}

void section_what(struct report *report)
{
	const struct results *results = report->results;
	const json_t *host = machine_of(results, WHERE_HOST);
	struct table *table;

	document_text(report->document,
		      "Measured on %s: %s, %.0f CPUs, Linux %s, KVM: %s. Started %s, took %s; "
		      "Mini-KVM %s, revision %s.",
		      json_text(host, "host", results->name),
		      json_text(host, "cpu", "unknown processor"), json_double(host, "cores", 0),
		      json_text(host, "kernel", "unknown"), host_kvm(results),
		      json_text(results->machine, "started", "at an unknown time"),
		      quantity("ns", json_double(results->machine, "seconds", NAN) * 1e9).text,
		      json_text(results->machine, "version", MINIKVM_VERSION),
		      json_text(results->machine, "revision", "unknown"));
	table = document_table(report->document,
			       "What was measured where; the three are never mixed in one number");
	table_column(table, COLUMN_TEXT, "where");
	table_column(table, COLUMN_TEXT, "machine");
	table_column(table, COLUMN_TEXT, "what its figures are");
	table_column(table, COLUMN_NUMBER, "counted runs");
	table_column(table, COLUMN_NUMBER, "failed");
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const json_t *machine = machine_of(results, places[i].where);
		size_t failed, ok = runs_at(results, places[i].where, &failed);

		if (!ok && !failed)
			continue;
		table_row(table);
		table_text(table, "%s", places[i].where);
		table_text(table, "%s: %s", places[i].title,
			   json_text(machine, "cpu", "not recorded"));
		table_text(table, "%s", places[i].figures);
		table_value(table, (double)ok, "%s", grouped((double)ok).text);
		table_value(table, (double)failed, "%s", grouped((double)failed).text);
		table_state(table, failed ? STATE_BAD : STATE_PLAIN);
	}
}

/* ---- Verdict ---- */
static void verdict_runs(struct report *report)
{
	const struct results *results = report->results;
	size_t ok = 0, failed = 0;
	const struct run_group *worst = NULL;

	for (size_t i = 0; i < results->group_count; i++) {
		const struct run_group *group = &results->groups[i];

		ok += group->ok;
		failed += group->failed;
		if (group->failed && (!worst || group->failed > worst->failed))
			worst = group;
	}
	if (!ok && !failed)
		document_verdict(report->document, STATE_UNKNOWN, "Checks",
				 "no counted run is in this folder");
	else if (!worst)
		document_verdict(
		    report->document, STATE_GOOD, "Checks",
		    "all %zu counted runs ended as they should, with the expected output and exits",
		    ok);
	else
		document_verdict(report->document, STATE_BAD, "Checks",
				 "%zu of %zu counted runs failed and are in no figure; most often "
				 "`%s` on %s (%s): %s",
				 failed, ok + failed, worst->workload, worst->backend, worst->where,
				 worst->reason ? worst->reason : "no reason recorded");
}

static void verdict_crosscheck(struct report *report)
{
	const struct rows *rows = &report->results->crosscheck;
	size_t mismatches = 0;

	for (size_t i = 0; i < rows->count; i++)
		mismatches += strcmp(rows->cell[i * rows->width + CROSS_VERDICT], "MATCH") != 0;
	if (!rows->count)
		document_verdict(report->document, STATE_UNKNOWN, "Cross-check",
				 "not made: it needs the right to use eBPF");
	else if (mismatches)
		document_verdict(report->document, STATE_BAD, "Cross-check",
				 "MISMATCH in %zu of %zu rows", mismatches, rows->count);
	else
		document_verdict(report->document, STATE_GOOD, "Cross-check",
				 "MATCH: kvm-vmm and the kernel agree in all %zu rows",
				 rows->count);
}

static void verdict_gate(struct report *report)
{
	json_t *gate = gate_verdict(report->results);
	const char *verdict = json_text(gate, "verdict", "not run");
	enum state state = !strcmp(verdict, "pass")   ? STATE_GOOD
			   : !strcmp(verdict, "fail") ? STATE_BAD
						      : STATE_UNKNOWN;

	document_verdict(report->document, state, "Gate", "%s: %s", verdict,
			 json_text(gate, "text", ""));
	json_decref(gate);
}

static void verdict_claims(struct report *report)
{
	size_t holds = 0, fails = 0, open = 0;

	for (const struct claim *claim = claims; claim->id; claim++) {
		struct claim_verdict verdict = { 0 };

		claim->judge(report->results, &verdict);
		holds += verdict.state == STATE_GOOD;
		fails += verdict.state == STATE_BAD;
		open += verdict.state == STATE_UNKNOWN;
	}
	document_verdict(report->document,
			 fails	? STATE_WARN
			 : open ? STATE_UNKNOWN
				: STATE_GOOD,
			 "Claims", "%zu hold, %zu do not, %zu are not decided by this run", holds,
			 fails, open);
}

/* Timed on this host: what has an interval that more runs would narrow. */
static bool is_timed(const struct series *s)
{
	return s->count && !strcmp(s->where, WHERE_HOST) && !strcmp(s->metric, "wall") &&
	       !strcmp(s->phase, "counted");
}

static bool is_narrow(const struct series *s)
{
	return s->interval.confidence >= 0.95 && half_width(s) <= NARROW * s->median;
}

static void verdict_precision(struct report *report)
{
	const struct results *results = report->results;
	size_t timed = 0, narrow = 0;

	for (size_t i = 0; i < results->series_count; i++) {
		timed += is_timed(&results->series[i]);
		narrow += is_timed(&results->series[i]) && is_narrow(&results->series[i]);
	}
	if (timed)
		document_verdict(
		    report->document, narrow == timed ? STATE_GOOD : STATE_WARN, "Precision",
		    "%zu of %zu run times are known to ±%.0f %% (95 %% interval of the median)",
		    narrow, timed, 100 * NARROW);
}

void section_verdict(struct report *report)
{
	const struct results *results = report->results;
	const char *state = json_text(results->machine, "state", "unknown");

	verdict_runs(report);
	verdict_crosscheck(report);
	verdict_gate(report);
	verdict_claims(report);
	verdict_precision(report);
	if (strcmp(state, "complete") != 0)
		document_verdict(report->document, STATE_WARN, "Run",
				 "%s: figures are of the runs that were made",
				 !strcmp(state, "interrupted") ? "interrupted before its end"
				 : !strcmp(state, "running")   ? "not finished, or killed"
							       : "not known whether it finished");
	for (size_t i = 0; i < results->note_count && i < 8; i++)
		document_verdict(report->document, STATE_WARN, "Data", "%s", results->notes[i]);
}

/* ---- Claims ---- */
void section_claims(struct report *report)
{
	struct table *table;

	document_heading(report->document, 2, "claims", "The original's claims");
	table = document_table(report->document, "Each claim against what this run measured");
	table_column(table, COLUMN_TEXT, "claim");
	table_column(table, COLUMN_TEXT, "measured");
	table_column(table, COLUMN_TEXT, "verdict");
	for (const struct claim *claim = claims; claim->id; claim++) {
		struct claim_verdict verdict = { 0 };

		claim->judge(report->results, &verdict);
		table_row(table);
		table_text(table, "%s", claim->claim);
		table_text(table, "%s", verdict.measured);
		table_text(table, "%s", verdict.verdict);
		table_state(table, verdict.state);
	}
}

/* ---- Noise ---- */
static void plot_noise(struct report *report)
{
	const struct results *results = report->results;
	struct names items = { 0 }, parts = { 0 };
	struct plot plot;

	if (!plot_begin(&report->plotter, &plot, "noise", "row,item,part,value,low,high,label"))
		return;
	for (size_t w = 0; w < results->workload_count; w++)
		for (size_t b = 0; backend_order[b]; b++) {
			const struct series *s =
			    results_series(results, WHERE_HOST, results->workloads[w], 1,
					   backend_order[b], "wall");

			if (!s || !(s->floor > 0))
				continue;
			names_add(&items, s->workload);
			names_add(&parts, s->backend);
			csv_count(&plot.csv, items.count);
			csv_name(&plot.csv, s->workload);
			csv_name(&plot.csv, s->backend);
			for (int column = 0; column < 3; column++)
				csv_number(&plot.csv, 100 * s->floor);
			csv_text(&plot.csv, "");
			csv_end_row(&plot.csv);
		}
	if (items.count)
		report_plot(report, &plot, "points",
			    (const char *const[]){ "axis", "A against A: difference of medians (%)",
						   "items", items.list, "parts", parts.list,
						   "marks", "1", NULL },
			    "Noise floor of each run time: how far apart medians of the same thing "
			    "lie in this session. Dashed: 1 %.");
	else
		csv_close(&plot.csv);
	names_free(&items);
	names_free(&parts);
}

static void table_noise(struct report *report)
{
	const struct results *results = report->results;
	struct table *table = document_table(
	    report->document, "Run times on this host: how many runs, how sure, how noisy");

	table_column(table, COLUMN_TEXT, "workload");
	table_column(table, COLUMN_TEXT, "backend");
	table_column(table, COLUMN_NUMBER, "runs");
	table_column(table, COLUMN_NUMBER, "median");
	table_column(table, COLUMN_NUMBER, "p99");
	table_column(table, COLUMN_NUMBER, "max");
	table_column(table, COLUMN_NUMBER, "outliers");
	table_column(table, COLUMN_NUMBER, "floor");
	table_column(table, COLUMN_TEXT, "narrow");
	for (size_t i = 0; i < results->series_count; i++) {
		const struct series *s = &results->series[i];

		if (!is_timed(s))
			continue;
		table_row(table);
		table_text(table, s->guests > 1 ? "%s ×%u" : "%s", s->workload, s->guests);
		table_text(table, "%s", s->backend);
		table_value(table, (double)s->count, "%zu", s->count);
		table_measured(table, s);
		table_value(table, s->p99, "%s", quantity(s->unit, s->p99).text);
		table_value(table, s->sorted[s->count - 1], "%s",
			    quantity(s->unit, s->sorted[s->count - 1]).text);
		table_value(table, (double)s->outliers, "%zu", s->outliers);
		if (s->floor > 0)
			table_value(table, s->floor, "%.2f %%", 100 * s->floor);
		else
			table_none(table);
		table_text(table, is_narrow(s)			  ? "yes"
				  : s->interval.confidence < 0.95 ? "no: too few"
								  : "no");
		table_state(table, is_narrow(s) ? STATE_GOOD : STATE_WARN);
	}
}

void section_noise(struct report *report)
{
	const struct results *results = report->results;
	const struct series *worst = NULL;
	size_t outliers = 0, timed = 0;

	document_heading(report->document, 2, "noise", "Noise floor and precision");
	for (size_t i = 0; i < results->series_count; i++) {
		const struct series *s = &results->series[i];

		if (!is_timed(s))
			continue;
		timed++;
		outliers += s->outliers;
		if (!worst || s->floor > worst->floor)
			worst = s;
	}
	if (!timed) {
		document_missing(report->document,
				 "No time was measured on this host. Exact figures have no noise: "
				 "they are compared as they are.");
		return;
	}
	if (!(worst->floor > 0))
		document_text(report->document,
			      "Too few runs for a noise floor, which takes four of a kind: no "
			      "difference of times can be called one.");
	else
		document_text(report->document,
			      "A against A, medians of one and the same thing differ by up to %.1f "
			      "%% (`%s` on %s); no smaller difference is "
			      "called one. %zu outliers (by MAD) are shown and none is dropped.",
			      100 * worst->floor, worst->workload, worst->backend, outliers);
	document_pair_begin(report->document);
	plot_noise(report);
	table_noise(report);
	document_pair_end(report->document);
}

/* ---- Images ---- */
void section_images(struct report *report)
{
	const json_t *images = json_object_get(report->results->machine, "images"), *image;
	struct table *table;
	double least = INFINITY;
	const char *name = "";
	size_t i;

	document_heading(report->document, 2, "images", "Sizes of the guests' images");
	if (!json_array_size(images)) {
		document_missing(report->document,
				 "Not recorded: machine.json of this folder names no images.");
		return;
	}
	json_array_foreach(images, i, image)
	{
		double bytes = json_double(image, "bytes", 0);

		if (bytes > 0 && bytes < least) {
			least = bytes;
			name = json_text(image, "workload", "");
		}
	}
	if (isfinite(least))
		document_text(report->document, "The smallest guest, `%s`, is %s byte%s.", name,
			      grouped(least).text, least == 1 ? "" : "s");
	table = document_table(report->document,
			       "Image of each workload in bytes, and its ROM for QEMU");
	table_column(table, COLUMN_TEXT, "workload");
	table_column(table, COLUMN_TEXT, "what it does");
	table_column(table, COLUMN_NUMBER, "image (bytes)");
	table_column(table, COLUMN_NUMBER, "QEMU ROM (bytes)");
	json_array_foreach(images, i, image)
	{
		double bytes = json_double(image, "bytes", 0),
		       rom = json_double(image, "rom_bytes", 0);

		table_row(table);
		table_text(table, "%s", json_text(image, "workload", "?"));
		table_text(table, "%s", json_text(image, "about", ""));
		if (bytes > 0)
			table_value(table, bytes, "%s", grouped(bytes).text);
		else
			table_none(table);
		if (rom > 0)
			table_value(table, rom, "%s", grouped(rom).text);
		else
			table_none(table);
	}
}

/* ---- Machine ---- */
static void add_fact(struct table *table, const char *name, const json_t *value)
{
	char *text = json_is_string(value)
			 ? xstrdup(json_string_value(value))
			 : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));

	table_row(table);
	table_text(table, "%s", name);
	if (!strcmp(name, "memory_bytes"))
		table_text(table, "%s", quantity("bytes", json_number_value(value)).text);
	else
		table_text(table, "%s", text ? text : "");
	free(text);
}

static void table_facts(struct report *report, const json_t *machine)
{
	struct table *table = document_table(report->document, "What the run found");
	const json_t *value;
	const char *name;

	table_column(table, COLUMN_TEXT, "property");
	table_column(table, COLUMN_TEXT, "found");
	json_object_foreach((json_t *)machine, name,
			    value) if (!json_is_array(value) && !json_is_object(value) &&
				       !json_is_null(value)) add_fact(table, name, value);
	json_object_foreach(json_object_get(machine, "mitigations"), name, value)
	{
		char *label = xasprintf("mitigation: %s", name);

		add_fact(table, label, value);
		free(label);
	}
}

static void table_checks(struct report *report, const json_t *checks)
{
	struct table *table = document_table(report->document, "Checks before the run");
	const json_t *check;
	size_t i;

	table_column(table, COLUMN_TEXT, "check");
	table_column(table, COLUMN_TEXT, "found");
	table_column(table, COLUMN_TEXT, "hint");
	json_array_foreach(checks, i, check)
	{
		const char *level = json_text(check, "level", "unknown");

		table_row(table);
		table_text(table, "%s", json_text(check, "check", "?"));
		table_text(table, "%s", json_text(check, "found", ""));
		table_state(table, !strcmp(level, "ok")	    ? STATE_GOOD
				   : !strcmp(level, "warn") ? STATE_WARN
							    : STATE_UNKNOWN);
		table_text(table, "%s", json_text(check, "hint", ""));
	}
}

static void table_backends(struct report *report, const json_t *backends)
{
	struct table *table = document_table(report->document, "Backends");
	const json_t *backend;
	size_t i;

	table_column(table, COLUMN_TEXT, "where");
	table_column(table, COLUMN_TEXT, "backend");
	table_column(table, COLUMN_TEXT, "version");
	table_column(table, COLUMN_TEXT, "example, or why it was not run");
	json_array_foreach(backends, i, backend)
	{
		bool available = !json_is_false(json_object_get(backend, "available"));

		table_row(table);
		table_text(table, "%s", json_text(backend, "where", ""));
		table_text(table, "%s", json_text(backend, "backend", "?"));
		table_text(table, "%s", json_text(backend, "version", ""));
		table_text(table, "%s",
			   available ? json_text(backend, "command", "")
				     : json_text(backend, "reason", "not available"));
	}
}

void section_machine(struct report *report)
{
	const json_t *machines = json_object_get(report->results->machine, "machines");
	bool any = false;

	document_heading(report->document, 2, "machine", "Machine");
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const json_t *machine = json_object_get(machines, places[i].where);
		const json_t *checks = json_object_get(machine, "checks"), *check;
		char *id = xasprintf("machine-%s", places[i].where);
		size_t warnings = 0, c;

		if (machine) {
			any = true;
			json_array_foreach(checks, c, check) warnings +=
			    !strcmp(json_text(check, "level", ""), "warn");
			document_heading(report->document, 3, id, places[i].title);
			document_text(report->document, "%s%s; %zu of %zu checks warn.",
				      json_text(machine, "hypervisor", "none")[0] == 'n'
					  ? "No hypervisor below this machine"
					  : "A hypervisor lies below this machine: ",
				      json_text(machine, "hypervisor", "none")[0] == 'n'
					  ? ""
					  : json_text(machine, "hypervisor", ""),
				      warnings, json_array_size(checks));
			document_pair_begin(report->document);
			table_facts(report, machine);
			if (json_array_size(checks))
				table_checks(report, checks);
			document_pair_end(report->document);
		}
		free(id);
	}
	if (json_array_size(json_object_get(report->results->machine, "backends")))
		table_backends(report, json_object_get(report->results->machine, "backends"));
	if (!any)
		document_missing(
		    report->document,
		    "Not recorded: machine.json of this folder says nothing about the machine.");
}

/* ---- Data ---- */
void section_data(struct report *report)
{
	const struct results *results = report->results;
	const json_t *notes = json_object_get(results->machine, "notes"), *note;
	size_t i;

	document_heading(report->document, 2, "data", "Data and notes");
	document_text(report->document,
		      "Every figure is computed from `samples.csv` and `histograms.csv` of `%s`; "
		      "`kvm-bench report` draws the "
		      "report again from the folder alone. Command of the run: `%s`.",
		      results->name, json_text(results->machine, "command", "not recorded"));
	document_text(
	    report->document,
	    "Medians stand with the half width of their 95 %% interval (binomial order "
	    "statistics), or in brackets with "
	    "least and most where fewer than six runs make no such interval. Ratios stand with "
	    "the range that both intervals leave open. Percentiles of histograms are within 1.6 "
	    "%%. No sample is dropped but "
	    "those of failed runs.");
	json_array_foreach(notes, i, note)
	    document_text(report->document, "Note of the run: %s",
			  json_string_value(note) ? json_string_value(note) : "");
	for (i = 0; i < results->note_count; i++)
		document_text(report->document, "Note on the data: %s", results->notes[i]);
	if (report->plotter.problem)
		document_text(report->document, "Plots are missing: %s.", report->plotter.problem);
}
