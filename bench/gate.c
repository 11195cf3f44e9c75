/* SPDX-License-Identifier: MIT */
/*
 * kvm-bench gate: exit counts and path lengths of the exact reference machine against the kept
 * ones. No statistics: the same program gives the same figures there, so a difference is a change.
 *
 * gate.json: { "format": "minikvm-gate-1", "revision", "kernel", "rows": [ { "workload", "backend",
 *   "exits": { REASON: count }, "paths": { REASON or "exec to exit": instructions each } } ] }
 */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab.h"
#include "machine.h"
#include "statistics.h"

#define GATE_FORMAT "minikvm-gate-1"
#define GATE_JSON "gate.json"
#define WHOLE_RUN "exec to exit"

struct gate_options {
	const char *folder; /* NULL: run the lab now */
	char *reference;
	double threshold_percent;
	bool update;
	bool counts_only;
};

enum { OPT_UPDATE = 0x100, OPT_REFERENCE, OPT_THRESHOLD, OPT_COUNTS };

static const struct argp_option argp_options[] = {
	{ "update", OPT_UPDATE, NULL, 0, "Make these figures the reference", 0 },
	{ "reference", OPT_REFERENCE, "DIR", 0, "Folder of the reference (results/reference/lab)",
	  0 },
	{ "threshold", OPT_THRESHOLD, "PERCENT", 0, "How much longer a path may be (default 1)",
	  0 },
	{ "counts", OPT_COUNTS, NULL, 0,
	  "Compare only exit counts, of what FOLDER has: path lengths depend a little on what ran "
	  "before, so they are comparable between runs of the gate alone",
	  0 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct gate_options *options = state->input;
	char *end;

	switch (key) {
	case OPT_UPDATE:
		options->update = true;
		return 0;
	case OPT_COUNTS:
		options->counts_only = true;
		return 0;
	case OPT_REFERENCE:
		free(options->reference);
		options->reference = xstrdup(arg);
		return 0;
	case OPT_THRESHOLD:
		options->threshold_percent = strtod(arg, &end);
		if (*end || end == arg || !(options->threshold_percent >= 0))
			argp_error(state, "--threshold=%s: a percentage is due, such as 1", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (options->folder)
			argp_error(state, "'%s': one results folder is enough", arg);
		options->folder = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- From samples to figures ---- */

/* Values of one metric over the counted runs of a workload on a backend. */
struct metric {
	char *workload, *backend, *name;
	double *values;
	size_t count;
};

struct metric_list {
	struct metric *items;
	size_t count;
};

static struct metric *find_metric(const struct metric_list *list, const char *workload,
				  const char *backend, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		struct metric *metric = &list->items[i];

		if (!strcmp(metric->name, name) && !strcmp(metric->workload, workload) &&
		    !strcmp(metric->backend, backend))
			return metric;
	}
	return NULL;
}

/* The suite's other kinds measure operations, not paths: their figures are the report's. */
static bool is_gated(const char *name)
{
	const struct workload *workload = suite_find(name);

	return workload && (workload->kind == KIND_GUEST || workload->kind == KIND_OS);
}

static void add_value(struct metric_list *list, char **row)
{
	struct metric *metric = find_metric(list, row[1], row[2], row[5]);

	if (!metric) {
		list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
		metric = &list->items[list->count++];
		*metric = (struct metric){ .workload = xstrdup(row[1]),
					   .backend = xstrdup(row[2]),
					   .name = xstrdup(row[5]) };
	}
	metric->values = xrealloc(metric->values, (metric->count + 1) * sizeof(*metric->values));
	metric->values[metric->count++] = strtod(row[6], NULL);
}

static void free_metrics(struct metric_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].workload);
		free(list->items[i].backend);
		free(list->items[i].name);
		free(list->items[i].values);
	}
	free(list->items);
}

/* Exact counted runs of ours and of the floor; a failed run is an error. */
static void read_metrics(struct metric_list *list, const char *folder)
{
	static const char *const columns[] = { "where", "workload", "backend", "phase",
					       "ok",	"metric",   "value",   NULL };
	char *path = xasprintf("%s/" SAMPLES_CSV, folder);
	struct csv_reader *reader = csv_open(path, columns);
	char **row;

	if (!reader)
		die(STATUS_HOST, "%s: %s; give the folder of a finished run", path,
		    strerror(errno));
	while ((row = csv_next(reader))) {
		if (strcmp(row[0], "exact") != 0 || strcmp(row[3], "counted") != 0 ||
		    (strcmp(row[2], "kvm-vmm") != 0 && strcmp(row[2], "floor") != 0))
			continue;
		if (!is_gated(row[1]))
			continue;
		if (!strcmp(row[5], "failure"))
			die(STATUS_FAILED, "%s on %s failed: %s", row[1], row[2], row[6]);
		add_value(list, row);
	}
	csv_reader_close(reader);
	if (!list->count)
		die(STATUS_HOST,
		    "%s has no exact runs of kvm-vmm; make one with: kvm-bench run "
		    "--where=lab",
		    path);
	free(path);
}

static double middle(const struct metric *metric)
{
	if (!metric)
		return 0;
	statistics_sort(metric->values, metric->count);
	return statistics_median(metric->values, metric->count);
}

static double middle_of(const struct metric_list *list, const struct metric *of, const char *reason,
			const char *suffix)
{
	char name[96];

	snprintf(name, sizeof(name), "exit.%s.%s", reason, suffix);
	return middle(find_metric(list, of->workload, of->backend, name));
}

/*
 * Instructions from guest to guest. A halt's handler is left out: it sleeps until the next
 * tick, and the machine's clock goes on meanwhile.
 */
static double path_length(const struct metric_list *list, const struct metric *exits,
			  const char *reason)
{
	double total = middle_of(list, exits, reason, "loop.total") +
		       middle_of(list, exits, reason, "run.total");

	if (strcmp(reason, "KVM_EXIT_HLT") != 0)
		total += middle_of(list, exits, reason, "handler.total");
	return total / middle(exits);
}

static json_t *find_row(const json_t *gate, const char *workload, const char *backend)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(gate, "rows"), i,
			   row) if (!strcmp(json_text(row, "workload", ""), workload) &&
				    !strcmp(json_text(row, "backend", ""), backend)) return row;
	return NULL;
}

static json_t *row_of(json_t *gate, const struct metric *metric)
{
	json_t *row = find_row(gate, metric->workload, metric->backend);

	if (row)
		return row;
	row = json_pack("{s:s, s:s, s:{}, s:{}}", "workload", metric->workload, "backend",
			metric->backend, "exits", "paths");
	json_array_append_new(json_object_get(gate, "rows"), row);
	return row;
}

/* The document as it is now, made from a results folder. */
static json_t *measure(const char *folder)
{
	char *path = xasprintf("%s/" MACHINE_JSON, folder);
	struct metric_list list = { 0 };
	json_t *machine = json_read(path), *gate;

	read_metrics(&list, folder);
	gate = json_pack("{s:s, s:s, s:s, s:[]}", "format", GATE_FORMAT, "revision",
			 json_text(machine, "revision", "unknown"), "kernel",
			 json_text(machine, "machines.exact.kernel", "unknown"), "rows");
	for (size_t i = 0; i < list.count; i++) {
		const struct metric *metric = &list.items[i];
		const char *reason = metric->name + strlen("exits.");

		if (!strcmp(metric->name, "cpu"))
			json_object_set_new(json_object_get(row_of(gate, metric), "paths"),
					    WHOLE_RUN, json_real(middle(metric)));
		if (strncmp(metric->name, "exits.KVM_EXIT_", strlen("exits.KVM_EXIT_")) != 0)
			continue;
		json_object_set_new(json_object_get(row_of(gate, metric), "exits"), reason,
				    json_integer((json_int_t)middle(metric)));
		json_object_set_new(json_object_get(row_of(gate, metric), "paths"), reason,
				    json_real(path_length(&list, metric, reason)));
	}
	free_metrics(&list);
	json_decref(machine);
	free(path);
	return gate;
}

/* ---- Comparison ---- */

struct verdict {
	double threshold_percent;
	unsigned failures, compared;
};

static void compare_counts(struct verdict *verdict, const json_t *then, const json_t *now,
			   const char *workload, const char *backend)
{
	const json_t *all[] = { json_object_get(then, "exits"), json_object_get(now, "exits") };
	const json_t *value;
	const char *reason;

	json_object_foreach((json_t *)all[0], reason, value)
	{
		json_int_t was = json_integer_value(value);
		json_int_t is = json_integer_value(json_object_get(all[1], reason));

		verdict->compared++;
		if (was == is)
			continue;
		verdict->failures++;
		printf("FAIL %s on %s: %s exits: %lld, were %lld\n", workload, backend, reason,
		       (long long)is, (long long)was);
	}
	json_object_foreach((json_t *)all[1], reason, value)
	{
		if (json_object_get(all[0], reason))
			continue;
		verdict->failures++;
		printf("FAIL %s on %s: %s exits: %lld, were none\n", workload, backend, reason,
		       (long long)json_integer_value(value));
	}
}

static void compare_paths(struct verdict *verdict, const json_t *then, const json_t *now,
			  const char *workload, const char *backend)
{
	const json_t *old = json_object_get(then, "paths"), *new = json_object_get(now, "paths");
	const json_t *value;
	const char *reason;

	json_object_foreach((json_t *)old, reason, value)
	{
		double was = json_number_value(value);
		double is = json_number_value(json_object_get(new, reason));
		double percent = was > 0 ? 100 * (is - was) / was : 0;

		verdict->compared++;
		if (is > 0 && percent <= verdict->threshold_percent) {
			if (percent < -verdict->threshold_percent)
				printf(
				    "note %s on %s: %s: %.2f %% shorter: %.0f instructions, were "
				    "%.0f (keep it with --update)\n",
				    workload, backend, reason, -percent, is, was);
			continue;
		}
		if (!json_object_get(new, reason))
			continue; /* its count has changed to none: said there */
		verdict->failures++;
		printf("FAIL %s on %s: %s: %.2f %% longer: %.0f instructions, were %.0f\n",
		       workload, backend, reason, percent, is, was);
	}
}

static int compare(const json_t *reference, const json_t *now, const struct gate_options *options)
{
	struct verdict verdict = { .threshold_percent = options->threshold_percent };
	const char *was = json_text(reference, "kernel", "unknown");
	const char *is = json_text(now, "kernel", "unknown");
	const json_t *then;
	size_t i;

	if (strcmp(was, is) != 0 && !options->counts_only)
		printf("note: the reference machine's kernel is %s, was %s: paths may differ for "
		       "that alone\n",
		       is, was);
	json_array_foreach(json_object_get(reference, "rows"), i, then)
	{
		const char *workload = json_text(then, "workload", "");
		const char *backend = json_text(then, "backend", "");
		const json_t *row = find_row(now, workload, backend);

		if (!row && options->counts_only)
			continue;
		if (!row) {
			verdict.failures++;
			printf("FAIL %s on %s: not measured\n", workload, backend);
			continue;
		}
		compare_counts(&verdict, then, row, workload, backend);
		if (!options->counts_only)
			compare_paths(&verdict, then, row, workload, backend);
	}
	if (options->counts_only)
		printf("gate: %u exit counts compared with the reference, %u differ\n",
		       verdict.compared, verdict.failures);
	else
		printf("gate: %u figures compared, %u failed (exit counts equal, paths at most "
		       "%g %% longer)\n",
		       verdict.compared, verdict.failures, options->threshold_percent);
	return verdict.failures || !verdict.compared ? STATUS_FAILED : STATUS_OK;
}

/* ---- The command ---- */

/* The exact step of the lab alone, into a new folder below the scratch folder. */
static char *run_now(void)
{
	char name[] = "kvm-bench run", workloads[] = "--workload=guest,os";
	char backends_option[] = "--backend=kvm-vmm,floor";
	char *argv[] = { name, workloads, backends_option, NULL };
	struct run_options options = { 0 };
	struct records records = { 0 };
	struct notes notes = { 0 };
	struct env env;
	char *folder, *missing, *path;
	json_t *machine;
	int status;

	run_options_parse(&options, 3, argv);
	env_init(&env, "host");
	missing = lab_missing(&env);
	if (missing)
		die(STATUS_HOST, "the gate needs the lab: %s", missing);
	folder = xasprintf("%s.gate", env.scratch);
	if (make_dirs(folder) < 0 || records_open(&records, folder) < 0)
		die(STATUS_HOST, "%s: %s", folder, strerror(errno));
	remove_folder_at_exit(folder);
	machine = machine_start(&env, &options);
	json_object_set_new(machine, "machines", json_object());
	json_object_set_new(machine, "backends", json_array());
	status = lab_run(&env, &records, &options, &notes, machine, true);
	path = xasprintf("%s/" MACHINE_JSON, folder);
	if (records_close(&records) < 0 || json_write(path, machine) < 0)
		exit(STATUS_HOST);
	if (status != STATUS_OK)
		die(status, "the exact runs did not end well: no verdict");
	json_decref(machine);
	notes_free(&notes);
	run_options_free(&options);
	free(path);
	env_free(&env);
	return folder;
}

static char *default_reference(void)
{
	char *build = build_folder(), *path = xasprintf("%s/../results/reference/lab", build);

	free(build);
	return path;
}

static int update(const char *path, const char *folder, const json_t *now)
{
	if (make_dirs(folder) < 0)
		die(STATUS_HOST, "%s: %s", folder, strerror(errno));
	if (json_write(path, now) < 0)
		return STATUS_HOST;
	printf("gate: %zu rows are the reference now: %s\n",
	       json_array_size(json_object_get(now, "rows")), path);
	return STATUS_OK;
}

static int compare_with(const char *path, const json_t *now, const struct gate_options *options)
{
	json_t *reference = NULL;
	int status;

	if (access(path, R_OK) < 0)
		die(STATUS_HOST, "%s: %s; make a reference with: kvm-bench gate --update", path,
		    strerror(errno));
	reference = json_read(path);
	if (strcmp(json_text(reference, "format", ""), GATE_FORMAT) != 0)
		die(STATUS_HOST,
		    "%s is no reference of this version; kvm-bench gate --update makes "
		    "one",
		    path);
	status = compare(reference, now, options);
	json_decref(reference);
	return status;
}

int cmd_gate(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
		.args_doc = "[FOLDER]",
		.doc = "Compares exit counts and path lengths with the reference: of a results "
		       "folder, "
		       "or of the exact lab, run now. Status 1 if an exit count changed or a path "
		       "became longer than the threshold.",
	};
	struct gate_options options = { .threshold_percent = 1 };
	char *folder, *path;
	json_t *now;
	int status;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (!options.reference)
		options.reference = default_reference();
	folder = options.folder ? xstrdup(options.folder) : run_now();
	now = measure(folder);
	path = xasprintf("%s/" GATE_JSON, options.reference);
	status = options.update ? update(path, options.reference, now)
				: compare_with(path, now, &options);
	json_decref(now);
	free(path);
	free(folder);
	free(options.reference);
	return status;
}
