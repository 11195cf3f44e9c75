/* SPDX-License-Identifier: MIT */
#include "plots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A plot takes a second at most; a gnuplot that hangs must not hang the report. */
#define GNUPLOT_SECONDS 60

static bool has_scripts(const char *folder)
{
	char *path = xasprintf("%s/common.gp", folder);
	bool there = access(path, R_OK) == 0;

	free(path);
	return there;
}

/* Relative to the program's folder: the source tree around a build folder, then an installation. */
static const char *const script_places[] = { "../scripts/plot", "../../scripts/plot", "plot" };

static char *find_scripts(void)
{
	const char *named = getenv("MINIKVM_PLOT_SCRIPTS");
	char program[4096], *slash;
	ssize_t length;

	if (named)
		return realpath(named, NULL);
	length = readlink("/proc/self/exe", program, sizeof program - 1);
	program[length > 0 ? length : 0] = '\0';
	slash = strrchr(program, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(script_places); i++) {
		char *folder = xasprintf("%s/%s", program, script_places[i]);
		char *real = has_scripts(folder) ? realpath(folder, NULL) : NULL;

		free(folder);
		if (real)
			return real;
	}
	return NULL;
}

/* Plots of an earlier report of this folder: what is not drawn again must not stay. */
static void remove_old(const char *plots)
{
	static const char *const endings[] = { ".svg", ".csv", ".log" };
	DIR *folder = opendir(plots);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		const char *dot = strrchr(entry->d_name, '.');

		for (size_t i = 0; dot && i < ARRAY_SIZE(endings); i++)
			if (!strcmp(dot, endings[i]))
				unlinkat(dirfd(folder), entry->d_name, 0);
	}
	if (folder)
		closedir(folder);
}

void plotter_init(struct plotter *plotter, const char *folder, const char *scripts)
{
	char *plots = xasprintf("%s/plots", folder);

	*plotter = (struct plotter){ .folder = xstrdup(folder) };
	plotter->scripts = scripts ? realpath(scripts, NULL) : find_scripts();
	if (!plotter->scripts || !has_scripts(plotter->scripts))
		plotter->problem =
		    xasprintf("the plot scripts were not found; name their folder "
			      "(scripts/plot of the source) in MINIKVM_PLOT_SCRIPTS");
	if (make_dirs(plots) < 0 && !plotter->problem)
		plotter->problem = xasprintf("plots/ cannot be written: %s", strerror(errno));
	remove_old(plots);
	free(plots);
}

void plotter_free(struct plotter *plotter)
{
	free(plotter->folder);
	free(plotter->scripts);
	free(plotter->problem);
}

bool plot_begin(struct plotter *plotter, struct plot *plot, const char *name, const char *columns)
{
	char *path = xasprintf("%s/plots/%s.csv", plotter->folder, name);

	*plot = (struct plot){ .name = name };
	plot->open = csv_create(&plot->csv, path, columns, false) == 0;
	free(path);
	return plot->open;
}

/* What the left margin of a plot has room for. */
#define NAME_CHARACTERS 26

static void clean_name(char *out, size_t size, const char *name)
{
	size_t i, characters = 0;

	for (i = 0; name[i] && i + 4 < size; i++) {
		characters += (name[i] & 0xc0) != 0x80;
		if (characters > NAME_CHARACTERS) {
			memcpy(out + i, "…", strlen("…") + 1);
			return;
		}
		out[i] = strchr(" \t\n\r\"',\\", name[i]) ? '-' : name[i];
	}
	out[i] = '\0';
}

void names_add(struct names *names, const char *name)
{
	char clean[128], *padded, *wanted;
	bool known;

	clean_name(clean, sizeof clean, name);
	padded = xasprintf(" %s ", names->list ? names->list : "");
	wanted = xasprintf(" %s ", clean);
	known = strstr(padded, wanted) != NULL;
	free(padded);
	free(wanted);
	if (known)
		return;
	padded = names->list;
	names->list = padded ? xasprintf("%s %s", padded, clean) : xstrdup(clean);
	names->count++;
	free(padded);
}

void csv_name(struct csv *csv, const char *name)
{
	char clean[128];

	clean_name(clean, sizeof clean, name);
	csv_text(csv, clean);
}

void names_free(struct names *names)
{
	free(names->list);
	*names = (struct names){ 0 };
}

/* NAME='TEXT'; in gnuplot's language, where '' stands for one quote. */
static char *assign(char *script, const char *name, const char *text)
{
	char *longer;

	longer = xasprintf("%s%s='", script ? script : "", name);
	free(script);
	for (; *text; text++) {
		script = longer;
		longer = xasprintf("%s%s%c", script, *text == '\'' ? "'" : "",
				   *text == '\n' ? ' ' : *text);
		free(script);
	}
	script = xasprintf("%s';", longer);
	free(longer);
	return script;
}

/* Waits with a limit; the exit status, or -1. */
static int wait_limited(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	uint64_t until = now_ns() + GNUPLOT_SECONDS * NS_PER_S;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_ns() > until) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* gnuplot's own messages go to plots/gnuplot.log: what is wrong with one plot is seldom urgent. */
static int run_gnuplot(const struct plotter *plotter, const char *settings, const char *script)
{
	pid_t pid = fork();

	if (pid == 0) {
		int log, null = open("/dev/null", O_RDONLY);

		if (chdir(plotter->folder) < 0)
			_exit(126);
		log = open("plots/gnuplot.log", O_WRONLY | O_CREAT | O_APPEND, 0666);
		if (null >= 0)
			dup2(null, 0);
		if (log >= 0) {
			dup2(log, 1);
			dup2(log, 2);
		}
		execlp("gnuplot", "gnuplot", "-d", "-e", settings, script, (char *)NULL);
		_exit(127);
	}
	return pid < 0 ? -1 : wait_limited(pid);
}

bool plot_draw(struct plotter *plotter, struct plot *plot, const char *script,
	       const char *const *settings)
{
	char *data = xasprintf("plots/%s.csv", plot->name);
	char *output = xasprintf("plots/%s.svg", plot->name);
	char *variables = NULL, *file = NULL;
	int status = -1;

	if (plot->open && csv_close(&plot->csv) == 0 && !plotter->problem) {
		variables = assign(variables, "scripts", plotter->scripts);
		variables = assign(variables, "data", data);
		variables = assign(variables, "output", output);
		for (; settings[0]; settings += 2)
			variables = assign(variables, settings[0], settings[1]);
		file = xasprintf("%s/%s.gp", plotter->scripts, script);
		status = run_gnuplot(plotter, variables, file);
		if (status == 127)
			plotter->problem =
			    xstrdup("gnuplot is not installed: apt-get install gnuplot-nox");
		else if (status != 0)
			warn("plots/%s.svg was not drawn; plots/gnuplot.log says why", plot->name);
	}
	plot->open = false;
	free(data);
	free(output);
	free(variables);
	free(file);
	return status == 0;
}
