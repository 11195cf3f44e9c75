/* SPDX-License-Identifier: MIT */
/* The JSON document of output.h. */
#include <dirent.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "output.h"
#include "reasons.h"

static void put(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void put_hex(json_t *object, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	json_object_set_new(object, key, json_string(text));
}

static json_t *histogram(const struct dist *d)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < HIST_BUCKETS; i++)
		if (d->bucket[i])
			json_array_append_new(
			    list, json_pack("[I,I]", (json_int_t)i, (json_int_t)d->bucket[i]));
	return list;
}

static void put_span(json_t *object, const char *key, const struct session *s,
		     const struct span *span)
{
	struct dist d = { 0 };
	json_t *o;

	dist_add(&d, span, session_hist(s, span));
	if (!d.count)
		return;
	o = json_object();
	put(o, "count", d.count);
	put(o, "total", d.total_ns);
	put(o, "min", d.min_ns);
	put(o, "max", d.max_ns);
	put(o, "mean", dist_mean(&d));
	if (d.in_hist) {
		put(o, "p50", dist_quantile(&d, 0.5));
		put(o, "p90", dist_quantile(&d, 0.9));
		put(o, "p99", dist_quantile(&d, 0.99));
		put(o, "p999", dist_quantile(&d, 0.999));
	}
	json_object_set_new(o, "histogram", histogram(&d));
	json_object_set_new(object, key, o);
}

static json_t *user_exit(const struct session *s, const struct cell *c)
{
	json_t *o = json_object();
	char buf[REASON_LEN];

	json_object_set_new(o, "reason", json_string(user_reason(c->code, c->error, buf)));
	json_object_set_new(o, "code", json_integer(c->error ? -1 : (json_int_t)c->code));
	json_object_set_new(o, "errno", json_integer(c->error));
	put(o, "count", c->count);
	put(o, "off_cpu_ns", c->off_cpu_ns);
	put_span(o, "run_ns", s, &c->span[USER_RUN]);
	put_span(o, "to_user_ns", s, &c->span[USER_TO_USER]);
	put_span(o, "handler_ns", s, &c->span[USER_HANDLER]);
	put_span(o, "reentry_ns", s, &c->span[USER_REENTRY]);
	return o;
}

static json_t *hw_exit(const struct session *s, const struct cell *c)
{
	json_t *o = json_object();
	char buf[REASON_LEN];

	json_object_set_new(o, "isa", json_string(isa_name(c->isa)));
	json_object_set_new(o, "reason", json_string(hw_reason(c->isa, c->code, buf)));
	put(o, "code", c->code);
	put(o, "count", c->count);
	put(o, "to_user", c->to_user);
	put(o, "off_cpu_ns", c->off_cpu_ns);
	put_span(o, "guest_ns", s, &c->span[HW_GUEST]);
	put_span(o, "kernel_ns", s, &c->span[HW_KERNEL]);
	return o;
}

/* VMs have no number in the kernel: they get one in the order in which their vCPUs appear. */
static int vm_number(const struct thread *threads, uint32_t i)
{
	int number = 0;
	uint32_t j, k;

	for (j = 0; j < i; j++) {
		if (threads[j].kvm == threads[i].kvm && threads[j].tgid == threads[i].tgid)
			return vm_number(threads, j);
		for (k = 0; k < j; k++)
			if (threads[k].kvm == threads[j].kvm && threads[k].tgid == threads[j].tgid)
				break;
		number += k == j;
	}
	return number;
}

static json_t *vcpu(const struct session *s, const struct thread *threads, uint32_t i)
{
	json_t *o = json_object(), *user = json_array(), *hw = json_array();
	const struct thread *t = &threads[i];
	const struct cell *c;
	size_t row;

	json_object_set_new(o, "vcpu", json_integer(t->vcpu));
	put(o, "tid", t->tid);
	put(o, "tgid", t->tgid);
	json_object_set_new(o, "vm", json_integer(vm_number(threads, i)));
	json_object_set_new(o, "comm", json_stringn(t->comm, strnlen(t->comm, COMM_LEN)));
	put(o, "reentries", t->reentries);
	put(o, "unmatched", t->unmatched);
	put(o, "off_cpu_ns", t->off_total_ns);
	put(o, "injected", t->injected);
	put(o, "reinjected", t->reinjected);
	put(o, "acked", t->acked);
	put(o, "emulated_insns", t->insns);
	put(o, "failed_insns", t->insns_failed);
	json_object_set_new(
	    o, "halt",
	    json_pack("{s:I,s:I,s:I,s:I,s:I}", "polls", (json_int_t)t->halt_polls, "poll_ns",
		      (json_int_t)t->halt_poll_ns, "waits", (json_int_t)t->halt_waits, "wait_ns",
		      (json_int_t)t->halt_wait_ns, "invalid", (json_int_t)t->halt_invalid));
	for (row = 0; row < USER_ROWS; row++) {
		c = session_cell(s, t->user_index[row]);
		if (c && c->count)
			json_array_append_new(user, user_exit(s, c));
	}
	for (row = 0; row < HW_ROWS; row++) {
		c = session_cell(s, t->hw_index[row]);
		if (c && c->count)
			json_array_append_new(hw, hw_exit(s, c));
	}
	json_object_set_new(o, "user_exits", user);
	json_object_set_new(o, "hw_exits", hw);
	return o;
}

static json_t *vcpus(const struct session *s)
{
	const struct thread *threads;
	uint32_t count = session_threads(s, &threads), i;
	json_t *list = json_array();

	for (i = 0; i < count; i++)
		if (session_watches(s, &threads[i]))
			json_array_append_new(list, vcpu(s, threads, i));
	return list;
}

static json_t *pios(const struct session *s)
{
	const struct access *a = session_pios(s);
	json_t *list = json_array(), *o;
	uint32_t i;

	for (i = 0; a && i < PIO_ROWS; i++) {
		if (!a[i].count)
			continue;
		o = json_object();
		put_hex(o, "port", i / 2);
		json_object_set_new(o, "direction", json_string(i & 1 ? "out" : "in"));
		put(o, "count", a[i].count);
		put(o, "bytes", a[i].bytes);
		json_array_append_new(list, o);
	}
	return list;
}

static void mmio_put(void *arg, const struct mmio_key *key, const struct access *a)
{
	static const char *const directions[] = { "read-wait", "read", "write" };
	json_t *o = json_object();

	put_hex(o, "address", key->gpa);
	json_object_set_new(o, "direction",
			    json_string(key->type < MMIO_TYPES ? directions[key->type] : "?"));
	put(o, "count", a->count);
	put(o, "bytes", a->bytes);
	json_array_append_new(arg, o);
}

static json_t *irqs(const struct session *s)
{
	const struct irq *irq = session_irqs(s);
	json_t *list = json_array(), *o;
	uint32_t i;

	for (i = 0; irq && i < MAX_GSI; i++) {
		if (!irq[i].raised && !irq[i].raised_outside && !irq[i].acked)
			continue;
		o = json_object();
		put(o, "gsi", i);
		put(o, "raised", irq[i].raised);
		put(o, "raised_outside", irq[i].raised_outside);
		put(o, "lowered", irq[i].lowered);
		put(o, "coalesced", irq[i].coalesced);
		put(o, "acked", irq[i].acked);
		put(o, "not_delivered", irq[i].not_delivered);
		put_span(o, "injected_to_delivered_ns", s, &irq[i].span[IRQ_INJECTED_TO_DELIVERED]);
		put_span(o, "delivered_to_handled_ns", s, &irq[i].span[IRQ_DELIVERED_TO_HANDLED]);
		put_span(o, "injected_to_handled_ns", s, &irq[i].span[IRQ_INJECTED_TO_HANDLED]);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *machine(void)
{
	const char *const modules[] = { "kvm_amd", "kvm_intel", "kvm_pvm" };
	const char *lab = getenv("MINIKVM_LAB");
	json_t *o = json_object(), *kvm = json_array();
	struct utsname u;
	char path[64];
	size_t i;

	uname(&u);
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		snprintf(path, sizeof(path), "/sys/module/%s", modules[i]);
		if (!access(path, F_OK))
			json_array_append_new(kvm, json_string(modules[i]));
	}
	json_object_set_new(o, "kernel", json_string(u.release));
	json_object_set_new(o, "cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	json_object_set_new(o, "kvm", kvm);
	json_object_set_new(o, "lab", json_string(lab ? lab : ""));
	return o;
}

static json_t *target(const struct run *r)
{
	json_t *o = json_object(), *command = json_array();
	char **word;

	put(o, "pid", r->target->pid);
	json_object_set_new(o, "comm", json_string(r->target->comm));
	for (word = r->options->command; word && *word; word++)
		json_array_append_new(command, json_string(*word));
	json_object_set_new(o, "command", command);
	json_object_set_new(o, "status", json_integer(r->status));
	return o;
}

static json_t *lost(const struct session *s)
{
	struct lost l = session_lost(s);
	json_t *o = json_object();

	put(o, "threads", l.threads);
	put(o, "rows", l.cells);
	put(o, "folded", l.folded);
	put(o, "histograms", l.histograms);
	put(o, "addresses", l.mmio);
	put(o, "gsi", l.gsi);
	put(o, "records", l.records);
	put(o, "missed", missed_sum(s));
	put(o, "unmatched", unmatched_sum(s));
	return o;
}

static json_t *cost(const struct session *s, json_t *names)
{
	json_t *o = json_object(), *list = json_array(), *probe;
	struct probe_cost c[MAX_PROBES];
	size_t count = session_cost(s, c, MAX_PROBES), i;

	for (i = 0; i < count; i++) {
		json_array_append_new(names, json_string(c[i].tracepoint));
		if (!session_has_cost(s))
			continue;
		probe = json_object();
		json_object_set_new(probe, "tracepoint", json_string(c[i].tracepoint));
		put(probe, "runs", c[i].runs);
		put(probe, "total_ns", c[i].run_ns);
		json_object_set_new(
		    probe, "mean_ns",
		    json_real(c[i].runs ? (double)c[i].run_ns / (double)c[i].runs : 0));
		json_array_append_new(list, probe);
	}
	json_object_set_new(o, "measured", json_boolean(session_has_cost(s)));
	json_object_set_new(o, "probes", list);
	return o;
}

static json_t *missing(const struct session *s)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; event_words[i].name; i++)
		if (session_missing(s) & event_words[i].watch)
			json_array_append_new(list, json_string(event_words[i].name));
	return list;
}

void output_json(FILE *out, const struct run *r)
{
	const struct session *s = r->session;
	json_t *root = json_object(), *probes = json_array(), *notes = json_array();
	json_t *costs = cost(s, probes), *mmios = json_array();
	size_t i;

	for (i = 0; run_note(r, i); i++)
		json_array_append_new(notes, json_string(run_note(r, i)));
	session_mmios(s, mmio_put, mmios);
	json_object_set_new(root, "format", json_string(OUTPUT_FORMAT));
	json_object_set_new(root, "version", json_string(MINIKVM_VERSION));
	json_object_set_new(root, "machine", machine());
	json_object_set_new(root, "clock", json_string("CLOCK_MONOTONIC"));
	put(root, "begin_ns", r->begin_ns);
	put(root, "duration_ns", r->duration_ns);
	json_object_set_new(root, "target", target(r));
	json_object_set_new(root, "probes", probes);
	json_object_set_new(root, "missing", missing(s));
	json_object_set_new(root, "hardware_exits", json_boolean(has_hw_exits(s)));
	json_object_set_new(root, "notes", notes);
	json_object_set_new(root, "lost", lost(s));
	json_object_set_new(root, "cost", costs);
	put(root, "records", r->records);
	json_object_set_new(root, "vcpus", vcpus(s));
	json_object_set_new(root, "pio", pios(s));
	json_object_set_new(root, "mmio", mmios);
	json_object_set_new(root, "irq", irqs(s));
	json_dumpf(root, out, JSON_COMPACT | JSON_PRESERVE_ORDER);
	fputc('\n', out);
	json_decref(root);
}
