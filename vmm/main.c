/* SPDX-License-Identifier: MIT */
/* kvm-vmm: a small x86 virtual machine monitor on the Linux KVM API. */
#include <argp.h>

#include "options.h"
#include "run.h"

const char *argp_program_version = "kvm-vmm " MINIKVM_VERSION;

int main(int argc, char **argv)
{
	uint64_t main_ns = now_ns();
	struct options options;

	options_parse(&options, argc, argv);
	if (options.probe != PROBE_NONE)
		return probe_main(options.probe == PROBE_JSON);
	return run_guests(&options.config, main_ns);
}
