/* SPDX-License-Identifier: MIT */
/*
 * Console output. The vCPU thread fills a ring without a lock; a line's end,
 * a full ring, a halt or the supervisor's 20 ms tick writes it out. The lock is
 * taken only around that write, so that the lines of several guests stay whole.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vmm.h"

void console_init(struct console *c, struct console_shared *shared, unsigned int id)
{
	c->shared = shared;
	c->id = id;
}

static void write_all(struct console_shared *shared, const void *bytes, size_t len)
{
	const uint8_t *next = bytes;

	while (len > 0 && !shared->failed) {
		ssize_t n = write(shared->fd, next, len);

		if (n < 0 && errno != EINTR) {
			shared->failed = true;
			warn("output: %s", strerror(errno));
			return;
		}
		if (n > 0) {
			next += n;
			len -= (size_t)n;
		}
	}
}

/* Copies ring bytes [from, to) out. */
static size_t copy_out(const struct console *c, uint32_t from, uint32_t to, uint8_t *bytes)
{
	size_t n = 0;

	while (from != to)
		bytes[n++] = c->buffer[from++ % CONSOLE_BYTES];
	return n;
}

static void write_line(const struct console *c, uint32_t from, uint32_t to)
{
	static const char *const colors[MAX_GUESTS] = { "\033[31m", "\033[32m", "\033[33m",
							"\033[34m" };
	uint8_t line[CONSOLE_BYTES + 64];
	bool color = c->shared->color;
	size_t n =
	    (size_t)snprintf((char *)line, 32, "%s[vCPU %u] ", color ? colors[c->id] : "", c->id);
	bool whole = c->buffer[(to - 1) % CONSOLE_BYTES] == '\n';

	n += copy_out(c, from, whole ? to - 1 : to, line + n);
	n += (size_t)snprintf((char *)line + n, 32, "%s\n", color ? "\033[0m" : "");
	write_all(c->shared, line, n);
}

/* Several guests: line by line, each behind its prefix. */
static uint32_t flush_lines(const struct console *c, uint32_t tail, uint32_t head, bool all)
{
	for (uint32_t i = tail; i != head; i++) {
		if (c->buffer[i % CONSOLE_BYTES] != '\n')
			continue;
		write_line(c, tail, i + 1);
		tail = i + 1;
	}
	if (tail != head && (all || head - tail == CONSOLE_BYTES)) {
		write_line(c, tail, head);
		tail = head;
	}
	return tail;
}

void console_flush(struct console *c, bool all)
{
	uint32_t head, tail;

	if (c->head == c->tail)
		return;
	pthread_mutex_lock(&c->shared->lock);
	head = c->head;
	tail = c->tail;
	if (c->shared->prefix) {
		tail = flush_lines(c, tail, head, all);
	} else {
		uint8_t bytes[CONSOLE_BYTES];

		write_all(c->shared, bytes, copy_out(c, tail, head, bytes));
		tail = head;
	}
	c->tail = tail;
	pthread_mutex_unlock(&c->shared->lock);
}

void console_put(struct console *c, uint8_t byte)
{
	uint32_t head = atomic_load_explicit(&c->head, memory_order_relaxed);

	c->buffer[head % CONSOLE_BYTES] = byte;
	atomic_store_explicit(&c->head, head + 1, memory_order_release);
	if (byte == '\n' ||
	    head + 1 - atomic_load_explicit(&c->tail, memory_order_acquire) == CONSOLE_BYTES)
		console_flush(c, false);
}
