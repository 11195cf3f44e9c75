/* SPDX-License-Identifier: MIT */
/*
 * --probe: what this host's KVM can do, found by running tiny guests. The name
 * of the module says who answers, never what works.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "vmm.h"

#define PROBE_MEM (64 * KIB)
#define CODE_ADDR 0x1000u
#define PAGE_DIRECTORY_ADDR 0x2000u
#define PDE_PRESENT_WRITABLE_4M 0x83u /* Intel SDM vol. 3, table 4-4 */
#define LOOP_COUNT 10000u
#define SPEED_RUNS 5 /* the shortest counts: the first faults its pages in */
/* Hardware needs below 1 ns an instruction, an instruction emulator hundreds. */
#define EMULATED_NS 50.0

/* clang-format off */
static const uint8_t code_loop[] = {
	0xb9, LOOP_COUNT & 0xff, LOOP_COUNT >> 8, /* mov cx, LOOP_COUNT */
	0x49,					  /* 1: dec cx */
	0x75, 0xfd,				  /* jnz 1b */
	0xf4,					  /* hlt */
};
static const uint8_t code_hlt[] = { 0xf4 };
static const uint8_t code_iret[] = {
	0xbc, 0x00, 0x40, 0x00, 0x00, /* mov esp, 0x4000 */
	0x9c,			      /* pushfd */
	0x0e,			      /* push cs */
	0x68, 0x0d, 0x10, 0x00, 0x00, /* push offset of the hlt */
	0xcf,			      /* iretd */
	0xf4,			      /* hlt */
};
static const uint8_t code_paging[] = {
	0x0f, 0x20, 0xe0,	      /* mov eax, cr4 */
	0x83, 0xc8, 0x10,	      /* or eax, CR4_PSE */
	0x0f, 0x22, 0xe0,	      /* mov cr4, eax */
	0xb8, 0x00, 0x20, 0x00, 0x00, /* mov eax, PAGE_DIRECTORY_ADDR */
	0x0f, 0x22, 0xd8,	      /* mov cr3, eax */
	0x0f, 0x20, 0xc0,	      /* mov eax, cr0 */
	0x0d, 0x00, 0x00, 0x00, 0x80, /* or eax, CR0_PG */
	0x0f, 0x22, 0xc0,	      /* mov cr0, eax */
	0x90,			      /* nop, fetched through the page directory */
	0xf4,			      /* hlt */
};
/* clang-format on */

static const struct probe_guest {
	const uint8_t *code;
	size_t bytes;
	enum mode mode;
} guests[] = {
	[HOST_REAL_MODE] = { code_loop, sizeof(code_loop), MODE_REAL },
	[HOST_PROTECTED] = { code_hlt, sizeof(code_hlt), MODE_PROTECTED },
	[HOST_IRET] = { code_iret, sizeof(code_iret), MODE_PROTECTED },
	[HOST_PAGING] = { code_paging, sizeof(code_paging), MODE_PROTECTED },
};

/* Runs one of them to its HLT several times; the shortest time in KVM_RUN in *run_ns. */
static bool run_probe(int kvm_fd, const struct probe_guest *guest, unsigned int times,
		      uint64_t *run_ns)
{
	struct config config = { .layout = LAYOUT_ISOLATED };
	struct image image = { .path = "probe", .mode = guest->mode };
	struct vm vm = { 0 };
	struct vcpu v = { .image = &image };
	bool halted = true;

	vm_create(&vm, kvm_fd, PROBE_MEM, false, &config);
	vcpu_create(&v, &vm, 0);
	memcpy(gpa_ptr(&vm, CODE_ADDR, guest->bytes), guest->code, guest->bytes);
	*(uint32_t *)gpa_ptr(&vm, PAGE_DIRECTORY_ADDR, 4) = PDE_PRESENT_WRITABLE_4M;
	*run_ns = UINT64_MAX;
	for (unsigned int i = 0; i < times && halted; i++) {
		uint64_t start;

		if (guest->mode == MODE_REAL)
			x86_setup_real(&v, 0, CODE_ADDR);
		else
			x86_setup_protected(&v, CODE_ADDR, 0);
		start = now_ns();
		halted = ioctl(v.fd, KVM_RUN, 0) == 0 && v.run->exit_reason == KVM_EXIT_HLT;
		if (now_ns() - start < *run_ns)
			*run_ns = now_ns() - start;
	}
	vcpu_destroy(&v);
	vm_destroy(&vm);
	return halted;
}

static bool has_irqchip(int kvm_fd)
{
	int fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	bool created = fd >= 0 && ioctl(fd, KVM_CREATE_IRQCHIP, 0) == 0;

	if (fd >= 0)
		close(fd);
	return created;
}

bool probe_feature(enum host_feature feature)
{
	int kvm_fd = kvm_open();
	uint64_t ns;
	bool works = feature == HOST_IRQCHIP ? has_irqchip(kvm_fd)
					     : run_probe(kvm_fd, &guests[feature], 1, &ns);

	close(kvm_fd);
	return works;
}

/* What the instruction needs and the host's KVM does not have; NULL if that is not it. */
static const char *missing_for(const uint8_t *code, size_t bytes)
{
	static const struct {
		uint8_t opcode[2];
		size_t bytes;
		enum host_feature feature;
		const char *what;
	} needs[] = {
		{ { 0x0f, 0x22 }, 2, HOST_PAGING, "32-bit paging" }, /* mov to a control register */
		{ { 0xcf }, 1, HOST_IRET, "iret in 32-bit code" },
		{ { 0xcd }, 1, HOST_IRET, "int in 32-bit code" },
	};

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (bytes >= needs[i].bytes && !memcmp(code, needs[i].opcode, needs[i].bytes) &&
		    !probe_feature(needs[i].feature))
			return needs[i].what;
	return NULL;
}

const char *probe_kvm_kind(void)
{
	static const char *const kinds[] = { "kvm_intel", "kvm_amd", "kvm_pvm" };
	char path[64];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(path, sizeof(path), "/sys/module/%s", kinds[i]);
		if (access(path, F_OK) == 0)
			return kinds[i];
	}
	return "kvm";
}

bool probe_beyond_host(const struct vcpu *v)
{
	uint8_t code[2];
	uint64_t linear;
	size_t n = v->image->mode == MODE_PROTECTED ? x86_code(v, &linear, code, sizeof(code)) : 0;
	const char *missing = missing_for(code, n);

	if (missing)
		warn("%s: this host's KVM (%s) has no %s; the lab has: scripts/lab -- kvm-vmm %s",
		     v->image->path, probe_kvm_kind(), missing, v->image->path);
	return missing != NULL;
}

struct findings {
	bool works[HOST_IRQCHIP + 1];
	double real_ns; /* an instruction, in real mode */
	struct utsname system;
	char cpu[128];
};

static void read_cpu_model(char *model, size_t len)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(model, len, "unknown processor");
	while (f && fgets(line, sizeof(line), f)) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		snprintf(model, len, "%s", colon + 2);
		model[strcspn(model, "\n")] = '\0';
		break;
	}
	if (f)
		fclose(f);
}

static void find_out(struct findings *f)
{
	int kvm_fd = kvm_open();
	uint64_t ns;

	f->works[HOST_REAL_MODE] = run_probe(kvm_fd, &guests[HOST_REAL_MODE], SPEED_RUNS, &ns);
	f->real_ns = (double)ns / (2.0 * LOOP_COUNT);
	for (enum host_feature i = HOST_PROTECTED; i <= HOST_PAGING; i++)
		f->works[i] = run_probe(kvm_fd, &guests[i], 1, &ns);
	f->works[HOST_IRQCHIP] = has_irqchip(kvm_fd);
	close(kvm_fd);
}

static void print_json(const struct findings *f, const char *why_not)
{
	json_t *j = json_pack(
	    "{s:s, s:s, s:s, s:s, s:b, s:f, s:b, s:b, s:b, s:b, s:b}", "format", "minikvm-probe-1",
	    "kvm", why_not ? "none" : probe_kvm_kind(), "kernel", f->system.release, "cpu", f->cpu,
	    "real_mode", f->works[HOST_REAL_MODE], "real_mode_ns_per_instruction", f->real_ns,
	    "real_mode_emulated", f->real_ns > EMULATED_NS, "protected_mode",
	    f->works[HOST_PROTECTED], "iret", f->works[HOST_IRET], "protected_paging",
	    f->works[HOST_PAGING], "irqchip", f->works[HOST_IRQCHIP]);

	json_object_set_new(j, "error", why_not ? json_string(why_not) : json_null());
	json_dumpf(j, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(j);
}

static void print_text(const struct findings *f)
{
	static const char *const names[] = {
		[HOST_REAL_MODE] = "real mode",	     [HOST_PROTECTED] = "protected mode",
		[HOST_IRET] = "iret in 32-bit code", [HOST_PAGING] = "32-bit paging",
		[HOST_IRQCHIP] = "irqchip",
	};

	printf("%s on Linux %s, %s\n", probe_kvm_kind(), f->system.release, f->cpu);
	for (enum host_feature i = 0; i <= HOST_IRQCHIP; i++) {
		printf("  %-20s %s", names[i], f->works[i] ? "yes" : "no");
		if (i == HOST_REAL_MODE && f->works[i])
			printf(", %s, %.3g ns an instruction",
			       f->real_ns > EMULATED_NS ? "in an instruction emulator"
							: "on the processor",
			       f->real_ns);
		putchar('\n');
	}
	printf("Real-mode guests run here%s", f->works[HOST_REAL_MODE] ? "" : " in the lab only");
	puts(f->works[HOST_PAGING] && f->works[HOST_IRET] && f->works[HOST_IRQCHIP]
		 ? "; so do protected-mode kernels."
		 : "; kernels with paging: scripts/lab -- kvm-vmm os-1k.elf");
}

int probe_main(bool json)
{
	struct findings f = { 0 };
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	uname(&f.system);
	read_cpu_model(f.cpu, sizeof(f.cpu));
	if (json && (fd < 0 || ioctl(fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)) {
		print_json(&f, strerror(errno));
		return STATUS_HOST;
	}
	if (fd >= 0)
		close(fd);
	find_out(&f); /* without /dev/kvm it says so, with what to do */
	if (json)
		print_json(&f, NULL);
	else
		print_text(&f);
	return STATUS_OK;
}
