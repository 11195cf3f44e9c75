/* SPDX-License-Identifier: MIT */
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include "fatal.h"
#include "reasons.h"
#include "record.h"

struct recorder {
	FILE *file;
	struct ring_buffer *ring;
	uint64_t rows;
};

#define FILE_BUFFER_BYTES (1 << 20)

static const char *name_none(const struct record *r, char buf[REASON_LEN])
{
	(void)r;
	(void)buf;
	return "";
}

static const char *name_exit(const struct record *r, char buf[REASON_LEN])
{
	return hw_reason(r->reason, r->a, buf);
}

static const char *name_user(const struct record *r, char buf[REASON_LEN])
{
	return user_reason(r->reason, r->error > 0 ? r->error : 0, buf);
}

/* Events with a few fixed reasons. */
static const char *const words[EVENTS][3] = {
	[EVENT_PIO] = { "in", "out" },
	[EVENT_MMIO] = { "read-wait", "read", "write" },
	[EVENT_IRQ_INJECT] = { "first", "again" },
	[EVENT_IRQ_ACK] = { "pic0", "pic1", "ioapic" },
	[EVENT_HALT] = { "poll", "wait" },
	[EVENT_INSN] = { "ok", "failed" },
};

static const char *name_word(const struct record *r, char buf[REASON_LEN])
{
	(void)buf;
	return r->reason < 3 && words[r->event][r->reason] ? words[r->event][r->reason] : "";
}

enum value_format { EMPTY, NUMBER, SIGNED, HEX };

static const struct event_format {
	const char *name;
	const char *(*reason)(const struct record *r, char buf[REASON_LEN]);
	enum value_format a, b;
} formats[EVENTS] = {
	[EVENT_ENTRY] = { "entry", name_none, SIGNED, EMPTY },
	[EVENT_EXIT] = { "exit", name_exit, HEX, NUMBER },
	[EVENT_USER] = { "user", name_user, NUMBER, SIGNED },
	[EVENT_RUN] = { "run", name_none, SIGNED, EMPTY },
	[EVENT_PIO] = { "pio", name_word, HEX, NUMBER },
	[EVENT_MMIO] = { "mmio", name_word, HEX, NUMBER },
	[EVENT_IRQ_SET] = { "irq-set", name_none, NUMBER, NUMBER },
	[EVENT_IRQ_INJECT] = { "irq-inject", name_word, NUMBER, SIGNED },
	[EVENT_IRQ_ACK] = { "irq-ack", name_word, NUMBER, NUMBER },
	[EVENT_HALT] = { "halt", name_word, NUMBER, NUMBER },
	[EVENT_INSN] = { "insn", name_word, EMPTY, EMPTY },
	[EVENT_SCHED_OUT] = { "sched-out", name_none, NUMBER, NUMBER },
	[EVENT_SCHED_IN] = { "sched-in", name_none, NUMBER, NUMBER },
};

static void value_print(FILE *out, enum value_format format, uint64_t value)
{
	if (format == NUMBER)
		fprintf(out, "%" PRIu64, value);
	else if (format == SIGNED)
		fprintf(out, "%" PRId64, (int64_t)value);
	else if (format == HEX)
		fprintf(out, "0x%" PRIx64, value);
}

void record_print(FILE *out, const struct record *r)
{
	const struct event_format *f = &formats[r->event < EVENTS ? r->event : EVENT_INSN];
	char buf[REASON_LEN];

	fprintf(out, "%" PRIu64 ",%u,%u,%s,%s,%d,", r->ns, r->tid, r->cpu, f->name,
		f->reason(r, buf), r->error > 0 ? r->error : 0);
	value_print(out, f->a, r->a);
	fputc(',', out);
	value_print(out, f->b, r->b);
	fputc('\n', out);
}

static int record_take(void *context, void *data, size_t size)
{
	struct recorder *r = context;

	if (size < sizeof(struct record))
		return 0;
	record_print(r->file, data);
	r->rows++;
	return 0;
}

struct recorder *recorder_open(const char *path, int ring_fd)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r)
		fatal("out of memory", "free some", ENOMEM);
	r->file = fopen(path, "we");
	if (!r->file)
		fatal(path, "--record needs a file it can write", errno);
	setvbuf(r->file, NULL, _IOFBF, FILE_BUFFER_BYTES);
	fputs(RECORD_COLUMNS "\n", r->file);
	r->ring = ring_buffer__new(ring_fd, record_take, r, NULL);
	if (!r->ring)
		fatal("eBPF ring buffer", "try a smaller --ring-size", errno);
	return r;
}

void recorder_drain(struct recorder *r)
{
	ring_buffer__consume(r->ring);
}

uint64_t recorder_close(struct recorder *r)
{
	uint64_t rows;

	recorder_drain(r);
	ring_buffer__free(r->ring);
	if (fclose(r->file))
		fatal("--record", "is the disk full?", errno);
	rows = r->rows;
	free(r);
	return rows;
}
