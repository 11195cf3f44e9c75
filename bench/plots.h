/* SPDX-License-Identifier: MIT */
/*
 * Plots of a report: a CSV file under plots/, and the SVG that gnuplot draws
 * from that file alone with a script of scripts/plot/.
 */
#ifndef KVM_BENCH_PLOTS_H
#define KVM_BENCH_PLOTS_H

#include <stdbool.h>

#include "bench.h"

struct plotter {
	char *folder;  /* the results folder */
	char *scripts; /* where the .gp files are; NULL: not found */
	char *problem; /* why plots cannot be drawn, a sentence; NULL while they can */
};

/* scripts: NULL to look for them beside the program, in the source tree and where it is installed.
 */
void plotter_init(struct plotter *plotter, const char *folder, const char *scripts);
void plotter_free(struct plotter *plotter);

struct plot {
	struct csv csv;
	const char *name; /* plots/NAME.csv, plots/NAME.svg */
	bool open;
};

/* Starts plots/NAME.csv with these columns. false: a message is on stderr, the rest does nothing.
 */
bool plot_begin(struct plotter *plotter, struct plot *plot, const char *name, const char *columns);

/* A blank-separated list of names for a script: each once, blanks within a name become '-'. */
struct names {
	char *list; /* "" while empty; freed by names_free() */
	size_t count;
};
void names_add(struct names *names, const char *name);
/* As names_add() writes it; a csv_text() of the same name must match. */
void csv_name(struct csv *csv, const char *name);
void names_free(struct names *names);

/*
 * Closes the CSV file and draws it. settings: NULL-terminated pairs of a gnuplot
 * variable and its text. Returns whether the SVG is there.
 */
bool plot_draw(struct plotter *plotter, struct plot *plot, const char *script,
	       const char *const *settings);

#endif
