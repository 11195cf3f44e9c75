/* SPDX-License-Identifier: MIT */
/*
 * Keyboard: a thread reads the input into a ring, the guest takes bytes out.
 * When the ring is full the thread waits, so nothing is ever lost.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "vmm.h"

#define CTRL_D 4 /* a terminal in raw mode has no other end of input */

static uint32_t used(const struct keyboard *k)
{
	return k->head - k->tail;
}

bool keyboard_has_byte(struct vm *vm)
{
	if (!vm->keyboard.started)
		keyboard_start(vm);
	return used(&vm->keyboard) > 0;
}

static void wake_all(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	pthread_cond_broadcast(&vm->wake);
	pthread_mutex_unlock(&vm->lock);
}

uint32_t keyboard_take(struct vm *vm)
{
	struct keyboard *k = &vm->keyboard;
	bool end = k->end; /* before the ring: a byte added until then is still seen */
	uint8_t byte;

	if (!keyboard_has_byte(vm))
		return end ? HC_END_OF_INPUT : HC_NOTHING_YET;
	byte = k->ring[k->tail % KEYBOARD_BYTES];
	k->tail++;
	if (k->full && used(k) <= KEYBOARD_BYTES / 2)
		wake_all(vm);
	return byte;
}

bool keyboard_wait(struct vcpu *v)
{
	struct vm *vm = v->vm;
	struct keyboard *k = &vm->keyboard;

	pthread_mutex_lock(&vm->lock);
	while (!v->stop && !k->end && used(k) == 0)
		pthread_cond_wait(&vm->wake, &vm->lock);
	pthread_mutex_unlock(&vm->lock);
	return !v->stop;
}

/* Lets the guest know: by interrupt where it has a PIC, else by the wake-up. */
static void announce(struct vm *vm)
{
	if (vm->irqchip) {
		vm_pulse_irq(vm, KEYBOARD_IRQ);
		serial_input_arrived(vm);
	} else {
		wake_all(vm);
	}
}

/* Waits until the ring has room for half of it; false if the VM stops. */
static bool wait_for_room(struct vm *vm)
{
	struct keyboard *k = &vm->keyboard;

	pthread_mutex_lock(&vm->lock);
	k->full = used(k) == KEYBOARD_BYTES;
	while (k->full && !vm->stopping) {
		if (used(k) <= KEYBOARD_BYTES / 2)
			k->full = false;
		else
			pthread_cond_wait(&vm->wake, &vm->lock);
	}
	pthread_mutex_unlock(&vm->lock);
	return !vm->stopping;
}

/* Bytes read, 0 at the end of input or when the VM stops. */
static size_t read_some(struct vm *vm, uint8_t *bytes, size_t room)
{
	struct pollfd fds[] = { { .fd = vm->keyboard.fd, .events = POLLIN },
				{ .fd = vm->stop_fd, .events = POLLIN } };
	ssize_t n;

	do {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return 0;
		if (vm->stopping)
			return 0;
		n = fds[0].revents ? read(vm->keyboard.fd, bytes, room) : -1;
	} while (n < 0 && (!fds[0].revents || errno == EINTR || errno == EAGAIN));
	if (n < 0) {
		warn("input: %s", strerror(errno));
		return 0;
	}
	return (size_t)n;
}

static void *keyboard_thread(void *opaque)
{
	struct vm *vm = opaque;
	struct keyboard *k = &vm->keyboard;
	uint8_t bytes[KEYBOARD_BYTES];
	bool end = k->fd < 0;

	while (!end && wait_for_room(vm)) {
		size_t n = read_some(vm, bytes, KEYBOARD_BYTES - used(k));
		const uint8_t *stop = k->tty ? memchr(bytes, CTRL_D, n) : NULL;

		end = n == 0 || stop;
		if (stop)
			n = (size_t)(stop - bytes);
		for (size_t i = 0; i < n; i++)
			k->ring[(k->head + i) % KEYBOARD_BYTES] = bytes[i];
		k->head += (uint32_t)n;
		if (n > 0)
			announce(vm);
	}
	if (!vm->stopping) {
		k->end = true;
		announce(vm);
	}
	return NULL;
}

void keyboard_start(struct vm *vm)
{
	int error = pthread_create(&vm->keyboard.thread, NULL, keyboard_thread, vm);

	if (error != 0)
		die(STATUS_HOST, "raise ulimit -u", "keyboard thread: %s", strerror(error));
	vm->keyboard.started = true;
}

void keyboard_stop(struct vm *vm)
{
	if (vm->keyboard.started)
		pthread_join(vm->keyboard.thread, NULL);
	vm->keyboard.started = false;
}
