/* SPDX-License-Identifier: MIT */
/* What kvm-bench gate says about a results folder, for the head of its report. */
#ifndef KVM_BENCH_GATE_VERDICT_H
#define KVM_BENCH_GATE_VERDICT_H

#include "results.h"

/*
 * { "verdict": "pass" | "fail" | "not run", "text": one line that says why }; a new
 * reference. The gate runs in a process of its own, since it ends the program where
 * it has nothing to compare.
 */
json_t *gate_verdict(const struct results *results);

#endif
