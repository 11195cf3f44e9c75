/* SPDX-License-Identifier: MIT */
/* kvm-launch: starts and times processes for kvm-bench; launch.h says why it is a program apart. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "launch.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_usec * 1000;
}

/* Only a CPU taken offline meanwhile can make this fail: then the process runs anywhere. */
static void move_to(const char *list)
{
	cpu_set_t cpus;
	char *end;

	CPU_ZERO(&cpus);
	for (const char *at = list; *at; at = *end ? end + 1 : end) {
		unsigned long cpu = strtoul(at, &end, 10);

		if (end == at || cpu >= CPU_SETSIZE)
			return;
		CPU_SET(cpu, &cpus);
	}
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* In the child: shared memory tells the parent when it started, or why it could not. */
static _Noreturn void become(char **argv, unsigned index, const char *cpus, int traced,
			     struct launch_result *shared)
{
	const struct rlimit output = { LAUNCH_MAX_OUTPUT_BYTES, LAUNCH_MAX_OUTPUT_BYTES };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (strcmp(cpus, LAUNCH_CPUS_INHERITED) != 0)
		move_to(cpus);
	for (int stream = 0; stream < 3; stream++)
		dup2(LAUNCH_CHILD_FD((int)index, stream), stream);
	close_range(LAUNCH_RESULT_FD, ~0u, 0);
	setrlimit(RLIMIT_FSIZE, &output);
	if (traced && ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
		traced = 0; /* forbidden: the run goes on without a PSS */
	shared->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID); /* reap() takes it off */
	shared->start_ns = clock_ns(CLOCK_MONOTONIC);
	execv(argv[0], argv);
	shared->exec_errno = errno;
	_exit(127);
}

/*
 * The child is stopped on its way out, its memory still mapped: what it holds at its end. The
 * kernel walks the pages for this; ru_maxrss comes from per-CPU counters and can be low.
 */
static void read_memory(pid_t pid, struct launch_result *result)
{
	char path[64], line[256];
	unsigned long kib;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Rss: %lu", &kib) == 1)
			result->rss_bytes = (uint64_t)kib * 1024;
		if (sscanf(line, "Pss: %lu", &kib) == 1)
			result->pss_bytes = (uint64_t)kib * 1024;
	}
	fclose(file);
}

/* The first stop is the one after execve(). Signals are passed on, all else just goes on. */
static void handle_stop(pid_t pid, int status, struct launch_result *result)
{
	int signal = WSTOPSIG(status);

	if (result->status == -1) {
		result->status = 0;
		ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
		signal = 0;
	} else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
		read_memory(pid, result);
		signal = 0;
	}
	ptrace(PTRACE_CONT, pid, 0, signal);
}

/*
 * A zombie still has its CPU clock, exact to the nanosecond; rusage is in microseconds, which
 * is a thousand instructions where a nanosecond is one.
 */
static void reap(pid_t pid, struct launch_result *result, uint64_t end_ns)
{
	uint64_t before_exec_ns = result->cpu_ns, cpu_ns = 0;
	struct rusage usage;
	clockid_t clock;
	int status;

	result->end_ns = end_ns;
	if (clock_getcpuclockid(pid, &clock) == 0)
		cpu_ns = clock_ns(clock);
	if (wait4(pid, &status, 0, &usage) != pid)
		return;
	if (!cpu_ns)
		cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
	result->cpu_ns = cpu_ns > before_exec_ns ? cpu_ns - before_exec_ns : 0;
	result->max_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
	result->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static unsigned index_of(const pid_t *pids, unsigned count, pid_t pid)
{
	unsigned index = 0;

	while (index < count && pids[index] != pid)
		index++;
	return index;
}

static void wait_for_all(const pid_t *pids, unsigned count, struct launch_result *results)
{
	for (unsigned left = count; left;) {
		siginfo_t info = { 0 };
		uint64_t end_ns;
		unsigned child;
		int status;

		if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOWAIT) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		end_ns = clock_ns(CLOCK_MONOTONIC);
		child = index_of(pids, count, info.si_pid);
		if (child == count) {
			waitpid(info.si_pid, NULL, 0);
		} else if (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED) {
			if (waitpid(info.si_pid, &status, WUNTRACED) == info.si_pid &&
			    WIFSTOPPED(status))
				handle_stop(info.si_pid, status, &results[child]);
		} else {
			reap(info.si_pid, &results[child], end_ns);
			left--;
		}
	}
}

int main(int argc, char **argv)
{
	unsigned count = argc > 4 ? (unsigned)atoi(argv[1]) : 0;
	pid_t pids[LAUNCH_MAX_CHILDREN];
	struct launch_result *shared;
	int traced;

	if (!count || count > LAUNCH_MAX_CHILDREN) {
		fputs("kvm-launch: part of kvm-bench; usage: kvm-launch COUNT timed|pss CPUS|- "
		      "PROGRAM...\n",
		      stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	traced = !strcmp(argv[2], LAUNCH_MODE_PSS);
	shared = mmap(NULL, sizeof(*shared) * count, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 3;
	for (unsigned i = 0; i < count; i++) {
		shared[i].status = traced ? -1 : 0;
		pids[i] = fork();
		if (pids[i] == 0)
			become(argv + 4, i, argv[3], traced, &shared[i]);
		if (pids[i] < 0)
			return 3;
	}
	wait_for_all(pids, count, shared);
	return write(LAUNCH_RESULT_FD, shared, sizeof(*shared) * count) ==
		       (ssize_t)(sizeof(*shared) * count)
		   ? 0
		   : 3;
}
