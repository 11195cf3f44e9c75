/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fatal.h"
#include "reasons.h"
#include "report.h"

/* The row with these keys, new and zeroed but for them if there is none yet. */
static struct row *row_get(struct view *v, uint64_t a, uint64_t b, uint64_t c)
{
	struct row *r;
	size_t i;

	for (i = 0; i < v->count; i++) {
		r = &v->rows[i];
		if (r->key[0] == a && r->key[1] == b && r->key[2] == c)
			return r;
	}
	if (v->count == v->room) {
		v->room = v->room ? 2 * v->room : 16;
		v->rows = realloc(v->rows, v->room * sizeof(*v->rows));
		if (!v->rows)
			fatal("out of memory", "free some", ENOMEM);
	}
	r = &v->rows[v->count++];
	memset(r, 0, sizeof(*r));
	r->key[0] = a;
	r->key[1] = b;
	r->key[2] = c;
	return r;
}

static void row_span(struct row *r, const struct session *s, const struct span *span)
{
	dist_add(&r->time, span, session_hist(s, span));
}

static void hw_collect(struct view *v, const struct session *s, const struct thread *t)
{
	char buf[REASON_LEN];
	size_t i;

	for (i = 0; i < HW_ROWS; i++) {
		const struct cell *c = session_cell(s, t->hw_index[i]);
		struct row *r;

		if (!c || !c->count)
			continue;
		r = row_get(v, c->isa, c->code, 0);
		snprintf(r->name, sizeof(r->name), "%s", hw_reason(c->isa, c->code, buf));
		r->halt = hw_is_halt(c->isa, c->code);
		r->samples += c->count;
		r->extra += c->to_user;
		r->off_cpu_ns += c->off_cpu_ns;
		row_span(r, s, &c->span[HW_KERNEL]);
	}
}

static void user_collect(struct view *v, const struct session *s, const struct thread *t)
{
	char buf[REASON_LEN];
	size_t i;

	for (i = 0; i < USER_ROWS; i++) {
		const struct cell *c = session_cell(s, t->user_index[i]);
		struct row *r;

		if (!c || !c->count)
			continue;
		r = row_get(v, c->error, c->error ? 0 : c->code, 0);
		snprintf(r->name, sizeof(r->name), "%s", user_reason(c->code, c->error, buf));
		r->halt = user_is_halt(c->code, c->error);
		r->samples += c->count;
		r->off_cpu_ns += c->off_cpu_ns;
		row_span(r, s, &c->span[USER_HANDLER]);
	}
}

/* A vCPU: its returns to user space, and as time the whole of its VMM's handling. */
static void vcpu_collect(struct view *v, const struct session *s, const struct thread *t)
{
	struct row *r = row_get(v, t->tid, 0, 0);
	size_t i;

	if (t->vcpu < 0)
		snprintf(r->name, sizeof(r->name), "%.15s/%u", t->comm, t->tid);
	else
		snprintf(r->name, sizeof(r->name), "%d %.15s/%u", t->vcpu, t->comm, t->tid);
	r->off_cpu_ns = t->off_total_ns;
	for (i = 0; i < USER_ROWS; i++) {
		const struct cell *c = session_cell(s, t->user_index[i]);

		if (!c)
			continue;
		r->samples += c->count;
		if (!user_is_halt(c->code, c->error))
			row_span(r, s, &c->span[USER_HANDLER]);
	}
	for (i = 0; i < HW_ROWS; i++) {
		const struct cell *c = session_cell(s, t->hw_index[i]);

		r->extra += c ? c->count : 0;
	}
}

static void pio_collect(struct view *v, const struct session *s)
{
	const struct access *a = session_pios(s);
	uint32_t i;

	for (i = 0; a && i < PIO_ROWS; i++) {
		struct row *r;

		if (!a[i].count)
			continue;
		r = row_get(v, i, 0, 0);
		snprintf(r->name, sizeof(r->name), "0x%x:%s", i / 2, i & 1 ? "POUT" : "PIN");
		r->samples = a[i].count;
		r->extra = a[i].bytes;
	}
}

static void mmio_row(void *arg, const struct mmio_key *key, const struct access *a)
{
	static const char *const kinds[] = { "R-wait", "R", "W" };
	struct row *r = row_get(arg, key->gpa, key->type, 0);

	snprintf(r->name, sizeof(r->name), "0x%" PRIx64 ":%s", (uint64_t)key->gpa,
		 key->type < MMIO_TYPES ? kinds[key->type] : "?");
	r->samples = a->count;
	r->extra = a->bytes;
}

static void irq_collect(struct view *v, const struct session *s)
{
	const struct irq *irq = session_irqs(s);
	uint32_t i;

	for (i = 0; irq && i < MAX_GSI; i++) {
		struct row *r;

		if (!irq[i].raised && !irq[i].acked)
			continue;
		r = row_get(v, i, 0, 0);
		snprintf(r->name, sizeof(r->name), "GSI %u", i);
		r->samples = irq[i].raised;
		r->extra = irq[i].acked;
		row_span(r, s, &irq[i].span[IRQ_INJECTED_TO_HANDLED]);
	}
}

static const struct view_kind {
	const char *name, *title, *extra;
	bool timed;
	void (*thread)(struct view *v, const struct session *s, const struct thread *t);
	void (*whole)(struct view *v, const struct session *s);
} kinds[VIEWS] = {
	[VIEW_HW] = { "hardware",
		      "Hardware exits; ns from kvm_exit until the guest or user space runs",
		      "to-user", true, hw_collect, NULL },
	[VIEW_USER] = { "user", "Returns to user space; ns in the VMM until it enters again", NULL,
			true, user_collect, NULL },
	[VIEW_VCPU] = { "vcpu", "vCPUs: returns to user space; ns in the VMM, HLT apart",
			"hw-exits", true, vcpu_collect, NULL },
	[VIEW_PIO] = { "pio", "Port accesses", "bytes", false, NULL, pio_collect },
	[VIEW_MMIO] = { "mmio", "MMIO accesses (R-wait: a read that needs user space)", "bytes",
			false, NULL, NULL },
	[VIEW_IRQ] = { "irq", "Interrupts raised; ns from raised to acknowledged by the guest",
		       "acked", true, NULL, irq_collect },
};

void view_collect(struct view *v, enum view_id id, const struct session *s)
{
	const struct thread *threads;
	uint32_t count = session_threads(s, &threads), i;
	size_t k;

	v->id = id;
	v->count = 0;
	v->samples = v->total_ns = 0;
	for (i = 0; kinds[id].thread && i < count; i++)
		if (session_watches(s, &threads[i]))
			kinds[id].thread(v, s, &threads[i]);
	if (kinds[id].whole)
		kinds[id].whole(v, s);
	if (id == VIEW_MMIO)
		session_mmios(s, mmio_row, v);
	for (k = 0; k < v->count; k++) {
		if (v->rows[k].halt)
			continue;
		v->samples += v->rows[k].samples;
		v->total_ns += v->rows[k].time.total_ns;
	}
}

void view_free(struct view *v)
{
	free(v->rows);
	memset(v, 0, sizeof(*v));
}

const char *view_name(enum view_id id)
{
	return kinds[id].name;
}

const char *view_title(enum view_id id)
{
	return kinds[id].title;
}

const char *view_extra(enum view_id id)
{
	return kinds[id].extra;
}

bool view_timed(enum view_id id)
{
	return kinds[id].timed;
}

/* ---- order ---- */

static int by_name(const struct row *a, const struct row *b)
{
	return strcmp(a->name, b->name);
}

static int larger(uint64_t a, uint64_t b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

#define BY(NAME, VALUE)                                                                            \
	static int by_##NAME(const struct row *a, const struct row *b)                             \
	{                                                                                          \
		const struct row *r = a;                                                           \
		uint64_t first = (VALUE);                                                          \
                                                                                                   \
		r = b;                                                                             \
		return larger(first, (VALUE));                                                     \
	}

BY(samples, r->samples)
BY(time, r->time.total_ns)
BY(min, r->time.min_ns)
BY(max, r->time.max_ns)
BY(mean, dist_mean(&r->time))
BY(p50, dist_quantile(&r->time, 0.5))
BY(p99, dist_quantile(&r->time, 0.99))

const char *const sort_keys[] = { "samples", "time", "mean", "min", "max",
				  "p50",     "p99",  "name", NULL };

static int (*const orders[])(const struct row *, const struct row *) = {
	by_samples, by_time, by_mean, by_min, by_max, by_p50, by_p99, by_name,
};

static int compare(const void *a, const void *b, void *order)
{
	const struct row *x = a, *y = b;
	int result;

	if (x->halt != y->halt)
		return x->halt ? 1 : -1;
	result = orders[*(const size_t *)order](x, y);
	return result ? result : by_name(x, y);
}

bool view_sort(struct view *v, const char *key)
{
	size_t i;

	for (i = 0; sort_keys[i]; i++) {
		if (strncmp(sort_keys[i], key, strlen(key)))
			continue; /* perf's "sample" is accepted, too */
		if (v->count)
			qsort_r(v->rows, v->count, sizeof(*v->rows), compare, &i);
		return true;
	}
	return false;
}
