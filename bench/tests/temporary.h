/* SPDX-License-Identifier: MIT */
/* Folders and files of a test, below a temporary folder that is removed at the end. */
#ifndef TEMPORARY_H
#define TEMPORARY_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../bench.h"

static inline int temporary_remove(const char *path, const struct stat *status, int type,
				   struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

/* cmocka set-up: *state becomes the path. */
static inline int temporary_setup(void **state)
{
	char *path = xstrdup("/tmp/kvm-bench-test-XXXXXX");

	*state = path;
	return mkdtemp(path) ? 0 : -1;
}

static inline int temporary_teardown(void **state)
{
	int status = nftw(*state, temporary_remove, 16, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return status;
}

/* A new folder BASE/NAME; the caller frees its path. */
static inline char *temporary_folder(const char *base, const char *name)
{
	char *path = xasprintf("%s/%s", base, name);

	if (make_dirs(path) < 0)
		die(STATUS_HOST, "%s cannot be made", path);
	return path;
}

/* Text of FOLDER/NAME, NULL if it cannot be read; the caller frees it. */
static inline char *temporary_text(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s", folder, name), *text = read_file(path, NULL);

	free(path);
	return text;
}

static inline void temporary_write(const char *folder, const char *name, const char *text,
				   size_t bytes)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *file = fopen(path, "we");

	if (!file || fwrite(text, 1, bytes, file) != bytes || fclose(file) != 0)
		die(STATUS_HOST, "%s cannot be written", path);
	free(path);
}

#endif
