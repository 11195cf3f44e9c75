/* SPDX-License-Identifier: MIT */
/* The command line, into a struct config. */
#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

#define MEM_MIN PAGE_BYTES
#define MEM_MAX (3ull * 1024 * MIB) /* below KVM's own pages and TESTDEV_MMIO */

enum {
	OPT_MODE = 256, OPT_MEM, OPT_LAYOUT, OPT_TIMER_PERIOD, OPT_TIMEOUT, OPT_INPUT, OPT_APPEND,
	OPT_MODULE, OPT_PIN, OPT_STATS, OPT_STATS_FILE, OPT_TRACE_FILE, OPT_PROBE, OPT_COLOR,
	OPT_TESTDEV, OPT_STRICT_IO, OPT_SANDBOX,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "Guest:", 1 },
	{ "mode", OPT_MODE, "auto|real|protected", 0,
	  "How a guest starts (auto: an ELF in protected mode, anything else in real mode)", 0 },
	{ "mem", OPT_MEM, "SIZE", 0,
	  "Guest memory: K, M or G (256K in real mode, 4M in protected mode)", 0 },
	{ "layout", OPT_LAYOUT, "isolated|shared", 0,
	  "A VM for each guest, or one VM with a 256 KiB window for each real-mode guest", 0 },
	{ "timer-period", OPT_TIMER_PERIOD, "DUR", 0, "Period of the tick: us, ms or s (10ms)", 0 },
	{ "append", OPT_APPEND, "STRING", 0, "Multiboot command line", 0 },
	{ "module", OPT_MODULE, "FILE", 0, "Multiboot module (repeatable)", 0 },
	{ "strict-io", OPT_STRICT_IO, NULL, 0,
	  "A port without a device is a guest fault (else it reads as all ones)", 0 },
	{ "testdev", OPT_TESTDEV, NULL, 0, "Add the devices that micro-benchmarks aim at", 0 },
	{ NULL, 0, NULL, 0, "Run:", 2 },
	{ "input", OPT_INPUT, "FILE", 0,
	  "Keyboard input from FILE; the n-th is for the n-th guest (stdin: the first without)", 0 },
	{ "timeout", OPT_TIMEOUT, "DUR", 0, "Stop the run after DUR, status 124", 0 },
	{ "pin", OPT_PIN, "CPULIST", 0, "Pin the n-th vCPU to the n-th CPU, like 0,2-3", 0 },
	{ "sandbox", OPT_SANDBOX, NULL, 0, "Allow only the system calls a run needs (seccomp)", 0 },
	{ "color", OPT_COLOR, "auto|always|never", 0, "Colour each guest's lines", 0 },
	{ "verbose", 'v', NULL, 0, "Say what is done", 0 },
	{ NULL, 0, NULL, 0, "Measure:", 3 },
	{ "stats", OPT_STATS, "json", OPTION_ARG_OPTIONAL,
	  "Report counts and times of every exit reason at the end", 0 },
	{ "stats-file", OPT_STATS_FILE, "FILE", 0, "Write that report to FILE, not stderr", 0 },
	{ "trace-file", OPT_TRACE_FILE, "FILE", 0, "Write every exit with its times, as CSV", 0 },
	{ "probe", OPT_PROBE, "json", OPTION_ARG_OPTIONAL,
	  "Say what this host's KVM can do, and exit", 0 },
	{ NULL, 0, NULL, 0, "Help:", -1 },
	{ 0 },
};

static const char doc[] =
	"Runs 1 to 4 guests on Linux KVM, each on its own vCPU thread.\v"
	"A GUEST is a flat real-mode image (starts at 0:0) or a Multiboot 1 ELF kernel.\n"
	"\n"
	"Examples:\n"
	"  kvm-vmm guests/hello.bin\n"
	"  kvm-vmm --stats guests/hello.bin guests/fibonacci.bin\n"
	"  printf '1\\n0\\n' | kvm-vmm os-1k.elf\n"
	"\n"
	"Exit status: 0 all guests ended well, 1 a guest faulted, 2 usage error, 3 the host's\n"
	"KVM is missing or cannot do it, 124 timeout, 130 interrupted, (v << 1) | 1 after a\n"
	"guest's write of v to port 0xf4; the worst of several guests.";

uint64_t parse_scaled(const char *text, const struct scale *scales, bool unit_needed)
{
	unsigned long long n;
	char *unit;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &unit, 10);
	if (errno != 0 || (*unit == '\0' && unit_needed))
		return 0;
	if (*unit == '\0')
		return n;
	for (; scales->unit; scales++)
		if (strcmp(unit, scales->unit) == 0)
			return n > UINT64_MAX / scales->factor ? 0 : n * scales->factor;
	return 0;
}

static uint64_t parse_size(struct argp_state *state, const char *name, const char *text)
{
	static const struct scale scales[] = {
		{ "K", KIB },	{ "KiB", KIB },	  { "M", MIB },
		{ "MiB", MIB }, { "G", KIB * MIB }, { "GiB", KIB * MIB }, { NULL, 0 },
	};
	uint64_t bytes = parse_scaled(text, scales, false);

	if (bytes < MEM_MIN || bytes > MEM_MAX || bytes % PAGE_BYTES != 0)
		argp_error(state, "%s=%s: give whole pages from 4K to 3G, like 256K or 4M", name,
			   text);
	return bytes;
}

static uint64_t parse_duration(struct argp_state *state, const char *name, const char *text)
{
	static const struct scale scales[] = {
		{ "us", NS_PER_US }, { "ms", NS_PER_MS }, { "s", NS_PER_S }, { NULL, 0 },
	};
	uint64_t ns = parse_scaled(text, scales, true);

	if (ns == 0 || ns > 1000000 * NS_PER_S)
		argp_error(state, "%s=%s: give a number and us, ms or s, like 10ms", name, text);
	return ns;
}

/* Index of a word in a list that ends with NULL. */
static int parse_word(struct argp_state *state, const char *name, const char *text,
		      const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	argp_error(state, "%s=%s: see --help for what it can be", name, text);
	return 0;
}

/* "0,2-3" into config->pin_cpus; a list shorter than the guests starts again. */
static void parse_pin(struct argp_state *state, const char *text, struct config *config)
{
	int cpus[MAX_GUESTS];
	unsigned int n = 0;
	const char *next = text;

	while (*next) {
		char *end;
		long first = strtol(next, &end, 10), last = first;

		if (end != next && *end == '-') {
			next = end + 1;
			last = strtol(next, &end, 10);
		}
		if (end == next || first < 0 || last < first || last >= CPU_SETSIZE ||
		    (*end != ',' && *end != '\0') || (*end == ',' && end[1] == '\0'))
			argp_error(state, "--pin=%s: give a list of CPUs, like 0,2-3", text);
		for (long cpu = first; cpu <= last && n < MAX_GUESTS; cpu++)
			cpus[n++] = (int)cpu;
		next = *end == ',' ? end + 1 : end;
	}
	if (n == 0)
		argp_error(state, "--pin: give a list of CPUs, like 0,2-3");
	for (unsigned int i = 0; i < MAX_GUESTS; i++)
		config->pin_cpus[i] = cpus[i % n];
}

static void add(struct argp_state *state, const char *what, const char **list, unsigned int *count,
		unsigned int max, const char *value)
{
	if (*count == max)
		argp_error(state, "at most %u %s", max, what);
	list[(*count)++] = value;
}

static void check(struct argp_state *state, const struct config *config)
{
	if (config->guest_count == 0)
		argp_error(state, "no guest: give the path of an image, like guests/hello.bin");
	if (config->input_count > config->guest_count)
		argp_error(state, "more --input than guests");
	if (config->layout == LAYOUT_SHARED && config->mode == MODE_PROTECTED)
		argp_error(state, "--layout=shared has real-mode guests only");
	if (config->layout == LAYOUT_SHARED && (config->mem_bytes || config->input_count > 1))
		argp_error(state, "--layout=shared has 256 KiB a guest and one keyboard: leave out "
				  "--mem and further --input");
#ifndef MINIKVM_STATS
	if (config->stats != STATS_NONE || config->trace_file)
		argp_error(state, "built with -Dstats=false: no --stats and no --trace-file");
#endif
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const char *const modes[] = { "auto", "real", "protected", NULL };
	static const char *const layouts[] = { "isolated", "shared", NULL };
	static const char *const colors[] = { "auto", "always", "never", NULL };
	static const char *const formats[] = { "json", NULL };
	struct options *o = state->input;
	struct config *config = &o->config;

	switch (key) {
	case OPT_MODE:
		config->mode = (enum mode)parse_word(state, "--mode", arg, modes);
		break;
	case OPT_MEM:
		config->mem_bytes = parse_size(state, "--mem", arg);
		break;
	case OPT_LAYOUT:
		config->layout = (enum layout)parse_word(state, "--layout", arg, layouts);
		break;
	case OPT_TIMER_PERIOD:
		config->timer_period_ns = parse_duration(state, "--timer-period", arg);
		break;
	case OPT_TIMEOUT:
		config->timeout_ns = parse_duration(state, "--timeout", arg);
		break;
	case OPT_INPUT:
		add(state, "--input", config->inputs, &config->input_count, MAX_GUESTS, arg);
		break;
	case OPT_APPEND:
		config->append = arg;
		break;
	case OPT_MODULE:
		add(state, "--module", config->modules, &config->module_count, MAX_MODULES, arg);
		break;
	case OPT_PIN:
		parse_pin(state, arg, config);
		break;
	case OPT_STATS:
		if (arg)
			parse_word(state, "--stats", arg, formats);
		config->stats = arg ? STATS_JSON : STATS_TABLE;
		break;
	case OPT_STATS_FILE:
		config->stats_file = arg;
		if (config->stats == STATS_NONE)
			config->stats = STATS_TABLE;
		break;
	case OPT_TRACE_FILE:
		config->trace_file = arg;
		break;
	case OPT_PROBE:
		if (arg)
			parse_word(state, "--probe", arg, formats);
		o->probe = true;
		o->probe_json = arg != NULL;
		break;
	case OPT_COLOR:
		o->color = (enum color)parse_word(state, "--color", arg, colors);
		break;
	case OPT_TESTDEV:
		config->testdev = true;
		break;
	case OPT_STRICT_IO:
		config->strict_io = true;
		break;
	case OPT_SANDBOX:
		config->sandbox = true;
		break;
	case 'v':
		config->verbose = true;
		break;
	case ARGP_KEY_ARG:
		add(state, "guests", config->guests, &config->guest_count, MAX_GUESTS, arg);
		break;
	case ARGP_KEY_END:
		if (!o->probe)
			check(state, config);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void options_parse(struct options *o, int argc, char **argv)
{
	static const struct argp argp = { options, parse, "GUEST [GUEST...]", doc, NULL, NULL, NULL };

	*o = (struct options){ .config = { .timer_period_ns = 10 * NS_PER_MS,
					   .pin_cpus = { -1, -1, -1, -1 } } };
	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, o);
	o->config.color = o->color == COLOR_ALWAYS ||
			  (o->color == COLOR_AUTO && isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
}
