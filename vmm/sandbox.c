/* SPDX-License-Identifier: MIT */
/*
 * --sandbox: once everything is open, a guest that broke out of its VM into
 * this process would find only these system calls. The filter is inherited by
 * the threads started after it.
 */
#include <errno.h>
#include <seccomp.h>
#include <string.h>

#include "run.h"

/* clang-format off */
static const int allowed[] = {
	/* vCPU loop and interrupts */
	SCMP_SYS(ioctl), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(futex),
	/* supervisor, keyboard, clock */
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(sched_yield), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(tgkill), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(sched_setaffinity),
	/* threads and memory */
	SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(brk),
	/* reports and the end */
	SCMP_SYS(openat), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(lseek),
	SCMP_SYS(pread64),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};
/* clang-format on */

void sandbox_enter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int error = filter ? 0 : -ENOMEM;

	for (size_t i = 0; error == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (error == 0)
		error = seccomp_load(filter);
	if (error != 0)
		die(STATUS_HOST, "run without --sandbox", "seccomp: %s", strerror(-error));
	seccomp_release(filter);
}
