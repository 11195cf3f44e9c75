/* SPDX-License-Identifier: MIT */
/* CSV as in RFC 4180, written a flushed row at a time and read by column name. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* The first error of a file is the one with a cause; later ones follow from it. */
static void note_error(struct csv *csv, bool failed)
{
	if (failed && !csv->error)
		csv->error = errno ? errno : EIO;
}

/* A run that was killed can leave half a row: appended rows must not continue it. */
static bool ends_in_newline(FILE *file)
{
	bool ends = fseek(file, -1, SEEK_END) < 0 || fgetc(file) == '\n';

	fseek(file, 0, SEEK_END); /* between a read and a write */
	return ends;
}

int csv_create(struct csv *csv, const char *path, const char *header, bool append)
{
	bool empty;

	*csv = (struct csv){ .path = xstrdup(path) };
	csv->file = fopen(path, append ? "a+e" : "we");
	if (!csv->file) {
		warn("%s: %s; choose another folder with --output", path, strerror(errno));
		free(csv->path);
		csv->path = NULL;
		return -1;
	}
	fseek(csv->file, 0, SEEK_END);
	empty = ftell(csv->file) == 0;
	if (!empty && !ends_in_newline(csv->file))
		note_error(csv, fputc('\n', csv->file) == EOF);
	if (empty)
		note_error(csv, fprintf(csv->file, "%s\n", header) < 0);
	note_error(csv, fflush(csv->file) != 0);
	return 0;
}

static void separate(struct csv *csv)
{
	if (csv->field++)
		note_error(csv, fputc(',', csv->file) == EOF);
}

void csv_text(struct csv *csv, const char *value)
{
	separate(csv);
	if (!strpbrk(value, ",\"\r\n")) {
		note_error(csv, fputs(value, csv->file) == EOF);
		return;
	}
	fputc('"', csv->file);
	for (; *value; value++) {
		if (*value == '"')
			fputc('"', csv->file);
		fputc(*value, csv->file);
	}
	note_error(csv, fputc('"', csv->file) == EOF);
}

void csv_number(struct csv *csv, double value)
{
	bool integer = fabs(value) < 9007199254740992.0 && value == floor(value);

	separate(csv);
	note_error(csv, fprintf(csv->file, integer ? "%.0f" : "%.9g", value) < 0);
}

void csv_count(struct csv *csv, uint64_t value)
{
	separate(csv);
	note_error(csv, fprintf(csv->file, "%" PRIu64, value) < 0);
}

void csv_end_row(struct csv *csv)
{
	csv->field = 0;
	fputc('\n', csv->file);
	note_error(csv, fflush(csv->file) != 0);
}

void csv_histogram(struct csv *csv, const char *where, const char *workload, unsigned guests,
		   const char *backend, const char *reason, const char *span, const char *unit,
		   const uint64_t bucket[HIST_BUCKETS])
{
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		if (!bucket[i])
			continue;
		csv_text(csv, where);
		csv_text(csv, workload);
		csv_count(csv, guests);
		csv_text(csv, backend);
		csv_text(csv, reason);
		csv_text(csv, span);
		csv_text(csv, unit);
		csv_count(csv, hist_lower(i));
		csv_count(csv, hist_upper(i));
		csv_count(csv, bucket[i]);
		csv_end_row(csv);
	}
}

int csv_close(struct csv *csv)
{
	if (!csv->file)
		return 0;
	note_error(csv, fclose(csv->file) != 0);
	csv->file = NULL;
	if (csv->error)
		warn("%s: %s; the file is incomplete%s", csv->path, strerror(csv->error),
		     csv->error == ENOSPC ? ": free some disk space" : "");
	free(csv->path);
	csv->path = NULL;
	return csv->error ? -1 : 0;
}

struct csv_reader {
	char *text, *next;
	int *column;		 /* position in the file of each wanted column, -1: not there */
	unsigned wanted, fields; /* columns wanted; columns of the file */
	unsigned damaged;
	char **row;    /* all fields of the file's row */
	char **chosen; /* what csv_next() returns */
};

/* Longer than any record of ours: a stray quote must not swallow the rest of the file. */
#define RECORD_BYTES 65536

/* The newline that ends the record, NULL if there is none within reach or quotes make no sense. */
static char *record_end(char *in)
{
	bool quoted = false, fresh = true; /* fresh: a field begins here */

	for (char *limit = in + RECORD_BYTES; *in && in < limit; in++) {
		if (quoted && *in == '"' && in[1] == '"')
			in++;
		else if (*in == '"' && (quoted || fresh))
			quoted = !quoted;
		else if (!quoted && *in == '\n')
			return in;
		else if (!quoted && *in == '\r' && in[1] != '\n')
			return NULL;
		fresh = *in == ',';
	}
	return NULL;
}

/*
 * Splits one record at *text in place, which then points behind it. Returns the
 * number of fields, or -1 for a record that makes no sense or that the file's end
 * cuts off; then only its first line is passed over.
 */
static int split_record(char **text, char **row, unsigned room)
{
	char *in = *text, *end = record_end(in);
	unsigned fields = 0;

	if (!end) {
		in += strcspn(in, "\n");
		*text = in + (*in == '\n');
		return -1;
	}
	*text = end + 1;
	if (end > in && end[-1] == '\r')
		end--;
	for (bool more = true; more; fields++) {
		char *out = in, *start = in;
		bool quoted = *in == '"';

		in += quoted;
		while (in < end && (quoted || *in != ',')) {
			if (quoted && *in == '"' && *++in != '"') {
				quoted = false;
				continue;
			}
			*out++ = *in++;
		}
		more = in < end;
		in++;
		*out = '\0';
		if (fields < room)
			row[fields] = start;
	}
	return (int)fields;
}

struct csv_reader *csv_open(const char *path, const char *const *columns)
{
	struct csv_reader *reader;
	char *header[64], *text;
	size_t bytes = 0;
	int fields;

	text = read_file(path, &bytes);
	if (!text)
		return NULL;
	for (char *nul = text; (nul = memchr(nul, '\0', (size_t)(text + bytes - nul)));)
		*nul = '?'; /* damage must not look like the end */
	reader = xcalloc(1, sizeof(*reader));
	reader->text = reader->next = text;
	fields = split_record(&reader->next, header, ARRAY_SIZE(header));
	while (columns[reader->wanted])
		reader->wanted++;
	reader->fields = fields > 0 && fields <= (int)ARRAY_SIZE(header) ? (unsigned)fields : 0;
	reader->column = xcalloc(reader->wanted, sizeof(*reader->column));
	reader->row = xcalloc(reader->fields, sizeof(*reader->row));
	reader->chosen = xcalloc(reader->wanted, sizeof(*reader->chosen));
	for (unsigned i = 0; i < reader->wanted; i++) {
		reader->column[i] = -1;
		for (unsigned j = 0; j < reader->fields; j++)
			if (!strcmp(header[j], columns[i]))
				reader->column[i] = (int)j;
	}
	return reader;
}

char **csv_next(struct csv_reader *reader)
{
	while (*reader->next) {
		int fields = split_record(&reader->next, reader->row, reader->fields);

		if (fields != (int)reader->fields) {
			reader->damaged++;
			continue;
		}
		for (unsigned i = 0; i < reader->wanted; i++)
			reader->chosen[i] =
			    reader->column[i] < 0 ? (char *)"" : reader->row[reader->column[i]];
		return reader->chosen;
	}
	return NULL;
}

unsigned csv_damaged(const struct csv_reader *reader)
{
	return reader->damaged;
}

bool csv_has_column(const struct csv_reader *reader, unsigned column)
{
	return column < reader->wanted && reader->column[column] >= 0;
}

void csv_reader_close(struct csv_reader *reader)
{
	if (!reader)
		return;
	free(reader->text);
	free(reader->column);
	free(reader->row);
	free(reader->chosen);
	free(reader);
}
