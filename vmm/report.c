/* SPDX-License-Identifier: MIT */
/* --stats: the table for people, the JSON document for the harness (trace.h). */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"

const char *slot_name(uint32_t slot, char *buffer, size_t len)
{
	const char *name = slot < STATS_REASONS ? exit_name(slot) : NULL;

	if (slot == STATS_EINTR || slot == STATS_EAGAIN)
		return slot == STATS_EINTR ? "EINTR" : "EAGAIN";
	if (name)
		return name;
	snprintf(buffer, len, "KVM_EXIT_%u", slot);
	return buffer;
}

/* ---- table ---- */

/* A bucket's midpoint, held within what was really seen. */
static uint64_t span_percentile(const struct span *span, uint64_t count, double fraction)
{
	uint64_t rank = (uint64_t)(fraction * (double)(count - 1)) + 1;
	uint64_t seen = 0;

	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		uint64_t middle = hist_lower(i) + (hist_upper(i) - hist_lower(i)) / 2;

		seen += span->histogram[i];
		if (seen >= rank)
			return middle < span->min_ns   ? span->min_ns
			       : middle > span->max_ns ? span->max_ns
						       : middle;
	}
	return span->max_ns;
}

static void print_span(FILE *f, const char *name, const char *what, const struct span *span,
		       uint64_t count, uint64_t all, uint64_t all_ns)
{
	static const double fractions[] = { 0.5, 0.9, 0.99, 0.999 };

	fprintf(f, "%-24s %-7s %8llu", name, what, (unsigned long long)count);
	if (all == 0) /* idle: its share of the rest would mean nothing */
		fprintf(f, " %7s %7s", "-", "-");
	else
		fprintf(f, " %6.2f%% %6.2f%%", 100.0 * (double)count / (double)all,
			all_ns ? 100.0 * (double)span->total_ns / (double)all_ns : 0.0);
	fprintf(f, " %9llu %9llu %9llu", (unsigned long long)span->min_ns,
		(unsigned long long)span->max_ns, (unsigned long long)(span->total_ns / count));
	for (size_t i = 0; i < sizeof(fractions) / sizeof(fractions[0]); i++)
		fprintf(f, " %9llu",
			(unsigned long long)span_percentile(span, count, fractions[i]));
	fputc('\n', f);
}

/* HLT is idle time: shown apart, never in the totals. */
static void print_vcpu(FILE *f, const struct vcpu *v)
{
	const struct stats *s = v->stats;
	uint64_t busy = s->runs - s->exits[KVM_EXIT_HLT].count;
	uint64_t run_ns = 0, handler_ns = 0;

	for (uint32_t i = 0; i < STATS_SLOTS; i++) {
		if (i == KVM_EXIT_HLT)
			continue;
		run_ns += s->exits[i].run.total_ns;
		handler_ns += s->exits[i].handler.total_ns;
	}
	fprintf(f, "vCPU %u: %s, %s mode, %llu KVM_RUN returns, ended by %s, status %d\n", v->id,
		v->image->path, v->image->mode == MODE_REAL ? "real" : "protected",
		(unsigned long long)s->runs, end_name(v->end), v->status);
	fprintf(f, "%-24s %-7s %8s %7s %7s %9s %9s %9s %9s %9s %9s %9s\n", "exit", "span",
		"samples", "share", "time", "min ns", "max ns", "mean ns", "p50", "p90", "p99",
		"p99.9");
	for (uint32_t i = 0; i < STATS_SLOTS; i++) {
		const struct exit_stats *e = &s->exits[i];
		bool idle = i == KVM_EXIT_HLT;
		char name[32];

		if (e->count == 0)
			continue;
		print_span(f, slot_name(i, name, sizeof(name)), "run", &e->run, e->count,
			   idle ? 0 : busy, run_ns);
		print_span(f, "", idle ? "idle" : "handler", &e->handler, e->count, idle ? 0 : busy,
			   handler_ns);
	}
	for (unsigned int i = 0; i < s->io_rows; i++)
		fprintf(f, "%s0x%x:%s %u byte%s %llu", i ? ", " : "ports: ", s->io[i].port,
			s->io[i].out ? "POUT" : "PIN", s->io[i].size, s->io[i].size > 1 ? "s" : "",
			(unsigned long long)s->io[i].count);
	if (s->io_other > 0)
		fprintf(f, ", others %llu", (unsigned long long)s->io_other);
	fprintf(f, "%sunhandled port accesses: %llu\n", s->io_rows ? "; " : "",
		(unsigned long long)v->unhandled_io);
}

static void print_table(FILE *f, const struct vcpu *vcpus, unsigned int count,
			const struct run_times *times)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct vcpu *v = &vcpus[i];

		fprintf(f, "%s", i ? "\n" : "");
		print_vcpu(f, v);
		fprintf(f,
			"start-up us: open %.1f, VM %.1f, memory %.1f, vCPU %.1f, load %.1f, "
			"to first entry %.1f; guest %.1f\n",
			(double)(times->open_ns - times->main_ns) / 1e3,
			(double)(v->vm->vm_ns - times->open_ns) / 1e3,
			(double)(v->vm->memory_ns - v->vm->vm_ns) / 1e3,
			(double)(v->vcpu_ns - v->vm->memory_ns) / 1e3,
			(double)(v->load_ns - v->vcpu_ns) / 1e3,
			(double)(v->first_entry_ns - v->load_ns) / 1e3,
			(double)(v->exit_ns - v->first_entry_ns) / 1e3);
	}
}

/* ---- JSON ---- */

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *span_json(const struct span *span)
{
	json_t *buckets = json_array();

	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		if (span->histogram[i])
			json_array_append_new(buckets,
					      json_pack("[i, o]", i, number(span->histogram[i])));
	return json_pack("{s:o, s:o, s:o, s:o}", "total", number(span->total_ns), "min",
			 number(span->min_ns), "max", number(span->max_ns), "histogram", buckets);
}

static json_t *exits_json(const struct stats *s)
{
	json_t *exits = json_array();

	for (uint32_t i = 0; i < STATS_SLOTS; i++) {
		const struct exit_stats *e = &s->exits[i];
		int error = i == STATS_EINTR ? EINTR : i == STATS_EAGAIN ? EAGAIN : 0;
		char name[32];

		if (e->count == 0)
			continue;
		json_array_append_new(
		    exits, json_pack("{s:s, s:i, s:i, s:o, s:o, s:o}", "reason",
				     slot_name(i, name, sizeof(name)), "code", error ? -1 : (int)i,
				     "errno", error, "count", number(e->count), "run_ns",
				     span_json(&e->run), "handler_ns", span_json(&e->handler)));
	}
	return exits;
}

static json_t *io_json(const struct stats *s)
{
	json_t *io = json_array();

	for (unsigned int i = 0; i < s->io_rows; i++) {
		const struct io_stats *row = &s->io[i];
		char port[8];

		snprintf(port, sizeof(port), "0x%x", row->port);
		json_array_append_new(io, json_pack("{s:s, s:s, s:i, s:o}", "port", port,
						    "direction", row->out ? "out" : "in", "size",
						    row->size, "count", number(row->count)));
	}
	if (s->io_other > 0)
		json_array_append_new(
		    io, json_pack("{s:s, s:o}", "port", "others", "count", number(s->io_other)));
	return io;
}

static void add_kernel_counter(void *counters, const char *name, uint64_t value)
{
	json_object_set_new(counters, name, number(value));
}

static json_t *vcpu_json(const struct vcpu *v)
{
	json_t *kernel = json_object();
	const struct vm *vm = v->vm;
	json_t *phases =
	    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "vm", number(vm->vm_ns), "memory",
		      number(vm->memory_ns), "vcpu", number(v->vcpu_ns), "load", number(v->load_ns),
		      "first_entry", number(v->first_entry_ns), "exit", number(v->exit_ns));

	kvmstats_read(v, add_kernel_counter, kernel);
	return json_pack(
	    "{s:i, s:i, s:s, s:o, s:s, s:o, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "vcpu", v->id, "tid", v->tid, "guest", v->image->path, "image_bytes",
	    number(v->image->bytes), "mode", v->image->mode == MODE_REAL ? "real" : "protected",
	    "mem_bytes", number(vm->mem_bytes), "status", v->status, "end", end_name(v->end),
	    "phases_ns", phases, "kvm_runs", number(v->stats->runs), "unhandled_io",
	    number(v->unhandled_io), "ticks", number(vm->timer.ticks), "ticks_lost",
	    number(vm->timer.ticks_lost), "exits", exits_json(v->stats), "io", io_json(v->stats),
	    "kvm_stats", kernel);
}

static bool write_json(FILE *f, const struct vcpu *vcpus, unsigned int count,
		       const struct run_times *times, const struct config *config, int status)
{
	json_t *list = json_array();
	json_t *document;
	bool written;

	for (unsigned int i = 0; i < count; i++)
		json_array_append_new(list, vcpu_json(&vcpus[i]));
	document = json_pack("{s:s, s:s, s:i, s:s, s:s, s:{s:o, s:o, s:o, s:o}, s:o}", "format",
			     STATS_FORMAT, "version", MINIKVM_VERSION, "status", status, "layout",
			     config->layout == LAYOUT_SHARED ? "shared" : "isolated", "clock",
			     "CLOCK_MONOTONIC", "phases_ns", "main", number(times->main_ns), "open",
			     number(times->open_ns), "last_exit", number(times->last_exit_ns),
			     "end", number(now_ns()), "vcpus", list);
	written = document && json_dumpf(document, f, JSON_INDENT(1) | JSON_ENSURE_ASCII) == 0 &&
		  fputc('\n', f) != EOF;
	json_decref(document);
	return written;
}

bool report_write(const struct config *config, const struct vcpu *vcpus, unsigned int count,
		  const struct run_times *times, int status)
{
	FILE *f = config->stats_file ? fopen(config->stats_file, "we") : stderr;
	const char *name = config->stats_file ? config->stats_file : "stderr";
	bool written = true;

	if (!f) {
		warn("--stats-file=%s: %s", name, strerror(errno));
		return false;
	}
	if (config->stats == STATS_JSON)
		written = write_json(f, vcpus, count, times, config, status);
	else
		print_table(f, vcpus, count, times);
	written = written && fflush(f) == 0 && !ferror(f);
	if (config->stats_file && fclose(f) != 0)
		written = false;
	if (!written)
		warn("%s: the report was not written completely: %s", name, strerror(errno));
	return written;
}
