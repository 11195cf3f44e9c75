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
#define DURATION_MAX (1000000 * NS_PER_S)
#define GIB (KIB * MIB)
#define MEM_MAX (3 * GIB) /* below KVM's own pages and TESTDEV_MMIO */

static const char doc[] =
    "Runs 1 to 4 guests on Linux KVM, each on its own vCPU thread.\v"
    "A GUEST is a flat real-mode image (starts at 0:0) or a Multiboot 1 ELF kernel.\n"
    "\n"
    "Examples:\n"
    "  kvm-vmm guests/hello.bin\n"
    "  kvm-vmm --stats guests/hello.bin guests/fibonacci.bin\n"
    "  printf '1\\n0\\n' | kvm-vmm os-1k.elf\n"
    "\n"
    "Exit status: 0 all guests ended well, 1 a guest faulted, 2 usage error,\n"
    "3 the host's KVM is missing or cannot do it, 124 timeout, 130 interrupted,\n"
    "(v << 1) | 1 after a guest's write of v to port 0xf4; of several the worst.";

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

static const struct scale sizes[] = {
	{ "K", KIB }, { "KiB", KIB }, { "M", MIB }, { "MiB", MIB },
	{ "G", GIB }, { "GiB", GIB }, { NULL, 0 },
};
static const struct scale durations[] = {
	{ "us", NS_PER_US },
	{ "ms", NS_PER_MS },
	{ "s", NS_PER_S },
	{ NULL, 0 },
};

/* What an option sets, and what it may be set to. */
enum kind { HEADING, SET_FLAG, SET_STRING, SET_WORD, SET_SIZE, SET_DURATION, SET_CPUS, ADD_STRING };
#define OFFSET(member) offsetof(struct options, member)
/* clang-format off */
static const struct setting {
	const char *name, *arg, *doc;
	enum kind kind;
	size_t offset;		/* in struct options */
	const char *words[4];	/* SET_WORD: an int becomes the index */
	size_t count_offset;	/* ADD_STRING: how many there are, */
	unsigned int max;	/* and may be */
	bool arg_optional;	/* without it: the second word */
	char letter;
} settings[] = {
	{ .doc = "Guest:" },
	{ "mode", "auto|real|protected",
	  "How a guest starts (auto: an ELF in protected mode, anything else in real mode)",
	  SET_WORD, OFFSET(config.mode), { "auto", "real", "protected" } },
	{ "mem", "SIZE", "Guest memory: K, M or G (256K in real mode, 4M in protected mode)",
	  SET_SIZE, OFFSET(config.mem_bytes) },
	{ "layout", "isolated|shared",
	  "A VM for each guest, or one VM with a 256 KiB window for each real-mode guest",
	  SET_WORD, OFFSET(config.layout), { "isolated", "shared" } },
	{ "timer-period", "DUR", "Period of the tick: us, ms or s (10ms)",
	  SET_DURATION, OFFSET(config.timer_period_ns) },
	{ "append", "STRING", "Multiboot command line", SET_STRING, OFFSET(config.append) },
	{ "module", "FILE", "Multiboot module (repeatable)", ADD_STRING, OFFSET(config.modules),
	  .count_offset = OFFSET(config.module_count), .max = MAX_MODULES },
	{ "strict-io", NULL, "A port without a device is a guest fault (else it reads as all ones)",
	  SET_FLAG, OFFSET(config.strict_io) },
	{ "testdev", NULL, "Add the devices that micro-benchmarks aim at",
	  SET_FLAG, OFFSET(config.testdev) },
	{ .doc = "Run:" },
	{ "input", "FILE",
	  "Keyboard input from FILE; the n-th is for the n-th guest (stdin: the first without)",
	  ADD_STRING, OFFSET(config.inputs),
	  .count_offset = OFFSET(config.input_count), .max = MAX_GUESTS },
	{ "timeout", "DUR", "Stop the run after DUR, status 124",
	  SET_DURATION, OFFSET(config.timeout_ns) },
	{ "pin", "CPULIST", "Pin the n-th vCPU to the n-th CPU, like 0,2-3", SET_CPUS },
	{ "sandbox", NULL, "Allow only the system calls a run needs (seccomp)",
	  SET_FLAG, OFFSET(config.sandbox) },
	{ "color", "auto|always|never", "Colour each guest's lines",
	  SET_WORD, OFFSET(color), { "auto", "always", "never" } },
	{ "verbose", NULL, "Say what is done", SET_FLAG, OFFSET(config.verbose),
	  .letter = 'v' },
	{ .doc = "Measure:" },
	{ "stats", "table|json", "Report counts and times of every exit reason at the end",
	  SET_WORD, OFFSET(config.stats), { "none", "table", "json" }, .arg_optional = true },
	{ "stats-file", "FILE", "Write that report to FILE, not stderr",
	  SET_STRING, OFFSET(config.stats_file) },
	{ "trace-file", "FILE", "Write every exit with its times, as CSV",
	  SET_STRING, OFFSET(config.trace_file) },
	{ "probe", "table|json", "Say what this host's KVM can do, and exit",
	  SET_WORD, OFFSET(probe), { "none", "table", "json" }, .arg_optional = true },
};
/* clang-format on */
#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* Without a letter: the index into the table, above any character. */
static int key_of(size_t i)
{
	return settings[i].letter ? settings[i].letter : 256 + (int)i;
}

/* The table as argp wants it; headings count the groups, argp's own help comes last. */
static void list_options(struct argp_option *options)
{
	int group = 0;

	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];

		if (s->kind == HEADING)
			group++;
		options[i] = (struct argp_option){
			.name = s->name,
			.key = s->kind == HEADING ? 0 : key_of(i),
			.arg = s->arg,
			.flags = s->arg_optional ? OPTION_ARG_OPTIONAL : 0,
			.doc = s->doc,
			.group = group,
		};
	}
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

static void add(struct argp_state *state, const char **list, unsigned int *count, unsigned int max,
		const char *dashes, const char *what, const char *value)
{
	if (*count == max)
		argp_error(state, "at most %u %s%s", max, dashes, what);
	list[(*count)++] = value;
}

/* Index of the word among the setting's. */
static int parse_word(struct argp_state *state, const struct setting *s, const char *word)
{
	size_t count = sizeof(s->words) / sizeof(s->words[0]);

	for (size_t i = 0; i < count && s->words[i]; i++)
		if (strcmp(word, s->words[i]) == 0)
			return (int)i;
	argp_error(state, "'%s' is neither %s, %s%s%s", word, s->words[0], s->words[1],
		   s->words[2] ? " nor " : "", s->words[2] ? s->words[2] : "");
	return 0;
}

static void apply(struct argp_state *state, const struct setting *s, const char *arg)
{
	char *base = state->input;
	void *target = base + s->offset;
	uint64_t n;

	switch (s->kind) {
	case HEADING:
		break;
	case SET_FLAG:
		*(bool *)target = true;
		break;
	case SET_STRING:
		*(const char **)target = arg;
		break;
	case SET_WORD:
		*(int *)target = arg ? parse_word(state, s, arg) : 1;
		break;
	case SET_SIZE:
		*(uint64_t *)target = n = parse_scaled(arg, sizes, false);
		if (n < MEM_MIN || n > MEM_MAX || n % PAGE_BYTES != 0)
			argp_error(state, "'%s': give whole pages, 4K to 3G, like 256K or 4M", arg);
		break;
	case SET_DURATION:
		*(uint64_t *)target = n = parse_scaled(arg, durations, true);
		if (n == 0 || n > DURATION_MAX)
			argp_error(state, "'%s': give a number and us, ms or s, like 10ms", arg);
		break;
	case SET_CPUS:
		parse_pin(state, arg, &((struct options *)state->input)->config);
		break;
	case ADD_STRING:
		add(state, target, (unsigned int *)(base + s->count_offset), s->max, "--", s->name,
		    arg);
		break;
	}
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
	struct options *o = state->input;
	struct config *config = &o->config;

	for (size_t i = 0; i < SETTINGS; i++)
		if (settings[i].kind != HEADING && key == key_of(i)) {
			apply(state, &settings[i], arg);
			return 0;
		}
	if (key == ARGP_KEY_ARG)
		add(state, config->guests, &config->guest_count, MAX_GUESTS, "", "guests", arg);
	else if (key == ARGP_KEY_END && o->probe == PROBE_NONE)
		check(state, config);
	else if (key != ARGP_KEY_END)
		return ARGP_ERR_UNKNOWN;
	return 0;
}

void options_parse(struct options *o, int argc, char **argv)
{
	struct argp_option options[SETTINGS + 1] = { 0 };
	const struct argp argp = { options, parse, "GUEST [GUEST...]", doc, NULL, NULL, NULL };

	*o = (struct options){ .config = { .timer_period_ns = 10 * NS_PER_MS,
					   .pin_cpus = { -1, -1, -1, -1 } } };
	list_options(options);
	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, o);
	if (o->config.stats_file && o->config.stats == STATS_NONE)
		o->config.stats = STATS_TABLE;
	o->config.color = o->color == COLOR_ALWAYS ||
			  (o->color == COLOR_AUTO && isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
}
