/* SPDX-License-Identifier: MIT */
/* Operations of real mode. Addresses above this segment are reached through FS. */
#include <minikvm/abi.h>

#include "micro.h"

#define SOFTWARE_VECTOR 0x30 /* below 0x80: software KVMs lose the others in real mode */

/* RAM behind our own 64 KiB, up to the last page kvm-vmm gives a real-mode guest. */
#define TOUCH_FIRST 0x10000u
#define TOUCH_PAGES ((REAL_MODE_MEM - TOUCH_FIRST) / 4096u - 1)

#define WAITS 16 /* a tick is 10 ms */

const char *const mode_name = "real";

void mode_setup(struct micro *micro)
{
	(void)micro;
}

__asm__(".pushsection .text\n"
	"count_interrupt:\n\t"
	"incl %cs:interrupts\n\t"
	"iretw\n"
	".popsection");

void count_interrupt(void);

static const char *set_software_vector(struct micro *micro)
{
	(void)micro;
	set_vector(SOFTWARE_VECTOR, count_interrupt);
	return NULL;
}

static void run_int(struct micro *micro, uint32_t sample)
{
	(void)micro;
	(void)sample;
	__asm__ volatile("int %0" : : "i"(SOFTWARE_VECTOR) : "memory");
}

static uint32_t read_far(uint32_t address)
{
	uint32_t value;

	__asm__ volatile("movw %w1, %%fs\n\t"
			 "movl %%fs:0, %0"
			 : "=r"(value)
			 : "r"(address / 16)
			 : "memory");
	return value;
}

static void write_far(uint32_t address, uint32_t value)
{
	__asm__ volatile("movw %w1, %%fs\n\t"
			 "movl %0, %%fs:0"
			 :
			 : "r"(value), "r"(address / 16)
			 : "memory");
}

static const char *find_mmio(struct micro *micro)
{
	if (!micro->testdev)
		return "no device below 1 MiB";
	write_far(TESTDEV_MMIO_REAL, 0x12345678);
	return read_far(TESTDEV_MMIO_REAL) == 0x12345678 ? NULL : "the device does not answer";
}

static void run_mmio_read(struct micro *micro, uint32_t sample)
{
	(void)micro;
	(void)sample;
	read_far(TESTDEV_MMIO_REAL);
}

static void run_mmio_write(struct micro *micro, uint32_t sample)
{
	(void)micro;
	write_far(TESTDEV_MMIO_REAL, sample);
}

static void run_first_touch(struct micro *micro, uint32_t sample)
{
	(void)micro;
	write_far(TOUCH_FIRST + 4096 * sample, 1);
}

/* Only kvm-vmm has a tick without a PIC to program; without a handler it just ends the HLT. */
static const char *need_tick(struct micro *micro)
{
	(void)micro;
	return on_minikvm() ? NULL : "no timer set up";
}

static const char *set_tick_handler(struct micro *micro)
{
	set_vector(TIMER_VECTOR, count_interrupt);
	return need_tick(micro);
}

static void run_hlt(struct micro *micro, uint32_t sample)
{
	(void)micro;
	(void)sample;
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

const struct op mode_ops[] = {
	{ "mmio-read", find_mmio, NULL, run_mmio_read },
	{ "mmio-write", find_mmio, NULL, run_mmio_write },
	{ "first-touch", NULL, NULL, run_first_touch, .limit = TOUCH_PAGES },
	{ "int", set_software_vector, NULL, run_int },
	{ "hlt-tick", need_tick, NULL, run_hlt, .limit = WAITS },
	{ "hlt-irq", set_tick_handler, NULL, run_hlt, .limit = WAITS },
	{ NULL },
};
