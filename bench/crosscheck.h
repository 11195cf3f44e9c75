/* SPDX-License-Identifier: MIT */
/*
 * The second witness: one run of each workload on kvm-vmm watched by kvm-exits (eBPF), apart from
 * the timed ones. Writes crosscheck.csv, kernel_exits.csv, split.csv and irq_latency.csv.
 */
#ifndef CROSSCHECK_H
#define CROSSCHECK_H

#include "schedule.h"

#define SPLIT_CSV "split.csv"
#define IRQ_LATENCY_CSV "irq_latency.csv"
#define SPLIT_COLUMNS "where,workload,reason,part,unit,count,mean,p50,p99"
#define IRQ_LATENCY_COLUMNS "where,workload,irq,stage,unit,lower,upper,count"

/*
 * STATUS_OK, STATUS_FAILED after a MISMATCH or a failed run, STATUS_INTERRUPTED. Where eBPF is not
 * to be had it notes what is missing and returns STATUS_OK: the rest of the bench needs none of it.
 */
int crosscheck_run(struct env *env, const char *folder, const struct run_options *options,
		   struct notes *notes);
/* Adds another folder's rows to ours, as they are; files that are not there add nothing. */
void crosscheck_merge(const char *folder, const char *from);

/* ---- split.c: kvm-exits' record joined with kvm-vmm's trace ---- */
struct kernel_record;					    /* every event of the watched runs */
struct kernel_record *kernel_record_read(const char *path); /* NULL with a message */
void kernel_record_free(struct kernel_record *record);
/*
 * Of one workload that ran alone; trace: its --trace-file. Each exit cut in four, and its
 * interrupts' ways, appended to the two files.
 */
void split_workload(const struct kernel_record *record, const char *trace, const struct env *env,
		    const char *workload, struct csv *split, struct csv *irq);

#endif
