/* SPDX-License-Identifier: MIT */
/*
 * Times one operation after the other with the TSC and prints what came out.
 *
 * Arguments: "n=SAMPLES" (default and most: 1000) of each operation, after a tenth as many
 * unmeasured ones; "paging"; "emulated": this KVM interprets 32-bit code and has no iret.
 *
 * Each sample is
 *
 *     LFENCE RDTSC LFENCE   operation   LFENCE RDTSC
 *
 * LFENCE waits for everything before it and is never intercepted, unlike CPUID, the usual
 * serialising instruction, which is an exit under KVM (SDM vol. 2, RDTSC and LFENCE; on AMD with
 * MSR C001_1029[1], which Linux sets). What the frame itself costs, call included, is the operation
 * "empty"; it is reported beside the others and not subtracted.
 *
 * Output, all numbers hexadecimal, cycles of the TSC; every byte is an exit, so it is short:
 *
 *     micro 1 MODE n=SAMPLES
 *     op NAME n=SAMPLES sum=C min=C p50=C p90=C p99=C p999=C max=C
 *     h BUCKET:COUNT BUCKET:COUNT ...      of minikvm/trace.h
 *     skip NAME REASON
 *     end
 *
 * Percentiles are exact, by nearest rank.
 */
#include <minikvm/trace.h>

#include "micro.h"
#include "text.h"

volatile uint32_t interrupts;

static uint32_t sample(struct micro *micro, const struct op *op, uint32_t i)
{
	uint64_t start, cycles;

	__asm__ volatile("lfence" : : : "memory");
	start = rdtsc();
	__asm__ volatile("lfence" : : : "memory");
	op->run(micro, i);
	__asm__ volatile("lfence" : : : "memory");
	cycles = rdtsc() - start;
	return cycles > UINT32_MAX ? UINT32_MAX : (uint32_t)cycles;
}

/* Warm-up samples are overwritten. */
static void measure(struct micro *micro, const struct op *op, uint32_t warmup, uint32_t samples)
{
	for (uint32_t i = 0; i < warmup + samples; i++) {
		uint32_t *const slot = &micro->samples[i < warmup ? 0 : i - warmup];

		if (op->prepare)
			op->prepare(micro, i);
		*slot = sample(micro, op, i);
	}
}

/* Shell's sort with Ciura's gaps. */
static void sort(uint32_t *values, uint32_t n)
{
	static const uint16_t gaps[] = { 701, 301, 132, 57, 23, 10, 4, 1 };

	for (uint32_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
		const uint32_t gap = gaps[g];

		for (uint32_t i = gap; i < n; i++) {
			const uint32_t value = values[i];
			uint32_t j = i;

			for (; j >= gap && values[j - gap] > value; j -= gap)
				values[j] = values[j - gap];
			values[j] = value;
		}
	}
}

static uint32_t percentile(const uint32_t *sorted, uint32_t n, uint32_t per_mille)
{
	return sorted[(n * per_mille + 999) / 1000 - 1];
}

static void put_field(struct text *line, const char *name, uint64_t value)
{
	put(line, " ");
	put(line, name);
	put(line, "=");
	put_hex(line, value);
}

static void print_statistics(const char *name, const uint32_t *sorted, uint32_t n)
{
	struct text line = { .length = 0 };
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += sorted[i];
	put(&line, "op ");
	put(&line, name);
	put_field(&line, "n", n);
	put_field(&line, "sum", sum);
	put_field(&line, "min", sorted[0]);
	put_field(&line, "p50", percentile(sorted, n, 500));
	put_field(&line, "p90", percentile(sorted, n, 900));
	put_field(&line, "p99", percentile(sorted, n, 990));
	put_field(&line, "p999", percentile(sorted, n, 999));
	put_field(&line, "max", sorted[n - 1]);
	put(&line, "\n");
	flush(&line);
}

static void print_histogram(const uint32_t *sorted, uint32_t n)
{
	struct text line = { .length = 0 };

	put(&line, "h");
	for (uint32_t i = 0, next; i < n; i = next) {
		const uint32_t bucket = hist_index(sorted[i]);

		for (next = i + 1; next < n && hist_index(sorted[next]) == bucket;)
			next++;
		put(&line, " ");
		put_hex(&line, bucket);
		put(&line, ":");
		put_hex(&line, next - i);
		flush(&line);
	}
	put(&line, "\n");
	flush(&line);
}

static void run_op(struct micro *micro, const struct op *op, uint32_t samples)
{
	const char *reason = op->setup ? op->setup(micro) : NULL;
	struct text line = { .length = 0 };

	if (reason) {
		put(&line, "skip ");
		put(&line, op->name);
		put(&line, " ");
		put(&line, reason);
		put(&line, "\n");
		flush(&line);
		return;
	}
	/* What consumes something, a page say, has no second go: no warm-up. */
	if (op->limit)
		measure(micro, op, 0, samples = samples < op->limit ? samples : op->limit);
	else
		measure(micro, op, samples / 10, samples);
	sort(micro->samples, samples);
	print_statistics(op->name, micro->samples, samples);
	print_histogram(micro->samples, samples);
}

int guest_main(const char *arguments)
{
	static struct micro micro; /* too large for the stack */
	const char *number = find_argument(arguments, "n=");
	const uint32_t samples = number ? parse_number(number) : MAX_SAMPLES;
	struct text line = { .length = 0 };

	if (samples == 0 || samples > MAX_SAMPLES) {
		put(&line, "micro: n=SAMPLES must be a number from 1 to 1000\n");
		flush(&line);
		return 1;
	}
	micro.emulated = find_argument(arguments, "emulated") != NULL;
	micro.paging = find_argument(arguments, "paging") != NULL;
	mode_setup(&micro);

	put(&line, "micro 1 ");
	put(&line, micro.paging ? "paged" : mode_name);
	put_field(&line, "n", samples);
	put(&line, "\n");
	flush(&line);
	for (const struct op *op = common_ops; op->name; op++)
		run_op(&micro, op, samples);
	for (const struct op *op = mode_ops; op->name; op++)
		run_op(&micro, op, samples);
	put(&line, "end\n");
	flush(&line);
	return 0;
}
