/* SPDX-License-Identifier: MIT */
/* The eBPF side of a run: what is attached, and the maps it fills. */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <sys/types.h>
#include "kvm_exits.h"

/* What --event selects; bits of struct options.events. */
enum {
	WATCH_EXIT = 1 << 0, /* hardware exits */
	WATCH_USER = 1 << 1, /* returns to user space */
	WATCH_PIO = 1 << 2,
	WATCH_MMIO = 1 << 3,
	WATCH_IRQ = 1 << 4,
	WATCH_HALT = 1 << 5,
	WATCH_INSN = 1 << 6, /* emulated instructions */
};
#define WATCH_DEFAULT (WATCH_EXIT | WATCH_USER | WATCH_PIO | WATCH_MMIO | WATCH_IRQ | WATCH_HALT)

extern const struct event_word {
	const char *name;
	unsigned int watch;
} event_words[]; /* ends with a NULL name */

struct options {
	pid_t pid;	      /* -p, or 0 */
	bool all;	      /* -a */
	char **command;	      /* NULL-terminated, or NULL */
	unsigned int events;  /* WATCH_* */
	int vcpu;	      /* --vcpu, or -1 */
	uint64_t duration_ns; /* -d, 0: until the target ends */
	uint64_t interval_ns; /* --interval of --live */
	const char *key;      /* -k */
	bool json, csv, live, histogram;
	bool counts; /* no clock, no spans */
	bool split;  /* kvm_fpu: start of KVM_RUN */
	bool no_cost;
	const char *output; /* -o, NULL: standard output */
	const char *record; /* --record */
	uint32_t max_threads, max_rows, max_histograms, max_addresses, ring_bytes;
};

#define MAX_PROBES 20

/* One attached program and what the kernel counted about it. */
struct probe_cost {
	const char *tracepoint;
	uint64_t runs, run_ns; /* 0 unless bpf statistics were on */
	uint64_t missed;       /* events skipped because the program was running on that CPU */
};

struct session;

/*
 * Loads the programs and attaches them; pid (0: none) is watched with its threads
 * and the processes it starts from now on. Ends the program with a message
 * and status 3 when this host cannot.
 */
struct session *session_open(const struct options *o, pid_t pid);
void session_detach(struct session *s); /* stops counting; the maps stay readable */
void session_close(struct session *s);

/* The maps, read-only and live. Indexes: as in kvm_exits.h. */
uint32_t session_threads(const struct session *s, const struct thread **threads);
/* false: a thread --vcpu leaves out */
bool session_watches(const struct session *s, const struct thread *t);
const struct cell *session_cell(const struct session *s, uint16_t index); /* 1-based; NULL for 0 */
const struct hist *session_hist(const struct session *s, const struct span *span);
const struct access *session_pios(const struct session *s); /* PIO_ROWS */
const struct irq *session_irqs(const struct session *s);    /* MAX_GSI */
/* Calls each(arg, ...) for every MMIO address. */
void session_mmios(const struct session *s,
		   void (*each)(void *arg, const struct mmio_key *key, const struct access *a),
		   void *arg);
struct lost session_lost(const struct session *s);
int session_ring_fd(const struct session *s);

/* Fills cost[]; returns how many programs are attached (at most max are written). */
size_t session_cost(const struct session *s, struct probe_cost *cost, size_t max);
bool session_has_cost(const struct session *s);	 /* bpf statistics were on */
bool session_has_exits(const struct session *s); /* kvm_exit and kvm_entry are attached */
unsigned int
session_missing(const struct session *s); /* WATCH_* this kernel has no tracepoint for */

#endif
