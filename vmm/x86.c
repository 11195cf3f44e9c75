/* SPDX-License-Identifier: MIT */
/* Register state of the processor: how a guest starts, what is shown of one that faulted. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm.h"

/* Intel SDM vol. 3, 2.5 "Control Registers" and 2.3 "EFLAGS". */
#define CR0_PE (1u << 0)
#define CR0_ET (1u << 4)
#define RFLAGS_FIXED (1u << 1)

/* Intel SDM vol. 3, 3.4.5.1, table 3-1: segment types, with the accessed bit. */
#define SEGMENT_DATA 3
#define SEGMENT_CODE 11

#define MULTIBOOT_BOOTLOADER_MAGIC 0x2badb002
#define DUMP_BYTES 16
#define CPUID_MAX 256

static void set_state(struct vcpu *v, struct kvm_sregs *sregs, struct kvm_regs *regs)
{
	vm_ioctl(v->fd, KVM_SET_SREGS, sregs);
	vm_ioctl(v->fd, KVM_SET_REGS, regs);
}

void x86_setup_real(struct vcpu *v, uint32_t base, uint32_t entry)
{
	struct kvm_regs regs = { .rip = entry, .rflags = RFLAGS_FIXED };
	struct kvm_sregs sregs;
	struct kvm_segment *segments[] = { &sregs.cs, &sregs.ds, &sregs.es,
					   &sregs.fs, &sregs.gs, &sregs.ss };

	vm_ioctl(v->fd, KVM_GET_SREGS, &sregs);
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		segments[i]->base = base;
		segments[i]->selector = (uint16_t)(base >> 4);
	}
	sregs.idt.base = base; /* vectors in the guest's own window */
	sregs.cr0 = CR0_ET;    /* caches on: after reset CD and NW are set */
	set_state(v, &sregs, &regs);
}

/* A GDT entry of 4 GiB from 0. Intel SDM vol. 3, 3.4.5, figure 3-8. */
static uint64_t flat_descriptor(unsigned int type, unsigned int dpl)
{
	uint64_t access = 0x90 | (uint64_t)dpl << 5 | type; /* present, code or data */

	return 0x00cf00000000ffffull | access << 40;
}

/* The processor's own copy of such an entry. */
static struct kvm_segment flat_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.base = 0,
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = 1, /* 32-bit */
		.s = 1,	 /* code or data */
		.g = 1,	 /* limit in pages */
	};
}

/* Gives the guest the processor's features that KVM can virtualize. */
static void set_cpuid(struct vcpu *v)
{
	_Alignas(struct kvm_cpuid2)
	    uint8_t buffer[sizeof(struct kvm_cpuid2) + CPUID_MAX * sizeof(struct kvm_cpuid_entry2)];
	struct kvm_cpuid2 *cpuid = (struct kvm_cpuid2 *)buffer;

	*cpuid = (struct kvm_cpuid2){ .nent = CPUID_MAX };
	vm_ioctl(v->vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid);
	vm_ioctl(v->fd, KVM_SET_CPUID2, cpuid);
}

void x86_setup_protected(struct vcpu *v, uint32_t entry, uint32_t multiboot_info)
{
	const uint64_t gdt[] = {
		0,
		flat_descriptor(SEGMENT_CODE, 0), /* BOOT_CODE_SELECTOR */
		flat_descriptor(SEGMENT_DATA, 0), /* BOOT_DATA_SELECTOR */
		flat_descriptor(SEGMENT_CODE, 3),
		flat_descriptor(SEGMENT_DATA, 3),
	};
	/* Multiboot 1, section 3.2 "Machine state". */
	struct kvm_regs regs = {
		.rax = MULTIBOOT_BOOTLOADER_MAGIC,
		.rbx = multiboot_info,
		.rip = entry,
		.rflags = RFLAGS_FIXED,
	};
	struct kvm_sregs sregs;
	void *table = gpa_ptr(v->vm, BOOT_GDT_ADDR, sizeof(gdt));

	memcpy(table, gdt, sizeof(gdt));
	set_cpuid(v);
	vm_ioctl(v->fd, KVM_GET_SREGS, &sregs);
	sregs.cs = flat_segment(BOOT_CODE_SELECTOR, SEGMENT_CODE);
	sregs.ds = flat_segment(BOOT_DATA_SELECTOR, SEGMENT_DATA);
	sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.ds;
	sregs.gdt = (struct kvm_dtable){ .base = BOOT_GDT_ADDR, .limit = sizeof(gdt) - 1 };
	/* Limit 0: any interrupt or exception before the kernel's own lidt is a triple fault. */
	sregs.idt = (struct kvm_dtable){ .base = BOOT_IDT_ADDR, .limit = 0 };
	sregs.cr0 = CR0_PE | CR0_ET;
	set_state(v, &sregs, &regs);
}

size_t x86_code(const struct vcpu *v, uint64_t *linear, uint8_t *code, size_t len)
{
	struct kvm_translation t;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	size_t n = 0;
	const uint8_t *byte;

	if (ioctl(v->fd, KVM_GET_REGS, &regs) < 0 || ioctl(v->fd, KVM_GET_SREGS, &sregs) < 0)
		return 0;
	*linear = (sregs.cs.base + regs.rip) & 0xffffffff;
	t = (struct kvm_translation){ .linear_address = *linear };
	if (ioctl(v->fd, KVM_TRANSLATE, &t) < 0 || !t.valid)
		return 0;
	while (n < len && (byte = gpa_ptr(v->vm, t.physical_address + n, 1)))
		code[n++] = *byte;
	return n;
}

/* What a vCPU that does not go on may be waiting for. */
static void dump_interrupts(struct vcpu *v)
{
	struct kvm_irqchip pic = { .chip_id = KVM_IRQCHIP_PIC_MASTER };
	struct kvm_mp_state state;
	const struct keyboard *k = &v->vm->keyboard;

	if (!v->vm->irqchip || ioctl(v->vm->fd, KVM_GET_IRQCHIP, &pic) < 0 ||
	    ioctl(v->fd, KVM_GET_MP_STATE, &state) < 0)
		return;
	fprintf(stderr, "  %s, pic irr=%02x isr=%02x imr=%02x, input %u bytes waiting%s\n",
		state.mp_state == KVM_MP_STATE_HALTED ? "halted" : "running", pic.chip.pic.irr,
		pic.chip.pic.isr, pic.chip.pic.imr, k->head - k->tail, k->end ? ", ended" : "");
}

void x86_dump(struct vcpu *v)
{
	uint8_t code[DUMP_BYTES];
	struct kvm_regs r;
	struct kvm_sregs s;
	uint64_t linear = 0;
	size_t n = x86_code(v, &linear, code, sizeof(code));

	if (ioctl(v->fd, KVM_GET_REGS, &r) < 0 || ioctl(v->fd, KVM_GET_SREGS, &s) < 0)
		return;
	flockfile(stderr);
	fprintf(stderr,
		"  eax=%08llx ebx=%08llx ecx=%08llx edx=%08llx esi=%08llx edi=%08llx\n"
		"  ebp=%08llx esp=%08llx eip=%08llx eflags=%08llx\n"
		"  cs=%04x ds=%04x es=%04x fs=%04x gs=%04x ss=%04x tr=%04x\n"
		"  cr0=%08llx cr2=%08llx cr3=%08llx cr4=%08llx gdt=%08llx+%04x idt=%08llx+%04x\n",
		r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.rsp, r.rip, r.rflags,
		s.cs.selector, s.ds.selector, s.es.selector, s.fs.selector, s.gs.selector,
		s.ss.selector, s.tr.selector, s.cr0, s.cr2, s.cr3, s.cr4, s.gdt.base, s.gdt.limit,
		s.idt.base, s.idt.limit);
	fprintf(stderr, "  code at %08llx:%s", (unsigned long long)linear,
		n ? "" : " not in guest memory");
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, " %02x", code[i]);
	fputc('\n', stderr);
	dump_interrupts(v);
	funlockfile(stderr);
}
