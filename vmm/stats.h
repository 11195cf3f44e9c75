/* SPDX-License-Identifier: MIT */
/*
 * What the run loop records: for each exit reason a count, and for the time in
 * KVM_RUN and in the handler total, min, max and a histogram. Built with
 * -Dstats=false, all of it is empty: the difference is what it costs.
 */
#ifndef STATS_H
#define STATS_H

#include <stdio.h>

#include "minikvm/trace.h"
#include "vmm.h"

#define STATS_REASONS 64 /* KVM_EXIT_* codes; the highest so far is below 48 */
#define STATS_EINTR STATS_REASONS
#define STATS_EAGAIN (STATS_REASONS + 1)
#define STATS_SLOTS (STATS_REASONS + 2)
#define STATS_IO_ROWS 64

struct span {
	uint64_t total_ns, min_ns, max_ns;
	uint64_t histogram[HIST_BUCKETS]; /* by hist_index() */
};

struct exit_stats {
	uint64_t count;
	struct span run;     /* one for each KVM_RUN that returned for this reason */
	struct span handler; /* one for each, the last exit's ends with the loop */
};

struct io_stats {
	uint16_t port;
	uint8_t size;
	bool out;
	uint64_t count; /* accesses, not exits */
};

struct trace_ring;

struct stats {
	uint64_t enter_ns, return_ns; /* of the exit in hand */
	uint32_t slot;
	uint64_t runs; /* KVM_RUN returns */
	struct exit_stats exits[STATS_SLOTS];
	struct io_stats io[STATS_IO_ROWS];
	unsigned int io_rows;
	uint64_t io_other;	  /* accesses beyond the rows */
	struct trace_ring *trace; /* NULL without --trace-file */
};

/* Where and how long the whole run was. Absolute times. */
struct run_times {
	uint64_t main_ns, open_ns, last_exit_ns;
};

#ifdef MINIKVM_STATS
void stats_init(struct vcpu *v);
/* Before KVM_RUN: ends the handler span of the exit before. */
void stats_enter(struct vcpu *v);
/* After KVM_RUN: ends its span and counts the exit; error is its errno or 0. */
void stats_return(struct vcpu *v, int error);
/* After the loop: ends the last handler span. */
void stats_leave(struct vcpu *v);
/* Counts port accesses of the exit in hand. */
void stats_io(struct vcpu *v, uint16_t port, bool out, uint8_t size, uint32_t count);
void stats_free(struct vcpu *v);

/* ---- trace.c: --trace-file ---- */

/* Opens the file and starts its writer; vCPUs hand over through a ring each. */
struct trace *trace_open(const char *path, struct vcpu *vcpus, unsigned int count);
/* One exit, from the vCPU's thread. Waits for room rather than losing one. */
void trace_record(struct vcpu *v, int error);
/* Writes out the rest. False if anything could not be written. */
bool trace_close(struct trace *trace);
#else
static inline void stats_init(struct vcpu *v)
{
	(void)v;
}
static inline void stats_enter(struct vcpu *v)
{
	(void)v;
}
static inline void stats_return(struct vcpu *v, int error)
{
	(void)v;
	(void)error;
}
static inline void stats_leave(struct vcpu *v)
{
	(void)v;
}
static inline void stats_io(struct vcpu *v, uint16_t port, bool out, uint8_t size, uint32_t count)
{
	(void)v;
	(void)port;
	(void)out;
	(void)size;
	(void)count;
}
static inline void stats_free(struct vcpu *v)
{
	(void)v;
}
static inline struct trace *trace_open(const char *path, struct vcpu *vcpus, unsigned int count)
{
	(void)path;
	(void)vcpus;
	(void)count;
	return NULL;
}
static inline bool trace_close(struct trace *trace)
{
	(void)trace;
	return true;
}
#endif

/* Writes the report that the configuration asks for. False if it could not be written. */
bool report_write(const struct config *config, const struct vcpu *vcpus, unsigned int count,
		  const struct run_times *times, int status);

/* Calls each() for the kernel's own counters of the vCPU; for none where it has no such thing. */
void kvmstats_read(const struct vcpu *v,
		   void (*each)(void *opaque, const char *name, uint64_t value), void *opaque);

/* "KVM_EXIT_IO", "EINTR", or "KVM_EXIT_41" for a code without a name. */
const char *slot_name(uint32_t slot, char *buffer, size_t len);

#endif
