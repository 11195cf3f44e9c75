/* SPDX-License-Identifier: MIT */
/* The shell: the menu, and command lines. "NAME ARGUMENTS" waits, "NAME ARGUMENTS &" does not. */
#include <stdbool.h>

#include "user.h"

#define LINE_BYTES 80
#define END_OF_INPUT (-1)
#define CTRL_D 4
#define BACKSPACE '\b'
#define DELETE 127

static const char menu[] = "=== 1K OS Menu ===\n"
			   "  1. Multiplication (2x1 ~ 9x9)     6. Primes up to 100\n"
			   "  2. Counter (0-9)                  7. ASCII art\n"
			   "  3. Echo (until 'q')               8. Factorial (0! to 12!)\n"
			   "  4. About 1K OS                    9. GCD (Euclid)\n"
			   "  5. Fibonacci (up to 89)           0. Exit\n";

static const char *const programs[10] = {
	[1] = "multiplication",
	[2] = "counter",
	[3] = "echo",
	[4] = "about",
	[5] = "fibonacci",
	[6] = "primes",
	[7] = "art",
	[8] = "factorial",
	[9] = "gcd",
};

/* Reads and echoes a line; its length, or END_OF_INPUT when there is not even a part of one. */
static int read_line(char line[static LINE_BYTES])
{
	int length = 0, c;

	for (;;) {
		c = getchar();
		if (c == '\n' || c == '\r')
			break;
		if (c == END_OF_INPUT || c == CTRL_D) {
			if (length)
				break;
			return END_OF_INPUT;
		}
		if (c == BACKSPACE || c == DELETE) {
			if (length && length--)
				write("\b \b", 3);
		} else if (c >= ' ' && length < LINE_BYTES - 1) {
			line[length++] = (char)c;
			putchar(c);
		}
	}
	line[length] = '\0';
	return length;
}

/* Takes the '&' and spaces off the end of a line; was there an '&'? */
static bool take_background(char *line, int length)
{
	bool background = false;

	while (length && (line[length - 1] == ' ' || (!background && line[length - 1] == '&'))) {
		background |= line[length - 1] == '&';
		line[--length] = '\0';
	}
	return background;
}

static void run(const char *command, bool background)
{
	int pid = spawn(command), status = 0;

	if (pid < 0) {
		printf("%s: no such program, or no room for it; ls shows the files\n", command);
	} else if (background) {
		printf("[%d]\n", pid);
	} else {
		wait(pid, &status);
		if (status)
			printf("%s: status %d\n", command, status);
	}
}

static void report_ended(void)
{
	int pid, status;

	while ((pid = wait(WAIT_ANY, &status)) > 0)
		printf("[%d] ended, status %d\n", pid, status);
}

int main(const char *arguments)
{
	char line[LINE_BYTES];
	const char *command;
	bool background;
	int length;

	(void)arguments;
	write(menu, sizeof(menu) - 1);
	for (;;) {
		write("Select: ", 8);
		length = read_line(line);
		putchar('\n');
		if (length == END_OF_INPUT || !strcmp(line, "0"))
			return 0;
		report_ended();
		background = take_background(line, length);
		command = line;
		if (*line >= '1' && *line <= '9' && !line[1])
			command = programs[*line - '0'];
		if (!strcmp(line, "?"))
			write(menu, sizeof(menu) - 1);
		else if (*line)
			run(command, background);
	}
}
