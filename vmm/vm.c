/* SPDX-License-Identifier: MIT */
/* A VM: its file descriptors, its memory, its interrupt lines. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm.h"

/* Where KVM may hide its own pages on Intel; above any guest memory here. */
#define KVM_IDENTITY_MAP_ADDR 0xfffbc000ull
#define KVM_TSS_ADDR 0xfffbd000ull

#define LAB_HINT "or use the lab: scripts/lab -- kvm-vmm ..."

static const char *hint_for(int error)
{
	static const struct {
		int error;
		const char *hint;
	} hints[] = {
		{ ENOENT,
		  "is the kvm module loaded, is virtualization on in the firmware? " LAB_HINT },
		{ ENODEV, "is the kvm_intel or kvm_amd module loaded? " LAB_HINT },
		{ EACCES, "add yourself to the group kvm (sudo usermod -aG kvm $USER), " LAB_HINT },
		{ EPERM, "add yourself to the group kvm (sudo usermod -aG kvm $USER), " LAB_HINT },
		{ EMFILE, "raise ulimit -n" },
		{ ENOMEM, "free some memory, or ask for less with --mem" },
		{ EBUSY, "another hypervisor may hold the processor's virtualization" },
		{ ENOTTY, "this is no KVM device, or a too old one; " LAB_HINT },
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].error == error)
			return hints[i].hint;
	return "see dmesg; " LAB_HINT;
}

int kvm_ioctl(int fd, unsigned long request, const char *name, uintptr_t argument)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		die(STATUS_HOST, hint_for(errno), "%s: %s", name, strerror(errno));
	return result;
}

int kvm_open(void)
{
	static const struct {
		int capability;
		const char *name;
	} needed[] = {
		{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
		{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
		{ KVM_CAP_SYNC_REGS, "KVM_CAP_SYNC_REGS" },
	};
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(STATUS_HOST, hint_for(errno), "/dev/kvm: %s", strerror(errno));
	if (vm_ioctl(fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		die(STATUS_HOST, "Linux 2.6.22 or newer is needed", "/dev/kvm: wrong API version");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (vm_ioctl(fd, KVM_CHECK_EXTENSION, needed[i].capability) == 0)
			die(STATUS_HOST, "Linux 4.17 or newer on x86 is needed",
			    "/dev/kvm lacks %s", needed[i].name);
	return fd;
}

void vm_create(struct vm *vm, int kvm_fd, uint64_t mem_bytes, bool irqchip,
	       const struct config *config)
{
	struct kvm_userspace_memory_region region;

	vm->config = config;
	vm->kvm_fd = kvm_fd;
	vm->fd = vm_ioctl(kvm_fd, KVM_CREATE_VM, 0);
	vm->run_bytes = (size_t)vm_ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	/* Both before any vCPU; processors other than Intel's ignore them. */
	vm_ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &(uint64_t){ KVM_IDENTITY_MAP_ADDR });
	vm_ioctl(vm->fd, KVM_SET_TSS_ADDR, KVM_TSS_ADDR);
	vm->irqchip = irqchip;
	if (irqchip)
		vm_ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0);
	pthread_mutex_init(&vm->lock, NULL);
	pthread_cond_init(&vm->wake, NULL);
	vm->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (vm->stop_fd < 0)
		die(STATUS_HOST, hint_for(errno), "eventfd: %s", strerror(errno));
	vm->doorbell_fd = -1;
	vm->keyboard.fd = -1;
	vm->vm_ns = now_ns();

	vm->mem_bytes = mem_bytes;
	vm->mem = mmap(NULL, mem_bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->mem == MAP_FAILED)
		die(STATUS_HOST, hint_for(ENOMEM), "mmap of %llu bytes of guest memory: %s",
		    (unsigned long long)mem_bytes, strerror(errno));
	region = (struct kvm_userspace_memory_region){
		.slot = 0,
		.guest_phys_addr = 0,
		.memory_size = mem_bytes,
		.userspace_addr = (uintptr_t)vm->mem,
	};
	vm_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
	vm->memory_ns = now_ns();
}

void vm_destroy(struct vm *vm)
{
	munmap(vm->mem, vm->mem_bytes);
	if (vm->testdev_mmio)
		munmap(vm->testdev_mmio, PAGE_BYTES);
	if (vm->doorbell_fd >= 0)
		close(vm->doorbell_fd);
	close(vm->stop_fd);
	close(vm->fd);
}

void vm_stop(struct vm *vm)
{
	uint64_t one = 1;

	pthread_mutex_lock(&vm->lock);
	vm->stopping = true;
	pthread_cond_broadcast(&vm->wake);
	pthread_mutex_unlock(&vm->lock);
	if (write(vm->stop_fd, &one, sizeof(one)) < 0)
		warn("eventfd: %s", strerror(errno));
}

void vm_set_irq(struct vm *vm, unsigned int irq, bool level)
{
	vm_ioctl(vm->fd, KVM_IRQ_LINE, (&(struct kvm_irq_level){ .irq = irq, .level = level }));
}

int vm_pulse_irq(struct vm *vm, unsigned int irq)
{
	struct kvm_irq_level line = { .irq = irq, .level = 1 };

	/* The 8259A latches the rising edge, so the line may fall at once. */
	vm_ioctl(vm->fd, KVM_IRQ_LINE_STATUS, &line);
	vm_set_irq(vm, irq, false);
	return line.status;
}

void *gpa_ptr(const struct vm *vm, uint64_t gpa, size_t len)
{
	if (gpa > vm->mem_bytes || len > vm->mem_bytes - gpa)
		return NULL;
	return vm->mem + gpa;
}
