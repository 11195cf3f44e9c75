/* SPDX-License-Identifier: MIT */
/* kvm-bench list: workloads and backends, and which of them this machine can run. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "options.h"

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	argp_error(state, "'%s': list takes no arguments", arg);
	return EINVAL;
}

static void list_workloads(const struct env *env)
{
	const struct backend *vmm = backend_find("kvm-vmm");
	const struct workload *workload;

	printf("%-24s %-8s %-6s %s\n", "WORKLOAD", "KIND", "HERE", "ABOUT");
	for (size_t i = 0; (workload = suite_at(i)); i++)
		printf("%-24s %-8s %-6s %s\n", workload->name, kind_word(workload->kind),
		       vmm->unfit(env, workload, 1) ? "lab" : "yes", workload->about);
}

static void list_backends(const struct env *env)
{
	printf("\n%-24s %-8s %s\n", "BACKEND", "HERE", "ABOUT");
	for (const struct backend *backend = backends; backend->name; backend++) {
		char *missing = backend->missing(env);

		printf("%-24s %-8s %s%s%s\n", backend->name, missing ? "no" : "yes", backend->about,
		       missing ? "; " : "", missing ? missing : "");
		free(missing);
	}
}

int cmd_list(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_option,
		.doc = "Lists the workloads and backends; HERE: whether this machine's KVM can run "
		       "it.",
	};
	struct env env;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	env_init(&env, "host");
	list_workloads(&env);
	list_backends(&env);
	printf("\nKVM here: %s\n", env.probe.line);
	env_free(&env);
	return STATUS_OK;
}
