/* SPDX-License-Identifier: MIT */
/* What runs a workload, and the surroundings it runs in. */
#ifndef BACKEND_H
#define BACKEND_H

#include "child.h"

/* What kvm-vmm --probe=json found; all false where there is no usable /dev/kvm. */
struct probe {
	json_t *json;	 /* its whole answer, NULL if there was none */
	char *line;	 /* one line for people */
	unsigned offers; /* enum workload_need */
	bool real_mode;
};

/* One place where runs happen: this host, or inside the lab. */
struct env {
	const char *where; /* "host", "lab", "exact" */
	const char *unit;  /* of times: "ns", or "instructions" */
	char *build;	   /* folder of programs and guest images */
	char *scratch;	   /* own folder for stats and input files, removed at the end */
	char *launcher;
	char *qemu; /* the ELF behind qemu-system-i386, NULL: none */
	char *qemu_version;
	struct probe probe;
	struct signals signals;
};

/* $MINIKVM_BUILD, or where this program is; the caller frees it. */
char *build_folder(void);
/* Finds the programs and probes KVM; where is not copied. */
void env_init(struct env *env, const char *where);
void env_free(struct env *env);
/* build/NAME; the caller frees it. */
char *env_path(const struct env *env, const char *name);

struct backend {
	const char *name, *about;
	/* Why it cannot run here at all; NULL if it can. The caller frees it. */
	char *(*missing)(const struct env *env);
	/* Why it cannot run this workload, a constant; NULL if it can. */
	const char *(*unfit)(const struct env *env, const struct workload *workload,
			     unsigned guests);
	/* The command; with_stats only where has_stats. */
	void (*command)(const struct env *env, const struct workload *workload, unsigned guests,
			bool with_stats, struct argv *argv);
	/* What goes to standard input; NULL for nothing. The caller frees it. */
	char *(*input)(const struct workload *workload);
	int (*good_status)(const struct workload *workload);
	bool has_stats;		/* a second run with --stats=json beside each timed one */
	bool process_per_guest; /* several guests are several processes, else one */
	bool optional;		/* only if asked for by name */
	bool silent;		/* prints none of the workload's output */
};

extern const struct backend backends[]; /* ends with a NULL name */
const struct backend *backend_find(const char *name);

/* Files of the run with_stats in the scratch folder; the caller frees the path. */
char *stats_path(const struct env *env);

#endif
