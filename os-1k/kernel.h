/* SPDX-License-Identifier: MIT */
/*
 * 1K OS: the kernel's state and what its files offer each other.
 *
 * All state is in one struct kernel. Only assembly knows where it is (boot.S
 * and trap.S pass it to C), so a function can change only what it is handed.
 * The kernel runs with interrupts off; they are let in while the machine is
 * idle and between two characters of a long write.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs.h"
#include "layout.h"
#include "lib.h"
#include "syscall.h"
#include "x86.h"

#define PROCS 16
#define OPEN_FILES 4
#define KERNEL_STACK_BYTES 4096
#define INPUT_RING_BYTES 256
#define COMMAND_LINE_BYTES 64

/* Exit value of a panic on port 0xf4: the VMM's status is (16 << 1) | 1 = 33. */
#define PANIC_EXIT 16

struct kernel;

/* --- console.c: input, output and the way out, of the two machines we run on --- */

#define CONSOLE_EMPTY (-1)
#define CONSOLE_END (-2)

struct platform {
	uint8_t input_irq;
	void (*init)(void);
	void (*put)(uint8_t byte);
	int32_t (*get)(void); /* a byte, CONSOLE_EMPTY or CONSOLE_END */
	void (*power_off)(void);
};

struct console {
	const struct platform *platform;
	uint8_t ring[INPUT_RING_BYTES];
	uint32_t head, tail; /* bytes ever put in, bytes ever taken out */
	bool more;	     /* the ring was full before the device was empty */
	bool ended;
};

void console_init(struct console *c);
void console_fill(struct console *c); /* on the input interrupt: takes all the device has */
int32_t console_getc(struct console *c);
void console_putc(struct console *c, uint8_t byte);
__attribute__((format(printf, 2, 3))) void print(struct kernel *k, const char *text, ...);
__attribute__((format(printf, 2, 3), noreturn)) void panic(struct kernel *k, const char *text, ...);
__attribute__((noreturn)) void power_off(struct kernel *k);

/* --- paging.c: pages and address spaces --- */

struct pages {
	uintptr_t next, end; /* never used yet */
	void *free;	     /* given back: each page starts with a pointer to the next */
};

void pages_init(struct pages *pages, uint32_t mem_bytes);
void *page_alloc(struct pages *pages); /* zeroed; NULL when there is none */
void page_free(struct pages *pages, void *page);
uint32_t physical(const void *address);

uint32_t *space_create(struct pages *pages);
void *space_map(struct pages *pages, uint32_t *directory, uint32_t address);
void space_destroy(struct pages *pages, uint32_t *directory);
bool space_holds(const uint32_t *directory, uint32_t address, uint32_t bytes);
const char *space_string(const uint32_t *directory, uint32_t address);

/* --- proc.c: processes and the scheduler --- */

enum proc_state { PROC_FREE, PROC_RUNNABLE, PROC_WAIT_INPUT, PROC_WAIT_CHILD, PROC_ENDED };

struct open_file {
	bool used;
	uint32_t index; /* of the file in the archive: stays valid when files before it grow */
	uint32_t offset;
};

struct proc {
	enum proc_state state;
	uint32_t pid;
	struct proc *parent;
	int32_t status;
	uint32_t *directory;
	uint32_t esp; /* while not running */
	char name[NAME_BYTES + 1];
	struct open_file files[OPEN_FILES];
	uint8_t stack[KERNEL_STACK_BYTES] __attribute__((aligned(16)));
};

/* What trap.S leaves on the kernel stack; the processor pushed vector's successors. */
struct frame {
	uint32_t gs, fs, es, ds;
	uint32_t edi, esi, ebp, unused_esp, ebx, edx, ecx, eax;
	uint32_t vector, error;
	uint32_t eip, cs, eflags;
	uint32_t esp, ss; /* only on the way from ring 3 */
};

void proc_init(struct kernel *k, uint32_t *boot_directory); /* makes the caller process 0 */
struct proc *proc_spawn(struct kernel *k, const char *command);
__attribute__((noreturn)) void proc_exit(struct kernel *k, int32_t status);
int32_t proc_wait(struct kernel *k, uint32_t pid, int32_t *status);
void proc_wake(struct kernel *k, enum proc_state waiting);
void proc_sleep(struct kernel *k, enum proc_state waiting);
void schedule(struct kernel *k);

/* --- trap.c, syscall.c --- */

void trap_init(struct kernel *k);
void trap(struct kernel *k, struct frame *f);
void syscall(struct kernel *k, struct frame *f);

/* --- trap.S --- */

extern const uint8_t trap_stubs[TRAP_STUBS][TRAP_STUB_SIZE];
void trap_syscall(void);
void trap_return(void);
void switch_stack(uint32_t *save_esp, uint32_t load_esp);

/* --- main.c --- */

struct kernel {
	struct console console;
	struct fs fs;
	struct pages pages;
	struct tss tss;
	volatile uint32_t ticks;
	uint32_t last_pid;
	struct proc *current;
	struct proc procs[PROCS];
};

#endif
