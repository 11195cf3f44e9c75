/* SPDX-License-Identifier: MIT */
/*
 * What a run prints: text tables, CSV, JSON.
 *
 * JSON, format OUTPUT_FORMAT. Times in nanoseconds, in exact mode of the lab
 * instructions. A span is
 *   {"count", "total", "min", "max", "mean", "p50", "p90", "p99", "p999",
 *    "histogram": [[bucket, count], ...]}         buckets: hist_index() of minikvm/trace.h
 * and is left out when its count is 0.
 *
 *   {"format": "kvm-exits-1", "version": "0.1.0",
 *    "machine": {"kernel", "cpus", "kvm": ["kvm_amd"], "lab": "" | "1" | "exact"},
 *    "clock": "CLOCK_MONOTONIC", "begin_ns", "duration_ns",
 *    "target": {"pid", "comm", "command": ["kvm-vmm", ...], "status"},  status: of a command
 *    "probes": ["kvm_exit", ...], "missing": ["exit", ...],             missing: --event words
 *    "hardware_exits": true,      false: kvm_exit never fired (software KVM), or is not watched
 *    "notes": ["..."],
 *    "lost": {"threads", "rows", "folded", "histograms", "addresses", "gsi", "records",
 *             "missed", "unmatched"},      what is counted in no row; all 0 in a complete run
 *    "cost": {"measured": true, "probes": [{"tracepoint", "runs", "total_ns", "mean_ns"}]},
 *    "records": 0,                                                      rows of --record
 *    "vcpus": [{"vcpu": 0 | -1, "tid", "tgid", "vm": 0, "comm",         vm: order of appearance
 *      "reentries", "unmatched", "off_cpu_ns",
 *      "injected", "reinjected", "acked", "emulated_insns", "failed_insns",
 *      "halt": {"polls", "poll_ns", "waits", "wait_ns", "invalid"},
 *      "user_exits": [{"reason": "KVM_EXIT_IO", "code": 2, "errno": 0, "count", "off_cpu_ns",
 *        "run_ns", "to_user_ns", "handler_ns", "reentry_ns": spans}],
 *      "hw_exits": [{"isa": "svm", "reason": "ioio", "code": 123, "count", "to_user",
 *        "off_cpu_ns", "guest_ns", "kernel_ns": spans}]}],
 *    "pio": [{"port": "0x500", "direction": "out" | "in", "count", "bytes"}],
 *    "mmio": [{"address": "0xfe000000", "direction": "write" | "read" | "read-wait",
 *              "count", "bytes"}],
 *    "irq": [{"gsi", "raised", "raised_outside", "lowered", "coalesced", "acked", "not_delivered",
 *      "injected_to_delivered_ns", "delivered_to_handled_ns", "injected_to_handled_ns": spans}]}
 *
 * KVM_RUN that returned -1 has reason "EINTR" or the like, code -1 and errno set, as in
 * kvm-vmm's --stats=json. Which time a span covers: kvm_exits.h.
 *
 * CSV: one header, then a row per reason, address or vCPU, as in the text tables:
 *   view,name,idle,samples,share,time_share,total_ns,min_ns,max_ns,mean_ns,p50_ns,p90_ns,p99_ns,
 *   p999_ns,off_cpu_ns,extra
 * and rows of view "lost" and "cost" (name, samples; cost: total_ns too).
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdio.h>
#include "report.h"
#include "session.h"
#include "target.h"

#define OUTPUT_FORMAT "kvm-exits-1"

struct run {
	const struct options *options;
	const struct session *session;
	const struct target *target;
	uint64_t begin_ns, duration_ns;
	uint64_t records; /* rows of --record */
	int status;	  /* of the command */
};

void output_text(FILE *out, const struct run *r);
void output_csv(FILE *out, const struct run *r);
void output_json(FILE *out, const struct run *r);

/* "lost: none" or what was lost and the option that helps, for one line; returns the sum. */
uint64_t lost_line(const struct session *s, char *buf, size_t size);

/* What the reader has to know (software KVM, missing tracepoints): the i-th note or NULL. */
const char *run_note(const struct run *r, size_t i);

uint64_t unmatched_sum(const struct session *s); /* events that close no span, of all threads */
uint64_t missed_sum(const struct session *s);	 /* events a busy program skipped */
bool has_hw_exits(const struct session *s);	 /* kvm_exit fired */

/* One table row (row NULL: the headings) of at most width columns, with its newline. */
void row_print(FILE *out, const struct view *v, const struct row *row, int width);

#endif
