/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "progress.h"

#define BAR_MAX 30
#define REDRAW_NS (NS_PER_S / 10)
#define PLAIN_LINE_NS (5 * NS_PER_S)

unsigned terminal_columns(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
		return size.ws_col;
	return columns && atoi(columns) >= 20 ? (unsigned)atoi(columns) : 80;
}

static void erase(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}

void progress_begin(struct progress *progress, const char *where)
{
	const char *term = getenv("TERM"), *lab = getenv("MINIKVM_LAB");

	*progress = (struct progress){ .where = where, .start_ns = now_ns(), .last_ns = now_ns() };
	/*
	 * On the exact machine a line still on its way through the serial port interrupts the
	 * next run: nothing is said there until the end.
	 */
	progress->silent = lab && !strcmp(lab, "exact");
	/* What looks like a terminal in the lab is a serial line. */
	progress->terminal =
	    isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0 && !getenv("MINIKVM_LAB");
}

static void draw(struct progress *progress, const char *next, double done, double left_s)
{
	unsigned columns = terminal_columns(STDERR_FILENO);
	char tail[96], bar[BAR_MAX + 1];
	unsigned width = columns > 110 ? BAR_MAX : columns > 60 ? BAR_MAX / 2 : 0;
	int used, room;

	memset(bar, '-', sizeof(bar));
	memset(bar, '#', (size_t)(done * width));
	bar[width] = '\0';
	used = snprintf(tail, sizeof(tail), " %3.0f %%, %.0f s left%s", done * 100, left_s,
			progress->failed ? ", failed runs" : "");
	room = (int)columns - 1 - used - (width ? (int)width + 3 : 0);
	fprintf(stderr, "\r\033[K%s%s%s%s %.*s", width ? "[" : "", bar, width ? "]" : "", tail,
		room > 0 ? room : 0, next);
	progress->drawn = true;
}

void progress_step(struct progress *progress, const char *next, double left_s)
{
	uint64_t now = now_ns();
	double spent_s = (double)(now - progress->start_ns) / 1e9;
	double done = spent_s + left_s > 0 ? spent_s / (spent_s + left_s) : 1;

	progress->runs++;
	if (progress->silent)
		return;
	if (now - progress->last_ns < (progress->terminal ? REDRAW_NS : PLAIN_LINE_NS))
		return;
	progress->last_ns = now;
	if (progress->terminal)
		draw(progress, next, done, left_s);
	else
		fprintf(stderr, "%s: %u runs, %u failed, %.0f s, about %.0f s left; now %s\n",
			progress->where, progress->runs, progress->failed, spent_s, left_s, next);
}

void progress_say(struct progress *progress, const char *format, ...)
{
	va_list arguments;

	erase(progress);
	fprintf(stderr, "%s: ", progress->where);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void progress_drain(void)
{
	tcdrain(STDERR_FILENO);
}

void progress_end(struct progress *progress)
{
	erase(progress);
}
