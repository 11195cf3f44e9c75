/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"

char *env_path(const struct env *env, const char *name)
{
	return xasprintf("%s/%s", env->build, name);
}

char *stats_path(const struct env *env)
{
	return xasprintf("%s/stats.json", env->scratch);
}

/* One for each workload: the traced runs are all prepared before the first of them starts. */
static char *input_path(const struct env *env, const struct workload *workload)
{
	return xasprintf("%s/input-%s", env->scratch, workload->name);
}

static bool is_program(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

static char *find_in_path(const char *name)
{
	const char *path = getenv("PATH");

	for (path = path ? path : "/usr/bin:/bin"; *path; path += path[0] == ':') {
		size_t length = strcspn(path, ":");
		char *file = xasprintf("%.*s/%s", (int)length, path, name);

		if (is_program(file))
			return file;
		free(file);
		path += length;
	}
	return NULL;
}

/*
 * Debian's qemu-system-i386 is a shell script that ends in exec of the program. Its
 * shell would be timed as QEMU's start-up, so the program is taken from the script: the
 * first absolute path in it with that name.
 */
static char *behind_script(char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char *text = read_file(path, NULL);

	if (!text || strncmp(text, "#!", 2) != 0) {
		free(text);
		return path;
	}
	for (char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
		char *start = at;
		char after = at[strlen(name)];

		while (start > text && !strchr(" \t\n='\"", start[-1]))
			start--;
		at[strlen(name)] = '\0';
		if (*start == '/' && strcmp(start, path) != 0 && is_program(start)) {
			free(path);
			path = xstrdup(start);
			break;
		}
		at[strlen(name)] = after;
	}
	free(text);
	return path;
}

static char *find_qemu(void)
{
	const char *given = getenv("MINIKVM_QEMU");
	char *path = given ? xstrdup(given) : find_in_path("qemu-system-i386");

	return path && strchr(path, '/') ? behind_script(path) : path;
}

static char *first_line_of(const char *const *words)
{
	char *text = command_output(words, false, 10, NULL);

	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool probe_says(const json_t *json, const char *key)
{
	return json_is_true(json_object_get(json, key));
}

static char *describe_probe(const struct probe *probe)
{
	const char *error = json_text(probe->json, "error", NULL);

	if (!probe->json)
		return xstrdup("unknown: kvm-vmm --probe gave no answer");
	if (error)
		return xasprintf("none: %s", error);
	return xasprintf("%s, real mode %s, 32-bit paging %s, guest code %s",
			 json_text(probe->json, "kvm", "kvm"), probe->real_mode ? "yes" : "no",
			 probe->offers & NEED_PAGING ? "yes" : "no",
			 probe->offers & NEED_NATIVE ? "on the processor" : "emulated");
}

static void run_probe(struct env *env)
{
	char *vmm = env_path(env, "kvm-vmm");
	const char *const words[] = { vmm, "--probe=json", NULL };
	struct probe *probe = &env->probe;
	char *text = is_program(vmm) ? command_output(words, false, 30, NULL) : NULL;

	if (text)
		probe->json = json_loads(text, 0, NULL);
	free(text);
	free(vmm);
	probe->real_mode = probe_says(probe->json, "real_mode");
	if (probe_says(probe->json, "protected_paging"))
		probe->offers |= NEED_PAGING;
	/* By what works, not by speed: an emulator lacks iret, and the lab's CPU is slow. */
	if (probe->offers & NEED_PAGING && probe_says(probe->json, "iret"))
		probe->offers |= NEED_NATIVE;
	if (probe_says(probe->json, "irqchip"))
		probe->offers |= NEED_IRQCHIP;
	probe->line = describe_probe(probe);
}

char *build_folder(void)
{
	const char *given = getenv("MINIKVM_BUILD");
	char path[4096];
	ssize_t length;

	if (given && *given)
		return xstrdup(given);
	length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (length <= 0)
		return xstrdup(".");
	path[length] = '\0';
	*strrchr(path, '/') = '\0';
	return xstrdup(*path ? path : "/");
}

static char *make_scratch(void)
{
	const char *base = getenv("TMPDIR");
	char *path = xasprintf("%s/kvm-bench.XXXXXX", base && *base ? base : "/tmp");

	if (!mkdtemp(path))
		die(STATUS_HOST, "%s: %s; set TMPDIR to a writable folder", path, strerror(errno));
	remove_folder_at_exit(path);
	return path;
}

void env_init(struct env *env, const char *where)
{
	*env = (struct env){ .where = where };
	env->unit = strcmp(where, "exact") == 0 ? "instructions" : "ns";
	env->build = build_folder();
	env->scratch = make_scratch();
	env->launcher = env_path(env, "bench/kvm-launch");
	env->qemu = find_qemu();
	if (env->qemu) {
		const char *const words[] = { env->qemu, "--version", NULL };

		env->qemu_version = first_line_of(words);
	}
	run_probe(env);
	signals_init(&env->signals);
}

void env_free(struct env *env)
{
	free(env->build);
	free(env->scratch);
	free(env->launcher);
	free(env->qemu);
	free(env->qemu_version);
	free(env->probe.line);
	json_decref(env->probe.json);
	close(env->signals.fd);
}

/* ---- kvm-vmm ---- */

static char *missing_program(const struct env *env, const char *name)
{
	char *path = env_path(env, name), *why = NULL;

	if (!is_program(path))
		why = xasprintf("%s is not there; build it with: ninja -C %s", path, env->build);
	free(path);
	return why;
}

static char *vmm_missing(const struct env *env)
{
	char *why = missing_program(env, "kvm-vmm");

	if (!why && !env->probe.real_mode)
		why = xstrdup("/dev/kvm is missing or unusable here; see kvm-vmm --probe");
	return why;
}

static const char *vmm_unfit(const struct env *env, const struct workload *workload,
			     unsigned guests)
{
	(void)guests;
	if (!workload->image)
		return "no image for kvm-vmm";
	if (workload->needs & ~env->probe.offers)
		return "needs more than this KVM can do: see kvm-vmm --probe";
	return NULL;
}

static void write_input(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) == EOF || fclose(file) != 0)
		die(STATUS_HOST, "%s: %s", path, strerror(errno));
}

static void vmm_command_of(const char *name, const struct env *env, const struct workload *workload,
			   unsigned guests, bool with_stats, struct argv *argv)
{
	char *program = env_path(env, name), *image = env_path(env, workload->image);

	argv_add(argv, program);
	argv_add(argv, "--color=never");
	argv_add_all(argv, workload->vmm_args);
	if (with_stats) {
		char *stats = stats_path(env);

		argv_add(argv, "--stats=json");
		argv_addf(argv, "--stats-file=%s", stats);
		unlink(stats); /* an old one must not be taken for this run's */
		free(stats);
	}
	if (workload->input) {
		char *input = input_path(env, workload);

		write_input(input, workload->input);
		for (unsigned i = 0; i < guests; i++)
			argv_addf(argv, "--input=%s", input);
		free(input);
	}
	for (unsigned i = 0; i < guests; i++)
		argv_add(argv, image);
	free(program);
	free(image);
}

static void vmm_command(const struct env *env, const struct workload *workload, unsigned guests,
			bool with_stats, struct argv *argv)
{
	vmm_command_of("kvm-vmm", env, workload, guests, with_stats, argv);
}

static int vmm_status(const struct workload *workload)
{
	return workload->vmm_status;
}

static char *no_input(const struct workload *workload)
{
	(void)workload;
	return NULL;
}

/* ---- QEMU ---- */

static char *qemu_missing(const struct env *env)
{
	if (env->qemu && env->qemu_version)
		return NULL;
	return xstrdup(
	    "qemu-system-i386 is not installed; run scripts/setup.sh or set MINIKVM_QEMU");
}

static char *qemu_kvm_missing(const struct env *env)
{
	char *why = qemu_missing(env);

	if (!why && !(env->probe.offers & NEED_PAGING))
		why = xstrdup("qemu -accel kvm needs a KVM with 32-bit paging; use --where=lab");
	return why;
}

static const char *qemu_unfit(const struct env *env, const struct workload *workload,
			      unsigned guests)
{
	(void)env;
	(void)guests;
	return workload->rom || workload->kernel ? NULL : "no image for QEMU";
}

/*
 * The smallest machine that runs the image: no firmware in the way of a ROM, no default
 * devices, the console on standard output. memory: the same as kvm-vmm gives, at least 1 MiB.
 */
static void qemu_command(const struct env *env, const struct workload *workload, const char *accel,
			 struct argv *argv)
{
	const char *file = workload->rom ? workload->rom : workload->kernel;
	char *path = env_path(env, file);

	argv_add(argv, env->qemu);
	argv_add(argv, "-accel");
	argv_add(argv, accel);
	argv_add_all(argv,
		     (const char *const[]){ "-nodefaults", "-no-user-config", "-display", "none",
					    "-no-reboot", "-m", workload->rom ? "1" : "4",
					    "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
					    "-chardev", "stdio,id=con,signal=off", NULL });
	if (workload->kernel || workload->input)
		argv_add_all(argv, (const char *const[]){ "-serial", "chardev:con", NULL });
	/* A chardev has one device: one that reads leaves the debug console another. */
	if (workload->rom && workload->input)
		argv_add_all(argv, (const char *const[]){
				       "-chardev", "file,id=out,path=/proc/self/fd/1", "-device",
				       "isa-debugcon,iobase=0xe9,chardev=out", NULL });
	else if (workload->rom)
		argv_add_all(argv, (const char *const[]){
				       "-device", "isa-debugcon,iobase=0xe9,chardev=con", NULL });
	argv_add(argv, workload->rom ? "-bios" : "-kernel");
	argv_add(argv, path);
	argv_add_all(argv, workload->qemu_args);
	free(path);
}

static void tcg_command(const struct env *env, const struct workload *workload, unsigned guests,
			bool with_stats, struct argv *argv)
{
	(void)guests;
	(void)with_stats;
	qemu_command(env, workload, "tcg", argv);
}

static void kvm_command(const struct env *env, const struct workload *workload, unsigned guests,
			bool with_stats, struct argv *argv)
{
	(void)guests;
	(void)with_stats;
	qemu_command(env, workload, "kvm", argv);
}

/* A serial line has no end of input: the guests take Ctrl-D for it, as a terminal would. */
static char *qemu_input(const struct workload *workload)
{
	return workload->input ? xasprintf("%s\x04", workload->input) : NULL;
}

static int qemu_status(const struct workload *workload)
{
	return workload->qemu_status;
}

/* ---- floor: a bare KVM_RUN loop with the workload's number of exits ---- */

static char *floor_missing(const struct env *env)
{
	char *why = missing_program(env, "kvm-floor");

	if (!why && !env->probe.real_mode)
		why = xstrdup("/dev/kvm is missing or unusable here; see kvm-vmm --probe");
	return why;
}

static uint64_t exits_of(const struct workload *workload, const char *reason)
{
	for (const struct expected_exits *e = workload->exits; e && e->reason; e++)
		if (!strcmp(e->reason, reason))
			return e->count;
	return 0;
}

static const char *floor_unfit(const struct env *env, const struct workload *workload,
			       unsigned guests)
{
	(void)env;
	if (workload->kind != KIND_GUEST || !workload->exits)
		return "the floor stands beside the real-mode guests only";
	return guests == 1 ? NULL : "the floor runs one guest";
}

static void floor_command(const struct env *env, const struct workload *workload, unsigned guests,
			  bool with_stats, struct argv *argv)
{
	char *program = env_path(env, "kvm-floor");

	(void)guests;
	(void)with_stats;
	argv_add(argv, program);
	argv_addf(argv, "%ju", (uintmax_t)exits_of(workload, "KVM_EXIT_IO"));
	argv_addf(argv, "%ju", (uintmax_t)exits_of(workload, "KVM_EXIT_HLT"));
	free(program);
}

static int zero_status(const struct workload *workload)
{
	(void)workload;
	return 0;
}

/* ---- no-stats: kvm-vmm built without its instrumentation, which costs the difference ---- */

static char *no_stats_missing(const struct env *env)
{
	char *why = missing_program(env, "kvm-vmm-no-stats");

	return why ? why : vmm_missing(env);
}

static const char *no_stats_unfit(const struct env *env, const struct workload *workload,
				  unsigned guests)
{
	/* The start and each exit: one guest with hardly any, one with many. */
	if (strcmp(workload->name, "minimal") != 0 && strcmp(workload->name, "multiplication") != 0)
		return "what instrumentation costs is measured with minimal and multiplication";
	return guests == 1 ? vmm_unfit(env, workload, guests) : "one guest is enough for it";
}

static void no_stats_command(const struct env *env, const struct workload *workload,
			     unsigned guests, bool with_stats, struct argv *argv)
{
	(void)with_stats;
	vmm_command_of("kvm-vmm-no-stats", env, workload, guests, false, argv);
}

/* ---- native: the payload as a 32-bit process ---- */

static char *never_missing(const struct env *env)
{
	(void)env;
	return NULL;
}

static const char *native_unfit(const struct env *env, const struct workload *workload,
				unsigned guests)
{
	(void)env;
	(void)guests;
	return workload->native ? NULL : "no payload that runs as a process";
}

static void native_command(const struct env *env, const struct workload *workload, unsigned guests,
			   bool with_stats, struct argv *argv)
{
	char *program = env_path(env, workload->native);

	(void)guests;
	(void)with_stats;
	argv_add(argv, program);
	argv_add_all(argv, workload->native_args);
	free(program);
}

static int native_status(const struct workload *workload)
{
	return workload->native_status;
}

static char *native_input(const struct workload *workload)
{
	return workload->input ? xstrdup(workload->input) : NULL;
}

const struct backend backends[] = {
	{ .name = "kvm-vmm",
	  .about = "our VMM on KVM",
	  .missing = vmm_missing,
	  .unfit = vmm_unfit,
	  .command = vmm_command,
	  .input = no_input,
	  .good_status = vmm_status,
	  .has_stats = true },
	{ .name = "qemu-tcg",
	  .about = "qemu-system-i386 -accel tcg: translation, no KVM",
	  .missing = qemu_missing,
	  .unfit = qemu_unfit,
	  .command = tcg_command,
	  .input = qemu_input,
	  .good_status = qemu_status,
	  .process_per_guest = true },
	{ .name = "qemu-kvm",
	  .about = "qemu-system-i386 -accel kvm (only if asked for)",
	  .missing = qemu_kvm_missing,
	  .unfit = qemu_unfit,
	  .command = kvm_command,
	  .input = qemu_input,
	  .good_status = qemu_status,
	  .process_per_guest = true,
	  .optional = true },
	{ .name = "floor",
	  .about = "a bare KVM_RUN loop with as many exits: the least any VMM can take",
	  .missing = floor_missing,
	  .unfit = floor_unfit,
	  .command = floor_command,
	  .input = no_input,
	  .good_status = zero_status,
	  .silent = true },
	{ .name = "no-stats",
	  .about = "kvm-vmm built without its instrumentation (exact mode, or if asked for)",
	  .missing = no_stats_missing,
	  .unfit = no_stats_unfit,
	  .command = no_stats_command,
	  .input = no_input,
	  .good_status = vmm_status,
	  .optional = true },
	{ .name = "native",
	  .about = "the payload as a 32-bit process, no virtualization",
	  .missing = never_missing,
	  .unfit = native_unfit,
	  .command = native_command,
	  .input = native_input,
	  .good_status = native_status,
	  .process_per_guest = true },
	{ 0 },
};

const struct backend *backend_find(const char *name)
{
	for (const struct backend *backend = backends; backend->name; backend++)
		if (!strcmp(backend->name, name))
			return backend;
	return NULL;
}
