/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own counters of a vCPU (KVM_GET_STATS_FD, since Linux 5.14): a witness beside ours.
 * They count differently: io_exits and exits include what KVM handled without us.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stats.h"

static bool read_at(int fd, void *to, size_t len, uint32_t offset)
{
	return pread(fd, to, len, offset) == (ssize_t)len;
}

/* api.rst, 4.133: a header, descriptors of name_size more bytes than their struct, the values. */
static void read_all(int fd, void (*each)(void *opaque, const char *name, uint64_t value),
		     void *opaque)
{
	struct kvm_stats_header header;
	struct kvm_stats_desc *d;
	size_t bytes;

	if (!read_at(fd, &header, sizeof(header), 0))
		return;
	bytes = sizeof(*d) + header.name_size;
	d = calloc(1, bytes + 1);
	for (uint32_t i = 0; d && i < header.num_desc; i++) {
		uint64_t value;

		if (!read_at(fd, d, bytes, header.desc_offset + i * (uint32_t)bytes))
			break;
		if (d->size == 1 && (d->flags & KVM_STATS_TYPE_MASK) == KVM_STATS_TYPE_CUMULATIVE &&
		    read_at(fd, &value, sizeof(value), header.data_offset + d->offset))
			each(opaque, d->name, value);
	}
	free(d);
}

void kvmstats_read(const struct vcpu *v,
		   void (*each)(void *opaque, const char *name, uint64_t value), void *opaque)
{
	int fd = ioctl(v->fd, KVM_GET_STATS_FD, 0);

	if (fd < 0)
		return;
	read_all(fd, each, opaque);
	close(fd);
}
