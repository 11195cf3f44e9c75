/* SPDX-License-Identifier: MIT */
/* Text tables and CSV, and what every output says about losses and cost. */
#include <inttypes.h>
#include <string.h>
#include "output.h"

/* ---- losses, cost, notes ---- */

uint64_t missed_sum(const struct session *s)
{
	struct probe_cost c[MAX_PROBES];
	size_t count = session_cost(s, c, MAX_PROBES), i;
	uint64_t sum = 0;

	for (i = 0; i < count; i++)
		sum += c[i].missed;
	return sum;
}

uint64_t unmatched_sum(const struct session *s)
{
	const struct thread *threads;
	uint32_t count = session_threads(s, &threads), i;
	uint64_t sum = 0;

	for (i = 0; i < count; i++)
		sum += threads[i].unmatched;
	return sum;
}

bool has_hw_exits(const struct session *s)
{
	const struct thread *threads;
	uint32_t count = session_threads(s, &threads), i, row;

	for (i = 0; i < count; i++)
		for (row = 0; row < HW_ROWS; row++)
			if (threads[i].hw_index[row])
				return true;
	return false;
}

static bool has_user_exits(const struct session *s)
{
	const struct thread *threads;
	uint32_t count = session_threads(s, &threads), i, row;

	for (i = 0; i < count; i++)
		for (row = 0; row < USER_ROWS; row++)
			if (threads[i].user_index[row])
				return true;
	return false;
}

/* What can be lost, and what to do about it. */
struct loss {
	const char *name;
	uint64_t count;
	const char *hint;
};

#define LOSSES 9

static void losses_fill(const struct session *s, struct loss losses[LOSSES])
{
	struct lost l = session_lost(s);
	const struct loss all[LOSSES] = {
		{ "threads", l.threads, "raise --max-threads" },
		{ "rows", l.cells, "raise --max-rows" },
		{ "folded", l.folded, "codes outside the tables, shown under another such code" },
		{ "histograms", l.histograms, "raise --max-histograms" },
		{ "addresses", l.mmio, "raise --max-addresses" },
		{ "gsi", l.gsi, "GSIs from 256 on are not watched" },
		{ "records", l.records, "raise --ring-size" },
		{ "missed", missed_sum(s), "events inside another event" },
		{ "unmatched", unmatched_sum(s), "events in an impossible order" },
	};

	memcpy(losses, all, sizeof(all));
}

uint64_t lost_line(const struct session *s, char *buf, size_t size)
{
	struct loss losses[LOSSES];
	uint64_t sum = 0;
	size_t i, used;

	losses_fill(s, losses);
	used = (size_t)snprintf(buf, size, "lost:");
	for (i = 0; i < LOSSES; i++) {
		sum += losses[i].count;
		if (losses[i].count && used < size)
			used += (size_t)snprintf(buf + used, size - used, " %s %" PRIu64 " (%s)",
						 losses[i].name, losses[i].count, losses[i].hint);
	}
	if (!sum)
		snprintf(buf, size, "lost: none, unmatched: none");
	return sum;
}

const struct event_word event_words[] = {
	{ "exit", WATCH_EXIT }, { "user", WATCH_USER },
	{ "pio", WATCH_PIO },	{ "mmio", WATCH_MMIO },
	{ "irq", WATCH_IRQ },	{ "halt", WATCH_HALT },
	{ "insn", WATCH_INSN }, { NULL, 0 },
};

const char *run_note(const struct run *r, size_t i)
{
	const struct session *s = r->session;
	const struct {
		bool holds;
		const char *text;
	} notes[] = {
		{ session_has_exits(s) && !has_hw_exits(s) && has_user_exits(s),
		  "kvm_exit never fired: this is software KVM; returns to user space, port "
		  "accesses and (--event=insn) emulated instructions are what it shows" },
		{ !has_user_exits(s) && !has_hw_exits(s),
		  "no exit was seen: is this a VMM, does its guest run, is --vcpu one it has?" },
		{ session_missing(s) & WATCH_EXIT, "this kernel has no kvm_exit tracepoint" },
		{ session_missing(s) & ~WATCH_EXIT,
		  "this kernel lacks tracepoints of other events asked for" },
	};
	size_t n;

	for (n = 0; n < sizeof(notes) / sizeof(notes[0]); n++)
		if (notes[n].holds && !i--)
			return notes[n].text;
	return NULL;
}

/* ---- rows ---- */

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

struct column {
	const char *heading;
	int width;
	int priority; /* the highest numbers go first when the line is short */
	void (*format)(char buf[24], const struct view *v, const struct row *r);
};

static void f_samples(char buf[24], const struct view *v, const struct row *r)
{
	(void)v;
	snprintf(buf, 24, "%" PRIu64, r->samples);
}

static void f_share(char buf[24], const struct view *v, const struct row *r)
{
	if (r->halt)
		snprintf(buf, 24, "idle");
	else
		snprintf(buf, 24, "%.2f%%", percent(r->samples, v->samples));
}

static void f_time_share(char buf[24], const struct view *v, const struct row *r)
{
	if (r->halt)
		snprintf(buf, 24, "idle");
	else if (!v->total_ns)
		snprintf(buf, 24, "-");
	else
		snprintf(buf, 24, "%.2f%%", percent(r->time.total_ns, v->total_ns));
}

static void number(char buf[24], const struct row *r, uint64_t value)
{
	if (r->time.count)
		snprintf(buf, 24, "%" PRIu64, value);
	else
		snprintf(buf, 24, "-");
}

static void quantile(char buf[24], const struct row *r, double q)
{
	if (r->time.in_hist)
		snprintf(buf, 24, "%" PRIu64, dist_quantile(&r->time, q));
	else
		snprintf(buf, 24, "-");
}

#define FORMAT(NAME, CALL)                                                                         \
	static void f_##NAME(char buf[24], const struct view *v, const struct row *r)              \
	{                                                                                          \
		(void)v;                                                                           \
		CALL;                                                                              \
	}

FORMAT(min, number(buf, r, r->time.min_ns))
FORMAT(max, number(buf, r, r->time.max_ns))
FORMAT(mean, number(buf, r, dist_mean(&r->time)))
FORMAT(p50, quantile(buf, r, 0.5))
FORMAT(p90, quantile(buf, r, 0.9))
FORMAT(p99, quantile(buf, r, 0.99))
FORMAT(p999, quantile(buf, r, 0.999))
FORMAT(off_cpu, number(buf, r, r->off_cpu_ns))
FORMAT(extra, snprintf(buf, 24, "%" PRIu64, r->extra))

/* 80 columns have room for priorities 0 to 2, 160 for all. */
static const struct column columns[] = {
	{ "SAMPLES", 10, 0, f_samples }, { "SHARE", 8, 0, f_share },
	{ "TIME%", 8, 1, f_time_share }, { "MIN", 10, 4, f_min },
	{ "MAX", 12, 4, f_max },	 { "MEAN", 10, 1, f_mean },
	{ "P50", 10, 3, f_p50 },	 { "P90", 10, 5, f_p90 },
	{ "P99", 11, 2, f_p99 },	 { "P99.9", 12, 5, f_p999 },
	{ "OFF-CPU", 13, 6, f_off_cpu }, { NULL, 9, 1, f_extra },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define NAME_WIDTH 24

static bool column_applies(const struct view *v, const struct column *c)
{
	if (c->format == f_extra)
		return view_extra(v->id) != NULL;
	return c->format == f_samples || c->format == f_share || view_timed(v->id);
}

/* Whether a column has room beside those more important, or as important and left of it. */
static bool column_fits(const struct view *v, const struct column *c, int width)
{
	int used = NAME_WIDTH;
	size_t i;

	for (i = 0; i < COLUMNS; i++) {
		const struct column *other = &columns[i];

		if (column_applies(v, other) && (other->priority < c->priority ||
						 (other->priority == c->priority && other <= c)))
			used += other->width;
	}
	return column_applies(v, c) && used <= width;
}

void row_print(FILE *out, const struct view *v, const struct row *row, int width)
{
	char buf[24];
	size_t i;

	fprintf(out, "%-*.*s", NAME_WIDTH, NAME_WIDTH, row ? row->name : view_name(v->id));
	for (i = 0; i < COLUMNS; i++) {
		const struct column *c = &columns[i];

		if (!column_fits(v, c, width))
			continue;
		if (row)
			c->format(buf, v, row);
		fprintf(out, " %*s", c->width - 1,
			row		       ? buf
			: c->format == f_extra ? view_extra(v->id)
					       : c->heading);
	}
	fputc('\n', out);
}

/* ---- text ---- */

#define TEXT_WIDTH 200
#define BAR_WIDTH 40

/* Powers of two from the first to the last used, with bars. */
static void histogram_print(FILE *out, const struct row *r)
{
	uint64_t by_log2[64] = { 0 }, most = 0;
	int first = 63, last = 0, i;
	uint32_t b;

	for (b = 0; b < HIST_BUCKETS; b++) {
		uint64_t low = hist_lower(b);

		if (!r->time.bucket[b])
			continue;
		i = low ? (int)hist_log2(low) : 0;
		by_log2[i] += r->time.bucket[b];
		most = by_log2[i] > most ? by_log2[i] : most;
		first = i < first ? i : first;
		last = i > last ? i : last;
	}
	if (!most)
		return;
	fprintf(out, "\n%s, ns\n", r->name);
	for (i = first; i <= last; i++) {
		int bar = (int)(by_log2[i] * BAR_WIDTH / most);

		fprintf(out, "%12" PRIu64 " -> %-12" PRIu64 " %10" PRIu64 " |%.*s%*s|\n",
			i ? UINT64_C(1) << i : 0, (UINT64_C(2) << i) - 1, by_log2[i], bar,
			"****************************************", BAR_WIDTH - bar, "");
	}
}

static void view_text(FILE *out, const struct run *r, enum view_id id)
{
	struct view v = { 0 };
	size_t i;

	view_collect(&v, id, r->session);
	view_sort(&v, r->options->key);
	if (v.count) {
		fprintf(out, "\n%s\n", view_title(id));
		row_print(out, &v, NULL, TEXT_WIDTH);
		for (i = 0; i < v.count; i++)
			row_print(out, &v, &v.rows[i], TEXT_WIDTH);
		fprintf(out, "total %" PRIu64 " samples", v.samples);
		if (view_timed(id))
			fprintf(out, ", %" PRIu64 " ns", v.total_ns);
		fputs(id == VIEW_HW || id == VIEW_USER ? ", without idle\n" : "\n", out);
	}
	for (i = 0; r->options->histogram && i < v.count; i++)
		histogram_print(out, &v.rows[i]);
	view_free(&v);
}

static void halt_text(FILE *out, const struct session *s)
{
	const struct thread *threads;
	uint32_t count = session_threads(s, &threads), i;
	uint64_t polls = 0, poll_ns = 0, waits = 0, wait_ns = 0;

	for (i = 0; i < count; i++) {
		polls += threads[i].halt_polls;
		poll_ns += threads[i].halt_poll_ns;
		waits += threads[i].halt_waits;
		wait_ns += threads[i].halt_wait_ns;
	}
	if (polls || waits)
		fprintf(out,
			"\nHLT in the kernel: %" PRIu64 " ended by polling (%" PRIu64
			" ns), %" PRIu64 " by waiting (%" PRIu64 " ns)\n",
			polls, poll_ns, waits, wait_ns);
}

static void cost_text(FILE *out, const struct session *s)
{
	struct probe_cost c[MAX_PROBES];
	size_t count = session_cost(s, c, MAX_PROBES), i;

	if (!session_has_cost(s)) {
		fputs("probe cost: not measured (--no-cost)\n", out);
		return;
	}
	fputs("probe cost per event:", out);
	for (i = 0; i < count; i++)
		if (c[i].runs)
			fprintf(out, " %s %.0f ns", c[i].tracepoint,
				(double)c[i].run_ns / (double)c[i].runs);
	fputc('\n', out);
}

static void insn_text(FILE *out, const struct session *s)
{
	const struct thread *threads;
	uint32_t count = session_threads(s, &threads), i;
	uint64_t insns = 0, failed = 0;

	for (i = 0; i < count; i++) {
		insns += threads[i].insns;
		failed += threads[i].insns_failed;
	}
	if (insns)
		fprintf(out, "\nEmulated instructions: %" PRIu64 ", failed: %" PRIu64 "\n", insns,
			failed);
}

void output_text(FILE *out, const struct run *r)
{
	char line[512];
	size_t i;

	fprintf(out, "kvm-exits: %s", r->target->comm);
	if (r->target->pid)
		fprintf(out, " (pid %d)", r->target->pid);
	fprintf(out, ", %.3f s\n", (double)r->duration_ns / 1e9);
	for (i = 0; run_note(r, i); i++)
		fprintf(out, "note: %s\n", run_note(r, i));
	for (i = 0; i < VIEWS; i++)
		view_text(out, r, (enum view_id)i);
	halt_text(out, r->session);
	insn_text(out, r->session);
	lost_line(r->session, line, sizeof(line));
	fprintf(out, "\n%s\n", line);
	cost_text(out, r->session);
	if (r->options->record)
		fprintf(out, "%" PRIu64 " events in %s\n", r->records, r->options->record);
}

/* ---- CSV ---- */

static void view_csv(FILE *out, const struct run *r, enum view_id id)
{
	struct view v = { 0 };
	size_t i;

	view_collect(&v, id, r->session);
	view_sort(&v, r->options->key);
	for (i = 0; i < v.count; i++) {
		const struct row *w = &v.rows[i];
		const struct dist *d = &w->time;

		fprintf(out, "%s,%s,%d,%" PRIu64 ",%.6f,%.6f", view_name(id), w->name, w->halt,
			w->samples, w->halt ? 0 : percent(w->samples, v.samples) / 100,
			w->halt ? 0 : percent(d->total_ns, v.total_ns) / 100);
		fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, d->total_ns,
			d->min_ns, d->max_ns, dist_mean(d));
		fprintf(out,
			",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
			"\n",
			dist_quantile(d, 0.5), dist_quantile(d, 0.9), dist_quantile(d, 0.99),
			dist_quantile(d, 0.999), w->off_cpu_ns, w->extra);
	}
	view_free(&v);
}

void output_csv(FILE *out, const struct run *r)
{
	struct probe_cost c[MAX_PROBES];
	size_t count = session_cost(r->session, c, MAX_PROBES), i;
	struct loss losses[LOSSES];

	fputs(
	    "view,name,idle,samples,share,time_share,total_ns,min_ns,max_ns,mean_ns,p50_ns,p90_ns,"
	    "p99_ns,p999_ns,off_cpu_ns,extra\n",
	    out);
	for (i = 0; i < VIEWS; i++)
		view_csv(out, r, (enum view_id)i);
	losses_fill(r->session, losses);
	for (i = 0; i < LOSSES; i++)
		fprintf(out, "lost,%s,0,%" PRIu64 ",,,,,,,,,,,,\n", losses[i].name,
			losses[i].count);
	for (i = 0; i < count && session_has_cost(r->session); i++)
		fprintf(out, "cost,%s,0,%" PRIu64 ",,,%" PRIu64 ",,,,,,,,,\n", c[i].tracepoint,
			c[i].runs, c[i].run_ns);
}
