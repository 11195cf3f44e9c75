/* SPDX-License-Identifier: MIT */
/* Addresses, selectors and vectors, for C, assembly and the linker scripts. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <minikvm/abi.h>

/*
 * Physical                            Virtual
 *   0x00000500  GDT, IDT behind it      0x00400000  user program, in its own page directory
 *   0x00100000  kernel image            0x007ff000  user stack, one page
 *   kernel_end  free pages              0x80000000  physical memory, from 0 to MEM_MAX
 */
#define KERNEL_BASE 0x80000000
#define KERNEL_LOAD 0x00100000
#define MEM_MAX PROTECTED_MODE_MEM /* one 4 MiB page: the kernel uses no more */
#define PAGE_SIZE 4096
#define USER_BASE 0x00400000
#define USER_STACK_TOP 0x00800000

#define GDT_ADDR BOOT_GDT_ADDR
#define GDT_ENTRIES 6
#define IDT_ADDR (GDT_ADDR + GDT_ENTRIES * 8)
#define IDT_ENTRIES 256

#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_CODE 0x1b /* 0x18 with RPL 3 */
#define USER_DATA 0x23
#define TSS_SELECTOR 0x28

#define IRQ_COUNT 16
#define SYSCALL_VECTOR 0x80
#define TRAP_STUBS (PIC_VECTOR + IRQ_COUNT)
#define TRAP_STUB_SIZE 16

/* SDM vol. 3A 2.5, "Control Registers". */
#define CR0_EM 0x00000004 /* no x87: its state is not switched, so using it is a fault (#NM) */
#define CR0_WP 0x00010000
#define CR0_PG 0x80000000
#define CR4_PSE 0x00000010

/* Page directory and page table entries; SDM vol. 3A 4.3, "32-bit Paging". */
#define PTE_PRESENT 0x001
#define PTE_WRITE 0x002
#define PTE_USER 0x004
#define PDE_4MIB 0x080

#endif
