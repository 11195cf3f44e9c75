/* SPDX-License-Identifier: MIT */
#ifndef LINES_H
#define LINES_H

#include <stdio.h>

/* Lines of C with anything but white space and comments. */
long count_code_lines(FILE *file);
/*
 * Those of the VMM proper: ../vmm of the build folder, without what measures it, probes the host
 * or guards it. 0 where there is no source.
 */
long vmm_lines(const char *build);

#endif
