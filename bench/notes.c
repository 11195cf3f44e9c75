/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "schedule.h"

void note(struct notes *notes, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	for (size_t i = 0; text && i < notes->count; i++)
		if (!strcmp(notes->texts[i], text)) {
			free(text);
			text = NULL;
		}
	if (text && notes->count < NOTES_MAX)
		notes->texts[notes->count++] = text;
	else
		free(text);
}

void notes_free(struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		free(notes->texts[i]);
}
