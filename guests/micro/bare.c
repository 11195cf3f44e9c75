/* SPDX-License-Identifier: MIT */
/* Platform of a 32-bit guest: command line, console, end of the run, IDT. */
#include <minikvm/abi.h>

#include "platform.h"

#define MULTIBOOT_MAGIC 0x2badb002
#define MULTIBOOT_INFO_CMDLINE (1u << 2)

/* Up to the command line; the rest is of no use here. */
struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper;
	uint32_t boot_device;
	uint32_t cmdline;
};

#define COM1_LINE_STATUS (COM1_PORT + 5)
#define LINE_STATUS_THR_EMPTY 0x20

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
		if (minikvm) {
			hypercall(HC_PUTCHAR, (uint8_t)*text);
			continue;
		}
		while (!(inb(COM1_LINE_STATUS) & LINE_STATUS_THR_EMPTY))
			;
		outb(COM1_PORT, (uint8_t)*text);
	}
}

/* Interrupt gates, Intel SDM vol. 3, 6.11. */
struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint16_t type;
	uint16_t offset_high;
};

#define GATE_INTERRUPT_32 0x8e00
#define GATES 256

void set_vector(uint8_t vector, void (*handler)(void))
{
	static struct gate idt[GATES] __attribute__((aligned(8)));
	const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint32_t)idt };

	idt[vector] = (struct gate){
		.offset_low = (uint16_t)(uint32_t)handler,
		.selector = BOOT_CODE_SELECTOR,
		.type = GATE_INTERRUPT_32,
		.offset_high = (uint16_t)((uint32_t)handler >> 16),
	};
	__asm__ volatile("lidt %0" : : "m"(pointer), "m"(idt));
}

/*
 * On QEMU with the statuses of ../plat_qemu.inc, which its isa-debug-exit turns into 33 and 35:
 * neither is one QEMU has of its own.
 */
#define QEMU_EXIT_OK 0x10

_Noreturn __attribute__((used)) void bare_main(uint32_t magic, uint32_t info);
_Noreturn void bare_main(uint32_t magic, uint32_t info)
{
	const struct multiboot_info *multiboot = (const struct multiboot_info *)info;
	const char *arguments = "";
	uint8_t status;

	if (magic == MULTIBOOT_MAGIC && multiboot->flags & MULTIBOOT_INFO_CMDLINE)
		arguments = (const char *)multiboot->cmdline;
	status = (uint8_t)guest_main(arguments);
	if (on_minikvm() && !status)
		hypercall(HC_EXIT, 0);
	outb(DEBUG_EXIT_PORT, on_minikvm() ? status : QEMU_EXIT_OK | status);
	for (;;)
		__asm__ volatile("cli; hlt");
}
