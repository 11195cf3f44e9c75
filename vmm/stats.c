/* SPDX-License-Identifier: MIT */
/* Recording in the run loop: two clock reads an exit, no lock, no allocation. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "stats.h"

void stats_init(struct vcpu *v)
{
	/* Anonymous memory: a histogram takes room only where it has values. */
	v->stats = mmap(NULL, sizeof(*v->stats), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (v->stats == MAP_FAILED)
		die(STATUS_HOST, "free some memory", "statistics: %s", strerror(errno));
}

static void span_add(struct span *span, uint64_t first, uint64_t ns)
{
	span->total_ns += ns;
	if (ns > span->max_ns)
		span->max_ns = ns;
	if (first || ns < span->min_ns)
		span->min_ns = ns;
	span->histogram[hist_index(ns)]++;
}

/* The handler of the exit before has run from return_ns until now. */
static void end_handler(struct stats *s, uint64_t now)
{
	struct exit_stats *e = &s->exits[s->slot];

	if (s->runs > 0)
		span_add(&e->handler, e->count == 1, now - s->return_ns);
}

void stats_enter(struct vcpu *v)
{
	struct stats *s = v->stats;
	uint64_t now = now_ns();

	end_handler(s, now);
	s->enter_ns = now;
}

static uint32_t slot_of(const struct vcpu *v, int error)
{
	if (error == 0)
		return v->run->exit_reason < STATS_REASONS ? v->run->exit_reason : KVM_EXIT_UNKNOWN;
	return error == EINTR ? STATS_EINTR : STATS_EAGAIN;
}

void stats_return(struct vcpu *v, int error)
{
	struct stats *s = v->stats;
	struct exit_stats *e;

	s->return_ns = now_ns();
	s->slot = slot_of(v, error);
	s->runs++;
	e = &s->exits[s->slot];
	e->count++;
	span_add(&e->run, e->count == 1, s->return_ns - s->enter_ns);
	if (s->trace)
		trace_record(v, error);
}

void stats_leave(struct vcpu *v)
{
	end_handler(v->stats, v->exit_ns);
}

void stats_io(struct vcpu *v, uint16_t port, bool out, uint8_t size, uint32_t count)
{
	struct stats *s = v->stats;
	unsigned int i;

	for (i = 0; i < s->io_rows; i++) {
		struct io_stats *row = &s->io[i];

		if (row->port == port && row->out == out && row->size == size) {
			row->count += count;
			return;
		}
	}
	if (i == STATS_IO_ROWS) {
		s->io_other += count;
		return;
	}
	s->io[s->io_rows++] = (struct io_stats){ port, size, out, count };
}

void stats_free(struct vcpu *v)
{
	munmap(v->stats, sizeof(*v->stats));
	v->stats = NULL;
}
