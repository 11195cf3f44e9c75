/* SPDX-License-Identifier: MIT */
/* 32-bit protected mode: Multiboot command line, serial console, IDT. */
#include <minikvm/abi.h>

#include "bare.h"

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

void qemu_putchar(uint8_t byte)
{
	while (!(inb(COM1_LINE_STATUS) & LINE_STATUS_THR_EMPTY))
		;
	outb(COM1_PORT, byte);
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

_Noreturn __attribute__((used)) void protected_main(uint32_t magic, uint32_t info);
_Noreturn void protected_main(uint32_t magic, uint32_t info)
{
	const struct multiboot_info *multiboot = (const struct multiboot_info *)info;
	const bool arguments =
	    magic == MULTIBOOT_MAGIC && multiboot->flags & MULTIBOOT_INFO_CMDLINE;

	run_guest(arguments ? (const char *)multiboot->cmdline : "");
}
