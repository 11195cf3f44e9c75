/* SPDX-License-Identifier: MIT */
#include "gate_verdict.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_BYTES 65536

/*
 * In the child: the gate's own words, errors included, go to the pipe. Counts only: path lengths
 * depend on the order of runs, which is the gate's own only in the gate's own runs.
 */
static _Noreturn void run_gate(const char *folder, int output)
{
	char name[] = "kvm-bench gate", counts[] = "--counts", *path = xstrdup(folder);
	char *argv[] = { name, counts, path, NULL };

	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	exit(cmd_gate(3, argv)); /* flushes */
}

/* All that arrives, cut at OUTPUT_BYTES; to be freed. */
static char *read_all(int input)
{
	char *text = xcalloc(OUTPUT_BYTES, 1), rest[4096];
	size_t used = 0;
	ssize_t got;

	while ((got = read(input, text + used, OUTPUT_BYTES - 1 - used)) > 0)
		used += (size_t)got;
	while (read(input, rest, sizeof rest) > 0)
		; /* a full pipe would stop the writer */
	return text;
}

/* The first line that says FAIL, else the last line. Points into text. */
static const char *telling_line(char *text)
{
	char *fail = strstr(text, "FAIL "), *line = text, *next;

	if (fail)
		line = fail;
	else
		while ((next = strchr(line, '\n')) && next[1])
			line = next + 1;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static json_t *verdict_of(int status, const char *line)
{
	static const char *const prefixes[] = { "kvm-bench: ", "gate: ", "FAIL " };
	const char *verdict = status == STATUS_OK	? "pass"
			      : status == STATUS_FAILED ? "fail"
							: "not run";

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(line, prefixes[i], strlen(prefixes[i])))
			line += strlen(prefixes[i]);
	return json_pack("{s:s, s:s+}", "verdict", verdict, "text", line, "");
}

json_t *gate_verdict(const struct results *results)
{
	int ends[2], status = -1;
	json_t *verdict;
	char *text;
	pid_t pid;

	if (!results_has(results, WHERE_EXACT))
		return verdict_of(
		    STATUS_HOST,
		    "no exact runs are in this folder; `kvm-bench run --where=both` makes them");
	fflush(NULL);
	if (pipe(ends) < 0)
		return verdict_of(STATUS_HOST, "no pipe for its output");
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		run_gate(results->path, ends[1]);
	}
	close(ends[1]);
	text = read_all(ends[0]);
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	verdict = verdict_of(pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_HOST,
			     telling_line(text));
	free(text);
	return verdict;
}
