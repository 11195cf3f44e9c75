/* SPDX-License-Identifier: MIT */
/* Messages, and the end of the program on set-up errors. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "vmm.h"

/* One write for the whole line: several threads may speak. */
static void say(const char *format, va_list arguments, const char *hint)
{
	char line[1024];

	vsnprintf(line, sizeof(line), format, arguments);
	fprintf(stderr, "kvm-vmm: %s%s%s\n", line, hint ? "; " : "", hint ? hint : "");
}

void die(int status, const char *hint, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments, hint);
	va_end(arguments);
	exit(status);
}

void warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments, NULL);
	va_end(arguments);
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}
