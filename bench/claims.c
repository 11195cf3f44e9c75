/* SPDX-License-Identifier: MIT */
#include "claims.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "section.h"

static void say(char *text, size_t size, const char *format, va_list arguments)
{
	vsnprintf(text, size, format, arguments);
}

static void measured_as(struct claim_verdict *verdict, const char *format, ...) PRINTF(2, 3);

static void measured_as(struct claim_verdict *verdict, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(verdict->measured, sizeof verdict->measured, format, arguments);
	va_end(arguments);
}

static void decide(struct claim_verdict *verdict, enum state state, const char *format, ...)
    PRINTF(3, 4);

static void decide(struct claim_verdict *verdict, enum state state, const char *format, ...)
{
	va_list arguments;

	verdict->state = state;
	va_start(arguments, format);
	say(verdict->verdict, sizeof verdict->verdict, format, arguments);
	va_end(arguments);
}

static void not_measured(struct claim_verdict *verdict, const char *needs)
{
	measured_as(verdict, "not measured yet");
	decide(verdict, STATE_UNKNOWN, "needs %s", needs);
}

/* The smallest guest that has the metric: what start-up and memory are judged by. */
static const struct series *smallest(const struct results *results, const char *backend,
				     const char *metric)
{
	static const char *const guests[] = { "minimal", "hello" };

	for (size_t i = 0; i < ARRAY_SIZE(guests); i++) {
		const struct series *s =
		    results_series(results, WHERE_HOST, guests[i], 1, backend, metric);

		if (s)
			return s;
	}
	return NULL;
}

static void holds_or_not(struct claim_verdict *verdict, bool holds)
{
	decide(verdict, holds ? STATE_GOOD : STATE_BAD, holds ? "holds" : "does not hold");
}

static void judge_init(const struct results *results, struct claim_verdict *verdict)
{
	const struct series *s = smallest(results, OURS, "startup");

	if (!s) {
		not_measured(verdict, "a run on a host with a usable /dev/kvm");
		return;
	}
	measured_as(verdict, "%s from exec to the first guest instruction (`%s`, host)",
		    measured(s).text, s->workload);
	holds_or_not(verdict, s->interval.high < 5e6);
}

static void judge_init_ratio(const struct results *results, struct claim_verdict *verdict)
{
	const struct series *ours = smallest(results, OURS, "wall");
	const struct series *tcg =
	    ours ? results_series(results, WHERE_HOST, ours->workload, 1, TCG, "wall") : NULL;
	struct ratio ratio = series_ratio(tcg, ours);

	if (!isfinite(ratio.value)) {
		not_measured(verdict, "kvm-vmm and QEMU TCG on one host");
		return;
	}
	measured_as(verdict, "%s: %s against %s from exec to exit (`%s`, host)",
		    ratio_range(ratio).text, measured(tcg).text, measured(ours).text,
		    ours->workload);
	if (ratio.low < 10 && ratio.high >= 10)
		decide(verdict, STATE_UNKNOWN, "not decided: 10× lies within the interval");
	else
		holds_or_not(verdict, ratio.low >= 10);
}

static void judge_rss(const struct results *results, struct claim_verdict *verdict)
{
	const struct series *s = smallest(results, OURS, "max_rss");

	if (!s) {
		not_measured(verdict, "a run on a host with a usable /dev/kvm");
		return;
	}
	measured_as(verdict, "%.2f MB peak resident set (`%s`, host)", s->median / 1e6,
		    s->workload);
	holds_or_not(verdict, s->median <= 1.5e6);
}

static void judge_rss_ratio(const struct results *results, struct claim_verdict *verdict)
{
	const struct series *ours = smallest(results, OURS, "max_rss");
	const struct series *tcg =
	    ours ? results_series(results, WHERE_HOST, ours->workload, 1, TCG, "max_rss") : NULL;
	struct ratio ratio = series_ratio(tcg, ours);

	if (!isfinite(ratio.value)) {
		not_measured(verdict, "kvm-vmm and QEMU TCG on one host");
		return;
	}
	measured_as(verdict, "1/%.1f of QEMU TCG's: %.2f MB against %.1f MB (`%s`, host)",
		    ratio.value, ours->median / 1e6, tcg->median / 1e6, ours->workload);
	holds_or_not(verdict, ratio.value >= 30);
}

/* An OUT that ends in the VMM, measured in the guest: the plainest exit there is. */
static const struct histogram_series *out_exit(const struct results *results)
{
	const struct histogram_series *found = NULL;

	for (size_t i = 0; i < results->histogram_count; i++) {
		const struct histogram_series *h = &results->histograms[i];

		if (!strcmp(h->span, "op") && !strcmp(h->unit, "cycles") &&
		    !strcmp(h->where, WHERE_HOST) && !strcmp(h->backend, OURS) &&
		    !strncmp(h->reason, "out", 3) && h->histogram.count &&
		    (!found || strlen(h->reason) < strlen(found->reason)))
			found = h;
	}
	return found;
}

static void judge_exit_cycles(const struct results *results, struct claim_verdict *verdict)
{
	const struct histogram_series *h = out_exit(results);
	double cycles;

	if (!h) {
		not_measured(verdict, "the exit micro-benchmarks on a host with a usable /dev/kvm");
		return;
	}
	cycles = (double)histogram_percentile(&h->histogram, 50);
	measured_as(verdict, "%s cycles in the median for `%s` (`%s`, host, %s)",
		    grouped(cycles).text, h->reason, h->workload, host_kvm(results));
	if (host_emulates(results))
		decide(verdict, STATE_UNKNOWN,
		       "not decided here: this host's KVM (%s) emulates, its exits are no hardware "
		       "exits",
		       host_kvm(results));
	else
		holds_or_not(verdict, cycles >= 500 && cycles <= 2000);
}

static const struct series *os_series(const struct results *results, const char *where,
				      const char *metric)
{
	for (size_t w = 0; w < results->workload_count; w++) {
		const struct series *s;

		if (results_class(results, results->workloads[w]) != CLASS_OS)
			continue;
		s = results_series(results, where, results->workloads[w], 1, OURS, metric);
		if (s)
			return s;
	}
	return NULL;
}

static void judge_os_boot(const struct results *results, struct claim_verdict *verdict)
{
	const struct series *s = os_series(results, WHERE_HOST, "wall");

	if (!s) {
		not_measured(verdict, "1K OS on a host whose KVM has 32-bit paging; the lab's "
				      "clock says nothing about time");
		return;
	}
	measured_as(verdict, "%s from exec to exit (`%s`, host)", measured(s).text, s->workload);
	holds_or_not(verdict, s->median >= 50e6 && s->median <= 200e6);
	if (s->median < 50e6)
		decide(verdict, STATE_GOOD, "better than claimed");
}

static void judge_os_exits(const struct results *results, struct claim_verdict *verdict)
{
	static const char *const places[] = { WHERE_EXACT, WHERE_HOST, WHERE_LAB };
	const struct series *s = NULL;

	for (size_t i = 0; !s && i < ARRAY_SIZE(places); i++)
		s = os_series(results, places[i], "exits");
	if (!s) {
		not_measured(verdict, "1K OS: `kvm-bench run --where=both`");
		return;
	}
	measured_as(verdict, "%s exits (`%s`, %s)", grouped(s->median).text, s->workload, s->where);
	if (s->median < 2500)
		decide(verdict, STATE_GOOD, "better than claimed");
	else
		holds_or_not(verdict, s->median <= 10000);
}

/* Metrics a compute payload's cost may stand in: its own clock around the rounds first. */
static const char *const cost_metrics[] = { "cycles", "wall", "cpu" };

struct compute_cost compute_cost(const struct results *results, const char *where,
				 const char *workload, const char *backend)
{
	const struct series *n = results_series(results, where, workload, 1, backend, "iterations");
	struct compute_cost cost = { NAN, NAN, NAN, "", 0 };

	for (size_t m = 0; m < ARRAY_SIZE(cost_metrics); m++) {
		const struct series *s =
		    results_series(results, where, workload, 1, backend, cost_metrics[m]);
		double iterations = n ? n->median : 1;

		if (!s || !(iterations > 0))
			continue;
		cost.value = s->median / iterations;
		cost.low = s->interval.low / iterations;
		cost.high = s->interval.high / iterations;
		cost.unit = s->unit;
		cost.runs = s->count;
		break;
	}
	return cost;
}

struct compute_cost compute_ratio(struct compute_cost a, struct compute_cost b)
{
	struct compute_cost ratio = { NAN, NAN, NAN, "", 0 };

	if (!(a.value > 0) || !(b.value > 0) || strcmp(a.unit, b.unit) != 0)
		return ratio;
	ratio.runs = a.runs < b.runs ? a.runs : b.runs;
	ratio.value = a.value / b.value;
	ratio.low = b.high > 0 ? a.low / b.high : NAN;
	ratio.high = b.low > 0 ? a.high / b.low : NAN;
	return ratio;
}

/* TCG over another backend, all compute payloads; how many of them reach 50. */
static struct spread compute_spread(const struct results *results, const char *where,
				    const char *backend, size_t *reach, size_t *runs)
{
	struct spread spread = { 0 };

	*reach = 0;
	*runs = SIZE_MAX;
	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		struct compute_cost ratio;

		if (results_class(results, workload) != CLASS_COMPUTE)
			continue;
		ratio = compute_ratio(compute_cost(results, where, workload, TCG),
				      compute_cost(results, where, workload, backend));
		spread_add(&spread, ratio.value, workload);
		*reach += ratio.value >= 50;
		if (isfinite(ratio.value) && ratio.runs < *runs)
			*runs = ratio.runs;
	}
	return spread;
}

static void judge_compute(const struct results *results, struct claim_verdict *verdict)
{
	size_t reach, runs;
	struct spread kvm = compute_spread(results, WHERE_HOST, OURS, &reach, &runs);
	struct spread *spread = &kvm, native;
	const char *view = "TCG time over KVM time, host";

	if (!kvm.count || host_emulates(results)) {
		native = compute_spread(results, WHERE_HOST, "native", &reach, &runs);
		spread = &native;
		view = "TCG time over native time: the bound KVM approaches on hardware";
	}
	if (!spread->count) {
		not_measured(verdict, "the compute suite");
		return;
	}
	measured_as(
	    verdict, "%s (`%s`) to %s (`%s`), geometric mean %s; %zu of %zu reach 50 (%s; %s each)",
	    ratio_text(spread->least).text, spread->least_name, ratio_text(spread->most).text,
	    spread->most_name, ratio_text(spread_mean(spread)).text, reach, spread->count, view,
	    counted(runs, "run").text);
	if (reach == spread->count)
		decide(verdict, STATE_GOOD, "holds");
	else
		decide(verdict, STATE_BAD,
		       reach ? "holds for %zu of %zu payloads only"
			     : "does not hold: %zu of %zu payloads reach 50",
		       reach, spread->count);
}

static void judge_scaling(const struct results *results, struct claim_verdict *verdict)
{
	double cores = json_double(results->machine, "machines.host.cores", 0);
	struct spread spread = { 0 };

	for (size_t w = 0; w < results->workload_count; w++) {
		const char *workload = results->workloads[w];
		struct ratio r =
		    series_ratio(results_series(results, WHERE_HOST, workload, 1, OURS, "wall"),
				 results_series(results, WHERE_HOST, workload, 4, OURS, "wall"));

		spread_add(&spread, r.value, workload);
	}
	if (!spread.count) {
		not_measured(verdict, "a run with 1 and 4 guests on a host with a usable /dev/kvm");
		return;
	}
	measured_as(verdict,
		    "%.0f %% (geometric mean; %.0f %% `%s` to %.0f %% `%s`; host, %.0f CPUs)",
		    100 * spread_mean(&spread), 100 * spread.least, spread.least_name,
		    100 * spread.most, spread.most_name, cores);
	if (cores < 4 && spread_mean(&spread) < 0.9)
		decide(verdict, STATE_UNKNOWN,
		       "not decided here: needs a host with at least 4 CPUs");
	else
		holds_or_not(verdict, spread_mean(&spread) >= 0.9);
}

/* Where the run wrote the source's size. */
static void judge_lines(const struct results *results, struct claim_verdict *verdict)
{
	double lines = json_double(results->machine, "vmm_lines", 0);

	if (!(lines > 0)) {
		not_measured(verdict, "a run from a source tree");
		return;
	}
	measured_as(verdict,
		    "%s lines of code in vmm/, without comments, blank lines, instrumentation, "
		    "probe and sandbox",
		    grouped(lines).text);
	holds_or_not(verdict, lines <= 1500);
}

const struct claim claims[] = {
	{ "vm-init", "VM init under 5 ms", judge_init },
	{ "vm-init-ratio", "VM init 10 times faster than QEMU", judge_init_ratio },
	{ "memory", "Resident memory 1.5 MB", judge_rss },
	{ "memory-ratio", "Resident memory 1/30 of QEMU's", judge_rss_ratio },
	{ "exit-cycles", "About 1,000 cycles an exit", judge_exit_cycles },
	{ "os-boot", "1K OS boots in about 100 ms", judge_os_boot },
	{ "os-exits", "1K OS boots with about 5,000 exits", judge_os_exits },
	{ "compute", "50 to 100 times faster than TCG on compute", judge_compute },
	{ "scaling", "90 % parallel efficiency at 4 vCPUs", judge_scaling },
	{ "lines", "VMM of about 1,500 lines", judge_lines },
	{ NULL, NULL, NULL },
};
