/* SPDX-License-Identifier: MIT */
/*
 * The machine as a guest sees it: ports, hypercalls, addresses, exit values.
 * Included by the VMM, the guests and 1K OS, from C and from assembly: only
 * plain constants here. docs of each device: the file named beside it.
 */
#ifndef MINIKVM_ABI_H
#define MINIKVM_ABI_H

/* Hypercalls (vmm/hypercall.c): OUT of any width, the number in AL. */
#define HC_PORT 0x500
#define HC_EXIT 0x00	/* does not return */
#define HC_PUTCHAR 0x01 /* BL = byte */
#define HC_GETCHAR 0x02 /* EAX = byte, HC_NOTHING_YET or HC_END_OF_INPUT */

#define HC_NOTHING_YET 0xffffffff  /* -1; protected mode only: real mode blocks */
#define HC_END_OF_INPUT 0xfffffffe /* -2 */

/*
 * IN from HC_PORT: "KVM!" in memory order, narrowed to the width of the IN
 * (IN AL reads 'K'). A platform without the port reads all ones.
 */
#define HC_SIGNATURE 0x214d564b
#define HC_SIGNATURE_BYTE 0x4b

/* Devices that QEMU's pc machine has too. */
#define COM1_PORT 0x3f8 /* vmm/serial.c: 16550, IRQ4 */
#define COM1_PORTS 8
#define COM1_IRQ 4
#define DEBUGCON_PORT 0xe9   /* every byte written goes to the console */
#define DEBUG_EXIT_PORT 0xf4 /* isa-debug-exit: v ends the run, status (v << 1) | 1 */
#define PIT_PORT 0x40	     /* channels 0x40-0x42, mode 0x43: writes accepted */
#define PIT_PORTS 4

/* Interrupts, after the PIC is remapped to PIC_VECTOR. */
#define TIMER_IRQ 0
#define KEYBOARD_IRQ 1
#define PIC_VECTOR 0x20
#define TIMER_VECTOR 0x20
#define KEYBOARD_VECTOR 0x21

/* Guest-physical layout. */
#define REAL_MODE_MEM 0x40000	    /* 256 KiB; also the window of --layout=shared */
#define PROTECTED_MODE_MEM 0x400000 /* 4 MiB */
#define BOOT_GDT_ADDR 0x500	    /* five descriptors, as selected below */
#define BOOT_IDT_ADDR 0x528	    /* empty: the kernel brings its own */
#define BOOT_CODE_SELECTOR 0x08
#define BOOT_DATA_SELECTOR 0x10

/*
 * --testdev (vmm/testdev.c): targets for micro-benchmarks, absent otherwise.
 * The scratch port and the MMIO page read back what was written last.
 */
#define TESTDEV_SCRATCH_PORT 0x510   /* 1, 2 and 4 bytes */
#define TESTDEV_DOORBELL_PORT 0x514  /* writes end in the kernel: ioeventfd */
#define TESTDEV_COALESCED_PORT 0x518 /* writes are batched by the kernel: coalesced PIO */
#define TESTDEV_MMIO_REAL 0x000e0000 /* one page, where RAM does not cover it */
#define TESTDEV_MMIO 0xfe000000	     /* the same page for 32-bit guests */

#endif
