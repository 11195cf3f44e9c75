/* SPDX-License-Identifier: MIT */
/* The ustar archive in the image, read and written in memory. */
#ifndef FS_H
#define FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "syscall.h"

struct ustar;

struct fs {
	uint8_t *start;
	uint32_t used_bytes; /* up to the two zero blocks that end the archive */
	uint32_t disk_bytes;
};

/* NULL, or what is wrong with the archive, used_bytes telling where. */
const char *fs_init(struct fs *fs, uint8_t *start, uint32_t disk_bytes);
struct ustar *fs_at(const struct fs *fs, uint32_t index); /* NULL past the last file */
int32_t fs_find(const struct fs *fs, const char *name);	  /* index, or -1 */
int32_t fs_create(struct fs *fs, const char *name);	  /* index of an empty file, or -1 */
uint32_t fs_bytes(const struct ustar *file);
bool fs_executable(const struct ustar *file);
void fs_info(const struct ustar *file, struct file_info *info);
uint32_t fs_read(const struct ustar *file, uint32_t offset, void *to, uint32_t bytes);
int32_t fs_write(struct fs *fs, struct ustar *file, uint32_t offset, const void *from,
		 uint32_t bytes);

#endif
