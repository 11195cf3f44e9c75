/* SPDX-License-Identifier: MIT */
/* kvm-vmm's trace joined with the kernel's record: four parts an exit, three stages an interrupt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "temporary.h"
#include "../crosscheck.h"

#define TRACE TRACE_COLUMNS "\n"
#define RECORD "ns,tid,cpu,event,reason,errno,a,b\n"

/* Writes both, joins them, and returns what came out: split.csv, then irq_latency.csv. */
static char *join(const char *folder, const char *trace, const char *record)
{
	const struct env env = { .where = "lab", .unit = "ns" };
	char *trace_path = xasprintf("%s/trace", folder),
	     *record_path = xasprintf("%s/record", folder);
	char *split_path = xasprintf("%s/split", folder), *irq_path = xasprintf("%s/irq", folder);
	char *split_text, *irq_text, *text;
	struct kernel_record *events;
	struct csv split, irq;

	temporary_write(folder, "trace", trace, strlen(trace));
	temporary_write(folder, "record", record, strlen(record));
	events = kernel_record_read(record_path);
	assert_non_null(events);
	assert_int_equal(csv_create(&split, split_path, SPLIT_COLUMNS, false), 0);
	assert_int_equal(csv_create(&irq, irq_path, IRQ_LATENCY_COLUMNS, false), 0);
	split_workload(events, trace_path, &env, "w", &split, &irq);
	csv_close(&split);
	csv_close(&irq);
	kernel_record_free(events);
	split_text = read_file(split_path, NULL);
	irq_text = read_file(irq_path, NULL);
	text = xasprintf("%s%s", split_text, irq_text);
	free(split_text);
	free(irq_text);
	free(trace_path);
	free(record_path);
	free(split_path);
	free(irq_path);
	return text;
}

static void has(const char *text, const char *row)
{
	if (!strstr(text, row))
		fail_msg("no row '%s' in:\n%s", row, text ? text : "(no file)");
}

/* Other threads' events lie between; an exit handled in the kernel belongs to the guest's part. */
static void hardware(void **state)
{
	char *text = join(*state,
			  TRACE "0,7,0,1000,1050,KVM_EXIT_IO,0,out,1,1,0x500\n"
				"0,7,1,1060,1130,KVM_EXIT_IO,0,out,1,1,0x500\n",
			  RECORD "900,7,0,exit,ioio,,7b,2\n"
				 "1010,7,0,run,,0,0,\n"
				 "1012,7,0,entry,,,0,\n"
				 "1015,8,1,exit,ioio,,7b,2\n"
				 "1032,7,0,exit,ioio,,7b,2\n"
				 "1040,7,0,user,KVM_EXIT_IO,0,2,0\n"
				 "1066,7,0,entry,,,0,\n"
				 "1080,7,0,exit,npf,,400,2\n"
				 "1085,7,0,entry,,,0,\n"
				 "1100,7,0,exit,ioio,,7b,2\n"
				 "1120,7,0,user,KVM_EXIT_IO,0,2,0\n");

	has(text, "lab,w,KVM_EXIT_IO,reentry,ns,2,9,6,12\n");
	has(text, "lab,w,KVM_EXIT_IO,guest_and_kernel,ns,2,27,20,34\n");
	has(text, "lab,w,KVM_EXIT_IO,kernel_to_user,ns,2,24,18,30\n");
	has(text, "lab,w,KVM_EXIT_IO,handler,ns,1,10,10,10\n");
	free(text);
}

/* No kvm_entry, no kvm_exit: KVM_RUN's start and kvm_userspace_exit bound the guest's part. */
static void software(void **state)
{
	char *text = join(*state, TRACE "0,7,0,1000,1050,KVM_EXIT_HLT,0,,0,0,\n",
			  RECORD "1004,7,0,run,,0,0,\n1044,7,0,user,KVM_EXIT_HLT,0,5,0\n");

	has(text, "lab,w,KVM_EXIT_HLT,reentry,ns,1,4,4,4\n");
	has(text, "lab,w,KVM_EXIT_HLT,guest_and_kernel,ns,1,40,40,40\n");
	has(text, "lab,w,KVM_EXIT_HLT,kernel_to_user,ns,1,6,6,6\n");
	assert_null(strstr(text, "handler"));
	free(text);
}

/* Only the workload's own time counts; a line that stays raised is one interrupt. */
static void interrupts(void **state)
{
	char *text = join(*state, TRACE "0,7,0,1000,2000,KVM_EXIT_IO,0,out,1,1,0x3f8\n",
			  RECORD "500,9,1,irq-set,,,0,1\n"
				 "1100,9,1,irq-set,,,0,1\n"
				 "1110,9,1,irq-set,,,0,1\n"
				 "1120,7,0,irq-inject,first,,32,0\n"
				 "1130,7,0,irq-inject,again,,32,0\n"
				 "1150,7,0,irq-ack,pic0,,0,0\n"
				 "1200,9,1,irq-set,,,1,1\n"
				 "1205,9,1,irq-set,,,1,0\n"
				 "2100,7,0,irq-inject,first,,33,0\n");

	has(text, "lab,w,IRQ0 timer,injected_to_delivered,ns,20,20,1\n");
	has(text, "lab,w,IRQ0 timer,delivered_to_handled,ns,30,30,1\n");
	has(text, "lab,w,IRQ0 timer,injected_to_handled,ns,50,50,1\n");
	assert_null(strstr(text, "IRQ1"));
	free(text);
}

static void nothing_to_join(void **state)
{
	char *text = join(*state, TRACE "0,7,0,1000,1050,KVM_EXIT_IO,0,out,1,1,0x500\n", RECORD);

	assert_string_equal(text, SPLIT_COLUMNS "\n" IRQ_LATENCY_COLUMNS "\n");
	free(text);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, temporary_setup, temporary_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(hardware),
		UNIT(software),
		UNIT(interrupts),
		UNIT(nothing_to_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
