/* SPDX-License-Identifier: MIT */
/* Strings and formatting. The compiler itself calls the first four. */
#include <stdbool.h>
#include <stdint.h>

#include "lib.h"

void *memcpy(void *to, const void *from, size_t bytes)
{
	void *end = to;

	__asm__ volatile("rep movsb" : "+D"(end), "+S"(from), "+c"(bytes) : : "memory");
	return to;
}

/* Backwards where forwards would overwrite what is still to be copied. */
void *memmove(void *to, const void *from, size_t bytes)
{
	uint8_t *last_to = (uint8_t *)to + bytes - 1;
	const uint8_t *last_from = (const uint8_t *)from + bytes - 1;

	if (to <= from)
		return memcpy(to, from, bytes);
	__asm__ volatile("std; rep movsb; cld"
			 : "+D"(last_to), "+S"(last_from), "+c"(bytes)
			 :
			 : "memory");
	return to;
}

void *memset(void *to, int byte, size_t bytes)
{
	void *end = to;

	__asm__ volatile("rep stosb" : "+D"(end), "+c"(bytes) : "a"(byte) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const uint8_t *x = a, *y = b;

	for (; bytes; bytes--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return (size_t)(end - s);
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

/* Writes the digits backwards from end; returns the first one. */
static char *digits(char *end, uint32_t value, uint32_t base)
{
	do {
		*--end = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	return end;
}

static const char *number(char *end, char kind, uint32_t value)
{
	bool negative = kind == 'd' && (int32_t)value < 0;
	char *start = digits(end, negative ? -value : value, kind == 'x' ? 16 : 10);

	if (negative)
		*--start = '-';
	return start;
}

void format(void (*put)(void *context, char c), void *context, const char *text, va_list args)
{
	for (; *text; text++) {
		char buffer[16] = "", fill = ' ';
		const char *s = buffer;
		size_t width = 0;

		if (*text != '%') {
			put(context, *text);
			continue;
		}
		if (*++text == '0')
			fill = *text++;
		while (*text >= '0' && *text <= '9')
			width = width * 10 + (size_t)(*text++ - '0');
		if (*text == 's')
			s = va_arg(args, const char *);
		else if (*text == 'c')
			buffer[0] = (char)va_arg(args, int);
		else if (*text == '%')
			buffer[0] = '%';
		else
			s = number(buffer + sizeof(buffer) - 1, *text, va_arg(args, uint32_t));
		for (size_t length = strlen(s); width > length; width--)
			put(context, fill);
		while (*s)
			put(context, *s++);
	}
}
