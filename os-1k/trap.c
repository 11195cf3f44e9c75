/* SPDX-License-Identifier: MIT */
/* The processor's tables, exceptions and interrupts. */
#include "kernel.h"

/* Access bytes; SDM vol. 3A 3.4.5 (segments), 3.5 (system segments), 6.11 (gates). */
#define PRESENT 0x80
#define RING_3 0x60
#define SEGMENT_CODE 0x1a
#define SEGMENT_DATA 0x12
#define SYSTEM_TSS 0x09
#define INTERRUPT_GATE 0x0e /* clears IF: the kernel is entered with interrupts off */
#define FLAT_LIMIT 0xfffff
#define FLAT_FLAGS 0xc /* limit in pages, 32-bit */

/* 8259A: ports and command words; Intel 8259A data sheet. */
#define PIC1 0x20
#define PIC2 0xa0
#define ICW1_INIT_ICW4 0x11
#define ICW4_8086 0x01
#define PIC_END_OF_INTERRUPT 0x20
#define PIC_CASCADE_IRQ 2
#define PIC_SPURIOUS_IRQ 7 /* of either chip: the request was gone before it was served */

static const char *const exception_names[PIC_VECTOR] = {
	[0] = "Divide Error",
	[1] = "Debug Exception",
	[2] = "NMI Interrupt",
	[3] = "Breakpoint",
	[4] = "Overflow",
	[5] = "BOUND Range Exceeded",
	[6] = "Invalid Opcode",
	[7] = "Device Not Available",
	[8] = "Double Fault",
	[9] = "Coprocessor Segment Overrun",
	[10] = "Invalid TSS",
	[11] = "Segment Not Present",
	[12] = "Stack-Segment Fault",
	[13] = "General Protection",
	[14] = "Page Fault",
	[16] = "x87 Floating-Point Error",
	[17] = "Alignment Check",
	[18] = "Machine Check",
	[19] = "SIMD Floating-Point Exception",
	[20] = "Virtualization Exception",
	[21] = "Control Protection Exception",
};

static uint64_t descriptor(uint32_t base, uint32_t limit, uint8_t access, uint8_t flags)
{
	uint32_t low = base << 16 | (limit & 0xffff);
	uint32_t high = (base & 0xff000000) | (uint32_t)flags << 20 | (limit & 0xf0000) |
			(uint32_t)access << 8 | (base >> 16 & 0xff);

	return (uint64_t)high << 32 | low;
}

static void gdt_init(struct tss *tss)
{
	uint64_t *gdt = (uint64_t *)(KERNEL_BASE + GDT_ADDR);
	const struct table_register gdtr = { GDT_ENTRIES * sizeof(*gdt) - 1, (uintptr_t)gdt };

	tss->ss0 = KERNEL_DATA;
	tss->io_map = sizeof(*tss);
	gdt[0] = 0;
	gdt[KERNEL_CODE / 8] = descriptor(0, FLAT_LIMIT, PRESENT | SEGMENT_CODE, FLAT_FLAGS);
	gdt[KERNEL_DATA / 8] = descriptor(0, FLAT_LIMIT, PRESENT | SEGMENT_DATA, FLAT_FLAGS);
	gdt[USER_CODE / 8] = descriptor(0, FLAT_LIMIT, PRESENT | RING_3 | SEGMENT_CODE, FLAT_FLAGS);
	gdt[USER_DATA / 8] = descriptor(0, FLAT_LIMIT, PRESENT | RING_3 | SEGMENT_DATA, FLAT_FLAGS);
	gdt[TSS_SELECTOR / 8] =
	    descriptor((uintptr_t)tss, sizeof(*tss) - 1, PRESENT | SYSTEM_TSS, 0);

	/* LGDT alone changes nothing: a segment register keeps what it loaded before. */
	__asm__ volatile("lgdt %0\n\t"
			 "ljmp %1, $1f\n"
			 "1:\tmovl %2, %%ds\n\t"
			 "movl %2, %%es\n\t"
			 "movl %2, %%fs\n\t"
			 "movl %2, %%gs\n\t"
			 "movl %2, %%ss\n\t"
			 "ltr %w3"
			 :
			 : "m"(gdtr), "i"(KERNEL_CODE), "r"(KERNEL_DATA), "r"(TSS_SELECTOR)
			 : "memory");
}

static struct gate gate(const void *handler, uint8_t ring)
{
	uint32_t offset = (uintptr_t)handler;

	return (struct gate){
		.offset_low = offset & 0xffff,
		.offset_high = offset >> 16,
		.selector = KERNEL_CODE,
		.access = PRESENT | ring | INTERRUPT_GATE,
	};
}

static void idt_init(void)
{
	struct gate *idt = (struct gate *)(KERNEL_BASE + IDT_ADDR);
	const struct table_register idtr = { IDT_ENTRIES * sizeof(*idt) - 1, (uintptr_t)idt };

	memset(idt, 0, IDT_ENTRIES * sizeof(*idt));
	for (uint32_t vector = 0; vector < TRAP_STUBS; vector++)
		idt[vector] = gate(trap_stubs[vector], 0);
	idt[SYSCALL_VECTOR] = gate((const void *)(uintptr_t)trap_syscall, RING_3);
	__asm__ volatile("lidt %0" : : "m"(idtr));
}

/* ICW1 to ICW4 in order, then the mask: only the timer and the console's line are open. */
static void pic_init(uint8_t input_irq)
{
	outb(PIC1, ICW1_INIT_ICW4);
	outb(PIC2, ICW1_INIT_ICW4);
	outb(PIC1 + 1, PIC_VECTOR);
	outb(PIC2 + 1, PIC_VECTOR + 8);
	outb(PIC1 + 1, 1 << PIC_CASCADE_IRQ);
	outb(PIC2 + 1, PIC_CASCADE_IRQ);
	outb(PIC1 + 1, ICW4_8086);
	outb(PIC2 + 1, ICW4_8086);
	outb(PIC1 + 1, 0xff ^ 1 << TIMER_IRQ ^ 1 << input_irq);
	outb(PIC2 + 1, 0xff);
}

void trap_init(struct kernel *k)
{
	gdt_init(&k->tss);
	idt_init();
	pic_init(k->console.platform->input_irq);
}

static bool from_user(const struct frame *f)
{
	return f->cs == USER_CODE;
}

/* From ring 0 the processor pushes no stack pointer: the stack is what lies above the frame. */
static void exception(struct kernel *k, const struct frame *f)
{
	const char *name = exception_names[f->vector] ? exception_names[f->vector] : "Reserved";
	uint32_t esp = from_user(f) ? f->esp : (uint32_t)(uintptr_t)&f->esp;

	print(k, "%s (vector %u) in %s, pid %u (%s)\n", name, f->vector,
	      from_user(f) ? "user mode" : "the kernel", k->current->pid, k->current->name);
	print(k, "  error=%08x cr2=%08x eip=%08x eflags=%08x cs=%04x\n", f->error, read_cr2(),
	      f->eip, f->eflags, f->cs);
	print(k, "  eax=%08x ebx=%08x ecx=%08x edx=%08x\n", f->eax, f->ebx, f->ecx, f->edx);
	print(k, "  esi=%08x edi=%08x ebp=%08x esp=%08x\n", f->esi, f->edi, f->ebp, esp);
	if (!from_user(f))
		panic(k, "%s", name);
	proc_exit(k, STATUS_FAULT + (int32_t)f->vector);
}

/* Acknowledged first: the scheduler may come back here much later. */
static void interrupt(struct kernel *k, const struct frame *f)
{
	uint32_t irq = f->vector - PIC_VECTOR;

	if (irq % 8 == PIC_SPURIOUS_IRQ)
		return;
	outb(PIC1, PIC_END_OF_INTERRUPT);
	if (irq == TIMER_IRQ) {
		k->ticks++;
		if (from_user(f))
			schedule(k);
	} else {
		console_fill(&k->console);
		proc_wake(k, PROC_WAIT_INPUT);
	}
}

void trap(struct kernel *k, struct frame *f)
{
	if (f->vector == SYSCALL_VECTOR)
		syscall(k, f);
	else if (f->vector >= PIC_VECTOR)
		interrupt(k, f);
	else
		exception(k, f);
}
