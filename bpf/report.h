/* SPDX-License-Identifier: MIT */
/* Rows made of the maps: one per reason, address or vCPU, threads merged. */
#ifndef REPORT_H
#define REPORT_H

#include "dist.h"
#include "session.h"

enum view_id { VIEW_HW, VIEW_USER, VIEW_VCPU, VIEW_PIO, VIEW_MMIO, VIEW_IRQ, VIEWS };

struct row {
	char name[48];
	uint64_t key[3]; /* what rows are merged by */
	bool halt;	 /* idle time: in no total */
	uint64_t samples;
	uint64_t extra; /* meaning: view_extra() */
	uint64_t off_cpu_ns;
	struct dist time; /* span: view_title() */
};

struct view {
	enum view_id id;
	struct row *rows;
	size_t count, room;
	uint64_t samples, total_ns; /* without halts */
};

/* Fills a zeroed view (or one filled before) from the maps as they are now. */
void view_collect(struct view *v, enum view_id id, const struct session *s);
void view_free(struct view *v);

const char *view_name(enum view_id id);	 /* one word */
const char *view_title(enum view_id id); /* one line: what the rows are, which span time is */
const char *view_extra(enum view_id id); /* heading of the extra column, or NULL */
bool view_timed(enum view_id id);	 /* rows have times */

/* Halts last; by a key of sort_keys, largest first (name: alphabetical). false: no such key. */
bool view_sort(struct view *v, const char *key);
extern const char *const sort_keys[]; /* NULL-terminated */

#endif
