/* SPDX-License-Identifier: MIT */
/*
 * Formats the VMM writes and the harness reads: the histogram layout, the
 * --stats=json document and the --trace-file table. Times are nanoseconds of
 * CLOCK_MONOTONIC, which eBPF's bpf_ktime_get_ns() reads too.
 *
 * Spans of one exit, bounded by the two clock reads of the run loop:
 *
 *     enter_ns -- KVM_RUN: kernel, guest, kernel --> return_ns -- handler --> next enter_ns
 *      '------------------- run -------------------'   '------- handler ------'
 */
#ifndef MINIKVM_TRACE_H
#define MINIKVM_TRACE_H

#ifndef __bpf__
#include <stdint.h>
#else
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
#define UINT64_MAX __UINT64_MAX__
#endif

#define STATS_FORMAT "minikvm-stats-1"

/* First line of a trace: the column names. Addresses are hex, the rest decimal. */
#define TRACE_COLUMNS "vcpu,tid,seq,enter_ns,return_ns,reason,errno,direction,size,count,address"

/*
 * Log-linear histogram: values below 2 * HIST_SUB have a bucket each; above,
 * every power of two is cut into HIST_SUB equal buckets. A bucket is at most
 * 1/32 of its values wide, so its midpoint is within 1.6 % of any of them,
 * over the whole range of uint64_t.
 */
#define HIST_SUB_BITS 5
#define HIST_SUB (1u << HIST_SUB_BITS)
#define HIST_BUCKETS ((64 - HIST_SUB_BITS + 1) * HIST_SUB)

/* Index of the highest set bit; v must not be 0. */
static inline uint32_t hist_log2(uint64_t v)
{
#ifdef __bpf__ /* no count-leading-zeros before BPF ISA v4 */
	uint32_t bit = 0;

	if (v >> 32) {
		bit += 32;
		v >>= 32;
	}
	if (v >> 16) {
		bit += 16;
		v >>= 16;
	}
	if (v >> 8) {
		bit += 8;
		v >>= 8;
	}
	if (v >> 4) {
		bit += 4;
		v >>= 4;
	}
	if (v >> 2) {
		bit += 2;
		v >>= 2;
	}
	return bit + (uint32_t)(v >> 1);
#else
	return 63 - (uint32_t)__builtin_clzll(v);
#endif
}

/* Bucket of a value, in [0, HIST_BUCKETS). */
static inline uint32_t hist_index(uint64_t v)
{
	uint32_t shift;

	if (v < 2 * HIST_SUB)
		return (uint32_t)v;
	shift = hist_log2(v) - HIST_SUB_BITS;
	return (shift << HIST_SUB_BITS) + (uint32_t)(v >> shift);
}

/* Smallest value of a bucket. */
static inline uint64_t hist_lower(uint32_t index)
{
	uint32_t shift;

	if (index < 2 * HIST_SUB)
		return index;
	shift = (index >> HIST_SUB_BITS) - 1;
	return (uint64_t)((index & (HIST_SUB - 1)) + HIST_SUB) << shift;
}

/* Largest value of a bucket. */
static inline uint64_t hist_upper(uint32_t index)
{
	return index + 1 < HIST_BUCKETS ? hist_lower(index + 1) - 1 : UINT64_MAX;
}

#endif
