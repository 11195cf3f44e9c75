/* SPDX-License-Identifier: MIT */
/* Stands in for the gate, which needs the lab: says what $GATE_SAYS says, ends with $GATE_STATUS.
 */
#include <stdlib.h>
#include <string.h>

#include "../bench.h"

int cmd_gate(int argc, char **argv)
{
	const char *says = getenv("GATE_SAYS"), *status = getenv("GATE_STATUS");

	if (argc != 3 || strcmp(argv[1], "--counts") != 0)
		return STATUS_USAGE;
	if (!says || !status)
		die(STATUS_HOST, "no reference");
	printf("%s\n", says);
	return atoi(status);
}
