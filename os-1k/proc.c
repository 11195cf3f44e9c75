/* SPDX-License-Identifier: MIT */
/* Processes: their creation and end, the scheduler, sleeping and waiting. */
#include "kernel.h"

#define EFLAGS_RESERVED 0x002
#define EFLAGS_IF 0x200

/* A new process's kernel stack, lowest address first: what switch_stack() and trap_return pop. */
struct first_stack {
	uint32_t edi, esi, ebx, ebp;
	void (*return_to)(void);
	struct frame frame;
};

void proc_init(struct kernel *k, uint32_t *boot_directory)
{
	struct proc *idle = &k->procs[0];

	idle->state = PROC_RUNNABLE;
	idle->directory = boot_directory;
	memcpy(idle->name, "idle", sizeof("idle"));
	k->current = idle;
}

static struct proc *free_slot(struct kernel *k)
{
	for (struct proc *p = k->procs; p < k->procs + PROCS; p++)
		if (p->state == PROC_FREE)
			return p;
	return NULL;
}

/* Copies the first word into name; returns the rest, or NULL when the word is too long. */
static const char *split_command(const char *command, char name[static NAME_BYTES + 1])
{
	uint32_t length = 0;

	while (command[length] && command[length] != ' ')
		length++;
	if (length > NAME_BYTES)
		return NULL;
	memcpy(name, command, length);
	name[length] = '\0';
	while (command[length] == ' ')
		length++;
	return command + length;
}

/*
 * A program is a flat image, mapped at USER_BASE, which is also its entry. One
 * page is its stack; its arguments lie at the top. Returns the first ESP, which
 * points to the address of the arguments, or 0 when something does not fit.
 */
static uint32_t load(struct kernel *k, uint32_t *directory, const struct ustar *file,
		     const char *arguments)
{
	const uint32_t stack = USER_STACK_TOP - PAGE_SIZE, limit = stack - PAGE_SIZE - USER_BASE;
	uint32_t bytes = fs_bytes(file), room = (strlen(arguments) + 1 + 3) & ~3u;
	uint8_t *page;

	if (bytes > limit || room > PAGE_SIZE / 2)
		return 0;
	for (uint32_t offset = 0; offset < bytes; offset += PAGE_SIZE) {
		page = space_map(&k->pages, directory, USER_BASE + offset);
		if (!page)
			return 0;
		fs_read(file, offset, page, PAGE_SIZE);
	}
	page = space_map(&k->pages, directory, stack);
	if (!page)
		return 0;
	memcpy(page + PAGE_SIZE - room, arguments, strlen(arguments) + 1);
	*(uint32_t *)(page + PAGE_SIZE - room - 4) = USER_STACK_TOP - room;
	return USER_STACK_TOP - room - 4;
}

struct proc *proc_spawn(struct kernel *k, const char *command)
{
	struct proc *p = free_slot(k);
	struct first_stack *first;
	const char *arguments;
	int32_t index;
	uint32_t esp;

	if (!p || !(arguments = split_command(command, p->name)))
		return NULL;
	index = fs_find(&k->fs, p->name);
	if (index < 0 || !fs_executable(fs_at(&k->fs, (uint32_t)index)))
		return NULL;
	p->directory = space_create(&k->pages);
	if (!p->directory)
		return NULL;
	esp = load(k, p->directory, fs_at(&k->fs, (uint32_t)index), arguments);
	if (!esp) {
		space_destroy(&k->pages, p->directory);
		return NULL;
	}
	first = (struct first_stack *)(p->stack + sizeof(p->stack)) - 1;
	*first = (struct first_stack){
		.return_to = trap_return,
		.frame = { .gs = USER_DATA,
			   .fs = USER_DATA,
			   .es = USER_DATA,
			   .ds = USER_DATA,
			   .eip = USER_BASE,
			   .cs = USER_CODE,
			   .eflags = EFLAGS_RESERVED | EFLAGS_IF,
			   .esp = esp,
			   .ss = USER_DATA },
	};
	memset(p->files, 0, sizeof(p->files));
	p->esp = (uint32_t)(uintptr_t)first;
	p->pid = ++k->last_pid;
	p->parent = k->current;
	p->state = PROC_RUNNABLE;
	return p;
}

/* Round robin: the next runnable process after the current one; idle only when there is none. */
static struct proc *next_runnable(struct kernel *k)
{
	uint32_t current = (uint32_t)(k->current - k->procs);

	for (uint32_t step = 1; step <= PROCS; step++) {
		struct proc *p = &k->procs[(current + step) % PROCS];

		if (p != k->procs && p->state == PROC_RUNNABLE)
			return p;
	}
	return k->procs;
}

void schedule(struct kernel *k)
{
	struct proc *old = k->current, *new = next_runnable(k);

	if (new == old)
		return;
	k->current = new;
	k->tss.esp0 = (uint32_t)(uintptr_t)(new->stack + sizeof(new->stack));
	load_cr3(physical(new->directory));
	switch_stack(&old->esp, new->esp);
}

void proc_sleep(struct kernel *k, enum proc_state waiting)
{
	k->current->state = waiting;
	schedule(k);
}

void proc_wake(struct kernel *k, enum proc_state waiting)
{
	for (struct proc *p = k->procs; p < k->procs + PROCS; p++)
		if (p->state == waiting)
			p->state = PROC_RUNNABLE;
}

/* Children that have ended have nobody left to ask for their status; the others go on alone. */
static void leave_children(struct kernel *k, const struct proc *parent)
{
	for (struct proc *p = k->procs; p < k->procs + PROCS; p++) {
		if (p->state == PROC_FREE || p->parent != parent)
			continue;
		p->parent = NULL;
		if (p->state == PROC_ENDED)
			p->state = PROC_FREE;
	}
}

void proc_exit(struct kernel *k, int32_t status)
{
	struct proc *p = k->current;

	if (p->pid == 1 && status == 0)
		power_off(k);
	if (p->pid == 1)
		panic(k, "the shell ended with status %d", status);
	leave_children(k, p);
	load_cr3(physical(k->procs[0].directory)); /* before its own directory goes */
	space_destroy(&k->pages, p->directory);
	p->status = status;
	p->state = p->parent ? PROC_ENDED : PROC_FREE;
	proc_wake(k, PROC_WAIT_CHILD);
	schedule(k); /* the slot, and with it this stack, is reused only after the switch */
	__builtin_unreachable();
}

/* The child to report: the one asked for, or with WAIT_ANY one that has ended, if possible. */
static struct proc *find_child(struct kernel *k, uint32_t pid)
{
	struct proc *found = NULL;

	for (struct proc *p = k->procs + 1; p < k->procs + PROCS; p++) {
		if (p->state == PROC_FREE || p->parent != k->current)
			continue;
		if (p->pid == pid || (pid == WAIT_ANY && (!found || p->state == PROC_ENDED)))
			found = p;
	}
	return found;
}

int32_t proc_wait(struct kernel *k, uint32_t pid, int32_t *status)
{
	struct proc *child = find_child(k, pid);

	if (!child)
		return -1;
	if (pid == WAIT_ANY && child->state != PROC_ENDED)
		return 0;
	while (child->state != PROC_ENDED)
		proc_sleep(k, PROC_WAIT_CHILD);
	*status = child->status;
	child->state = PROC_FREE;
	return (int32_t)child->pid;
}
