/* SPDX-License-Identifier: MIT */
/* Tables of exit reasons. */
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include "kvm_exits.h"
#include "reasons.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* By number, so that a build against older headers knows the newer ones too. */
static const char *const user_names[] = {
	[0] = "KVM_EXIT_UNKNOWN",
	[1] = "KVM_EXIT_EXCEPTION",
	[2] = "KVM_EXIT_IO",
	[3] = "KVM_EXIT_HYPERCALL",
	[4] = "KVM_EXIT_DEBUG",
	[5] = "KVM_EXIT_HLT",
	[6] = "KVM_EXIT_MMIO",
	[7] = "KVM_EXIT_IRQ_WINDOW_OPEN",
	[8] = "KVM_EXIT_SHUTDOWN",
	[9] = "KVM_EXIT_FAIL_ENTRY",
	[10] = "KVM_EXIT_INTR",
	[11] = "KVM_EXIT_SET_TPR",
	[12] = "KVM_EXIT_TPR_ACCESS",
	[13] = "KVM_EXIT_S390_SIEIC",
	[14] = "KVM_EXIT_S390_RESET",
	[15] = "KVM_EXIT_DCR",
	[16] = "KVM_EXIT_NMI",
	[17] = "KVM_EXIT_INTERNAL_ERROR",
	[18] = "KVM_EXIT_OSI",
	[19] = "KVM_EXIT_PAPR_HCALL",
	[20] = "KVM_EXIT_S390_UCONTROL",
	[21] = "KVM_EXIT_WATCHDOG",
	[22] = "KVM_EXIT_S390_TSCH",
	[23] = "KVM_EXIT_EPR",
	[24] = "KVM_EXIT_SYSTEM_EVENT",
	[25] = "KVM_EXIT_S390_STSI",
	[26] = "KVM_EXIT_IOAPIC_EOI",
	[27] = "KVM_EXIT_HYPERV",
	[28] = "KVM_EXIT_ARM_NISV",
	[29] = "KVM_EXIT_X86_RDMSR",
	[30] = "KVM_EXIT_X86_WRMSR",
	[31] = "KVM_EXIT_DIRTY_RING_FULL",
	[32] = "KVM_EXIT_AP_RESET_HOLD",
	[33] = "KVM_EXIT_X86_BUS_LOCK",
	[34] = "KVM_EXIT_XEN",
	[35] = "KVM_EXIT_RISCV_SBI",
	[36] = "KVM_EXIT_RISCV_CSR",
	[37] = "KVM_EXIT_NOTIFY",
	[38] = "KVM_EXIT_LOONGARCH_IOCSR",
	[39] = "KVM_EXIT_MEMORY_FAULT",
	[40] = "KVM_EXIT_TDX",
};

/*
 * The kernel prints 0x7b as "io"; the manual's mnemonic is used here, which
 * cannot be mistaken for KVM_EXIT_IO.
 */
static const char *const svm_names[] = {
	[0x000] = "read_cr0",
	[0x002] = "read_cr2",
	[0x003] = "read_cr3",
	[0x004] = "read_cr4",
	[0x008] = "read_cr8",
	[0x010] = "write_cr0",
	[0x012] = "write_cr2",
	[0x013] = "write_cr3",
	[0x014] = "write_cr4",
	[0x018] = "write_cr8",
	[0x020] = "read_dr0",
	[0x021] = "read_dr1",
	[0x022] = "read_dr2",
	[0x023] = "read_dr3",
	[0x024] = "read_dr4",
	[0x025] = "read_dr5",
	[0x026] = "read_dr6",
	[0x027] = "read_dr7",
	[0x030] = "write_dr0",
	[0x031] = "write_dr1",
	[0x032] = "write_dr2",
	[0x033] = "write_dr3",
	[0x034] = "write_dr4",
	[0x035] = "write_dr5",
	[0x036] = "write_dr6",
	[0x037] = "write_dr7",
	[0x040] = "DE excp",
	[0x041] = "DB excp",
	[0x043] = "BP excp",
	[0x044] = "OF excp",
	[0x045] = "BR excp",
	[0x046] = "UD excp",
	[0x047] = "NM excp",
	[0x048] = "DF excp",
	[0x04a] = "TS excp",
	[0x04b] = "NP excp",
	[0x04c] = "SS excp",
	[0x04d] = "GP excp",
	[0x04e] = "PF excp",
	[0x050] = "MF excp",
	[0x051] = "AC excp",
	[0x052] = "MC excp",
	[0x053] = "XF excp",
	[0x060] = "interrupt",
	[0x061] = "nmi",
	[0x062] = "smi",
	[0x063] = "init",
	[0x064] = "vintr",
	[0x065] = "cr0_sel_write",
	[0x066] = "read_idtr",
	[0x067] = "read_gdtr",
	[0x068] = "read_ldtr",
	[0x069] = "read_rt",
	[0x06a] = "write_idtr",
	[0x06b] = "write_gdtr",
	[0x06c] = "write_ldtr",
	[0x06d] = "write_rt",
	[0x06e] = "rdtsc",
	[0x06f] = "rdpmc",
	[0x070] = "pushf",
	[0x071] = "popf",
	[0x072] = "cpuid",
	[0x073] = "rsm",
	[0x074] = "iret",
	[0x075] = "swint",
	[0x076] = "invd",
	[0x077] = "pause",
	[0x078] = "hlt",
	[0x079] = "invlpg",
	[0x07a] = "invlpga",
	[0x07b] = "ioio",
	[0x07c] = "msr",
	[0x07d] = "task_switch",
	[0x07e] = "ferr_freeze",
	[0x07f] = "shutdown",
	[0x080] = "vmrun",
	[0x081] = "hypercall",
	[0x082] = "vmload",
	[0x083] = "vmsave",
	[0x084] = "stgi",
	[0x085] = "clgi",
	[0x086] = "skinit",
	[0x087] = "rdtscp",
	[0x088] = "icebp",
	[0x089] = "wbinvd",
	[0x08a] = "monitor",
	[0x08b] = "mwait",
	[0x08c] = "mwait_cond",
	[0x08d] = "xsetbv",
	[0x08e] = "rdpru",
	[0x08f] = "write_efer_trap",
	[0x090] = "write_cr0_trap",
	[0x094] = "write_cr4_trap",
	[0x098] = "write_cr8_trap",
	[0x0a2] = "invpcid",
	[0x0a5] = "bus_lock",
	[0x0a6] = "idle_hlt",
};

#define SVM_NPF 0x400
static const char *const svm_npf_names[] = {
	[0] = "npf",
	[1] = "avic_incomplete_ipi",
	[2] = "avic_unaccelerated_access",
	[3] = "vmgexit",
};

static const char *const vmx_names[] = {
	[0] = "EXCEPTION_NMI",
	[1] = "EXTERNAL_INTERRUPT",
	[2] = "TRIPLE_FAULT",
	[3] = "INIT_SIGNAL",
	[4] = "SIPI_SIGNAL",
	[6] = "OTHER_SMI",
	[7] = "INTERRUPT_WINDOW",
	[8] = "NMI_WINDOW",
	[9] = "TASK_SWITCH",
	[10] = "CPUID",
	[12] = "HLT",
	[13] = "INVD",
	[14] = "INVLPG",
	[15] = "RDPMC",
	[16] = "RDTSC",
	[18] = "VMCALL",
	[19] = "VMCLEAR",
	[20] = "VMLAUNCH",
	[21] = "VMPTRLD",
	[22] = "VMPTRST",
	[23] = "VMREAD",
	[24] = "VMRESUME",
	[25] = "VMWRITE",
	[26] = "VMOFF",
	[27] = "VMON",
	[28] = "CR_ACCESS",
	[29] = "DR_ACCESS",
	[30] = "IO_INSTRUCTION",
	[31] = "MSR_READ",
	[32] = "MSR_WRITE",
	[33] = "INVALID_STATE",
	[34] = "MSR_LOAD_FAIL",
	[36] = "MWAIT_INSTRUCTION",
	[37] = "MONITOR_TRAP_FLAG",
	[39] = "MONITOR_INSTRUCTION",
	[40] = "PAUSE_INSTRUCTION",
	[41] = "MCE_DURING_VMENTRY",
	[43] = "TPR_BELOW_THRESHOLD",
	[44] = "APIC_ACCESS",
	[45] = "EOI_INDUCED",
	[46] = "GDTR_IDTR",
	[47] = "LDTR_TR",
	[48] = "EPT_VIOLATION",
	[49] = "EPT_MISCONFIG",
	[50] = "INVEPT",
	[51] = "RDTSCP",
	[52] = "PREEMPTION_TIMER",
	[53] = "INVVPID",
	[54] = "WBINVD",
	[55] = "XSETBV",
	[56] = "APIC_WRITE",
	[57] = "RDRAND",
	[58] = "INVPCID",
	[59] = "VMFUNC",
	[60] = "ENCLS",
	[61] = "RDSEED",
	[62] = "PML_FULL",
	[63] = "XSAVES",
	[64] = "XRSTORS",
	[67] = "UMWAIT",
	[68] = "TPAUSE",
	[74] = "BUS_LOCK",
	[75] = "NOTIFY",
	[76] = "SEAMCALL",
	[77] = "TDCALL",
};

static const char *lookup(const char *const *names, size_t count, uint64_t code)
{
	return code < count ? names[code] : NULL;
}

const char *user_reason(uint64_t code, int error, char buf[REASON_LEN])
{
	const char *name;

	if (error) {
		name = strerrorname_np(error);
		snprintf(buf, REASON_LEN, "errno_%d", error);
	} else {
		name = lookup(user_names, COUNT(user_names), code);
		snprintf(buf, REASON_LEN, "KVM_EXIT_%u", (unsigned int)code);
	}
	return name ? name : buf;
}

static const char *svm_name(uint32_t code)
{
	if (code == UINT32_MAX)
		return "invalid_guest_state";
	if (code >= SVM_NPF)
		return lookup(svm_npf_names, COUNT(svm_npf_names), code - SVM_NPF);
	return lookup(svm_names, COUNT(svm_names), code);
}

const char *hw_reason(uint32_t isa, uint64_t code, char buf[REASON_LEN])
{
	const char *name = NULL;

	if (isa == ISA_SVM)
		name = svm_name((uint32_t)code);
	else if (isa == ISA_VMX) /* bits 16-31 are flags, not part of the reason */
		name = lookup(vmx_names, COUNT(vmx_names), code & 0xffff);
	snprintf(buf, REASON_LEN, "0x%x", (unsigned int)code);
	return name ? name : buf;
}

const char *isa_name(uint32_t isa)
{
	return isa == ISA_SVM ? "svm" : isa == ISA_VMX ? "vmx" : "isa?";
}

bool user_is_halt(uint64_t code, int error)
{
	return !error && code == KVM_EXIT_HLT;
}

bool hw_is_halt(uint32_t isa, uint64_t code)
{
	return (isa == ISA_SVM && (code == 0x78 || code == 0xa6)) ||
	       (isa == ISA_VMX && (code & 0xffff) == 12);
}
