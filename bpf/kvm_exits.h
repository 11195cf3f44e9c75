/* SPDX-License-Identifier: MIT */
/*
 * What kvm-exits' eBPF programs and its user space share: map layouts and
 * limits. The formats it writes are described in output.h and record.h.
 */
#ifndef KVM_EXITS_H
#define KVM_EXITS_H

#include "minikvm/trace.h"

#ifdef __bpf__
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __INT32_TYPE__ int32_t;
#endif

/*
 * Rows of a thread's index tables. A reason that does not fit has the last
 * row, where the first such code is kept and further ones are counted as
 * folded.
 */
#define USER_ERRNO_BASE 64 /* rows 0-63: KVM_EXIT_*; from here on: 64 + errno */
#define USER_ROWS 256
#define HW_NPF_BASE 0x100 /* SVM 0x400-0x4ff; below: the code itself (SVM, VMX) */
#define HW_ERR_ROW 0x1fe  /* SVM -1: invalid guest state */
#define HW_OTHER_ROW 0x1ff
#define HW_ROWS 0x200
#define NO_CODE 0xfffffffe /* the exit code could not be read */

#define MAX_CPUS 1024	 /* power of two; more CPUs share cache entries */
#define MAX_THREADS 1024 /* power of two */
#define MAX_CELLS 8192	 /* power of two; cell 0 is not used */
#define MAX_GSI 256
#define PIO_ROWS (65536 * 2) /* port * 2 + direction (0 in, 1 out) */
#define COMM_LEN 16
#define INJECT_DEPTH 8 /* nested interrupts in service, per vCPU; power of two */

#define ISA_VMX 1 /* KVM_ISA_* of the kernel */
#define ISA_SVM 2

/* Spans of one kind, nanoseconds. All zero is empty. */
struct span {
	uint64_t count; /* of those in no histogram; the rest are the histogram's sum */
	uint64_t total_ns;
	uint64_t min_ns;
	uint64_t range_ns; /* max - min + 1; 0: empty */
	uint32_t hist;	   /* 1 + index in the map of histograms; 0: none yet */
	uint32_t pad;
};

#define HIST_NONE 0xffffffffu /* the map of histograms was full */

struct hist {
	uint64_t bucket[HIST_BUCKETS]; /* hist_index() of minikvm/trace.h */
};

/*
 * Spans of a hardware exit (kvm_exit):
 *   GUEST   kvm_entry -> kvm_exit
 *   KERNEL  kvm_exit -> kvm_entry (handled there) or -> kvm_userspace_exit
 * and of a return to user space (kvm_userspace_exit):
 *   RUN      start of KVM_RUN (kvm_fpu) -> kvm_userspace_exit with no kvm_exit seen in between:
 *            all there is on software KVM; elsewhere a KVM_RUN that never entered the guest
 *   TO_USER  kvm_exit -> kvm_userspace_exit; with --split only
 *   HANDLER  kvm_userspace_exit -> next KVM_RUN (kvm_fpu), or next kvm_entry without --split
 *   REENTRY  start of KVM_RUN -> kvm_entry
 * Time the thread was scheduled out is in none of them but in the cell's off_cpu_ns.
 */
enum hw_span { HW_GUEST, HW_KERNEL };
enum user_span { USER_RUN, USER_TO_USER, USER_HANDLER, USER_REENTRY };
#define CELL_SPANS 4

/* One reason of one thread. */
struct cell {
	uint64_t count;
	uint64_t code;	  /* as the kernel gave it; user: KVM_EXIT_* */
	uint32_t isa;	  /* hardware: ISA_*; user: 0 */
	int32_t error;	  /* user: errno, positive, or 0 */
	uint64_t to_user; /* hardware: how many of count reached user space */
	uint64_t off_cpu_ns;
	struct span span[CELL_SPANS];
};

enum thread_state {
	STATE_UNKNOWN, /* attached in mid-flight: the next event closes no span */
	STATE_GUEST,
	STATE_EXITED,
	STATE_USER,
	STATE_RUN,		/* KVM_RUN started, guest not yet entered */
	STATE_WAS_OFF = 0x8000, /* flag: scheduled out since the last event */
};

struct injection {
	uint64_t ns;
	uint64_t vector;
};

/* One thread that called KVM_RUN. Written by that thread only, so nothing here is atomic. */
struct thread {
	uint64_t last_ns; /* start of the open span, moved on by time scheduled out */
	uint64_t off_ns;  /* when it was scheduled out; 0: it runs */
	uint64_t off_span_ns;
	uint64_t off_total_ns;
	uint16_t state;
	uint16_t hw_cell;   /* of the last kvm_exit, 1-based */
	uint16_t user_cell; /* of the last kvm_userspace_exit */
	uint16_t inject_depth;
	uint64_t reentries; /* kvm_entry after kvm_entry: the kernel's fast path, no kvm_exit */
	uint64_t unmatched; /* other events in an impossible order */
	uint64_t halt_polls, halt_poll_ns, halt_waits, halt_wait_ns, halt_invalid;
	uint64_t insns, insns_failed;
	uint64_t injected, reinjected, acked;
	uint64_t kvm; /* kernel address of the VM: tells VMs apart, nothing else */
	uint32_t tgid, tid;
	int32_t vcpu; /* vcpu_id, or -1 */
	uint32_t pad;
	char comm[COMM_LEN];
	/* where AMD's exit code is, and for which exit that holds: see svm_code() */
	uint64_t code_address, code_vcpu, code_exits;
	uint64_t code_hflags;
	struct injection inject[INJECT_DEPTH];
	uint16_t user_index[USER_ROWS]; /* 1-based cells; 0: none */
	uint16_t hw_index[HW_ROWS];
};

/* A CPU's last thread; a cache line of its own. */
#define SLOT_UNSEEN 0xffffffffu /* ask; what every CPU has to start with: 0 is a thread's */
struct cpu {
	uint64_t tid_slot; /* tid | slot << 32 */
	uint64_t pad[7];
};

struct access {
	uint64_t count;
	uint64_t bytes;
};

/* kvm_mmio's types. */
enum mmio_type { MMIO_READ_UNSATISFIED, MMIO_READ, MMIO_WRITE, MMIO_TYPES };

struct mmio_key {
	uint64_t gpa;
	uint64_t type;
};

/* Interrupts of one GSI. */
enum irq_span { IRQ_INJECTED_TO_DELIVERED, IRQ_DELIVERED_TO_HANDLED, IRQ_INJECTED_TO_HANDLED };
#define IRQ_SPANS 3

struct irq {
	uint64_t raised, lowered;
	uint64_t raised_outside; /* not by the target: kernel thread, interrupt */
	uint64_t coalesced;	 /* raised again before the last was delivered */
	uint64_t acked;
	uint64_t not_delivered; /* acknowledged, but not by a handler: the PIC was reset */
	uint64_t pending_ns;	/* of the oldest unacknowledged raise; 0: none */
	uint64_t next_ns;	/* of one that came when that might have been in service */
	struct span span[IRQ_SPANS];
};

/* Everything that did not become part of a row. */
struct lost {
	uint64_t threads;    /* events of threads beyond --max-threads */
	uint64_t cells;	     /* events of reasons beyond --max-rows */
	uint64_t folded;     /* codes outside the tables, counted under another such code */
	uint64_t histograms; /* samples counted, but in no histogram: --max-histograms */
	uint64_t mmio;	     /* accesses to addresses beyond --max-addresses */
	uint64_t gsi;	     /* interrupts beyond MAX_GSI */
	uint64_t records;    /* --record rows the ring had no room for */
};

/* --record: one event as it goes through the ring. */
enum event {
	EVENT_ENTRY,
	EVENT_EXIT,
	EVENT_USER,
	EVENT_RUN,
	EVENT_PIO,
	EVENT_MMIO,
	EVENT_IRQ_SET,
	EVENT_IRQ_INJECT,
	EVENT_IRQ_ACK,
	EVENT_HALT,
	EVENT_INSN,
	EVENT_SCHED_OUT,
	EVENT_SCHED_IN,
	EVENTS
};

struct record {
	uint64_t ns;
	uint32_t tid;
	uint16_t cpu;
	uint16_t event;
	uint32_t reason;
	int32_t error;
	uint64_t a, b;
};

/*
 * Where a tracepoint has its arguments, by name, found in the running
 * kernel's BTF: their order changed between kernels. NO_ARG: it has none.
 */
#define NO_ARG 0xff
#define MAX_ARGS 8

struct arg_index {
	uint8_t exit_vcpu, exit_reason, exit_isa;
	uint8_t entry_vcpu;
	uint8_t user_reason, user_errno;
	uint8_t fpu_load;
	uint8_t pio_rw, pio_port, pio_size, pio_count;
	uint8_t mmio_type, mmio_len, mmio_gpa;
	uint8_t fast_mmio_gpa;
	uint8_t irq_gsi, irq_level;
	uint8_t inject_vector, inject_soft, inject_reinjected;
	uint8_t ack_chip, ack_pin;
	uint8_t wakeup_ns, wakeup_waited, wakeup_valid;
	uint8_t insn_vcpu, insn_failed;
	uint8_t switch_prev, switch_next;
	uint8_t fork_parent, fork_child;
};

/* Positions the lean programs are compiled for; they are used where these are the real ones. */
#define LEAN_EXIT_VCPU 0
#define LEAN_EXIT_ISA 1
#define LEAN_USER_REASON 0
#define LEAN_USER_ERRNO 1

#endif
