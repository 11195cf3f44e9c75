/* SPDX-License-Identifier: MIT */
/*
 * Sections of the report, in its order. Each appends a heading, one sentence
 * computed from the data that says what is seen, and plots beside their tables;
 * without data, one line that says what would produce them.
 */
#ifndef KVM_BENCH_SECTION_H
#define KVM_BENCH_SECTION_H

#include "document.h"
#include "format.h"
#include "plots.h"
#include "results.h"

struct report {
	struct results *results;
	struct document *document;
	struct plotter plotter;
};

/* section_overview.c */
void section_what(struct report *report);
void section_verdict(struct report *report);
void section_claims(struct report *report);
void section_noise(struct report *report);
void section_images(struct report *report);
void section_machine(struct report *report);
void section_data(struct report *report);
/* section_exits.c */
void section_exits(struct report *report);
void section_latency(struct report *report);
void section_crosscheck(struct report *report);
/* section_path.c: where the time of an exit goes */
void section_split(struct report *report);
void section_irq(struct report *report);
void section_micro(struct report *report);
/* section_time.c */
void section_runtime(struct report *report);
void section_startup(struct report *report);
void section_memory(struct report *report);
void section_scaling(struct report *report);
/* section_compute.c */
void section_compute(struct report *report);

/* ---- What sections share (section.c) ---- */
#define OURS "kvm-vmm"
#define NO_STATS "no-stats" /* kvm-vmm again, without its instrumentation */
#define TCG "qemu-tcg"

/* The backends a column is made for, in this order; NULL-terminated. */
extern const char *const backend_order[];

/* Median and interval, or a dash where there is no series. */
void table_measured(struct table *table, const struct series *series);
/* a over b with bounds, or a dash. */
void table_ratio(struct table *table, const struct series *a, const struct series *b);
/* Columns for every backend that has this metric there; their number goes to *count. */
struct backends {
	const char *name[8];
	size_t count;
};
struct backends backends_with(const struct results *results, const char *where, const char *metric,
			      enum workload_class class);

/* Draws the plot and puts it into the document; where it cannot be drawn, nothing is put there. */
void report_plot(struct report *report, struct plot *plot, const char *script,
		 const char *const *settings, const char *description);

/*
 * Rows "item,part,lower,upper,percent,median" of a histogram for distribution.gp; buckets are
 * joined where few values would leave gaps between them.
 */
void plot_histogram(struct csv *csv, const char *item, const char *part, const struct histogram *h);

/* "1 program", "6 programs". */
struct text counted(size_t count, const char *noun);

/* Geometric mean, least and largest of ratios over workloads. */
struct spread {
	double product_log, least, most;
	const char *least_name, *most_name;
	size_t count;
};
void spread_add(struct spread *spread, double ratio, const char *name);
double spread_mean(const struct spread *spread);

/* What kind of KVM the host has: "kvm_amd", "kvm_intel", "kvm_pvm", "none", ... */
const char *host_kvm(const struct results *results);
/* The host's KVM interprets real-mode code instead of running it. */
bool host_emulates(const struct results *results);
/* Nanoseconds a guest instruction takes on such a host; 0: not known. */
double host_instruction_ns(const struct results *results);

#endif
