/* SPDX-License-Identifier: MIT */
/* Instructions that C has no words for, and the tables the processor reads. */
#ifndef X86_H
#define X86_H

#include <stdint.h>

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t read_cr2(void)
{
	uint32_t value;

	__asm__ volatile("movl %%cr2, %0" : "=r"(value));
	return value;
}

static inline void load_cr3(uint32_t physical)
{
	__asm__ volatile("movl %0, %%cr3" : : "r"(physical) : "memory");
}

/* STI takes effect after the next instruction (SDM vol. 2B, STI): no interrupt falls in between. */
static inline void wait_for_interrupt(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

static inline void let_interrupts_in(void)
{
	__asm__ volatile("sti; nop; cli" : : : "memory");
}

/* Operand of LGDT and LIDT; SDM vol. 3A 2.4. */
struct table_register {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed));

/* SDM vol. 3A 6.11, "IDT Descriptors". */
struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t zero;
	uint8_t access;
	uint16_t offset_high;
};

/* SDM vol. 3A 7.2.1: only the ring 0 stack is used, tasks are switched by software. */
struct tss {
	uint32_t link;
	uint32_t esp0;
	uint32_t ss0;
	uint32_t unused[22];
	uint16_t trap;
	uint16_t io_map; /* beyond the limit: no port is open to ring 3 */
};

#endif
