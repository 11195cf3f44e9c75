/* SPDX-License-Identifier: MIT */
/*
 * summary.json, format "minikvm-summary-1":
 * { "format", "version", "name", "revision", "started",
 *   "exact":    [ { "where", "workload", "guests", "backend", "metric", "unit", "value" } ],
 *               exit counts, sizes, and all measured in instructions; "least" and "most" beside
 *               "value" (the median) only where runs differ. Two runs of one build agree on all of
 *               kvm-vmm's and the floor's.
 *   "measured": [ { ..., "runs", "median", "low", "high", "confidence", "mean", "least", "p90",
 * "p99", "p99.9", "most", "outliers", "noise_floor", "narrow" } ],   low, high: of the median
 *   "failed":   [ { "where", "workload", "guests", "backend", "ok", "failed", "reason" } ],
 *   "crosscheck": { "rows", "mismatches" } | null,
 *   "claims":   [ { "id", "claim", "state": "holds"|"fails"|"open", "measured", "verdict" } ],
 *   "notes":    [ text ] }
 * Arrays are sorted by their texts, so that two summaries can be compared line by line.
 */
#ifndef KVM_BENCH_SUMMARY_H
#define KVM_BENCH_SUMMARY_H

#include "results.h"

#define SUMMARY_FORMAT "minikvm-summary-1"

/* A new reference. */
json_t *summary_json(const struct results *results);

#endif
