/* SPDX-License-Identifier: MIT */
/* --testdev: what micro-benchmarks aim at, each exit reason with the least work behind it. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "vmm.h"

static bool scratch_access(struct vcpu *v, struct pio_access *a)
{
	if (a->out)
		v->vm->scratch = a->value;
	else
		a->value = v->vm->scratch;
	return true;
}

/* Ports whose writes end in the kernel; what is left to answer are reads. */
static bool in_kernel_access(struct vcpu *v, struct pio_access *a)
{
	(void)v;
	a->value = 0;
	return true;
}

void testdev_add(struct vm *vm)
{
	struct kvm_ioeventfd doorbell = {
		.addr = TESTDEV_DOORBELL_PORT,
		.len = 0, /* any width */
		.flags = KVM_IOEVENTFD_FLAG_PIO,
	};
	struct kvm_coalesced_mmio_zone zone = {
		.addr = TESTDEV_COALESCED_PORT,
		.size = 4,
		.pio = 1,
	};

	vm->doorbell_fd = doorbell.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vm->testdev_mmio =
	    mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->doorbell_fd < 0 || vm->testdev_mmio == MAP_FAILED)
		die(STATUS_HOST, NULL, "--testdev: %s", strerror(errno));
	vm_ioctl(vm->fd, KVM_IOEVENTFD, &doorbell);
	vm_ioctl(vm->fd, KVM_REGISTER_COALESCED_MMIO, &zone);
	pio_register(&vm->pio, TESTDEV_SCRATCH_PORT, 4, scratch_access);
	pio_register(&vm->pio, TESTDEV_DOORBELL_PORT, 4, in_kernel_access);
	pio_register(&vm->pio, TESTDEV_COALESCED_PORT, 4, in_kernel_access);
}

uint8_t *testdev_mmio(const struct vm *vm, uint64_t gpa, uint32_t len)
{
	uint64_t page = gpa & ~(PAGE_BYTES - 1);

	if (!vm->testdev_mmio || (page != TESTDEV_MMIO && page != TESTDEV_MMIO_REAL) ||
	    gpa - page + len > PAGE_BYTES)
		return NULL;
	return vm->testdev_mmio + (gpa - page);
}

void testdev_drain(struct vcpu *v)
{
	struct kvm_coalesced_mmio_ring *ring = v->coalesced;
	uint32_t entries =
	    (uint32_t)((PAGE_BYTES - sizeof(*ring)) / sizeof(ring->coalesced_mmio[0]));

	while (ring->first != __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE)) {
		memcpy(&v->vm->scratch, ring->coalesced_mmio[ring->first].data,
		       sizeof(v->vm->scratch));
		__atomic_store_n(&ring->first, (ring->first + 1) % entries, __ATOMIC_RELEASE);
	}
}
