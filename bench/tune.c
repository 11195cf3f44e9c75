/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tune.h"

static const struct {
	const char *files; /* pattern below the root */
	const char *value;
} settings[] = {
	{ "/sys/devices/system/cpu/cpufreq/policy*/scaling_governor", "performance" },
	{ "/sys/devices/system/cpu/cpufreq/boost", "0" },
	{ "/sys/devices/system/cpu/intel_pstate/no_turbo", "1" },
	{ "/sys/kernel/mm/ksm/run", "0" },
};

/* 0, or an errno; the kernel answers a bad value in write(). */
static int put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), error = 0;

	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		error = errno;
	close(fd);
	return error;
}

static void change(struct tune *tune, const char *path, const char *value, struct notes *notes)
{
	char *before = read_file(path, NULL);
	int error;

	if (before)
		before[strcspn(before, "\n")] = '\0';
	if (!before || !strcmp(before, value)) {
		free(before);
		return;
	}
	error = put(path, value);
	if (error) {
		note(notes, "--tune: %s stays %s: %s", path, before, strerror(error));
		warn("--tune: %s stays %s: %s; try as root", path, before, strerror(error));
		free(before);
		return;
	}
	note(notes, "--tune: %s was %s, is %s for this run", path, before, value);
	tune->changed = xrealloc(tune->changed, (tune->count + 1) * sizeof(*tune->changed));
	tune->changed[tune->count++] = (struct tuned){ .path = xstrdup(path), .before = before };
}

void tune_start(struct tune *tune, const char *root, struct notes *notes)
{
	*tune = (struct tune){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		char *pattern = xasprintf("%s%s", root, settings[i].files);
		glob_t found;

		if (glob(pattern, 0, NULL, &found) == 0) {
			for (size_t j = 0; j < found.gl_pathc; j++)
				change(tune, found.gl_pathv[j], settings[i].value, notes);
			globfree(&found);
		}
		free(pattern);
	}
}

void tune_end(struct tune *tune)
{
	while (tune->count) {
		struct tuned *changed = &tune->changed[--tune->count];
		int error = put(changed->path, changed->before);

		if (error)
			warn("--tune: %s could not be put back to %s: %s", changed->path,
			     changed->before, strerror(error));
		free(changed->path);
		free(changed->before);
	}
	free(tune->changed);
	*tune = (struct tune){ 0 };
}

static void end_now(int status, void *tune)
{
	(void)status;
	tune_end(tune);
	free(tune);
}

void tune_end_at_exit(struct tune *tune)
{
	on_exit(end_now, tune);
}
