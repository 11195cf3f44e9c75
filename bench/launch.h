/* SPDX-License-Identifier: MIT */
/*
 * kvm-launch COUNT MODE CPUS PROGRAM [ARGUMENT...]: starts COUNT processes of one command at once
 * on the CPUs given, waits for all and writes one struct launch_result each to LAUNCH_RESULT_FD.
 *
 * Why not from kvm-bench itself: a process's ru_maxrss begins with the peak of whoever it was
 * forked or vforked from, so a small VMM started by a large program seems large. kvm-launch is
 * small and static, and forks (which leaves file pages behind): what a child inherits is some 100
 * KiB, less than any VMM needs.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdint.h>

#define LAUNCH_MODE_TIMED "timed"
#define LAUNCH_MODE_PSS "pss" /* under ptrace, to read PSS while the process exits */

#define LAUNCH_CPUS_INHERITED "-" /* instead of a list such as 1,2,3 */

/* File descriptors that kvm-launch is started with; STREAM: 0 stdin, 1 stdout, 2 stderr. */
#define LAUNCH_RESULT_FD 3
#define LAUNCH_CHILD_FD(child, stream) (4 + 3 * (child) + (stream))
#define LAUNCH_MAX_CHILDREN 8

/* A child that prints without end is stopped here (SIGXFSZ), long before memory runs out. */
#define LAUNCH_MAX_OUTPUT_BYTES (64u << 20)

struct launch_result {
	uint64_t start_ns; /* CLOCK_MONOTONIC, the last thing before execve() */
	uint64_t end_ns;   /* when the wait for its end returned */
	uint64_t cpu_ns;   /* user + system, the scheduler's own sum where the kernel gives it */
	uint64_t max_rss_bytes;
	uint64_t rss_bytes; /* at its end; LAUNCH_MODE_PSS, else 0 */
	uint64_t pss_bytes; /* LAUNCH_MODE_PSS, else 0 */
	int32_t status;	    /* exit status, or 128 + signal */
	int32_t exec_errno; /* not 0: never started */
};

#endif
