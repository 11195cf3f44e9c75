/* SPDX-License-Identifier: MIT */
/* made-up FOLDER [HOSTILE]: a results folder for looking at the report, with made-up figures. */
#include <stdio.h>

#include "../bench.h"
#include "made_up.h"

int main(int argc, char **argv)
{
	if (argc < 2 || argc > 3) {
		fputs("Usage: made-up FOLDER [NAME OF A HOSTILE WORKLOAD]\n", stderr);
		return STATUS_USAGE;
	}
	if (make_dirs(argv[1]) < 0) {
		perror(argv[1]);
		return STATUS_HOST;
	}
	return made_up_write(argv[1], &(struct made_up){ .seed = 1,
							 .noise = 0.02,
							 .hostile = argc > 2 ? argv[2] : NULL }) < 0
		   ? STATUS_HOST
		   : STATUS_OK;
}
