/* SPDX-License-Identifier: MIT */
/* Guest images: flat real-mode binaries and Multiboot 1 ELF kernels. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm.h"

/* Multiboot Specification 0.6.96: 3.1 the header, 3.3 the information structure. */
#define MULTIBOOT_HEADER_MAGIC 0x1badb002
#define MULTIBOOT_SEARCH_BYTES 8192
#define MULTIBOOT_REQUIRED_MASK 0xfffcu /* beyond page alignment and memory sizes */
#define MULTIBOOT_WANTS_VIDEO 0x4u
#define INFO_MEMORY 0x1u
#define INFO_CMDLINE 0x4u
#define INFO_MODULES 0x8u
#define INFO_MEMORY_MAP 0x40u
#define INFO_LOADER_NAME 0x200u

#define INFO_ADDR 0x9000u /* the structure and its strings: a page below 640 KiB */
#define LOWER_KIB 640u
#define UPPER_START MIB

struct multiboot_header {
	uint32_t magic, flags, checksum;
};

struct multiboot_region {
	uint32_t size;
	uint64_t addr, len;
	uint32_t type; /* 1: RAM */
} __attribute__((packed));

struct multiboot_module {
	uint32_t start, end, string, reserved;
};

struct multiboot_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr, drives_length, drives_addr, config_table, loader_name;
};

/* The page at INFO_ADDR. */
struct info_page {
	struct multiboot_info info;
	struct multiboot_region regions[2];
	struct multiboot_module modules[MAX_MODULES];
	char loader_name[16];
	char strings[]; /* command line, module strings */
};

static const struct multiboot_header *find_header(const struct image *image)
{
	size_t limit =
	    image->bytes < MULTIBOOT_SEARCH_BYTES ? image->bytes : MULTIBOOT_SEARCH_BYTES;

	for (size_t i = 0; i + sizeof(struct multiboot_header) <= limit; i += 4) {
		const struct multiboot_header *h = (const void *)(image->data + i);

		if (h->magic == MULTIBOOT_HEADER_MAGIC && h->magic + h->flags + h->checksum == 0)
			return h;
	}
	return NULL;
}

/* Why the image is not a kernel this VMM can start, NULL if it is one. */
static const char *elf_defect(const struct image *image)
{
	const Elf32_Ehdr *e = (const void *)image->data;
	const struct multiboot_header *h = find_header(image);

	if (image->bytes < sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG) != 0)
		return "not an ELF; protected mode takes a Multiboot 1 kernel in 32-bit ELF";
	if (e->e_ident[EI_CLASS] != ELFCLASS32 || e->e_machine != EM_386)
		return "not a 32-bit x86 ELF; build the kernel with -m32";
	if (e->e_phentsize != sizeof(Elf32_Phdr) || e->e_phnum == 0 || e->e_phoff % 4 != 0 ||
	    e->e_phoff > image->bytes ||
	    (image->bytes - e->e_phoff) / sizeof(Elf32_Phdr) < e->e_phnum)
		return "damaged ELF: its program headers lie outside the file";
	if (!h)
		return "no Multiboot 1 header with a valid checksum in its first 8 KiB";
	if (h->flags & MULTIBOOT_REQUIRED_MASK & ~MULTIBOOT_WANTS_VIDEO)
		return "its Multiboot header requires features this VMM does not have";
	return NULL;
}

void image_open(struct image *image, const char *path, enum mode mode)
{
	const char *defect;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		die(STATUS_USAGE, "give the path of a guest image", "%s: %s", path,
		    strerror(errno));
	if (!S_ISREG(st.st_mode))
		die(STATUS_USAGE, "give the path of a guest image", "%s: %s", path,
		    S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file");
	if (st.st_size == 0)
		die(STATUS_USAGE, "was the guest built?", "%s: the file is empty", path);
	*image = (struct image){ .path = path, .bytes = (size_t)st.st_size };
	image->data = mmap(NULL, image->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (image->data == MAP_FAILED)
		die(STATUS_HOST, NULL, "%s: %s", path, strerror(errno));
	close(fd);

	image->mode = mode;
	if (mode == MODE_AUTO)
		image->mode = image->bytes >= SELFMAG && !memcmp(image->data, ELFMAG, SELFMAG)
				  ? MODE_PROTECTED
				  : MODE_REAL;
	defect = image->mode == MODE_PROTECTED ? elf_defect(image) : NULL;
	if (defect)
		die(STATUS_USAGE, NULL, "%s: %s", path, defect);
}

void image_close(struct image *image)
{
	munmap((void *)image->data, image->bytes);
}

/* Loads the segments; *end becomes the first address behind them. */
static const char *load_segments(const struct image *image, struct vm *vm, uint32_t *end)
{
	const Elf32_Ehdr *e = (const void *)image->data;
	const Elf32_Phdr *p = (const void *)(image->data + e->e_phoff);

	*end = UPPER_START;
	for (unsigned int i = 0; i < e->e_phnum; i++, p++) {
		uint8_t *to;

		if (p->p_type != PT_LOAD || p->p_memsz == 0)
			continue;
		if (p->p_filesz > p->p_memsz || p->p_offset > image->bytes ||
		    p->p_filesz > image->bytes - p->p_offset)
			return "damaged ELF: a segment lies outside the file";
		to = gpa_ptr(vm, p->p_paddr, p->p_memsz);
		if (!to)
			return "a segment does not fit into guest memory; raise --mem";
		if (p->p_paddr < INFO_ADDR + PAGE_BYTES && p->p_paddr + p->p_memsz > BOOT_GDT_ADDR)
			return "a segment lies below 0xa000, where the boot structures are";
		memcpy(to, image->data + p->p_offset, p->p_filesz);
		memset(to + p->p_filesz, 0, p->p_memsz - p->p_filesz);
		if (p->p_paddr + p->p_memsz > *end)
			*end = p->p_paddr + p->p_memsz;
	}
	return NULL;
}

/* Appends a string to the page; its guest address, 0 if it does not fit. */
static uint32_t add_string(struct info_page *page, size_t *used, const char *string)
{
	size_t len = strlen(string) + 1;
	size_t at = sizeof(*page) + *used;

	if (at + len > PAGE_BYTES)
		return 0;
	memcpy(page->strings + *used, string, len);
	*used += len;
	return INFO_ADDR + (uint32_t)at;
}

static const char *load_modules(struct vm *vm, const struct config *config, uint32_t end,
				struct info_page *page, size_t *strings_used)
{
	for (unsigned int i = 0; i < config->module_count; i++) {
		struct multiboot_module *m = &page->modules[i];
		struct image file;
		uint8_t *to;

		image_open(&file, config->modules[i], MODE_REAL);
		m->start = (uint32_t)((end + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1));
		m->end = end = m->start + (uint32_t)file.bytes;
		m->string = add_string(page, strings_used, config->modules[i]);
		to = gpa_ptr(vm, m->start, file.bytes);
		if (!to)
			return "a module does not fit into guest memory; raise --mem";
		if (!m->string)
			return "the module names are too long; a page holds them all";
		memcpy(to, file.data, file.bytes);
		image_close(&file);
	}
	return NULL;
}

static const char *load_multiboot(const struct image *image, struct vm *vm,
				  const struct config *config)
{
	struct info_page *page = gpa_ptr(vm, INFO_ADDR, PAGE_BYTES);
	size_t strings_used = 0;
	const char *why;
	uint32_t end;

	if (vm->mem_bytes < UPPER_START + PAGE_BYTES)
		return "a Multiboot kernel needs more than 1 MiB; raise --mem";
	why = load_segments(image, vm, &end);
	if (why)
		return why;
	why = load_modules(vm, config, end, page, &strings_used);
	if (why)
		return why;
	page->regions[0] = (struct multiboot_region){ 20, 0, LOWER_KIB * KIB, 1 };
	page->regions[1] =
	    (struct multiboot_region){ 20, UPPER_START, vm->mem_bytes - UPPER_START, 1 };
	strcpy(page->loader_name, "kvm-vmm");
	page->info = (struct multiboot_info){
		.flags =
		    INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MEMORY_MAP | INFO_LOADER_NAME,
		.mem_lower = LOWER_KIB,
		.mem_upper = (uint32_t)((vm->mem_bytes - UPPER_START) / KIB),
		.cmdline = add_string(page, &strings_used, config->append ? config->append : ""),
		.mods_count = config->module_count,
		.mods_addr = INFO_ADDR + offsetof(struct info_page, modules),
		.mmap_length = sizeof(page->regions),
		.mmap_addr = INFO_ADDR + offsetof(struct info_page, regions),
		.loader_name = INFO_ADDR + offsetof(struct info_page, loader_name),
	};
	return page->info.cmdline ? NULL : "--append is too long; a page holds it";
}

uint32_t image_load(const struct image *image, struct vm *vm, uint64_t base,
		    const struct config *config, uint32_t *info, const char **why)
{
	uint64_t room = config->layout == LAYOUT_SHARED ? REAL_MODE_MEM : vm->mem_bytes;
	uint8_t *to = gpa_ptr(vm, base, image->bytes);

	*info = 0;
	*why = NULL;
	if (image->mode == MODE_PROTECTED) {
		*why = load_multiboot(image, vm, config);
		*info = INFO_ADDR;
		return ((const Elf32_Ehdr *)(const void *)image->data)->e_entry;
	}
	if (!to || image->bytes > room)
		*why = "the image is larger than guest memory; raise --mem";
	else
		memcpy(to, image->data, image->bytes);
	return 0;
}
