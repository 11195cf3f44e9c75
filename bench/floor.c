/* SPDX-License-Identifier: MIT */
/*
 * kvm-floor OUTS HLTS: a bare KVM_RUN loop over OUTS port writes and HLTS halts, the least any VMM
 * can take for as many exits. No statistics, no console, no device: only the check that the
 * exit is the expected one. Prints "REASON COUNT NS" for each of its two loops.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MEM_BYTES 0x1000
#define RFLAGS_RESERVED 0x2 /* SDM vol. 1, 3.4.3: bit 1 is always set */

/* 16-bit code at address 0; ECX counts the OUTs. */
static const unsigned char code[] = {
	0xe6, 0xe9, /* out: out %al, $0xe9 */
	0x66, 0x49, /*      dec %ecx */
	0x75, 0xfa, /*      jnz out */
	0xf4,	    /* hlt: hlt */
	0xeb, 0xfd, /*      jmp hlt */
};
#define CODE_OUT 0
#define CODE_HLT 6

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "kvm-floor: %s: %s; kvm-vmm --probe says what this host can do\n", what,
		strerror(errno));
	exit(3);
}

static int checked_ioctl(int fd, unsigned long request, const char *name, unsigned long argument)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		fail(name);
	return result;
}

#define IOCTL(fd, request, argument) checked_ioctl(fd, request, #request, (unsigned long)(argument))

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void set_registers(int vcpu, unsigned long outs)
{
	struct kvm_regs regs = { .rip = outs ? CODE_OUT : CODE_HLT,
				 .rcx = outs,
				 .rflags = RFLAGS_RESERVED };
	struct kvm_sregs sregs;

	IOCTL(vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	IOCTL(vcpu, KVM_SET_SREGS, &sregs);
	IOCTL(vcpu, KVM_SET_REGS, &regs);
}

static struct kvm_run *make_vcpu(int *vcpu, unsigned long outs)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEM_BYTES };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;
	unsigned char *memory;
	struct kvm_run *run;
	int run_bytes;

	if (kvm < 0)
		fail("/dev/kvm");
	vm = IOCTL(kvm, KVM_CREATE_VM, 0);
	memory = mmap(NULL, MEM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		fail("mmap of guest memory");
	memcpy(memory, code, sizeof(code));
	region.userspace_addr = (uintptr_t)memory;
	IOCTL(vm, KVM_SET_USER_MEMORY_REGION, &region);
	*vcpu = IOCTL(vm, KVM_CREATE_VCPU, 0);
	run_bytes = IOCTL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	run = mmap(NULL, (size_t)run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *vcpu, 0);
	if (run == MAP_FAILED)
		fail("mmap of kvm_run");
	set_registers(*vcpu, outs);
	return run;
}

/* count exits, all for the same reason; the time from the first entry to the last exit. */
static uint64_t loop(int vcpu, const struct kvm_run *run, unsigned long count, unsigned reason)
{
	uint64_t start_ns = now_ns();

	while (count) {
		if (ioctl(vcpu, KVM_RUN, 0) < 0) {
			if (errno != EINTR && errno != EAGAIN)
				fail("KVM_RUN");
			continue;
		}
		if (run->exit_reason != reason) {
			fprintf(stderr, "kvm-floor: exit reason %u where %u was due\n",
				run->exit_reason, reason);
			exit(1);
		}
		count--;
	}
	return now_ns() - start_ns;
}

int main(int argc, char **argv)
{
	unsigned long outs = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long hlts = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	uint64_t out_ns, hlt_ns;
	struct kvm_run *run;
	int vcpu;

	if (outs + hlts == 0) {
		fputs("usage: kvm-floor OUTS HLTS: times as many exits in a bare KVM_RUN loop\n",
		      stderr);
		return 2;
	}
	run = make_vcpu(&vcpu, outs);
	out_ns = loop(vcpu, run, outs, KVM_EXIT_IO);
	hlt_ns = loop(vcpu, run, hlts, KVM_EXIT_HLT);
	printf("KVM_EXIT_IO %lu %" PRIu64 "\nKVM_EXIT_HLT %lu %" PRIu64 "\n", outs, out_ns, hlts,
	       hlt_ns);
	return fflush(stdout) ? 3 : 0;
}
