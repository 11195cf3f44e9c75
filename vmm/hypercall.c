/* SPDX-License-Identifier: MIT */
/* Hypercalls: an OUT to HC_PORT with the number in AL (abi.h). */
#include "vmm.h"

static bool hc_exit(struct vcpu *v)
{
	return vcpu_end(v, END_HC_EXIT, STATUS_OK);
}

static bool hc_putchar(struct vcpu *v)
{
	console_put(&v->console, (uint8_t)v->run->s.regs.regs.rbx);
	return true;
}

static bool hc_getchar(struct vcpu *v)
{
	uint32_t byte = keyboard_take(v->vm);

	/* A real-mode guest has no keyboard interrupt to wait for: the call blocks. */
	while (byte == HC_NOTHING_YET && !v->vm->irqchip) {
		console_flush(&v->console, false);
		if (!keyboard_wait(v))
			return true;
		byte = keyboard_take(v->vm);
	}
	v->run->s.regs.regs.rax = byte;
	v->run->kvm_dirty_regs |= KVM_SYNC_X86_REGS;
	return true;
}

bool hypercall_access(struct vcpu *v, struct pio_access *a)
{
	static bool (*const calls[])(struct vcpu * v) = {
		[HC_EXIT] = hc_exit,
		[HC_PUTCHAR] = hc_putchar,
		[HC_GETCHAR] = hc_getchar,
	};
	uint8_t number = (uint8_t)a->value;

	if (!a->out) {
		a->value = HC_SIGNATURE;
		return true;
	}
	if (number >= sizeof(calls) / sizeof(calls[0]))
		return vcpu_fault(v, "unknown hypercall %#x", number);
	return calls[number](v);
}
