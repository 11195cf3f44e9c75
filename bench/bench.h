/* SPDX-License-Identifier: MIT */
/*
 * kvm-bench from the inside. Data flows one way:
 *
 *     suite.c x backend.c --> run.c --> samples.csv, histograms.csv, machine.json
 *     those files --> summary.c --> summary.json --> report.c, compare.c, plots
 *
 * The second line reads files only, so it works on any results folder.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>

#include <minikvm/trace.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NS_PER_S UINT64_C(1000000000)
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Exit status of every sub-command. */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* a run, check, gate or comparison failed */
	STATUS_USAGE = 2,
	STATUS_HOST = 3, /* something this machine lacks */
	STATUS_TIMEOUT = 124,
	STATUS_INTERRUPTED = 130, /* Ctrl-C; what was measured is kept */
};

/* ---- Sub-commands (main.c's table): argv[0] is "kvm-bench NAME" for argp. ---- */
int cmd_run(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_gate(int argc, char **argv);
int cmd_report(int argc, char **argv);	/* report.c: [OPTION...] FOLDER */
int cmd_compare(int argc, char **argv); /* compare.c */
int cmd_merge(int argc, char **argv);	/* compare.c */

/* ---- util.c ---- */
/* "kvm-bench: MESSAGE" on stderr; die() then exits with the status. */
_Noreturn void die(int status, const char *format, ...) PRINTF(2, 3);
void warn(const char *format, ...) PRINTF(1, 2);
/* Memory, or the end of the program with a message. All may be given to free(). */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
char *xstrdup(const char *text);
char *xasprintf(const char *format, ...) PRINTF(1, 2);
uint64_t now_ns(void); /* CLOCK_MONOTONIC */
/* The word nearest to a mistyped one, or NULL if none is near. words ends with NULL. */
const char *closest(const char *word, const char *const *words);
/* Whole file, NUL after it, size in *bytes (may be NULL); NULL and errno if it cannot be read. */
char *read_file(const char *path, size_t *bytes);
/* 0, or -1 and errno; creates parents too. */
int make_dirs(const char *path);
/* A folder of files that this program made, with what is in it; no folders below, no error. */
void remove_folder(const char *path);
/* The same however the program ends, but for a signal that kills it. */
void remove_folder_at_exit(const char *path);
/* "1.23 ms", "4.5 GiB": value in ns or bytes to a short text in the caller's buffer. */
const char *format_ns(char *buffer, size_t size, double ns);
const char *format_bytes(char *buffer, size_t size, double bytes);

/* ---- csv.c ---- */
/* RFC 4180 writer. Each row is flushed: an interrupted run leaves whole rows. */
struct csv {
	FILE *file;
	char *path;
	unsigned field; /* next field of the row */
	int error;	/* errno of the first failed write */
};
/* 0, or -1 with a message on stderr. header: comma-separated column names; append: keep old rows.
 */
int csv_create(struct csv *csv, const char *path, const char *header, bool append);
void csv_text(struct csv *csv, const char *value);
void csv_number(struct csv *csv, double value); /* integers below 2^53 exactly, else 9 digits */
void csv_count(struct csv *csv, uint64_t value);
void csv_end_row(struct csv *csv);
/* The rows of one histogram in histograms.csv: one for each bucket that has counts. */
void csv_histogram(struct csv *csv, const char *where, const char *workload, unsigned guests,
		   const char *backend, const char *reason, const char *span, const char *unit,
		   const uint64_t bucket[HIST_BUCKETS]);
/* 0, or -1 with a message on stderr if any write failed (a full disk, say). */
int csv_close(struct csv *csv);

/*
 * Reader by column name, so that added or reordered columns do no harm.
 * columns ends with NULL; csv_next()'s array has their fields in that order
 * ("" for a column the file lacks), valid until the next call; NULL at the end.
 * A damaged row (too few fields, e.g. cut off) is skipped and counted.
 */
struct csv_reader;
struct csv_reader *csv_open(const char *path, const char *const *columns); /* NULL and errno */
char **csv_next(struct csv_reader *reader);
unsigned csv_damaged(const struct csv_reader *reader);
bool csv_has_column(const struct csv_reader *reader, unsigned column);
void csv_reader_close(struct csv_reader *reader);

/* ---- json.c ---- */
/* NULL with a message on stderr (file, line, reason). */
json_t *json_read(const char *path);
/* Written under a temporary name, then renamed: complete or not there. 0, or -1 with a message. */
int json_write(const char *path, const json_t *json);
/* Member or the fallback; path is "a.b.c". */
const char *json_text(const json_t *json, const char *path, const char *fallback);
double json_double(const json_t *json, const char *path, double fallback);
uint64_t json_u64(const json_t *json, const char *path, uint64_t fallback);

/* ---- Files of a results folder ---- */
#define MACHINE_JSON "machine.json"
#define SAMPLES_CSV "samples.csv"
#define HISTOGRAMS_CSV "histograms.csv"
#define SUMMARY_JSON "summary.json"
#define CROSSCHECK_CSV "crosscheck.csv"
#define KERNEL_EXITS_CSV "kernel_exits.csv"

/*
 * machine.json, written at the start of a run and again at its end:
 * { "format": "minikvm-machine-1", "version": "0.1.0", "revision": "542c5a7" | "542c5a7-dirty",
 *   "started": "2026-01-31T12:34:56Z", "seconds": 61.2, "state":
 * "running"|"complete"|"interrupted", "command": "kvm-bench run --quick", "quick": true, "warmup":
 * 1, "runs_failed": 0, "machines": { "host": M, "lab": M, "exact": M },    those that were used;
 * host always "backends": [ { "where", "backend", "available": true, "reason": "" | why not,
 * "path", "version", "command": an example command line } ], "images": [ { "workload", "kind",
 * "about", "file", "bytes", "rom", "rom_bytes" } ], "notes": [ "text", ... ] } what the reader of
 * the report must know M: { "host": name, "cpu", "cores", "threads_per_core", "memory_bytes",
 * "kernel", "os", "hypervisor": "kvm" | "none", "kvm": one line of what the probe found, "probe":
 * kvm-vmm's own, "governor", "turbo", "smt", "load1", "steal_percent", "ksm", "nested",
 * "throttled", "mitigations": { name: text }, "clocksource", "checks": [ { "check": "governor",
 * "level": "ok"|"warn"|"unknown", "found": text, "hint": text } ] }
 *
 * samples.csv, beyond the contract of each metric's name: kvm-vmm runs twice per counted run, once
 * without --stats (wall, cpu, max_rss: writing the report is not counted against it) and once
 * with (startup, phase.*, idle, exits*, exit.*). pss and rss are read when the process ends, under
 * ptrace, which slows it: their rows have phase `traced`, one run per workload, guests and backend,
 * and so has image. max_rss is the kernel's ru_maxrss, which can be some 100 KiB low.
 * phase.* of several guests: each step ends when its last guest has done it. floor has
 * exit.<REASON>.loop.total (its loop is not split into run and handler) and exits.<REASON>.
 */
#define SAMPLES_COLUMNS "where,workload,guests,backend,run,phase,ok,metric,unit,value"
#define HISTOGRAMS_COLUMNS "where,workload,guests,backend,reason,span,unit,lower,upper,count"
#define CROSSCHECK_COLUMNS "where,workload,guests,backend,vcpu,reason,vmm,kernel,stats_fd,verdict"
#define KERNEL_EXITS_COLUMNS "where,workload,guests,backend,vcpu,isa,reason,count,total_ns,to_user"

/* ---- suite.c: workloads ---- */
enum workload_kind {
	KIND_GUEST,   /* the six real-mode guests */
	KIND_OS,      /* 1K OS */
	KIND_MICRO,   /* one operation many times, measured by the guest */
	KIND_COMPUTE, /* no exits; scaled by its iterations */
};

/* What a KVM must do for a workload; a host without it leaves the workload to the lab. */
enum workload_need {
	NEED_PAGING = 1 << 0,  /* 32-bit protected mode with paging */
	NEED_NATIVE = 1 << 1,  /* guest code runs on the CPU: x87, SSE, int and iret */
	NEED_IRQCHIP = 1 << 2, /* in-kernel interrupt controller */
};

/* One KVM_RUN return reason and how often it must occur in a run, per guest. */
struct expected_exits {
	const char *reason; /* "KVM_EXIT_IO"; NULL ends the list */
	uint64_t count;
};

struct workload;
struct run_result;
struct recorder;

/*
 * Reads what a run printed and records it. Called for runs that passed the
 * checks below only. Returns 0, or -1 with the reason in why (a failed run).
 */
typedef int parse_fn(const struct workload *workload, const struct run_result *result,
		     struct recorder *recorder, char *why, size_t why_bytes);

struct workload {
	const char *name;  /* as typed after --workload: letters, digits, '-', '.' */
	const char *about; /* one line for `kvm-bench list` */
	enum workload_kind kind;
	unsigned needs;	       /* enum workload_need */
	unsigned guest_counts; /* bit n-1: also run n guests in parallel; 0 means alone only */

	/* Files below the build folder; NULL: not available on that backend. */
	const char *image;	     /* kvm-vmm GUEST */
	const char *rom;	     /* QEMU -bios */
	const char *kernel;	     /* QEMU -kernel (with -serial), instead of rom */
	const char *native;	     /* 32-bit Linux program */
	const char *const *vmm_args; /* further kvm-vmm options, NULL-terminated; may be NULL */
	const char *const *qemu_args;
	const char *const *native_args;

	const char *input;	/* keyboard input, NULL for none */
	const char *output;	/* exact console output of one guest; NULL: parse checks it */
	const char *output_end; /* output NULL: what it must end with; may be NULL */
	const struct expected_exits *exits;	    /* on kvm-vmm; NULL: not known beforehand */
	int vmm_status, qemu_status, native_status; /* exit status of a good run */

	double timeout_s;    /* of one run; 0: the default */
	uint64_t iterations; /* compute: recorded as metric `iterations`; 0: none */
	unsigned max_runs;   /* cap for slow workloads; 0: none */
	bool not_quick;	     /* left out by --quick */
	parse_fn *parse;     /* NULL: nothing but the generic metrics */
	const void *data;    /* parse's own */
};

/* Tables of the other suites; suite.c joins them. Each ends with an entry whose name is NULL. */
extern const struct workload guest_workloads[];	  /* suite.c */
extern const struct workload os_workloads[];	  /* suite_os.c */
extern const struct workload micro_workloads[];	  /* micro.c */
extern const struct workload compute_workloads[]; /* compute.c */

/* The index-th workload of all tables, NULL after the last. */
const struct workload *suite_at(size_t index);
const struct workload *suite_find(const char *name); /* NULL: no such workload */
const char *kind_name(enum workload_kind kind);

/* ---- run.c: one run and its record ---- */
struct run_result {
	const char *where;   /* "host", "lab", "exact" */
	const char *backend; /* "kvm-vmm", "qemu-tcg", "qemu-kvm", "floor", "no-stats", "native" */
	const char *unit;    /* of every time: "ns", or "instructions" where where is "exact" */
	unsigned guests;
	uint64_t start_ns; /* just before exec */
	uint64_t wall_ns;  /* exec to exit */
	uint64_t cpu_ns;   /* user + system of the child */
	uint64_t max_rss_bytes;
	uint64_t rss_bytes; /* at its end, 0: not sampled in this run */
	uint64_t pss_bytes; /* the same */
	int status;	    /* exit status, or 128 + signal */
	bool timed_out;
	const char *output; /* console, NUL after output_bytes */
	size_t output_bytes;
	const char *errors;  /* stderr, NUL-terminated */
	const json_t *stats; /* kvm-vmm's --stats=json, NULL on other backends */
};

/* Rows of samples.csv for the run at hand; where, workload, ... are filled in. */
void record(struct recorder *recorder, const char *metric, const char *unit, double value);
void record_text(struct recorder *recorder, const char *metric, const char *text);
/*
 * Adds a value count times to the histogram (reason, span, unit) of this
 * workload, guests and backend; span is "run", "handler" or "op". Written to
 * histograms.csv at the end, from counted ok runs only.
 */
void record_value(struct recorder *recorder, const char *reason, const char *span, const char *unit,
		  uint64_t value, uint64_t count);

#endif
