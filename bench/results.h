/* SPDX-License-Identifier: MIT */
/*
 * A results folder in memory: what kvm-bench report, compare and merge start
 * from. Reading never fails for what is in the files: a missing file, a damaged
 * row or a folder that a killed run left behind becomes a note, and the rest is used.
 *
 * Texts are interned: within one struct results, equal texts are equal pointers.
 */
#ifndef KVM_BENCH_RESULTS_H
#define KVM_BENCH_RESULTS_H

#include <jansson.h>

#include "bench.h"
#include "histogram.h"
#include "statistics.h"

#define SPLIT_CSV "split.csv"
#define IRQ_LATENCY_CSV "irq_latency.csv"

/* Where a figure comes from; the three never meet in one number. */
#define WHERE_HOST "host"
#define WHERE_LAB "lab"
#define WHERE_EXACT "exact"

/* A median is called narrow when its interval's half width is within this share of it. */
#define NARROW 0.02

/* All values of one metric of one workload on one backend, and what they say. */
struct series {
	const char *where, *workload, *backend, *phase, *metric, *unit;
	unsigned guests;
	size_t count; /* values of runs that passed their checks */
	size_t room;
	double *in_order; /* as measured */
	double *sorted;

	/* Filled by results_read() for count > 0. */
	double median, mean;
	struct interval interval; /* of the median, 95 % */
	double p90, p99, p999;
	size_t outliers;
	double floor; /* A/A noise floor, share of the median; 0: not known */
};

struct histogram_series {
	const char *where, *workload, *backend, *reason, *span, *unit;
	unsigned guests;
	struct histogram histogram;
};

/* Runs of one workload on one backend that were started, and how many failed. */
struct run_group {
	const char *where, *workload, *backend;
	unsigned guests;
	size_t ok, failed;  /* counted runs */
	const char *reason; /* of the last failure */
};

/* Rows of a small CSV file, as texts. */
struct rows {
	const char *const *columns; /* NULL-terminated */
	unsigned width;
	size_t count;
	const char **cell; /* [row * width + column] */
	bool present;	   /* the file is there */
};

/* crosscheck.csv */
enum {
	CROSS_WHERE,
	CROSS_WORKLOAD,
	CROSS_GUESTS,
	CROSS_BACKEND,
	CROSS_VCPU,
	CROSS_REASON,
	CROSS_VMM,
	CROSS_KERNEL,
	CROSS_STATS_FD,
	CROSS_VERDICT
};
/* kernel_exits.csv */
enum {
	KERNEL_WHERE,
	KERNEL_WORKLOAD,
	KERNEL_GUESTS,
	KERNEL_BACKEND,
	KERNEL_VCPU,
	KERNEL_ISA,
	KERNEL_REASON,
	KERNEL_COUNT,
	KERNEL_TOTAL_NS,
	KERNEL_TO_USER
};
/* split.csv */
enum {
	SPLIT_WHERE,
	SPLIT_WORKLOAD,
	SPLIT_REASON,
	SPLIT_PART,
	SPLIT_UNIT,
	SPLIT_COUNT,
	SPLIT_MEAN,
	SPLIT_P50,
	SPLIT_P99
};
/* irq_latency.csv */
enum { IRQ_WHERE, IRQ_WORKLOAD, IRQ_IRQ, IRQ_STAGE, IRQ_UNIT, IRQ_LOWER, IRQ_UPPER, IRQ_COUNT };

struct results {
	char *path;	  /* folder, without a slash at the end */
	const char *name; /* its last component */
	json_t *machine;  /* machine.json; an empty object if it cannot be read */

	struct series *series;
	size_t series_count;
	struct histogram_series *histograms;
	size_t histogram_count;
	struct run_group *groups;
	size_t group_count;
	struct rows crosscheck, kernel_exits, split, irq;

	const char **workloads; /* in the suite's order, else in the order they first ran */
	size_t workload_count;

	char **notes; /* what was damaged or missing, one sentence each */
	size_t note_count;

	struct intern *intern;
};

/*
 * NULL with a message on stderr if `path` is no folder that can be read or has
 * neither samples.csv nor machine.json; otherwise to be freed with results_free().
 */
struct results *results_read(const char *path);
void results_free(struct results *results);

/*
 * Only when the caller adds series by hand (made-up data in tests): the series
 * for these texts, new if needed. The pointer is good until the next call.
 */
struct series *results_add_series(struct results *results, const struct series *key);

/* Appends a note. */
void results_note(struct results *results, const char *format, ...) PRINTF(2, 3);

/* The counted series of these names, or NULL if it has no value. */
const struct series *results_series(const struct results *results, const char *where,
				    const char *workload, unsigned guests, const char *backend,
				    const char *metric);
const struct histogram_series *results_histogram(const struct results *results, const char *where,
						 const char *workload, unsigned guests,
						 const char *backend, const char *reason,
						 const char *span);

/* Whether any counted value was measured there. */
bool results_has(const struct results *results, const char *where);

/* Exit counts, sizes, and everything measured in instructions: a change is a change. */
bool series_is_exact(const struct series *series);

/* Text that lives as long as the results; equal texts give equal pointers. */
const char *results_intern(struct results *results, const char *text);

/* What a workload is, told from its data alone. */
enum workload_class { CLASS_GUEST, CLASS_OS, CLASS_MICRO, CLASS_COMPUTE };
enum workload_class results_class(const struct results *results, const char *workload);

#endif
