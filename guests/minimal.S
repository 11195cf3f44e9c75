/* SPDX-License-Identifier: MIT */
/* The smallest guest there is: one instruction, one exit. */
#include PLATFORM

	START
	HALT
