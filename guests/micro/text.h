/* SPDX-License-Identifier: MIT */
/* Words and numbers in and out, without a C library. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

#define TEXT_BYTES 160

/* A line in the making; what does not fit is left out. */
struct text {
	char bytes[TEXT_BYTES];
	size_t length;
};

void put(struct text *text, const char *string);
void put_hex(struct text *text, uint64_t value); /* "1f" */
void put_decimal(struct text *text, uint32_t value);
/* To the platform, and empty again. */
void flush(struct text *text);

/* What follows "NAME" where a word of the arguments starts with it ("n=", "skip="), or NULL. */
const char *find_argument(const char *arguments, const char *name);
/* A decimal number up to a space or the end; 0 if it is none, or too large. */
uint32_t parse_number(const char *word);

#endif
