// SPDX-License-Identifier: MIT
/*
 * Programs on KVM's tracepoints. They attach as BTF tracepoints: no record is
 * copied, tracefs is not needed, and only the arguments used are touched.
 *
 * Everything a vCPU's exits change belongs to that vCPU's thread, which runs
 * on one CPU at a time: no atomics and no per-CPU copies on the hot path.
 *
 * The hot programs come twice: lean ones, compiled for the usual positions of
 * the arguments, with times and without recording, and full ones for all else.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "account.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* ---- hardware exits ---- */

/*
 * vmcb->control.exit_code is two pointers away. The first is remembered: it changes when the
 * vCPU enters or leaves a nested guest (a bit of hflags), and is known to be that of the same
 * vCPU as long as its exits count up one by one.
 */
static __always_inline uint32_t svm_code(struct thread *t, struct kvm_vcpu *vcpu)
{
	uint64_t exits, hflags;
	uint32_t code = NO_CODE;

	if (!bpf_core_field_exists(vcpu->stat.exits) || !bpf_core_field_exists(vcpu->arch.hflags))
		return BPF_CORE_READ((struct vcpu_svm *)vcpu, vmcb, control.exit_code);
	exits = vcpu->stat.exits;
	hflags = vcpu->arch.hflags;
	if (t->code_exits != exits || t->code_vcpu != (uint64_t)vcpu || t->code_hflags != hflags) {
		t->code_address =
		    (uint64_t)&BPF_CORE_READ((struct vcpu_svm *)vcpu, vmcb)->control.exit_code;
		t->code_vcpu = (uint64_t)vcpu;
		t->code_hflags = hflags;
	}
	t->code_exits = exits + 1;
	bpf_probe_read_kernel(&code, sizeof(code), (void *)t->code_address);
	return code;
}

static __always_inline uint32_t vmx_code(struct kvm_vcpu *vcpu)
{
	if (bpf_core_field_exists(((struct vcpu_vmx___vt *)0)->vt))
		return BPF_CORE_READ((struct vcpu_vmx___vt *)vcpu, vt.exit_reason.full);
	if (bpf_core_field_exists(((struct vcpu_vmx *)0)->exit_reason))
		return BPF_CORE_READ((struct vcpu_vmx *)vcpu, exit_reason.full);
	return NO_CODE;
}

static __always_inline uint32_t hw_row(uint32_t code, uint32_t isa)
{
	if (isa == ISA_VMX)
		code &= 0xffff; /* basic reason; the flags above it stay in the code */
	if (code < HW_NPF_BASE)
		return code;
	if (isa == ISA_SVM && code - 0x400 < HW_ERR_ROW - HW_NPF_BASE)
		return code - 0x400 + HW_NPF_BASE;
	return code == 0xffffffff ? HW_ERR_ROW : HW_OTHER_ROW;
}

/* Counts the exit; its row, or NULL when there is no room for it. */
static __always_inline struct cell *exit_count(struct thread *t, uint32_t code, uint32_t isa)
{
	uint32_t row = code < HW_NPF_BASE ? code : hw_row(code, isa);
	uint16_t *index = &t->hw_index[table_index(row, HW_ROWS)];
	struct cell *c = cell_get(index, code, isa, 0);

	t->hw_cell = *index;
	if (!c)
		return NULL;
	KEEP(c);
	c->count++;
	if (row == HW_OTHER_ROW && c->code != code)
		add(&lost.folded);
	return c;
}

/* An exit from anything but a guest that ran undisturbed. */
static __noinline int exit_rare(struct thread *t, struct cell *c, uint64_t ns)
{
	if (!t || !c)
		return 0;
	if (t->state & STATE_WAS_OFF)
		off_cpu_take(t, c);
	if (t->state == STATE_GUEST)
		span_add(&c->span[HW_GUEST], ns, false);
	else if (t->state != STATE_UNKNOWN)
		t->unmatched++;
	return 0;
}

static __always_inline void exit_account(struct thread *t, uint32_t code, uint32_t isa,
					 uint64_t now, bool lean)
{
	uint64_t ns = span_end(t, now);
	struct cell *c = exit_count(t, code, isa);

	if (c && t->state == STATE_GUEST)
		span_add(&c->span[HW_GUEST], ns, lean);
	else if (c)
		exit_rare(t, c, ns);
	t->state = c ? STATE_EXITED : STATE_UNKNOWN;
}

SEC("tp_btf/kvm_exit")
int exit_lean(uint64_t *ctx)
{
	struct thread *t = thread_get_lean();
	struct kvm_vcpu *vcpu;
	uint32_t isa, code;
	uint64_t now;

	if (!t)
		return 0;
	now = bpf_ktime_get_ns();
	vcpu = ctx_ptr(ctx, LEAN_EXIT_VCPU);
	isa = ctx_arg(ctx, LEAN_EXIT_ISA);
	if (isa == ISA_SVM && bpf_core_field_exists(((struct vcpu_svm *)0)->vmcb))
		code = svm_code(t, vcpu);
	else
		code = vmx_code(vcpu);
	exit_account(t, code, isa, now, true);
	return 0;
}

SEC("tp_btf/kvm_exit")
int exit_full(uint64_t *ctx)
{
	uint32_t isa = ctx_arg(ctx, arg.exit_isa), code = NO_CODE;
	struct kvm_vcpu *vcpu = ctx_ptr(ctx, arg.exit_vcpu);
	struct thread *t = thread_get();
	uint64_t now;

	if (!t)
		return 0;
	if (arg.exit_reason != NO_ARG)
		code = ctx_arg(ctx, arg.exit_reason);
	else if (vcpu && isa == ISA_SVM && bpf_core_field_exists(((struct vcpu_svm *)0)->vmcb))
		code = svm_code(t, vcpu);
	else if (vcpu)
		code = vmx_code(vcpu);
	if (!want_time) {
		exit_count(t, code, isa);
		return 0;
	}
	now = bpf_ktime_get_ns();
	emit(EVENT_EXIT, now, isa, 0, code, isa);
	exit_account(t, code, isa, now, false);
	return 0;
}

/* ---- entries ---- */

/* An entry from anything but an exit or user space, or after being scheduled out. */
static __noinline int entry_rare(struct thread *t, uint64_t ns)
{
	struct cell *c;
	uint16_t state;

	if (!t)
		return 0;
	state = t->state & ~STATE_WAS_OFF;
	c = cell_at(state == STATE_EXITED ? t->hw_cell : t->user_cell);
	if (c && (t->state & STATE_WAS_OFF))
		off_cpu_take(t, c);
	if (state == STATE_GUEST)
		t->reentries++;
	if (!c)
		return 0;
	if (state == STATE_EXITED)
		span_add(&c->span[HW_KERNEL], ns, false);
	if (state == STATE_USER)
		span_add(&c->span[USER_HANDLER], ns, false);
	if (state == STATE_RUN)
		span_add(&c->span[USER_REENTRY], ns, false);
	return 0;
}

static __always_inline void entry_account(struct thread *t, uint64_t now, bool lean)
{
	uint64_t ns = span_end(t, now);
	struct span *s = NULL;

	if (t->state == STATE_EXITED && t->hw_cell)
		s = &cells[table_index(t->hw_cell, MAX_CELLS)].span[HW_KERNEL];
	else if (t->state == STATE_USER && t->user_cell)
		s = &cells[table_index(t->user_cell, MAX_CELLS)].span[USER_HANDLER];
	if (s)
		span_add(s, ns, lean);
	else
		entry_rare(t, ns);
	t->state = STATE_GUEST;
}

SEC("tp_btf/kvm_entry")
int entry_lean(void *ctx)
{
	struct thread *t = thread_get_lean();

	(void)ctx;
	if (t)
		entry_account(t, bpf_ktime_get_ns(), true);
	return 0;
}

SEC("tp_btf/kvm_entry")
int entry_full(void *ctx)
{
	struct thread *t = thread_get();
	uint64_t now;

	(void)ctx;
	if (!t)
		return 0;
	now = bpf_ktime_get_ns();
	emit(EVENT_ENTRY, now, 0, 0, t->vcpu, 0);
	entry_account(t, now, false);
	return 0;
}

/* ---- returns to user space ---- */

static __always_inline uint32_t user_row(uint32_t reason, int32_t error)
{
	if (error > 0)
		return error < USER_ROWS - USER_ERRNO_BASE ? USER_ERRNO_BASE + error
							   : USER_ROWS - 1;
	return reason < USER_ERRNO_BASE ? reason : USER_ERRNO_BASE - 1;
}

/* Counts the return; its row, or NULL when there is no room for it. result: of KVM_RUN. */
static __always_inline struct cell *user_count(struct thread *t, uint32_t reason, int32_t result)
{
	int32_t error = result < 0 ? -result : 0;
	uint32_t row = !error && reason < USER_ERRNO_BASE - 1 ? reason : user_row(reason, error);
	uint16_t *index = &t->user_index[table_index(row, USER_ROWS)];
	struct cell *c = cell_get(index, reason, 0, error);

	t->user_cell = *index;
	if (!c)
		return NULL;
	KEEP(c);
	c->count++;
	if ((row == USER_ERRNO_BASE - 1 && c->code != reason) ||
	    (row == USER_ROWS - 1 && c->error != error))
		add(&lost.folded);
	return c;
}

/* A return that no undisturbed exit came before. */
static __noinline int user_rare(struct thread *t, struct cell *c, uint64_t ns)
{
	if (!t || !c)
		return 0;
	if (t->state == (STATE_EXITED | STATE_WAS_OFF))
		return 1;
	if (t->state & STATE_WAS_OFF)
		off_cpu_take(t, c);
	if (t->state == STATE_RUN)
		span_add(&c->span[USER_RUN], ns, false);
	else if (t->state == STATE_GUEST)
		t->unmatched++;
	return 0;
}

static __always_inline void user_account(struct thread *t, struct cell *c, uint64_t ns, bool lean)
{
	struct cell *hw;

	if (t->state != STATE_EXITED && !user_rare(t, c, ns))
		return;
	if (!t->hw_cell)
		return;
	hw = &cells[table_index(t->hw_cell, MAX_CELLS)];
	KEEP(hw);
	hw->to_user++;
	if (t->state != STATE_EXITED)
		off_cpu_take(t, hw);
	span_add(&hw->span[HW_KERNEL], ns, lean);
	if (!lean && want_split)
		span_add(&c->span[USER_TO_USER], ns, false);
}

/* --counts: no clock, no order of events. */
SEC("tp_btf/kvm_userspace_exit")
int user_counts(uint64_t *ctx)
{
	struct thread *t = thread_get();

	if (t)
		user_count(t, ctx_arg(ctx, LEAN_USER_REASON), ctx_arg(ctx, LEAN_USER_ERRNO));
	return 0;
}

SEC("tp_btf/kvm_userspace_exit")
int user_lean(uint64_t *ctx)
{
	struct thread *t = thread_get_lean();
	struct cell *c;
	uint64_t ns;

	if (!t)
		return 0;
	ns = span_end(t, bpf_ktime_get_ns());
	c = user_count(t, ctx_arg(ctx, LEAN_USER_REASON), ctx_arg(ctx, LEAN_USER_ERRNO));
	if (c)
		user_account(t, c, ns, true);
	t->state = STATE_USER;
	return 0;
}

SEC("tp_btf/kvm_userspace_exit")
int user_full(uint64_t *ctx)
{
	uint32_t reason = ctx_arg(ctx, arg.user_reason);
	int32_t result = ctx_arg(ctx, arg.user_errno);
	struct thread *t = thread_get();
	uint64_t now = 0, ns;
	struct cell *c;

	if (!t)
		return 0;
	if (want_time)
		now = bpf_ktime_get_ns();
	emit(EVENT_USER, now, reason, result < 0 ? -result : 0, reason, t->vcpu);
	ns = span_end(t, now);
	c = user_count(t, reason, result);
	if (c && want_time)
		user_account(t, c, ns, false);
	t->state = STATE_USER;
	return 0;
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
	if ((t->state & ~STATE_WAS_OFF) == STATE_USER && c) {
		if (t->state & STATE_WAS_OFF)
			off_cpu_take(t, c);
		span_add(&c->span[USER_HANDLER], ns, false);
	}
	t->state = STATE_RUN;
	return 0;
}

SEC("tp_btf/sched_switch")
int sched_switch(uint64_t *ctx)
{
	struct task_struct *prev = ctx_ptr(ctx, arg.switch_prev);
	struct task_struct *next = ctx_ptr(ctx, arg.switch_next);
	struct cpu *cpu = cpu_get();
	uint32_t slot = cpu->tid_slot >> 32, tid, *known;
	struct thread *t;
	uint64_t now;

	if (!prev || !next)
		return 0;
	/* A thread with a slot is in the cache of the CPU it runs on. */
	t = thread_at(slot);
	if (t && (uint32_t)cpu->tid_slot == (uint32_t)prev->pid) {
		t->off_ns = bpf_ktime_get_ns();
		emit(EVENT_SCHED_OUT, t->off_ns, 0, 0, prev->pid, next->pid);
	}
	tid = next->pid;
	known = bpf_map_lookup_elem(&slots, &tid);
	slot = known && *known != SLOT_FULL ? *known : SLOT_UNSEEN;
	cpu->tid_slot = tid | (uint64_t)slot << 32;
	t = thread_at(slot);
	if (!t || !t->off_ns)
		return 0;
	now = bpf_ktime_get_ns();
	emit(EVENT_SCHED_IN, now, 0, 0, tid, now - t->off_ns);
	if (t->state != STATE_UNKNOWN)
		t->state |= STATE_WAS_OFF;
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
		emit(EVENT_INSN, bpf_ktime_get_ns(), (uint8_t)ctx_arg(ctx, arg.insn_failed), 0, 0,
		     0);
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
	if (!irq->pending_ns) {
		irq->pending_ns = now;
	} else if (irq->pending_ns < last_inject_ns && irq->next_ns < last_inject_ns) {
		/* the pending one may be in service: then this one is delivered after it */
		irq->next_ns = now;
	} else {
		add(&irq->coalesced);
	}
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
	last_inject_ns = now;
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
	irq->pending_ns = irq->next_ns > delivered ? irq->next_ns : 0;
	irq->next_ns = 0;
	if (!raised ||
	    delivered < raised) { /* dropped: a PIC's reset acknowledges what is pending */
		add(&irq->not_delivered);
		return 0;
	}
	span_add(&irq->span[IRQ_INJECTED_TO_HANDLED], now - raised, false);
	span_add(&irq->span[IRQ_INJECTED_TO_DELIVERED], delivered - raised, false);
	span_add(&irq->span[IRQ_DELIVERED_TO_HANDLED], now - delivered, false);
	return 0;
}
