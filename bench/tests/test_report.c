/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "../histogram.h"
#include "../results.h"
#include "../statistics.h"
#include "made_up.h"
#include "temporary.h"

static int report(const char *folder)
{
	char name[] = "kvm-bench report", quiet[] = "--quiet";
	char *argv[] = { name, quiet, (char *)folder, NULL };

	return cmd_report(3, argv);
}

static char *made_up_folder(const char *base, const struct made_up *made_up)
{
	char *folder = temporary_folder(base, "results");

	assert_int_equal(made_up_write(folder, made_up), 0);
	return folder;
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is missing", part);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is there", part);
}

static bool have_gnuplot(void)
{
	return system("command -v gnuplot >/dev/null") == 0;
}

/* Every section, in both formats; both carry the same sentences. */
static void complete(void **state)
{
	static const char *const headings[] = {
		"The original&#39;s claims",
		"Exits by guest",
		"Run time of each guest",
		"Latency of one exit, by reason",
		"One exit in four parts",
		"Interrupt latency",
		"Start-up phases",
		"Memory",
		"Compute: KVM against TCG",
		"Single operations",
		"Scaling over vCPUs",
		"Cross-check",
		"Noise floor",
		"Sizes of the guests&#39; images",
		"Machine",
		"Data and notes",
	};
	char *folder = made_up_folder(*state, &(struct made_up){ .seed = 1, .noise = 0.01 });
	char *html, *markdown;

	assert_int_equal(report(folder), STATUS_OK);
	html = temporary_text(folder, "report.html");
	markdown = temporary_text(folder, "report.md");
	assert_non_null(html);
	assert_non_null(markdown);
	for (size_t i = 0; i < ARRAY_SIZE(headings); i++)
		assert_contains(html, headings[i]);
	assert_lacks(html, "Not measured");
	assert_lacks(html, "nan");
	assert_lacks(markdown, "nan");
	assert_lacks(html, "http://www.w3.org/1999/xhtml\"><script");
	assert_lacks(html, "src=\"");
	assert_contains(markdown, "| counter ");
	assert_contains(markdown, "| 1,461 |");
	assert_contains(html, ">1,461<");
	assert_contains(html, "All 6 programs exited exactly equally often in every run");
	assert_contains(markdown, "All 6 programs exited exactly equally often in every run");
	/* movs was made up with a ratio of 57 */
	assert_contains(markdown, "At 50 or more: `movs`.");
	assert_contains(markdown, "Below 1, where TCG costs less: `portio`.");
	assert_contains(markdown, "so 340 an exit");
	assert_contains(markdown, "| VMM of about 1,500 lines ");
	assert_contains(markdown, "not measured yet");
	free(html);
	free(markdown);
	free(folder);
}

static void plots_are_drawn(void **state)
{
	static const char *const plots[] = {
		"exits",	  "runtime",	   "latency-host",	     "latency-exact",
		"split-host",	  "irq-host",	   "startup-host",	     "compute-kvm",
		"compute-native", "compute-exact", "micro-real-host-cycles", "scaling",
		"noise"
	};
	char *folder, *html, *log;

	if (!have_gnuplot())
		skip();
	folder = made_up_folder(*state, &(struct made_up){ .seed = 1, .noise = 0.01 });
	assert_int_equal(report(folder), STATUS_OK);
	html = temporary_text(folder, "report.html");
	for (size_t i = 0; i < ARRAY_SIZE(plots); i++) {
		char *svg = xasprintf("plots/%s.svg", plots[i]),
		     *csv = xasprintf("plots/%s.csv", plots[i]);
		char *drawn = temporary_text(folder, svg), *data = temporary_text(folder, csv);

		if (!drawn || !strstr(drawn, "</svg>"))
			fail_msg("%s was not drawn", svg);
		assert_non_null(data);
		assert_contains(html, csv);
		free(drawn);
		free(data);
		free(svg);
		free(csv);
	}
	log = temporary_text(folder, "plots/gnuplot.log");
	assert_string_equal(log, ""); /* no warning either */
	free(log);
	free(html);
	free(folder);
}

static const json_t *row_of(const json_t *rows, const char *where, const char *workload,
			    const char *metric)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) if (!strcmp(json_text(row, "where", ""), where) &&
					     !strcmp(json_text(row, "workload", ""), workload) &&
					     !strcmp(json_text(row, "metric", ""), metric) &&
					     !strcmp(json_text(row, "backend", ""), "kvm-vmm") &&
					     json_u64(row, "guests", 0) == 1) return row;
	return NULL;
}

static json_t *summary_of(const char *folder)
{
	char *path = xasprintf("%s/summary.json", folder);
	json_t *summary = json_read(path);

	free(path);
	assert_non_null(summary);
	return summary;
}

/* Two runs of one build, with other noise, agree on every exact figure of ours. */
static void exact_figures_agree(void **state)
{
	char *folder = made_up_folder(*state, &(struct made_up){ .seed = 1, .noise = 0.01 });
	const json_t *row;
	json_t *first, *second, *exact;
	size_t compared = 0, i;

	assert_int_equal(report(folder), STATUS_OK);
	first = summary_of(folder);
	assert_int_equal(made_up_write(folder, &(struct made_up){ .seed = 77, .noise = 0.05 }), 0);
	assert_int_equal(report(folder), STATUS_OK);
	second = summary_of(folder);
	exact = json_object_get(first, "exact");
	assert_int_equal(json_u64(row_of(exact, "host", "counter", "exits"), "value", 0), 1461);
	assert_int_equal(json_u64(row_of(exact, "exact", "hello", "cpu"), "value", 0),
			 1200000 + 13 * 3100);
	assert_true(json_double(row_of(json_object_get(first, "measured"), "host", "hello", "wall"),
				"median", 0) > 1e6);
	json_array_foreach(exact, i, row)
	{
		if (strcmp(json_text(row, "backend", ""), "kvm-vmm") != 0)
			continue;
		assert_true(json_equal(row, json_array_get(json_object_get(second, "exact"), i)));
		compared++;
	}
	assert_true(compared > 40);
	json_decref(first);
	json_decref(second);
	free(folder);
}

/* Names and reasons are data: nothing of them becomes markup or a column. */
static void hostile_texts(void **state)
{
	char *folder = made_up_folder(
	    *state, &(struct made_up){
			.seed = 1, .noise = 0.01, .hostile = "<script>alert(1)</script>|`*\"'&" });
	char *html, *markdown;

	assert_int_equal(report(folder), STATUS_OK);
	html = temporary_text(folder, "report.html");
	markdown = temporary_text(folder, "report.md");
	assert_lacks(html, "<script>alert");
	assert_contains(html, "&lt;script&gt;alert(1)");
	/* in a table; elsewhere names stand between back quotes */
	assert_contains(markdown, "\\<script>alert(1)\\</script>\\|");
	assert_lacks(markdown, " <script>");
	free(html);
	free(markdown);
	free(folder);
}

/* Any file may be missing: the report is written and says so. */
static void partial_folders(void **state)
{
	static const struct {
		const char *file, *says;
	} files[] = {
		{ "machine.json", "machine.json cannot be read" },
		{ "samples.csv", "samples.csv cannot be read" },
		{ "histograms.csv", "histograms.csv cannot be read" },
		{ "crosscheck.csv", "Not made: `kvm-bench run` traces one run" },
		{ "split.csv", "Not measured: `kvm-bench run` joins" },
		{ "irq_latency.csv", "Not measured: the run needs a workload with interrupts" },
	};
	char *folder = temporary_folder(*state, "results");

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *path = xasprintf("%s/%s", folder, files[i].file), *markdown;

		assert_int_equal(
		    made_up_write(folder, &(struct made_up){ .seed = 1, .noise = 0.01, .runs = 3 }),
		    0);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(report(folder), STATUS_OK);
		markdown = temporary_text(folder, "report.md");
		assert_contains(markdown, files[i].says);
		free(markdown);
		free(path);
	}
	free(folder);
}

/* As a killed run or a bad disk leaves files: cut anywhere, with bytes that were not written so. */
static void damaged_files(void **state)
{
	static const char *const files[] = { "samples.csv", "histograms.csv",  "crosscheck.csv",
					     "split.csv",   "irq_latency.csv", "machine.json" };
	char *folder = temporary_folder(*state, "results");
	struct rng rng = { 1234 };

	setenv("MINIKVM_PLOT_SCRIPTS", "/nonexistent",
	       1); /* plots are not what is tested, and cost most */
	for (int round = 0; round < 40; round++) {
		const char *file = files[round % (int)ARRAY_SIZE(files)];
		char *path = xasprintf("%s/%s", folder, file), *text, *html;
		size_t bytes;

		assert_int_equal(
		    made_up_write(folder, &(struct made_up){ .seed = 1, .noise = 0.01, .runs = 3 }),
		    0);
		text = read_file(path, &bytes);
		if (round % 2)
			bytes = rng_below(&rng, bytes);
		for (size_t i = 0; i < 20 && bytes; i++)
			text[rng_below(&rng, bytes)] = (char)rng_below(&rng, 256);
		temporary_write(folder, file, text, bytes);
		assert_int_equal(report(folder), STATUS_OK);
		html = temporary_text(folder, "report.html");
		assert_contains(html, "</html>");
		free(html);
		free(text);
		free(path);
	}
	unsetenv("MINIKVM_PLOT_SCRIPTS");
	free(folder);
}

static void damage_is_counted(void **state)
{
	static const char samples[] = SAMPLES_COLUMNS
	    "\n"
	    "host,hello,1,kvm-vmm,1,counted,1,wall,ns,1000\n"
	    "host,hello,1,kvm-vmm,2,counted,1,wall,ns,nonsense\n"
	    "host,hello,0,kvm-vmm,3,counted,1,wall,ns,1000\n"
	    "host,hello,1,kvm-vmm\n"
	    "host,hello,1,kvm-vmm,5,counted,2,wall,ns,1000\n"
	    "host,hello,1,kvm-vmm,6,counted,0,failure,text,\"wrong, \"\"very\"\"\"\n"
	    "host,hello,1,kvm-vmm,6,counted,0,wall,ns,99\n"
	    "host,hello,1,kvm-vmm,7,counted,1,wall,ns,3000\n"
	    "host,hello,1,kvm-vmm,8,counted,1,wa";
	char *folder = temporary_folder(*state, "results");
	struct results *results;
	const struct series *wall;

	temporary_write(folder, "samples.csv", samples, strlen(samples));
	results = results_read(folder);
	assert_non_null(results);
	wall = results_series(results, "host", "hello", 1, "kvm-vmm", "wall");
	assert_non_null(wall);
	assert_int_equal(wall->count, 2); /* the failed run's time is in no figure */
	assert_true(wall->median == 2000);
	assert_int_equal(results->group_count, 1);
	assert_int_equal(results->groups[0].ok, 2);
	assert_int_equal(results->groups[0].failed, 1);
	assert_string_equal(results->groups[0].reason, "wrong, \"very\"");
	assert_int_equal(results->note_count, 3); /* machine.json, histograms.csv, damaged rows */
	assert_string_equal(results->notes[1], "samples.csv: 5 damaged rows left out, 4 used.");
	results_free(results);
	assert_int_equal(report(folder), STATUS_OK);
	free(folder);
}

static void columns_are_found_by_name(void **state)
{
	static const char samples[] =
	    "value,unit,extra,metric,ok,phase,run,backend,guests,workload,where\r\n"
	    "42,ns,x,wall,1,counted,1,kvm-vmm,1,hello,host\r\n";
	static const char fewer[] = "where,workload\nhost,hello\n";
	char *folder = temporary_folder(*state, "results");
	struct results *results;

	temporary_write(folder, "samples.csv", samples, strlen(samples));
	results = results_read(folder);
	assert_true(results_series(results, "host", "hello", 1, "kvm-vmm", "wall")->median == 42);
	results_free(results);
	temporary_write(folder, "samples.csv", fewer, strlen(fewer));
	results = results_read(folder);
	assert_int_equal(results->series_count, 0);
	assert_string_equal(results->notes[1],
			    "samples.csv has no column \"guests\" and is left out.");
	results_free(results);
	free(folder);
}

static void no_results_folder(void **state)
{
	char *empty = temporary_folder(*state, "empty"),
	     *none = xasprintf("%s/none", (char *)*state);

	assert_int_equal(report(empty), STATUS_HOST);
	assert_int_equal(report(none), STATUS_HOST);
	free(empty);
	free(none);
}

/* On kvm_pvm the text must say that TCG is the faster one for computing, and why. */
static void software_kvm_is_explained(void **state)
{
	char *folder =
	    made_up_folder(*state, &(struct made_up){ .seed = 1, .noise = 0.01, .kvm = "kvm_pvm" });
	char *markdown;

	setenv("MINIKVM_PLOT_SCRIPTS", "/nonexistent", 1);
	assert_int_equal(report(folder), STATUS_OK);
	unsetenv("MINIKVM_PLOT_SCRIPTS");
	markdown = temporary_text(folder, "report.md");
	assert_contains(
	    markdown,
	    "runs real-mode code in an instruction emulator, about 450 ns an instruction");
	assert_contains(markdown, "does not run this code on the processor but interprets it");
	assert_contains(markdown, "Plots are missing: the plot scripts were not found");
	free(markdown);
	free(folder);
}

/* The gate's verdict stands at the head: what failed first, and with which status. */
static void gate_is_asked(void **state)
{
	static const struct {
		const char *status, *says, *expected;
	} cases[] = {
		{ "0", "note of it\ngate: 42 figures compared, 0 failed",
		  "✓ **Gate** pass: 42 figures compared, 0 failed" },
		{ "1",
		  "FAIL hello on kvm-vmm: 2 exits, were 1\nFAIL x\ngate: 42 figures compared, 2 "
		  "failed",
		  "✗ **Gate** fail: hello on kvm-vmm: 2 exits, were 1\n" },
		{ NULL, NULL, "? **Gate** not run: no reference\n" },
	};
	char *folder =
	    made_up_folder(*state, &(struct made_up){ .seed = 1, .noise = 0.01, .runs = 3 });

	setenv("MINIKVM_PLOT_SCRIPTS", "/nonexistent", 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *markdown;

		unsetenv("GATE_STATUS");
		if (cases[i].status) {
			setenv("GATE_STATUS", cases[i].status, 1);
			setenv("GATE_SAYS", cases[i].says, 1);
		}
		assert_int_equal(report(folder), STATUS_OK);
		markdown = temporary_text(folder, "report.md");
		assert_contains(markdown, cases[i].expected);
		free(markdown);
	}
	unsetenv("MINIKVM_PLOT_SCRIPTS");
	free(folder);
}

static void openmetrics(void **state)
{
	char *folder = made_up_folder(
	    *state, &(struct made_up){ .seed = 1, .noise = 0.01, .runs = 6, .hostile = "a\"b\\c" });
	char name[] = "kvm-bench report", quiet[] = "--quiet",
	     *option = xasprintf("--export-openmetrics=%s/metrics.txt", folder);
	char *argv[] = { name, quiet, option, folder, NULL }, *text;

	assert_int_equal(cmd_report(4, argv), STATUS_OK);
	text = temporary_text(folder, "metrics.txt");
	assert_contains(text, "\n# TYPE minikvm_run_seconds gauge\n");
	assert_contains(text, "minikvm_exits{where=\"host\",workload=\"counter\",guests=\"1\","
			      "backend=\"kvm-vmm\",figure=\"median\"} 1461\n");
	assert_contains(text, "workload=\"a\\\"b\\\\c\"");
	assert_string_equal(text + strlen(text) - strlen("# EOF\n"), "# EOF\n");
	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		assert_true(line[0] == '#' || strstr(line, "} "));
	if (system("command -v promtool >/dev/null") == 0) {
		char *command = xasprintf("promtool check metrics <%s/metrics.txt", folder);

		assert_int_equal(system(command), 0);
		free(command);
	}
	free(text);
	free(option);
	free(folder);
}

/* A third of the bound that is promised: 10^6 rows within seconds and some hundred MiB. */
static void many_rows(void **state)
{
	char *folder = temporary_folder(*state, "results"),
	     *path = xasprintf("%s/samples.csv", folder);
	FILE *file = fopen(path, "we");
	struct results *results;
	struct rusage before, after;

	fprintf(file, "%s\n", SAMPLES_COLUMNS);
	for (int i = 0; i < 330000; i++)
		fprintf(file, "host,w%d,1,kvm-vmm,%d,counted,1,wall,ns,%d\n", i % 7, i,
			1000 + i % 1013);
	assert_int_equal(fclose(file), 0);
	getrusage(RUSAGE_SELF, &before);
	results = results_read(folder);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(results->series_count, 7);
	assert_true(results->series[0].count > 47000);
	assert_true(after.ru_utime.tv_sec - before.ru_utime.tv_sec < 20);
	assert_true(after.ru_maxrss - before.ru_maxrss < 200 * 1024);
	results_free(results);
	free(path);
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(complete, temporary_setup, temporary_teardown),
		cmocka_unit_test_setup_teardown(plots_are_drawn, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(exact_figures_agree, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(hostile_texts, temporary_setup, temporary_teardown),
		cmocka_unit_test_setup_teardown(partial_folders, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(damaged_files, temporary_setup, temporary_teardown),
		cmocka_unit_test_setup_teardown(damage_is_counted, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(columns_are_found_by_name, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(no_results_folder, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(software_kvm_is_explained, temporary_setup,
						temporary_teardown),
		cmocka_unit_test_setup_teardown(gate_is_asked, temporary_setup, temporary_teardown),
		cmocka_unit_test_setup_teardown(openmetrics, temporary_setup, temporary_teardown),
		cmocka_unit_test_setup_teardown(many_rows, temporary_setup, temporary_teardown),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
