/* SPDX-License-Identifier: MIT */
/* Strings and formatting, linked into the kernel and into every program. */
#ifndef LIB_H
#define LIB_H

#include <stdarg.h>
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

/*
 * Calls put(context, c) for each character of the text. Understands
 * %d %u %x %c %s %% with an optional width, and 0 before it for leading zeros.
 */
void format(void (*put)(void *context, char c), void *context, const char *text, va_list args);

#endif
