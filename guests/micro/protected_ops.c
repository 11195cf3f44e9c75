/* SPDX-License-Identifier: MIT */
/* Operations of 32-bit protected mode, with and without paging. */
#include <minikvm/abi.h>

#include "micro.h"
#include "paging.h"

#define SOFTWARE_VECTOR 0x30
#define APIC_VECTOR 0x31
#define PAGE_FAULT_VECTOR 14

/* RAM nobody has touched: behind this program, up to the end of what kvm-vmm gives by default. */
#define TOUCH_FIRST 0x200000u
#define TOUCH_PAGES ((PROTECTED_MODE_MEM - TOUCH_FIRST) / PAGE_BYTES)

#define WINDOW 0x40000000u /* 4 MiB of which no page is present */

#define PIC1_DATA 0x21
#define PIC2_DATA 0xa1

/* SDM vol. 3, 11.4 and 11.5.4; KVM and QEMU count 1 ns a step at "divide by 1". */
#define APIC_BASE 0xfee00000u
#define APIC_EOI 0x0b0
#define APIC_SPURIOUS 0x0f0
#define APIC_SPURIOUS_ON 0x1ff
#define APIC_ICR_LOW 0x300
#define APIC_ICR_SELF 0x40000
#define APIC_LVT_TIMER 0x320
#define APIC_TIMER_COUNT 0x380
#define APIC_TIMER_DIVIDE 0x3e0
#define APIC_DIVIDE_BY_1 0xb
#define APIC_TIMER_PERIODIC (1u << 17)
#define TIMER_WAIT_NS 500000
#define TIMER_WAITS 200
#define CPUID_EDX_APIC (1u << 9)

/* QEMU's HPET: IA-PC HPET specification 1.0a, 2.3. */
#define HPET_BASE 0xfed00000u
#define HPET_VENDOR_INTEL 0x8086
#define HPET_INTERRUPT_STATUS 0x20 /* writing 0 does nothing */

const char *const mode_name = "protected";

static uint32_t directory[ENTRIES] __attribute__((aligned(4096)));
static uint32_t window[ENTRIES] __attribute__((aligned(4096)));

volatile uint32_t *page_fault_entry; /* what the handler makes present */

static void map_large(uint32_t address)
{
	directory[address / LARGE_PAGE_BYTES] =
	    (address & -LARGE_PAGE_BYTES) | PRESENT | WRITABLE | LARGE;
}

void mode_setup(struct micro *micro)
{
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
	if (!micro->paging)
		return;
	map_large(0);
	map_large(TESTDEV_MMIO);
	map_large(APIC_BASE); /* and the HPET */
	directory[WINDOW / LARGE_PAGE_BYTES] = (uint32_t)window | PRESENT | WRITABLE;
	enable_paging(directory);
}

__asm__(".pushsection .text\n"
	"count_interrupt:\n\t"
	"incl interrupts\n\t"
	"iret\n"
	"count_apic_interrupt:\n\t"
	"incl interrupts\n\t"
	"movl $0, 0xfee000b0\n\t" /* APIC_EOI */
	"iret\n"
	"make_present:\n\t"
	"push %eax\n\t"
	"mov page_fault_entry, %eax\n\t"
	"orl $1, (%eax)\n\t"
	"pop %eax\n\t"
	"add $4, %esp\n\t" /* the error code */
	"iret\n"
	".popsection");

void count_interrupt(void);
void count_apic_interrupt(void);
void make_present(void);

static const char *need_iret(struct micro *micro)
{
	return micro->emulated ? "KVM's emulator has no protected-mode iret" : NULL;
}

static const char *set_software_vector(struct micro *micro)
{
	set_vector(SOFTWARE_VECTOR, count_interrupt);
	return need_iret(micro);
}

static void run_int(struct micro *micro, uint32_t sample)
{
	(void)micro;
	(void)sample;
	__asm__ volatile("int %0" : : "i"(SOFTWARE_VECTOR) : "memory");
}

static volatile uint32_t *memory(uint32_t address)
{
	return (volatile uint32_t *)address;
}

static const char *find_mmio_read(struct micro *micro)
{
	if (micro->testdev)
		micro->mmio = memory(TESTDEV_MMIO);
	else if (!on_minikvm() && *memory(HPET_BASE) >> 16 == HPET_VENDOR_INTEL)
		micro->mmio = memory(HPET_BASE);
	return micro->mmio ? NULL : "no device";
}

static const char *find_mmio_write(struct micro *micro)
{
	if (!micro->mmio)
		return "no device";
	micro->mmio = memory(micro->testdev ? TESTDEV_MMIO : HPET_BASE + HPET_INTERRUPT_STATUS);
	return NULL;
}

static void run_mmio_read(struct micro *micro, uint32_t sample)
{
	(void)sample;
	(void)*micro->mmio;
}

static void run_mmio_write(struct micro *micro, uint32_t sample)
{
	(void)sample;
	*micro->mmio = 0;
}

static void run_first_touch(struct micro *micro, uint32_t sample)
{
	(void)micro;
	*memory(TOUCH_FIRST + PAGE_BYTES * sample) = 1;
}

static void write_apic(uint32_t apic_register, uint32_t value)
{
	*memory(APIC_BASE + apic_register) = value;
}

static const char *set_up_apic(struct micro *micro)
{
	uint32_t eax = 1, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	if (!(edx & CPUID_EDX_APIC))
		return "no local APIC";
	if (need_iret(micro))
		return need_iret(micro);
	set_vector(APIC_VECTOR, count_apic_interrupt);
	write_apic(APIC_SPURIOUS, APIC_SPURIOUS_ON);
	write_apic(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	write_apic(APIC_LVT_TIMER, APIC_VECTOR); /* one shot */
	return NULL;
}

static void run_self_irq(struct micro *micro, uint32_t sample)
{
	const uint32_t before = interrupts;

	(void)micro;
	(void)sample;
	__asm__ volatile("sti");
	write_apic(APIC_ICR_LOW, APIC_ICR_SELF | APIC_VECTOR);
	while (interrupts == before)
		;
	__asm__ volatile("cli");
}

/* Both wait for the same TIMER_WAIT_NS; what HLT adds is the way to sleep and back. */
static void run_timer_spin(struct micro *micro, uint32_t sample)
{
	const uint32_t before = interrupts;

	(void)micro;
	(void)sample;
	write_apic(APIC_TIMER_COUNT, TIMER_WAIT_NS);
	__asm__ volatile("sti");
	while (interrupts == before)
		;
	__asm__ volatile("cli");
}

/*
 * Periodic: STI holds the interrupt back until HLT, but QEMU's SVM forgets that across an exit
 * between the two (helper_vmrun() ignores the interrupt shadow), and the HLT would never end.
 */
static const char *set_up_periodic_timer(struct micro *micro)
{
	const char *reason = set_up_apic(micro);

	if (!reason)
		write_apic(APIC_LVT_TIMER, APIC_VECTOR | APIC_TIMER_PERIODIC);
	return reason;
}

/* Stops it and takes what is pending. */
static void stop_timer(struct micro *micro, uint32_t sample)
{
	(void)micro;
	(void)sample;
	write_apic(APIC_TIMER_COUNT, 0);
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

static void run_timer_hlt(struct micro *micro, uint32_t sample)
{
	(void)micro;
	(void)sample;
	write_apic(APIC_TIMER_COUNT, TIMER_WAIT_NS);
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

static const char *need_paging(struct micro *micro)
{
	return micro->paging ? NULL : "paging is off";
}

static void run_cr3(struct micro *micro, uint32_t sample)
{
	(void)micro;
	(void)sample;
	load_cr3(directory);
}

static void flush_page(uint32_t address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static void run_invlpg(struct micro *micro, uint32_t sample)
{
	(void)micro;
	(void)sample;
	flush_page(WINDOW);
}

static const char *set_page_fault_handler(struct micro *micro)
{
	set_vector(PAGE_FAULT_VECTOR, make_present);
	return micro->paging ? need_iret(micro) : need_paging(micro);
}

static void remove_page(struct micro *micro, uint32_t sample)
{
	(void)micro;
	page_fault_entry = &window[sample % ENTRIES];
	*page_fault_entry = WRITABLE; /* of the frame at 0, which is only read */
	flush_page(WINDOW + PAGE_BYTES * (sample % ENTRIES));
}

static void run_page_fault(struct micro *micro, uint32_t sample)
{
	(void)micro;
	(void)*memory(WINDOW + PAGE_BYTES * (sample % ENTRIES));
}

const struct op mode_ops[] = {
	{ "mmio-read", find_mmio_read, NULL, run_mmio_read },
	{ "mmio-write", find_mmio_write, NULL, run_mmio_write },
	{ "first-touch", NULL, NULL, run_first_touch, .limit = TOUCH_PAGES },
	{ "int", set_software_vector, NULL, run_int },
	{ "self-irq", set_up_apic, NULL, run_self_irq },
	{ "cr3", need_paging, NULL, run_cr3 },
	{ "invlpg", need_paging, NULL, run_invlpg },
	{ "page-fault", set_page_fault_handler, remove_page, run_page_fault },
	{ "timer-spin", set_up_apic, NULL, run_timer_spin, .limit = TIMER_WAITS },
	{ "timer-hlt", set_up_periodic_timer, stop_timer, run_timer_hlt,
	  .limit = TIMER_WAITS }, /* last: it goes on */
	{ NULL },
};
