/* SPDX-License-Identifier: MIT */
/* The claims of the original Mini-KVM, each against what was measured. */
#ifndef KVM_BENCH_CLAIMS_H
#define KVM_BENCH_CLAIMS_H

#include "document.h"
#include "results.h"

struct claim_verdict {
	enum state state; /* GOOD holds, BAD does not, UNKNOWN not measured or not decidable here */
	char measured[320]; /* with its place and unit; "not measured yet" */
	char verdict[256];
};

struct claim {
	const char *id;	   /* for summary.json: "vm-init" */
	const char *claim; /* as the original words it */
	void (*judge)(const struct results *results, struct claim_verdict *verdict);
};

/* Ends with a NULL id. */
extern const struct claim claims[];

/* Compute: cost of one iteration from `metric`, its unit as recorded. */
struct compute_cost {
	double value, low, high; /* NaN: not measured */
	const char *unit;
	size_t runs; /* of a ratio: of the side that has fewer */
};
struct compute_cost compute_cost(const struct results *results, const char *where,
				 const char *workload, const char *backend);

/* Ratio of two costs of one unit; value NaN if either is missing. */
struct compute_cost compute_ratio(struct compute_cost a, struct compute_cost b);

#endif
