/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"
#include "machine.h"
#include "placement.h"

#define CPU_DIR "/sys/devices/system/cpu"

/* First line of a file, or NULL; the caller frees it. */
static char *read_line(const char *path)
{
	char *text = read_file(path, NULL);

	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

static void set_text(json_t *object, const char *key, const char *value)
{
	json_object_set_new(object, key, json_string(value ? value : "unknown"));
}

static void set_line_of(json_t *object, const char *key, const char *path)
{
	char *line = read_line(path);

	set_text(object, key, line);
	free(line);
}

/* Value of "name : value" in a file of such lines, or NULL. */
static char *find_field(const char *path, const char *name, char separator)
{
	char *text = read_file(path, NULL), *value = NULL;

	for (char *line = text; line && *line && !value;) {
		size_t length = strcspn(line, "\n");
		char *mark = memchr(line, separator, length);

		if (mark && !strncmp(line, name, strlen(name)) && mark[1]) {
			mark += 1 + strspn(mark + 1, " \t\"");
			value = xstrdup(mark);
			value[strcspn(value, "\"\n")] = '\0';
		}
		line += length + (line[length] == '\n');
	}
	free(text);
	return value;
}

static void add_check(json_t *checks, const char *name, const char *level, const char *found,
		      const char *hint)
{
	json_array_append_new(checks, json_pack("{s:s, s:s, s:s, s:s}", "check", name, "level",
						level, "found", found, "hint", hint));
}

/* ---- Settings in a file of their own: one row each ---- */

struct setting {
	const char *key, *path;
	const char *good; /* values that are fine, separated by '|'; NULL: recorded only */
	const char *hint;
};

static const struct setting settings[] = {
	{ "governor", CPU_DIR "/cpu0/cpufreq/scaling_governor", "performance",
	  "cpupower frequency-set -g performance" },
	{ "turbo", CPU_DIR "/cpufreq/boost", "0",
	  "echo 0 > " CPU_DIR "/cpufreq/boost keeps the clock steady" },
	{ "no_turbo", CPU_DIR "/intel_pstate/no_turbo", "1",
	  "echo 1 > " CPU_DIR "/intel_pstate/no_turbo keeps the clock steady" },
	{ "smt", CPU_DIR "/smt/active", "0",
	  "a busy sibling thread slows a vCPU; echo off > " CPU_DIR "/smt/control" },
	{ "ksm", "/sys/kernel/mm/ksm/run", "0", "echo 0 > /sys/kernel/mm/ksm/run" },
	{ "transparent_hugepages", "/sys/kernel/mm/transparent_hugepage/enabled", NULL, "" },
	{ "nested_amd", "/sys/module/kvm_amd/parameters/nested", NULL, "" },
	{ "nested_intel", "/sys/module/kvm_intel/parameters/nested", NULL, "" },
	{ "halt_poll_ns", "/sys/module/kvm/parameters/halt_poll_ns", NULL, "" },
	{ "clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource",
	  "tsc|kvm-clock", "another clock source makes every clock read slow" },
};

static bool is_one_of(const char *value, const char *list)
{
	size_t length = strlen(value);

	for (const char *at = list; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
		if (!strncmp(at, value, length) && (at[length] == '|' || !at[length]))
			return true;
	return false;
}

static void add_settings(json_t *machine, json_t *checks)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct setting *setting = &settings[i];
		char *value = read_line(setting->path);

		set_text(machine, setting->key, value);
		if (setting->good)
			add_check(checks, setting->key,
				  !value			    ? "unknown"
				  : is_one_of(value, setting->good) ? "ok"
								    : "warn",
				  value ? value : "not readable here", setting->hint);
		free(value);
	}
}

/* ---- What has to be counted or looked for ---- */

static void add_load(json_t *machine, json_t *checks)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	char *text = read_line("/proc/loadavg"), found[64];
	double load = text ? atof(text) : -1;

	json_object_set_new(machine, "load1", json_real(load));
	snprintf(found, sizeof(found), "%.2f on %ld cores", load, cores);
	add_check(checks, "load",
		  load < 0			? "unknown"
		  : load > 0.25 * (double)cores ? "warn"
						: "ok",
		  found, "other programs run: figures of time are worth less");
	free(text);
}

/* Share of all CPU time since boot that a hypervisor gave to others. */
static void add_steal(json_t *machine, json_t *checks)
{
	unsigned long long t[8] = { 0 }, sum = 0;
	char *text = read_line("/proc/stat"), found[64];
	double percent = 0;

	if (text && sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2],
			   &t[3], &t[4], &t[5], &t[6], &t[7]) == 8) {
		for (size_t i = 0; i < ARRAY_SIZE(t); i++)
			sum += t[i];
		percent = sum ? 100.0 * (double)t[7] / (double)sum : 0;
	}
	json_object_set_new(machine, "steal_percent", json_real(percent));
	snprintf(found, sizeof(found), "%.2f %% since boot", percent);
	add_check(checks, "steal", percent > 0.5 ? "warn" : "ok", found,
		  "the hypervisor below gives CPU time to others");
	free(text);
}

static void add_throttling(json_t *machine, json_t *checks)
{
	char *count = read_line(CPU_DIR "/cpu0/thermal_throttle/core_throttle_count");

	set_text(machine, "throttled", count);
	add_check(checks, "throttling",
		  !count	       ? "unknown"
		  : strcmp(count, "0") ? "warn"
				       : "ok",
		  count ? count : "not readable here", "the processor was too hot at least once");
	free(count);
}

static void add_mitigations(json_t *machine)
{
	const char *folder = CPU_DIR "/vulnerabilities";
	json_t *all = json_object();
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *path = xasprintf("%s/%s", folder, entry->d_name), *line = NULL;

		if (entry->d_name[0] != '.')
			line = read_line(path);
		if (line)
			set_text(all, entry->d_name, line);
		free(line);
		free(path);
	}
	if (dir)
		closedir(dir);
	json_object_set_new(machine, "mitigations", all);
}

static void add_processor(json_t *machine)
{
	char *model = find_field("/proc/cpuinfo", "model name", ':');
	char *flags = find_field("/proc/cpuinfo", "flags", ':');
	char *siblings = find_field("/proc/cpuinfo", "siblings", ':');
	char *cores = find_field("/proc/cpuinfo", "cpu cores", ':');
	char *vendor = read_line("/sys/hypervisor/type");
	struct sysinfo info;

	set_text(machine, "cpu", model);
	json_object_set_new(machine, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	if (siblings && cores && atoi(cores) > 0)
		json_object_set_new(machine, "threads_per_core",
				    json_integer(atoi(siblings) / atoi(cores)));
	if (sysinfo(&info) == 0)
		json_object_set_new(machine, "memory_bytes",
				    json_integer((json_int_t)(info.totalram * info.mem_unit)));
	set_text(machine, "hypervisor",
		 vendor					? vendor
		 : flags && strstr(flags, "hypervisor") ? "present"
							: "none");
	json_object_set_new(
	    machine, "hardware_virtualization",
	    json_boolean(flags && (strstr(flags, " vmx") || strstr(flags, " svm"))));
	free(model);
	free(flags);
	free(siblings);
	free(cores);
	free(vendor);
}

static void add_system(json_t *machine)
{
	char *os = find_field("/etc/os-release", "PRETTY_NAME", '=');
	struct utsname name;

	uname(&name);
	set_text(machine, "host", name.nodename);
	set_text(machine, "kernel", name.release);
	set_text(machine, "architecture", name.machine);
	set_text(machine, "os", os);
	set_line_of(machine, "kernel_command_line", "/proc/cmdline");
	free(os);
}

json_t *machine_describe(const struct env *env)
{
	json_t *machine = json_object(), *checks = json_array();

	add_system(machine);
	add_processor(machine);
	set_text(machine, "kvm", env->probe.line);
	if (env->probe.json)
		json_object_set(machine, "probe", env->probe.json);
	add_settings(machine, checks);
	json_object_set_new(machine, "placement", placement_describe());
	add_load(machine, checks);
	add_steal(machine, checks);
	add_throttling(machine, checks);
	add_mitigations(machine);
	json_object_set_new(machine, "checks", checks);
	return machine;
}

void machine_warn(const json_t *machine, const char *where)
{
	const json_t *check;
	size_t i;

	json_array_foreach(json_object_get(machine, "checks"), i,
			   check) if (!strcmp(json_text(check, "level", ""), "warn"))
	    fprintf(stderr, "%s: %s: %s (%s)\n", where, json_text(check, "check", ""),
		    json_text(check, "found", ""), json_text(check, "hint", ""));
}

/* The command of the first workload the backend can run. */
static char *example_command(const struct env *env, const struct backend *backend)
{
	const struct workload *workload;
	char *text;

	for (size_t i = 0; (workload = suite_at(i)); i++) {
		struct argv argv = { 0 };

		if (backend->unfit(env, workload, 1))
			continue;
		backend->command(env, workload, 1, false, &argv);
		text = argv_text(&argv);
		argv_free(&argv);
		return text;
	}
	return xstrdup("");
}

void machine_add_backends(json_t *array, const struct env *env, const struct run_options *options)
{
	for (const struct backend *backend = backends; backend->name; backend++) {
		char *missing = backend->missing(env);
		bool selected = backend_selected(options, backend->name, backend->optional);
		char *command = missing ? xstrdup("") : example_command(env, backend);
		bool qemu = !strncmp(backend->name, "qemu", 4);

		json_array_append_new(
		    array,
		    json_pack("{s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:s}", "where", env->where,
			      "backend", backend->name, "available", !missing, "selected", selected,
			      "reason", missing ? missing : "", "path",
			      qemu && env->qemu ? env->qemu : "", "version",
			      qemu ? (env->qemu_version ? env->qemu_version : "") : MINIKVM_VERSION,
			      "command", command));
		free(command);
		free(missing);
	}
}

static void set_file(json_t *image, const struct env *env, const char *key, const char *bytes_key,
		     const char *name)
{
	char *path = name ? env_path(env, name) : NULL;
	struct stat info;

	if (path && stat(path, &info) == 0) {
		json_object_set_new(image, key, json_string(name));
		json_object_set_new(image, bytes_key, json_integer(info.st_size));
	}
	free(path);
}

json_t *machine_images(const struct env *env)
{
	json_t *images = json_array();
	const struct workload *workload;

	for (size_t i = 0; (workload = suite_at(i)); i++) {
		json_t *image = json_pack("{s:s, s:s, s:s}", "workload", workload->name, "kind",
					  kind_name(workload->kind), "about", workload->about);

		set_file(image, env, "file", "bytes", workload->image);
		set_file(image, env, "rom", "rom_bytes",
			 workload->rom ? workload->rom : workload->kernel);
		set_file(image, env, "native", "native_bytes", workload->native);
		json_array_append_new(images, image);
	}
	return images;
}

/* Of the tree that the build folder belongs to; "unknown" outside of git. */
static char *git_revision(const struct env *env)
{
	const char *const revision[] = { "git",	    "-C",   env->build, "rev-parse",
					 "--short", "HEAD", NULL };
	const char *const changes[] = { "git",	       "-C",   env->build, "status",
					"--porcelain", "-uno", NULL };
	int status = -1;
	char *text = command_output(revision, false, 5, &status), *dirty, *full;

	if (!text || status || !*text) {
		free(text);
		return xstrdup("unknown");
	}
	text[strcspn(text, "\n")] = '\0';
	dirty = command_output(changes, false, 5, &status);
	full = xasprintf("%s%s", text, dirty && *dirty ? "-dirty" : "");
	free(text);
	free(dirty);
	return full;
}

json_t *machine_start(const struct env *env, const struct run_options *options)
{
	time_t now = time(NULL);
	char *revision = git_revision(env), started[32];
	struct tm utc;
	json_t *json;

	strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:i, s:i}", "format",
			 "minikvm-machine-1", "version", MINIKVM_VERSION, "revision", revision,
			 "started", started, "state", "running", "command", options->command,
			 "quick", options->quick, "warmup", options->warmup, "min_runs",
			 options->min_runs, "max_runs", options->max_runs);
	json_object_set_new(json, "images", machine_images(env));
	json_object_set_new(json, "vmm_lines", json_integer(vmm_lines(env->build)));
	free(revision);
	return json;
}
