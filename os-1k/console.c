/* SPDX-License-Identifier: MIT */
/* The console: hypercalls on kvm-vmm, COM1 elsewhere; the input ring; printing; the way out. */
#include "kernel.h"

static void minikvm_init(void)
{
	/* Its timer ticks every 10 ms by itself, its keyboard needs no set-up. */
}

static int32_t hypercall(uint32_t number, uint8_t byte)
{
	__asm__ volatile("outb %b0, %w1" : "+a"(number) : "d"(HC_PORT), "b"(byte) : "memory");
	return (int32_t)number;
}

static void minikvm_put(uint8_t byte)
{
	hypercall(HC_PUTCHAR, byte);
}

static int32_t minikvm_get(void)
{
	return hypercall(HC_GETCHAR, 0);
}

static void minikvm_power_off(void)
{
	hypercall(HC_EXIT, 0);
}

/* 16550 registers (offsets from COM1_PORT) and bits; PC16550D data sheet, section 8. */
#define UART_DATA 0
#define UART_INTERRUPTS 1
#define UART_LINE 3
#define UART_MODEM 4
#define UART_STATUS 5
#define UART_RECEIVE_INTERRUPT 0x01
#define UART_DIVISOR_ACCESS 0x80
#define UART_8N1 0x03
#define UART_DTR_RTS_OUT2 0x0b /* OUT2 connects the interrupt line on a PC */
#define UART_RECEIVED 0x01
#define UART_CAN_SEND 0x20

/* 8254: the input clock and the mode of channel 0; Intel 8254 data sheet. */
#define PIT_HZ 1193182
#define TICK_HZ 100
#define PIT_MODE_PORT (PIT_PORT + 3)
#define PIT_RATE_GENERATOR 0x34 /* channel 0, low then high byte, mode 2 */

/* PIIX4 power management block, where the firmware puts it: PM1a control, SLP_EN, S5. */
#define PM_CONTROL_PORT 0x604
#define PM_SOFT_OFF 0x2000

/* The FIFO stays off: switching it on would drop what has been received so far. */
static void pc_init(void)
{
	const uint16_t divisor = (PIT_HZ + TICK_HZ / 2) / TICK_HZ;

	outb(PIT_MODE_PORT, PIT_RATE_GENERATOR);
	outb(PIT_PORT, divisor & 0xff);
	outb(PIT_PORT, divisor >> 8);
	outb(COM1_PORT + UART_LINE, UART_DIVISOR_ACCESS | UART_8N1);
	outb(COM1_PORT + UART_DATA, 1); /* 115,200 baud */
	outb(COM1_PORT + UART_INTERRUPTS, 0);
	outb(COM1_PORT + UART_LINE, UART_8N1);
	outb(COM1_PORT + UART_MODEM, UART_DTR_RTS_OUT2);
	outb(COM1_PORT + UART_INTERRUPTS, UART_RECEIVE_INTERRUPT);
}

static void pc_put(uint8_t byte)
{
	while (!(inb(COM1_PORT + UART_STATUS) & UART_CAN_SEND))
		;
	outb(COM1_PORT + UART_DATA, byte);
}

static int32_t pc_get(void)
{
	if (!(inb(COM1_PORT + UART_STATUS) & UART_RECEIVED))
		return CONSOLE_EMPTY;
	return inb(COM1_PORT + UART_DATA);
}

static void pc_power_off(void)
{
	outw(PM_CONTROL_PORT, PM_SOFT_OFF);
}

static const struct platform minikvm = {
	.input_irq = KEYBOARD_IRQ,
	.init = minikvm_init,
	.put = minikvm_put,
	.get = minikvm_get,
	.power_off = minikvm_power_off,
};

static const struct platform pc = {
	.input_irq = COM1_IRQ,
	.init = pc_init,
	.put = pc_put,
	.get = pc_get,
	.power_off = pc_power_off,
};

void console_init(struct console *c)
{
	c->platform = inl(HC_PORT) == HC_SIGNATURE ? &minikvm : &pc;
	c->platform->init();
	c->more = true; /* bytes may have come before the interrupt was there to tell */
}

void console_fill(struct console *c)
{
	int32_t byte;

	while (!c->ended && c->head - c->tail < INPUT_RING_BYTES) {
		byte = c->platform->get();
		if (byte == CONSOLE_EMPTY) {
			c->more = false;
			return;
		}
		if (byte == CONSOLE_END)
			c->ended = true;
		else
			c->ring[c->head++ % INPUT_RING_BYTES] = (uint8_t)byte;
	}
	c->more = !c->ended;
}

int32_t console_getc(struct console *c)
{
	if (c->head == c->tail && c->more)
		console_fill(c);
	if (c->head != c->tail)
		return c->ring[c->tail++ % INPUT_RING_BYTES];
	return c->ended ? CONSOLE_END : CONSOLE_EMPTY;
}

void console_putc(struct console *c, uint8_t byte)
{
	c->platform->put(byte);
}

static void print_char(void *console, char c)
{
	console_putc(console, (uint8_t)c);
}

void print(struct kernel *k, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	format(print_char, &k->console, text, args);
	va_end(args);
}

__attribute__((noreturn)) static void halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

void panic(struct kernel *k, const char *text, ...)
{
	va_list args;

	print(k, "Kernel panic: ");
	va_start(args, text);
	format(print_char, &k->console, text, args);
	va_end(args);
	print(k, "\n");
	outb(DEBUG_EXIT_PORT, PANIC_EXIT);
	halt();
}

void power_off(struct kernel *k)
{
	k->console.platform->power_off();
	halt();
}
