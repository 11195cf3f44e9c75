/* SPDX-License-Identifier: MIT */
/* What the guests that measure themselves print, read into rows and histograms. */
#ifndef KVM_BENCH_MICRO_H
#define KVM_BENCH_MICRO_H

#include "bench.h"

/* QEMU's status after isa-debug-exit with 0x10 (guests/micro/bare.c). */
#define QEMU_STATUS_OK 33
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/*
 * parse_fn of the micro-benchmarks: the format is described in guests/micro/micro.c. Records
 *     op.NAME.min, .p50, .p90, .p99, .p999, .max, .mean	cycles, or instructions where exact
 *     op.NAME.skipped						text: the guest's reason
 *     tsc_hz							not where exact
 * and histograms with reason NAME, span "op": cycles and ns, or instructions.
 * workload->data is the mode the guest must name in its first line.
 */
parse_fn parse_micro;

/*
 * Unit of the time-stamp counter where this run happened. In the exact lab a cycle must be an
 * instruction: NULL with the reason in why if it is not.
 */
const char *tsc_unit(const struct run_result *result, char *why, size_t why_bytes);

/* Cycles a second of this machine's time-stamp counter, against CLOCK_MONOTONIC; takes 5 ms. */
double tsc_hz(void);

#endif
