/* SPDX-License-Identifier: MIT */
/* One operation of the micro-benchmark, and what its functions share. */
#ifndef MICRO_H
#define MICRO_H

#include "platform.h"

#define MAX_SAMPLES 1000

/* Counted by interrupt handlers of all modes. */
extern volatile uint32_t interrupts;

struct micro {
	bool emulated; /* KVM interprets this guest: what its emulator lacks is left out */
	bool paging;
	bool testdev;		 /* kvm-vmm --testdev */
	uint16_t port;		 /* that any value may be written to and read from; 0: none */
	volatile uint32_t *mmio; /* register that may be read, and written with 0 */
	uint32_t msr_low, msr_high;
	uint32_t samples[MAX_SAMPLES]; /* TSC cycles of each operation */
};

struct op {
	const char *name;
	/* NULL, or the reason why the operation cannot be measured here. May be NULL. */
	const char *(*setup)(struct micro *micro);
	/* Before each sample, outside its time. May be NULL. */
	void (*prepare)(struct micro *micro, uint32_t sample);
	/* What is timed. sample counts from 0, warm-up included. */
	void (*run)(struct micro *micro, uint32_t sample);
	uint32_t limit; /* most samples, without warm-up, where an operation is slow or consumes */
};

/* Each list ends with an op without a name. */
extern const struct op common_ops[];
extern const struct op mode_ops[]; /* of this mode: real_ops.c or protected_ops.c */
extern const char *const mode_name;

/* protected_ops.c: identity paging; real_ops.c: nothing. */
void mode_setup(struct micro *micro);

#endif
