/* SPDX-License-Identifier: MIT */
/* What every part of kvm-bench uses: messages, memory, time, paths. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static void message(const char *format, va_list arguments)
{
	fflush(stdout);
	fputs("kvm-bench: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void die(int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message(format, arguments);
	va_end(arguments);
	exit(status);
}

void warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message(format, arguments);
	va_end(arguments);
}

static void *checked(void *memory)
{
	if (!memory)
		die(STATUS_HOST, "out of memory; close other programs and run again");
	return memory;
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *memory, size_t size)
{
	return checked(realloc(memory, size ? size : 1));
}

char *xstrdup(const char *text)
{
	return checked(strdup(text));
}

char *xasprintf(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	return checked(length < 0 ? NULL : text);
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Edits (insert, delete, replace) that turn a into b; words longer than the row differ anyway. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[64], length = strlen(b);

	if (length >= ARRAY_SIZE(row))
		return SIZE_MAX;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= length; j++) {
			size_t best = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[length];
}

const char *closest(const char *word, const char *const *words)
{
	size_t best = strlen(word) / 2 + 1;
	const char *found = NULL;

	for (; *words; words++) {
		size_t distance = edit_distance(word, *words);

		if (*word && !strncmp(word, *words, strlen(word)))
			distance = 1; /* the beginning of it */

		if (distance < best) {
			best = distance;
			found = *words;
		}
	}
	return found;
}

char *read_file(const char *path, size_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0, room = 0;
	char *text = NULL;
	ssize_t got;

	if (fd < 0)
		return NULL;
	do { /* to the end, not to st_size: /proc and /sys say 0 */
		if (room - used < 4096) {
			room = room ? room * 2 : 16384;
			text = xrealloc(text, room);
		}
		got = read(fd, text + used, room - used - 1);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0) {
		int error = errno;

		free(text);
		close(fd);
		errno = error;
		return NULL;
	}
	close(fd);
	text[used] = '\0';
	if (bytes)
		*bytes = used;
	return text;
}

int make_dirs(const char *path)
{
	char *copy = xstrdup(path);
	int status = 0;

	for (char *slash = copy + 1; !status; slash++) {
		char was = *slash;

		if (was != '/' && was != '\0')
			continue;
		*slash = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			status = -1;
		*slash = was;
		if (!was)
			break;
	}
	free(copy);
	return status;
}

void remove_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

static void remove_now(int status, void *path)
{
	(void)status;
	remove_folder(path);
	free(path);
}

void remove_folder_at_exit(const char *path)
{
	on_exit(remove_now, xstrdup(path));
}

struct unit {
	double least; /* smallest value shown in this unit */
	const char *name;
};

static const char *format_unit(char *buffer, size_t size, double value, const struct unit *units)
{
	while (units[1].name && value < units->least)
		units++;
	value /= units->least;
	snprintf(buffer, size, "%.*f %s",
		 value >= 100 || (units->least == 1 && value == (double)(long)value) ? 0
		 : value >= 10							     ? 1
										     : 2,
		 value, units->name);
	return buffer;
}

const char *format_ns(char *buffer, size_t size, double ns)
{
	static const struct unit units[] = {
		{ 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" }, { 0, NULL }
	};

	return format_unit(buffer, size, ns, units);
}

const char *format_bytes(char *buffer, size_t size, double bytes)
{
	static const struct unit units[] = { { 1024.0 * 1024 * 1024, "GiB" },
					     { 1024.0 * 1024, "MiB" },
					     { 1024, "KiB" },
					     { 1, "B" },
					     { 0, NULL } };

	return format_unit(buffer, size, bytes, units);
}
