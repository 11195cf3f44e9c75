/* SPDX-License-Identifier: MIT */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "vmm.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
enum probe { PROBE_NONE, PROBE_TABLE, PROBE_JSON };

struct options {
	struct config config;
	enum color color;
	enum probe probe;
};

/* Fills *o. A usage error prints its message and ends the program with STATUS_USAGE. */
void options_parse(struct options *o, int argc, char **argv);

struct scale {
	const char *unit; /* NULL ends a list */
	uint64_t factor;
};

/* "10ms" by the list of units; 0 if it is no such number or too large. */
uint64_t parse_scaled(const char *text, const struct scale *scales, bool unit_needed);

#endif
