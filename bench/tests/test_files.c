/* SPDX-License-Identifier: MIT */
/* CSV and JSON files, texts, and words that were meant. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../bench.h"

static const char *const columns[] = { "name", "value", "absent", NULL };

static int enter(void **state)
{
	char *folder = strdup("/tmp/bench-files.XXXXXX");

	*state = folder;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	remove_folder(*state);
	free(*state);
	return 0;
}

static void csv_round_trip(void **state)
{
	static const char *const texts[] = { "plain",	   "a,b", "say \"hi\"",
					     "two\nlines", "",	  "cr\r\n" };
	struct csv_reader *reader;
	struct csv csv;
	char **row;

	(void)state;
	assert_int_equal(csv_create(&csv, "t.csv", "name,value", false), 0);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		csv_text(&csv, texts[i]);
		csv_number(&csv, i ? 9007199254740991.0 : 0.1);
		csv_end_row(&csv);
	}
	assert_int_equal(csv_close(&csv), 0);
	reader = csv_open("t.csv", columns);
	assert_non_null(reader);
	assert_true(csv_has_column(reader, 1));
	assert_false(csv_has_column(reader, 2));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		row = csv_next(reader);
		assert_non_null(row);
		assert_string_equal(row[0], texts[i]);
		assert_string_equal(row[1], i ? "9007199254740991" : "0.1");
		assert_string_equal(row[2], "");
	}
	assert_null(csv_next(reader));
	assert_int_equal(csv_damaged(reader), 0);
	csv_reader_close(reader);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

static void csv_damage(void **state)
{
	struct csv_reader *reader;
	struct csv csv;
	char **row;

	(void)state;
	put("d.csv", "value,name\n1,a\n2\n3,b,x\n4,c\n5,\"cut");
	reader = csv_open("d.csv", columns);
	row = csv_next(reader);
	assert_string_equal(row[0], "a");
	row = csv_next(reader);
	assert_string_equal(row[0], "c");
	assert_null(csv_next(reader));
	assert_int_equal(csv_damaged(reader), 3);
	csv_reader_close(reader);

	/* Appending does not continue half a row. */
	put("h.csv", "name,value\na,1\nb");
	assert_int_equal(csv_create(&csv, "h.csv", "name,value", true), 0);
	csv_text(&csv, "c");
	csv_count(&csv, UINT64_MAX);
	csv_end_row(&csv);
	assert_int_equal(csv_close(&csv), 0);
	reader = csv_open("h.csv", columns);
	assert_string_equal(csv_next(reader)[0], "a");
	row = csv_next(reader);
	assert_string_equal(row[0], "c");
	assert_string_equal(row[1], "18446744073709551615");
	csv_reader_close(reader);
	assert_null(csv_open("none.csv", columns));
}

static void full_disk(void **state)
{
	struct csv csv;

	(void)state;
	if (access("/dev/full", W_OK) < 0)
		skip();
	assert_int_equal(csv_create(&csv, "/dev/full", "name", false), 0);
	csv_text(&csv, "lost");
	csv_end_row(&csv);
	assert_int_equal(csv.error, ENOSPC);
	assert_int_equal(csv_close(&csv), -1);
	assert_int_equal(csv_create(&csv, "no/such/folder.csv", "name", false), -1);
}

static void json_files(void **state)
{
	json_t *json = json_pack("{s:{s:i, s:s}, s:f}", "a", "b", 42, "c", "text", "d", 0.5);

	(void)state;
	assert_int_equal(json_write("j.json", json), 0);
	assert_int_not_equal(access("j.json.partial", F_OK), 0);
	json_decref(json);
	json = json_read("j.json");
	assert_int_equal(json_u64(json, "a.b", 0), 42);
	assert_string_equal(json_text(json, "a.c", ""), "text");
	assert_true(json_double(json, "d", 0) == 0.5);
	assert_int_equal(json_u64(json, "a.x.y", 7), 7);
	assert_int_equal(json_write("no/such/folder.json", json), -1);
	json_decref(json);
	put("bad.json", "{ \"a\": ");
	assert_null(json_read("bad.json"));
	assert_null(json_read("none.json"));
}

static void words(void **state)
{
	static const char *const known[] = { "hello", "counter", "multiplication", "qemu-tcg",
					     NULL };

	(void)state;
	assert_string_equal(closest("helo", known), "hello");
	assert_string_equal(closest("conuter", known), "counter");
	assert_string_equal(closest("mult", known), "multiplication");
	assert_string_equal(closest("qemu", known), "qemu-tcg");
	assert_null(closest("xyz", known));
	assert_null(closest("", known));
}

static void folders(void **state)
{
	struct stat info;

	(void)state;
	assert_int_equal(make_dirs("a b/c/d"), 0);
	assert_int_equal(make_dirs("a b/c/d/"), 0);
	assert_int_equal(stat("a b/c/d", &info), 0);
	put("file", "x");
	assert_int_equal(make_dirs("file/below"), -1);
	remove_folder("a b/c/d");
	remove_folder("a b/c");
	remove_folder("a b");
	assert_int_equal(stat("a b", &info), -1);
}

static void units(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(format_ns(text, sizeof(text), 1234567), "1.23 ms");
	assert_string_equal(format_ns(text, sizeof(text), 12.0), "12 ns");
	assert_string_equal(format_ns(text, sizeof(text), 123456789012.0), "123 s");
	assert_string_equal(format_bytes(text, sizeof(text), 1536), "1.50 KiB");
	assert_string_equal(format_bytes(text, sizeof(text), 0), "0 B");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_round_trip), cmocka_unit_test(csv_damage),
		cmocka_unit_test(full_disk),	  cmocka_unit_test(json_files),
		cmocka_unit_test(words),	  cmocka_unit_test(folders),
		cmocka_unit_test(units),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
