/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fatal.h"

void fatal(const char *what, const char *hint, int error)
{
	fprintf(stderr, "kvm-exits: %s%s%s; %s\n", what, error ? ": " : "",
		error ? strerror(error) : "", hint);
	exit(STATUS_HOST);
}
