/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <x86intrin.h>

#include "micro.h"
#include "record.h"

#define MAX_SAMPLES 1000 /* guests/micro/micro.h */
#define CALIBRATION_NS 5000000

/* ---- The time-stamp counter ---- */

/*
 * Guests read the host's counter: neither KVM (no TSC scaling asked for) nor TCG (which passes
 * RDTSC through) changes its rate. The two reads of a pair lie within 0.1 us of each other.
 */
double tsc_hz(void)
{
	const uint64_t start_ns = now_ns(), start_tsc = __rdtsc();
	uint64_t end_ns;

	do
		end_ns = now_ns();
	while (end_ns - start_ns < CALIBRATION_NS);
	return (double)(__rdtsc() - start_tsc) * 1e9 / (double)(end_ns - start_ns);
}

const char *tsc_unit(const struct run_result *result, char *why, size_t why_bytes)
{
	double hz;

	if (strcmp(result->where, "exact") != 0)
		return "cycles";
	hz = tsc_hz();
	if (hz > 0.999e9 && hz < 1.001e9)
		return "instructions";
	snprintf(why, why_bytes, "the TSC counts %.0f a second, not one per instruction and ns",
		 hz);
	return NULL;
}

/* ---- Reading ---- */

static const char *const fields[] = { "n", "sum", "min", "p50", "p90", "p99", "p999", "max" };
enum { N, SUM, MIN, P50, P90, P99, P999, MAX, FIELDS };

struct micro_op {
	char name[24];
	uint64_t value[FIELDS];
};

/* The text still to be read, and where what is read goes. */
struct reader {
	const char *at;
	struct recorder *recorder;
	const char *unit;    /* of the counter */
	double ns_per_cycle; /* 0: no times here */
	char *why;
	size_t why_bytes;
};

static int bad(struct reader *reader, const char *what)
{
	snprintf(reader->why, reader->why_bytes, "%s: \"%.*s\"", what,
		 (int)strcspn(reader->at, "\n"), reader->at);
	return -1;
}

static bool skip_text(struct reader *reader, const char *text)
{
	const size_t length = strlen(text);

	if (strncmp(reader->at, text, length) != 0)
		return false;
	reader->at += length;
	return true;
}

static bool read_hex(struct reader *reader, uint64_t *value)
{
	static const char digits[] = "0123456789abcdef";
	unsigned count = 0;

	for (*value = 0; *reader->at; reader->at++, count++) {
		const char *digit = strchr(digits, *reader->at);

		if (!digit || count == 16)
			break;
		*value = *value << 4 | (uint64_t)(digit - digits);
	}
	return count > 0;
}

static bool read_word(struct reader *reader, char *word, size_t bytes)
{
	const size_t length = strcspn(reader->at, " \n");

	if (!length || length >= bytes)
		return false;
	memcpy(word, reader->at, length);
	word[length] = '\0';
	reader->at += length;
	return true;
}

/* Order and sum of an operation's figures: a lost or doubled byte shows here. */
static bool plausible(const struct micro_op *op)
{
	const uint64_t n = op->value[N];

	if (n == 0 || n > MAX_SAMPLES || op->value[MAX] > UINT32_MAX)
		return false;
	for (unsigned i = MIN; i < MAX; i++)
		if (op->value[i] > op->value[i + 1])
			return false;
	return op->value[SUM] >= n * op->value[MIN] && op->value[SUM] <= n * op->value[MAX];
}

static void record_op(struct reader *reader, const struct micro_op *op)
{
	char metric[64];

	for (unsigned i = MIN; i < FIELDS; i++) {
		snprintf(metric, sizeof(metric), "op.%s.%s", op->name, fields[i]);
		record(reader->recorder, metric, reader->unit, (double)op->value[i]);
	}
	snprintf(metric, sizeof(metric), "op.%s.mean", op->name);
	record(reader->recorder, metric, reader->unit,
	       (double)op->value[SUM] / (double)op->value[N]);
}

static void record_op_bucket(struct reader *reader, const struct micro_op *op, uint32_t bucket,
			     uint64_t count)
{
	const double middle = ((double)hist_lower(bucket) + (double)hist_upper(bucket)) / 2;

	record_bucket(reader->recorder, op->name, "op", reader->unit, bucket, count);
	if (reader->ns_per_cycle > 0)
		record_value(reader->recorder, op->name, "op", "ns",
			     (uint64_t)(middle * reader->ns_per_cycle + 0.5), count);
}

/* "h BUCKET:COUNT ...": in ascending order, all samples, from min's bucket to max's. */
static int read_histogram(struct reader *reader, const struct micro_op *op)
{
	const char *line = reader->at;
	uint64_t bucket, count, total = 0, last = 0;

	if (!skip_text(reader, "h"))
		return bad(reader, "no histogram line");
	while (skip_text(reader, " ")) {
		if (!read_hex(reader, &bucket) || !skip_text(reader, ":") ||
		    !read_hex(reader, &count) || !count || bucket >= HIST_BUCKETS)
			return bad(reader, "not a bucket");
		if (total ? bucket <= last : bucket != hist_index(op->value[MIN]))
			return bad(reader, "a bucket out of order");
		record_op_bucket(reader, op, (uint32_t)bucket, count);
		total += count;
		last = bucket;
	}
	if (skip_text(reader, "\n") && total == op->value[N] && last == hist_index(op->value[MAX]))
		return 0;
	reader->at = line;
	return bad(reader, "a histogram that does not fit its operation");
}

static int read_op(struct reader *reader)
{
	const char *line = reader->at;
	struct micro_op op;

	if (!read_word(reader, op.name, sizeof(op.name)))
		return bad(reader, "no operation's name");
	for (unsigned i = 0; i < FIELDS; i++)
		if (!skip_text(reader, " ") || !skip_text(reader, fields[i]) ||
		    !skip_text(reader, "=") || !read_hex(reader, &op.value[i]))
			return bad(reader, "not the next figure of an operation");
	if (!skip_text(reader, "\n"))
		return bad(reader, "something behind an operation's figures");
	if (!plausible(&op)) {
		reader->at = line;
		return bad(reader, "figures that contradict each other");
	}
	record_op(reader, &op);
	return read_histogram(reader, &op);
}

static int read_skip(struct reader *reader)
{
	char name[24], metric[64], reason[128];
	size_t length;

	if (!read_word(reader, name, sizeof(name)) || !skip_text(reader, " "))
		return bad(reader, "no reason for leaving an operation out");
	length = strcspn(reader->at, "\n");
	if (length >= sizeof(reason) || !reader->at[length])
		return bad(reader, "an unreadable reason");
	snprintf(reason, sizeof(reason), "%.*s", (int)length, reader->at);
	snprintf(metric, sizeof(metric), "op.%s.skipped", name);
	record_text(reader->recorder, metric, reason);
	reader->at += length + 1;
	return 0;
}

static int read_all(struct reader *reader, const char *mode)
{
	uint64_t samples;
	int status = 0;

	if (!skip_text(reader, "micro 1 ") || !skip_text(reader, mode) ||
	    !skip_text(reader, " n=") || !read_hex(reader, &samples) || !skip_text(reader, "\n"))
		return bad(reader, "not the first line of this guest's output");
	while (!status && !skip_text(reader, "end\n")) {
		if (skip_text(reader, "op "))
			status = read_op(reader);
		else if (skip_text(reader, "skip "))
			status = read_skip(reader);
		else
			return bad(reader, "an unknown line");
	}
	if (!status && *reader->at)
		return bad(reader, "something after the end");
	return status;
}

int parse_micro(const struct workload *workload, const struct run_result *result,
		struct recorder *recorder, char *why, size_t why_bytes)
{
	struct reader reader = { .at = result->output,
				 .recorder = recorder,
				 .unit = tsc_unit(result, why, why_bytes),
				 .why = why,
				 .why_bytes = why_bytes };

	if (!reader.unit)
		return -1;
	if (strcmp(reader.unit, "cycles") == 0) {
		const double hz = tsc_hz();

		record(recorder, "tsc_hz", "Hz", hz);
		reader.ns_per_cycle = 1e9 / hz;
	}
	return read_all(&reader, workload->data);
}

/* ---- Workloads ---- */

/* Common to all; n: samples of each operation. */
#define MICRO(mode_)                                                                               \
	.kind = KIND_MICRO, .output_end = "\nend\n", .qemu_status = QEMU_STATUS_OK, .max_runs = 5, \
	.parse = parse_micro, .data = (mode_)
#define MICRO_ELF "guests/micro/micro.elf"

const struct workload micro_workloads[] = {
	{ MICRO("real"), .name = "micro-real", .about = "single operations, real mode",
	  .image = "guests/micro/micro-real.bin", .rom = "guests/micro/micro-real-qemu.rom",
	  .vmm_args = WORDS("--testdev", "--timer-period=1ms") },
	{ MICRO("protected"), .name = "micro-protected",
	  .about = "single operations, protected mode", .needs = NEED_NATIVE | NEED_IRQCHIP,
	  .image = MICRO_ELF, .kernel = MICRO_ELF, .vmm_args = WORDS("--testdev", "--append=n=400"),
	  .qemu_args = WORDS("-append", "n=400"), .not_quick = true },
	{ MICRO("paged"), .name = "micro-paged",
	  .about = "single operations, protected mode with paging",
	  .needs = NEED_NATIVE | NEED_IRQCHIP | NEED_PAGING, .image = MICRO_ELF,
	  .kernel = MICRO_ELF, .vmm_args = WORDS("--testdev", "--append=n=400 paging"),
	  .qemu_args = WORDS("-append", "n=400 paging"), .not_quick = true },
	{ MICRO("protected"), .name = "micro-emulated",
	  .about = "single operations, protected mode, without what an instruction emulator lacks",
	  .image = MICRO_ELF, .vmm_args = WORDS("--testdev", "--append=n=250 emulated"),
	  .not_quick = true },
	{ 0 },
};
