/* SPDX-License-Identifier: MIT */
/*
 * The compute suite: the payloads of guests/compute, each with the rounds that take TCG some 20 ms.
 * A payload times its rounds by itself, so start-up is in no figure:
 *
 *     cycles		the time-stamp counter's, or instructions where exact
 *     iterations	rounds in that span; wall and cpu are of the whole process beside it
 *
 * Cost of a round is cycles / iterations. Its ratio between backends is (a) qemu-tcg over kvm-vmm
 * on a host with hardware virtualization, (b) qemu-tcg over native on any host, and (c) qemu-tcg
 * over kvm-vmm where exact: three different things, never one number.
 */
#include <inttypes.h>
#include <string.h>

#include "micro.h"

/* "NAME n=ROUNDS cycles=0xC checksum=0xC OK": guests/compute/common.h. data: NAME. */
static int parse_compute(const struct workload *workload, const struct run_result *result,
			 struct recorder *recorder, char *why, size_t why_bytes)
{
	const char *unit = tsc_unit(result, why, why_bytes);
	uint64_t rounds, cycles;
	uint32_t checksum;
	char name[24];
	int end = 0;

	if (!unit)
		return -1;
	if (sscanf(result->output,
		   "%23s n=%" SCNu64 " cycles=0x%" SCNx64 " checksum=0x%" SCNx32 " OK%n", name,
		   &rounds, &cycles, &checksum, &end) != 4 ||
	    strcmp(result->output + end, "\n") != 0 || strcmp(name, workload->data) != 0) {
		snprintf(why, why_bytes, "not %s's result: \"%.*s\"", (const char *)workload->data,
			 (int)strcspn(result->output, "\n"), result->output);
		return -1;
	}
	if (rounds != workload->iterations || !cycles) {
		snprintf(why, why_bytes,
			 "%" PRIu64 " rounds in %" PRIu64 " cycles where %" PRIu64
			 " rounds were due",
			 rounds, cycles, workload->iterations);
		return -1;
	}
	record(recorder, "cycles", unit, (double)cycles);
	return 0;
}

#define COMPUTE(payload_, rounds_)                                                                 \
	.kind = KIND_COMPUTE, .output_end = " OK\n", .qemu_status = QEMU_STATUS_OK,                \
	.iterations = (rounds_), .max_runs = 10, .parse = parse_compute, .data = (payload_)

/* Every KVM but the emulating ones runs all of them; those would take minutes. */
#define BARE(payload_, rounds_)                                                                    \
	COMPUTE(payload_, rounds_), .name = payload_, .image = "guests/compute/" payload_ ".elf",  \
				    .kernel = "guests/compute/" payload_ ".elf",                   \
				    .vmm_args = WORDS("--append=n=" #rounds_),                     \
				    .qemu_args = WORDS("-append", "n=" #rounds_)

#define NATIVE(payload_, rounds_)                                                                  \
	.needs = NEED_NATIVE, .native = "guests/compute/" payload_ "-native",                      \
	.native_args = WORDS("n=" #rounds_)

/* The rounds are built into the image: guests/compute/meson.build. */
#define REAL(payload_, rounds_)                                                                    \
	COMPUTE(payload_, rounds_), .name = "real-" payload_,                                      \
				    .image = "guests/compute/real-" payload_ ".bin",               \
				    .rom = "guests/compute/real-" payload_ "-qemu.rom",            \
				    .qemu_args = WORDS("-serial", "null")

const struct workload compute_workloads[] = {
	{ BARE("loop", 150), NATIVE("loop", 150), .about = "add, decrement, jump" },
	{ BARE("integer", 700), NATIVE("integer", 700), .about = "xorshift: one dependent chain",
	  .not_quick = true },
	{ BARE("sieve", 100), NATIVE("sieve", 100), .about = "sieve of Eratosthenes in 16 KiB" },
	{ BARE("division", 2000), NATIVE("division", 2000), .about = "64 by 32-bit divisions" },
	{ BARE("x87", 200), NATIVE("x87", 200), .about = "x87 add, multiply, divide" },
	{ BARE("sse2", 500), NATIVE("sse2", 500), .about = "SSE2 packed double and integer",
	  .not_quick = true },
	{ BARE("movs", 150), NATIVE("movs", 150), .about = "rep movsd of 64 KiB" },
	{ BARE("selfmod", 20), NATIVE("selfmod", 20), .about = "code that rewrites itself",
	  .not_quick = true },
	{ BARE("farcall", 150), NATIVE("farcall", 150), .about = "far calls and segment loads",
	  .not_quick = true },
	{ BARE("interrupt", 100), .needs = NEED_NATIVE, .about = "int and iret",
	  .not_quick = true },
	{ BARE("pagetables", 50), .needs = NEED_NATIVE | NEED_PAGING,
	  .about = "two address spaces of 256 pages, switched", .not_quick = true },
	{ BARE("portio", 20), .needs = NEED_NATIVE, .about = "OUT and IN of the serial port" },
	{ REAL("loop", 2), .about = "the loop in real mode" },
	{ REAL("portio", 20), .about = "port I/O in real mode" },
	{ 0 },
};
