/* SPDX-License-Identifier: MIT */
/* kvm-exits: command line, and the run from attach to report. */
#include <argp.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include "fatal.h"
#include "live.h"
#include "output.h"
#include "record.h"

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define LONGEST_POLL_NS (1000 * NS_PER_S)
#define DRAIN_MS 20 /* the default ring holds this much of 12 million events a second */

const char *argp_program_version = "kvm-exits " MINIKVM_VERSION;

static const char doc[] =
    "Counts and times the VM exits of a VMM, by reason, from the kernel's tracepoints."
    "\vWatches the process PID, or COMMAND from before its first KVM_RUN, or with -a every VM "
    "of the host, threads and later children included, until it ends, -d is over or ctrl-C. "
    "The report goes to standard output.\n\n"
    "Events: exit (hardware exits), user (returns to user space), pio, mmio, irq, halt, insn "
    "(emulated instructions); all but insn when none is given. Fewer events cost less.\n\n"
    "Keys: samples, time, mean, min, max, p50, p99, name.\n\n"
    "Exit status: that of COMMAND; 2 usage, 3 this host cannot.\n\n"
    "Examples:\n"
    "  kvm-exits -- kvm-vmm guests/hello.bin\n"
    "  kvm-exits -p $(pidof qemu-system-x86_64) -d 10 --live\n"
    "  kvm-exits --event=user --json -o exits.json -- kvm-vmm guests/counter.bin";

enum {
	OPT_VCPU = 256,
	OPT_EVENT,
	OPT_JSON,
	OPT_CSV,
	OPT_LIVE,
	OPT_HISTOGRAM,
	OPT_RECORD,
	OPT_COUNTS,
	OPT_SPLIT,
	OPT_NO_COST,
	OPT_THREADS,
	OPT_ROWS,
	OPT_HISTS,
	OPT_ADDRESSES,
	OPT_RING
};

static const struct argp_option argp_options[] = {
	{ "pid", 'p', "PID", 0, "Watch this process", 1 },
	{ "all", 'a', NULL, 0, "Watch every VM of this host", 1 },
	{ "duration", 'd', "SECONDS", 0, "Stop after this time (fractions allowed); ends COMMAND",
	  1 },
	{ "vcpu", OPT_VCPU, "N", 0, "Only vCPUs with this number", 1 },
	{ "event", OPT_EVENT, "EVENT[,...]", 0, "What to watch (see below)", 1 },
	{ "counts", OPT_COUNTS, NULL, 0, "Only count: no clock, no times; cheapest", 1 },
	{ "split", OPT_SPLIT, NULL, 0, "Tell the VMM's time from the way back into the guest", 1 },
	{ "key", 'k', "KEY", 0, "Sort by this column", 2 },
	{ "json", OPT_JSON, NULL, 0, "JSON, with full histograms", 2 },
	{ "csv", OPT_CSV, NULL, 0, "CSV", 2 },
	{ "live", OPT_LIVE, NULL, 0,
	  "A screen that follows (COMMAND then has no terminal); plain rows when not on a terminal",
	  2 },
	{ "interval", 'i', "SECONDS", 0, "Refresh of --live, default 1", 2 },
	{ "histogram", OPT_HISTOGRAM, NULL, 0, "Draw the distribution of each row's time", 2 },
	{ "output", 'o', "FILE", 0, "Write the report to FILE", 2 },
	{ "record", OPT_RECORD, "FILE", 0, "Write every event to FILE, as CSV", 2 },
	{ "no-cost", OPT_NO_COST, NULL, 0, "Do not measure the probes: events cost less", 2 },
	{ "max-threads", OPT_THREADS, "N", 0, "Room for vCPU threads, default and most 1024", 3 },
	{ "max-rows", OPT_ROWS, "N", 0,
	  "Room for reasons, summed over threads, default and most 8191", 3 },
	{ "max-histograms", OPT_HISTS, "N", 0, "Histograms of 15 KiB, default 512; 0: none", 3 },
	{ "max-addresses", OPT_ADDRESSES, "N", 0, "MMIO addresses, default 4096", 3 },
	{ "ring-size", OPT_RING, "KIB", 0, "Room for --record, default 16384 KiB", 3 },
	{ "verbose", 'v', NULL, 0, "Pass on what libbpf and the verifier say", 4 },
	{ 0 },
};

/* ---- options ---- */

static uint64_t parse_seconds(struct argp_state *state, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds > 0 && seconds < 1e9))
		argp_error(state, "'%s' is not a number of seconds above 0", text);
	return (uint64_t)(seconds * 1e9);
}

static uint32_t parse_number(struct argp_state *state, const char *text, uint32_t min, uint32_t max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (end == text || *end || *text == '-' || errno || n < min || n > max)
		argp_error(state, "'%s' is not a number from %u to %u", text, min, max);
	return (uint32_t)n;
}

static unsigned int parse_events(struct argp_state *state, const char *text)
{
	unsigned int events = 0;
	size_t i, length;

	for (; *text; text += length + (text[length] == ',')) {
		length = strcspn(text, ",");
		for (i = 0; event_words[i].name; i++)
			if (strlen(event_words[i].name) == length &&
			    !strncmp(event_words[i].name, text, length))
				break;
		if (!event_words[i].name)
			argp_error(state,
				   "'%.*s' is not an event: exit, user, pio, mmio, irq, halt, insn",
				   (int)length, text);
		events |= event_words[i].watch;
	}
	return events;
}

/* A ring holds a power of two of pages. */
static uint32_t ring_bytes(uint32_t kib)
{
	uint32_t bytes = (uint32_t)sysconf(_SC_PAGESIZE);

	while (bytes < kib * 1024)
		bytes *= 2;
	return bytes;
}

static void check_key(struct argp_state *state, const char *key)
{
	struct view none = { 0 };

	if (!*key || !view_sort(&none, key))
		argp_error(state,
			   "'%s' is not a key: samples, time, mean, min, max, p50, p99, name", key);
}

static void check_options(struct argp_state *state, const struct options *o)
{
	int targets = (o->pid != 0) + o->all + (o->command != NULL);

	if (targets != 1)
		argp_error(state, targets ? "give only one of -p PID, -a, COMMAND"
					  : "nothing to watch: give -p PID, -a, or a COMMAND");
	if (o->json + o->csv + o->live > 1)
		argp_error(state, "give only one of --json, --csv, --live");
	if (o->counts && (o->split || o->histogram))
		argp_error(state, "--counts takes no times: leave out --split and --histogram");
}

static int verbose_print(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	return vfprintf(stderr, format, args);
}

static int silent_print(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static error_t parse_limit(int key, char *arg, struct argp_state *state, struct options *o)
{
	switch (key) {
	case OPT_THREADS:
		o->max_threads = parse_number(state, arg, 1, MAX_THREADS);
		return 0;
	case OPT_ROWS:
		o->max_rows = parse_number(state, arg, 1, MAX_CELLS - 1);
		return 0;
	case OPT_HISTS:
		o->max_histograms = parse_number(state, arg, 0, 65536);
		return 0;
	case OPT_ADDRESSES:
		o->max_addresses = parse_number(state, arg, 1, 1 << 20);
		return 0;
	case OPT_RING:
		o->ring_bytes = ring_bytes(parse_number(state, arg, 1, 1 << 20));
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'p':
		o->pid = (pid_t)parse_number(state, arg, 1, INT32_MAX);
		return 0;
	case 'a':
		o->all = true;
		return 0;
	case 'd':
		o->duration_ns = parse_seconds(state, arg);
		return 0;
	case 'i':
		o->interval_ns = parse_seconds(state, arg);
		return 0;
	case 'k':
		check_key(state, arg);
		o->key = arg;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case 'v':
		libbpf_set_print(verbose_print);
		return 0;
	case OPT_VCPU:
		o->vcpu = (int)parse_number(state, arg, 0, INT32_MAX);
		return 0;
	case OPT_EVENT:
		o->events |= parse_events(state, arg);
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_CSV:
		o->csv = true;
		return 0;
	case OPT_LIVE:
		o->live = true;
		return 0;
	case OPT_HISTOGRAM:
		o->histogram = true;
		return 0;
	case OPT_RECORD:
		o->record = arg;
		return 0;
	case OPT_COUNTS:
		o->counts = true;
		return 0;
	case OPT_SPLIT:
		o->split = true;
		return 0;
	case OPT_NO_COST:
		o->no_cost = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->command = &state->argv[state->next];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		check_options(state, o);
		return 0;
	}
	return parse_limit(key, arg, state, o);
}

/* ---- the run ---- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Signals that end the run, as a file. */
static int signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		fatal("signalfd", "raise ulimit -n", errno);
	return fd;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Until the target ends, a signal comes, the time is over or --live is left. */
static void watch(const struct run *r, int signal_fd, struct recorder *recorder, struct live *live)
{
	const struct options *o = r->options;
	uint64_t end_ns = o->duration_ns ? r->begin_ns + o->duration_ns : UINT64_MAX;
	struct pollfd fds[] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = r->target->pidfd, .events = POLLIN },
		{ .fd = live ? live_input(live) : -1, .events = POLLIN },
	};

	for (;;) {
		uint64_t now = now_ns(), wait_ns = end_ns - least(now, end_ns), timeout_ms;

		if (!wait_ns)
			return;
		if (recorder)
			wait_ns = least(wait_ns, DRAIN_MS * NS_PER_MS);
		if (live)
			wait_ns = least(wait_ns, live_due_ns(live, now));
		timeout_ms = (least(wait_ns, LONGEST_POLL_NS) + NS_PER_MS - 1) / NS_PER_MS;
		if (poll(fds, 3, (int)timeout_ms) < 0 && errno != EINTR)
			fatal("poll", "try again", errno);
		if (recorder)
			recorder_drain(recorder);
		if (fds[0].revents || fds[1].revents)
			return;
		if (live && !live_update(live, r, now_ns()))
			return;
	}
}

static FILE *output_open(const struct options *o)
{
	FILE *out = o->output ? fopen(o->output, "we") : stdout;

	if (!out)
		fatal(o->output, "-o needs a file it can write", errno);
	return out;
}

static int trace(const struct options *o)
{
	int signal_fd = signals_open();
	struct recorder *recorder = NULL;
	struct live *live = NULL;
	struct session *s;
	struct target t;
	struct run r;
	FILE *out;

	out = output_open(o);
	if (o->command)
		target_start(&t, o->command, o->live && live_on_terminal(out));
	else
		target_find(&t, o->pid);
	s = session_open(o, t.pid);
	r = (struct run){ .options = o, .session = s, .target = &t };
	if (o->record)
		recorder = recorder_open(o->record, session_ring_fd(s));
	r.begin_ns = now_ns();
	if (o->live)
		live = live_open(o, out, r.begin_ns);
	target_go(&t);
	watch(&r, signal_fd, recorder, live);
	r.duration_ns = now_ns() - r.begin_ns;
	session_detach(s);
	r.status = target_end(&t);
	if (live)
		live_close(live);
	if (recorder)
		r.records = recorder_close(recorder);
	if (o->json)
		output_json(out, &r);
	else if (o->csv)
		output_csv(out, &r);
	else
		output_text(out, &r);
	if (fflush(out) || ferror(out))
		fatal("the report", "is the disk full, or the pipe closed?", errno);
	session_close(s);
	return r.status;
}

int main(int argc, char **argv)
{
	const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
		.args_doc = "[COMMAND [ARG...]]",
		.doc = doc,
	};
	struct options o = {
		.vcpu = -1,
		.interval_ns = NS_PER_S,
		.key = "samples",
		.max_threads = MAX_THREADS,
		.max_rows = MAX_CELLS - 1,
		.max_histograms = 512,
		.max_addresses = 4096,
		.ring_bytes = 16 << 20,
	};

	libbpf_set_print(silent_print);
	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	if (!o.events)
		o.events = WATCH_DEFAULT;
	return trace(&o);
}
