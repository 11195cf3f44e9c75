/* SPDX-License-Identifier: MIT */
/* What bare guests of both modes share: finding the platform, printing, ending. */
#include <minikvm/abi.h>

#include "bare.h"

/*
 * On QEMU with the statuses of ../plat_qemu.inc, which its isa-debug-exit turns into 33 and 35:
 * neither is one QEMU has of its own.
 */
#define QEMU_EXIT_OK 0x10

static void hypercall(uint8_t number, uint8_t byte)
{
	__asm__ volatile("outb %0, %1" : : "a"(number), "Nd"((uint16_t)HC_PORT), "b"(byte));
}

bool on_minikvm(void)
{
	return inl(HC_PORT) == HC_SIGNATURE;
}

void platform_write(const char *text, size_t bytes)
{
	const bool minikvm = on_minikvm();

	for (; bytes; bytes--, text++) {
		if (minikvm)
			hypercall(HC_PUTCHAR, (uint8_t)*text);
		else
			qemu_putchar((uint8_t)*text);
	}
}

void run_guest(const char *arguments)
{
	const uint8_t status = (uint8_t)guest_main(arguments);

	if (on_minikvm() && !status)
		hypercall(HC_EXIT, 0);
	outb(DEBUG_EXIT_PORT, on_minikvm() ? status : QEMU_EXIT_OK | status);
	for (;;)
		__asm__ volatile("cli; hlt");
}
