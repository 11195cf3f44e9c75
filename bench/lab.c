/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crosscheck.h"
#include "lab.h"

#define LAB_FAILURE 125
/* How long a lab may take to end itself after SIGTERM. */
#define END_MS 5000

/* One boot of the reference machine. */
struct step {
	const char *as, *about;
	const char *lab_options[3];
	const char *backends, *workloads, *guests;
	const char *quick_workloads; /* with --quick; NULL: the same */
	unsigned warmup, runs, quick_runs;
	bool clock_is_exact, crosscheck;
};

static const struct step steps[] = {
	{ .as = "lab",
	  .about = "the suite under hardware-like KVM, for its counts",
	  .backends = "kvm-vmm",
	  .guests = "1,2,4",
	  .runs = 2,
	  .quick_runs = 1,
	  .crosscheck = true },
	{ .as = "exact",
	  .about = "instructions of kvm-vmm and of a bare KVM_RUN loop",
	  .lab_options = { "--exact" },
	  .backends = "kvm-vmm,floor",
	  .workloads = "guest,os",
	  .guests = "1",
	  .warmup = 1, /* the first run after boot differs */
	  .runs = 3,
	  .quick_runs = 2,
	  .clock_is_exact = true },
	{ .as = "exact",
	  .about = "instructions of QEMU, within about 0.2 %",
	  .lab_options = { "--exact", "--root" },
	  .backends = "qemu-tcg,qemu-kvm",
	  .workloads = "guest,os",
	  .guests = "1",
	  .quick_workloads = "hello,multiplication",
	  .warmup = 1,
	  .runs = 3,
	  .quick_runs = 2 },
};

static char *lab_script(const struct env *env)
{
	const char *given = getenv("MINIKVM_LAB_SCRIPT");

	return given ? xstrdup(given) : xasprintf("%s/../scripts/lab", env->build);
}

char *lab_missing(const struct env *env)
{
	char *script = lab_script(env), *why = NULL;

	if (getenv("MINIKVM_LAB"))
		why = xstrdup("this is the lab already");
	else if (access(script, X_OK) < 0)
		why = xasprintf("%s: %s; run from a build folder of the source tree, or set "
				"MINIKVM_LAB_SCRIPT",
				script, strerror(errno));
	free(script);
	return why;
}

static char *joined(const struct name_list *list)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < list->count; i++) {
		char *longer = xasprintf("%s%s%s", text, i ? "," : "", list->names[i]);

		free(text);
		text = longer;
	}
	return text;
}

/*
 * Those of a step's names that the user's list has too, joined; "" for none. The user's names
 * may be patterns, the step's are not.
 */
static char *intersection(const char *names, const struct name_list *list)
{
	char *copy = xstrdup(names), *rest = copy, *text = xstrdup(""), *name;

	while ((name = strsep(&rest, ","))) {
		char *longer;

		if (!name_listed(list, name))
			continue;
		longer = xasprintf("%s%s%s", text, *text ? "," : "", name);
		free(text);
		text = longer;
	}
	free(copy);
	return text;
}

/*
 * Workloads of a step: the step's own, or what the user asked for among its kinds. A kind the
 * user names passes as it is; names pass and those of other kinds are left out here.
 */
static char *step_workloads(const struct step *step, const struct run_options *options)
{
	const char *names =
	    options->quick && step->quick_workloads ? step->quick_workloads : step->workloads;
	struct name_list own = { 0 };
	const struct workload *workload;
	struct run_options of_step = { 0 };
	char *text;

	if (!options->workloads.count)
		return xstrdup(names ? names : "");
	for (char *copy = xstrdup(step->workloads ? step->workloads : "*"), *rest = copy, *name;
	     (name = strsep(&rest, ","));)
		of_step.workloads.names[of_step.workloads.count++] = name;
	for (size_t i = 0; (workload = suite_at(i)); i++)
		if (own.count < MAX_NAMES && workload_selected(options, workload) &&
		    workload_selected(&of_step, workload))
			own.names[own.count++] = (char *)workload->name;
	text = joined(&own);
	free(of_step.workloads.names[0]);
	return text;
}

/* The lab's command line; false if nothing of this step was asked for. */
static bool step_command(const struct step *step, const struct env *env,
			 const struct run_options *options, const char *folder, struct argv *argv)
{
	char *script = lab_script(env), *workloads = step_workloads(step, options);
	char *chosen = intersection(step->backends, &options->backends);
	char *guests = intersection(step->guests, &options->guests);
	bool wanted = *chosen && *guests && (*workloads || !options->workloads.count);
	unsigned runs = options->quick ? step->quick_runs : step->runs;

	argv_add(argv, script);
	for (size_t i = 0; i < ARRAY_SIZE(step->lab_options) && step->lab_options[i]; i++)
		argv_add(argv, step->lab_options[i]);
	argv_addf(argv, "--results=%s", folder);
	argv_add_all(argv, (const char *const[]){ "--", "kvm-bench", "run", "--where=host",
						  "--output=/results", "--no-report",
						  "--timeout=120", NULL });
	if (!step->crosscheck || options->no_crosscheck)
		argv_add(argv, "--no-crosscheck");
	argv_addf(argv, "--as=%s", step->as);
	argv_addf(argv, "--warmup=%u", step->warmup);
	argv_addf(argv, "--runs=%u", runs);
	argv_addf(argv, "--backend=%s", chosen);
	argv_addf(argv, "--guests=%s", guests);
	if (*workloads)
		argv_addf(argv, "--workload=%s", workloads);
	if (options->quick)
		argv_add(argv, "--quick");
	free(script);
	free(workloads);
	free(chosen);
	free(guests);
	return wanted;
}

static pid_t start(const struct argv *argv, const struct env *env)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	pid_t pid;
	int error;

	setenv("MINIKVM_BUILD", env->build, 1);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, 2, 1);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attributes, &none);
	error = posix_spawn(&pid, argv->words[0], &actions, &attributes, argv->words, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (error)
		die(STATUS_HOST, "%s: %s", argv->words[0], strerror(error));
	return pid;
}

/* Waits for the lab; after Ctrl-C it is asked to end, then made to. Returns its status. */
static int wait_for(pid_t pid, struct signals *signals)
{
	struct pollfd fds[] = { { .fd = pidfd_open(pid, 0), .events = POLLIN },
				{ .fd = signals->fd, .events = POLLIN } };
	int status = 0;

	while (fds[0].fd >= 0 && !fds[0].revents) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents || !signals_interrupted(signals))
			continue;
		kill(-pid, SIGTERM);
		if (poll(fds, 1, END_MS) == 0)
			kill(-pid, SIGKILL);
		break;
	}
	waitpid(pid, &status, 0);
	if (fds[0].fd >= 0)
		close(fds[0].fd);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The lab's own machine.json into ours. */
static void merge_machine(json_t *machine, const char *folder, const struct step *step,
			  struct notes *notes)
{
	char *path = xasprintf("%s/" MACHINE_JSON, folder);
	json_t *inner = json_read(path), *machines = json_object_get(machine, "machines");
	const json_t *text;
	size_t i;

	json_object_set(machines, step->as,
			json_object_get(json_object_get(inner, "machines"), step->as));
	json_array_extend(json_object_get(machine, "backends"), json_object_get(inner, "backends"));
	json_array_foreach(json_object_get(inner, "notes"), i, text)
	    note(notes, "%s", json_string_value(text));
	json_decref(inner);
	free(path);
}

static int step_failed(const struct step *step, int status, struct notes *notes)
{
	const char *hint = status == LAB_FAILURE ? "; scripts/setup.sh fetches what it needs" : "";

	warn("the lab ended with status %d%s", status, hint);
	note(notes, "lab: the step '%s' ended with status %d and is missing", step->about, status);
	return status == LAB_FAILURE ? STATUS_HOST : STATUS_FAILED;
}

static int run_step(const struct step *step, struct env *env, struct records *records,
		    const struct run_options *options, struct notes *notes, json_t *machine)
{
	char *folder = xasprintf("%s/lab.partial", records->folder), *samples;
	struct argv argv = { 0 };
	int status = STATUS_OK;

	remove_folder(folder);
	if (step_command(step, env, options, folder, &argv)) {
		fprintf(stderr, "%s: %s\n", step->as, step->about);
		if (make_dirs(folder) < 0)
			die(STATUS_HOST, "%s: %s", folder, strerror(errno));
		status = wait_for(start(&argv, env), &env->signals);
		samples = xasprintf("%s/" SAMPLES_CSV, folder);
		crosscheck_merge(records->folder, folder);
		if (access(samples, R_OK) == 0 && records_merge(records, folder) == 0)
			merge_machine(machine, folder, step, notes);
		else if (!env->signals.interrupted)
			status = step_failed(step, status, notes);
		free(samples);
		remove_folder(folder);
	}
	argv_free(&argv);
	free(folder);
	return env->signals.interrupted ? STATUS_INTERRUPTED : status;
}

int lab_run(struct env *env, struct records *records, const struct run_options *options,
	    struct notes *notes, json_t *machine, bool only_exact)
{
	int worst = STATUS_OK;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int status;

		if (only_exact && !steps[i].clock_is_exact)
			continue;
		status = run_step(&steps[i], env, records, options, notes, machine);
		if (status == STATUS_INTERRUPTED || status == STATUS_HOST)
			return status;
		if (status > worst)
			worst = status;
	}
	return worst;
}
