/* SPDX-License-Identifier: MIT */
/*
 * Names of exit reasons, as the kernel's own tables and headers have them:
 * KVM_EXIT_* (linux/kvm.h), SVM (asm/svm.h), VMX (asm/vmx.h).
 */
#ifndef REASONS_H
#define REASONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REASON_LEN 24 /* for the name of an unknown code, with its final 0 */

/*
 * Name of KVM_EXIT_* code, or of error (EINTR, ...) when error is not 0.
 * An unknown one comes with its number: "KVM_EXIT_77", "errno_600" (in buf).
 */
const char *user_reason(uint64_t code, int error, char buf[REASON_LEN]);

/* Name of a hardware exit of an ISA_* (kvm_exits.h); unknown: "0x123". */
const char *hw_reason(uint32_t isa, uint64_t code, char buf[REASON_LEN]);

const char *isa_name(uint32_t isa); /* "svm", "vmx", "isa?" */

/* The guest waits: idle time, kept out of the totals. */
bool user_is_halt(uint64_t code, int error);
bool hw_is_halt(uint32_t isa, uint64_t code);

#endif
