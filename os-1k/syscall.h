/* SPDX-License-Identifier: MIT */
/*
 * The system call interface, shared by the kernel and user programs:
 * int 0x80, number in EAX, arguments in EBX, ECX, EDX, result in EAX.
 */
#ifndef SYSCALL_H
#define SYSCALL_H

#include <stdint.h>

#define SYS_EXIT 0	  /* (status) does not return */
#define SYS_PUTCHAR 1	  /* (byte) */
#define SYS_GETCHAR 2	  /* () -> byte, or -1 at the end of input; sleeps until there is one */
#define SYS_WRITE 3	  /* (bytes, count) to the console -> count */
#define SYS_SPAWN 4	  /* (command) "NAME ARGUMENTS" -> pid */
#define SYS_WAIT 5	  /* (pid, int *status) -> pid; see below */
#define SYS_YIELD 6	  /* () */
#define SYS_GETPID 7	  /* () -> pid */
#define SYS_UPTIME 8	  /* () -> timer ticks since boot, 10 ms each */
#define SYS_OPEN 9	  /* (name, flags) -> fd */
#define SYS_READ 10	  /* (fd, bytes, count) -> bytes read, 0 at the end */
#define SYS_WRITE_FILE 11 /* (fd, bytes, count) -> bytes written; the file grows as needed */
#define SYS_LIST 12	  /* (index, struct file_info *) -> 0 */

#define OPEN_CREATE 1 /* make the file if it is missing, empty it if it is not */

/* Instead of a pid: any child that has ended, without sleeping; 0 when all still run. */
#define WAIT_ANY 0

/* Added to the vector in the status of a process that an exception ended. */
#define STATUS_FAULT 128

#define NAME_BYTES 100

struct file_info {
	char name[NAME_BYTES + 1];
	uint32_t bytes;
};

/* Every call: -1 when it failed (bad pointer, no such file or process, no memory). */

#endif
