/* SPDX-License-Identifier: MIT */
/* System calls: each checks its arguments against the caller's memory, then does its work. */
#include "kernel.h"

static int32_t sys_exit(struct kernel *k, const struct frame *f)
{
	proc_exit(k, (int32_t)f->ebx);
}

static int32_t sys_putchar(struct kernel *k, const struct frame *f)
{
	console_putc(&k->console, (uint8_t)f->ebx);
	return 0;
}

static int32_t sys_getchar(struct kernel *k, const struct frame *f)
{
	int32_t byte;

	(void)f;
	while ((byte = console_getc(&k->console)) == CONSOLE_EMPTY)
		proc_sleep(k, PROC_WAIT_INPUT);
	return byte == CONSOLE_END ? -1 : byte;
}

static int32_t sys_write(struct kernel *k, const struct frame *f)
{
	const uint8_t *bytes = (const uint8_t *)f->ebx;

	if (!space_holds(k->current->directory, f->ebx, f->ecx))
		return -1;
	for (uint32_t i = 0; i < f->ecx; i++) {
		console_putc(&k->console, bytes[i]);
		let_interrupts_in(); /* a long write costs no tick */
	}
	return (int32_t)f->ecx;
}

static int32_t sys_spawn(struct kernel *k, const struct frame *f)
{
	const char *command = space_string(k->current->directory, f->ebx);
	struct proc *p = command ? proc_spawn(k, command) : NULL;

	return p ? (int32_t)p->pid : -1;
}

static int32_t sys_wait(struct kernel *k, const struct frame *f)
{
	if (!space_holds(k->current->directory, f->ecx, sizeof(int32_t)))
		return -1;
	return proc_wait(k, f->ebx, (int32_t *)f->ecx);
}

static int32_t sys_yield(struct kernel *k, const struct frame *f)
{
	(void)f;
	schedule(k);
	return 0;
}

static int32_t sys_getpid(struct kernel *k, const struct frame *f)
{
	(void)f;
	return (int32_t)k->current->pid;
}

static int32_t sys_uptime(struct kernel *k, const struct frame *f)
{
	(void)f;
	return (int32_t)k->ticks;
}

static int32_t sys_open(struct kernel *k, const struct frame *f)
{
	const char *name = space_string(k->current->directory, f->ebx);
	struct open_file *files = k->current->files;
	int32_t fd = 0, index;

	while (fd < OPEN_FILES && files[fd].used)
		fd++;
	if (!name || fd == OPEN_FILES)
		return -1;
	index = f->ecx & OPEN_CREATE ? fs_create(&k->fs, name) : fs_find(&k->fs, name);
	if (index < 0)
		return -1;
	files[fd] = (struct open_file){ .used = true, .index = (uint32_t)index };
	return fd;
}

static struct open_file *open_file(struct kernel *k, uint32_t fd)
{
	return fd < OPEN_FILES && k->current->files[fd].used ? &k->current->files[fd] : NULL;
}

static int32_t sys_read(struct kernel *k, const struct frame *f)
{
	struct open_file *file = open_file(k, f->ebx);
	uint32_t bytes;

	if (!file || !space_holds(k->current->directory, f->ecx, f->edx))
		return -1;
	bytes = fs_read(fs_at(&k->fs, file->index), file->offset, (void *)f->ecx, f->edx);
	file->offset += bytes;
	return (int32_t)bytes;
}

static int32_t sys_write_file(struct kernel *k, const struct frame *f)
{
	struct open_file *file = open_file(k, f->ebx);
	int32_t bytes;

	if (!file || !space_holds(k->current->directory, f->ecx, f->edx))
		return -1;
	bytes = fs_write(&k->fs, fs_at(&k->fs, file->index), file->offset, (void *)f->ecx, f->edx);
	if (bytes > 0)
		file->offset += (uint32_t)bytes;
	return bytes;
}

static int32_t sys_list(struct kernel *k, const struct frame *f)
{
	const struct ustar *file = fs_at(&k->fs, f->ebx);

	if (!file || !space_holds(k->current->directory, f->ecx, sizeof(struct file_info)))
		return -1;
	fs_info(file, (struct file_info *)f->ecx);
	return 0;
}

static int32_t (*const calls[])(struct kernel *k, const struct frame *f) = {
	[SYS_EXIT] = sys_exit,	 [SYS_PUTCHAR] = sys_putchar, [SYS_GETCHAR] = sys_getchar,
	[SYS_WRITE] = sys_write, [SYS_SPAWN] = sys_spawn,     [SYS_WAIT] = sys_wait,
	[SYS_YIELD] = sys_yield, [SYS_GETPID] = sys_getpid,   [SYS_UPTIME] = sys_uptime,
	[SYS_OPEN] = sys_open,	 [SYS_READ] = sys_read,	      [SYS_WRITE_FILE] = sys_write_file,
	[SYS_LIST] = sys_list,
};

void syscall(struct kernel *k, struct frame *f)
{
	bool known = f->eax < sizeof(calls) / sizeof(calls[0]);

	f->eax = known ? (uint32_t)calls[f->eax](k, f) : (uint32_t)-1;
}
