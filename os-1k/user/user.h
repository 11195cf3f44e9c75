/* SPDX-License-Identifier: MIT */
/* What programs of 1K OS have: system calls (syscall.h tells their results) and printf. */
#ifndef USER_H
#define USER_H

#include <stdint.h>

#include "../lib.h"
#include "../syscall.h"

int main(const char *arguments);

__attribute__((noreturn)) void exit(int status);
int putchar(int byte);
int getchar(void);
int write(const char *bytes, uint32_t count);
int spawn(const char *command);
int wait(int pid, int *status);
int yield(void);
int getpid(void);
uint32_t uptime(void);
int open(const char *name, int flags);
int read(int fd, void *bytes, uint32_t count);
int write_file(int fd, const void *bytes, uint32_t count);
int list(uint32_t index, struct file_info *info);

/* One write a call, up to 255 characters: the text of two processes is not mixed within it. */
__attribute__((format(printf, 1, 2))) void printf(const char *text, ...);

#endif
