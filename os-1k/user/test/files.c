/* SPDX-License-Identifier: MIT */
/* Files that grow, shrink, move each other, and fill the disk. */
#include "../user.h"

#define CHUNK 700

static int fill(const char *name, char letter, int chunks)
{
	char bytes[CHUNK];
	int fd = open(name, OPEN_CREATE), done = 0;

	memset(bytes, letter, sizeof(bytes));
	while (fd >= 0 && done < chunks && write_file(fd, bytes, sizeof(bytes)) == CHUNK)
		done++;
	return fd < 0 ? -1 : done;
}

static int holds(const char *name, char letter, int chunks)
{
	char bytes[CHUNK];
	int fd = open(name, 0), count, total = 0;

	while ((count = read(fd, bytes, sizeof(bytes))) > 0)
		for (total += count; count--;)
			if (bytes[count] != letter)
				return 0;
	return total == chunks * CHUNK;
}

/* Runs as a process of its own, so that the open files of one step do not last to the next. */
static int step(const char *argument)
{
	switch (*argument) {
	case 'a':
		return fill("a", 'a', 3) == 3 && fill("b", 'b', 2) == 2 && holds("a", 'a', 3);
	case 'b':
		return fill("a", 'A', 5) == 5 && holds("b", 'b', 2) && holds("a", 'A', 5);
	case 'c':
		return fill("a", 'x', 1) == 1 && holds("b", 'b', 2) && holds("a", 'x', 1);
	default:
		return fill("b", 'y', 1000) > 10 && holds("a", 'x', 1) && fill("b", 'b', 2) == 2;
	}
}

int main(const char *argument)
{
	char command[] = "files a";
	int status;

	if (*argument)
		return step(argument) ? 0 : 1;
	for (; command[6] <= 'd'; command[6]++) {
		if (wait(spawn(command), &status) < 0 || status) {
			printf("files: step %c: status %d\n", command[6], status);
			return 1;
		}
	}
	printf("files: OK\n");
	return 0;
}
