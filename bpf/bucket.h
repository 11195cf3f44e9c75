/* SPDX-License-Identifier: MIT */
/*
 * hist_index() of minikvm/trace.h for the hot path of an eBPF program: the
 * highest bit is found by comparing with constants, 5 branches for values
 * below 2^32, about a third of the instructions.
 */
#ifndef BUCKET_H
#define BUCKET_H

#include "minikvm/trace.h"

/* The bucket of a v whose highest bit is n. */
#define BUCKET_AT(v, n) (((uint32_t)(n)-HIST_SUB_BITS) * HIST_SUB + ((v) >> ((n)-HIST_SUB_BITS)))

#define BUCKET_2(v, n) ((v) < 2u << (n) ? BUCKET_AT(v, n) : BUCKET_AT(v, (n) + 1))
#define BUCKET_4(v, n) ((v) < 4u << (n) ? BUCKET_2(v, n) : BUCKET_2(v, (n) + 2))
#define BUCKET_8(v, n) ((v) < 16u << (n) ? BUCKET_4(v, n) : BUCKET_4(v, (n) + 4))

/* Same value as hist_index(v). */
static inline __attribute__((always_inline)) uint32_t bucket_index(uint64_t v)
{
	uint32_t w = (uint32_t)v;

	if (v >> 30)
		return hist_index(v);
	if (w < 1u << 14) {
		if (w < 2 * HIST_SUB)
			return w;
		return BUCKET_8(w, 6);
	}
	return w < 1u << 22 ? BUCKET_8(w, 14) : BUCKET_8(w, 22);
}

#endif
