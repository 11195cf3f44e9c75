/* SPDX-License-Identifier: MIT */
/*
 * fs.c on the host, against GNU tar: both must see the same files before and
 * after writing. Damage must be found, and nothing read outside the disk.
 * Usage: fs_test ARCHIVE
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fs.h"

#define SPARE_BYTES (16 * 1024)
#define BLOCK 512

/* A disk that ends where the memory does: one byte further is a crash. */
struct disk {
	uint8_t *start;
	uint32_t bytes, map_bytes;
	struct fs fs;
};

static void disk_make(struct disk *d, uint32_t bytes)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
	uint8_t *map;

	d->bytes = bytes;
	d->map_bytes = (bytes + page - 1) / page * page + page;
	map = mmap(NULL, d->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + d->map_bytes - page, page, PROT_NONE), 0);
	d->start = map + d->map_bytes - page - bytes;
}

static void disk_free(struct disk *d)
{
	munmap((void *)((uintptr_t)d->start & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1)),
	       d->map_bytes);
}

static void disk_load(struct disk *d, const char *archive)
{
	FILE *file = fopen(archive, "rb");
	long bytes;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	bytes = ftell(file);
	rewind(file);
	disk_make(d, (uint32_t)bytes + SPARE_BYTES);
	assert_int_equal(fread(d->start, 1, (size_t)bytes, file), bytes);
	fclose(file);
	assert_null(fs_init(&d->fs, d->start, d->bytes));
}

/* What tar writes for "tar OPTIONS -f ARCHIVE WORD", the archive being the disk. */
static size_t tar(const struct disk *d, const char *options, const char *word, char *out,
		  size_t room)
{
	char name[] = "/tmp/fs_test.XXXXXX", command[300];
	int fd = mkstemp(name);
	size_t count;
	FILE *pipe;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, d->start, d->bytes), d->bytes);
	close(fd);
	snprintf(command, sizeof(command), "tar %s -f %s %s", options, name, word);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	count = fread(out, 1, room - 1, pipe);
	out[count] = '\0';
	assert_int_equal(pclose(pipe), 0);
	unlink(name);
	return count;
}

static void same_names(const struct disk *d)
{
	char want[8192], got[8192];
	const struct ustar *file;
	struct file_info info;
	size_t used = 0;

	for (uint32_t i = 0; (file = fs_at(&d->fs, i)); i++) {
		fs_info(file, &info);
		used += (size_t)snprintf(got + used, sizeof(got) - used, "%s\n", info.name);
	}
	tar(d, "-t", "", want, sizeof(want));
	assert_string_equal(got, want);
}

static void same_contents(const struct disk *d, const char *name)
{
	static char want[65536], got[65536];
	int32_t index = fs_find(&d->fs, name);
	size_t bytes = tar(d, "-xO", name, want, sizeof(want));

	assert_true(index >= 0);
	assert_int_equal(fs_read(fs_at(&d->fs, (uint32_t)index), 0, got, sizeof(got)), bytes);
	assert_memory_equal(got, want, bytes);
}

static void test_reads(void **archive)
{
	struct file_info info;
	struct disk d;

	disk_load(&d, *archive);
	same_names(&d);
	for (uint32_t i = 0; fs_at(&d.fs, i); i++) {
		fs_info(fs_at(&d.fs, i), &info);
		same_contents(&d, info.name);
	}
	assert_int_equal(fs_find(&d.fs, "missing"), -1);
	assert_int_equal(fs_find(&d.fs, ""), -1);
	assert_true(fs_executable(fs_at(&d.fs, (uint32_t)fs_find(&d.fs, "shell"))));
	assert_false(fs_executable(fs_at(&d.fs, (uint32_t)fs_find(&d.fs, "readme.txt"))));
	disk_free(&d);
}

/* Random sizes written to a few files over each other; after each, tar still agrees. */
static void test_writes(void **archive)
{
	static const char *const names[] = { "readme.txt", "a", "b", "shell", "c" };
	char bytes[3000];
	struct disk d;

	disk_load(&d, *archive);
	srand(1);
	for (int round = 0; round < 60; round++) {
		const char *name = names[rand() % 5];
		uint32_t count = (uint32_t)rand() % sizeof(bytes);
		int32_t index = fs_create(&d.fs, name);

		memset(bytes, 'a' + round % 26, count);
		assert_true(index >= 0);
		assert_int_equal(fs_write(&d.fs, fs_at(&d.fs, (uint32_t)index), 0, bytes, count),
				 count);
		same_names(&d);
		for (int i = 0; i < 5; i++)
			if (fs_find(&d.fs, names[i]) >= 0)
				same_contents(&d, names[i]);
	}
	disk_free(&d);
}

static void test_full_disk(void **archive)
{
	char bytes[BLOCK] = "x", name[16];
	uint32_t index, written = 0, files = 0;
	struct disk d;

	disk_load(&d, *archive);
	index = (uint32_t)fs_create(&d.fs, "big");
	while (fs_write(&d.fs, fs_at(&d.fs, index), written, bytes, BLOCK) == BLOCK)
		written += BLOCK;
	assert_in_range(written, SPARE_BYTES - 3 * BLOCK, SPARE_BYTES + 20 * BLOCK);
	assert_int_equal(fs_create(&d.fs, "one more"), -1);
	assert_int_equal(fs_write(&d.fs, fs_at(&d.fs, index), 0xfffffff0, bytes, BLOCK), -1);
	same_names(&d);
	same_contents(&d, "big");
	assert_int_equal(fs_create(&d.fs, "big"), index);
	do {
		snprintf(name, sizeof(name), "f%u", files);
	} while (fs_create(&d.fs, name) >= 0 && ++files);
	assert_int_equal(files, written / BLOCK);
	same_names(&d);
	disk_free(&d);
}

/* Every byte of every header but the two that end the checksum's digits. */
static void test_damage(void **archive)
{
	uint32_t at = 0;
	struct fs fs;
	struct disk d;

	disk_load(&d, *archive);
	for (uint32_t i = 0; fs_at(&d.fs, i); i++) {
		at = (uint32_t)((uint8_t *)fs_at(&d.fs, i) - d.start);
		for (uint32_t byte = 0; byte < BLOCK; byte++) {
			if (byte == 154 || byte == 155)
				continue;
			d.start[at + byte] ^= 1 << (byte % 8);
			assert_non_null(fs_init(&fs, d.start, d.bytes));
			assert_int_equal(fs.used_bytes, at);
			d.start[at + byte] ^= 1 << (byte % 8);
		}
	}
	disk_free(&d);
}

static void test_cut_short(void **archive)
{
	struct disk whole, d;

	disk_load(&whole, *archive);
	for (uint32_t bytes = 0; bytes < whole.fs.used_bytes + 2 * BLOCK; bytes += 100) {
		disk_make(&d, bytes);
		memcpy(d.start, whole.start, bytes);
		assert_non_null(fs_init(&d.fs, d.start, bytes));
		disk_free(&d);
	}
	disk_free(&whole);
}

int main(int argc, char **argv)
{
	char *archive = argc == 2 ? argv[1] : NULL;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_reads, archive),
		cmocka_unit_test_prestate(test_writes, archive),
		cmocka_unit_test_prestate(test_full_disk, archive),
		cmocka_unit_test_prestate(test_damage, archive),
		cmocka_unit_test_prestate(test_cut_short, archive),
	};

	if (!archive) {
		fprintf(stderr, "usage: fs_test ARCHIVE\n");
		return 2;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
