/* SPDX-License-Identifier: MIT */
/* save FILE TEXT: makes or replaces a file with one line of text. */
#include "user.h"

int main(const char *arguments)
{
	const char *text = arguments;
	char name[NAME_BYTES + 1] = "";
	int fd;

	while (*text && *text != ' ')
		text++;
	if (!*arguments || (uint32_t)(text - arguments) > NAME_BYTES) {
		printf("save: what to write where? usage: save FILE TEXT\n");
		return 2;
	}
	memcpy(name, arguments, (uint32_t)(text - arguments));
	text += *text == ' ';
	fd = open(name, OPEN_CREATE);
	if (fd < 0 || write_file(fd, text, strlen(text)) < 0 || write_file(fd, "\n", 1) < 0) {
		printf("save: %s: the disk is full\n", name);
		return 1;
	}
	return 0;
}
