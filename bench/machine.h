/* SPDX-License-Identifier: MIT */
/* machine.json: where and with what a run was made; bench.h has its fields. */
#ifndef MACHINE_H
#define MACHINE_H

#include "schedule.h"

/* The machine itself: processor, kernel, settings that move figures, and what to check. */
json_t *machine_describe(const struct env *env);
/* One line a check that does not hold, with its hint, through progress_say's style. */
void machine_warn(const json_t *machine, const char *where);
/* Every backend and whether it can run here. */
void machine_add_backends(json_t *array, const struct env *env, const struct run_options *options);
/* The suite's files and their sizes. */
json_t *machine_images(const struct env *env);
/* Top-level fields known at the start. */
json_t *machine_start(const struct env *env, const struct run_options *options);

#endif
