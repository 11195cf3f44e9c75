/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "verify.h"

#define GUEST_PREFIX "[vCPU "

/* Up to eight bytes of output as a C string would show them. */
static void excerpt(char *buffer, size_t size, const char *text, size_t bytes)
{
	size_t used = 0;

	for (size_t i = 0; i < bytes && i < 12 && used + 5 < size; i++) {
		unsigned char c = (unsigned char)text[i];

		used += (size_t)snprintf(buffer + used, size - used,
					 isprint(c)  ? "%c"
					 : c == '\n' ? "\\n"
						     : "\\x%02x",
					 c);
	}
	buffer[used] = '\0';
}

static int compare(const char *want, const char *got, size_t bytes, unsigned guest, char *why)
{
	size_t due = strlen(want), same = 0;
	char wanted[64], found[64];

	while (same < due && same < bytes && want[same] == got[same])
		same++;
	if (same == due && same == bytes)
		return 0;
	excerpt(wanted, sizeof(wanted), want + same, due - same);
	excerpt(found, sizeof(found), got + same, bytes - same);
	snprintf(why, WHY_BYTES,
		 "output of guest %u: %zu bytes where %zu were due, first difference at byte %zu: "
		 "\"%s\" where \"%s\" was due",
		 guest, bytes, due, same, found, wanted);
	return -1;
}

/* Text of one guest: its lines without the prefix. Returns its length. */
static size_t unprefix(const char *output, unsigned guest, char *text)
{
	char prefix[32];
	size_t used = 0,
	       length = (size_t)snprintf(prefix, sizeof(prefix), GUEST_PREFIX "%u] ", guest);

	while (*output) {
		size_t line = strcspn(output, "\n");

		line += output[line] == '\n';
		if (!strncmp(output, prefix, length)) {
			memcpy(text + used, output + length, line - length);
			used += line - length;
		}
		output += line;
	}
	text[used] = '\0';
	return used;
}

static int verify_one(const struct workload *workload, const char *output, size_t bytes,
		      unsigned guest, char *why)
{
	size_t due;

	if (workload->output)
		return compare(workload->output, output, bytes, guest, why);
	if (!workload->output_end)
		return 0;
	due = strlen(workload->output_end);
	if (bytes >= due && !memcmp(output + bytes - due, workload->output_end, due))
		return 0;
	snprintf(why, WHY_BYTES, "output of guest %u does not end as it must", guest);
	return -1;
}

/*
 * kvm-vmm ends every prefixed line, so a guest whose output does not end in a newline
 * gets one there.
 */
static size_t drop_added_newline(const struct workload *workload, const char *text, size_t bytes)
{
	size_t due = workload->output ? strlen(workload->output) : 0;
	bool own = !due || workload->output[due - 1] == '\n';

	return !own && bytes == due + 1 && text[due] == '\n' ? due : bytes;
}

int verify_output(const struct workload *workload, const char *output, size_t bytes,
		  unsigned guests, bool prefixed, char *why)
{
	char *text;
	int status = 0;

	if (!prefixed)
		return verify_one(workload, output, bytes, 0, why);
	text = xcalloc(bytes + 1, 1);
	for (unsigned guest = 0; guest < guests && !status; guest++) {
		size_t length = unprefix(output, guest, text);

		length = drop_added_newline(workload, text, length);
		status = verify_one(workload, text, length, guest, why);
	}
	free(text);
	return status;
}

static void say_status(const struct run_result *result, int good_status, char *why)
{
	size_t line = strcspn(result->errors ? result->errors : "", "\n");

	if (result->status > 128 && result->status < 128 + 65)
		snprintf(why, WHY_BYTES, "killed by signal %d (%s)", result->status - 128,
			 strsignal(result->status - 128));
	else
		snprintf(why, WHY_BYTES, "status %d where %d was due%s%.*s", result->status,
			 good_status, line ? ": " : "", (int)(line < 300 ? line : 300),
			 result->errors ? result->errors : "");
}

int verify_run(const struct run_result *result, int good_status, char *why)
{
	if (result->timed_out) {
		snprintf(why, WHY_BYTES, "timed out");
		return -1;
	}
	if (result->status != good_status) {
		say_status(result, good_status, why);
		return -1;
	}
	return 0;
}
