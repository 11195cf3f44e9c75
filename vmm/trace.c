/* SPDX-License-Identifier: MIT */
/*
 * --trace-file: each vCPU puts its exits into a ring of its own, one thread
 * writes them all out as text. A full ring makes the vCPU wait: no exit is lost,
 * and what the wait costs shows in the handler's time.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats.h"

#define RING_RECORDS 16384 /* power of two */
#define DRAIN_PERIOD_US 2000

struct record {
	uint64_t enter_ns, return_ns, address;
	uint32_t slot, count;
	int error;
	uint8_t size, direction; /* index into direction_names */
};

struct trace_ring {
	_Atomic uint64_t head, tail;
	struct record records[RING_RECORDS];
};

struct trace {
	FILE *file;
	const char *path;
	pthread_t thread;
	struct vcpu *vcpus;
	unsigned int count;
	uint64_t seq[MAX_GUESTS];
	_Atomic bool closing;
};

enum { DIRECTION_NONE, DIRECTION_IN, DIRECTION_OUT, DIRECTION_READ, DIRECTION_WRITE };

static void describe(struct record *r, const struct kvm_run *run)
{
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		r->direction = run->io.direction == KVM_EXIT_IO_OUT ? DIRECTION_OUT : DIRECTION_IN;
		r->size = run->io.size;
		r->count = run->io.count;
		r->address = run->io.port;
		break;
	case KVM_EXIT_MMIO:
		r->direction = run->mmio.is_write ? DIRECTION_WRITE : DIRECTION_READ;
		r->size = (uint8_t)run->mmio.len;
		r->count = 1;
		r->address = run->mmio.phys_addr;
		break;
	}
}

void trace_record(struct vcpu *v, int error)
{
	struct stats *s = v->stats;
	struct trace_ring *ring = s->trace;
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	struct record *r = &ring->records[head % RING_RECORDS];

	while (head - atomic_load_explicit(&ring->tail, memory_order_acquire) == RING_RECORDS)
		sched_yield();
	*r = (struct record){
		.enter_ns = s->enter_ns, .return_ns = s->return_ns, .slot = s->slot, .error = error
	};
	if (error == 0)
		describe(r, v->run);
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

static void write_record(struct trace *t, const struct vcpu *v, const struct record *r)
{
	static const char *const direction_names[] = {
		[DIRECTION_NONE] = "",	   [DIRECTION_IN] = "in",	[DIRECTION_OUT] = "out",
		[DIRECTION_READ] = "read", [DIRECTION_WRITE] = "write",
	};
	char name[32];

	fprintf(t->file, "%u,%d,%llu,%llu,%llu,%s,%d,%s,", v->id, v->tid,
		(unsigned long long)t->seq[v->id]++, (unsigned long long)r->enter_ns,
		(unsigned long long)r->return_ns, slot_name(r->slot, name, sizeof(name)), r->error,
		direction_names[r->direction]);
	if (r->direction == DIRECTION_NONE)
		fputs(",,\n", t->file);
	else
		fprintf(t->file, "%u,%u,0x%llx\n", r->size, r->count,
			(unsigned long long)r->address);
}

static void drain(struct trace *t)
{
	for (unsigned int i = 0; i < t->count; i++) {
		struct trace_ring *ring = t->vcpus[i].stats->trace;
		uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
		uint64_t tail = ring->tail;

		while (tail != head) {
			write_record(t, &t->vcpus[i], &ring->records[tail++ % RING_RECORDS]);
			atomic_store_explicit(&ring->tail, tail, memory_order_release);
		}
	}
}

static void *trace_thread(void *opaque)
{
	struct trace *t = opaque;

	while (!t->closing) {
		drain(t);
		usleep(DRAIN_PERIOD_US);
	}
	drain(t);
	return NULL;
}

struct trace *trace_open(const char *path, struct vcpu *vcpus, unsigned int count)
{
	struct trace *t = calloc(1, sizeof(*t));
	int error;

	if (!t)
		die(STATUS_HOST, "free some memory", "trace: %s", strerror(ENOMEM));
	t->path = path;
	t->vcpus = vcpus;
	t->count = count;
	t->file = fopen(path, "we");
	if (!t->file)
		die(STATUS_USAGE, "give a path that can be written", "--trace-file=%s: %s", path,
		    strerror(errno));
	fprintf(t->file, "%s\n", TRACE_COLUMNS);
	for (unsigned int i = 0; i < count; i++) {
		vcpus[i].stats->trace = calloc(1, sizeof(struct trace_ring));
		if (!vcpus[i].stats->trace)
			die(STATUS_HOST, "free some memory", "trace: %s", strerror(ENOMEM));
	}
	error = pthread_create(&t->thread, NULL, trace_thread, t);
	if (error != 0)
		die(STATUS_HOST, "raise ulimit -u", "trace thread: %s", strerror(error));
	return t;
}

bool trace_close(struct trace *t)
{
	bool written;

	t->closing = true;
	pthread_join(t->thread, NULL);
	written = !ferror(t->file);
	if (fclose(t->file) != 0)
		written = false;
	if (!written)
		warn("--trace-file=%s: not written completely: %s", t->path, strerror(errno));
	for (unsigned int i = 0; i < t->count; i++)
		free(t->vcpus[i].stats->trace);
	free(t);
	return written;
}
