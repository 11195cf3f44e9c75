/* SPDX-License-Identifier: MIT */
/* kvm-bench run: from options to a results folder with its report. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "crosscheck.h"
#include "lab.h"
#include "machine.h"
#include "table.h"
#include "tune.h"

/* One results folder while it is made. */
struct session {
	struct run_options options;
	struct env env;
	struct records records;
	struct notes notes;
	struct tune *tune;
	json_t *machine;
	char *folder;
	uint64_t start_ns;
};

static char *default_folder(void)
{
	struct utsname name;
	time_t now = time(NULL);
	struct tm utc;
	char stamp[32];

	uname(&name);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
	return xasprintf("results/%s-%s", stamp, name.nodename);
}

static void make_folder(struct session *session)
{
	char *samples;

	session->folder =
	    session->options.output ? xstrdup(session->options.output) : default_folder();
	if (make_dirs(session->folder) < 0)
		die(STATUS_HOST, "%s: %s; choose another folder with --output", session->folder,
		    strerror(errno));
	samples = xasprintf("%s/" SAMPLES_CSV, session->folder);
	if (access(samples, F_OK) == 0)
		die(STATUS_USAGE, "%s is there already; choose another folder with --output",
		    samples);
	free(samples);
	if (records_open(&session->records, session->folder) < 0)
		exit(STATUS_HOST);
}

static int write_machine(const struct session *session)
{
	char *path = xasprintf("%s/" MACHINE_JSON, session->folder);
	int status = json_write(path, session->machine);

	free(path);
	return status;
}

static void start_machine(struct session *session)
{
	json_t *backends_array = json_array(), *machines = json_object();
	json_t *here = machine_describe(&session->env);

	if (!getenv("MINIKVM_LAB"))
		machine_warn(here, session->env.where);
	machine_add_backends(backends_array, &session->env, &session->options);
	json_object_set_new(machines, session->env.where, here);
	session->machine = machine_start(&session->env, &session->options);
	json_object_set_new(session->machine, "machines", machines);
	json_object_set_new(session->machine, "backends", backends_array);
	json_object_set_new(session->machine, "notes", json_array());
	if (write_machine(session) < 0)
		exit(STATUS_HOST);
}

static int end_machine(struct session *session, int status)
{
	json_t *texts = json_array();

	for (size_t i = 0; i < session->notes.count; i++)
		json_array_append_new(texts, json_string(session->notes.texts[i]));
	json_object_set_new(session->machine, "notes", texts);
	json_object_set_new(session->machine, "state",
			    json_string(status == STATUS_INTERRUPTED ? "interrupted" : "complete"));
	json_object_set_new(session->machine, "seconds",
			    json_real((double)(now_ns() - session->start_ns) / 1e9));
	json_object_set_new(session->machine, "runs_failed",
			    json_integer(session->records.failed_runs));
	return write_machine(session);
}

/* Ctrl-C first, then what is missing, then failed runs. */
static int worse(int a, int b)
{
	static const int order[] = { STATUS_INTERRUPTED, STATUS_HOST, STATUS_FAILED };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return a ? a : b;
}

static int run_host(struct session *session)
{
	int status =
	    schedule_run(&session->env, &session->records, &session->options, &session->notes);

	if (status == STATUS_HOST)
		warn("nothing to run on this machine: %s", session->env.probe.line);
	if (status == STATUS_INTERRUPTED || status == STATUS_HOST || session->options.no_crosscheck)
		return status;
	return worse(status, crosscheck_run(&session->env, session->folder, &session->options,
					    &session->notes));
}

static int run_lab(struct session *session, bool needed)
{
	char *missing = lab_missing(&session->env);
	int status;

	if (missing && !needed)
		note(&session->notes, "lab: left out: %s", missing);
	if (missing) {
		warn("no lab: %s", missing);
		free(missing);
		return needed ? STATUS_HOST : STATUS_OK;
	}
	status = lab_run(&session->env, &session->records, &session->options, &session->notes,
			 session->machine, false);
	return status == STATUS_HOST && !needed ? STATUS_OK : status;
}

/* auto: whatever can be had counts; host, lab and both insist. */
static int run_places(struct session *session)
{
	const char *where = session->options.where;
	bool automatic = !strcmp(where, "auto"), both = !strcmp(where, "both");
	int host = STATUS_OK, lab = STATUS_OK;

	fprintf(stderr, "%s: KVM: %s%s\n", session->env.where, session->env.probe.line,
		automatic ? "; what it cannot do runs in the lab" : "");
	if (strcmp(where, "lab") != 0)
		host = run_host(session);
	if (host == STATUS_INTERRUPTED || !strcmp(where, "host"))
		return host;
	lab = run_lab(session, both || !strcmp(where, "lab") || host == STATUS_HOST);
	if (automatic && host == STATUS_HOST)
		host = STATUS_OK;
	return worse(host, lab);
}

static int show(struct session *session)
{
	struct series_list list;
	int status;

	if (series_read(&list, session->folder) < 0)
		return STATUS_HOST;
	if (!session->options.no_report)
		table_print(&list, stdout, terminal_columns(STDOUT_FILENO),
			    isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	status = table_export(&list, &session->options) < 0 ? STATUS_HOST : STATUS_OK;
	series_free(&list);
	return status;
}

static int report(struct session *session)
{
	char name[] = "kvm-bench report", quiet[] = "--quiet"; /* say_end() names it */
	char *argv[] = { name, quiet, session->folder, NULL };

	return cmd_report(3, argv);
}

/* Replaces results/baselines/NAME once the copy is complete. */
static int save_baseline(const struct session *session)
{
	static const char script[] =
	    "set -e; mkdir -p results/baselines; to=results/baselines/$2; rm -rf \"$to.new\"; "
	    "cp -r \"$1\" \"$to.new\"; rm -rf \"$to\"; mv \"$to.new\" \"$to\"";
	const char *name = session->options.save_baseline;
	const char *const words[] = { "/bin/sh", "-c", script, "sh", session->folder, name, NULL };
	int status = -1;

	free(command_output(words, true, 60, &status));
	if (status != 0) {
		warn("results/baselines/%s: not saved; check free space and permissions", name);
		return STATUS_HOST;
	}
	printf("baseline: results/baselines/%s\n", name);
	return STATUS_OK;
}

static void say_end(const struct session *session, int status)
{
	unsigned failed = session->records.failed_runs;

	if (status == STATUS_INTERRUPTED)
		puts("\ninterrupted: these are the runs made before");
	if (failed)
		printf("\n%u run%s FAILED: rows with ok 0 in %s/" SAMPLES_CSV " say why\n", failed,
		       failed == 1 ? "" : "s", session->folder);
	if (session->options.no_report && !getenv("MINIKVM_LAB"))
		printf("samples: %s\n", session->folder);
	if (!session->options.no_report && session->records.rows)
		printf("\nreport: %s/report.html\n", session->folder);
}

int cmd_run(int argc, char **argv)
{
	struct session session = { .start_ns = now_ns() };
	const char *name;
	int status;

	run_options_parse(&session.options, argc, argv);
	name = session.options.save_baseline;
	if (name && (!*name || *name == '.' || strchr(name, '/')))
		die(STATUS_USAGE, "--save-baseline=%s: give a plain name, like main", name);
	env_init(&session.env, session.options.as);
	make_folder(&session);
	session.tune = xcalloc(1, sizeof(*session.tune));
	tune_end_at_exit(session.tune);
	if (session.options.tune)
		tune_start(session.tune, "", &session.notes);
	start_machine(&session);
	status = run_places(&session);
	tune_end(session.tune);
	if (end_machine(&session, status) < 0)
		status = worse(status, STATUS_HOST);
	if (records_close(&session.records) < 0)
		status = worse(status, STATUS_HOST);
	if (session.records.rows)
		status = worse(status, show(&session));
	if (session.records.rows && !session.options.no_report)
		status = worse(status, report(&session));
	if (session.records.rows && session.options.save_baseline)
		status = worse(status, save_baseline(&session));
	say_end(&session, status);
	json_decref(session.machine);
	notes_free(&session.notes);
	env_free(&session.env);
	run_options_free(&session.options);
	free(session.folder);
	return status;
}
