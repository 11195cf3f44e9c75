// SPDX-License-Identifier: MIT
/*
 * Programs on KVM's tracepoints. They attach as BTF tracepoints: no record is
 * copied, tracefs is not needed, and only the arguments used are touched.
 *
 * Everything a vCPU's exits change belongs to that vCPU's thread, which runs
 * on one CPU at a time: no atomics and no per-CPU copies on the hot path.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kvm_exits.h"
#include "bucket.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Kernel types, only the fields used; libbpf finds them by name in the running kernel. */
#define KERNEL_TYPE __attribute__((preserve_access_index))

struct upid { int nr; } KERNEL_TYPE;
struct pid { struct upid numbers[1]; } KERNEL_TYPE;
struct kvm { int nr_memslots_dirty_logging; } KERNEL_TYPE;
struct kvm_vcpu_arch { __u32 hflags; } KERNEL_TYPE;
struct kvm_vcpu_stat { __u64 exits; } KERNEL_TYPE;
struct kvm_vcpu {
	struct kvm *kvm;
	int vcpu_id;
	struct pid *pid;
	struct kvm_vcpu_arch arch;
	struct kvm_vcpu_stat stat;
} KERNEL_TYPE;
struct qstr { const unsigned char *name; } KERNEL_TYPE;
struct dentry { struct qstr d_name; } KERNEL_TYPE;
struct path { struct dentry *dentry; } KERNEL_TYPE;
struct file { struct path f_path; void *private_data; } KERNEL_TYPE;
struct fdtable { unsigned int max_fds; struct file **fd; } KERNEL_TYPE;
struct files_struct { struct fdtable *fdt; } KERNEL_TYPE;
struct task_struct { int pid, tgid; struct files_struct *files; } KERNEL_TYPE;

/* AMD. kvm_vcpu is the first member, as the kernel asserts (to_svm() is a cast). */
struct vmcb_control_area { uint64_t exit_code; } KERNEL_TYPE;
struct vmcb { struct vmcb_control_area control; } KERNEL_TYPE;
struct vcpu_svm { struct kvm_vcpu vcpu; struct vmcb *vmcb; } KERNEL_TYPE;

/* Intel: in vcpu_vmx itself, or since 6.15 in the part shared with TDX. */
union vmx_exit_reason { uint32_t full; } KERNEL_TYPE;
struct vcpu_vmx { struct kvm_vcpu vcpu; union vmx_exit_reason exit_reason; } KERNEL_TYPE;
struct vcpu_vt { union vmx_exit_reason exit_reason; } KERNEL_TYPE;
struct vcpu_vmx___vt { struct vcpu_vt vt; } KERNEL_TYPE;

/* Set before load: the verifier drops the branches they rule out. */
const volatile struct arg_index arg = {};
const volatile bool all_tasks;
const volatile bool want_hist;
const volatile bool want_record;
const volatile bool want_split; /* TO_USER by user reason, too */
const volatile bool want_time;
const volatile int only_vcpu = -1;
const volatile uint32_t max_threads, max_cells, max_hists;

uint32_t used_threads, used_cells, used_hists;
struct lost lost;

/* In the program's own data: an address and an index, where a map would be looked up. */
struct thread threads[MAX_THREADS];
struct cell cells[MAX_CELLS];

#define MAP_ARRAY(NAME, TYPE)                                                                      \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(map_flags, BPF_F_MMAPABLE);                                                 \
		__uint(max_entries, 1);                                                            \
		__type(key, uint32_t);                                                                \
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
 * Slots: index in threads, or one of these. The last thread seen on each CPU
 * is kept with its slot in one word, so that a reader sees both or neither.
 */
#define SLOT_OTHER 0xffffffffu   /* not of a target */
#define SLOT_NO_VCPU 0xfffffffeu /* a target's thread that has not called KVM_RUN */
#define SLOT_FULL 0xfffffffdu    /* beyond max_threads */
#define SLOT_FIRST_SPECIAL SLOT_FULL

struct cpu cpus[MAX_CPUS];

/*
 * The i-th argument. The loads are spelled out, as a computed address into
 * the context is refused by the verifier; i is a constant by then.
 */
#define CTX_LOAD(n) case n: asm volatile("%0 = *(u64 *)(%1 + " #n "*8)" : "=r"(v) : "r"(ctx)); break

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

static __always_inline void emit(uint16_t event, uint64_t ns, uint32_t reason, int32_t error, uint64_t a, uint64_t b)
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

/* A span's sample with no histogram yet, or none left for it. */
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
	if (h && i < HIST_BUCKETS)
		h->bucket[i]++;
	else
		add(&lost.histograms);
	return 0;
}

static __always_inline void span_add(struct span *s, uint64_t ns)
{
	uint32_t n = s->hist - 1, i;
	struct hist *h;

	s->count++;
	s->total_ns += ns;
	if (ns > s->max_ns)
		s->max_ns = ns;
	if (~ns > s->inv_min_ns)
		s->inv_min_ns = ~ns;
	if (!want_hist)
		return;
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
#define MAX_FDS 512

static __noinline int vcpu_find(struct thread *t)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **fds = BPF_CORE_READ(fdt, fd);
	uint32_t max = BPF_CORE_READ(fdt, max_fds);
	uint32_t i;

	if (!t)
		return 0;
	for (i = 0; i < MAX_FDS; i++) {
		struct file *file = NULL;
		struct kvm_vcpu *vcpu;
		const unsigned char *name;
		char kind[8] = {};

		if (i >= max)
			break;
		bpf_probe_read_kernel(&file, sizeof(file), &fds[i]);
		if (!file)
			continue;
		name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
		bpf_probe_read_kernel(kind, sizeof(kind), name);
		if (*(uint64_t *)kind != *(uint64_t *)"kvm-vcpu")
			continue;
		vcpu = BPF_CORE_READ(file, private_data);
		if ((uint32_t)BPF_CORE_READ(vcpu, pid, numbers[0].nr) != t->tid)
			continue;
		t->vcpu = BPF_CORE_READ(vcpu, vcpu_id);
		t->kvm = (uint64_t)BPF_CORE_READ(vcpu, kvm);
		break;
	}
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
		cpus[table_index(bpf_get_smp_processor_id(), MAX_CPUS)].tid_slot =
			tid | (uint64_t)slot << 32;
	return slot;
}

static __always_inline uint32_t slot_get(bool runs_vcpu)
{
	struct cpu *cpu = &cpus[table_index(bpf_get_smp_processor_id(), MAX_CPUS)];
	uint64_t cached = *(volatile uint64_t *)&cpu->tid_slot;
	uint32_t slot = cached >> 32;

	if ((uint32_t)cached != (uint32_t)bpf_get_current_pid_tgid() ||
	    (runs_vcpu && slot == SLOT_NO_VCPU))
		slot = slot_slow(runs_vcpu);
	return slot;
}

/* The current thread, which runs a vCPU; NULL when it is none of ours. */
static __always_inline struct thread *thread_get(void)
{
	return thread_at(slot_get(true));
}

/* Ends the open span: its length, and the start of the next. */
static __always_inline uint64_t span_end(struct thread *t, uint64_t now)
{
	uint64_t ns = now - t->last_ns;

	t->last_ns = now;
	return ns;
}

static __always_inline void off_cpu_add(struct thread *t, struct cell *c)
{
	if (t->off_span_ns) {
		c->off_cpu_ns += t->off_span_ns;
		t->off_span_ns = 0;
	}
}

/*
 * The three hot programs come twice: lean ones, compiled for the usual
 * positions of the arguments and no recording, and ones for all else.
 */
#define ARG(position, field) (lean ? (position) : arg.field)

/* ---- hardware exits ---- */

/*
 * vmcb->control.exit_code is two pointers away. The first is remembered: it changes when the
 * vCPU enters or leaves a nested guest (a bit of hflags), and is known to be that of the same
 * vCPU as long as its exits count up one by one.
 */
static __always_inline uint64_t svm_code(struct thread *t, struct kvm_vcpu *vcpu)
{
	uint32_t code = 0xfffffffe;

	if (bpf_core_field_exists(vcpu->stat.exits) && bpf_core_field_exists(vcpu->arch.hflags)) {
		uint64_t exits = vcpu->stat.exits, hflags = vcpu->arch.hflags;

		if (t->code_exits != exits || t->code_vcpu != (uint64_t)vcpu ||
		    t->code_hflags != hflags) {
			t->code_address =
				(uint64_t)&BPF_CORE_READ((struct vcpu_svm *)vcpu, vmcb)->control.exit_code;
			t->code_vcpu = (uint64_t)vcpu;
			t->code_hflags = hflags;
		}
		t->code_exits = exits + 1;
		bpf_probe_read_kernel(&code, sizeof(code), (void *)t->code_address);
		return code;
	}
	return BPF_CORE_READ((struct vcpu_svm *)vcpu, vmcb, control.exit_code);
}

static __always_inline uint64_t vmx_code(struct kvm_vcpu *vcpu)
{
	if (bpf_core_field_exists(((struct vcpu_vmx___vt *)0)->vt))
		return BPF_CORE_READ((struct vcpu_vmx___vt *)vcpu, vt.exit_reason.full);
	if (bpf_core_field_exists(((struct vcpu_vmx *)0)->exit_reason))
		return BPF_CORE_READ((struct vcpu_vmx *)vcpu, exit_reason.full);
	return 0xfffffffe;
}

static __always_inline uint32_t hw_row(uint64_t code, uint32_t isa)
{
	uint32_t row = code;

	if (isa == ISA_VMX)
		row &= 0xffff; /* basic reason; the flags above it stay in the code */
	if (row < HW_NPF_BASE)
		return row;
	if (isa == ISA_SVM && row - 0x400 < HW_ERR_ROW - HW_NPF_BASE)
		return row - 0x400 + HW_NPF_BASE;
	return row == 0xffffffff ? HW_ERR_ROW : HW_ROWS - 1;
}

static __always_inline int on_exit(uint64_t *ctx, bool lean)
{
	struct thread *t = thread_get();
	uint64_t now = 0, ns, code;
	struct kvm_vcpu *vcpu;
	uint32_t isa, row;
	struct cell *c;

	if (!t)
		return 0;
	if (want_time)
		now = bpf_ktime_get_ns();
	vcpu = ctx_ptr(ctx, ARG(LEAN_EXIT_VCPU, exit_vcpu));
	isa = ctx_arg(ctx, ARG(LEAN_EXIT_ISA, exit_isa));
	if (!vcpu)
		return 0;
	if (!lean && arg.exit_reason != NO_ARG)
		code = (uint32_t)ctx_arg(ctx, arg.exit_reason);
	else if (isa == ISA_SVM && bpf_core_field_exists(((struct vcpu_svm *)0)->vmcb))
		code = svm_code(t, vcpu);
	else
		code = vmx_code(vcpu);
	row = table_index(hw_row(code, isa), HW_ROWS);
	if (!lean)
		emit(EVENT_EXIT, now, isa, 0, code, isa);
	ns = span_end(t, now);
	c = cell_get(&t->hw_index[row], code, isa, 0);
	if (!c) {
		t->state = STATE_UNKNOWN;
		return 0;
	}
	c->count++;
	if (row == HW_ROWS - 1 && c->code != code)
		add(&lost.folded);
	if (!want_time)
		return 0;
	off_cpu_add(t, c);
	if (t->state == STATE_GUEST)
		span_add(&c->span[HW_GUEST], ns);
	else if (t->state != STATE_UNKNOWN)
		t->unmatched++;
	t->state = STATE_EXITED;
	t->hw_cell = t->hw_index[row];
	return 0;
}

SEC("tp_btf/kvm_exit")
int exit_lean(uint64_t *ctx)
{
	return on_exit(ctx, true);
}

SEC("tp_btf/kvm_exit")
int exit_full(uint64_t *ctx)
{
	return on_exit(ctx, false);
}

/* What the entry into the guest ends; none for a state that counts no span. */
static __always_inline struct span *entry_ends(struct thread *t, struct cell **c)
{
	uint16_t state = t->state;
	uint32_t kind = HW_KERNEL;

	*c = cell_at(state == STATE_EXITED ? t->hw_cell : t->user_cell);
	if (!*c)
		return NULL;
	if (state != STATE_EXITED)
		kind = state == STATE_USER ? USER_HANDLER : USER_REENTRY;
	return &(*c)->span[table_index(kind, CELL_SPANS)];
}

static __always_inline int on_entry(bool lean)
{
	struct thread *t = thread_get();
	uint64_t now, ns;
	struct span *s;
	struct cell *c;

	if (!t)
		return 0;
	now = bpf_ktime_get_ns();
	if (!lean)
		emit(EVENT_ENTRY, now, 0, 0, t->vcpu, 0);
	ns = span_end(t, now);
	t->entries++;
	if (t->state == STATE_GUEST) {
		t->reentries++;
	} else if (t->state != STATE_UNKNOWN) {
		s = entry_ends(t, &c);
		if (s) {
			off_cpu_add(t, c);
			span_add(s, ns);
		}
	}
	t->state = STATE_GUEST;
	return 0;
}

SEC("tp_btf/kvm_entry")
int entry_lean(void *ctx)
{
	(void)ctx;
	return on_entry(true);
}

SEC("tp_btf/kvm_entry")
int entry_full(void *ctx)
{
	(void)ctx;
	return on_entry(false);
}

/* ---- returns to user space ---- */

/* Counts the return; its row, or NULL when there is no room for it. */
static __always_inline struct cell *user_count(struct thread *t, const uint64_t *ctx, bool lean)
{
	uint32_t reason = ctx_arg(ctx, ARG(LEAN_USER_REASON, user_reason));
	int32_t error = -(int32_t)ctx_arg(ctx, ARG(LEAN_USER_ERRNO, user_errno));
	uint16_t *index;
	struct cell *c;
	uint32_t row;

	if (error <= 0) {
		row = reason < USER_ERRNO_BASE - 1 ? reason : USER_ERRNO_BASE - 1;
		error = 0;
	} else {
		row = error < USER_ROWS - USER_ERRNO_BASE ? USER_ERRNO_BASE + error : USER_ROWS - 1;
	}
	index = &t->user_index[table_index(row, USER_ROWS)];
	c = cell_get(index, reason, 0, error);
	t->user_cell = *index;
	if (!c)
		return NULL;
	c->count++;
	if ((row == USER_ERRNO_BASE - 1 && c->code != reason) ||
	    (row == USER_ROWS - 1 && c->error != error))
		add(&lost.folded);
	return c;
}

/* --counts: no clock, no order of events. */
SEC("tp_btf/kvm_userspace_exit")
int user_counts(uint64_t *ctx)
{
	struct thread *t = thread_get();

	if (t)
		user_count(t, ctx, true);
	return 0;
}

SEC("tp_btf/kvm_userspace_exit")
int user_counts_full(uint64_t *ctx)
{
	struct thread *t = thread_get();

	if (t)
		user_count(t, ctx, false);
	return 0;
}

static __always_inline void user_from_exit(struct thread *t, struct cell *c, uint64_t ns)
{
	struct cell *hw = cell_at(t->hw_cell);

	if (want_split)
		span_add(&c->span[USER_TO_USER], ns);
	if (!hw)
		return;
	hw->to_user++;
	hw->to_user_ns += ns;
	span_add(&hw->span[HW_KERNEL], ns);
}

static __always_inline int on_user(uint64_t *ctx, bool lean)
{
	struct thread *t = thread_get();
	uint64_t now, ns;
	struct cell *c;

	if (!t)
		return 0;
	now = bpf_ktime_get_ns();
	if (!lean)
		emit(EVENT_USER, now, ctx_arg(ctx, arg.user_reason),
		     -(int32_t)ctx_arg(ctx, arg.user_errno), (uint32_t)ctx_arg(ctx, arg.user_reason),
		     t->vcpu);
	ns = span_end(t, now);
	c = user_count(t, ctx, lean);
	if (c) {
		off_cpu_add(t, c);
		if (t->state == STATE_EXITED)
			user_from_exit(t, c, ns);
		else if (t->state == STATE_RUN)
			span_add(&c->span[USER_RUN], ns);
		else if (t->state == STATE_GUEST)
			t->unmatched++;
	}
	t->state = STATE_USER;
	return 0;
}

SEC("tp_btf/kvm_userspace_exit")
int user_lean(uint64_t *ctx)
{
	return on_user(ctx, true);
}

SEC("tp_btf/kvm_userspace_exit")
int user_full(uint64_t *ctx)
{
	return on_user(ctx, false);
}

/* kvm_fpu(load) is the first thing KVM_RUN does, kvm_fpu(unload) one of the last. */
SEC("tp_btf/kvm_fpu")
int run_start(uint64_t *ctx)
{
	struct thread *t;
	struct cell *c;
	uint64_t now, ns;

	if (!(uint32_t)ctx_arg(ctx, arg.fpu_load))
		return 0;
	t = thread_get();
	if (!t)
		return 0;
	now = bpf_ktime_get_ns();
	emit(EVENT_RUN, now, 0, 0, t->vcpu, 0);
	ns = span_end(t, now);
	c = cell_at(t->user_cell);
	if (t->state == STATE_USER && c) {
		off_cpu_add(t, c);
		span_add(&c->span[USER_HANDLER], ns);
	}
	t->state = STATE_RUN;
	return 0;
}

SEC("tp_btf/sched_switch")
int sched_switch(uint64_t *ctx)
{
	struct task_struct *prev = ctx_ptr(ctx, arg.switch_prev);
	struct task_struct *next = ctx_ptr(ctx, arg.switch_next);
	struct cpu *cpu = &cpus[table_index(bpf_get_smp_processor_id(), MAX_CPUS)];
	uint32_t slot = cpu->tid_slot >> 32, tid, *known;
	struct thread *t;
	uint64_t now;

	if (!prev || !next)
		return 0;
	/* A thread with a slot is in the cache of the CPU it runs on. */
	if ((uint32_t)cpu->tid_slot == (uint32_t)prev->pid) {
		t = thread_at(slot);
		if (t) {
			t->off_ns = bpf_ktime_get_ns();
			emit(EVENT_SCHED_OUT, t->off_ns, 0, 0, prev->pid, next->pid);
		}
	}
	tid = next->pid;
	known = bpf_map_lookup_elem(&slots, &tid);
	if (!known)
		return 0;
	slot = *known;
	if (slot != SLOT_FULL)
		cpu->tid_slot = tid | (uint64_t)slot << 32;
	t = thread_at(slot);
	if (!t || !t->off_ns)
		return 0;
	now = bpf_ktime_get_ns();
	emit(EVENT_SCHED_IN, now, 0, 0, tid, now - t->off_ns);
	t->last_ns += now - t->off_ns;
	t->off_span_ns += now - t->off_ns;
	t->off_total_ns += now - t->off_ns;
	t->off_ns = 0;
	return 0;
}

/* A process started by a target is a target, from its first instruction on. */
SEC("tp_btf/sched_process_fork")
int process_fork(uint64_t *ctx)
{
	struct task_struct *parent = ctx_ptr(ctx, arg.fork_parent);
	struct task_struct *child = ctx_ptr(ctx, arg.fork_child);
	uint32_t from, to;
	uint8_t one = 1;

	if (!parent || !child)
		return 0;
	from = parent->tgid;
	to = child->tgid;
	if (from != to && bpf_map_lookup_elem(&targets, &from))
		bpf_map_update_elem(&targets, &to, &one, BPF_ANY);
	return 0;
}

/* ---- what the exits were for ---- */

SEC("tp_btf/kvm_pio")
int pio(uint64_t *ctx)
{
	struct thread *t = thread_get();
	struct access *a;
	uint32_t i, bytes;

	if (!t)
		return 0;
	i = (ctx_arg(ctx, arg.pio_port) & 0xffff) * 2 + (ctx_arg(ctx, arg.pio_rw) & 1);
	bytes = (uint32_t)ctx_arg(ctx, arg.pio_size) * (uint32_t)ctx_arg(ctx, arg.pio_count);
	if (want_record)
		emit(EVENT_PIO, bpf_ktime_get_ns(), i & 1, 0, i / 2, bytes);
	a = bpf_map_lookup_elem(&pios, &i);
	if (a) {
		add(&a->count);
		__sync_fetch_and_add(&a->bytes, bytes);
	}
	return 0;
}

static __always_inline int mmio_add(uint64_t gpa, uint64_t type, uint64_t bytes)
{
	struct mmio_key key = { gpa, type };
	struct access *a, new = {};

	a = bpf_map_lookup_elem(&mmios, &key);
	if (!a) {
		bpf_map_update_elem(&mmios, &key, &new, BPF_NOEXIST);
		a = bpf_map_lookup_elem(&mmios, &key);
	}
	if (!a) {
		add(&lost.mmio);
		return 0;
	}
	add(&a->count);
	__sync_fetch_and_add(&a->bytes, bytes);
	if (want_record)
		emit(EVENT_MMIO, bpf_ktime_get_ns(), type, 0, gpa, bytes);
	return 0;
}

SEC("tp_btf/kvm_mmio")
int mmio(uint64_t *ctx)
{
	if (!thread_get())
		return 0;
	return mmio_add(ctx_arg(ctx, arg.mmio_gpa), (uint32_t)ctx_arg(ctx, arg.mmio_type),
			(uint32_t)ctx_arg(ctx, arg.mmio_len));
}

/* A write taken by an ioeventfd before it is decoded: the width is not known. */
SEC("tp_btf/kvm_fast_mmio")
int fast_mmio(uint64_t *ctx)
{
	if (!thread_get())
		return 0;
	return mmio_add(ctx_arg(ctx, arg.fast_mmio_gpa), MMIO_WRITE, 0);
}

SEC("tp_btf/kvm_vcpu_wakeup")
int halt(uint64_t *ctx)
{
	uint64_t ns = ctx_arg(ctx, arg.wakeup_ns);
	bool waited = (uint8_t)ctx_arg(ctx, arg.wakeup_waited);
	bool valid = (uint8_t)ctx_arg(ctx, arg.wakeup_valid);
	struct thread *t = thread_get();

	if (!t)
		return 0;
	if (want_record)
		emit(EVENT_HALT, bpf_ktime_get_ns(), waited, 0, ns, valid);
	if (waited) {
		t->halt_waits++;
		t->halt_wait_ns += ns;
	} else {
		t->halt_polls++;
		t->halt_poll_ns += ns;
	}
	t->halt_invalid += !valid;
	return 0;
}

SEC("tp_btf/kvm_emulate_insn")
int insn(uint64_t *ctx)
{
	struct thread *t = thread_get();

	if (!t)
		return 0;
	t->insns++;
	if ((uint8_t)ctx_arg(ctx, arg.insn_failed))
		t->insns_failed++;
	if (want_record)
		emit(EVENT_INSN, bpf_ktime_get_ns(), (uint8_t)ctx_arg(ctx, arg.insn_failed), 0, 0, 0);
	return 0;
}

/* ---- interrupts: raised (any thread), injected and acknowledged (vCPU threads) ---- */

SEC("tp_btf/kvm_set_irq")
int irq_set(uint64_t *ctx)
{
	uint32_t gsi = ctx_arg(ctx, arg.irq_gsi), level = ctx_arg(ctx, arg.irq_level);
	uint32_t slot = slot_get(false);
	struct irq *irq;
	uint64_t now;

	irq = bpf_map_lookup_elem(&irqs, &gsi);
	if (!irq) {
		if (slot != SLOT_OTHER)
			add(&lost.gsi);
		return 0;
	}
	if (slot == SLOT_OTHER) { /* might be for our VM or for any other */
		if (level)
			add(&irq->raised_outside);
		return 0;
	}
	now = bpf_ktime_get_ns();
	emit(EVENT_IRQ_SET, now, 0, 0, gsi, level);
	if (!level) {
		add(&irq->lowered);
		return 0;
	}
	add(&irq->raised);
	if (irq->pending_ns)
		add(&irq->coalesced);
	else
		irq->pending_ns = now;
	return 0;
}

SEC("tp_btf/kvm_inj_virq")
int irq_inject(uint64_t *ctx)
{
	uint64_t vector = (uint32_t)ctx_arg(ctx, arg.inject_vector);
	bool again = (uint8_t)ctx_arg(ctx, arg.inject_reinjected);
	struct thread *t = thread_get();
	struct injection *j;
	uint64_t now;

	if (!t)
		return 0;
	now = bpf_ktime_get_ns();
	emit(EVENT_IRQ_INJECT, now, again, 0, vector, t->vcpu);
	if (again) { /* the same delivery, taken up after an exit cut it short */
		t->reinjected++;
		return 0;
	}
	t->injected++;
	if ((uint8_t)ctx_arg(ctx, arg.inject_soft))
		return 0;
	j = &t->inject[table_index(t->inject_depth, INJECT_DEPTH)];
	j->ns = now;
	j->vector = vector;
	t->inject_depth++;
	return 0;
}

/* GSI of a PIC or I/O APIC pin, by KVM's default routing (pin 2 of the I/O APIC is the timer). */
static __always_inline uint32_t pin_gsi(uint32_t chip, uint32_t pin)
{
	if (chip == 2)
		return pin == 2 ? 0 : pin;
	return chip * 8 + (pin & 7);
}

/* The end-of-interrupt: the handler has run. It ends the delivery begun last. */
SEC("tp_btf/kvm_ack_irq")
int irq_ack(uint64_t *ctx)
{
	uint32_t chip = ctx_arg(ctx, arg.ack_chip), pin = ctx_arg(ctx, arg.ack_pin);
	uint32_t gsi = pin_gsi(chip, pin);
	struct thread *t = thread_get();
	uint64_t now, raised, delivered = 0;
	struct irq *irq;

	if (!t)
		return 0;
	now = bpf_ktime_get_ns();
	emit(EVENT_IRQ_ACK, now, chip, 0, gsi, pin);
	t->acked++;
	if (t->inject_depth) {
		t->inject_depth--;
		delivered = t->inject[table_index(t->inject_depth, INJECT_DEPTH)].ns;
	}
	irq = bpf_map_lookup_elem(&irqs, &gsi);
	if (!irq) {
		add(&lost.gsi);
		return 0;
	}
	add(&irq->acked);
	raised = irq->pending_ns;
	irq->pending_ns = 0;
	if (!raised)
		return 0;
	span_add(&irq->span[IRQ_INJECTED_TO_HANDLED], now - raised);
	if (delivered < raised)
		return 0;
	span_add(&irq->span[IRQ_INJECTED_TO_DELIVERED], delivered - raised);
	span_add(&irq->span[IRQ_DELIVERED_TO_HANDLED], now - delivered);
	return 0;
}
