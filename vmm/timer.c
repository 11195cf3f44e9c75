/* SPDX-License-Identifier: MIT */
/*
 * The tick. Every due time is start + n * period on an absolute clock, so a
 * late wake-up delays one tick and none after it.
 */
#include <string.h>

#include "vmm.h"

/* A guest further behind than this has ticks dropped, and counted as lost. */
#define MAX_OWED_TICKS 100

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S),
				  .tv_nsec = (long)(ns % NS_PER_S) };
}

/* With vm->lock held: sleeps until the time, or until *stop. */
static void sleep_until(struct vm *vm, uint64_t due_ns, const _Atomic bool *stop)
{
	struct timespec due = to_timespec(due_ns);

	while (!*stop && now_ns() < due_ns)
		pthread_cond_clockwait(&vm->wake, &vm->lock, CLOCK_MONOTONIC, &due);
}

/*
 * Delivers ticks one by one. While the PIC still holds the one before, the
 * guest has not taken it: the tick stays owed and is tried again soon.
 */
static void *timer_thread(void *opaque)
{
	struct vm *vm = opaque;
	struct timer *t = &vm->timer;
	uint64_t delivered = 0; /* including those lost or not wanted */

	pthread_mutex_lock(&vm->lock);
	while (!vm->stopping) {
		uint64_t due = (now_ns() - t->start_ns) / t->period_ns;

		if (due > delivered + MAX_OWED_TICKS) {
			t->ticks_lost += due - delivered - MAX_OWED_TICKS;
			delivered = due - MAX_OWED_TICKS;
		}
		if (due > delivered) {
			int status;

			pthread_mutex_unlock(&vm->lock);
			status = vm_pulse_irq(vm, TIMER_IRQ);
			pthread_mutex_lock(&vm->lock);
			if (status != 0)
				delivered++;
			if (status > 0)
				t->ticks++;
			if (status == 0)
				sleep_until(vm, now_ns() + t->period_ns / 8, &vm->stopping);
			continue;
		}
		sleep_until(vm, t->start_ns + (due + 1) * t->period_ns, &vm->stopping);
	}
	pthread_mutex_unlock(&vm->lock);
	return NULL;
}

void timer_start(struct vm *vm)
{
	int error;

	vm->timer.period_ns = vm->config->timer_period_ns;
	vm->timer.start_ns = now_ns();
	error = pthread_create(&vm->timer.thread, NULL, timer_thread, vm);
	if (error != 0)
		die(STATUS_HOST, "raise ulimit -u", "timer thread: %s", strerror(error));
	vm->timer.started = true;
}

void timer_stop(struct vm *vm)
{
	if (vm->timer.started)
		pthread_join(vm->timer.thread, NULL);
	vm->timer.started = false;
}

bool timer_wait_tick(struct vcpu *v)
{
	uint64_t period_ns = v->vm->config->timer_period_ns;
	uint64_t elapsed_ns = now_ns() - v->first_entry_ns;

	pthread_mutex_lock(&v->vm->lock);
	sleep_until(v->vm, v->first_entry_ns + (elapsed_ns / period_ns + 1) * period_ns, &v->stop);
	pthread_mutex_unlock(&v->vm->lock);
	if (v->stop)
		return false;
	v->vm->timer.ticks++;
	return true;
}
