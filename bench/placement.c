/* SPDX-License-Identifier: MIT */
#include "placement.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

/* "0,1,2": the CPUs of the set from the skip-th on. */
static char *list(const cpu_set_t *cpus, unsigned skip)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		die(STATUS_HOST, "out of memory; close other programs and run again");
	for (unsigned cpu = 0, seen = 0, put = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, cpus) && seen++ >= skip)
			fprintf(out, "%s%u", put++ ? "," : "", cpu);
	fclose(out);
	return text;
}

static void look(struct placement *placement)
{
	*placement = (struct placement){ .count = 1 };
	if (sched_getaffinity(0, sizeof(placement->before), &placement->before) < 0)
		return;
	placement->count = (unsigned)CPU_COUNT(&placement->before);
	placement->all = list(&placement->before, 0);
	placement->others = list(&placement->before, 1);
}

void placement_begin(struct placement *placement)
{
	cpu_set_t first;

	look(placement);
	if (placement->count < 2)
		return;
	CPU_ZERO(&first);
	CPU_SET(atoi(placement->all), &first);
	sched_setaffinity(0, sizeof(first), &first);
}

void placement_end(struct placement *placement)
{
	if (placement->count > 1)
		sched_setaffinity(0, sizeof(placement->before), &placement->before);
	free(placement->all);
	free(placement->others);
	*placement = (struct placement){ 0 };
}

const char *placement_of(const struct placement *placement, unsigned guests)
{
	if (placement->count < 2)
		return NULL;
	return guests < placement->count ? placement->others : placement->all;
}

json_t *placement_describe(void)
{
	struct placement p;
	json_t *text;

	look(&p);
	if (p.count < 2)
		text = json_string("one CPU for bench and guests");
	else
		text = json_sprintf("bench on CPU %d, up to %u guest%s on the other CPU%s, more on "
				    "all",
				    atoi(p.all), p.count - 1, p.count > 2 ? "s" : "",
				    p.count > 2 ? "s" : "");
	free(p.all);
	free(p.others);
	return text;
}
