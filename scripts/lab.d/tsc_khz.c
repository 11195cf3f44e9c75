/* SPDX-License-Identifier: MIT */
/*
 * Prints the rate of this CPU's time-stamp counter in kHz. QEMU's TCG hands the counter on to
 * its guest, whose kernel cannot measure it reliably while this machine is busy.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define SPAN_NS 10000000
#define TRIES 20

struct moment {
	uint64_t tsc, time_ns;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Both clocks at one moment: of several tries the one with the least time between them. */
static struct moment sample(void)
{
	uint64_t best = UINT64_MAX;
	struct moment m = { 0 };

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = __rdtsc(), time_ns = now_ns(), after = __rdtsc();

		if (after - before < best) {
			best = after - before;
			m.tsc = before + best / 2;
			m.time_ns = time_ns;
		}
	}
	return m;
}

int main(void)
{
	struct moment a = sample(), b;

	nanosleep(&(struct timespec){ .tv_nsec = SPAN_NS }, NULL);
	b = sample();
	printf("%.0f\n", (double)(b.tsc - a.tsc) * 1e6 / (double)(b.time_ns - a.time_ns));
	return 0;
}
