/* SPDX-License-Identifier: MIT */
/* What makes a run good: output byte by byte, status, exact exits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "../verify.h"

static const struct expected_exits exits[] = { { "KVM_EXIT_IO", 12 },
					       { "KVM_EXIT_HLT", 1 },
					       { NULL, 0 } };
static const struct workload hello = { .name = "hello", .output = "Hello\n", .exits = exits };
static const struct workload counter = { .name = "counter", .output = "0123" };
static const struct workload open_end = { .name = "micro", .output_end = "\nend\n" };

static int check(const struct workload *workload, const char *output, unsigned guests,
		 bool prefixed, char *why)
{
	*why = '\0';
	return verify_output(workload, output, strlen(output), guests, prefixed, why);
}

static void output_of_one(void **state)
{
	char why[WHY_BYTES];

	(void)state;
	assert_int_equal(check(&hello, "Hello\n", 1, false, why), 0);
	assert_int_equal(check(&hello, "Hello", 1, false, why), -1);
	assert_non_null(strstr(why, "5 bytes where 6 were due, first difference at byte 5"));
	assert_int_equal(check(&hello, "Hello\n\n", 1, false, why), -1);
	assert_int_equal(check(&hello, "", 1, false, why), -1);
	assert_int_equal(check(&hello, "Hallo\n", 1, false, why), -1);
	assert_non_null(strstr(why, "byte 1"));
	assert_int_equal(check(&open_end, "anything\nend\n", 1, false, why), 0);
	assert_int_equal(check(&open_end, "anything\nen", 1, false, why), -1);
}

static void output_of_several(void **state)
{
	char why[WHY_BYTES];

	(void)state;
	assert_int_equal(check(&hello, "[vCPU 1] Hello\n[vCPU 0] Hello\n", 2, true, why), 0);
	assert_int_equal(check(&hello, "[vCPU 0] Hello\n", 2, true, why), -1);
	assert_non_null(strstr(why, "guest 1"));
	assert_int_equal(
	    check(&hello, "[vCPU 0] Hello\n[vCPU 0] Hello\n[vCPU 1] Hello\n", 2, true, why), -1);
	assert_int_equal(check(&hello, "[vCPU 0] He[vCPU 1] Hello\nllo\n", 2, true, why), -1);
	/* kvm-vmm ends a prefixed line that the guest did not end. */
	assert_int_equal(check(&counter, "[vCPU 0] 0123\n[vCPU 1] 0123\n", 2, true, why), 0);
	assert_int_equal(check(&counter, "[vCPU 0] 0123\n\n[vCPU 1] 0123\n", 2, true, why), 0);
	assert_int_equal(check(&counter, "[vCPU 0] 0123\n[vCPU 0] \n[vCPU 1] 0123\n", 2, true, why),
			 -1);
}

static void status(void **state)
{
	struct run_result result = { .status = 1, .errors = "kvm-vmm: bad port\nmore" };
	char why[WHY_BYTES];

	(void)state;
	assert_int_equal(verify_run(&result, 1, why), 0);
	assert_int_equal(verify_run(&result, 0, why), -1);
	assert_string_equal(why, "status 1 where 0 was due: kvm-vmm: bad port");
	result.status = 128 + 11;
	assert_int_equal(verify_run(&result, 0, why), -1);
	assert_non_null(strstr(why, "signal 11"));
	result.timed_out = true;
	assert_int_equal(verify_run(&result, 139, why), -1);
}

/* A statistics document of one guest with these counts. */
static json_t *document(int io, int hlt, int interrupted, int runs)
{
	return json_pack("{s:s, s:[{s:i, s:i, s:[{s:s, s:i}, {s:s, s:i}, {s:s, s:i, s:i}]}]}",
			 "format", STATS_FORMAT, "vcpus", "vcpu", 0, "kvm_runs", runs, "exits",
			 "reason", "KVM_EXIT_IO", "count", io, "reason", "KVM_EXIT_HLT", "count",
			 hlt, "reason", "EINTR", "count", interrupted, "errno", 4);
}

static int exits_of(int io, int hlt, int interrupted, int runs, char *why)
{
	json_t *stats = document(io, hlt, interrupted, runs);
	int result = verify_exits(&hello, stats, 1, why);

	json_decref(stats);
	return result;
}

static void exact_exits(void **state)
{
	char why[WHY_BYTES];
	json_t *stats;

	(void)state;
	assert_int_equal(exits_of(12, 1, 0, 13, why), 0);
	assert_int_equal(exits_of(12, 1, 3, 16, why), 0); /* EINTR is no exit of the guest */
	assert_int_equal(exits_of(13, 1, 0, 14, why), -1);
	assert_string_equal(why, "guest 0: 13 KVM_EXIT_IO where 12 were due");
	assert_int_equal(exits_of(12, 1, 0, 14, why), -1);
	assert_non_null(strstr(why, "KVM_RUN returned 14 times"));
	stats = document(12, 1, 0, 13);
	assert_int_equal(verify_exits(&hello, stats, 2, why), -1);
	json_object_set_new(stats, "format", json_string("other"));
	assert_int_equal(verify_exits(&hello, stats, 1, why), -1);
	json_decref(stats);
	assert_int_equal(verify_exits(&hello, NULL, 1, why), -1);
}

static void unexpected_reason(void **state)
{
	static const struct expected_exits io_only[] = { { "KVM_EXIT_IO", 12 }, { NULL, 0 } };
	const struct workload workload = { .exits = io_only };
	json_t *stats = document(12, 1, 0, 13);
	char why[WHY_BYTES];

	(void)state;
	assert_int_equal(verify_exits(&workload, stats, 1, why), -1);
	assert_string_equal(why, "guest 0: 1 KVM_EXIT_HLT where none was due");
	json_decref(stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_of_one),
		cmocka_unit_test(output_of_several),
		cmocka_unit_test(status),
		cmocka_unit_test(exact_exits),
		cmocka_unit_test(unexpected_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
