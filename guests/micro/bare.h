/* SPDX-License-Identifier: MIT */
/* Between bare.c and the two modes it runs in: real.c and protected.c. */
#ifndef BARE_H
#define BARE_H

#include "platform.h"

/* The mode's: a byte to the console its QEMU command line has. */
void qemu_putchar(uint8_t byte);

/* bare.c: guest_main(), then the end of the run with its status. */
_Noreturn void run_guest(const char *arguments);

#endif
