/* SPDX-License-Identifier: MIT */
/*
 * The file system: a ustar archive (POSIX.1-2017, pax, "ustar Interchange
 * Format") in memory. Each file is a header block and its data, padded to whole
 * blocks; two zero blocks end the archive. Writing moves the files behind.
 */
#include "fs.h"
#include "lib.h"

#define BLOCK 512u
#define END_BYTES (2 * BLOCK)
#define REGULAR '0'
#define OWNER_EXECUTE 0100

struct ustar {
	char name[NAME_BYTES];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12]; /* octal, as all numbers */
	char mtime[12];
	char checksum[8];
	char type;
	char linkname[100];
	char magic[6];
	char version[2];
	char rest[BLOCK - 265];
};

_Static_assert(sizeof(struct ustar) == BLOCK, "a header is one block");

static uint32_t octal(const char *digits, uint32_t count)
{
	uint32_t value = 0;

	for (; count && *digits >= '0' && *digits <= '7'; count--)
		value = value << 3 | (uint32_t)(*digits++ - '0');
	return value;
}

static void put_octal(char *digits, uint32_t count, uint32_t value)
{
	digits[--count] = '\0';
	for (; count--; value >>= 3)
		digits[count] = (char)('0' + (value & 7));
}

/* Sum of the header's bytes with the checksum itself taken as eight spaces. */
static uint32_t checksum(const struct ustar *file)
{
	const uint8_t *byte = (const uint8_t *)file;
	uint32_t sum = sizeof(file->checksum) * ' ';

	for (uint32_t i = 0; i < BLOCK; i++)
		if (i < offsetof(struct ustar, checksum) || i >= offsetof(struct ustar, type))
			sum += byte[i];
	return sum;
}

static bool all_zero(const struct ustar *file)
{
	return !file->name[0] && checksum(file) == sizeof(file->checksum) * ' ';
}

uint32_t fs_bytes(const struct ustar *file)
{
	return octal(file->size, sizeof(file->size));
}

static uint32_t padded(uint32_t bytes)
{
	return (bytes + BLOCK - 1) & ~(BLOCK - 1);
}

static uint32_t extent(const struct ustar *file)
{
	return BLOCK + padded(fs_bytes(file));
}

const char *fs_init(struct fs *fs, uint8_t *start, uint32_t disk_bytes)
{
	const struct ustar *file;

	*fs = (struct fs){ .start = start, .disk_bytes = disk_bytes };
	for (; fs->used_bytes + END_BYTES <= disk_bytes; fs->used_bytes += extent(file)) {
		file = (const struct ustar *)(start + fs->used_bytes);
		if (all_zero(file))
			return NULL;
		if (memcmp(file->magic, "ustar", sizeof(file->magic)))
			return "no ustar header";
		if (octal(file->checksum, sizeof(file->checksum)) != checksum(file))
			return "wrong header checksum";
		if (file->type != REGULAR)
			return "not a regular file";
		if (fs_bytes(file) > disk_bytes)
			return "file larger than the disk";
	}
	return "no end of archive";
}

struct ustar *fs_at(const struct fs *fs, uint32_t index)
{
	for (uint32_t at = 0; at < fs->used_bytes; index--) {
		struct ustar *file = (struct ustar *)(fs->start + at);

		if (index == 0)
			return file;
		at += extent(file);
	}
	return NULL;
}

void fs_info(const struct ustar *file, struct file_info *info)
{
	memcpy(info->name, file->name, NAME_BYTES);
	info->name[NAME_BYTES] = '\0';
	info->bytes = fs_bytes(file);
}

int32_t fs_find(const struct fs *fs, const char *name)
{
	const struct ustar *file;
	struct file_info info;

	for (uint32_t index = 0; (file = fs_at(fs, index)); index++) {
		fs_info(file, &info);
		if (!strcmp(info.name, name))
			return (int32_t)index;
	}
	return -1;
}

bool fs_executable(const struct ustar *file)
{
	return octal(file->mode, sizeof(file->mode)) & OWNER_EXECUTE;
}

uint32_t fs_read(const struct ustar *file, uint32_t offset, void *to, uint32_t bytes)
{
	uint32_t size = fs_bytes(file);

	if (offset >= size)
		return 0;
	if (bytes > size - offset)
		bytes = size - offset;
	memcpy(to, (const uint8_t *)(file + 1) + offset, bytes);
	return bytes;
}

static void set_size(struct ustar *file, uint32_t bytes)
{
	put_octal(file->size, sizeof(file->size), bytes);
	put_octal(file->checksum, sizeof(file->checksum) - 1, checksum(file));
	file->checksum[sizeof(file->checksum) - 1] = ' ';
}

/* Moves what is behind the file, so that the archive stays one without holes. */
static bool resize(struct fs *fs, struct ustar *file, uint32_t bytes)
{
	uint8_t *old_end = (uint8_t *)file + extent(file);
	uint8_t *new_end = (uint8_t *)file + BLOCK + padded(bytes);
	uint8_t *used_end = fs->start + fs->used_bytes;
	uint32_t room = fs->disk_bytes - END_BYTES - fs->used_bytes;

	if (bytes > fs->disk_bytes || (new_end > old_end && (uint32_t)(new_end - old_end) > room))
		return false;
	memmove(new_end, old_end, (size_t)(used_end - old_end));
	fs->used_bytes += (uint32_t)(new_end - old_end);
	if (new_end < old_end)
		memset(fs->start + fs->used_bytes, 0, (size_t)(old_end - new_end));
	set_size(file, bytes);
	return true;
}

int32_t fs_write(struct fs *fs, struct ustar *file, uint32_t offset, const void *from,
		 uint32_t bytes)
{
	if (offset + bytes < offset)
		return -1;
	if (offset + bytes > fs_bytes(file) && !resize(fs, file, offset + bytes))
		return -1;
	memcpy((uint8_t *)(file + 1) + offset, from, bytes);
	return (int32_t)bytes;
}

int32_t fs_create(struct fs *fs, const char *name)
{
	struct ustar *file = (struct ustar *)(fs->start + fs->used_bytes);
	int32_t index = fs_find(fs, name);

	if (index >= 0)
		return resize(fs, fs_at(fs, (uint32_t)index), 0) ? index : -1;
	if (!*name || strlen(name) >= NAME_BYTES ||
	    fs->used_bytes + BLOCK + END_BYTES > fs->disk_bytes)
		return -1;
	memset(file, 0, sizeof(*file));
	memcpy(file->name, name, strlen(name));
	put_octal(file->mode, sizeof(file->mode), 0644);
	memcpy(file->magic, "ustar", sizeof(file->magic));
	memset(file->version, '0', sizeof(file->version));
	file->type = REGULAR;
	set_size(file, 0);
	fs->used_bytes += BLOCK;
	return fs_find(fs, name);
}
