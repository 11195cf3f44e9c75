/* SPDX-License-Identifier: MIT */
/* Unit tests of what needs no /dev/kvm. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "options.h"
#include "stats.h"
#include "vmm.h"

/* ---- gpa_ptr ---- */

static void test_gpa_ptr(void **state)
{
	uint8_t mem[PAGE_BYTES];
	struct vm vm = { .mem = mem, .mem_bytes = sizeof(mem) };

	(void)state;
	assert_ptr_equal(gpa_ptr(&vm, 0, 1), mem);
	assert_ptr_equal(gpa_ptr(&vm, 0, sizeof(mem)), mem);
	assert_ptr_equal(gpa_ptr(&vm, sizeof(mem) - 1, 1), mem + sizeof(mem) - 1);
	assert_ptr_equal(gpa_ptr(&vm, sizeof(mem), 0), mem + sizeof(mem));
	assert_null(gpa_ptr(&vm, sizeof(mem), 1));
	assert_null(gpa_ptr(&vm, sizeof(mem) - 1, 2));
	assert_null(gpa_ptr(&vm, 0, sizeof(mem) + 1));
	assert_null(gpa_ptr(&vm, UINT64_MAX, 1));
	assert_null(gpa_ptr(&vm, 1, SIZE_MAX));
	assert_null(gpa_ptr(&vm, UINT64_MAX - 1, 4));
}

/* ---- port registry ---- */

static bool first_device(struct vcpu *v, struct pio_access *a)
{
	(void)v;
	a->value = 1;
	return true;
}

static bool second_device(struct vcpu *v, struct pio_access *a)
{
	(void)v;
	a->value = 2;
	return true;
}

static void test_pio_find(void **state)
{
	struct pio_bus bus = { 0 };

	(void)state;
	assert_true(pio_register(&bus, 0x3f8, 8, first_device));
	assert_true(pio_register(&bus, 0x400, 1, second_device));
	assert_null(pio_find(&bus, 0x3f7));
	assert_ptr_equal(pio_find(&bus, 0x3f8)->handler, first_device);
	assert_ptr_equal(pio_find(&bus, 0x3ff)->handler, first_device);
	assert_ptr_equal(pio_find(&bus, 0x400)->handler, second_device);
	assert_null(pio_find(&bus, 0x401));
	assert_null(pio_find(&bus, 0));
	assert_null(pio_find(&bus, 0xffff));
}

static void test_pio_register_refuses(void **state)
{
	struct pio_bus bus = { 0 };
	unsigned int room = sizeof(bus.ranges) / sizeof(bus.ranges[0]);

	(void)state;
	assert_true(pio_register(&bus, 0x100, 4, first_device));
	assert_false(pio_register(&bus, 0x100, 4, second_device));
	assert_false(pio_register(&bus, 0xff, 2, second_device));
	assert_false(pio_register(&bus, 0x103, 1, second_device));
	assert_false(pio_register(&bus, 0xf0, 0x100, second_device));
	assert_false(pio_register(&bus, 0x200, 0, second_device));
	assert_false(pio_register(&bus, 0xffff, 2, second_device));
	assert_true(pio_register(&bus, 0xffff, 1, second_device));
	assert_true(pio_register(&bus, 0x104, 1, second_device));
	for (uint16_t i = 3; i < room; i++)
		assert_true(pio_register(&bus, (uint16_t)(0x1000 + i), 1, first_device));
	assert_false(pio_register(&bus, 0x2000, 1, first_device));
}

/* ---- numbers with a unit ---- */

static void test_parse_scaled(void **state)
{
	static const struct scale scales[] = { { "us", 1000 }, { "s", 1000000000 }, { NULL, 0 } };

	(void)state;
	assert_int_equal(parse_scaled("10us", scales, true), 10000);
	assert_int_equal(parse_scaled("2s", scales, true), 2000000000);
	assert_int_equal(parse_scaled("7", scales, false), 7);
	assert_int_equal(parse_scaled("7", scales, true), 0);
	assert_int_equal(parse_scaled("", scales, false), 0);
	assert_int_equal(parse_scaled("-1s", scales, true), 0);
	assert_int_equal(parse_scaled("1m", scales, true), 0);
	assert_int_equal(parse_scaled("1 s", scales, true), 0);
	assert_int_equal(parse_scaled("99999999999999999999s", scales, true), 0);
	assert_int_equal(parse_scaled("99999999999s", scales, true), 0); /* product overflows */
}

/* ---- options ---- */

#define PARSE(options, ...)                                                                        \
	do {                                                                                       \
		char *argv[] = { (char *)"kvm-vmm", __VA_ARGS__, NULL };                           \
		options_parse(options, (int)(sizeof(argv) / sizeof(argv[0])) - 1, argv);           \
	} while (0)

static void test_options_defaults(void **state)
{
	struct options o;

	(void)state;
	PARSE(&o, "a.bin");
	assert_int_equal(o.config.guest_count, 1);
	assert_string_equal(o.config.guests[0], "a.bin");
	assert_int_equal(o.config.mode, MODE_AUTO);
	assert_int_equal(o.config.layout, LAYOUT_ISOLATED);
	assert_int_equal(o.config.mem_bytes, 0);
	assert_int_equal(o.config.timer_period_ns, 10000000);
	assert_int_equal(o.config.timeout_ns, 0);
	assert_int_equal(o.config.pin_cpus[3], -1);
	assert_int_equal(o.config.stats, STATS_NONE);
	assert_int_equal(o.probe, PROBE_NONE);
}

static void test_options_all(void **state)
{
	struct options o;

	(void)state;
	PARSE(&o, "--mode=real", "--mem=512K", "a.bin", "--timer-period=100us", "--timeout=2s",
	      "--input=x", "--input=y", "b.bin", "--pin=1,4-6", "--stats=json", "--stats-file=s",
	      "--trace-file=t", "--append=hello world", "--module=m1", "--module=m2", "--testdev",
	      "--strict-io", "--color=always", "-v", "c.bin");
	assert_int_equal(o.config.mode, MODE_REAL);
	assert_int_equal(o.config.mem_bytes, 512 * 1024);
	assert_int_equal(o.config.guest_count, 3);
	assert_string_equal(o.config.guests[1], "b.bin");
	assert_int_equal(o.config.timer_period_ns, 100000);
	assert_int_equal(o.config.timeout_ns, 2000000000);
	assert_int_equal(o.config.input_count, 2);
	assert_string_equal(o.config.inputs[1], "y");
	assert_int_equal(o.config.pin_cpus[0], 1);
	assert_int_equal(o.config.pin_cpus[1], 4);
	assert_int_equal(o.config.pin_cpus[3], 6);
	assert_int_equal(o.config.stats, STATS_JSON);
	assert_string_equal(o.config.stats_file, "s");
	assert_string_equal(o.config.trace_file, "t");
	assert_string_equal(o.config.append, "hello world");
	assert_int_equal(o.config.module_count, 2);
	assert_true(o.config.testdev && o.config.strict_io && o.config.verbose && o.config.color);
}

static void test_options_pin_repeats(void **state)
{
	struct options o;

	(void)state;
	PARSE(&o, "--pin=2,3", "a.bin");
	assert_int_equal(o.config.pin_cpus[2], 2);
	assert_int_equal(o.config.pin_cpus[3], 3);
}

/* The exit status of parsing a bad command line, in a child: it ends the program. */
static int parse_status(char *option)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct options o;

		if (!freopen("/dev/null", "w", stderr))
			_exit(99);
		PARSE(&o, option, "a.bin");
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_options_refused(void **state)
{
	static const char *const bad[] = {
		"--mode=long",
		"--mem=0",
		"--mem=5",
		"--mem=4G",
		"--mem=1X",
		"--mem=",
		"--timer-period=0ms",
		"--timer-period=10",
		"--timer-period=x",
		"--timeout=1h",
		"--layout=both",
		"--pin=",
		"--pin=1,",
		"--pin=3-1",
		"--pin=a",
		"--stats=xml",
		"--color=blue",
		"--probe=yaml",
		"--no-such-option",
		"--mem",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse_status((char *)bad[i]) != STATUS_USAGE)
			fail_msg("%s was accepted", bad[i]);
	assert_int_equal(parse_status((char *)"--mem=256K"), 0);
}

/* ---- loader ---- */

struct kernel_file {
	Elf32_Ehdr e;
	Elf32_Phdr p[2];
	uint32_t multiboot[3];
	uint8_t code[64];
};

/* A small kernel at 1 MiB, as a linker would lay it out. */
static struct kernel_file good_kernel(void)
{
	struct kernel_file k = {
		.e = { .e_type = ET_EXEC,
		       .e_machine = EM_386,
		       .e_version = 1,
		       .e_entry = 0x100004,
		       .e_phoff = offsetof(struct kernel_file, p),
		       .e_phentsize = sizeof(Elf32_Phdr),
		       .e_phnum = 2 },
		.p = { { .p_type = PT_LOAD,
			 .p_offset = offsetof(struct kernel_file, code),
			 .p_paddr = 0x100000,
			 .p_filesz = 64,
			 .p_memsz = 4096 },
		       { .p_type = PT_NOTE, .p_offset = 0xffffffff, .p_memsz = 0xffffffff } },
		.multiboot = { 0x1badb002, 3, -(0x1badb002u + 3) },
	};

	memcpy(k.e.e_ident, ELFMAG, SELFMAG);
	k.e.e_ident[EI_CLASS] = ELFCLASS32;
	memset(k.code, 0x90, sizeof(k.code));
	return k;
}

/* Loads it into fresh memory full of ones; the reason if it was refused. */
static const char *load(struct kernel_file *k, uint64_t mem_bytes, uint8_t **mem,
			struct config *config)
{
	struct image image = {
		.path = "k", .data = (uint8_t *)k, .bytes = sizeof(*k), .mode = MODE_PROTECTED
	};
	struct vm vm = { .mem_bytes = mem_bytes, .mem = malloc(mem_bytes) };
	const char *why;
	uint32_t info, entry;

	memset(vm.mem, 0xff, mem_bytes);
	entry = image_load(&image, &vm, 0, config, &info, &why);
	if (!why) {
		assert_int_equal(entry, 0x100004);
		assert_int_equal(info, 0x9000);
	}
	if (mem)
		*mem = vm.mem;
	else
		free(vm.mem);
	return why;
}

static void test_load_multiboot(void **state)
{
	struct config config = { .append = "alpha beta" };
	struct kernel_file k = good_kernel();
	uint8_t *mem;
	uint32_t *info;

	(void)state;
	assert_null(load(&k, 4 * MIB, &mem, &config));
	assert_memory_equal(mem + 0x100000, k.code, 64);
	for (unsigned int i = 64; i < 4096; i++) /* BSS */
		assert_int_equal(mem[0x100000 + i], 0);
	assert_int_equal(mem[0x101000], 0xff);
	info = (uint32_t *)(mem + 0x9000);
	assert_int_equal(info[0] & 0x4d, 0x4d); /* memory, command line, modules, map */
	assert_int_equal(info[1], 640);
	assert_int_equal(info[2], 3 * 1024);
	assert_string_equal((char *)mem + info[4], "alpha beta");
	assert_int_equal(info[5], 0);
	free(mem);
}

static void test_load_modules(void **state)
{
	char path[] = "/tmp/minikvm-module-XXXXXX";
	int fd = mkstemp(path);
	struct config config = { .modules = { path, path }, .module_count = 2 };
	struct kernel_file k = good_kernel();
	uint8_t *mem;
	uint32_t *info, *module;

	(void)state;
	assert_int_equal(write(fd, "module!", 7), 7);
	close(fd);
	assert_null(load(&k, 4 * MIB, &mem, &config));
	info = (uint32_t *)(mem + 0x9000);
	assert_int_equal(info[5], 2);
	module = (uint32_t *)(mem + info[6]);
	assert_int_equal(module[0], 0x101000); /* behind the BSS, on a page of its own */
	assert_int_equal(module[1], 0x101007);
	assert_memory_equal(mem + module[0], "module!", 7);
	assert_string_equal((char *)mem + module[2], path);
	assert_int_equal(module[4], 0x102000);
	free(mem);
	config.module_count = 1;
	assert_non_null(load(&k, MIB + 2 * PAGE_BYTES - PAGE_BYTES, NULL, &config));
	unlink(path);
}

static void test_load_refuses(void **state)
{
	struct config config = { 0 };
	struct kernel_file k;

	(void)state;
	k = good_kernel();
	assert_non_null(load(&k, MIB, NULL, &config));
	k.p[0].p_paddr = 4 * MIB - 4095;
	assert_non_null(load(&k, 4 * MIB, NULL, &config));
	k.p[0].p_paddr = 0xfffff000;
	k.p[0].p_memsz = 0x2000;
	assert_non_null(load(&k, 4 * MIB, NULL, &config));
	k = good_kernel();
	k.p[0].p_filesz = 4097; /* more in the file than in memory */
	assert_non_null(load(&k, 4 * MIB, NULL, &config));
	k = good_kernel();
	k.p[0].p_offset = sizeof(k) - 63;
	assert_non_null(load(&k, 4 * MIB, NULL, &config));
	k.p[0].p_offset = 0xffffffff;
	assert_non_null(load(&k, 4 * MIB, NULL, &config));
	k = good_kernel();
	k.p[0].p_paddr = 0x400; /* over the boot GDT */
	assert_non_null(load(&k, 4 * MIB, NULL, &config));
}

static void test_load_flat(void **state)
{
	uint8_t mem[8192], code[4096];
	struct vm vm = { .mem = mem, .mem_bytes = sizeof(mem) };
	struct config config = { 0 };
	struct image image = { .data = code, .bytes = sizeof(code), .mode = MODE_REAL };
	const char *why;
	uint32_t info;

	(void)state;
	memset(code, 0xf4, sizeof(code));
	memset(mem, 0, sizeof(mem));
	assert_int_equal(image_load(&image, &vm, 0, &config, &info, &why), 0);
	assert_null(why);
	assert_int_equal(info, 0);
	assert_int_equal(mem[4095], 0xf4);
	assert_int_equal(mem[4096], 0);
	image_load(&image, &vm, 4097, &config, &info, &why);
	assert_non_null(why);
}

/* ---- console ---- */

static void read_back(int fd, char *text, size_t len)
{
	ssize_t n = read(fd, text, len - 1);

	text[n > 0 ? n : 0] = '\0';
}

static void test_console_raw_and_prefixed(void **state)
{
	int fds[2];
	struct console_shared shared = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct console a = { 0 }, b = { 0 };
	char text[256];

	(void)state;
	assert_int_equal(pipe2(fds, 0), 0);
	shared.fd = fds[1];
	console_init(&a, &shared, 0);
	console_init(&b, &shared, 1);
	console_put(&a, 'x');
	console_flush(&a, false); /* one guest: a part of a line goes out */
	read_back(fds[0], text, sizeof(text));
	assert_string_equal(text, "x");
	shared.prefix = true;
	console_put(&a, 'l');
	console_put(&b, 'm');
	console_flush(&a, false); /* several: it stays until its end */
	console_put(&b, '\n');
	console_put(&a, '\n');
	console_put(&a, 'n');
	console_flush(&a, true);
	read_back(fds[0], text, sizeof(text));
	assert_string_equal(text, "[vCPU 1] m\n[vCPU 0] l\n[vCPU 0] n\n");
	shared.color = true;
	console_put(&b, '\n');
	read_back(fds[0], text, sizeof(text));
	assert_string_equal(text, "\033[32m[vCPU 1] \033[0m\n");
	close(fds[0]);
	close(fds[1]);
}

/* A ring's worth without a newline is written out rather than lost. */
static void test_console_long_line(void **state)
{
	int fds[2];
	struct console_shared shared = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct console c = { 0 };
	char text[2 * CONSOLE_BYTES];
	size_t n = 0;

	(void)state;
	assert_int_equal(pipe2(fds, 0), 0);
	shared.fd = fds[1];
	console_init(&c, &shared, 0);
	for (unsigned int i = 0; i < CONSOLE_BYTES + 10; i++)
		console_put(&c, (uint8_t)('a' + i % 26));
	console_flush(&c, true);
	while (n < CONSOLE_BYTES + 10)
		n += (size_t)read(fds[0], text + n, sizeof(text) - n);
	for (unsigned int i = 0; i < CONSOLE_BYTES + 10; i++)
		assert_int_equal(text[i], 'a' + i % 26);
	close(fds[0]);
	close(fds[1]);
}

/* ---- histogram layout ---- */

static void test_histogram_layout(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		assert_int_equal(hist_index(hist_lower(i)), i);
		assert_int_equal(hist_index(hist_upper(i)), i);
		/* No wider than 1/32 of its smallest value. */
		assert_true(hist_upper(i) - hist_lower(i) <= hist_lower(i) / HIST_SUB);
	}
	assert_true(hist_upper(HIST_BUCKETS - 1) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gpa_ptr),
		cmocka_unit_test(test_pio_find),
		cmocka_unit_test(test_pio_register_refuses),
		cmocka_unit_test(test_parse_scaled),
		cmocka_unit_test(test_options_defaults),
		cmocka_unit_test(test_options_all),
		cmocka_unit_test(test_options_pin_repeats),
		cmocka_unit_test(test_options_refused),
		cmocka_unit_test(test_load_multiboot),
		cmocka_unit_test(test_load_modules),
		cmocka_unit_test(test_load_refuses),
		cmocka_unit_test(test_load_flat),
		cmocka_unit_test(test_console_raw_and_prefixed),
		cmocka_unit_test(test_console_long_line),
		cmocka_unit_test(test_histogram_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
