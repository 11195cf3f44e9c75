/* SPDX-License-Identifier: MIT */
/* kvm-vmm's --stats=json: checked against the workload, then turned into samples. */
#include <inttypes.h>
#include <string.h>

#include "record.h"
#include "verify.h"

/* Steps of one vCPU's start, each named by its end, in the order they happen. */
static const char *const vcpu_steps[] = { "vm", "memory", "vcpu", "load", "first_entry", "exit" };

/* The metric each step's duration goes to; the one before it ended when the step began. */
static const char *const step_metrics[] = { "phase.vm",	  "phase.memory", "phase.vcpu",
					    "phase.load", "phase.entry",  "phase.run" };

static const char *reason_of(const json_t *exit)
{
	return json_text(exit, "reason", "?");
}

/* KVM_RUN that returned -1 is no exit of the guest: it is counted, but not expected. */
static bool is_guest_exit(const json_t *exit)
{
	return !strncmp(reason_of(exit), "KVM_EXIT_", strlen("KVM_EXIT_"));
}

static uint64_t count_of(const json_t *exits, const char *reason)
{
	uint64_t count = 0;
	const json_t *exit;
	size_t i;

	json_array_foreach(exits, i, exit) if (!strcmp(reason_of(exit), reason)) count +=
	    json_u64(exit, "count", 0);
	return count;
}

static uint64_t expected_count(const struct expected_exits *expected, const char *reason)
{
	for (; expected->reason; expected++)
		if (!strcmp(expected->reason, reason))
			return expected->count;
	return 0;
}

static int verify_vcpu(const struct expected_exits *expected, const json_t *vcpu, char *why)
{
	const json_t *exits = json_object_get(vcpu, "exits"), *exit;
	unsigned number = (unsigned)json_u64(vcpu, "vcpu", 0);
	uint64_t sum = 0, runs = json_u64(vcpu, "kvm_runs", 0);
	size_t i;

	for (const struct expected_exits *e = expected; e && e->reason; e++) {
		uint64_t count = count_of(exits, e->reason);

		if (count != e->count) {
			snprintf(why, WHY_BYTES,
				 "guest %u: %" PRIu64 " %s where %" PRIu64 " were due", number,
				 count, e->reason, e->count);
			return -1;
		}
	}
	json_array_foreach(exits, i, exit)
	{
		sum += json_u64(exit, "count", 0);
		if (expected && is_guest_exit(exit) && !expected_count(expected, reason_of(exit))) {
			snprintf(why, WHY_BYTES, "guest %u: %" PRIu64 " %s where none was due",
				 number, json_u64(exit, "count", 0), reason_of(exit));
			return -1;
		}
	}
	if (sum != runs) {
		snprintf(why, WHY_BYTES,
			 "guest %u: exits add up to %" PRIu64 ", but KVM_RUN returned %" PRIu64
			 " times",
			 number, sum, runs);
		return -1;
	}
	return 0;
}

int verify_exits(const struct workload *workload, const json_t *stats, unsigned guests, char *why)
{
	const json_t *vcpus = json_object_get(stats, "vcpus"), *vcpu;
	const char *format = json_text(stats, "format", "none");
	size_t i;

	if (strcmp(format, STATS_FORMAT) != 0) {
		snprintf(why, WHY_BYTES, "statistics of format %.64s where %s was due", format,
			 STATS_FORMAT);
		return -1;
	}
	if (json_array_size(vcpus) != guests) {
		snprintf(why, WHY_BYTES, "statistics of %zu guests where %u ran",
			 json_array_size(vcpus), guests);
		return -1;
	}
	json_array_foreach(vcpus, i,
			   vcpu) if (verify_vcpu(workload->exits, vcpu, why) < 0) return -1;
	return 0;
}

/* A later clock reading minus an earlier one; 0 rather than a huge number if they are swapped. */
static double elapsed(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) : 0;
}

/* When the last guest had done a step: with several, the steps still add up to the whole. */
static uint64_t latest(const json_t *vcpus, const char *step)
{
	uint64_t last = 0;
	const json_t *vcpu;
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "phases_ns.%s", step);
	json_array_foreach(vcpus, i, vcpu)
	{
		uint64_t end = json_u64(vcpu, path, 0);

		if (end > last)
			last = end;
	}
	return last;
}

static void record_phases(struct recorder *recorder, const json_t *stats,
			  const struct run_result *result, uint64_t end_ns)
{
	const json_t *vcpus = json_object_get(stats, "vcpus");
	uint64_t main_ns = json_u64(stats, "phases_ns.main", 0);
	uint64_t before = json_u64(stats, "phases_ns.open", 0);

	record(recorder, "phase.exec", result->unit, elapsed(result->start_ns, main_ns));
	record(recorder, "phase.open", result->unit, elapsed(main_ns, before));
	for (size_t i = 0; i < ARRAY_SIZE(vcpu_steps); i++) {
		uint64_t end = latest(vcpus, vcpu_steps[i]);

		record(recorder, step_metrics[i], result->unit, elapsed(before, end));
		if (!strcmp(vcpu_steps[i], "first_entry"))
			record(recorder, "startup", result->unit, elapsed(result->start_ns, end));
		before = end;
	}
	/* Up to phases_ns.end, before the statistics themselves are written. */
	record(recorder, "phase.exit", result->unit,
	       elapsed(before, json_u64(stats, "phases_ns.end", end_ns)));
}

/* One reason, all guests together. */
struct exit_sum {
	uint64_t count;
	struct span_sum {
		uint64_t total, min, max;
	} run, handler;
};

static void add_span(struct span_sum *sum, const json_t *span)
{
	uint64_t min = json_u64(span, "min", 0), max = json_u64(span, "max", 0);

	sum->total += json_u64(span, "total", 0);
	if (min < sum->min)
		sum->min = min;
	if (max > sum->max)
		sum->max = max;
}

static void record_buckets(struct recorder *recorder, const char *reason, const char *name,
			   const char *unit, const json_t *span)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(json_object_get(span, "histogram"), i, pair) record_bucket(
	    recorder, reason, name, unit, (uint32_t)json_integer_value(json_array_get(pair, 0)),
	    (uint64_t)json_integer_value(json_array_get(pair, 1)));
}

static void record_span(struct recorder *recorder, const char *reason, const char *name,
			const char *unit, const struct span_sum *sum)
{
	const struct {
		const char *name;
		uint64_t value;
	} figures[] = { { "total", sum->total }, { "min", sum->min }, { "max", sum->max } };
	char metric[96];

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		snprintf(metric, sizeof(metric), "exit.%s.%s.%s", reason, name, figures[i].name);
		record(recorder, metric, unit, (double)figures[i].value);
	}
}

/* Sums one reason over all guests and records it; the histograms on the way. */
static void record_reason(struct recorder *recorder, const json_t *vcpus, const char *reason,
			  const char *unit)
{
	struct exit_sum sum = { .run.min = UINT64_MAX, .handler.min = UINT64_MAX };
	const json_t *vcpu, *exit;
	char metric[96];
	size_t i, j;

	json_array_foreach(vcpus, i, vcpu)
	{
		json_array_foreach(json_object_get(vcpu, "exits"), j, exit)
		{
			const json_t *run = json_object_get(exit, "run_ns");
			const json_t *handler = json_object_get(exit, "handler_ns");

			if (strcmp(reason_of(exit), reason) != 0)
				continue;
			sum.count += json_u64(exit, "count", 0);
			add_span(&sum.run, run);
			add_span(&sum.handler, handler);
			record_buckets(recorder, reason, "run", unit, run);
			record_buckets(recorder, reason, "handler", unit, handler);
		}
	}
	if (!sum.count)
		return;
	snprintf(metric, sizeof(metric), "exits.%s", reason);
	record(recorder, metric, "exits", (double)sum.count);
	record_span(recorder, reason, "run", unit, &sum.run);
	record_span(recorder, reason, "handler", unit, &sum.handler);
	if (!strcmp(reason, "KVM_EXIT_HLT"))
		record(recorder, "idle", unit, (double)sum.handler.total);
}

/* Whether an earlier guest, or an earlier entry of this one, had the reason already. */
static bool seen_before(const json_t *vcpus, size_t vcpu_index, size_t exit_index,
			const char *reason)
{
	for (size_t i = 0; i <= vcpu_index; i++) {
		const json_t *exits = json_object_get(json_array_get(vcpus, i), "exits");
		size_t end = i < vcpu_index ? json_array_size(exits) : exit_index;

		for (size_t j = 0; j < end; j++)
			if (!strcmp(reason_of(json_array_get(exits, j)), reason))
				return true;
	}
	return false;
}

void record_stats(struct recorder *recorder, const struct run_result *result, uint64_t end_ns)
{
	const json_t *vcpus = json_object_get(result->stats, "vcpus"), *vcpu, *exit;
	uint64_t exits = 0;
	size_t i, j;

	record_phases(recorder, result->stats, result, end_ns);
	json_array_foreach(vcpus, i, vcpu)
	{
		json_array_foreach(json_object_get(vcpu, "exits"), j, exit)
		{
			if (is_guest_exit(exit))
				exits += json_u64(exit, "count", 0);
			if (!seen_before(vcpus, i, j, reason_of(exit)))
				record_reason(recorder, vcpus, reason_of(exit), result->unit);
		}
	}
	record(recorder, "exits", "exits", (double)exits);
}
