/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TYPES_BPF_H
#define KERNEL_TYPES_BPF_H

/* Kernel types, only the fields used; libbpf finds them by name in the running kernel. */
#define KERNEL_TYPE __attribute__((preserve_access_index))

struct upid {
	int nr;
} KERNEL_TYPE;
struct pid {
	struct upid numbers[1];
} KERNEL_TYPE;
struct kvm {
	int nr_memslots_dirty_logging;
} KERNEL_TYPE;
struct kvm_vcpu_arch {
	__u32 hflags;
} KERNEL_TYPE;
struct kvm_vcpu_stat {
	__u64 exits;
} KERNEL_TYPE;
struct kvm_vcpu {
	struct kvm *kvm;
	int vcpu_id;
	struct pid *pid;
	struct kvm_vcpu_arch arch;
	struct kvm_vcpu_stat stat;
} KERNEL_TYPE;
struct qstr {
	const unsigned char *name;
} KERNEL_TYPE;
struct dentry {
	struct qstr d_name;
} KERNEL_TYPE;
struct path {
	struct dentry *dentry;
} KERNEL_TYPE;
struct file {
	struct path f_path;
	void *private_data;
} KERNEL_TYPE;
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} KERNEL_TYPE;
struct files_struct {
	struct fdtable *fdt;
} KERNEL_TYPE;
struct task_struct {
	int pid, tgid;
	struct files_struct *files;
} KERNEL_TYPE;

/* AMD. kvm_vcpu is the first member, as the kernel asserts (to_svm() is a cast). */
struct vmcb_control_area {
	__u32 exit_code; /* the low half, where it is 64 bits */
} KERNEL_TYPE;
struct vmcb {
	struct vmcb_control_area control;
} KERNEL_TYPE;
struct vcpu_svm {
	struct kvm_vcpu vcpu;
	struct vmcb *vmcb;
} KERNEL_TYPE;

/* Intel: in vcpu_vmx itself, or since 6.15 in the part shared with TDX. */
union vmx_exit_reason {
	__u32 full;
} KERNEL_TYPE;
struct vcpu_vmx {
	struct kvm_vcpu vcpu;
	union vmx_exit_reason exit_reason;
} KERNEL_TYPE;
struct vcpu_vt {
	union vmx_exit_reason exit_reason;
} KERNEL_TYPE;
struct vcpu_vmx___vt {
	struct vcpu_vt vt;
} KERNEL_TYPE;

#endif
