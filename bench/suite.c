/* SPDX-License-Identifier: MIT */
/* The table of workloads, with what each must print and how often it must exit. */
#include <string.h>

#include "bench.h"
#include "suite.h"

/* QEMU's status after isa-debug-exit with 0x10: (0x10 << 1) | 1 (guests/plat_qemu.inc). */
#define QEMU_STATUS_OK 33

#define TYPED "typed by kvm-bench\n"
#define HCTEST "Hypercall test\nType a line: " TYPED "Hypercall test: OK\n"

#define BYTES(text) (sizeof(text) - 1)
#define EXITS(...)                                                                                 \
	(const struct expected_exits[])                                                            \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			NULL, 0                                                                    \
		}                                                                                  \
	}

/* The same tick on both sides; at the default of 10 ms a run would sleep 14.5 s. */
static const char *const counter_args[] = { "--timer-period=1ms", NULL };

const struct workload guest_workloads[] = {
	{ .name = "minimal",
	  .about = "one byte: hlt",
	  .guest_counts = ALONE | TWO | FOUR,
	  .image = "guests/minimal.bin",
	  .rom = "guests/minimal.rom",
	  .output = "",
	  .exits = EXITS({ "KVM_EXIT_HLT", 1 }),
	  .qemu_status = QEMU_STATUS_OK },
	{ .name = "hello",
	  .about = "prints Hello, KVM!",
	  .guest_counts = ALONE | TWO | FOUR,
	  .image = "guests/hello.bin",
	  .rom = "guests/hello.rom",
	  .output = "Hello, KVM!\n",
	  .exits = EXITS({ "KVM_EXIT_IO", 12 }, { "KVM_EXIT_HLT", 1 }),
	  .qemu_status = QEMU_STATUS_OK },
	{ .name = "counter",
	  .about = "10 digits, 145 timer ticks of 1 ms after each: mostly asleep",
	  .guest_counts = ALONE | TWO | FOUR,
	  .image = "guests/counter.bin",
	  .rom = "guests/counter-fast.rom",
	  .vmm_args = counter_args,
	  .output = "0123456789",
	  .exits = EXITS({ "KVM_EXIT_IO", 10 + 1 }, { "KVM_EXIT_HLT", 1450 }),
	  .qemu_status = QEMU_STATUS_OK,
	  .max_runs = 3 },
	{ .name = "fibonacci",
	  .about = "Fibonacci numbers up to 89",
	  .guest_counts = ALONE | TWO | FOUR,
	  .image = "guests/fibonacci.bin",
	  .rom = "guests/fibonacci.rom",
	  .output = FIBONACCI,
	  .exits = EXITS({ "KVM_EXIT_IO", BYTES(FIBONACCI) }, { "KVM_EXIT_HLT", 1 }),
	  .qemu_status = QEMU_STATUS_OK },
	{ .name = "multiplication",
	  .about = "the table from 2 x 1 to 9 x 9",
	  .guest_counts = ALONE | TWO | FOUR,
	  .image = "guests/multiplication.bin",
	  .rom = "guests/multiplication.rom",
	  .output = MULTIPLICATION_TABLE,
	  .exits = EXITS({ "KVM_EXIT_IO", BYTES(MULTIPLICATION_TABLE) }, { "KVM_EXIT_HLT", 1 }),
	  .qemu_status = QEMU_STATUS_OK },
	{ .name = "hctest",
	  .about = "all three hypercalls: prints, reads a line, leaves",
	  .guest_counts = ALONE | TWO | FOUR,
	  .image = "guests/hctest.bin",
	  .rom = "guests/hctest.rom",
	  .input = TYPED,
	  .output = HCTEST,
	  .exits = EXITS({ "KVM_EXIT_IO", BYTES(HCTEST) + BYTES(TYPED) + 1 }),
	  .qemu_status = QEMU_STATUS_OK },
	{ 0 },
};

static const struct workload *const suites[] = {
	guest_workloads,
	os_workloads,
	micro_workloads,
	compute_workloads,
};

const struct workload *suite_at(size_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		for (const struct workload *workload = suites[i]; workload->name; workload++)
			if (index-- == 0)
				return workload;
	return NULL;
}

const struct workload *suite_find(const char *name)
{
	const struct workload *workload;

	for (size_t i = 0; (workload = suite_at(i)); i++)
		if (!strcmp(workload->name, name))
			return workload;
	return NULL;
}

const char *kind_name(enum workload_kind kind)
{
	static const char *const names[] = {
		[KIND_GUEST] = "guest",
		[KIND_OS] = "1K OS",
		[KIND_MICRO] = "micro",
		[KIND_COMPUTE] = "compute",
	};

	return names[kind];
}
