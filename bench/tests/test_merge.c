/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../results.h"
#include "made_up.h"
#include "temporary.h"

static int merge(const char *output, char *const *folders, int count)
{
	char name[] = "kvm-bench merge", *option = xasprintf("--output=%s", output);
	char *argv[16] = { name, option };
	int status;

	memcpy(argv + 2, folders, (size_t)count * sizeof *folders);
	status = cmd_merge(2 + count, argv);
	free(option);
	return status;
}

/* The merged file read back equals the histograms of all machines added. */
static void histograms_merge_exactly(void **state)
{
	char *folder[3], *output = xasprintf("%s/merged", (char *)*state);
	struct results *machine[3], *merged;

	for (int i = 0; i < 3; i++) {
		char name[8];

		snprintf(name, sizeof name, "m%d", i);
		folder[i] = temporary_folder(*state, name);
		assert_int_equal(
		    made_up_write(
			folder[i],
			&(struct made_up){ .seed = (uint64_t)i + 1, .noise = 0.02, .runs = 3 }),
		    0);
		machine[i] = results_read(folder[i]);
	}
	assert_int_equal(merge(output, folder, 3), STATUS_OK);
	merged = results_read(output);
	assert_null(merged); /* figures of several machines are no results folder */
	temporary_write(output, "samples.csv", "", 0); /* but its histograms read as one */
	merged = results_read(output);
	assert_int_equal(merged->histogram_count, machine[0]->histogram_count);
	for (size_t h = 0; h < merged->histogram_count; h++) {
		const struct histogram_series *all = &merged->histograms[h];
		static struct histogram sum;

		histogram_init(&sum);
		for (int i = 0; i < 3; i++)
			histogram_merge(&sum,
					&results_histogram(machine[i], all->where, all->workload,
							   all->guests, all->backend, all->reason,
							   all->span)
					     ->histogram);
		assert_true(sum.count == all->histogram.count && sum.count > 0);
		assert_memory_equal(sum.bucket, all->histogram.bucket, sizeof sum.bucket);
	}
	for (int i = 0; i < 3; i++) {
		results_free(machine[i]);
		free(folder[i]);
	}
	results_free(merged);
	free(output);
}

static void one_column_each(void **state)
{
	char *folder[2] = { temporary_folder(*state, "first"), temporary_folder(*state, "second") };
	char *output = xasprintf("%s/merged", (char *)*state), *text;

	assert_int_equal(
	    made_up_write(folder[0], &(struct made_up){ .seed = 1, .noise = 0.02, .runs = 3 }), 0);
	assert_int_equal(
	    made_up_write(
		folder[1],
		&(struct made_up){ .seed = 2, .noise = 0.02, .runs = 3, .hostile = "only-here" }),
	    0);
	assert_int_equal(merge(output, folder, 2), STATUS_OK);
	text = temporary_text(output, "merged.md");
	assert_non_null(strstr(text, " made-up-host first | "));
	assert_non_null(strstr(text, " made-up-host second |\n"));
	assert_non_null(strstr(text, "only-here"));
	free(text);
	text = temporary_text(output, "merged.csv");
	assert_non_null(strstr(text, "\nmade-up-host first,"));
	assert_non_null(strstr(text, "\nmade-up-host second,"));
	free(text);
	free(folder[0]);
	free(folder[1]);
	free(output);
}

static void a_missing_folder_fails(void **state)
{
	char *folder[2] = { temporary_folder(*state, "first"),
			    xasprintf("%s/none", (char *)*state) };
	char *output = xasprintf("%s/merged", (char *)*state);

	assert_int_equal(
	    made_up_write(folder[0], &(struct made_up){ .seed = 1, .noise = 0.02, .runs = 3 }), 0);
	assert_int_equal(merge(output, folder, 2), STATUS_HOST);
	assert_int_not_equal(access(output, F_OK), 0);
	free(folder[0]);
	free(folder[1]);
	free(output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(histograms_merge_exactly, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(one_column_each, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(a_missing_folder_fails, temporary_setup,
						temporary_teardown),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
