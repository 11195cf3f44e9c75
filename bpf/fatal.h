/* SPDX-License-Identifier: MIT */
#ifndef FATAL_H
#define FATAL_H

#define STATUS_USAGE 2
#define STATUS_HOST 3

/*
 * Set-up errors: "kvm-exits: what: errno text; hint" on standard error, status 3.
 * error: an errno value, or 0 for none.
 */
_Noreturn void fatal(const char *what, const char *hint, int error);

#endif
