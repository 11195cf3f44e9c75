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
/* Of a whole step; minutes on an idle machine. */
#define LAB_TIMEOUT_S 1800
/* How long a lab may take to end itself after SIGTERM. */
#define END_MS 5000

/*
 * One boot of the reference machine. They run side by side: the exact ones do not see how busy
 * this machine is, and the times of the first are used for nothing.
 */
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
	  .runs = 2,
	  .quick_runs = 1,
	  .crosscheck = true },
	{ .as = "exact",
	  .about = "instructions of kvm-vmm and of a bare KVM_RUN loop",
	  .lab_options = { "--exact" },
	  .backends = "kvm-vmm,floor,no-stats",
	  .quick_workloads = "guest,os",
	  .guests = "1",
	  .warmup = 1, /* the first run after boot differs */
	  .runs = 3,
	  .quick_runs = 2,
	  .clock_is_exact = true },
	{ .as = "exact",
	  .about = "instructions of QEMU",
	  .lab_options = { "--exact", "--qemu" },
	  .backends = "qemu-tcg,qemu-kvm",
	  .workloads = "guest,os",
	  .quick_workloads = "hello",
	  .guests = "1",
	  .warmup = 1,
	  .runs = 2,
	  .quick_runs = 2 },
	{ .as = "exact",
	  .about = "instructions of TCG for the payloads",
	  .lab_options = { "--exact", "--qemu" },
	  .backends = "qemu-tcg",
	  .workloads = "compute",
	  .guests = "1",
	  .warmup = 1,
	  .runs = 2 },
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
	char *guests =
	    step->guests ? intersection(step->guests, &options->guests) : joined(&options->guests);
	unsigned runs = options->quick ? step->quick_runs : step->runs; /* 0: not with --quick */
	bool wanted = runs && *chosen && (*guests || !step->guests) &&
		      (*workloads || !options->workloads.count);

	argv_add(argv, script);
	for (size_t i = 0; i < ARRAY_SIZE(step->lab_options) && step->lab_options[i]; i++)
		argv_add(argv, step->lab_options[i]);
	argv_addf(argv, "--timeout=%d", LAB_TIMEOUT_S);
	argv_addf(argv, "--results=%s", folder);
	argv_add_all(argv, (const char *const[]){ "--", "kvm-bench", "run", "--where=host",
						  "--output=/results", "--no-report",
						  "--timeout=600", NULL });
	if (!step->crosscheck || options->no_crosscheck)
		argv_add(argv, "--no-crosscheck");
	argv_addf(argv, "--as=%s", step->as);
	argv_addf(argv, "--warmup=%u", step->warmup);
	argv_addf(argv, "--runs=%u", runs);
	argv_addf(argv, "--backend=%s", chosen);
	if (*guests)
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

struct running {
	const struct step *step;
	char *folder; /* what the lab sees as /results; NULL: the step was not started */
	pid_t pid;
	int fd; /* pidfd; -1 once it has ended */
	int status;
};

static void reap(struct running *running)
{
	int status = 0;

	waitpid(running->pid, &status, 0);
	close(running->fd);
	running->fd = -1;
	running->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Until one ends, a signal comes or the time is up; false when none is left. */
static bool wait_for_any(struct running *runs, struct signals *signals, int timeout_ms)
{
	struct pollfd fds[ARRAY_SIZE(steps) + 1];
	bool left = false;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		fds[i] = (struct pollfd){ .fd = runs[i].fd, .events = POLLIN };
		left |= runs[i].fd >= 0;
	}
	fds[ARRAY_SIZE(steps)] =
	    (struct pollfd){ .fd = signals->interrupted ? -1 : signals->fd, .events = POLLIN };
	if (!left || (poll(fds, ARRAY_SIZE(fds), timeout_ms) <= 0 && timeout_ms >= 0))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (runs[i].fd >= 0 && fds[i].revents)
			reap(&runs[i]);
	signals_interrupted(signals);
	return true;
}

static void kill_all(const struct running *runs, int signal)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (runs[i].fd >= 0)
			kill(-runs[i].pid, signal);
}

/* After Ctrl-C they are asked to end, then made to. */
static void wait_for_all(struct running *runs, struct signals *signals)
{
	while (!signals->interrupted && wait_for_any(runs, signals, -1))
		;
	if (!signals->interrupted)
		return;
	kill_all(runs, SIGTERM);
	while (wait_for_any(runs, signals, END_MS))
		;
	kill_all(runs, SIGKILL);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (runs[i].fd >= 0)
			reap(&runs[i]);
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

static void start_step(struct running *running, const struct env *env,
		       const struct records *records, const struct run_options *options,
		       size_t index)
{
	struct argv argv = { 0 };

	running->folder = xasprintf("%s/lab%zu.partial", records->folder, index);
	remove_folder(running->folder);
	if (!step_command(running->step, env, options, running->folder, &argv)) {
		free(running->folder);
		running->folder = NULL;
	} else {
		fprintf(stderr, "%s: %s\n", running->step->as, running->step->about);
		if (make_dirs(running->folder) < 0)
			die(STATUS_HOST, "%s: %s", running->folder, strerror(errno));
		running->pid = start(&argv, env);
		running->fd = pidfd_open(running->pid, 0);
	}
	argv_free(&argv);
}

static int finish_step(struct running *running, struct env *env, struct records *records,
		       struct notes *notes, json_t *machine)
{
	char *samples = xasprintf("%s/" SAMPLES_CSV, running->folder);
	int status = running->status;

	crosscheck_merge(records->folder, running->folder);
	if (access(samples, R_OK) == 0 && records_merge(records, running->folder) == 0)
		merge_machine(machine, running->folder, running->step, notes);
	else if (!env->signals.interrupted)
		status = step_failed(running->step, status, notes);
	remove_folder(running->folder);
	free(running->folder);
	free(samples);
	return status;
}

int lab_run(struct env *env, struct records *records, const struct run_options *options,
	    struct notes *notes, json_t *machine, bool only_exact)
{
	struct running runs[ARRAY_SIZE(steps)];
	int worst = STATUS_OK;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		runs[i] = (struct running){ .step = &steps[i], .fd = -1 };
		if (!only_exact || steps[i].clock_is_exact)
			start_step(&runs[i], env, records, options, i);
	}
	wait_for_all(runs, &env->signals);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int status = runs[i].folder ? finish_step(&runs[i], env, records, notes, machine)
					    : STATUS_OK;

		if (status > worst)
			worst = status;
	}
	return env->signals.interrupted ? STATUS_INTERRUPTED : worst;
}
