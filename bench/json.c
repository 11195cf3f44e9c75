/* SPDX-License-Identifier: MIT */
/* JSON files, complete or not there, and members by path. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

json_t *json_read(const char *path)
{
	json_error_t error;
	json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

	if (!json && error.line > 0)
		warn("%s:%d: %s", path, error.line, error.text);
	else if (!json)
		warn("%s: %s", path, error.text);
	return json;
}

int json_write(const char *path, const json_t *json)
{
	char *temporary = xasprintf("%s.partial", path);
	FILE *file = fopen(temporary, "we");
	int error = 0;

	if (!file)
		error = errno;
	if (file && (json_dumpf(json, file, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) < 0 ||
		     fputc('\n', file) == EOF || fflush(file) != 0))
		error = errno ? errno : EIO;
	if (file && fclose(file) != 0 && !error)
		error = errno;
	if (!error && rename(temporary, path) < 0)
		error = errno;
	if (error) {
		warn("%s: %s%s", path, strerror(error),
		     error == ENOSPC ? "; free some disk space" : "");
		unlink(temporary);
	}
	free(temporary);
	return error ? -1 : 0;
}

static const json_t *member(const json_t *json, const char *path)
{
	while (json && *path) {
		size_t length = strcspn(path, ".");
		char key[64];

		if (length >= sizeof(key))
			return NULL;
		memcpy(key, path, length);
		key[length] = '\0';
		json = json_object_get(json, key);
		path += length + (path[length] == '.');
	}
	return json;
}

const char *json_text(const json_t *json, const char *path, const char *fallback)
{
	const char *text = json_string_value(member(json, path));

	return text ? text : fallback;
}

double json_double(const json_t *json, const char *path, double fallback)
{
	const json_t *value = member(json, path);

	return json_is_number(value) ? json_number_value(value) : fallback;
}

uint64_t json_u64(const json_t *json, const char *path, uint64_t fallback)
{
	const json_t *value = member(json, path);

	return json_is_integer(value) ? (uint64_t)json_integer_value(value) : fallback;
}
