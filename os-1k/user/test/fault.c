/* SPDX-License-Identifier: MIT */
/* fault KIND: does what only a faulty program does. Reaching the end is the test's failure. */
#include "../user.h"

static void null_write(void)
{
	*(volatile int *)0 = 1;
}

static void kernel_read(void)
{
	(void)*(volatile int *)0x80100000;
}

static void stack_overflow(void)
{
	__asm__ volatile("movl $1, -8192(%%esp)" : : : "memory");
}

static void divide(void)
{
	volatile int dividend = 100, zero = 0;

	dividend = dividend / zero;
}

static void privileged(void)
{
	__asm__ volatile("cli");
}

static void port(void)
{
	__asm__ volatile("outb %%al, $0xf4" : : "a"(0));
}

static void vector(void)
{
	__asm__ volatile("int $0x20");
}

static void invalid(void)
{
	__asm__ volatile("ud2");
}

static void x87(void)
{
	__asm__ volatile("fninit");
}

static const struct {
	const char *name;
	void (*act)(void);
} kinds[] = {
	{ "null", null_write }, { "kernel", kernel_read },    { "stack", stack_overflow },
	{ "divide", divide },	{ "privileged", privileged }, { "port", port },
	{ "vector", vector },	{ "invalid", invalid },	      { "x87", x87 },
};

int main(const char *kind)
{
	for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, kind))
			kinds[i].act();
	printf("fault %s: survived\n", kind);
	return 0;
}
