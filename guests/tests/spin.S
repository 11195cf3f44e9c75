/* SPDX-License-Identifier: MIT */
/* Never ends, never leaves the guest. */
#include PLATFORM

	START
	jmp	_start
