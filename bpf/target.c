/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fatal.h"
#include "target.h"

#define END_GRACE_MS 2000

static int pidfd_of(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		fatal("the process to watch",
		      "-p takes the process id of a running VMM: see pgrep -a", errno);
	return fd;
}

static void comm_read(pid_t pid, char comm[16])
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(comm, 16, f))
		comm[strcspn(comm, "\n")] = '\0';
	fclose(f);
}

void target_find(struct target *t, pid_t pid)
{
	*t = (struct target){ .pid = pid, .pidfd = -1, .go_fd = -1 };
	if (!pid) {
		strcpy(t->comm, "all");
		return;
	}
	t->pidfd = pidfd_of(pid);
	comm_read(pid, t->comm);
}

static void standard_files_null(void)
{
	int fd = open("/dev/null", O_RDWR);

	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

static _Noreturn void child(char **command, bool quiet, int go_fd)
{
	sigset_t none;
	char c;

	/* the end of the pipe means go; should kvm-exits die before, its pipe ends too */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (read(go_fd, &c, 1) != 1)
		_exit(0);
	if (quiet)
		standard_files_null();
	execvp(command[0], command);
	fprintf(stderr, "kvm-exits: %s: %s; give a program that can be run\n", command[0],
		strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

void target_start(struct target *t, char **command, bool quiet)
{
	const char *name = strrchr(command[0], '/');
	int pipe_fds[2];

	*t = (struct target){ .pidfd = -1, .ours = true };
	if (pipe2(pipe_fds, O_CLOEXEC))
		fatal("pipe", "raise ulimit -n", errno);
	fflush(NULL);
	t->pid = fork();
	if (t->pid < 0)
		fatal("fork", "raise ulimit -u", errno);
	if (!t->pid) {
		close(pipe_fds[1]);
		child(command, quiet, pipe_fds[0]);
	}
	close(pipe_fds[0]);
	t->go_fd = pipe_fds[1];
	t->pidfd = pidfd_of(t->pid);
	snprintf(t->comm, sizeof(t->comm), "%.15s", name ? name + 1 : command[0]);
}

void target_go(struct target *t)
{
	if (t->go_fd < 0)
		return;
	if (write(t->go_fd, "", 1) != 1)
		fatal("starting the command", "try again", errno);
	close(t->go_fd);
	t->go_fd = -1;
}

int target_end(struct target *t)
{
	struct pollfd p = { .fd = t->pidfd, .events = POLLIN };
	int status = 0;

	if (!t->ours)
		return 0;
	if (poll(&p, 1, 0) == 0) {
		kill(t->pid, SIGTERM);
		if (poll(&p, 1, END_GRACE_MS) == 0)
			kill(t->pid, SIGKILL);
	}
	while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
