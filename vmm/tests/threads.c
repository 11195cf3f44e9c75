/* SPDX-License-Identifier: MIT */
/* Threads that share a keyboard ring and a console, for ThreadSanitizer too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm.h"

#define INPUT_BYTES 10000
#define LINES 500

static void vm_for_threads(struct vm *vm)
{
	memset(vm, 0, sizeof(*vm));
	pthread_mutex_init(&vm->lock, NULL);
	pthread_cond_init(&vm->wake, NULL);
	vm->stop_fd = eventfd(0, 0);
}

static void *feed(void *opaque)
{
	int fd = *(int *)opaque;

	for (unsigned int i = 0; i < INPUT_BYTES; i++) {
		uint8_t byte = (uint8_t)(i * 7);

		if (write(fd, &byte, 1) != 1)
			abort();
	}
	close(fd);
	return NULL;
}

/* More than the ring holds, slowly and fast: every byte arrives, in order, then the end. */
static void test_keyboard_loses_nothing(void **state)
{
	struct vm vm;
	struct vcpu v = { .vm = &vm };
	pthread_t feeder;
	int fds[2];

	(void)state;
	vm_for_threads(&vm);
	assert_int_equal(pipe(fds), 0);
	vm.keyboard.fd = fds[0];
	pthread_create(&feeder, NULL, feed, &fds[1]);
	for (unsigned int i = 0; i < INPUT_BYTES; i++) {
		uint32_t byte;

		while ((byte = keyboard_take(&vm)) == HC_NOTHING_YET)
			assert_true(keyboard_wait(&v));
		assert_int_equal(byte, (uint8_t)(i * 7));
		if (i == 1000)
			usleep(20000); /* the ring fills up */
	}
	while (keyboard_take(&vm) == HC_NOTHING_YET)
		assert_true(keyboard_wait(&v));
	assert_int_equal(keyboard_take(&vm), HC_END_OF_INPUT);
	pthread_join(feeder, NULL);
	keyboard_stop(&vm);
	close(fds[0]);
	close(vm.stop_fd);
}

static void test_keyboard_stops(void **state)
{
	struct vm vm;
	int fds[2];

	(void)state;
	vm_for_threads(&vm);
	assert_int_equal(pipe(fds), 0);
	vm.keyboard.fd = fds[0];
	keyboard_start(&vm);
	vm.stopping = true;
	assert_int_equal(write(vm.stop_fd, &(uint64_t){ 1 }, 8), 8);
	keyboard_stop(&vm); /* returns though nothing was ever typed */
	close(fds[0]);
	close(fds[1]);
	close(vm.stop_fd);
}

static void *print_lines(void *opaque)
{
	struct console *c = opaque;

	for (unsigned int i = 0; i < LINES; i++) {
		for (unsigned int k = 0; k < 20; k++)
			console_put(c, (uint8_t)('a' + c->id));
		console_put(c, '\n');
	}
	return NULL;
}

/* Four writers and a flusher: every line whole, none lost. */
static void test_console_lines_whole(void **state)
{
	struct console_shared shared = { .prefix = true, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct console consoles[MAX_GUESTS];
	pthread_t threads[MAX_GUESTS];
	unsigned int seen[MAX_GUESTS] = { 0 };
	FILE *file = tmpfile();
	char line[64];

	(void)state;
	memset(consoles, 0, sizeof(consoles));
	shared.fd = fileno(file);
	for (unsigned int i = 0; i < MAX_GUESTS; i++) {
		console_init(&consoles[i], &shared, i);
		pthread_create(&threads[i], NULL, print_lines, &consoles[i]);
	}
	for (unsigned int i = 0; i < 200; i++)
		console_flush(&consoles[i % MAX_GUESTS], false);
	for (unsigned int i = 0; i < MAX_GUESTS; i++) {
		pthread_join(threads[i], NULL);
		console_flush(&consoles[i], true);
	}
	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		char expected[64];
		unsigned int id = (unsigned int)(line[6] - '0');

		assert_true(id < MAX_GUESTS);
		snprintf(expected, sizeof(expected), "[vCPU %u] %020d\n", id, 0);
		memset(expected + 9, 'a' + (int)id, 20);
		assert_string_equal(line, expected);
		seen[id]++;
	}
	for (unsigned int i = 0; i < MAX_GUESTS; i++)
		assert_int_equal(seen[i], LINES);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keyboard_loses_nothing),
		cmocka_unit_test(test_keyboard_stops),
		cmocka_unit_test(test_console_lines_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
