/* SPDX-License-Identifier: MIT */
/* The exit table: every reason KVM_RUN may return for, its name and what to do. */
#include <string.h>
#include <sys/ioctl.h>

#include "vmm.h"

#define RFLAGS_IF (1u << 9)
#define IVT_ENTRY_BYTES 4 /* real mode: offset and segment of each vector */

static bool exit_io(struct vcpu *v)
{
	return pio_exit(v);
}

/* An address with no memory behind it: the test device, or a guest's mistake. */
static bool exit_mmio(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	uint8_t *device = testdev_mmio(v->vm, run->mmio.phys_addr, run->mmio.len);

	if (!device)
		return vcpu_fault(v, "%s of %u bytes at %#llx, outside its memory of %llu KiB",
				  run->mmio.is_write ? "write" : "read", run->mmio.len,
				  (unsigned long long)run->mmio.phys_addr,
				  (unsigned long long)(v->vm->mem_bytes / KIB));
	if (run->mmio.is_write)
		memcpy(device, run->mmio.data, run->mmio.len);
	else
		memcpy(run->mmio.data, device, run->mmio.len);
	return true;
}

/*
 * HLT reaches us only without an irqchip. With interrupts off nothing could
 * ever wake the guest: it has finished. Otherwise the next timer tick does,
 * through its handler if the interrupt vector table has one.
 */
static bool exit_hlt(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	uint64_t window = v->vm->config->layout == LAYOUT_SHARED ? v->id * REAL_MODE_MEM : 0;
	const uint8_t *vector =
	    gpa_ptr(v->vm, window + TIMER_VECTOR * IVT_ENTRY_BYTES, IVT_ENTRY_BYTES);

	if (!(run->s.regs.regs.rflags & RFLAGS_IF))
		return vcpu_end(v, END_HLT, STATUS_OK);
	console_flush(&v->console, false);
	if (!timer_wait_tick(v))
		return true; /* the run loop sees that it is to stop */
	if (memcmp(vector, (uint8_t[IVT_ENTRY_BYTES]){ 0 }, IVT_ENTRY_BYTES) != 0)
		vm_ioctl(v->fd, KVM_INTERRUPT, (&(struct kvm_interrupt){ .irq = TIMER_VECTOR }));
	return true;
}

static bool exit_shutdown(struct vcpu *v)
{
	return vcpu_fault(v, "triple fault (KVM_EXIT_SHUTDOWN)");
}

static bool exit_internal_error(struct vcpu *v)
{
	static const char *const names[] = {
		[KVM_INTERNAL_ERROR_EMULATION] = "instruction not emulated",
		[KVM_INTERNAL_ERROR_SIMUL_EX] = "simultaneous exceptions",
		[KVM_INTERNAL_ERROR_DELIVERY_EV] = "event not delivered",
		[KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] = "unexpected exit reason",
	};
	uint32_t suberror = v->run->internal.suberror;
	const char *name = suberror < sizeof(names) / sizeof(names[0]) ? names[suberror] : NULL;

	return vcpu_fault(v, "KVM internal error %u (%s)", suberror, name ? name : "no name");
}

static bool exit_fail_entry(struct vcpu *v)
{
	return vcpu_fault(v, "KVM could not enter the guest, hardware reason %#llx",
			  (unsigned long long)v->run->fail_entry.hardware_entry_failure_reason);
}

/* Nothing to do: KVM wants us to look at our own state. */
static bool exit_resume(struct vcpu *v)
{
	(void)v;
	return true;
}

/* A reason without a handler is one that this VMM has not asked KVM for. */
static const struct {
	const char *name;
	bool (*handle)(struct vcpu *v);
} exits[] = {
	[KVM_EXIT_UNKNOWN] = { "KVM_EXIT_UNKNOWN", NULL },
	[KVM_EXIT_EXCEPTION] = { "KVM_EXIT_EXCEPTION", NULL },
	[KVM_EXIT_IO] = { "KVM_EXIT_IO", exit_io },
	[KVM_EXIT_HYPERCALL] = { "KVM_EXIT_HYPERCALL", NULL },
	[KVM_EXIT_DEBUG] = { "KVM_EXIT_DEBUG", NULL },
	[KVM_EXIT_HLT] = { "KVM_EXIT_HLT", exit_hlt },
	[KVM_EXIT_MMIO] = { "KVM_EXIT_MMIO", exit_mmio },
	[KVM_EXIT_IRQ_WINDOW_OPEN] = { "KVM_EXIT_IRQ_WINDOW_OPEN", exit_resume },
	[KVM_EXIT_SHUTDOWN] = { "KVM_EXIT_SHUTDOWN", exit_shutdown },
	[KVM_EXIT_FAIL_ENTRY] = { "KVM_EXIT_FAIL_ENTRY", exit_fail_entry },
	[KVM_EXIT_INTR] = { "KVM_EXIT_INTR", exit_resume },
	[KVM_EXIT_SET_TPR] = { "KVM_EXIT_SET_TPR", NULL },
	[KVM_EXIT_TPR_ACCESS] = { "KVM_EXIT_TPR_ACCESS", NULL },
	[KVM_EXIT_NMI] = { "KVM_EXIT_NMI", NULL },
	[KVM_EXIT_INTERNAL_ERROR] = { "KVM_EXIT_INTERNAL_ERROR", exit_internal_error },
	[KVM_EXIT_SYSTEM_EVENT] = { "KVM_EXIT_SYSTEM_EVENT", NULL },
	[KVM_EXIT_IOAPIC_EOI] = { "KVM_EXIT_IOAPIC_EOI", NULL },
	[KVM_EXIT_HYPERV] = { "KVM_EXIT_HYPERV", NULL },
	[KVM_EXIT_X86_RDMSR] = { "KVM_EXIT_X86_RDMSR", NULL },
	[KVM_EXIT_X86_WRMSR] = { "KVM_EXIT_X86_WRMSR", NULL },
	[KVM_EXIT_DIRTY_RING_FULL] = { "KVM_EXIT_DIRTY_RING_FULL", NULL },
	[KVM_EXIT_X86_BUS_LOCK] = { "KVM_EXIT_X86_BUS_LOCK", NULL },
};

const char *exit_name(uint32_t reason)
{
	return reason < sizeof(exits) / sizeof(exits[0]) ? exits[reason].name : NULL;
}

bool exit_handle(struct vcpu *v)
{
	uint32_t reason = v->run->exit_reason;

	if (reason < sizeof(exits) / sizeof(exits[0]) && exits[reason].handle)
		return exits[reason].handle(v);
	return vcpu_fault(v, "exit reason %u (%s), which this VMM does not handle", reason,
			  exit_name(reason) ? exit_name(reason) : "no name");
}
