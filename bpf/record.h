/* SPDX-License-Identifier: MIT */
/*
 * --record FILE: every event, one CSV row each. First line: RECORD_COLUMNS.
 *
 *   ns      CLOCK_MONOTONIC nanoseconds, the clock of kvm-vmm's --trace-file
 *   tid     thread the event happened in (vCPU thread, but for irq-set)
 *   cpu     host CPU
 *   event, reason, errno, a, b:
 *
 *   event      reason                 errno  a                    b
 *   entry                                    vCPU (-1: unknown)
 *   exit       ioio, IO_INSTRUCTION...       code, hex            isa: 1 vmx, 2 svm
 *   user       KVM_EXIT_IO, EINTR...  errno  KVM_EXIT_* number    vCPU (-1: unknown)
 *   run        (KVM_RUN starts)              vCPU (-1: unknown)
 *   pio        in | out                      port, hex            bytes
 *   mmio       read | write | read-wait      address, hex         bytes
 *   irq-set                                  GSI                  level
 *   irq-inject first | again                 vector               vCPU
 *   irq-ack    pic0 | pic1 | ioapic          GSI                  pin
 *   halt       poll | wait                   ns                   1: woken for the guest
 *   insn       ok | failed
 *   sched-out                                tid leaving          tid coming
 *   sched-in                                 tid                  ns it was out
 *
 * read-wait is an MMIO read that needs user space; it comes again as read when
 * done. Rows of one thread are in order; rows of several are as the kernel
 * wrote them, in the order of ns but for events nanoseconds apart on two CPUs.
 * Rows there was no room for are counted: "lost" in every output.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdio.h>
#include "kvm_exits.h"

#define RECORD_COLUMNS "ns,tid,cpu,event,reason,errno,a,b"

struct recorder;

/* Opens the file; ends the program with a message when it cannot. */
struct recorder *recorder_open(const char *path, int ring_fd);
void recorder_drain(struct recorder *r);     /* writes what the ring holds */
uint64_t recorder_close(struct recorder *r); /* drains, closes; returns the rows written */

/* One record as its CSV row. */
void record_print(FILE *out, const struct record *r);

#endif
