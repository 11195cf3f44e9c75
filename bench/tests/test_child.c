/* SPDX-License-Identifier: MIT */
/* Starting and timing processes through kvm-launch, whose path is $KVM_LAUNCH. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "../child.h"
#include "../placement.h"

static struct child_group group;

static enum child_end shell(struct signals *signals, unsigned count, const char *input, bool pss,
			    double timeout_s, const char *script)
{
	struct argv argv = { 0 };
	enum child_end end;

	argv_add_all(&argv, (const char *const[]){ "/bin/sh", "-c", script, NULL });
	end = child_run(&group,
			&(struct child_job){ .launcher = getenv("KVM_LAUNCH"),
					     .argv = &argv,
					     .count = count,
					     .input = input,
					     .sample_pss = pss,
					     .timeout_s = timeout_s },
			signals);
	argv_free(&argv);
	return end;
}

static void output_and_status(void **state)
{
	assert_int_equal(shell(*state, 2, "typed", false, 20, "cat; echo oops >&2; exit 7"),
			 CHILD_ENDED);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(group.output[i], "typed");
		assert_int_equal(group.output_bytes[i], 5);
		assert_int_equal(group.result[i].status, 7);
	}
	assert_string_equal(group.errors, "oops\noops\n");
	child_group_free(&group);
	assert_int_equal(shell(*state, 1, NULL, false, 20, "cat; kill -SEGV $$"), CHILD_ENDED);
	assert_string_equal(group.output[0], "");
	assert_int_equal(group.result[0].status, 128 + SIGSEGV);
	child_group_free(&group);
}

static void times(void **state)
{
	uint64_t before = now_ns(), after;
	const struct launch_result *r = &group.result[0];

	assert_int_equal(shell(*state, 1, NULL, false, 20, "sleep 0.2"), CHILD_ENDED);
	after = now_ns();
	assert_true(r->start_ns >= before && r->end_ns <= after);
	assert_true(r->end_ns - r->start_ns >= 200000000);
	assert_true(r->cpu_ns > 0 && r->cpu_ns < 100000000);
	assert_int_equal(r->pss_bytes, 0);
	child_group_free(&group);
}

/* Peak memory is the child's own, however large this process is. */
static void memory(void **state)
{
	size_t bytes = 64u << 20;
	char *large = malloc(bytes);
	struct rusage usage;

	memset(large, 1, bytes);
	getrusage(RUSAGE_SELF, &usage);
	assert_true(usage.ru_maxrss > 64 * 1024);
	assert_int_equal(shell(*state, 1, NULL, false, 20, "exit 0"), CHILD_ENDED);
	assert_true(group.result[0].max_rss_bytes > 0);
	assert_true(group.result[0].max_rss_bytes < (16u << 20));
	child_group_free(&group);
	assert_int_equal(shell(*state, 1, NULL, true, 20, "exit 3"), CHILD_ENDED);
	assert_int_equal(group.result[0].status, 3);
	if (group.result[0].pss_bytes == 0)
		print_message("ptrace is forbidden here: PSS not tested\n");
	else
		assert_in_range(group.result[0].pss_bytes, 4096, group.result[0].rss_bytes);
	child_group_free(&group);
	free(large);
}

static void timeout(void **state)
{
	uint64_t before = now_ns();

	assert_int_equal(shell(*state, 2, NULL, false, 0.3, "echo begun; sleep 60 & wait"),
			 CHILD_TIMED_OUT);
	assert_true(now_ns() - before < 10 * NS_PER_S);
	assert_string_equal(group.output[1], "begun\n");
	child_group_free(&group);
}

static void interrupt(void **state)
{
	struct signals *signals = *state;

	kill(getpid(), SIGINT);
	assert_int_equal(shell(signals, 1, NULL, false, 20, "sleep 60"), CHILD_INTERRUPTED);
	assert_true(signals->interrupted);
	child_group_free(&group);
	signals->interrupted = false;
}

static void not_started(void **state)
{
	struct argv argv = { 0 };

	argv_add(&argv, "/nowhere/program");
	assert_int_equal(child_run(&group,
				   &(struct child_job){ .launcher = getenv("KVM_LAUNCH"),
							.argv = &argv,
							.count = 1,
							.timeout_s = 20 },
				   *state),
			 CHILD_NOT_STARTED);
	assert_int_equal(group.result[0].exec_errno, 2);
	child_group_free(&group);
	argv_free(&argv);
}

/* The bench on one CPU, what it measures on the others, or on all where those are too few. */
static void placement(void **state)
{
	struct placement p;
	struct child_job job = { .launcher = getenv("KVM_LAUNCH"), .count = 1, .timeout_s = 20 };
	struct argv argv = { 0 };
	cpu_set_t before, after;

	sched_getaffinity(0, sizeof(before), &before);
	placement_begin(&p);
	job.argv = &argv;
	argv_add_all(&argv, (const char *const[]){ "/usr/bin/nproc", NULL });
	for (unsigned guests = 1; guests <= 4; guests++) {
		unsigned cpus = p.count > 1 && guests < p.count ? p.count - 1 : p.count;

		job.cpus = placement_of(&p, guests);
		assert_int_equal(child_run(&group, &job, *state), CHILD_ENDED);
		assert_int_equal(atoi(group.output[0]), cpus);
		child_group_free(&group);
	}
	sched_getaffinity(0, sizeof(after), &after);
	assert_int_equal(CPU_COUNT(&after), 1);
	placement_end(&p);
	sched_getaffinity(0, sizeof(after), &after);
	assert_true(CPU_EQUAL(&before, &after));
	argv_free(&argv);
}

static void endless_output(void **state)
{
	assert_int_equal(shell(*state, 1, NULL, false, 60, "exec yes"), CHILD_ENDED);
	assert_int_equal(group.result[0].status, 128 + SIGXFSZ);
	assert_int_equal(group.output_bytes[0], LAUNCH_MAX_OUTPUT_BYTES);
	child_group_free(&group);
}

static void helper_commands(void **state)
{
	int code = -1;
	char *text =
	    command_output((const char *const[]){ "sh", "-c", "echo a; echo b >&2; exit 5", NULL },
			   true, 20, &code);

	(void)state;
	assert_string_equal(text, "a\nb\n");
	assert_int_equal(code, 5);
	free(text);
	text = command_output((const char *const[]){ "sleep", "60", NULL }, false, 0.2, &code);
	assert_int_equal(code, STATUS_TIMEOUT);
	free(text);
	assert_null(
	    command_output((const char *const[]){ "/nowhere/program", NULL }, false, 1, NULL));
}

static void quoting(void **state)
{
	struct argv argv = { 0 };
	char *text, *output;

	(void)state;
	argv_add_all(&argv,
		     (const char *const[]){ "printf", "%s|", "a b", "don't", "", "$HOME", NULL });
	text = argv_text(&argv);
	assert_string_equal(text, "printf '%s|' 'a b' 'don'\\''t' '' '$HOME'");
	output = command_output((const char *const[]){ "sh", "-c", text, NULL }, false, 20, NULL);
	assert_string_equal(output, "a b|don't||$HOME|");
	free(output);
	free(text);
	argv_free(&argv);
}

int main(void)
{
	struct signals signals;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(output_and_status, &signals),
		cmocka_unit_test_prestate(times, &signals),
		cmocka_unit_test_prestate(memory, &signals),
		cmocka_unit_test_prestate(timeout, &signals),
		cmocka_unit_test_prestate(interrupt, &signals),
		cmocka_unit_test_prestate(not_started, &signals),
		cmocka_unit_test_prestate(placement, &signals),
		cmocka_unit_test_prestate(endless_output, &signals),
		cmocka_unit_test(helper_commands),
		cmocka_unit_test(quoting),
	};

	if (!getenv("KVM_LAUNCH"))
		return 77;
	signals_init(&signals);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
