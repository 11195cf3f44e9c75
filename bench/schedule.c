/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "placement.h"
#include "schedule.h"
#include "statistics.h"
#include "verify.h"

/* A series is long enough once its median's 95 % interval is within 2 % either way. */
#define NARROW 0.02
#define CONFIDENCE 0.95
/* What fails twice running will fail again: the time is better spent on the others. */
#define GIVE_UP_AFTER 2

/* One workload on one backend with so many guests. */
struct combo {
	const struct workload *workload;
	const struct backend *backend;
	unsigned guests;
	unsigned counted;	   /* counted runs so far */
	unsigned failures_running; /* failed ones since the last good one */
	double *walls;		   /* of good counted runs */
	size_t wall_count;
	double seconds, executions; /* spent on it, for the estimate */
	bool finished;		    /* no more runs */
	bool narrow;		    /* known well enough; goes on only for the sake of its group */
};

struct schedule {
	struct env *env;
	struct records *records;
	const struct run_options *options;
	struct notes *notes;
	struct progress progress;
	struct placement placement;
	struct combo *combos;
	size_t count;
	char *left_out; /* workloads that this KVM cannot run, NULL: none */
	bool interrupted;
};

/* ---- The plan ---- */

static void add_combo(struct schedule *schedule, const struct workload *workload,
		      const struct backend *backend, unsigned guests)
{
	schedule->combos =
	    xrealloc(schedule->combos, (schedule->count + 1) * sizeof(*schedule->combos));
	schedule->combos[schedule->count++] =
	    (struct combo){ .workload = workload, .backend = backend, .guests = guests };
}

/* Several guests: --quick shows how things scale with one workload, a full run with each. */
static bool wants_guests(const struct run_options *options, const struct workload *workload,
			 unsigned guests)
{
	unsigned counts = workload->guest_counts ? workload->guest_counts : 1u;

	if (!(counts & 1u << (guests - 1)) || !guests_selected(options, guests))
		return false;
	return guests == 1 || !options->quick || options->guests.count ||
	       workload_named(options, workload) || !strcmp(workload->name, "multiplication");
}

bool schedule_wants(const struct run_options *options, const struct workload *workload,
		    unsigned guests)
{
	return workload_selected(options, workload) && wants_guests(options, workload, guests) &&
	       !(options->quick && workload->not_quick && !workload_named(options, workload));
}

/* All of them in one note, in left_out. */
static void leave_out(struct schedule *schedule, const struct workload *workload)
{
	char *longer = xasprintf("%s%s%s", schedule->left_out ? schedule->left_out : "",
				 schedule->left_out ? ", " : "", workload->name);

	free(schedule->left_out);
	schedule->left_out = longer;
}

static void plan_workload(struct schedule *schedule, const struct workload *workload,
			  const bool *available)
{
	const struct run_options *options = schedule->options;

	for (unsigned guests = 1; guests <= 4; guests++) {
		if (!schedule_wants(options, workload, guests))
			continue;
		for (size_t i = 0; backends[i].name; i++) {
			const struct backend *backend = &backends[i];
			bool fit;

			if (!available[i])
				continue;
			fit = !backend->unfit(schedule->env, workload, guests);
			if (fit)
				add_combo(schedule, workload, backend, guests);
			else if (!strcmp(backend->name, "kvm-vmm") && workload->image &&
				 guests == 1)
				leave_out(schedule, workload);
		}
	}
}

static void plan(struct schedule *schedule)
{
	const struct run_options *options = schedule->options;
	bool available[16] = { false };
	const struct workload *workload;

	for (size_t i = 0; backends[i].name; i++) {
		char *missing;

		if (!backend_selected(options, backends[i].name, backends[i].optional))
			continue;
		missing = backends[i].missing(schedule->env);
		available[i] = !missing;
		if (missing) {
			progress_say(&schedule->progress, "%s left out: %s", backends[i].name,
				     missing);
			note(schedule->notes, "%s: %s left out: %s", schedule->env->where,
			     backends[i].name, missing);
		}
		free(missing);
	}
	for (size_t i = 0; (workload = suite_at(i)); i++)
		plan_workload(schedule, workload, available);
	if (schedule->left_out)
		note(schedule->notes, "%s: not run on kvm-vmm, whose KVM here is %s: %s",
		     schedule->env->where, schedule->env->probe.line, schedule->left_out);
	free(schedule->left_out);
}

/* ---- One execution ---- */

struct execution {
	struct child_group group;
	struct run_result result;
	uint64_t end_ns;
	json_t *stats;
	char why[WHY_BYTES]; /* "" : the run was good */
};

/* The group as one: first start to last end, everything else added up. */
static void sum_up(struct execution *execution)
{
	const struct child_group *group = &execution->group;
	struct run_result *result = &execution->result;

	result->start_ns = UINT64_MAX;
	for (unsigned i = 0; i < group->count; i++) {
		const struct launch_result *child = &group->result[i];

		if (child->start_ns < result->start_ns)
			result->start_ns = child->start_ns;
		if (child->end_ns > execution->end_ns)
			execution->end_ns = child->end_ns;
		result->cpu_ns += child->cpu_ns;
		result->max_rss_bytes += child->max_rss_bytes;
		result->rss_bytes += child->rss_bytes;
		result->pss_bytes += child->pss_bytes;
		if (!i || child->status > result->status)
			result->status = child->status;
	}
	result->wall_ns = execution->end_ns - result->start_ns;
	result->output = group->output[0];
	result->output_bytes = group->output_bytes[0];
}

static void check(struct execution *execution, const struct combo *combo)
{
	const struct child_group *group = &execution->group;
	const struct backend *backend = combo->backend;
	bool prefixed = combo->guests > 1 && !backend->process_per_guest;

	if (verify_run(&execution->result, backend->good_status(combo->workload), execution->why) <
		0 ||
	    backend->silent)
		return;
	for (unsigned i = 0; i < group->count; i++)
		if (verify_output(combo->workload, group->output[i], group->output_bytes[i],
				  combo->guests, prefixed, execution->why) < 0)
			return;
}

static void check_stats(struct execution *execution, const struct combo *combo,
			const struct env *env)
{
	char *path = stats_path(env);

	execution->stats = json_load_file(path, 0, NULL);
	execution->result.stats = execution->stats;
	if (!execution->stats)
		snprintf(execution->why, WHY_BYTES, "wrote no readable statistics");
	else
		verify_exits(combo->workload, execution->stats, combo->guests, execution->why);
	free(path);
}

/* Runs it; false if Ctrl-C ended it, which makes it no run at all. */
static bool execute(struct schedule *schedule, const struct combo *combo, bool with_stats,
		    bool sample_pss, struct execution *execution)
{
	const struct backend *backend = combo->backend;
	const struct workload *workload = combo->workload;
	double timeout_s =
	    workload->timeout_s > 0 ? workload->timeout_s : schedule->options->timeout_s;
	struct env *env = schedule->env;
	char *input = backend->input(workload);
	struct argv argv = { 0 };
	struct child_job job = {
		.launcher = env->launcher,
		.argv = &argv,
		.count = backend->process_per_guest ? combo->guests : 1,
		.input = input,
		.cpus = placement_of(&schedule->placement, combo->guests),
		.sample_pss = sample_pss,
		.timeout_s = timeout_s,
	};
	enum child_end end;

	*execution = (struct execution){ .result = { .where = env->where,
						     .backend = backend->name,
						     .unit = env->unit,
						     .guests = combo->guests } };
	backend->command(env, workload, combo->guests, with_stats, &argv);
	end = child_run(&execution->group, &job, &env->signals);
	execution->result.errors = execution->group.errors;
	execution->result.timed_out = end == CHILD_TIMED_OUT;
	if (end == CHILD_TIMED_OUT) {
		snprintf(execution->why, WHY_BYTES, "timed out after %g s", timeout_s);
	} else if (end == CHILD_NOT_STARTED) {
		snprintf(execution->why, WHY_BYTES, "%s: %s", argv.words[0],
			 strerror(execution->group.result[0].exec_errno));
	} else if (end == CHILD_ENDED) {
		sum_up(execution);
		check(execution, combo);
		if (!*execution->why && with_stats)
			check_stats(execution, combo, env);
	}
	argv_free(&argv);
	free(input);
	return end != CHILD_INTERRUPTED;
}

static void execution_free(struct execution *execution)
{
	json_decref(execution->stats);
	child_group_free(&execution->group);
}

/* ---- Its record ---- */

static void record_image(struct recorder *recorder, const struct combo *combo,
			 const struct env *env)
{
	const struct workload *workload = combo->workload;
	const char *name = combo->backend->process_per_guest
			       ? (workload->rom ? workload->rom : workload->kernel)
			       : workload->image;
	char *path = name ? env_path(env, name) : NULL;
	struct stat info;

	if (path && stat(path, &info) == 0)
		record(recorder, "image", "bytes", (double)info.st_size);
	free(path);
}

/* "KVM_EXIT_IO 12 345": what kvm-floor prints of each of its loops. */
static void record_floor(struct recorder *recorder, const struct run_result *result)
{
	const char *line = result->output;
	unsigned long count, total;
	char reason[40], metric[96];
	double exits = 0;
	int used;

	while (sscanf(line, "%39s %lu %lu\n%n", reason, &count, &total, &used) == 3) {
		line += used;
		exits += (double)count;
		if (!count)
			continue;
		snprintf(metric, sizeof(metric), "exits.%s", reason);
		record(recorder, metric, "exits", (double)count);
		snprintf(metric, sizeof(metric), "exit.%s.loop.total", reason);
		record(recorder, metric, result->unit, (double)total);
	}
	record(recorder, "exits", "exits", exits);
}

static void record_timed(struct recorder *recorder, const struct combo *combo,
			 const struct run_result *result)
{
	record(recorder, "wall", result->unit, (double)result->wall_ns);
	record(recorder, "cpu", result->unit, (double)result->cpu_ns);
	record(recorder, "max_rss", "bytes", (double)result->max_rss_bytes);
	if (combo->workload->iterations)
		record(recorder, "iterations", "iterations", (double)combo->workload->iterations);
	if (!strcmp(combo->backend->name, "floor"))
		record_floor(recorder, result);
}

/* What one execution was for. */
enum purpose { FOR_TIMES, FOR_STATS, FOR_PSS };

static void record_execution(struct schedule *schedule, const struct combo *combo,
			     struct execution *execution, const struct run_key *key,
			     enum purpose purpose)
{
	const struct run_result *result = &execution->result;
	struct recorder *recorder = recorder_begin(schedule->records, key, schedule->env->unit);
	bool good = !*execution->why, parses = combo->workload->parse && !combo->backend->silent;

	if (good && purpose == FOR_TIMES)
		record_timed(recorder, combo, result);
	if (good && purpose == FOR_STATS)
		record_stats(recorder, result, execution->end_ns);
	if (good && purpose == FOR_PSS) {
		if (result->rss_bytes)
			record(recorder, "rss", "bytes", (double)result->rss_bytes);
		if (result->pss_bytes)
			record(recorder, "pss", "bytes", (double)result->pss_bytes);
		record_image(recorder, combo, schedule->env);
	}
	/* The guest's own figures once per run: with statistics where there are any. */
	if (good && parses && purpose == (combo->backend->has_stats ? FOR_STATS : FOR_TIMES) &&
	    combo->workload->parse(combo->workload, result, recorder, execution->why, WHY_BYTES) <
		0 &&
	    !*execution->why)
		snprintf(execution->why, WHY_BYTES, "what it printed could not be read");
	recorder_end(recorder, *execution->why ? execution->why : NULL);
}

/* ---- The order of runs ---- */

static double seconds_per_run(const struct combo *combo)
{
	return combo->executions > 0 ? combo->seconds / combo->executions : 0.2;
}

/* Slow ones are capped: --quick has time for one run of each. */
static bool is_slow(const struct combo *combo)
{
	return combo->workload->max_runs != 0;
}

/*
 * What takes a second is the same warm or cold. The exact machine's first run is another one,
 * though, and a second is nothing there.
 */
static bool wants_warmup(const struct schedule *schedule, const struct combo *combo)
{
	return !is_slow(combo) || strcmp(schedule->env->where, "exact") == 0;
}

static unsigned run_limit(const struct combo *combo, const struct run_options *options)
{
	unsigned cap = combo->workload->max_runs;

	if (is_slow(combo) && options->quick && options->max_runs > 1)
		return 1;
	return cap && cap < options->max_runs ? cap : options->max_runs;
}

static unsigned run_minimum(const struct combo *combo, const struct run_options *options)
{
	unsigned limit = run_limit(combo, options);

	return options->min_runs < limit ? options->min_runs : limit;
}

static bool is_done(const struct combo *combo)
{
	return combo->finished || combo->narrow;
}

/* What is left: all minimal runs, and the others as far as the time allows. */
static double estimate_s(const struct schedule *schedule)
{
	const struct run_options *options = schedule->options;
	double spent_s = (double)(now_ns() - schedule->progress.start_ns) / 1e9;
	double need_s = 0, may_s = 0, left_s = options->budget_s - spent_s;

	for (size_t i = 0; i < schedule->count; i++) {
		const struct combo *combo = &schedule->combos[i];
		unsigned minimum = run_minimum(combo, options), limit = run_limit(combo, options);

		if (is_done(combo))
			continue;
		if (combo->counted < minimum)
			need_s += (minimum - combo->counted) * seconds_per_run(combo);
		may_s += (limit - combo->counted) * seconds_per_run(combo);
	}
	if (need_s > left_s)
		return need_s;
	return may_s < left_s ? may_s : left_s;
}

static bool is_narrow(const struct combo *combo)
{
	double *sorted, median;
	struct interval interval;

	if (combo->wall_count < 6)
		return false;
	sorted = xcalloc(combo->wall_count, sizeof(*sorted));
	memcpy(sorted, combo->walls, combo->wall_count * sizeof(*sorted));
	statistics_sort(sorted, combo->wall_count);
	median = statistics_median(sorted, combo->wall_count);
	interval = statistics_median_interval(sorted, combo->wall_count, CONFIDENCE);
	free(sorted);
	return interval.high - median <= NARROW * median &&
	       median - interval.low <= NARROW * median;
}

static void update_finished(struct schedule *schedule, struct combo *combo)
{
	const struct run_options *options = schedule->options;

	if (combo->failures_running >= GIVE_UP_AFTER) {
		combo->finished = true;
		note(schedule->notes, "%s: %s x %u on %s given up after %d failed runs",
		     schedule->env->where, combo->workload->name, combo->guests,
		     combo->backend->name, GIVE_UP_AFTER);
	} else if (combo->counted >= run_limit(combo, options)) {
		combo->finished = true;
	} else {
		combo->narrow = combo->counted >= run_minimum(combo, options) && is_narrow(combo);
	}
}

/* One execution from start to record; false after Ctrl-C. */
static bool run_once(struct schedule *schedule, struct combo *combo, const struct run_key *key,
		     enum purpose purpose)
{
	struct execution execution;
	bool complete =
	    execute(schedule, combo, purpose == FOR_STATS, purpose == FOR_PSS, &execution);

	if (complete) {
		record_execution(schedule, combo, &execution, key, purpose);
		combo->failures_running = *execution.why ? combo->failures_running + 1 : 0;
	}
	if (complete && *execution.why) {
		schedule->progress.failed++;
		progress_say(&schedule->progress, "FAILED %s x %u on %s: %s", combo->workload->name,
			     combo->guests, combo->backend->name, execution.why);
	} else if (complete && purpose == FOR_TIMES && key->phase == PHASE_COUNTED) {
		combo->walls =
		    xrealloc(combo->walls, (combo->wall_count + 1) * sizeof(*combo->walls));
		combo->walls[combo->wall_count++] = (double)execution.result.wall_ns;
	}
	execution_free(&execution);
	return complete;
}

/* One run: timed, and where the backend has statistics a second time with them. */
static void run_combo(struct schedule *schedule, struct combo *combo, unsigned run,
		      enum run_phase phase)
{
	const struct run_key key = { .where = schedule->env->where,
				     .workload = combo->workload->name,
				     .backend = combo->backend->name,
				     .guests = combo->guests,
				     .run = run,
				     .phase = phase };
	uint64_t start_ns = now_ns();
	bool complete;
	char label[128];

	snprintf(label, sizeof(label), "%s x %u on %s", combo->workload->name, combo->guests,
		 combo->backend->name);
	progress_step(&schedule->progress, label, estimate_s(schedule));
	if (phase == PHASE_TRACED) {
		complete = run_once(schedule, combo, &key, FOR_PSS);
	} else {
		complete = run_once(schedule, combo, &key, FOR_TIMES);
		if (complete && combo->backend->has_stats && !combo->failures_running)
			complete = run_once(schedule, combo, &key, FOR_STATS);
	}
	schedule->interrupted |= !complete || signals_interrupted(&schedule->env->signals);
	combo->seconds += (double)(now_ns() - start_ns) / 1e9;
	combo->executions++;
	if (complete && phase == PHASE_COUNTED)
		combo->counted++;
	update_finished(schedule, combo);
}

/* Combos of the same workload and guests, [first, end): what is compared with each other. */
static size_t group_end(const struct schedule *schedule, size_t first)
{
	const struct combo *combo = &schedule->combos[first];
	size_t end = first;

	while (end < schedule->count && schedule->combos[end].workload == combo->workload &&
	       schedule->combos[end].guests == combo->guests)
		end++;
	return end;
}

static bool all_done(const struct schedule *schedule, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		if (!is_done(&schedule->combos[i]))
			return false;
	return true;
}

/*
 * Each of the group once. From round to round the order turns around, so that what drifts (heat,
 * clock speed, load) hits all backends alike; and a group stays together to its end, since a run
 * after QEMU's finds colder caches than one after its own kind.
 */
static void run_group(struct schedule *schedule, size_t first, unsigned round, enum run_phase phase)
{
	size_t end = group_end(schedule, first);

	for (size_t i = 0; i < end - first && !schedule->interrupted; i++) {
		struct combo *combo = &schedule->combos[round % 2 ? end - 1 - i : first + i];

		if (!combo->finished && (phase != PHASE_WARMUP || wants_warmup(schedule, combo)))
			run_combo(schedule, combo, round, phase);
	}
}

static void run_groups(struct schedule *schedule, unsigned round, enum run_phase phase)
{
	for (size_t first = 0; first < schedule->count; first = group_end(schedule, first))
		run_group(schedule, first, round, phase);
}

/* Where the next counted round goes. */
struct turn {
	size_t first; /* the group's first combo */
	unsigned rounds;
	bool short_of_runs; /* has not had its minimum */
	double seconds;
};

static struct turn turn_of(const struct schedule *schedule, size_t first, size_t end)
{
	struct turn turn = { .first = first };

	for (size_t i = first; i < end; i++) {
		const struct combo *combo = &schedule->combos[i];

		turn.seconds += combo->seconds;
		if (combo->counted > turn.rounds)
			turn.rounds = combo->counted;
		if (!combo->finished && combo->counted < run_minimum(combo, schedule->options))
			turn.short_of_runs = true;
	}
	return turn;
}

/* All get their minimum in turns; then those go on that have had least time, so that short runs,
 * which scatter most, become many. */
static bool goes_before(const struct turn *a, const struct turn *b)
{
	if (a->short_of_runs != b->short_of_runs)
		return a->short_of_runs;
	return a->short_of_runs ? a->rounds < b->rounds : a->seconds < b->seconds;
}

/* False when all is done. */
static bool next_turn(const struct schedule *schedule, struct turn *next)
{
	bool found = false;

	for (size_t first = 0, end; first < schedule->count; first = end) {
		struct turn turn;

		end = group_end(schedule, first);
		if (all_done(schedule, first, end))
			continue;
		turn = turn_of(schedule, first, end);
		if (!found || goes_before(&turn, next))
			*next = turn;
		found = true;
	}
	return found;
}

static void run_rounds(struct schedule *schedule)
{
	const struct run_options *options = schedule->options;
	uint64_t start_ns = now_ns();
	struct turn turn = { 0 };

	for (unsigned round = 0; round < options->warmup; round++)
		run_groups(schedule, round, PHASE_WARMUP);
	while (!schedule->interrupted && next_turn(schedule, &turn)) {
		double spent_s = (double)(now_ns() - start_ns) / 1e9;

		if (spent_s > options->budget_s && !turn.short_of_runs)
			break;
		run_group(schedule, turn.first, turn.rounds, PHASE_COUNTED);
	}
}

/*
 * After the counted rounds, for memory at the end of a run. What was given up stays so; slow
 * workloads are run on the host of a full run only, several guests on any host.
 */
static bool wants_traced(const struct schedule *schedule, const struct combo *combo)
{
	bool host = !strcmp(schedule->env->where, "host"), quick = schedule->options->quick;

	return combo->failures_running < GIVE_UP_AFTER &&
	       (host || (!quick && combo->guests == 1)) && (!is_slow(combo) || (host && !quick));
}

static void run_traced(struct schedule *schedule)
{
	for (size_t i = 0; i < schedule->count; i++) {
		schedule->combos[i].finished = !wants_traced(schedule, &schedule->combos[i]);
		schedule->combos[i].narrow = false;
	}
	run_groups(schedule, 0, PHASE_TRACED);
}

static void note_wide(struct schedule *schedule)
{
	unsigned wide = 0;

	for (size_t i = 0; i < schedule->count; i++)
		wide += !is_narrow(&schedule->combos[i]);
	if (wide)
		note(schedule->notes,
		     "%s: %u of %zu series ended before their median was known to %.0f %%; their "
		     "intervals say how well it is",
		     schedule->env->where, wide, schedule->count, NARROW * 100);
}

int schedule_run(struct env *env, struct records *records, const struct run_options *options,
		 struct notes *notes)
{
	struct schedule schedule = {
		.env = env, .records = records, .options = options, .notes = notes
	};
	unsigned failed_before = records->failed_runs;

	progress_begin(&schedule.progress, env->where);
	plan(&schedule);
	if (schedule.count) {
		if (options->min_runs < options->max_runs)
			progress_say(&schedule.progress, "%zu series of runs, about %.0f s",
				     schedule.count, options->budget_s);
		else
			progress_say(&schedule.progress, "%zu series of %u run%s", schedule.count,
				     options->min_runs, options->min_runs == 1 ? "" : "s");
		progress_drain();
		placement_begin(&schedule.placement);
		run_rounds(&schedule);
		run_traced(&schedule);
		placement_end(&schedule.placement);
	}
	progress_end(&schedule.progress);
	if (schedule.count && strcmp(env->where, "host") == 0)
		note_wide(&schedule);
	for (size_t i = 0; i < schedule.count; i++)
		free(schedule.combos[i].walls);
	free(schedule.combos);
	if (schedule.interrupted)
		return STATUS_INTERRUPTED;
	if (!schedule.count)
		return STATUS_HOST;
	return records->failed_runs > failed_before ? STATUS_FAILED : STATUS_OK;
}
