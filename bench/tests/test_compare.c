/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "made_up.h"
#include "temporary.h"

/* Noise that all tests state: 1 % standard deviation, 20 runs. */
#define NOISE 0.01

static char *made_up_folder(const char *base, const char *name, const struct made_up *made_up)
{
	char *folder = temporary_folder(base, name);

	assert_int_equal(made_up_write(folder, made_up), 0);
	return folder;
}

/* Status of kvm-bench compare; *markdown is what it wrote, to be freed. */
static int compare(const char *base, const char *a, const char *b, const char *option,
		   char **markdown)
{
	char *output = xasprintf("--export-markdown=%s/compare.md", base);
	char name[] = "kvm-bench compare";
	char *argv[] = { name, output, (char *)a, (char *)b, (char *)option, NULL };
	int status = cmd_compare(option ? 5 : 4, argv);

	*markdown = temporary_text(base, "compare.md");
	assert_non_null(*markdown);
	free(output);
	return status;
}

static int compare_made_up(const char *base, const struct made_up *a, const struct made_up *b,
			   const char *option, char **markdown)
{
	char *first = made_up_folder(base, "a", a), *second = made_up_folder(base, "b", b);
	int status = compare(base, first, second, option, markdown);

	free(first);
	free(second);
	return status;
}

/* The line of a host time of one guest alone on kvm-vmm. */
static void line_of(const char *markdown, const char *workload, const char *metric, char *line,
		    size_t size)
{
	const char *at = markdown;

	line[0] = '\0';
	for (; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
		char where[16], name[64], backend[64], found[64];

		if (sscanf(at, "| %15[^ |] | %63[^ |] | %63[^ |] | %63[^ |]", where, name, backend,
			   found) == 4 &&
		    !strcmp(where, "host") && !strcmp(name, workload) &&
		    !strcmp(backend, "kvm-vmm") && !strcmp(found, metric)) {
			snprintf(line, size, "%.*s", (int)strcspn(at, "\n"), at);
			return;
		}
	}
}

static const char *const guests[] = { "minimal",   "hello",	     "counter",
				      "fibonacci", "multiplication", "hctest" };

static void finds_three_percent(void **state)
{
	char *markdown, line[512];
	int status = compare_made_up(*state, &(struct made_up){ .seed = 1, .noise = NOISE },
				     &(struct made_up){ .seed = 2, .noise = NOISE, .faster = 1.03 },
				     "--threshold=1", &markdown);

	assert_int_equal(status, STATUS_FAILED);
	for (size_t i = 0; i < ARRAY_SIZE(guests); i++) {
		line_of(markdown, guests[i], "wall", line, sizeof line);
		assert_non_null(strstr(line, " regression"));
		assert_null(strstr(line, "~"));
	}
	free(markdown);
}

/* The same difference is shown, but is no regression below the threshold. */
static void threshold_decides(void **state)
{
	char *markdown, line[512];
	int status = compare_made_up(*state, &(struct made_up){ .seed = 1, .noise = NOISE },
				     &(struct made_up){ .seed = 2, .noise = NOISE, .faster = 1.03 },
				     "--threshold=8", &markdown);

	assert_int_equal(status, STATUS_OK);
	line_of(markdown, "minimal", "wall", line, sizeof line);
	assert_non_null(strstr(line, "! +"));
	assert_null(strstr(line, "regression"));
	free(markdown);
}

static void does_not_find_three_per_mille(void **state)
{
	char *markdown, line[512];
	int status =
	    compare_made_up(*state, &(struct made_up){ .seed = 3, .noise = NOISE },
			    &(struct made_up){ .seed = 4, .noise = NOISE, .faster = 1.003 },
			    "--threshold=0", &markdown);

	assert_int_equal(status, STATUS_OK);
	for (size_t i = 0; i < ARRAY_SIZE(guests); i++) {
		line_of(markdown, guests[i], "wall", line, sizeof line);
		assert_non_null(strstr(line, "~"));
	}
	free(markdown);
}

static void finds_improvement(void **state)
{
	char *markdown, line[512];
	int status = compare_made_up(*state, &(struct made_up){ .seed = 5, .noise = NOISE },
				     &(struct made_up){ .seed = 6, .noise = NOISE, .faster = 0.97 },
				     NULL, &markdown);

	assert_int_equal(status, STATUS_OK);
	line_of(markdown, "hello", "wall", line, sizeof line);
	assert_non_null(strstr(line, "✓ −"));
	free(markdown);
}

static void same_build_twenty_times(void **state)
{
	for (uint64_t i = 0; i < 20; i++) {
		char *markdown;
		int status =
		    compare_made_up(*state, &(struct made_up){ .seed = 100 + 2 * i, .noise = 0.03 },
				    &(struct made_up){ .seed = 101 + 2 * i, .noise = 0.03 },
				    "--threshold=0", &markdown);

		assert_int_equal(status, STATUS_OK);
		assert_non_null(strstr(markdown, ": 0 regressed, 0 improved,"));
		free(markdown);
	}
}

/* A machine that slows down slows QEMU down too: not our doing. */
static void drift_is_not_ours(void **state)
{
	char *markdown, line[512];
	int status = compare_made_up(*state, &(struct made_up){ .seed = 11, .noise = NOISE },
				     &(struct made_up){ .seed = 12, .noise = NOISE, .drift = 1.06 },
				     "--threshold=1", &markdown);

	assert_int_equal(status, STATUS_OK);
	line_of(markdown, "hello", "wall", line, sizeof line);
	assert_non_null(strstr(line, "~"));
	assert_null(strstr(markdown, "The machine was not the same"));
	free(markdown);
}

/* What the bare loop of the same workload moves by, too, is the machine's doing. */
static void bare_loop_moves_too(void **state)
{
	char *markdown, line[512];
	int status =
	    compare_made_up(*state, &(struct made_up){ .seed = 21, .noise = NOISE },
			    &(struct made_up){ .seed = 22, .noise = NOISE, .crowded = "hello" },
			    "--threshold=1", &markdown);

	assert_int_equal(status, STATUS_OK);
	line_of(markdown, "hello", "wall", line, sizeof line);
	assert_non_null(strstr(line, "~"));
	free(markdown);
}

static void other_state_is_not_judged(void **state)
{
	char *markdown, line[512];
	int status = compare_made_up(
	    *state, &(struct made_up){ .seed = 13, .noise = NOISE },
	    &(struct made_up){
		.seed = 14, .noise = NOISE, .drift = 0.6, .faster = 1.5, .more_exits = 1 },
	    "--threshold=1", &markdown);

	assert_int_equal(status,
			 STATUS_FAILED); /* for the exits, which no state of the machine changes */
	line_of(markdown, "hello", "wall", line, sizeof line);
	assert_non_null(strstr(line, " ? |"));
	assert_null(strstr(line, "regression"));
	assert_non_null(strstr(markdown, "The machine was not the same"));
	free(markdown);
}

/* One exit more is a regression, whatever the threshold: exact figures have no noise. */
static void one_exit_more(void **state)
{
	char *markdown, line[512];
	int status =
	    compare_made_up(*state, &(struct made_up){ .seed = 7, .noise = NOISE },
			    &(struct made_up){ .seed = 7, .noise = NOISE, .more_exits = 1 },
			    "--threshold=50", &markdown);

	assert_int_equal(status, STATUS_FAILED);
	line_of(markdown, "hello", "exits", line, sizeof line);
	assert_non_null(strstr(line, " 13 "));
	assert_non_null(strstr(line, " 14 "));
	assert_non_null(strstr(line, "regression"));
	line_of(markdown, "minimal", "exits", line, sizeof line);
	assert_string_equal(line, ""); /* equal rows are only counted */
	assert_true(strstr(markdown, "Exact figures") < strstr(markdown, "Times and memory"));
	free(markdown);
}

static void one_exit_less_is_better(void **state)
{
	char *markdown;
	int status =
	    compare_made_up(*state, &(struct made_up){ .seed = 7, .noise = NOISE, .more_exits = 1 },
			    &(struct made_up){ .seed = 7, .noise = NOISE }, NULL, &markdown);

	assert_int_equal(status, STATUS_OK);
	free(markdown);
}

/* Five runs cannot reach p < 0.01 over all rows: nothing is claimed. */
static void few_runs_claim_nothing(void **state)
{
	char *markdown, line[512];
	int status = compare_made_up(
	    *state, &(struct made_up){ .seed = 8, .noise = NOISE, .runs = 5 },
	    &(struct made_up){ .seed = 9, .noise = NOISE, .runs = 5, .faster = 1.5 }, NULL,
	    &markdown);

	assert_int_equal(status, STATUS_OK);
	line_of(markdown, "hello", "wall", line, sizeof line);
	assert_non_null(strstr(line, "~"));
	free(markdown);
}

static void missing_workload_is_named(void **state)
{
	char *a = made_up_folder(*state, "a",
				 &(struct made_up){ .seed = 1, .noise = NOISE, .hostile = "gone" });
	char *b = made_up_folder(*state, "b", &(struct made_up){ .seed = 2, .noise = NOISE }),
	     *markdown;

	assert_int_equal(compare(*state, a, b, NULL, &markdown), STATUS_OK);
	assert_non_null(strstr(markdown, "not in b: wall of gone"));
	free(markdown);
	free(a);
	free(b);
}

static void baseline_by_name(void **state)
{
	char *base = made_up_folder(*state, "results/baselines/main",
				    &(struct made_up){ .seed = 1, .noise = NOISE });
	char *b = made_up_folder(*state, "b", &(struct made_up){ .seed = 2, .noise = NOISE });
	char name[] = "kvm-bench compare", option[] = "--baseline=main";
	char *argv[] = { name, option, b, NULL }, here[4096];

	assert_non_null(getcwd(here, sizeof here));
	assert_int_equal(chdir(*state), 0);
	assert_int_equal(cmd_compare(3, argv), STATUS_OK);
	assert_int_equal(chdir(here), 0);
	free(base);
	free(b);
}

static int status_of(char **argv, int argc)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(cmd_compare(argc, argv));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void wrong_use(void **state)
{
	char name[] = "kvm-bench compare", here[] = "/nonexistent", wrong[] = "--threshold=fast",
	     empty[] = "/tmp";
	char *none[] = { name, NULL }, *one[] = { name, here, NULL },
	     *two[] = { name, here, here, NULL };
	char *three[] = { name, here, here, here, NULL },
	     *option[] = { name, wrong, here, here, NULL };
	char *no_results[] = { name, empty, empty, NULL };

	(void)state;
	assert_int_equal(status_of(none, 1), STATUS_USAGE);
	assert_int_equal(status_of(one, 2), STATUS_USAGE);
	assert_int_equal(status_of(three, 4), STATUS_USAGE);
	assert_int_equal(status_of(option, 4), STATUS_USAGE);
	assert_int_equal(status_of(two, 3), STATUS_HOST);
	assert_int_equal(status_of(no_results, 3), STATUS_HOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_three_percent, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(threshold_decides, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(does_not_find_three_per_mille, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(finds_improvement, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(same_build_twenty_times, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(drift_is_not_ours, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(bare_loop_moves_too, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(other_state_is_not_judged, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(one_exit_more, temporary_setup, temporary_teardown),
		cmocka_unit_test_setup_teardown(one_exit_less_is_better, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(few_runs_claim_nothing, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(missing_workload_is_named, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(baseline_by_name, temporary_setup,
						temporary_teardown),
		cmocka_unit_test(wrong_use),
	};

	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
