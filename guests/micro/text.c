/* SPDX-License-Identifier: MIT */
/* Words and numbers in and out, without a C library. */
#include "platform.h"
#include "text.h"

void put(struct text *text, const char *string)
{
	while (*string && text->length < TEXT_BYTES)
		text->bytes[text->length++] = *string++;
}

void put_hex(struct text *text, uint64_t value)
{
	static const char digits[] = "0123456789abcdef";
	char number[17] = "0000000000000000";
	size_t first = sizeof(number) - 2;

	for (size_t i = sizeof(number) - 1; i-- > 0; value >>= 4) {
		number[i] = digits[value & 15];
		if (value & 15)
			first = i;
	}
	put(text, number + first);
}

void put_decimal(struct text *text, uint32_t value)
{
	char number[11];
	size_t first = sizeof(number) - 1;

	number[first] = '\0';
	do {
		number[--first] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put(text, number + first);
}

void flush(struct text *text)
{
	platform_write(text->bytes, text->length);
	text->length = 0;
}

/* Length of name if it starts the string, else 0. */
static size_t prefix(const char *string, const char *name)
{
	size_t length = 0;

	while (name[length] && string[length] == name[length])
		length++;
	return name[length] ? 0 : length;
}

const char *find_argument(const char *arguments, const char *name)
{
	for (const char *p = arguments; *p; p++) {
		const size_t length = p == arguments || p[-1] == ' ' ? prefix(p, name) : 0;

		if (length)
			return p + length;
	}
	return NULL;
}

uint32_t parse_number(const char *word)
{
	uint32_t number = 0;

	for (; *word && *word != ' '; word++) {
		const uint32_t digit = (uint32_t)(*word - '0');

		if (digit > 9 || number > (UINT32_MAX - digit) / 10)
			return 0;
		number = number * 10 + digit;
	}
	return number;
}

/* A compiler may call these where the source does not (GCC manual, 2.1: freestanding). */
void *memset(void *to, int byte, size_t bytes);
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);

void *memset(void *to, int byte, size_t bytes)
{
	void *p = to;

	__asm__ volatile("rep stosb" : "+D"(p), "+c"(bytes) : "a"(byte) : "memory");
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	void *p = to;

	__asm__ volatile("rep movsb" : "+D"(p), "+S"(from), "+c"(bytes) : : "memory");
	return to;
}
