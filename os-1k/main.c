/* SPDX-License-Identifier: MIT */
/* Boot order: what the loader says, the console, the tables, the first processes, idling. */
#include "kernel.h"

#define MULTIBOOT_BOOTED 0x2badb002
#define MULTIBOOT_HAS_MEMORY 0x1
#define MULTIBOOT_HAS_COMMAND_LINE 0x4

/* Multiboot 1, 3.3 "Boot information format": the fields used here. */
struct multiboot {
	uint32_t flags;
	uint32_t mem_lower_kib;
	uint32_t mem_upper_kib; /* from 1 MiB up */
	uint32_t boot_device;
	uint32_t command_line; /* physical, as all addresses */
};

struct kernel kernel; /* passed on by boot.S and trap.S */
extern uint8_t disk_start[], disk_end[];

void kernel_main(struct kernel *k, uint32_t magic, uint32_t info_addr, uint32_t *boot_directory);

/* The last word of the command line, for QEMU puts the image's path before it. */
static bool last_word_is(const struct multiboot *info, const char *word)
{
	const char *line = (const char *)(info->command_line + KERNEL_BASE), *last = line;

	if (!(info->flags & MULTIBOOT_HAS_COMMAND_LINE) || info->command_line >= MEM_MAX)
		return false;
	for (; *line; line++)
		if (*line == ' ')
			last = line + 1;
	return !strcmp(last, word);
}

static uint32_t memory_bytes(const struct multiboot *info)
{
	if (!(info->flags & MULTIBOOT_HAS_MEMORY) ||
	    info->mem_upper_kib >= (MEM_MAX - KERNEL_LOAD) / 1024)
		return MEM_MAX;
	return KERNEL_LOAD + info->mem_upper_kib * 1024;
}

static void spawn_shell(struct kernel *k)
{
	const char *why = fs_init(&k->fs, disk_start, (uint32_t)(disk_end - disk_start));

	if (why)
		panic(k, "archive damaged at byte %u: %s", k->fs.used_bytes, why);
	print(k, "Filesystem initialized\n");
	print(k, "Created idle process (pid=%u)\n", k->current->pid);
	if (!proc_spawn(k, "shell"))
		panic(k, "no shell: not in the archive, or out of memory");
	print(k, "Created shell process (pid=%u)\n", k->last_pid);
}

void kernel_main(struct kernel *k, uint32_t magic, uint32_t info_addr, uint32_t *boot_directory)
{
	const struct multiboot *info = (const struct multiboot *)(info_addr + KERNEL_BASE);
	bool panic_wanted;

	console_init(&k->console);
	if (magic != MULTIBOOT_BOOTED)
		panic(k, "not started by a Multiboot loader");
	panic_wanted = last_word_is(info, "panic");
	pages_init(&k->pages, memory_bytes(info));

	proc_init(k, boot_directory);
	print(k, "=== 1K OS x86 ===\n"
		 "Booting in Protected Mode with Paging...\n");
	trap_init(k);
	print(k,
	      "Interrupt handlers registered\n"
	      "  Timer (IRQ %u, vector 0x%x)\n"
	      "  Keyboard (IRQ %u, vector 0x%x)\n",
	      TIMER_IRQ, TIMER_VECTOR, KEYBOARD_IRQ, KEYBOARD_VECTOR);
	if (panic_wanted)
		__asm__ volatile("ud2");
	spawn_shell(k);
	print(k, "=== Kernel Initialization Complete ===\n"
		 "Starting shell process (PID 1)...\n\n");

	for (;;) {
		schedule(k);
		wait_for_interrupt();
	}
}
