/* SPDX-License-Identifier: MIT */
/* A hypercall number nobody defined. */
#include PLATFORM

	START
	HYPERCALL 0x7f
	HALT
