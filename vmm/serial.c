/* SPDX-License-Identifier: MIT */
/*
 * COM1, a 16550 as far as a console needs it: polled and interrupt-driven
 * input and output, the divisor latch, and FIFO detection.
 */
#include "vmm.h"

/* Register offsets; 0 and 1 are the divisor while LCR_DLAB is set. */
enum { REG_DATA, REG_IER, REG_IIR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR };

#define IER_RX 0x01
#define IER_THRE 0x02
#define IIR_NONE 0x01
#define IIR_THRE 0x02
#define IIR_RX 0x04
#define IIR_FIFO 0xc0
#define FCR_ENABLE 0x01
#define LCR_DLAB 0x80
#define LSR_DATA 0x01
#define LSR_THR_EMPTY 0x60 /* holding and shift register: output takes no time */
#define MSR_READY 0xb0	   /* carrier, data set ready, clear to send */

/*
 * With vm->lock held. The PIC wants an edge: between two causes the line falls
 * (`again`: a byte was taken and there are more).
 */
static void update_irq(struct vm *vm, bool again)
{
	struct serial *s = &vm->serial;
	bool level = ((s->ier & IER_RX) && vm->keyboard.head != vm->keyboard.tail) ||
		     ((s->ier & IER_THRE) && s->thr_empty_pending);

	if (!vm->irqchip || (level == s->irq_level && !(level && again)))
		return;
	if (level && s->irq_level)
		vm_set_irq(vm, COM1_IRQ, false);
	vm_set_irq(vm, COM1_IRQ, level);
	s->irq_level = level;
}

void serial_input_arrived(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	update_irq(vm, false);
	pthread_mutex_unlock(&vm->lock);
}

static uint8_t interrupt_id(struct vm *vm)
{
	struct serial *s = &vm->serial;
	uint8_t fifo = s->fcr & FCR_ENABLE ? IIR_FIFO : 0;

	if ((s->ier & IER_RX) && keyboard_has_byte(vm))
		return fifo | IIR_RX;
	if (!(s->ier & IER_THRE) || !s->thr_empty_pending)
		return fifo | IIR_NONE;
	s->thr_empty_pending = false; /* reading it is the acknowledgement */
	return fifo | IIR_THRE;
}

static uint8_t read_register(struct vm *vm, unsigned int reg)
{
	struct serial *s = &vm->serial;

	if (reg <= REG_IER && (s->plain[REG_LCR] & LCR_DLAB))
		return s->divisor[reg];
	switch (reg) {
	case REG_DATA:
		return keyboard_has_byte(vm) ? (uint8_t)keyboard_take(vm) : 0;
	case REG_IER:
		return s->ier;
	case REG_IIR:
		return interrupt_id(vm);
	case REG_LSR:
		return LSR_THR_EMPTY | (keyboard_has_byte(vm) ? LSR_DATA : 0);
	case REG_MSR:
		return MSR_READY;
	default:
		return s->plain[reg];
	}
}

static void write_register(struct vcpu *v, unsigned int reg, uint8_t value)
{
	struct serial *s = &v->vm->serial;

	if (reg <= REG_IER && (s->plain[REG_LCR] & LCR_DLAB)) {
		s->divisor[reg] = value;
		return;
	}
	switch (reg) {
	case REG_DATA:
		console_put(&v->console, value);
		s->thr_empty_pending = true;
		break;
	case REG_IER:
		if ((value & IER_THRE) && !(s->ier & IER_THRE))
			s->thr_empty_pending = true;
		s->ier = value & (IER_RX | IER_THRE);
		break;
	case REG_IIR: /* written, it is the FIFO control register */
		s->fcr = value;
		break;
	default: /* the status registers are never read back from here */
		s->plain[reg] = value;
	}
}

bool serial_access(struct vcpu *v, struct pio_access *a)
{
	struct vm *vm = v->vm;
	unsigned int reg = a->port - COM1_PORT;
	bool interrupts = vm->serial.ier != 0;

	if (a->out)
		write_register(v, reg, (uint8_t)a->value);
	else
		a->value = read_register(vm, reg);
	/* A port that is only polled costs neither a lock nor a system call. */
	if (!interrupts && vm->serial.ier == 0)
		return true;
	pthread_mutex_lock(&vm->lock);
	update_irq(vm, reg == REG_DATA);
	pthread_mutex_unlock(&vm->lock);
	return true;
}
