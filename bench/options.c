/* SPDX-License-Identifier: MIT */
#include <argp.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "options.h"

enum {
	OPT_QUICK = 0x100,
	OPT_TUNE,
	OPT_MIN_RUNS,
	OPT_MAX_RUNS,
	OPT_TIME,
	OPT_TIMEOUT,
	OPT_WHERE,
	OPT_AS,
	OPT_BACKEND,
	OPT_GUESTS,
	OPT_NO_REPORT,
	OPT_NO_CROSSCHECK,
	OPT_EXPORT_JSON,
	OPT_EXPORT_CSV,
	OPT_EXPORT_MARKDOWN,
	OPT_SAVE_BASELINE,
};

static const struct argp_option argp_options[] = {
	{ NULL, 0, NULL, 0, "What to run:", 1 },
	{ "workload", 'w', "NAME,...", 0,
	  "Only these workloads, or kinds of them: guest, os, "
	  "micro, compute (`kvm-bench list`); * and ? match",
	  1 },
	{ "backend", OPT_BACKEND, "NAME,...", 0, "Only these; qemu-kvm runs only if named here",
	  1 },
	{ "guests", OPT_GUESTS, "N,...", 0, "Only with so many guests in parallel: 1, 2, 4", 1 },
	{ "where", OPT_WHERE, "WHERE", 0,
	  "host, lab, both, or auto: the host where it can, and "
	  "all in the lab (default)",
	  1 },
	{ NULL, 0, NULL, 0, "How often:", 2 },
	{ "quick", OPT_QUICK, NULL, 0, "Well under a minute instead of a few", 2 },
	{ "warmup", 'W', "N", 0, "Runs before the counted ones (default 1)", 2 },
	{ "runs", 'r', "N", 0, "Exactly N counted runs of each", 2 },
	{ "min-runs", OPT_MIN_RUNS, "N", 0, "At least N (default 6; quick: 3)", 2 },
	{ "max-runs", OPT_MAX_RUNS, "N", 0,
	  "At most N (default 60; quick: 12); between the two "
	  "until the median is known to 2 % or the time is up",
	  2 },
	{ "time", OPT_TIME, "DUR", 0,
	  "Time for the runs on this machine (default 100s; quick: 10s)", 2 },
	{ "timeout", OPT_TIMEOUT, "DUR", 0, "Of one run (default 30s)", 2 },
	{ "tune", OPT_TUNE, NULL, 0,
	  "Set governor, turbo and KSM for steady times during the run, then put them back", 2 },
	{ NULL, 0, NULL, 0, "Results:", 3 },
	{ "output", 'o', "DIR", 0, "Folder to make (default results/<UTC time>-<host>)", 3 },
	{ "export-json", OPT_EXPORT_JSON, "FILE", 0, "Run times in hyperfine's JSON", 3 },
	{ "export-csv", OPT_EXPORT_CSV, "FILE", 0, "Run times in hyperfine's CSV", 3 },
	{ "export-markdown", OPT_EXPORT_MARKDOWN, "FILE", 0, "Run times as a Markdown table", 3 },
	{ "save-baseline", OPT_SAVE_BASELINE, "NAME", 0,
	  "Keep a copy in results/baselines/NAME, for compare --baseline=NAME", 3 },
	{ "no-report", OPT_NO_REPORT, NULL, 0, "Leave out plots and report: raw samples only", 3 },
	{ "no-crosscheck", OPT_NO_CROSSCHECK, NULL, 0, "Leave out the runs traced with eBPF", 3 },
	{ "as", OPT_AS, "NAME", OPTION_HIDDEN, "This machine is: host, lab, exact", 3 },
	{ 0 },
};

#define NO_RUNS_GIVEN UINT_MAX

static unsigned parse_count(const char *text, struct argp_state *state, const char *option)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || end == text || *text == '-' || value > 100000)
		argp_error(state, "--%s=%s: a number from 0 to 100000 is due", option, text);
	return (unsigned)value;
}

double parse_duration_s(const char *text)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "ms", 1e-3 }, { "us", 1e-6 }, { "m", 60 } };
	char *end;
	double value = strtod(text, &end);

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (end != text && !strcmp(end, units[i].unit) && value > 0 && value < 1e6)
			return value * units[i].seconds;
	return -1;
}

static double parse_duration(const char *text, struct argp_state *state, const char *option)
{
	double seconds = parse_duration_s(text);

	if (seconds < 0)
		argp_error(state, "--%s=%s: a time is due, such as 500ms, 20s or 2m", option, text);
	return seconds;
}

static void add_names(struct name_list *list, const char *text, struct argp_state *state)
{
	char *copy = xstrdup(text), *rest = copy, *name;

	while ((name = strsep(&rest, ","))) {
		if (!*name)
			continue;
		if (list->count == MAX_NAMES)
			argp_error(state, "more than %d names", MAX_NAMES);
		list->names[list->count++] = xstrdup(name);
	}
	free(copy);
}

static void replace(char **slot, const char *text)
{
	free(*slot);
	*slot = xstrdup(text);
}

static const char *const places[] = { "auto", "host", "lab", "both", NULL };
static const char *const kinds[] = { "guest", "os", "micro", "compute", NULL };

const char *kind_word(enum workload_kind kind)
{
	return kinds[kind];
}

/* Usage error for a word that is none of those known, with the nearest. */
static void unknown(struct argp_state *state, const char *what, const char *name,
		    const char *const *words, const char *hint)
{
	const char *near = closest(name, words);

	if (near)
		argp_error(state, "unknown %s '%s': did you mean '%s'? (%s)", what, name, near,
			   hint);
	argp_error(state, "unknown %s '%s' (%s)", what, name, hint);
}

static bool is_pattern(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

static void check_workload(struct argp_state *state, const char *name)
{
	const char *words[512] = { NULL };
	const struct workload *workload;
	size_t used = 0;

	for (size_t i = 0; (workload = suite_at(i)); i++) {
		if (fnmatch(name, workload->name, 0) == 0 ||
		    !strcmp(name, kind_word(workload->kind)))
			return;
		if (used + ARRAY_SIZE(kinds) < ARRAY_SIZE(words) - 1)
			words[used++] = workload->name;
	}
	for (size_t i = 0; kinds[i]; i++)
		words[used++] = kinds[i];
	unknown(state, is_pattern(name) ? "workload pattern" : "workload", name, words,
		"kvm-bench list shows them all");
}

static void check_names(struct run_options *options, struct argp_state *state)
{
	const char *words[16] = { NULL };
	size_t used = 0;

	for (const struct backend *backend = backends; backend->name; backend++)
		words[used++] = backend->name;
	for (size_t i = 0; i < options->backends.count; i++)
		if (!backend_find(options->backends.names[i]))
			unknown(state, "backend", options->backends.names[i], words,
				"kvm-bench list shows them all");
	for (size_t i = 0; i < options->workloads.count; i++)
		check_workload(state, options->workloads.names[i]);
	for (size_t i = 0; i < options->guests.count; i++) {
		const char *guests = options->guests.names[i];

		if (strlen(guests) != 1 || !strchr("124", *guests))
			argp_error(state, "--guests=%s: 1, 2 or 4 is due", guests);
	}
	for (size_t i = 0; places[i]; i++)
		if (!strcmp(options->where, places[i]))
			return;
	unknown(state, "place", options->where, places, "auto, host, lab or both");
}

static void apply_defaults(struct run_options *options, struct argp_state *state)
{
	if (options->runs == 0)
		argp_error(state, "--runs=0: at least one run is due");
	if (options->runs != NO_RUNS_GIVEN)
		options->min_runs = options->max_runs = options->runs;
	if (!options->min_runs)
		options->min_runs = options->quick ? 3 : 6;
	if (options->max_runs && options->min_runs > options->max_runs)
		options->min_runs = options->max_runs;
	if (!options->max_runs)
		options->max_runs = options->quick ? 12 : 60;
	if (options->min_runs > options->max_runs)
		options->max_runs = options->min_runs;
	if (options->budget_s == 0)
		options->budget_s = options->quick ? 10 : 100;
	check_names(options, state);
}

/* Where each option's argument goes. */
enum slot_kind { SLOT_NAMES, SLOT_TEXT, SLOT_COUNT, SLOT_SECONDS, SLOT_FLAG };

static const struct slot {
	int key;
	enum slot_kind kind;
	size_t offset; /* in struct run_options */
	const char *name;
} slots[] = {
	{ 'w', SLOT_NAMES, offsetof(struct run_options, workloads), "workload" },
	{ OPT_BACKEND, SLOT_NAMES, offsetof(struct run_options, backends), "backend" },
	{ OPT_GUESTS, SLOT_NAMES, offsetof(struct run_options, guests), "guests" },
	{ OPT_WHERE, SLOT_TEXT, offsetof(struct run_options, where), "where" },
	{ OPT_AS, SLOT_TEXT, offsetof(struct run_options, as), "as" },
	{ 'o', SLOT_TEXT, offsetof(struct run_options, output), "output" },
	{ OPT_EXPORT_JSON, SLOT_TEXT, offsetof(struct run_options, export_json), "export-json" },
	{ OPT_EXPORT_CSV, SLOT_TEXT, offsetof(struct run_options, export_csv), "export-csv" },
	{ OPT_EXPORT_MARKDOWN, SLOT_TEXT, offsetof(struct run_options, export_markdown),
	  "export-markdown" },
	{ OPT_SAVE_BASELINE, SLOT_TEXT, offsetof(struct run_options, save_baseline),
	  "save-baseline" },
	{ 'W', SLOT_COUNT, offsetof(struct run_options, warmup), "warmup" },
	{ 'r', SLOT_COUNT, offsetof(struct run_options, runs), "runs" },
	{ OPT_MIN_RUNS, SLOT_COUNT, offsetof(struct run_options, min_runs), "min-runs" },
	{ OPT_MAX_RUNS, SLOT_COUNT, offsetof(struct run_options, max_runs), "max-runs" },
	{ OPT_TIME, SLOT_SECONDS, offsetof(struct run_options, budget_s), "time" },
	{ OPT_TIMEOUT, SLOT_SECONDS, offsetof(struct run_options, timeout_s), "timeout" },
	{ OPT_QUICK, SLOT_FLAG, offsetof(struct run_options, quick), "quick" },
	{ OPT_TUNE, SLOT_FLAG, offsetof(struct run_options, tune), "tune" },
	{ OPT_NO_REPORT, SLOT_FLAG, offsetof(struct run_options, no_report), "no-report" },
	{ OPT_NO_CROSSCHECK, SLOT_FLAG, offsetof(struct run_options, no_crosscheck),
	  "no-crosscheck" },
};

static void set_slot(struct run_options *options, const struct slot *slot, const char *arg,
		     struct argp_state *state)
{
	void *place = (char *)options + slot->offset;

	switch (slot->kind) {
	case SLOT_NAMES:
		add_names(place, arg, state);
		break;
	case SLOT_TEXT:
		replace(place, arg);
		break;
	case SLOT_COUNT:
		*(unsigned *)place = parse_count(arg, state, slot->name);
		break;
	case SLOT_SECONDS:
		*(double *)place = parse_duration(arg, state, slot->name);
		break;
	case SLOT_FLAG:
		*(bool *)place = true;
		break;
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct run_options *options = state->input;

	for (size_t i = 0; i < ARRAY_SIZE(slots); i++) {
		if (slots[i].key == key) {
			set_slot(options, &slots[i], arg, state);
			return 0;
		}
	}
	if (key == ARGP_KEY_ARG)
		argp_error(state, "'%s': run takes options only", arg);
	if (key == ARGP_KEY_END)
		apply_defaults(options, state);
	return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
}

static char *join_command(int argc, char **argv)
{
	struct argv words = { 0 };
	char *text;

	for (int i = 0; i < argc; i++)
		argv_add(&words, argv[i]);
	text = argv_text(&words);
	argv_free(&words);
	return text;
}

void run_options_parse(struct run_options *options, int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
		.doc =
		    "Runs the workloads on each backend, in turns, checks what they print and how "
		    "often they exit, and leaves samples and a report in a results folder.",
	};

	*options = (struct run_options){ .warmup = 1,
					 .runs = NO_RUNS_GIVEN,
					 .timeout_s = 30,
					 .where = xstrdup("auto"),
					 .as = xstrdup("host"),
					 .command = join_command(argc, argv) };
	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, options);
}

static void free_names(struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
}

void run_options_free(struct run_options *options)
{
	free_names(&options->workloads);
	free_names(&options->backends);
	free_names(&options->guests);
	free(options->where);
	free(options->as);
	free(options->output);
	free(options->export_json);
	free(options->export_csv);
	free(options->export_markdown);
	free(options->save_baseline);
	free(options->command);
}

bool name_listed(const struct name_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (fnmatch(list->names[i], name, 0) == 0)
			return true;
	return list->count == 0;
}

bool workload_selected(const struct run_options *options, const struct workload *workload)
{
	return name_listed(&options->workloads, workload->name) ||
	       name_listed(&options->workloads, kind_word(workload->kind));
}

bool workload_named(const struct run_options *options, const struct workload *workload)
{
	return options->workloads.count && name_listed(&options->workloads, workload->name);
}

bool guests_selected(const struct run_options *options, unsigned guests)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", guests);
	return name_listed(&options->guests, text);
}

bool backend_selected(const struct run_options *options, const char *name, bool optional)
{
	return options->backends.count ? name_listed(&options->backends, name) : !optional;
}
