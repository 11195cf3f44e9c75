/* SPDX-License-Identifier: MIT */
/* Port I/O: which device answers where, and the devices too small for a file. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "stats.h"
#include "vmm.h"

bool pio_register(struct pio_bus *bus, uint16_t first, uint16_t count, pio_handler *handler)
{
	uint32_t end = (uint32_t)first + count;

	if (count == 0 || end > 0x10000 || bus->count == sizeof(bus->ranges) / sizeof(bus->ranges[0]))
		return false;
	for (unsigned int i = 0; i < bus->count; i++) {
		const struct pio_range *other = &bus->ranges[i];

		if (first < (uint32_t)other->first + other->count && other->first < end)
			return false;
	}
	bus->ranges[bus->count++] = (struct pio_range){ first, count, handler };
	return true;
}

const struct pio_range *pio_find(const struct pio_bus *bus, uint16_t port)
{
	for (unsigned int i = 0; i < bus->count; i++)
		if ((uint16_t)(port - bus->ranges[i].first) < bus->ranges[i].count)
			return &bus->ranges[i];
	return NULL;
}

static bool debugcon_access(struct vcpu *v, struct pio_access *a)
{
	if (a->out)
		console_put(&v->console, (uint8_t)a->value);
	else
		a->value = DEBUGCON_PORT; /* how software finds it, on QEMU too */
	return true;
}

static bool debug_exit_access(struct vcpu *v, struct pio_access *a)
{
	if (!a->out)
		return true;
	return vcpu_end(v, END_DEBUG_EXIT, (int)((a->value << 1 | 1) & 0xff));
}

/* The tick has its own clock (timer.c): what is programmed here changes nothing. */
static bool pit_access(struct vcpu *v, struct pio_access *a)
{
	(void)v;
	if (!a->out)
		a->value = 0;
	return true;
}

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

static void add_testdev(struct vm *vm)
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
	vm->testdev_mmio = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->doorbell_fd < 0 || vm->testdev_mmio == MAP_FAILED)
		die(STATUS_HOST, NULL, "--testdev: %s", strerror(errno));
	vm_ioctl(vm->fd, KVM_IOEVENTFD, &doorbell);
	vm_ioctl(vm->fd, KVM_REGISTER_COALESCED_MMIO, &zone);
	pio_register(&vm->pio, TESTDEV_SCRATCH_PORT, 4, scratch_access);
	pio_register(&vm->pio, TESTDEV_DOORBELL_PORT, 4, in_kernel_access);
	pio_register(&vm->pio, TESTDEV_COALESCED_PORT, 4, in_kernel_access);
}

void pio_add_devices(struct vm *vm)
{
	pio_register(&vm->pio, HC_PORT, 1, hypercall_access);
	pio_register(&vm->pio, COM1_PORT, COM1_PORTS, serial_access);
	pio_register(&vm->pio, DEBUGCON_PORT, 1, debugcon_access);
	pio_register(&vm->pio, DEBUG_EXIT_PORT, 4, debug_exit_access);
	pio_register(&vm->pio, PIT_PORT, PIT_PORTS, pit_access);
	if (vm->config->testdev)
		add_testdev(vm);
}

static bool unhandled(struct vcpu *v, const struct pio_access *a)
{
	v->unhandled_io++;
	if (v->vm->config->strict_io)
		return vcpu_fault(v, "%u-byte %s port %#x, where no device is", a->size,
				  a->out ? "OUT to" : "IN from", a->port);
	return true;
}

bool pio_exit(struct vcpu *v)
{
	struct kvm_run *run = v->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	const struct pio_range *range = pio_find(&v->vm->pio, run->io.port);

	stats_io(v, run->io.port, run->io.direction == KVM_EXIT_IO_OUT, run->io.size,
		 run->io.count);
	/* A string instruction may bring several accesses in one exit. */
	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		struct pio_access a = {
			.port = run->io.port,
			.size = run->io.size,
			.out = run->io.direction == KVM_EXIT_IO_OUT,
		};

		if (a.out)
			memcpy(&a.value, data, a.size);
		else
			a.value = 0xffffffff;
		if (!(range ? range->handler(v, &a) : unhandled(v, &a)))
			return false;
		if (!a.out)
			memcpy(data, &a.value, a.size);
	}
	return true;
}
