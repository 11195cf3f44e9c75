/* SPDX-License-Identifier: MIT */
/* The state the programs share: maps, threads, rows, spans. */
#ifndef ACCOUNT_BPF_H
#define ACCOUNT_BPF_H

#include "bucket.h"
#include "kernel_types.bpf.h"
#include "kvm_exits.h"

/* Set before load: the verifier drops the branches they rule out. */
const volatile struct arg_index arg = {};
const volatile bool all_tasks;
const volatile bool want_hist;
const volatile bool want_record;
const volatile bool want_split; /* USER_TO_USER, too */
const volatile bool want_time;
const volatile int only_vcpu = -1;
const volatile uint32_t max_threads, max_cells, max_hists;

uint32_t used_threads, used_cells, used_hists;
struct lost lost;
uint64_t last_inject_ns; /* of any interrupt */

/* In the program's own data: an address and an index, where a map would be looked up. */
struct thread threads[MAX_THREADS];
struct cell cells[MAX_CELLS];

#define MAP_ARRAY(NAME, TYPE)                                                                      \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(map_flags, BPF_F_MMAPABLE);                                                 \
		__uint(max_entries, 1);                                                            \
		__type(key, uint32_t);                                                             \
		__type(value, TYPE);                                                               \
	} NAME SEC(".maps")

MAP_ARRAY(hists, struct hist);
MAP_ARRAY(pios, struct access);
MAP_ARRAY(irqs, struct irq);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct mmio_key);
	__type(value, struct access);
} mmios SEC(".maps");

/* Processes watched: tgid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, uint32_t);
	__type(value, uint8_t);
} targets SEC(".maps");

/* tid -> slot, for a thread that comes to a CPU: the CPU's cache answers from then on. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, uint32_t);
	__type(value, uint32_t);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

/*
 * Slots: index in threads, SLOT_UNSEEN, or one of these. The last thread seen on each CPU
 * is kept with its slot in one word, so that a reader sees both or neither.
 */
#define SLOT_NO_VCPU 0xfffffffeu /* a target's thread that has not called KVM_RUN */
#define SLOT_FULL 0xfffffffdu	 /* beyond max_threads */
#define SLOT_OTHER 0xfffffffcu	 /* not of a target */

struct cpu cpus[MAX_CPUS];

/*
 * The i-th argument. The loads are spelled out, as a computed address into
 * the context is refused by the verifier; i is a constant by then.
 */
#define CTX_LOAD(n)                                                                                \
	case n:                                                                                    \
		asm volatile("%0 = *(u64 *)(%1 + " #n "*8)" : "=r"(v) : "r"(ctx));                 \
		break

static __always_inline void *ctx_ptr(const uint64_t *ctx, uint8_t i)
{
	void *v = NULL;

	switch (i) {
		CTX_LOAD(0);
		CTX_LOAD(1);
		CTX_LOAD(2);
		CTX_LOAD(3);
		CTX_LOAD(4);
		CTX_LOAD(5);
		CTX_LOAD(6);
		CTX_LOAD(7);
	}
	return v;
}

static __always_inline uint64_t ctx_arg(const uint64_t *ctx, uint8_t i)
{
	return (uint64_t)ctx_ptr(ctx, i);
}

/*
 * Index of a table of a power of two, always within it. The mask is for the
 * verifier, and hidden from the compiler, which would drop it where it knows better.
 */
static __always_inline uint64_t table_index(uint64_t i, uint32_t size)
{
	asm volatile("" : "+r"(i));
	return i & (size - 1);
}

/* Keeps a pointer in a register, where the compiler would work it out again at every use. */
#define KEEP(pointer) asm volatile("" : "+r"(pointer))

static __always_inline void add(uint64_t *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* ---- recording ---- */

static __noinline int emit_slow(struct record *r)
{
	if (!r)
		return 0;
	if (bpf_ringbuf_output(&ring, r, sizeof(*r), BPF_RB_NO_WAKEUP))
		add(&lost.records);
	return 0;
}

static __always_inline void emit(uint16_t event, uint64_t ns, uint32_t reason, int32_t error,
				 uint64_t a, uint64_t b)
{
	struct record r;

	if (!want_record)
		return;
	r.ns = ns;
	r.tid = (uint32_t)bpf_get_current_pid_tgid();
	r.cpu = bpf_get_smp_processor_id();
	r.event = event;
	r.reason = reason;
	r.error = error;
	r.a = a;
	r.b = b;
	emit_slow(&r);
}

/* ---- histograms and rows ---- */

/* Widens the range to a value outside it. */
static __noinline int span_widen(struct span *s, uint64_t ns)
{
	if (!s)
		return 0;
	if (!s->range_ns) {
		s->min_ns = ns;
		s->range_ns = 1;
	} else if (ns < s->min_ns) {
		s->range_ns += s->min_ns - ns;
		s->min_ns = ns;
	} else {
		s->range_ns = ns - s->min_ns + 1;
	}
	return 0;
}

/* A sample of a span that has no histogram yet, or for which there is none. */
static __noinline int hist_first(struct span *s, uint64_t ns)
{
	struct hist *h;
	uint32_t n, i;

	if (!s)
		return 0;
	if (!s->hist) {
		n = used_hists < max_hists ? __sync_fetch_and_add(&used_hists, 1) : max_hists;
		s->hist = n < max_hists ? n + 1 : HIST_NONE;
	}
	n = s->hist - 1;
	h = bpf_map_lookup_elem(&hists, &n);
	i = bucket_index(ns);
	if (h && i < HIST_BUCKETS) {
		h->bucket[i]++;
		return 0;
	}
	s->count++;
	add(&lost.histograms);
	return 0;
}

/* lean: there are histograms; else want_hist says. */
static __always_inline void span_add(struct span *s, uint64_t ns, bool lean)
{
	uint32_t n, i;
	struct hist *h;

	KEEP(s);
	n = s->hist - 1;
	s->total_ns += ns;
	if (ns - s->min_ns >= s->range_ns)
		span_widen(s, ns);
	if (!lean && !want_hist) {
		s->count++;
		return;
	}
	h = bpf_map_lookup_elem(&hists, &n);
	if (!h) {
		hist_first(s, ns);
		return;
	}
	i = bucket_index(ns);
	if (i < HIST_BUCKETS)
		h->bucket[i]++;
}

/* A cell by its index, 1 to max_cells; NULL for 0. */
static __always_inline struct cell *cell_at(uint16_t index)
{
	return index ? &cells[table_index(index, MAX_CELLS)] : NULL;
}

/* Gives a reason its row: index becomes that of its cell, 1-based, or stays 0 (counted). */
static __noinline int cell_new(uint16_t *index, uint64_t code, uint32_t isa, int32_t error)
{
	struct cell *c;
	uint32_t n;

	if (!index)
		return 0;
	n = used_cells < max_cells ? __sync_fetch_and_add(&used_cells, 1) : max_cells;
	c = n < max_cells ? cell_at(n + 1) : NULL; /* cells[0] is not used */
	if (!c) {
		add(&lost.cells);
		return 0;
	}
	c->code = code;
	c->isa = isa;
	c->error = error;
	*index = n + 1;
	return 0;
}

/* The row of a reason, created when it is new; NULL when there is no room for it. */
static __always_inline struct cell *cell_get(uint16_t *index, uint64_t code, uint32_t isa,
					     int32_t error)
{
	struct cell *c = cell_at(*index);

	if (c)
		return c;
	cell_new(index, code, isa, error);
	return cell_at(*index);
}

/* ---- threads ---- */

/*
 * Which vCPU the current thread runs, from its own open files: on software KVM no tracepoint
 * tells. Of the files called "kvm-vcpu:N" it is the one whose last runner is this thread.
 */
struct vcpu_search {
	struct thread *thread;
	struct file **fds;
};

#define MAX_FDS 4096
#define MAX_FDS_UNROLLED 64 /* where there is no bpf_loop(): before Linux 5.17 */

/* For bpf_loop(): one file; 1 ends the search. */
static long vcpu_try(uint32_t i, struct vcpu_search *search)
{
	struct thread *t = search->thread;
	struct file *file = NULL;
	struct kvm_vcpu *vcpu;
	const unsigned char *name;
	char kind[8] = {};

	bpf_probe_read_kernel(&file, sizeof(file), &search->fds[i]);
	if (!file)
		return 0;
	name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	bpf_probe_read_kernel(kind, sizeof(kind), name);
	if (*(uint64_t *)kind != *(uint64_t *)"kvm-vcpu")
		return 0;
	vcpu = BPF_CORE_READ(file, private_data);
	if ((uint32_t)BPF_CORE_READ(vcpu, pid, numbers[0].nr) != t->tid)
		return 0;
	t->vcpu = BPF_CORE_READ(vcpu, vcpu_id);
	t->kvm = (uint64_t)BPF_CORE_READ(vcpu, kvm);
	return 1;
}

static __noinline int vcpu_find(struct thread *t)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct vcpu_search search = { t, BPF_CORE_READ(fdt, fd) };
	uint32_t count = BPF_CORE_READ(fdt, max_fds), i;

	if (!t)
		return 0;
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)) {
		bpf_loop(count < MAX_FDS ? count : MAX_FDS, vcpu_try, &search, 0);
		return 0;
	}
	for (i = 0; i < MAX_FDS_UNROLLED && i < count; i++)
		if (vcpu_try(i, &search))
			break;
	return 0;
}

static __always_inline bool is_target(uint32_t tgid)
{
	return all_tasks || bpf_map_lookup_elem(&targets, &tgid);
}

static __always_inline struct thread *thread_at(uint32_t slot)
{
	return slot < MAX_THREADS ? &threads[table_index(slot, MAX_THREADS)] : NULL;
}

static __noinline uint32_t thread_new(uint32_t tgid, uint32_t tid)
{
	struct thread *t;
	uint32_t slot;

	if (used_threads >= max_threads)
		return SLOT_FULL;
	slot = __sync_fetch_and_add(&used_threads, 1);
	t = thread_at(slot);
	if (!t || slot >= max_threads)
		return SLOT_FULL;
	t->tgid = tgid;
	t->tid = tid;
	t->vcpu = -1;
	bpf_get_current_comm(t->comm, sizeof(t->comm));
	vcpu_find(t);
	if (only_vcpu >= 0 && t->vcpu != only_vcpu)
		slot = SLOT_OTHER;
	return slot;
}

static __always_inline struct cpu *cpu_get(void)
{
	return &cpus[table_index(bpf_get_smp_processor_id(), MAX_CPUS)];
}

static __noinline uint32_t slot_slow(uint32_t runs_vcpu)
{
	uint64_t id = bpf_get_current_pid_tgid();
	uint32_t tid = (uint32_t)id, slot, *known;

	known = bpf_map_lookup_elem(&slots, &tid);
	slot = known ? *known : SLOT_NO_VCPU;
	if (!known && !is_target(id >> 32))
		slot = SLOT_OTHER;
	if (slot == SLOT_NO_VCPU && runs_vcpu) {
		slot = thread_new(id >> 32, tid);
		bpf_map_update_elem(&slots, &tid, &slot, BPF_ANY);
	}
	if (slot == SLOT_FULL)
		add(&lost.threads);
	else /* a full one comes here again, to be counted */
		cpu_get()->tid_slot = tid | (uint64_t)slot << 32;
	return slot;
}

static __always_inline uint32_t slot_get(bool runs_vcpu)
{
	uint64_t cached = *(volatile uint64_t *)&cpu_get()->tid_slot;
	uint32_t slot = cached >> 32;

	if ((uint32_t)cached != (uint32_t)bpf_get_current_pid_tgid() || slot == SLOT_UNSEEN ||
	    (runs_vcpu && slot == SLOT_NO_VCPU))
		slot = slot_slow(runs_vcpu);
	return slot;
}

/* The current thread, which runs a vCPU; NULL when it is none of ours. */
static __always_inline struct thread *thread_get(void)
{
	struct thread *t = thread_at(slot_get(true));

	KEEP(t);
	return t;
}

/* The same where sched_switch is attached, which leaves no other thread's slot with the CPU. */
static __always_inline struct thread *thread_get_lean(void)
{
	uint32_t slot = *(volatile uint64_t *)&cpu_get()->tid_slot >> 32;
	struct thread *t;

	if (slot > SLOT_OTHER)
		slot = slot_slow(true);
	t = thread_at(slot);
	KEEP(t);
	return t;
}

/* Ends the open span: its length, and the start of the next. */
static __always_inline uint64_t span_end(struct thread *t, uint64_t now)
{
	uint64_t ns = now - t->last_ns;

	t->last_ns = now;
	return ns;
}

/*
 * The time the thread was scheduled out during the open span goes to the row
 * that the span goes to. sched_switch marks the state, so that the states
 * compared on the hot path mean that there is none.
 */
static __noinline int off_cpu_take(struct thread *t, struct cell *c)
{
	if (!t || !c)
		return 0;
	c->off_cpu_ns += t->off_span_ns;
	t->off_span_ns = 0;
	t->state &= ~STATE_WAS_OFF;
	return 0;
}

#endif
