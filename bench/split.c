/* SPDX-License-Identifier: MIT */
/*
 * Each exit cut in four. kvm-vmm's trace has both ends of KVM_RUN, the kernel's record what
 * happened between; thread and CLOCK_MONOTONIC join them:
 *
 *     enter --reentry-- entry --guest_and_kernel-- exit --kernel_to_user-- return --handler-- enter
 *
 * entry: the first kvm_entry of this KVM_RUN, exit: the last kvm_exit before user space. Software
 * KVM has neither: there the guest's part begins with KVM_RUN in the kernel and ends with
 * kvm_userspace_exit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crosscheck.h"
#include "histogram.h"

enum event_kind {
	EVENT_ENTRY,
	EVENT_EXIT,
	EVENT_RUN,
	EVENT_USER,
	EVENT_SET,
	EVENT_INJECT,
	EVENT_ACK
};

static const char *const event_names[] = {
	[EVENT_ENTRY] = "entry", [EVENT_EXIT] = "exit",	  [EVENT_RUN] = "run",
	[EVENT_USER] = "user",	 [EVENT_SET] = "irq-set", [EVENT_INJECT] = "irq-inject",
	[EVENT_ACK] = "irq-ack",
};

struct event {
	uint64_t ns;
	uint32_t tid;
	enum event_kind kind;
	uint32_t a;  /* GSI or vector */
	bool raised; /* irq-set: level 1; irq-inject: the first try */
};

struct kernel_record {
	struct event *events;
	size_t count;
};

static int kind_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(event_names); i++)
		if (!strcmp(event_names[i], name))
			return (int)i;
	return -1;
}

struct kernel_record *kernel_record_read(const char *path)
{
	static const char *const columns[] = { "ns", "tid", "event", "reason", "a", "b", NULL };
	struct csv_reader *reader = csv_open(path, columns);
	struct kernel_record *record;
	size_t room = 0;
	char **row;

	if (!reader) {
		warn("%s: %s", path, strerror(errno));
		return NULL;
	}
	record = xcalloc(1, sizeof(*record));
	while ((row = csv_next(reader))) {
		int kind = kind_of(row[2]);

		if (kind < 0)
			continue;
		if (record->count == room) {
			room = room ? room * 2 : 4096;
			record->events = xrealloc(record->events, room * sizeof(*record->events));
		}
		record->events[record->count++] =
		    (struct event){ .ns = strtoull(row[0], NULL, 10),
				    .tid = (uint32_t)strtoul(row[1], NULL, 10),
				    .kind = (enum event_kind)kind,
				    .a = (uint32_t)strtoul(row[4], NULL, 10),
				    .raised = !strcmp(row[5], "1") || !strcmp(row[3], "first") };
	}
	csv_reader_close(reader);
	return record;
}

void kernel_record_free(struct kernel_record *record)
{
	free(record->events);
	free(record);
}

/* ---- Four parts by reason ---- */

enum part { PART_REENTRY, PART_GUEST, PART_TO_USER, PART_HANDLER, PARTS };

static const char *const part_names[PARTS] = {
	[PART_REENTRY] = "reentry",
	[PART_GUEST] = "guest_and_kernel",
	[PART_TO_USER] = "kernel_to_user",
	[PART_HANDLER] = "handler",
};

struct reason_split {
	char reason[40];
	struct histogram part[PARTS];
};

struct split {
	struct reason_split *reasons;
	size_t count;
	uint64_t first_ns, last_ns; /* of the workload, for its interrupts */
};

static struct reason_split *find_reason(struct split *split, const char *reason)
{
	struct reason_split *found;

	for (size_t i = 0; i < split->count; i++)
		if (!strcmp(split->reasons[i].reason, reason))
			return &split->reasons[i];
	split->reasons = xrealloc(split->reasons, (split->count + 1) * sizeof(*split->reasons));
	found = &split->reasons[split->count++];
	snprintf(found->reason, sizeof(found->reason), "%s", reason);
	for (enum part part = 0; part < PARTS; part++)
		histogram_init(&found->part[part]);
	return found;
}

/* One KVM_RUN: what the kernel recorded of it. 0: no such event. */
struct window {
	uint64_t run, entry, exit, user;
};

/* Events of the thread in [enter, leave]; *at moves on, since rows of a thread are in order. */
static struct window look(const struct kernel_record *record, size_t *at, uint32_t tid,
			  uint64_t enter, uint64_t leave)
{
	struct window w = { 0 };

	for (; *at < record->count; (*at)++) {
		const struct event *event = &record->events[*at];

		if (event->tid != tid || event->ns < enter)
			continue;
		if (event->ns > leave)
			break;
		if (event->kind == EVENT_RUN)
			w.run = event->ns;
		else if (event->kind == EVENT_ENTRY && !w.entry)
			w.entry = event->ns;
		else if (event->kind == EVENT_EXIT)
			w.exit = event->ns;
		else if (event->kind == EVENT_USER)
			w.user = event->ns;
	}
	return w;
}

static void add_parts(struct reason_split *split, const struct window *w, uint64_t enter,
		      uint64_t leave)
{
	uint64_t begin = w->entry && w->exit ? w->entry : w->run;
	uint64_t end = w->entry && w->exit ? w->exit : w->user;

	if (!begin || end < begin)
		return;
	histogram_record(&split->part[PART_REENTRY], begin - enter, 1);
	histogram_record(&split->part[PART_GUEST], end - begin, 1);
	histogram_record(&split->part[PART_TO_USER], leave - end, 1);
}

static void join_trace(const struct kernel_record *record, struct csv_reader *reader,
		       struct split *split)
{
	struct reason_split *before = NULL;
	uint64_t left = 0;
	char **row;
	size_t at = 0;

	while ((row = csv_next(reader))) {
		uint32_t tid = (uint32_t)strtoul(row[0], NULL, 10);
		uint64_t enter = strtoull(row[1], NULL, 10), leave = strtoull(row[2], NULL, 10);
		struct window window = look(record, &at, tid, enter, leave);

		if (before)
			histogram_record(&before->part[PART_HANDLER], enter - left, 1);
		before = find_reason(split, row[3]);
		add_parts(before, &window, enter, leave);
		left = leave;
		if (!split->first_ns)
			split->first_ns = enter;
		split->last_ns = leave;
	}
}

static void write_parts(const struct split *split, const struct env *env, const char *workload,
			struct csv *csv)
{
	for (size_t i = 0; i < split->count; i++) {
		for (enum part part = 0; part < PARTS; part++) {
			const struct histogram *h = &split->reasons[i].part[part];

			if (!h->count)
				continue;
			csv_text(csv, env->where);
			csv_text(csv, workload);
			csv_text(csv, split->reasons[i].reason);
			csv_text(csv, part_names[part]);
			csv_text(csv, env->unit);
			csv_count(csv, h->count);
			csv_number(csv, histogram_mean(h));
			csv_count(csv, histogram_percentile(h, 50));
			csv_count(csv, histogram_percentile(h, 99));
			csv_end_row(csv);
		}
	}
}

/* ---- Interrupts: raised, delivered to the guest, handled there (its EOI) ---- */

#define IRQ_LINES 16
#define VECTOR_OF(gsi) (0x20 + (gsi)) /* where the guests map the PIC */

struct irq_way {
	uint64_t raised, delivered; /* of the interrupt under way, 0: none */
	struct histogram to_delivered, to_handled, whole;
};

static void follow(struct irq_way *ways, const struct event *event)
{
	uint32_t line = event->kind == EVENT_INJECT ? event->a - VECTOR_OF(0) : event->a;
	struct irq_way *way = &ways[line % IRQ_LINES];

	if (line >= IRQ_LINES)
		return;
	if (event->kind == EVENT_SET && event->raised && !way->raised) {
		way->raised = event->ns;
	} else if (event->kind == EVENT_INJECT && way->raised && !way->delivered) {
		way->delivered = event->ns;
		histogram_record(&way->to_delivered, event->ns - way->raised, 1);
	} else if (event->kind == EVENT_ACK && way->delivered) {
		histogram_record(&way->to_handled, event->ns - way->delivered, 1);
		histogram_record(&way->whole, event->ns - way->raised, 1);
		way->raised = way->delivered = 0;
	}
}

static void write_stage(const struct histogram *h, const struct env *env, const char *workload,
			size_t line, const char *stage, struct csv *csv)
{
	static const char *const names[IRQ_LINES] = {
		[0] = "timer", [1] = "keyboard", [4] = "serial"
	};
	char name[24];

	snprintf(name, sizeof(name), "IRQ%zu %s", line, names[line] ? names[line] : "");
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		if (!h->bucket[i])
			continue;
		csv_text(csv, env->where);
		csv_text(csv, workload);
		csv_text(csv, name);
		csv_text(csv, stage);
		csv_text(csv, env->unit);
		csv_count(csv, hist_lower(i));
		csv_count(csv, hist_upper(i));
		csv_count(csv, h->bucket[i]);
		csv_end_row(csv);
	}
}

static void write_interrupts(const struct kernel_record *record, const struct split *split,
			     const struct env *env, const char *workload, struct csv *csv)
{
	struct irq_way *ways = xcalloc(IRQ_LINES, sizeof(*ways));

	for (size_t line = 0; line < IRQ_LINES; line++) {
		histogram_init(&ways[line].to_delivered);
		histogram_init(&ways[line].to_handled);
		histogram_init(&ways[line].whole);
	}
	for (size_t i = 0; i < record->count; i++)
		if (record->events[i].kind >= EVENT_SET &&
		    record->events[i].ns >= split->first_ns &&
		    record->events[i].ns <= split->last_ns)
			follow(ways, &record->events[i]);
	for (size_t line = 0; line < IRQ_LINES; line++) {
		write_stage(&ways[line].to_delivered, env, workload, line, "injected_to_delivered",
			    csv);
		write_stage(&ways[line].to_handled, env, workload, line, "delivered_to_handled",
			    csv);
		write_stage(&ways[line].whole, env, workload, line, "injected_to_handled", csv);
	}
	free(ways);
}

void split_workload(const struct kernel_record *record, const char *trace, const struct env *env,
		    const char *workload, struct csv *split_csv, struct csv *irq_csv)
{
	static const char *const columns[] = { "tid", "enter_ns", "return_ns", "reason", NULL };
	struct csv_reader *reader = csv_open(trace, columns);
	struct split split = { 0 };

	if (!reader)
		return; /* the run failed: said when its counts were compared */
	join_trace(record, reader, &split);
	write_parts(&split, env, workload, split_csv);
	write_interrupts(record, &split, env, workload, irq_csv);
	csv_reader_close(reader);
	free(split.reasons);
}
