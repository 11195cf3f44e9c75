/* SPDX-License-Identifier: MIT */
/*
 * What a guest in C sees of its platform: kvm-vmm or QEMU's pc machine in
 * 32-bit (boot32.S, protected.c) or 16-bit mode (boot16.S, real.c), or a 32-bit
 * Linux process (../compute/native.c).
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The program. arguments: the command line's words, "" if there are none. Returns 0 or 1. */
int guest_main(const char *arguments);

/* Where its text goes. */
void platform_write(const char *text, size_t bytes);

/* Bare guests only: is this kvm-vmm? */
bool on_minikvm(void);

/* Bare guests only: handler is entered by an interrupt gate or, in real mode, the vector table. */
void set_vector(uint8_t vector, void (*handler)(void));

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

#endif
