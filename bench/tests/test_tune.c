/* SPDX-License-Identifier: MIT */
/* --tune on a made-up /sys: changes what differs, puts all of it back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "temporary.h"
#include "../tune.h"

#define POLICY "/sys/devices/system/cpu/cpufreq/policy"

static void put(const char *root, const char *file, const char *text)
{
	char *path = xasprintf("%s%s", root, file), *end = strrchr(path, '/');
	FILE *out;

	*end = '\0';
	assert_int_equal(make_dirs(path), 0);
	*end = '/';
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	free(path);
}

static void holds(const char *root, const char *file, const char *value)
{
	char *path = xasprintf("%s%s", root, file), *text = read_file(path, NULL);

	assert_non_null(text);
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, value);
	free(text);
	free(path);
}

static void changes_and_restores(void **state)
{
	struct notes notes = { 0 };
	struct tune tune;

	put(*state, POLICY "0/scaling_governor", "schedutil\n");
	put(*state, POLICY "1/scaling_governor", "performance\n");
	put(*state, "/sys/kernel/mm/ksm/run", "1\n");
	tune_start(&tune, *state, &notes);
	assert_int_equal(tune.count, 2);
	assert_int_equal(notes.count, 2);
	holds(*state, POLICY "0/scaling_governor", "performance");
	holds(*state, POLICY "1/scaling_governor", "performance");
	holds(*state, "/sys/kernel/mm/ksm/run", "0");
	tune_end(&tune);
	holds(*state, POLICY "0/scaling_governor", "schedutil");
	holds(*state, "/sys/kernel/mm/ksm/run", "1");
	tune_end(&tune);
	notes_free(&notes);
}

static void nothing_there(void **state)
{
	struct notes notes = { 0 };
	struct tune tune;

	tune_start(&tune, *state, &notes);
	assert_int_equal(tune.count, 0);
	assert_int_equal(notes.count, 0);
	tune_end(&tune);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(changes_and_restores, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(nothing_there, temporary_setup, temporary_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
