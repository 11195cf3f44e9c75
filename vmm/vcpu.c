/* SPDX-License-Identifier: MIT */
/* A vCPU: its thread, its run loop, and how it is made to stop. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stats.h"
#include "vmm.h"

#define KICK_SIGNAL SIGUSR1

void vcpu_create(struct vcpu *v, struct vm *vm, unsigned int id)
{
	v->vm = vm;
	v->id = id;
	/* In the shared layout the VM's vCPUs are numbered as the guests are. */
	v->fd = vm_ioctl(vm->fd, KVM_CREATE_VCPU, vm->config->layout == LAYOUT_SHARED ? id : 0);
	v->run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED)
		die(STATUS_HOST, "see dmesg", "mmap of struct kvm_run: %s", strerror(errno));
	/* General registers come with every exit: no KVM_GET_REGS in the loop. */
	v->run->kvm_valid_regs = KVM_SYNC_X86_REGS;
	if (vm->config->testdev)
		v->coalesced =
		    (void *)((uint8_t *)v->run + KVM_COALESCED_MMIO_PAGE_OFFSET * PAGE_BYTES);
	v->vcpu_ns = now_ns();
}

/*
 * The loop the project is about. Between two KVM_RUNs it allocates nothing,
 * prints nothing, takes no lock and makes no system call, unless the exit
 * itself asks for one (a full line of output, a wait).
 */
static void vcpu_run(struct vcpu *v)
{
	v->first_entry_ns = now_ns();
	while (!atomic_load_explicit(&v->stop, memory_order_relaxed)) {
		int error;

		stats_enter(v);
		error = ioctl(v->fd, KVM_RUN, 0) < 0 ? errno : 0;
		stats_return(v, error);
		if (error == EINTR || error == EAGAIN)
			continue;
		if (error != 0) {
			vcpu_fault(v, "KVM_RUN: %s", strerror(error));
			v->status = STATUS_HOST;
			break;
		}
		if (v->coalesced)
			testdev_drain(v);
		if (!exit_handle(v))
			break;
	}
	v->exit_ns = now_ns();
	stats_leave(v);
}

static void pin(struct vcpu *v)
{
	int cpu = v->vm->config->pin_cpus[v->id];
	cpu_set_t cpus;

	if (cpu < 0)
		return;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		warn("--pin: vCPU %u cannot run on CPU %d: %s", v->id, cpu, strerror(errno));
}

static void *vcpu_thread(void *opaque)
{
	struct vcpu *v = opaque;
	uint64_t one = 1;

	v->tid = gettid();
	pin(v);
	vcpu_run(v);
	console_flush(&v->console, true);
	if (write(v->done_fd, &one, sizeof(one)) < 0)
		warn("eventfd: %s", strerror(errno));
	return NULL;
}

/* Only its arrival matters: it interrupts KVM_RUN. */
static void on_kick(int number)
{
	(void)number;
}

void vcpu_start(struct vcpu *v, int done_fd)
{
	struct sigaction action = { .sa_handler = on_kick };
	int error;

	sigaction(KICK_SIGNAL, &action, NULL);
	v->done_fd = done_fd;
	error = pthread_create(&v->thread, NULL, vcpu_thread, v);
	if (error != 0)
		die(STATUS_HOST, "raise ulimit -u", "thread of vCPU %u: %s", v->id,
		    strerror(error));
	v->started = true;
}

void vcpu_kick(struct vcpu *v)
{
	v->stop = true;
	/*
	 * A signal that comes just before KVM_RUN would be lost; immediate_exit
	 * is what KVM_RUN looks at once it is inside (api.rst, 5 "kvm_run").
	 */
	__atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(v->thread, KICK_SIGNAL);
	pthread_mutex_lock(&v->vm->lock);
	pthread_cond_broadcast(&v->vm->wake);
	pthread_mutex_unlock(&v->vm->lock);
}

void vcpu_join(struct vcpu *v)
{
	if (v->started)
		pthread_join(v->thread, NULL);
	v->started = false;
}

void vcpu_destroy(struct vcpu *v)
{
	munmap(v->run, v->vm->run_bytes);
	close(v->fd);
}

bool vcpu_end(struct vcpu *v, enum end end, int status)
{
	v->end = end;
	v->status = status;
	return false;
}

bool vcpu_fault(struct vcpu *v, const char *format, ...)
{
	char reason[256];
	va_list arguments;

	console_flush(&v->console, true);
	if (probe_beyond_host(v))
		return vcpu_end(v, END_FAULT, STATUS_HOST);
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	warn("guest %u (%s): %s", v->id, v->image->path, reason);
	x86_dump(v);
	return vcpu_end(v, END_FAULT, STATUS_GUEST_FAULT);
}

const char *end_name(enum end end)
{
	static const char *const names[] = {
		[END_RUNNING] = "running",	   [END_HLT] = "hlt",	  [END_HC_EXIT] = "hc-exit",
		[END_DEBUG_EXIT] = "debug-exit",   [END_FAULT] = "fault", [END_TIMEOUT] = "timeout",
		[END_INTERRUPTED] = "interrupted",
	};

	return names[end];
}
