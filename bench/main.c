/* SPDX-License-Identifier: MIT */
/* kvm-bench COMMAND: finds the command in a table and hands it the rest. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *about;
};

static const struct command commands[] = {
	{ "run", cmd_run, "run workloads on kvm-vmm and QEMU, then write the report" },
	{ "list", cmd_list, "list workloads and backends, and what this machine can run" },
	{ "report", cmd_report, "write plots and report from a results folder" },
	{ "compare", cmd_compare, "compare two results folders; status 1 on a regression" },
	{ "merge", cmd_merge, "join results of several machines" },
	{ "gate", cmd_gate, "compare exact counts and path lengths with the reference" },
};

static void usage(FILE *out)
{
	fputs("Usage: kvm-bench COMMAND [OPTION...]\n"
	      "Measure and explain every VM exit: kvm-vmm beside QEMU, on this host and on the\n"
	      "reference machine.\n\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].about);
	fputs("\n  --help     this text; kvm-bench COMMAND --help for a command's options\n"
	      "  --version\n\n"
	      "Status: 0 ok, 1 a run or check failed, 2 wrong usage, 3 this machine lacks "
	      "something,\n"
	      "130 interrupted (results so far are kept).\n",
	      out);
}

static int unknown(const char *name)
{
	const char *words[ARRAY_SIZE(commands) + 1] = { NULL }, *near;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		words[i] = commands[i].name;
	near = closest(name, words);
	if (near)
		die(STATUS_USAGE, "unknown command '%s': did you mean '%s'? (try --help)", name,
		    near);
	die(STATUS_USAGE, "unknown command '%s'; try 'kvm-bench --help'", name);
}

/* The command's argv[0] is "kvm-bench NAME": what its usage text and errors begin with. */
static int run_command(const struct command *command, int argc, char **argv)
{
	char **own = xcalloc((size_t)argc + 1, sizeof(*own));
	int status;

	memcpy(own, argv, (size_t)argc * sizeof(*own));
	own[0] = xasprintf("kvm-bench %s", command->name);
	status = command->run(argc, own);
	free(own[0]);
	free(own);
	return status;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		usage(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		usage(stdout);
		return STATUS_OK;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("kvm-bench " MINIKVM_VERSION);
		return STATUS_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name))
			return run_command(&commands[i], argc - 1, argv + 1);
	return unknown(name);
}
