/* SPDX-License-Identifier: MIT */
/* Run times from a samples.csv: on the terminal, and in hyperfine's export formats. */
#ifndef TABLE_H
#define TABLE_H

#include "options.h"

/* One workload on one backend: the counted good runs. */
struct series {
	char *where, *workload, *backend, *unit;
	unsigned guests;
	double *times, *cpus; /* wall and cpu, in the order measured */
	size_t time_count, cpu_count;
	double exits;	   /* of one run; -1: unknown */
	bool exits_differ; /* between runs */
	double max_rss;	   /* largest, bytes */
	unsigned failed;
};

struct series_list {
	struct series *items;
	size_t count;
};

/* 0, or -1 with a message. */
int series_read(struct series_list *list, const char *folder);
void series_free(struct series_list *list);
/* kvm-vmm beside QEMU, as wide as the terminal allows. */
void table_print(const struct series_list *list, FILE *out, unsigned columns, bool colour);
/* hyperfine's formats; 0, or -1 with a message. NULL paths are left out. */
int table_export(const struct series_list *list, const struct run_options *options);

#endif
