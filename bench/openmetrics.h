/* SPDX-License-Identifier: MIT */
/* Results as OpenMetrics text, for Prometheus' textfile collector or a push gateway. */
#ifndef KVM_BENCH_OPENMETRICS_H
#define KVM_BENCH_OPENMETRICS_H

#include "results.h"

/* 0, or -1 with a message. The file is written under a temporary name, then renamed. */
int openmetrics_write(const struct results *results, const char *path);

#endif
