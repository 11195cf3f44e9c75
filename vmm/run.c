/* SPDX-License-Identifier: MIT */
/* One run: builds the VMs, starts their threads, watches over them, reports. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "stats.h"

#define FLUSH_PERIOD_MS 20

struct run {
	const struct config *config;
	struct run_times times;
	struct image images[MAX_GUESTS];
	struct vm vms[MAX_GUESTS];
	unsigned int vm_count;
	struct vcpu vcpus[MAX_GUESTS];
	unsigned int count;
	struct console_shared console;
	struct trace *trace;
	int done_fd;
	int signal_fd;
};

/* ---- terminal: keys reach the guest one by one, and it does its own echo ---- */

static void terminal_restore(int status, void *saved)
{
	(void)status;
	tcsetattr(STDIN_FILENO, TCSANOW, saved);
	free(saved);
}

static bool terminal_raw(void)
{
	struct termios raw, *saved;

	if (tcgetattr(STDIN_FILENO, &raw) < 0)
		return false;
	saved = malloc(sizeof(*saved)); /* lives until exit */
	if (!saved)
		die(STATUS_HOST, "free some memory", "%s", strerror(ENOMEM));
	*saved = raw;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* suspended, it would leave the terminal raw */
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	on_exit(terminal_restore, saved); /* also when another thread calls die() */
	return true;
}

/* ---- building ---- */

static void add_guest(struct run *r, unsigned int id)
{
	const struct config *config = r->config;
	const struct image *image = &r->images[id];
	bool protected = image->mode == MODE_PROTECTED;
	bool shared = config->layout == LAYOUT_SHARED;
	struct vcpu *v = &r->vcpus[id];
	struct vm *vm = &r->vms[shared ? 0 : id];
	uint32_t base = shared ? id * REAL_MODE_MEM : 0;
	uint64_t mem_bytes = shared		 ? MAX_GUESTS * REAL_MODE_MEM
			     : config->mem_bytes ? config->mem_bytes
			     : protected	 ? PROTECTED_MODE_MEM
						 : REAL_MODE_MEM;
	uint32_t entry, info;
	const char *why;

	if (!shared || id == 0) {
		vm_create(vm, vm->kvm_fd, mem_bytes, protected, config);
		pio_add_devices(vm);
		r->vm_count++;
	}
	v->image = image;
	vcpu_create(v, vm, id);
	console_init(&v->console, &r->console, id);
	stats_init(v);
	entry = image_load(image, vm, base, config, &info, &why);
	if (why)
		die(STATUS_USAGE, NULL, "%s: %s", image->path, why);
	if (protected)
		x86_setup_protected(v, entry, info);
	else
		x86_setup_real(v, base, entry);
	v->load_ns = now_ns();
}

static void open_inputs(struct run *r)
{
	bool stdin_taken = false;

	for (unsigned int i = 0; i < r->vm_count; i++) {
		struct keyboard *k = &r->vms[i].keyboard;
		const char *path = i < r->config->input_count ? r->config->inputs[i] : NULL;

		if (path) {
			k->fd = open(path, O_RDONLY | O_CLOEXEC);
			if (k->fd < 0)
				die(STATUS_USAGE, "give a file that can be read", "--input=%s: %s",
				    path, strerror(errno));
		} else if (!stdin_taken) {
			k->fd = STDIN_FILENO;
			k->tty = terminal_raw();
			stdin_taken = true;
		}
	}
}

static void build(struct run *r)
{
	const struct config *config = r->config;
	int kvm_fd;

	for (unsigned int i = 0; i < r->count; i++) {
		image_open(&r->images[i], config->guests[i], config->mode);
		if (config->layout == LAYOUT_SHARED && r->images[i].mode != MODE_REAL)
			die(STATUS_USAGE, "leave out --layout=shared",
			    "%s: a protected-mode kernel needs a VM of its own", config->guests[i]);
	}
	kvm_fd = kvm_open();
	r->times.open_ns = now_ns();
	for (unsigned int i = 0; i < r->count; i++) {
		r->vms[i].kvm_fd = kvm_fd;
		add_guest(r, i);
	}
}

/* ---- running ---- */

static void start(struct run *r)
{
	/* In real mode the keyboard's thread starts when the guest first asks. */
	for (unsigned int i = 0; i < r->vm_count; i++) {
		if (!r->vms[i].irqchip)
			continue;
		keyboard_start(&r->vms[i]);
		timer_start(&r->vms[i]);
	}
	for (unsigned int i = 0; i < r->count; i++)
		vcpu_start(&r->vcpus[i], r->done_fd);
}

static int poll_timeout_ms(uint64_t deadline_ns)
{
	uint64_t now = now_ns(), left_ms;

	if (deadline_ns == 0)
		return FLUSH_PERIOD_MS;
	left_ms = now >= deadline_ns ? 0 : (deadline_ns - now) / NS_PER_MS + 1;
	return left_ms < FLUSH_PERIOD_MS ? (int)left_ms : FLUSH_PERIOD_MS;
}

/* Until all guests have ended: flushes their output; why it stopped them, if it did. */
static enum end supervise(struct run *r)
{
	uint64_t deadline_ns = r->config->timeout_ns ? now_ns() + r->config->timeout_ns : 0;
	struct pollfd fds[] = { { .fd = r->done_fd, .events = POLLIN },
				{ .fd = r->signal_fd, .events = POLLIN } };
	uint64_t done = 0;

	while (done < r->count) {
		uint64_t ended;

		if (poll(fds, 2, poll_timeout_ms(deadline_ns)) < 0 && errno != EINTR)
			die(STATUS_HOST, NULL, "poll: %s", strerror(errno));
		if (read(r->done_fd, &ended, sizeof(ended)) == sizeof(ended))
			done += ended;
		for (unsigned int i = 0; i < r->count; i++)
			console_flush(&r->vcpus[i].console, false);
		if (fds[1].revents || r->console.failed)
			return END_INTERRUPTED;
		if (deadline_ns && done < r->count && now_ns() >= deadline_ns)
			return END_TIMEOUT;
	}
	return END_RUNNING;
}

/* Stops what still runs and waits for every thread. */
static void stop(struct run *r, enum end reason)
{
	for (unsigned int i = 0; i < r->vm_count; i++)
		vm_stop(&r->vms[i]);
	for (unsigned int i = 0; i < r->count; i++) {
		struct vcpu *v = &r->vcpus[i];

		if (reason != END_RUNNING)
			vcpu_kick(v);
		vcpu_join(v);
		if (v->end == END_RUNNING) {
			v->end = reason;
			v->status = reason == END_TIMEOUT ? STATUS_TIMEOUT : STATUS_INTERRUPTED;
		}
	}
	for (unsigned int i = 0; i < r->vm_count; i++) {
		timer_stop(&r->vms[i]);
		keyboard_stop(&r->vms[i]);
	}
}

/* Of several guests: a host error, then a fault, then a stopped run, then the largest. */
static int worst_status(const struct run *r)
{
	static const int order[] = { STATUS_HOST, STATUS_GUEST_FAULT, STATUS_INTERRUPTED,
				     STATUS_TIMEOUT };
	int worst = 0;

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (unsigned int i = 0; i < r->count; i++) {
			const struct vcpu *v = &r->vcpus[i];

			if (v->status == order[k] && v->end != END_DEBUG_EXIT)
				return order[k];
			if (v->status > worst)
				worst = v->status;
		}
	return worst;
}

static void say_how_it_ended(struct run *r)
{
	for (unsigned int i = 0; i < r->count; i++) {
		struct vcpu *v = &r->vcpus[i];

		if (v->end == END_TIMEOUT) {
			warn("guest %u (%s): stopped by --timeout", i, v->image->path);
			x86_dump(v); /* where it hangs */
		}
		if (v->unhandled_io > 0)
			warn("guest %u (%s): %llu accesses to ports without a device", i,
			     v->image->path, (unsigned long long)v->unhandled_io);
		if (r->config->verbose)
			warn("guest %u (%s): ended by %s, status %d, %llu ticks", i, v->image->path,
			     end_name(v->end), v->status, (unsigned long long)v->vm->timer.ticks);
	}
}

static int open_fd(int fd, const char *what)
{
	if (fd < 0)
		die(STATUS_HOST, "raise ulimit -n", "%s: %s", what, strerror(errno));
	return fd;
}

/* SIGINT and its like end a run in order: the terminal is restored, statistics are written. */
static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL); /* inherited by every thread */
	signal(SIGPIPE, SIG_IGN);
	return open_fd(signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
}

static void free_all(struct run *r)
{
	for (unsigned int i = 0; i < r->count; i++) {
		stats_free(&r->vcpus[i]);
		vcpu_destroy(&r->vcpus[i]);
		image_close(&r->images[i]);
	}
	for (unsigned int i = 0; i < r->vm_count; i++)
		vm_destroy(&r->vms[i]);
	close(r->vms[0].kvm_fd);
	close(r->done_fd);
	close(r->signal_fd);
}

int run_guests(const struct config *config, uint64_t main_ns)
{
	struct run *r = calloc(1, sizeof(*r));
	int status;

	if (!r)
		die(STATUS_HOST, "free some memory", "%s", strerror(ENOMEM));
	r->config = config;
	r->times.main_ns = main_ns;
	r->count = config->guest_count;
	r->console = (struct console_shared){ .fd = STDOUT_FILENO,
					      .prefix = r->count > 1,
					      .color = config->color };
	pthread_mutex_init(&r->console.lock, NULL);
	build(r);
	open_inputs(r);
	r->done_fd = open_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
	r->signal_fd = catch_signals();
	if (config->trace_file)
		r->trace = trace_open(config->trace_file, r->vcpus, r->count);
	if (config->sandbox)
		sandbox_enter();
	start(r);
	stop(r, supervise(r));
	r->times.last_exit_ns = now_ns();
	say_how_it_ended(r);
	status = r->console.failed ? STATUS_HOST : worst_status(r);
	if (r->trace && !trace_close(r->trace))
		status = STATUS_HOST;
	if (config->stats != STATS_NONE &&
	    !report_write(config, r->vcpus, r->count, &r->times, status))
		status = STATUS_HOST;
	free_all(r);
	free(r);
	return status;
}
