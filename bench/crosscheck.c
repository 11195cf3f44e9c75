/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crosscheck.h"
#include "verify.h"

#define EXITS_FORMAT "kvm-exits-1"
#define STATUS_NO_EBPF 3 /* of kvm-exits: this host cannot */

/* One traced run. */
struct traced {
	const struct workload *workload;
	unsigned guests;
};

struct crosscheck {
	struct env *env;
	const char *folder;
	const struct run_options *options;
	struct notes *notes;
	struct traced *runs;
	size_t count;
	json_t *kernel; /* kvm-exits' document */
	unsigned mismatches, failures;
};

static void plan(struct crosscheck *check)
{
	const struct backend *vmm = backend_find("kvm-vmm");
	const struct workload *workload;

	for (size_t i = 0; (workload = suite_at(i)); i++) {
		for (unsigned guests = 1; guests <= 4; guests++) {
			if (!schedule_wants(check->options, workload, guests) ||
			    vmm->unfit(check->env, workload, guests))
				continue;
			check->runs =
			    xrealloc(check->runs, (check->count + 1) * sizeof(*check->runs));
			check->runs[check->count++] = (struct traced){ workload, guests };
		}
	}
}

/* SCRATCH/NAME.INDEX; the caller frees it. */
static char *run_file(const struct crosscheck *check, const char *name, size_t index)
{
	return xasprintf("%s/%s.%zu", check->env->scratch, name, index);
}

/*
 * One shell script runs them all: kvm-exits follows children, and attaching it anew for
 * every run would take longer than the runs.
 */
static char *write_script(const struct crosscheck *check)
{
	const struct backend *vmm = backend_find("kvm-vmm");
	char *path = xasprintf("%s/traced.sh", check->env->scratch);
	FILE *script = fopen(path, "we");
	bool failed = !script;

	for (size_t i = 0; !failed && i < check->count; i++) {
		const struct traced *run = &check->runs[i];
		char *stats = run_file(check, "stats", i), *trace = run_file(check, "trace", i);
		char *errors = run_file(check, "errors", i), *text, *errors_word;
		struct argv argv = { 0 }, errors_argv = { 0 };

		/* The last of several --stats-file counts. */
		vmm->command(check->env, run->workload, run->guests, true, &argv);
		argv_addf(&argv, "--stats-file=%s", stats);
		argv_addf(&argv, "--trace-file=%s", trace);
		argv_addf(&argv, "--timeout=%ds", (int)check->options->timeout_s);
		argv_add(&errors_argv, errors);
		text = argv_text(&argv);
		errors_word = argv_text(&errors_argv);
		failed = fprintf(script, "%s </dev/null >/dev/null 2>%s\n", text, errors_word) < 0;
		argv_free(&argv);
		argv_free(&errors_argv);
		free(errors_word);
		free(text);
		free(stats);
		free(trace);
		free(errors);
	}
	if (failed || fclose(script) != 0)
		die(STATUS_HOST, "%s: %s", path, strerror(errno));
	return path;
}

/* NULL with a note if there is no eBPF here; else kvm-exits' document. */
static json_t *read_document(struct crosscheck *check, const char *path,
			     const struct child_group *group)
{
	json_t *kernel = json_load_file(path, 0, NULL);

	if (kernel && !strcmp(json_text(kernel, "format", ""), EXITS_FORMAT))
		return kernel;
	note(check->notes, "%s: no cross-check with the kernel's counts: %.*s", check->env->where,
	     (int)strcspn(group->errors, "\n"), group->errors);
	fprintf(stderr, "%s: no cross-check: %.*s\n", check->env->where,
		(int)strcspn(group->errors, "\n"),
		*group->errors ? group->errors : "kvm-exits wrote nothing");
	json_decref(kernel);
	return NULL;
}

/* Runs the script under kvm-exits; false if there is nothing to compare with. */
static bool trace(struct crosscheck *check)
{
	struct env *env = check->env;
	char *script = write_script(check), *program = env_path(env, "kvm-exits");
	char *output = xasprintf("%s/exits.json", env->scratch);
	struct child_group group;
	struct argv argv = { 0 };
	struct child_job job = {
		.launcher = env->launcher,
		.argv = &argv,
		.count = 1,
		.timeout_s = 30 + check->options->timeout_s * (double)check->count,
	};
	enum child_end end;

	argv_add(&argv, program);
	argv_add_all(&argv,
		     (const char *const[]){ "--json", "--event=exit,user,irq", "--max-threads=1024",
					    "--max-histograms=0", NULL });
	argv_addf(&argv, "--output=%s", output);
	argv_addf(&argv, "--record=%s/record.csv", env->scratch);
	argv_add_all(&argv, (const char *const[]){ "--", "/bin/sh", script, NULL });
	end = child_run(&group, &job, &env->signals);
	if (end == CHILD_ENDED || end == CHILD_TIMED_OUT)
		check->kernel = read_document(check, output, &group);
	else if (end == CHILD_NOT_STARTED)
		note(check->notes, "%s: no cross-check with the kernel's counts: %s: %s",
		     env->where, program, strerror(group.result[0].exec_errno));
	child_group_free(&group);
	argv_free(&argv);
	free(script);
	free(program);
	free(output);
	return check->kernel != NULL;
}

/* ---- Comparison ---- */

static const json_t *kernel_vcpu(const json_t *kernel, uint64_t tid)
{
	const json_t *vcpu;
	size_t i;

	json_array_foreach(json_object_get(kernel, "vcpus"), i,
			   vcpu) if (json_u64(vcpu, "tid", 0) == tid) return vcpu;
	return NULL;
}

static uint64_t count_of(const json_t *exits, const char *reason)
{
	uint64_t count = 0;
	const json_t *exit;
	size_t i;

	json_array_foreach(exits, i, exit) if (!strcmp(json_text(exit, "reason", ""), reason))
	    count += json_u64(exit, "count", 0);
	return count;
}

static void start_row(struct csv *csv, const struct crosscheck *check, const struct traced *run,
		      uint64_t vcpu)
{
	csv_text(csv, check->env->where);
	csv_text(csv, run->workload->name);
	csv_count(csv, run->guests);
	csv_text(csv, "kvm-vmm");
	csv_count(csv, vcpu);
}

/*
 * KVM's own counter for a reason (KVM_GET_STATS_FD), where there is one and it counts at all. A
 * third witness, not a judge: io_exits has the accesses that KVM handled itself too.
 */
static void third_witness(struct csv *csv, const json_t *ours, const char *reason)
{
	static const struct {
		const char *reason, *counter;
	} counters[] = { { "KVM_EXIT_IO", "io_exits" },
			 { "KVM_EXIT_MMIO", "mmio_exits" },
			 { "KVM_EXIT_HLT", "halt_exits" } };
	const json_t *stats = json_object_get(ours, "kvm_stats");

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		uint64_t value = json_u64(stats, counters[i].counter, 0);

		if (value && !strcmp(reason, counters[i].reason)) {
			csv_count(csv, value);
			return;
		}
	}
	csv_text(csv, "");
}

static void compare_reason(struct crosscheck *check, struct csv *csv, const struct traced *run,
			   const json_t *vmm, const char *reason, uint64_t ours, uint64_t kernel)
{
	uint64_t vcpu = json_u64(vmm, "vcpu", 0);
	bool match = ours == kernel;

	start_row(csv, check, run, vcpu);
	csv_text(csv, reason);
	csv_count(csv, ours);
	csv_count(csv, kernel);
	third_witness(csv, vmm, reason);
	csv_text(csv, match ? "MATCH" : "MISMATCH");
	csv_end_row(csv);
	if (match)
		return;
	check->mismatches++;
	fprintf(stderr,
		"%s: MISMATCH %s x %u, vCPU %" PRIu64 ": %s: kvm-vmm counted %" PRIu64
		", the kernel %" PRIu64 "\n",
		check->env->where, run->workload->name, run->guests, vcpu, reason, ours, kernel);
}

/* Reasons of either side, each once. */
static void compare_vcpu(struct crosscheck *check, struct csv *csv, const struct traced *run,
			 const json_t *ours)
{
	const json_t *kernel = kernel_vcpu(check->kernel, json_u64(ours, "tid", 0)), *exit;
	const json_t *our_exits = json_object_get(ours, "exits");
	const json_t *kernel_exits = json_object_get(kernel, "user_exits");
	size_t i;

	json_array_foreach(our_exits, i, exit)
	{
		const char *reason = json_text(exit, "reason", "");

		compare_reason(check, csv, run, ours, reason, json_u64(exit, "count", 0),
			       count_of(kernel_exits, reason));
	}
	json_array_foreach(kernel_exits, i, exit)
	{
		const char *reason = json_text(exit, "reason", "");

		if (!count_of(our_exits, reason))
			compare_reason(check, csv, run, ours, reason, 0,
				       json_u64(exit, "count", 0));
	}
}

static void write_kernel_exits(struct crosscheck *check, struct csv *csv, const struct traced *run,
			       const json_t *ours)
{
	const json_t *kernel = kernel_vcpu(check->kernel, json_u64(ours, "tid", 0)), *exit;
	size_t i;

	json_array_foreach(json_object_get(kernel, "hw_exits"), i, exit)
	{
		start_row(csv, check, run, json_u64(ours, "vcpu", 0));
		csv_text(csv, json_text(exit, "isa", ""));
		csv_text(csv, json_text(exit, "reason", ""));
		csv_count(csv, json_u64(exit, "count", 0));
		csv_count(csv, json_u64(exit, "kernel_ns.total", 0) +
				   json_u64(exit, "to_user_total_ns", 0));
		csv_count(csv, json_u64(exit, "to_user", 0));
		csv_end_row(csv);
	}
}

static void compare_run(struct crosscheck *check, size_t index, struct csv *rows,
			struct csv *kernel_rows)
{
	const struct traced *run = &check->runs[index];
	char *path = run_file(check, "stats", index),
	     *errors_path = run_file(check, "errors", index);
	json_t *stats = json_load_file(path, 0, NULL);
	char *errors = read_file(errors_path, NULL), why[WHY_BYTES] = "";
	const json_t *vcpu;
	size_t i;

	if (!stats)
		snprintf(why, sizeof(why), "no statistics: %.*s",
			 errors ? (int)strcspn(errors, "\n") : 0, errors ? errors : "");
	else
		verify_exits(run->workload, stats, run->guests, why);
	if (*why) {
		check->failures++;
		fprintf(stderr, "%s: FAILED traced run of %s x %u: %s\n", check->env->where,
			run->workload->name, run->guests, why);
		note(check->notes, "%s: the traced run of %s x %u failed: %s", check->env->where,
		     run->workload->name, run->guests, why);
	}
	json_array_foreach(json_object_get(stats, "vcpus"), i, vcpu)
	{
		compare_vcpu(check, rows, run, vcpu);
		write_kernel_exits(check, kernel_rows, run, vcpu);
	}
	json_decref(stats);
	free(errors);
	free(errors_path);
	free(path);
}

static int create(struct csv *csv, const char *folder, const char *name, const char *columns)
{
	char *path = xasprintf("%s/%s", folder, name);
	int status = csv_create(csv, path, columns, true);

	free(path);
	return status;
}

static void write_split(const struct crosscheck *check)
{
	char *path = xasprintf("%s/record.csv", check->env->scratch);
	struct kernel_record *record = kernel_record_read(path);
	struct csv split, irq;

	free(path);
	if (!record)
		return;
	if (create(&split, check->folder, SPLIT_CSV, SPLIT_COLUMNS) == 0) {
		if (create(&irq, check->folder, IRQ_LATENCY_CSV, IRQ_LATENCY_COLUMNS) == 0) {
			for (size_t i = 0; i < check->count; i++) {
				char *file = run_file(check, "trace", i);

				if (check->runs[i].guests == 1)
					split_workload(record, file, check->env,
						       check->runs[i].workload->name, &split, &irq);
				free(file);
			}
			csv_close(&irq);
		}
		csv_close(&split);
	}
	kernel_record_free(record);
}

/* Events that kvm-exits could not keep make its counts worthless, or its record incomplete. */
static void note_lost(struct crosscheck *check)
{
	const json_t *value;
	const char *what;

	json_object_foreach(json_object_get(check->kernel, "lost"), what,
			    value) if (json_integer_value(value) > 0)
	    note(check->notes, "%s: kvm-exits lost %lld (%s)", check->env->where,
		 (long long)json_integer_value(value), what);
}

static void compare_all(struct crosscheck *check)
{
	struct csv rows, kernel_rows;

	if (create(&rows, check->folder, CROSSCHECK_CSV, CROSSCHECK_COLUMNS) < 0)
		return;
	if (create(&kernel_rows, check->folder, KERNEL_EXITS_CSV, KERNEL_EXITS_COLUMNS) == 0) {
		for (size_t i = 0; i < check->count; i++)
			compare_run(check, i, &rows, &kernel_rows);
		csv_close(&kernel_rows);
	}
	if (csv_close(&rows) < 0)
		check->failures++;
	note_lost(check);
	write_split(check);
	fprintf(stderr, "%s: cross-check of %zu runs with the kernel: %s\n", check->env->where,
		check->count, check->mismatches ? "MISMATCH" : "MATCH");
}

int crosscheck_run(struct env *env, const char *folder, const struct run_options *options,
		   struct notes *notes)
{
	struct crosscheck check = {
		.env = env, .folder = folder, .options = options, .notes = notes
	};

	char *missing;

	if (!backend_selected(options, "kvm-vmm", false) || signals_interrupted(&env->signals))
		return STATUS_OK;
	missing = backend_find("kvm-vmm")->missing(env);
	free(missing);
	if (missing) /* the schedule has said why */
		return STATUS_OK;
	plan(&check);
	if (check.count && trace(&check))
		compare_all(&check);
	json_decref(check.kernel);
	free(check.runs);
	if (env->signals.interrupted)
		return STATUS_INTERRUPTED;
	return check.mismatches || check.failures ? STATUS_FAILED : STATUS_OK;
}

static void merge_file(const char *folder, const char *from, const char *name, const char *header)
{
	char *path = xasprintf("%s/%s", from, name), *text = read_file(path, NULL);
	size_t first = text ? strcspn(text, "\n") : 0;
	struct csv csv;

	if (text && text[first] && create(&csv, folder, name, header) == 0) {
		fputs(text + first + 1, csv.file);
		csv_close(&csv);
	}
	free(text);
	free(path);
}

void crosscheck_merge(const char *folder, const char *from)
{
	merge_file(folder, from, CROSSCHECK_CSV, CROSSCHECK_COLUMNS);
	merge_file(folder, from, KERNEL_EXITS_CSV, KERNEL_EXITS_COLUMNS);
	merge_file(folder, from, SPLIT_CSV, SPLIT_COLUMNS);
	merge_file(folder, from, IRQ_LATENCY_CSV, IRQ_LATENCY_COLUMNS);
}
