/* SPDX-License-Identifier: MIT */
/*
 * Results folders with made-up figures, for tests of what reads them. Nothing
 * here was measured; never kept under results/.
 */
#ifndef MADE_UP_H
#define MADE_UP_H

#include <stdint.h>

struct made_up {
	uint64_t seed;
	double noise;	     /* standard deviation of the logarithm of times */
	double faster;	     /* kvm-vmm's times on the host are multiplied by this; 0 means 1 */
	double drift;	     /* all times on the host, QEMU's too; 0 means 1 */
	const char *crowded; /* alone, this guest and its bare loop take 6 % longer */
	unsigned runs;	     /* counted runs of each workload and backend; 0 means 20 */
	unsigned more_exits; /* added to each guest's KVM_EXIT_IO */
	const char *hostile; /* also a workload of this name with this failure text; may be NULL */
	const char *kvm;     /* "kvm_amd" or "kvm_pvm"; NULL: kvm_amd */
};

/* Writes machine.json, samples.csv, histograms.csv, crosscheck.csv, ... into an existing folder. 0
 * or -1. */
int made_up_write(const char *folder, const struct made_up *made_up);

#endif
