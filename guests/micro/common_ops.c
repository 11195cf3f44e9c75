/* SPDX-License-Identifier: MIT */
/* Operations that are the same in every mode. */
#include <minikvm/abi.h>

#include "micro.h"

/* A port of QEMU's pc machine that takes every byte and does nothing (hw/i386/pc.c, ioport80). */
#define POST_CODE_PORT 0x80

/* In KVM's common code and never passed through, on Intel and AMD alike. */
#define MSR_IA32_MISC_ENABLE 0x1a0

#define STRING_BYTES 16

static void run_empty(struct micro *micro, uint32_t sample)
{
	(void)micro;
	(void)sample;
}

static void run_cpuid(struct micro *micro, uint32_t sample)
{
	uint32_t eax = 0, ecx = 0;

	(void)micro;
	(void)sample;
	__asm__ volatile("cpuid" : "+a"(eax), "+c"(ecx) : : "ebx", "edx");
}

static const char *find_port(struct micro *micro)
{
	outb(TESTDEV_SCRATCH_PORT, 0x5a);
	micro->testdev = inb(TESTDEV_SCRATCH_PORT) == 0x5a;
	if (micro->testdev)
		micro->port = TESTDEV_SCRATCH_PORT;
	else if (!on_minikvm())
		micro->port = POST_CODE_PORT;
	return micro->port ? NULL : "kvm-vmm runs without --testdev";
}

static const char *need_testdev(struct micro *micro)
{
	if (micro->testdev)
		return NULL;
	return on_minikvm() ? "kvm-vmm runs without --testdev" : "QEMU has no such device";
}

#define DEFINE_OUT(name, suffix, type)                                                             \
	static void name(struct micro *micro, uint32_t sample)                                     \
	{                                                                                          \
		__asm__ volatile("out" suffix " %0, %1" : : "a"((type)sample), "d"(micro->port));  \
	}

#define DEFINE_IN(name, suffix, type)                                                              \
	static void name(struct micro *micro, uint32_t sample)                                     \
	{                                                                                          \
		type value;                                                                        \
                                                                                                   \
		(void)sample;                                                                      \
		__asm__ volatile("in" suffix " %1, %0" : "=a"(value) : "d"(micro->port));          \
	}

DEFINE_OUT(run_out8, "b", uint8_t)
DEFINE_OUT(run_out16, "w", uint16_t)
DEFINE_OUT(run_out32, "l", uint32_t)
DEFINE_IN(run_in8, "b", uint8_t)
DEFINE_IN(run_in16, "w", uint16_t)
DEFINE_IN(run_in32, "l", uint32_t)

static void run_outsb(struct micro *micro, uint32_t sample)
{
	static const uint8_t bytes[STRING_BYTES];
	const uint8_t *from = bytes;
	uint32_t left = STRING_BYTES;

	(void)sample;
	__asm__ volatile("cld; rep outsb" : "+S"(from), "+c"(left) : "d"(micro->port), "m"(bytes));
}

static void run_doorbell(struct micro *micro, uint32_t sample)
{
	(void)micro;
	outb(TESTDEV_DOORBELL_PORT, (uint8_t)sample);
}

static void run_coalesced(struct micro *micro, uint32_t sample)
{
	(void)micro;
	outb(TESTDEV_COALESCED_PORT, (uint8_t)sample);
}

static const char *read_msr(struct micro *micro)
{
	__asm__ volatile("rdmsr"
			 : "=a"(micro->msr_low), "=d"(micro->msr_high)
			 : "c"(MSR_IA32_MISC_ENABLE));
	return NULL;
}

static void run_rdmsr(struct micro *micro, uint32_t sample)
{
	(void)sample;
	read_msr(micro);
}

/* The value it has. */
static void run_wrmsr(struct micro *micro, uint32_t sample)
{
	(void)sample;
	__asm__ volatile("wrmsr"
			 :
			 : "a"(micro->msr_low), "d"(micro->msr_high), "c"(MSR_IA32_MISC_ENABLE));
}

const struct op common_ops[] = {
	{ "empty", NULL, NULL, run_empty },
	{ "cpuid", NULL, NULL, run_cpuid },
	{ "rdmsr", NULL, NULL, run_rdmsr },
	{ "wrmsr", read_msr, NULL, run_wrmsr },
	{ "out8", find_port, NULL, run_out8 },
	{ "in8", find_port, NULL, run_in8 },
	{ "out16", need_testdev, NULL, run_out16 },
	{ "in16", need_testdev, NULL, run_in16 },
	{ "out32", need_testdev, NULL, run_out32 },
	{ "in32", need_testdev, NULL, run_in32 },
	{ "outsb16", find_port, NULL, run_outsb },
	{ "doorbell", need_testdev, NULL, run_doorbell },
	{ "coalesced", need_testdev, NULL, run_coalesced },
	{ NULL },
};
