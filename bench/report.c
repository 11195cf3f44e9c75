/* SPDX-License-Identifier: MIT */
/* kvm-bench report: from a results folder to summary.json, plots, report.md and report.html. */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openmetrics.h"
#include "section.h"
#include "summary.h"

static void (*const sections[])(struct report *report) = {
	section_what,	 section_verdict, section_claims,  section_exits,      section_runtime,
	section_latency, section_split,	  section_irq,	   section_startup,    section_memory,
	section_compute, section_micro,	  section_scaling, section_crosscheck, section_noise,
	section_images,	 section_machine, section_data,
};

struct options {
	char *folder;
	const char *scripts, *openmetrics;
	bool quiet;
};

enum { OPT_SCRIPTS = 0x100, OPT_OPENMETRICS };

static const struct argp_option option_table[] = {
	{ "scripts", OPT_SCRIPTS, "DIR", 0,
	  "Folder of the gnuplot scripts (default: beside the program)", 0 },
	{ "export-openmetrics", OPT_OPENMETRICS, "FILE", 0,
	  "Also write the figures as OpenMetrics text, for Prometheus", 0 },
	{ "quiet", 'q', NULL, 0, "Do not print the path of the report", 0 },
	{ 0 },
};

/* A run's folder: its name begins with the time, 20260131T123456Z. */
static int is_run(const struct dirent *entry)
{
	return entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && strlen(entry->d_name) > 16 &&
	       entry->d_name[15] == 'Z';
}

/* Of the runs kept in results/ here, the last by its name; NULL if there is none. */
static char *newest_results(void)
{
	struct dirent **runs;
	int count = scandir("results", &runs, is_run, alphasort);
	char *path = count > 0 ? xasprintf("results/%s", runs[count - 1]->d_name) : NULL;

	for (int i = 0; i < count; i++)
		free(runs[i]);
	if (count >= 0)
		free(runs);
	return path;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPT_SCRIPTS:
		options->scripts = argument;
		return 0;
	case OPT_OPENMETRICS:
		options->openmetrics = argument;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_error(state, "one folder at a time; `kvm-bench merge` joins several");
		options->folder = argument;
		return 0;
	case ARGP_KEY_END:
		if (!options->folder)
			options->folder = newest_results();
		if (!options->folder)
			argp_error(state, "which results folder? None is in results/");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int write_document(const struct document *document, const char *folder, const char *name,
			  void (*write)(const struct document *, FILE *))
{
	char *path = xasprintf("%s/%s", folder, name), *temporary = xasprintf("%s.partial", path);
	FILE *file = fopen(temporary, "we");
	bool failed = !file;

	if (file) {
		write(document, file);
		failed = ferror(file) != 0;
		failed |= fclose(file) != 0;
		failed = failed || rename(temporary, path) < 0;
	}
	if (failed) {
		warn("%s: %s; is the folder writable, and is there room on the disk?", path,
		     strerror(errno));
		unlink(temporary);
	}
	free(path);
	free(temporary);
	return failed ? -1 : 0;
}

static int write_summary(const struct results *results)
{
	char *path = xasprintf("%s/%s", results->path, SUMMARY_JSON);
	json_t *summary = summary_json(results);
	int status = json_write(path, summary);

	json_decref(summary);
	free(path);
	return status;
}

static int build(struct results *results, const struct options *options)
{
	struct report report = { .results = results };
	char *title = xasprintf("Mini-KVM benchmark: %s", results->name);
	int status;

	report.document = document_new(results->path, title);
	plotter_init(&report.plotter, results->path, options->scripts);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		sections[i](&report);
	if (report.plotter.problem)
		warn("no plots: %s", report.plotter.problem);
	status =
	    write_document(report.document, results->path, "report.md", document_write_markdown);
	status |=
	    write_document(report.document, results->path, "report.html", document_write_html);
	plotter_free(&report.plotter);
	document_free(report.document);
	free(title);
	return status;
}

int cmd_report(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse,
		.args_doc = "[FOLDER]",
		.doc = "Write plots, summary.json, report.md and report.html from a results "
		       "folder, the newest in results/ unless one is named.\v"
		       "Reads the folder's files only, so it also works on a folder from another "
		       "machine, and on one "
		       "that is damaged or incomplete: the report says what is missing.",
	};
	struct options options = { 0 };
	struct results *results;
	int status;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	results = results_read(options.folder);
	if (!results)
		return STATUS_HOST;
	for (size_t i = 0; i < results->note_count; i++)
		warn("%s", results->notes[i]);
	status = write_summary(results);
	status |= build(results, &options);
	if (options.openmetrics)
		status |= openmetrics_write(results, options.openmetrics);
	if (!status && !options.quiet)
		printf("Report: %s/report.html\n", results->path);
	results_free(results);
	return status ? STATUS_HOST : STATUS_OK;
}
