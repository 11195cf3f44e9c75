/* SPDX-License-Identifier: MIT */
#ifndef RUN_H
#define RUN_H

#include "vmm.h"

/* Runs the configured guests to their end; the program's exit status. */
int run_guests(const struct config *config, uint64_t main_ns);

/* Leaves only the system calls that a run still needs. See sandbox.c. */
void sandbox_enter(void);

#endif
