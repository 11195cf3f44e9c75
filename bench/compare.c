/* SPDX-License-Identifier: MIT */
/*
 * kvm-bench compare: two results folders, exact figures first. Exact figures differ
 * or do not. A time differs when a permutation test says so over all rows (Holm),
 * and the difference lies beyond what nothing at all makes: the noise floor.
 */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "format.h"
#include "results.h"
#include "section.h"

#define ALPHA 0.01
#define SEED 20260101
/* Unchanged programs that move further than this between sessions: the machine has changed. */
#define UNSTEADY 0.10
/* Fewer say nothing about how far a further one may be. */
#define ENOUGH_CONTROLS 3
/* Enough to find p < ALPHA / rows for some thousand rows. */
#define PERMUTATIONS 1000000

struct options {
	const char *a, *b, *baseline, *markdown;
	double threshold; /* share: a difference beyond it is a regression */
	bool all;
};

/* One metric on both sides. */
struct row {
	const struct series *a, *b;
	double change; /* median of b over median of a, less 1 */
	double floor;  /* share; differences up to it are noise */
	double beside; /* logarithm of what the bare loop of this workload moved by, 0: has none */
	double p;      /* after Holm */
	bool exact, differs, regressed;
	bool unsteady; /* the machine was not the same: no verdict */
};

struct control {
	size_t rows;
	double drift;	 /* median of what the control's rows moved by together, as a share */
	double reach;	 /* how far from no change a further row may be, with 99 % confidence */
	double quartile; /* upper quartile of what one moved by: small while the machine stays the
			    same */
};

/* Figures that move alike; each family of times has its control. */
enum family { WALL, CPU, EXITS, FAMILIES, MEMORY = FAMILIES };

struct comparison {
	struct results *a, *b;
	struct row *row;
	size_t count;
	struct control control[FAMILIES];
	size_t regressed, improved, same;
};

/* ---- Which figures are compared, and whether more is worse (all of these: yes) ---- */
static bool compared_time(const struct series *s)
{
	static const char *const metrics[] = { "wall", "cpu", "startup", "max_rss", "cycles" };

	if (strcmp(s->where, WHERE_HOST) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++)
		if (!strcmp(s->metric, metrics[i]))
			return true;
	/* One row per exit reason: the time of all its exits in KVM_RUN, and in the handler but for
	 * HLT's sleep. */
	if (strncmp(s->metric, "exit.", 5) != 0 || !strstr(s->metric, ".total"))
		return false;
	return strcmp(s->metric, "exit.KVM_EXIT_HLT.handler.total") != 0;
}

/* Counts anywhere, and path lengths and totals of the reference machine; never its ordinary clock.
 */
static bool compared_exact(const struct series *s)
{
	/* Not exits.EINTR and exits.EAGAIN: signals come by chance. */
	if (!strcmp(s->metric, "exits") || !strncmp(s->metric, "exits.KVM_EXIT_", 15))
		return true;
	return !strcmp(s->where, WHERE_EXACT) && !strcmp(s->unit, "instructions") &&
	       strcmp(s->metric, "exit.KVM_EXIT_HLT.handler.total") != 0 && /* sleep */
	       (!strcmp(s->metric, "cpu") ||
		(!strncmp(s->metric, "exit.", 5) && strstr(s->metric, ".total")));
}

static const struct series *counterpart(const struct results *other, const struct series *s)
{
	const struct series *found =
	    results_series(other, s->where, s->workload, s->guests, s->backend, s->metric);

	return found && !strcmp(found->unit, s->unit) ? found : NULL;
}

/* ---- The noise floor between two sessions ---- */
static const char *backend_version(const struct results *results, const char *backend)
{
	const json_t *list = json_object_get(results->machine, "backends"), *entry;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		if (!strcmp(json_text(entry, "backend", ""), backend))
			return json_text(entry, "version", "");
	}
	return "";
}

/*
 * QEMU, native code and the bare loop are the same in both folders: what they move by is the
 * machine's doing. The loop starts and exits as kvm-vmm does, so it moves most like it.
 */
static bool is_control(const struct comparison *c, const struct series *s)
{
	return strcmp(s->backend, OURS) != 0 && strcmp(s->backend, NO_STATS) != 0 &&
	       !strcmp(backend_version(c->a, s->backend), backend_version(c->b, s->backend));
}

static enum family family_of(const struct series *s)
{
	if (!strcmp(s->metric, "max_rss"))
		return MEMORY;
	if (!strncmp(s->metric, "exit.", 5))
		return EXITS;
	return !strcmp(s->metric, "cpu") ? CPU : WALL;
}

/* Percentile of the distance of logarithms from a centre, as a share. */
static double upper_share(const double *logs, size_t n, double centre, double percent)
{
	double *distance = xcalloc(n, sizeof *distance), share;

	for (size_t i = 0; i < n; i++)
		distance[i] = fabs(logs[i] - centre);
	statistics_sort(distance, n);
	share = expm1(statistics_percentile(distance, n, percent));
	free(distance);
	return share;
}

/*
 * How far one more row may be from no change at all, with 99 % confidence: Student's t (its
 * expansion around the normal quantile) times the root mean square. Few controls know little, so
 * theirs is far.
 */
static double prediction(const double *logs, size_t n)
{
	const double z = 2.5758, z3 = z * z * z, z5 = z3 * z * z;
	double freedom = (double)n, squares = 0, t;

	if (n < ENOUGH_CONTROLS)
		return 0;
	for (size_t i = 0; i < n; i++)
		squares += logs[i] * logs[i];
	t = z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom);
	return expm1(t * sqrt(squares / freedom));
}

/* Logarithms, so that halved and doubled are as far. */
static struct control control_of(const struct comparison *c, enum family family)
{
	double *moved = xcalloc(c->count, sizeof *moved), drift;
	struct control control = { 0 };

	for (size_t i = 0; i < c->count; i++) {
		const struct row *row = &c->row[i];

		/* Not the cycles of single operations: they scatter more than any wall time. */
		if (!row->exact && is_control(c, row->a) && family_of(row->a) == family &&
		    strcmp(row->a->metric, "cycles") != 0 && isfinite(row->change) &&
		    row->change > -1)
			moved[control.rows++] = log1p(row->change);
	}
	if (control.rows) {
		statistics_sort(moved, control.rows);
		drift = statistics_median(moved, control.rows);
		control.drift = expm1(fabs(drift));
		control.quartile = upper_share(moved, control.rows, 0, 75);
		control.reach = prediction(moved, control.rows);
	}
	free(moved);
	return control;
}

/* The kernel maps up to 64 KiB around a fault, as its page cache has it: memory comes in such
 * steps. */
#define FAULT_AROUND_BYTES (3 * 65536.0) /* text, data and stack may each move by one window */

/*
 * The bare loop ran in turns with kvm-vmm and spends its time on the same things: it moves with the
 * machine as kvm-vmm does, from workload to workload.
 */
static double moved_beside(const struct comparison *c, const struct series *s)
{
	char metric[96];

	/* "exit.KVM_EXIT_IO.run.total" -> "exit.KVM_EXIT_IO.loop.total" */
	if (family_of(s) == EXITS)
		snprintf(metric, sizeof(metric), "exit.%.*s.loop.total",
			 (int)strcspn(s->metric + 5, "."), s->metric + 5);
	else
		snprintf(metric, sizeof(metric), "%s", family_of(s) == CPU ? "cpu" : "wall");
	for (size_t i = 0; i < c->count; i++) {
		const struct series *other = c->row[i].a;

		if (!strcmp(other->backend, "floor") && !strcmp(other->metric, metric) &&
		    !strcmp(other->workload, s->workload) && !strcmp(other->where, s->where) &&
		    other->guests == s->guests && c->row[i].change > -1)
			return log1p(c->row[i].change);
	}
	return 0;
}

/* The change is beyond the floor, and still is with the bare loop's taken off. */
static bool beyond_floor(const struct row *row)
{
	double moved = log1p(row->change), floor = log1p(row->floor);

	return fabs(moved) > floor && fabs(moved - row->beside) > floor;
}

/* A/A within either session, and what the control moved by between them. */
static void set_floors(struct comparison *c)
{
	for (enum family family = 0; family < FAMILIES; family++)
		c->control[family] = control_of(c, family);
	/* Few workloads have a bare loop: its exits alone would know too little. */
	if (c->control[EXITS].reach < c->control[WALL].reach)
		c->control[EXITS] = c->control[WALL];
	for (size_t i = 0; i < c->count; i++) {
		struct row *row = &c->row[i];
		enum family family = family_of(row->a);
		const struct control *control = &c->control[family];

		if (row->exact)
			continue;
		row->floor = fmax(row->a->floor, row->b->floor);
		if (family == MEMORY) {
			row->floor = fmax(row->floor, FAULT_AROUND_BYTES / row->a->median);
			continue;
		}
		row->beside = is_control(c, row->a) ? 0 : moved_beside(c, row->a);
		row->floor = fmax(row->floor, control->reach);
		row->unsteady = control->quartile > UNSTEADY;
	}
}

/* ---- Tests ---- */
static void add_row(struct comparison *c, const struct series *a, const struct series *b)
{
	struct row *row;

	c->row = xrealloc(c->row, (c->count + 1) * sizeof *c->row);
	row = &c->row[c->count++];
	*row = (struct row){ .a = a, .b = b, .p = 1, .exact = compared_exact(a) };
	row->change = a->median != 0 ? b->median / a->median - 1 : b->median != 0 ? INFINITY : 0;
}

static void pair_up(struct comparison *c)
{
	for (size_t i = 0; i < c->a->series_count; i++) {
		const struct series *a = &c->a->series[i], *b;

		if (!a->count || strcmp(a->phase, "counted") != 0 ||
		    (!compared_exact(a) && !compared_time(a)))
			continue;
		b = counterpart(c->b, a);
		if (b)
			add_row(c, a, b);
	}
}

static void test_times(struct comparison *c)
{
	double *p = xcalloc(c->count, sizeof *p);
	size_t timed = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct row *row = &c->row[i];
		struct rng rng = { SEED + i };

		if (!row->exact)
			p[timed++] = statistics_permutation_test(row->a->in_order, row->a->count,
								 row->b->in_order, row->b->count,
								 PERMUTATIONS, &rng);
	}
	statistics_holm(p, timed);
	timed = 0;
	for (size_t i = 0; i < c->count; i++)
		if (!c->row[i].exact)
			c->row[i].p = p[timed++];
	free(p);
}

/* QEMU is the same in every run of one build folder; with another content of it, 0.12 % apart. */
#define QEMU_SCATTER 0.01

/* Ours and the floor's exact figures are the same in every run: any change is one. */
static bool exact_differs(const struct comparison *c, const struct row *row)
{
	const struct series *a = row->a, *b = row->b;
	bool apart =
	    a->sorted[a->count - 1] < b->sorted[0] || b->sorted[b->count - 1] < a->sorted[0];

	return apart && (!is_control(c, a) || fabs(row->change) > QEMU_SCATTER);
}

static void judge(struct comparison *c, const struct options *options)
{
	for (size_t i = 0; i < c->count; i++) {
		struct row *row = &c->row[i];
		bool count = row->exact && !strncmp(row->a->metric, "exits", 5);

		if (row->exact)
			row->differs = exact_differs(c, row);
		else /* the control itself is never judged: it judges the machine */
			row->differs = !is_control(c, row->a) && !row->unsteady && row->p < ALPHA &&
				       beyond_floor(row);
		/* More exits are a regression however few; times and paths only beyond the
		 * threshold. */
		row->regressed = row->differs && row->change > (count ? 0 : options->threshold) &&
				 !is_control(c, row->a);
		c->regressed += row->regressed;
		c->improved += row->differs && row->change < 0;
		c->same += !row->differs;
	}
}

/* ---- Output ---- */
static void put_row(struct table *table, const struct row *row)
{
	table_row(table);
	table_text(table, "%s", row->a->where);
	table_text(table, row->a->guests > 1 ? "%s ×%u" : "%s", row->a->workload, row->a->guests);
	table_text(table, "%s", row->a->backend);
	table_text(table, "%s", row->a->metric);
	table_text(table, "%s", measured(row->a).text);
	table_text(table, "%s", measured(row->b).text);
	if (row->unsteady)
		table_text(table, "?");
	else if (!row->differs)
		table_text(table, "~");
	else if (isfinite(row->change))
		table_text(table, "%s%s", percent_change(row->change).text,
			   row->regressed ? " regression" : "");
	else
		table_text(table, "new");
	if (row->differs)
		table_state(table, row->regressed    ? STATE_BAD
				   : row->change < 0 ? STATE_GOOD
						     : STATE_WARN);
	if (!row->exact)
		table_text(table, "p=%.2g, floor %.1f %%, n=%zu+%zu", row->p, 100 * row->floor,
			   row->a->count, row->b->count);
	else
		table_text(table, "exact");
}

static size_t put_table(FILE *out, const struct comparison *c, bool exact,
			const struct options *options)
{
	static const char *const titles[] = { "where", "workload", "backend", "metric" };
	struct table *table = table_new();
	size_t rows;

	for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
		table_column(table, COLUMN_TEXT, titles[i]);
	table_column(table, COLUMN_NUMBER, c->a->name);
	table_column(table, COLUMN_NUMBER, c->b->name);
	table_column(table, COLUMN_NUMBER, "change");
	table_column(table, COLUMN_TEXT, "how sure");
	for (size_t i = 0; i < c->count; i++) {
		const struct row *row = &c->row[i];
		bool headline = !strcmp(row->a->metric, "wall") && !is_control(c, row->a);

		if (row->exact == exact && (options->all || row->differs || headline))
			put_row(table, row);
	}
	rows = table_rows(table);
	if (rows)
		table_write_markdown(table, out);
	table_free(table);
	return rows;
}

/* Workloads of A that B lacks: a comparison must not pass because something was not measured. */
static size_t put_missing(FILE *out, const struct comparison *c)
{
	size_t missing = 0;

	for (size_t i = 0; i < c->a->series_count; i++) {
		const struct series *a = &c->a->series[i];

		if (!a->count || strcmp(a->phase, "counted") != 0 ||
		    strcmp(a->backend, OURS) != 0 ||
		    (strcmp(a->metric, "wall") != 0 && strcmp(a->metric, "exits") != 0) ||
		    counterpart(c->b, a))
			continue;
		fprintf(out, "- not in %s: %s of %s ×%u on %s (%s)\n", c->b->name, a->metric,
			a->workload, a->guests, a->backend, a->where);
		missing++;
	}
	return missing;
}

static void say_machines(FILE *out, const struct comparison *c)
{
	const char *a = json_text(c->a->machine, "machines.host.cpu", ""),
		   *b = json_text(c->b->machine, "machines.host.cpu", "");
	const char *ka = json_text(c->a->machine, "machines.host.kernel", ""),
		   *kb = json_text(c->b->machine, "machines.host.kernel", "");

	if (strcmp(a, b) != 0)
		fprintf(
		    out,
		    "**Different processors** (%s; %s): times compare machines, not builds.\n\n", a,
		    b);
	else if (strcmp(ka, kb) != 0)
		fprintf(out, "Different kernels (%s; %s).\n\n", ka, kb);
}

static void say_control(FILE *out, const struct comparison *c)
{
	if (!c->control[WALL].rows) {
		fputs("\nNo control: QEMU and the bare loop are not in both folders, so drift "
		      "between the sessions is not seen.\n",
		      out);
		return;
	}
	fprintf(
	    out,
	    "\nControl: QEMU and the bare loop, unchanged, moved by %.1f %% in wall time and %.1f "
	    "%% in CPU time (median of %zu rows); so %.1f %% and %.1f %% may be the machine's "
	    "doing.\n",
	    100 * c->control[WALL].drift, 100 * c->control[CPU].drift, c->control[WALL].rows,
	    100 * c->control[WALL].reach, 100 * c->control[CPU].reach);
	if (c->control[WALL].quartile > UNSTEADY || c->control[CPU].quartile > UNSTEADY)
		fprintf(out,
			"**The machine was not the same in both sessions**: rows with `?` are not "
			"judged, since what did not change moved "
			"by more than %.0f %%. Measure both again while it is idle.\n",
			100 * UNSTEADY);
}

static void write_comparison(FILE *out, const struct comparison *c, const struct options *options)
{
	size_t timed = 0, equal = 0;

	for (size_t i = 0; i < c->count; i++) {
		timed += !c->row[i].exact;
		equal += c->row[i].exact && !c->row[i].differs;
	}
	fprintf(out, "### kvm-bench compare: %s\n\n",
		c->regressed ? "regression" : "no regression");
	fprintf(out,
		"%s (%s) → %s (%s): %zu regressed, %zu improved, %zu without a difference.\n\n",
		c->a->name, json_text(c->a->machine, "revision", "revision unknown"), c->b->name,
		json_text(c->b->machine, "revision", "revision unknown"), c->regressed, c->improved,
		c->same);
	say_machines(out, c);
	fputs("#### Exact figures: exit counts, instructions of the reference machine\n\n", out);
	put_table(out, c, true, options);
	fprintf(out, "%zu equal.\n", equal);
	fputs("\n#### Times and memory on the host\n\n", out);
	if (!put_table(out, c, false, options))
		fputs("None in both.\n", out);
	fprintf(out,
		"\n`~`: no difference. A time differs when a permutation test finds p < %g after "
		"Holm's correction over all %zu rows "
		"and the medians lie further apart than the noise floor: A against A within either "
		"session, and what the controls moved by between them; also with the move of the "
		"workload's own bare loop taken off. Regression: beyond %g %%; any further exit.\n",
		ALPHA, timed, 100 * options->threshold);
	say_control(out, c);
	put_missing(out, c);
	for (int side = 0; side < 2; side++) {
		const struct results *r = side ? c->b : c->a;

		for (size_t i = 0; i < r->note_count; i++)
			fprintf(out, "- %s: %s\n", r->name, r->notes[i]);
	}
}

/* ---- Options ---- */
enum { OPT_BASELINE = 0x100, OPT_MARKDOWN };

static const struct argp_option option_table[] = {
	{ "baseline", OPT_BASELINE, "NAME", 0,
	  "Compare with results/baselines/NAME, kept by `kvm-bench run --save-baseline`", 0 },
	{ "threshold", 't', "PERCENT", 0, "A slow-down beyond it is a regression (default 5)", 0 },
	{ "all", 'a', NULL, 0, "All rows, not only differences and headlines", 0 },
	{ "export-markdown", OPT_MARKDOWN, "FILE", 0, "Also write the comparison to FILE", 0 },
	{ 0 },
};

static double parse_threshold(const char *text, struct argp_state *state)
{
	char *end;
	double percent = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%") != 0) || !(percent >= 0 && percent < 1000))
		argp_error(state, "--threshold=%s: a percentage is wanted, such as 5 or 2.5", text);
	return percent / 100;
}

static void take_folder(struct options *options, char *argument, struct argp_state *state)
{
	if (!options->a)
		options->a = argument;
	else if (!options->b)
		options->b = argument;
	else
		argp_error(state, "two folders are compared; `kvm-bench merge` joins several");
}

static void check_folders(struct options *options, struct argp_state *state)
{
	if (options->baseline && options->b)
		argp_error(state, "--baseline and two folders: give one folder with --baseline");
	if (options->baseline) {
		options->b = options->a;
		options->a = options->baseline;
	}
	if (!options->a || !options->b)
		argp_error(state, options->baseline
				      ? "which results folder, to compare with the baseline?"
				      : "two results folders are wanted, old and new");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPT_BASELINE:
		options->baseline = argument;
		return 0;
	case OPT_MARKDOWN:
		options->markdown = argument;
		return 0;
	case 't':
		options->threshold = parse_threshold(argument, state);
		return 0;
	case 'a':
		options->all = true;
		return 0;
	case ARGP_KEY_ARG:
		take_folder(options, argument, state);
		return 0;
	case ARGP_KEY_END:
		check_folders(options, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A baseline's name stands for a folder beside the results; a path stands for itself. */
static struct results *read_side(const char *name, bool baseline)
{
	char *path = baseline && !strchr(name, '/') ? xasprintf("results/baselines/%s", name)
						    : xstrdup(name);
	struct results *results = results_read(path);

	free(path);
	return results;
}

static int export(const struct comparison *c, const struct options *options)
{
	FILE *file = fopen(options->markdown, "we");
	bool failed = !file;

	if (file) {
		write_comparison(file, c, options);
		failed = ferror(file) != 0;
		failed |= fclose(file) != 0;
	}
	if (failed)
		warn("%s: %s; name another file with --export-markdown", options->markdown,
		     strerror(errno));
	return failed ? -1 : 0;
}

int cmd_compare(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse,
		.args_doc = "OLD NEW\n--baseline=NAME NEW",
		.doc = "Compare two results folders, as Markdown that fits a pull request.\v"
		       "Status: 0 no regression, 1 a regression beyond the threshold or a further "
		       "exit, 2 wrong usage, "
		       "3 a folder cannot be read or the two have nothing in common.",
	};
	struct options options = { .threshold = 0.05 };
	struct comparison c = { 0 };
	int status = STATUS_HOST;

	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	c.a = read_side(options.a, options.baseline != NULL);
	c.b = c.a ? read_side(options.b, false) : NULL;
	if (c.b) {
		pair_up(&c);
		test_times(&c);
		set_floors(&c);
		judge(&c, &options);
		write_comparison(stdout, &c, &options);
		status = c.regressed ? STATUS_FAILED : STATUS_OK;
		if (!c.count) {
			warn("%s and %s have no figure in common; were they run with the same "
			     "--where?",
			     c.a->path, c.b->path);
			status = STATUS_HOST;
		}
		if (options.markdown && export(&c, &options) < 0)
			status = STATUS_HOST;
	}
	results_free(c.a);
	results_free(c.b);
	free(c.row);
	return status;
}
