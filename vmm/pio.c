/* SPDX-License-Identifier: MIT */
/* Port I/O: which device answers where, and the devices too small for a file. */
#include <string.h>

#include "stats.h"
#include "vmm.h"

bool pio_register(struct pio_bus *bus, uint16_t first, uint16_t count, pio_handler *handler)
{
	uint32_t end = (uint32_t)first + count;

	if (count == 0 || end > 0x10000 ||
	    bus->count == sizeof(bus->ranges) / sizeof(bus->ranges[0]))
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

void pio_add_devices(struct vm *vm)
{
	pio_register(&vm->pio, HC_PORT, 1, hypercall_access);
	pio_register(&vm->pio, COM1_PORT, COM1_PORTS, serial_access);
	pio_register(&vm->pio, DEBUGCON_PORT, 1, debugcon_access);
	pio_register(&vm->pio, DEBUG_EXIT_PORT, 4, debug_exit_access);
	pio_register(&vm->pio, PIT_PORT, PIT_PORTS, pit_access);
	if (vm->config->testdev)
		testdev_add(vm);
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
