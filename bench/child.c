/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

void argv_add(struct argv *argv, const char *word)
{
	argv->words = xrealloc(argv->words, (argv->count + 2) * sizeof(*argv->words));
	argv->words[argv->count++] = xstrdup(word);
	argv->words[argv->count] = NULL;
}

void argv_addf(struct argv *argv, const char *format, ...)
{
	va_list arguments;
	char *word = NULL;

	va_start(arguments, format);
	if (vasprintf(&word, format, arguments) < 0)
		die(STATUS_HOST, "out of memory; close other programs and run again");
	va_end(arguments);
	argv_add(argv, word);
	free(word);
}

void argv_add_all(struct argv *argv, const char *const *words)
{
	for (; words && *words; words++)
		argv_add(argv, *words);
}

/* One word as a shell takes it: 'don'\''t'. */
static void put_quoted(FILE *out, const char *word)
{
	if (*word && !strpbrk(word, " \t\n'\"\\$`*?[]()<>|&;#~!{}")) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++)
		fputs(*word == '\'' ? "'\\''" : (const char[]){ *word, '\0' }, out);
	fputc('\'', out);
}

char *argv_text(const struct argv *argv)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		die(STATUS_HOST, "out of memory; close other programs and run again");
	for (size_t i = 0; i < argv->count; i++) {
		if (i)
			fputc(' ', out);
		put_quoted(out, argv->words[i]);
	}
	fclose(out);
	return text;
}

void argv_free(struct argv *argv)
{
	for (size_t i = 0; i < argv->count; i++)
		free(argv->words[i]);
	free(argv->words);
	*argv = (struct argv){ 0 };
}

void signals_init(struct signals *signals)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals->interrupted = false;
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0)
		die(STATUS_HOST, "signalfd: %s; is the limit of open files too low?",
		    strerror(errno));
}

bool signals_interrupted(struct signals *signals)
{
	struct signalfd_siginfo info;

	while (read(signals->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		signals->interrupted = true;
	return signals->interrupted;
}

/* An unnamed file in memory: no pipe to block on, no disk to be slow. */
static int memory_file(const char *name, const char *content)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	size_t left = content ? strlen(content) : 0;

	if (fd < 0)
		die(STATUS_HOST, "memfd_create: %s", strerror(errno));
	while (left) {
		ssize_t put = write(fd, content, left);

		if (put < 0)
			die(STATUS_HOST, "memfd: %s", strerror(errno));
		content += put;
		left -= (size_t)put;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static char *take_content(int fd, size_t *bytes)
{
	off_t size = lseek(fd, 0, SEEK_END);
	size_t used = 0, room = size > 0 ? (size_t)size : 0;
	char *text = xcalloc(room + 1, 1);
	ssize_t got;

	while (used < room && (got = pread(fd, text + used, room - used, (off_t)used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	*bytes = used;
	close(fd);
	return text;
}

/* Children of either kind run in a process group of their own: Ctrl-C is ours to handle. */
static int spawn(pid_t *pid, char *const *words, posix_spawn_file_actions_t *actions, bool search)
{
	posix_spawnattr_t attributes;
	sigset_t none;
	int error;

	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	error = search ? posix_spawnp(pid, words[0], actions, &attributes, words, environ)
		       : posix_spawn(pid, words[0], actions, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	return error;
}

static int poll_timeout_ms(uint64_t deadline_ns)
{
	uint64_t now = now_ns();

	return now >= deadline_ns ? 0 : (int)((deadline_ns - now) / 1000000 + 1);
}

/* Until fd is readable or closed. */
static enum child_end wait_readable(int fd, uint64_t deadline_ns, struct signals *signals)
{
	struct pollfd poll_fds[] = { { .fd = fd, .events = POLLIN },
				     { .fd = signals ? signals->fd : -1, .events = POLLIN } };

	for (;;) {
		int ready = poll(poll_fds, ARRAY_SIZE(poll_fds), poll_timeout_ms(deadline_ns));

		if (ready < 0 && errno != EINTR)
			die(STATUS_HOST, "poll: %s", strerror(errno));
		if (ready > 0 && signals && signals_interrupted(signals))
			return CHILD_INTERRUPTED;
		if (ready > 0 && poll_fds[0].revents)
			return CHILD_ENDED;
		if (now_ns() >= deadline_ns)
			return CHILD_TIMED_OUT;
	}
}

/* Descriptors of one group while it runs. */
struct streams {
	int result[2];
	int fd[LAUNCH_MAX_CHILDREN][3];
};

/*
 * dup2() onto the launcher's fixed numbers must not hit a source that is still needed, so
 * every source is first moved above them.
 */
static int above_fixed(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, LAUNCH_CHILD_FD(LAUNCH_MAX_CHILDREN, 0));

	if (moved < 0)
		die(STATUS_HOST, "too many open files; raise the limit with ulimit -n");
	close(fd);
	return moved;
}

static void streams_open(struct streams *streams, unsigned count, const char *input)
{
	if (pipe2(streams->result, O_CLOEXEC) < 0)
		die(STATUS_HOST, "pipe: %s", strerror(errno));
	streams->result[1] = above_fixed(streams->result[1]);
	for (unsigned i = 0; i < count; i++) {
		int in =
		    input ? memory_file("input", input) : open("/dev/null", O_RDONLY | O_CLOEXEC);

		streams->fd[i][0] = above_fixed(in);
		streams->fd[i][1] = above_fixed(memory_file("output", NULL));
		streams->fd[i][2] = above_fixed(memory_file("errors", NULL));
	}
}

static pid_t start_launcher(const struct streams *streams, const struct child_job *job)
{
	posix_spawn_file_actions_t actions;
	struct argv words = { 0 };
	pid_t pid;
	int error;

	argv_add(&words, job->launcher);
	argv_addf(&words, "%u", job->count);
	argv_add(&words, job->sample_pss ? LAUNCH_MODE_PSS : LAUNCH_MODE_TIMED);
	argv_add(&words, job->cpus ? job->cpus : LAUNCH_CPUS_INHERITED);
	argv_add_all(&words, (const char *const *)job->argv->words);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, streams->result[1], LAUNCH_RESULT_FD);
	for (unsigned i = 0; i < job->count; i++)
		for (int stream = 0; stream < 3; stream++)
			posix_spawn_file_actions_adddup2(&actions, streams->fd[i][stream],
							 LAUNCH_CHILD_FD((int)i, stream));
	error = spawn(&pid, words.words, &actions, false);
	posix_spawn_file_actions_destroy(&actions);
	argv_free(&words);
	if (error)
		die(STATUS_HOST, "%s: %s; build it with: ninja -C build kvm-launch", job->launcher,
		    strerror(error));
	return pid;
}

static void collect(struct child_group *group, struct streams *streams)
{
	char *all = xstrdup("");

	for (unsigned i = 0; i < group->count; i++) {
		size_t bytes;
		char *errors, *longer;

		close(streams->fd[i][0]);
		group->output[i] = take_content(streams->fd[i][1], &group->output_bytes[i]);
		errors = take_content(streams->fd[i][2], &bytes);
		longer = xasprintf("%s%s", all, errors);
		free(errors);
		free(all);
		all = longer;
	}
	group->errors = all;
}

enum child_end child_run(struct child_group *group, const struct child_job *job,
			 struct signals *signals)
{
	uint64_t deadline_ns = now_ns() + (uint64_t)(job->timeout_s * 1e9);
	size_t bytes = sizeof(group->result[0]) * job->count;
	struct streams streams;
	enum child_end end;
	pid_t pid;

	*group = (struct child_group){ .count = job->count };
	streams_open(&streams, job->count, job->input);
	pid = start_launcher(&streams, job);
	close(streams.result[1]);
	end = wait_readable(streams.result[0], deadline_ns, signals);
	if (end == CHILD_ENDED && read(streams.result[0], group->result, bytes) != (ssize_t)bytes)
		end = CHILD_NOT_STARTED;
	if (end != CHILD_ENDED)
		kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(streams.result[0]);
	collect(group, &streams);
	for (unsigned i = 0; end == CHILD_ENDED && i < job->count; i++)
		if (group->result[i].exec_errno)
			end = CHILD_NOT_STARTED;
	return end;
}

void child_group_free(struct child_group *group)
{
	for (unsigned i = 0; i < group->count; i++)
		free(group->output[i]);
	free(group->errors);
	*group = (struct child_group){ 0 };
}

char *command_output(const char *const *words, bool both, double timeout_s, int *status)
{
	int out = memory_file("output", NULL), pid_fd, waited = 0;
	posix_spawn_file_actions_t actions;
	enum child_end end;
	size_t bytes;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (both)
		posix_spawn_file_actions_adddup2(&actions, out, 2);
	if (spawn(&pid, (char *const *)words, &actions, true)) {
		posix_spawn_file_actions_destroy(&actions);
		close(out);
		return NULL;
	}
	posix_spawn_file_actions_destroy(&actions);
	pid_fd = pidfd_open(pid, 0);
	end = pid_fd < 0 ? CHILD_ENDED
			 : wait_readable(pid_fd, now_ns() + (uint64_t)(timeout_s * 1e9), NULL);
	if (end == CHILD_TIMED_OUT)
		kill(-pid, SIGKILL);
	waitpid(pid, &waited, 0);
	if (pid_fd >= 0)
		close(pid_fd);
	if (status)
		*status = end == CHILD_TIMED_OUT ? STATUS_TIMEOUT
			  : WIFSIGNALED(waited)	 ? 128 + WTERMSIG(waited)
						 : WEXITSTATUS(waited);
	return take_content(out, &bytes);
}
