/* SPDX-License-Identifier: MIT */
/*
 * The VMM's own structures and the functions its files offer each other.
 * One `struct vm` is a guest-physical space with its devices, one `struct
 * vcpu` a processor in it with its thread; there are no other states.
 */
#ifndef VMM_H
#define VMM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "minikvm/abi.h"

#define MAX_GUESTS 4
#define MAX_MODULES 8
#define PAGE_BYTES 4096ull
#define KIB 1024ull
#define MIB (1024 * KIB)
#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/* Exit statuses of the program; a guest's own come from DEBUG_EXIT_PORT. */
enum {
	STATUS_OK = 0,
	STATUS_GUEST_FAULT = 1,
	STATUS_USAGE = 2,
	STATUS_HOST = 3,
	STATUS_TIMEOUT = 124,
	STATUS_INTERRUPTED = 130,
};

enum mode { MODE_AUTO, MODE_REAL, MODE_PROTECTED };
enum layout { LAYOUT_ISOLATED, LAYOUT_SHARED };
enum stats_format { STATS_NONE, STATS_TABLE, STATS_JSON };

/* What the command line asked for. */
struct config {
	enum mode mode;
	enum layout layout;
	uint64_t mem_bytes; /* 0: the mode's default */
	uint64_t timer_period_ns;
	uint64_t timeout_ns; /* 0: none */
	const char *guests[MAX_GUESTS];
	unsigned int guest_count;
	const char *inputs[MAX_GUESTS];
	unsigned int input_count;
	const char *append;
	const char *modules[MAX_MODULES];
	unsigned int module_count;
	int pin_cpus[MAX_GUESTS]; /* -1: not pinned */
	enum stats_format stats;
	const char *stats_file; /* NULL: stderr */
	const char *trace_file;
	bool testdev;
	bool strict_io;
	bool sandbox;
	bool verbose;
	bool color;
};

struct vm;
struct vcpu;

/* ---- error.c: messages, and the end of the program on set-up errors ---- */

/* "kvm-vmm: MESSAGE; HINT" on stderr, then exit(status). hint may be NULL. */
_Noreturn void die(int status, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "kvm-vmm: MESSAGE" on stderr. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t now_ns(void);

/* ---- load.c: guest images ---- */

struct image {
	const char *path;
	const uint8_t *data; /* the whole file, mapped privately */
	size_t bytes;
	enum mode mode; /* MODE_REAL or MODE_PROTECTED */
};

/* Maps the file and tells its mode; ends the program if it cannot be a guest. */
void image_open(struct image *image, const char *path, enum mode mode);
void image_close(struct image *image);
/*
 * Copies the image into guest memory; with Multiboot also modules and the
 * information structure. Returns the entry point, and that structure's guest
 * address in *info (0 without). NULL or the reason why it does not fit in *why.
 */
uint32_t image_load(const struct image *image, struct vm *vm, uint64_t base,
		    const struct config *config, uint32_t *info, const char **why);

/* ---- pio.c: which device answers at a port ---- */

struct pio_access {
	uint16_t port;
	uint8_t size; /* 1, 2 or 4 bytes */
	bool out;
	uint32_t value; /* in: all ones until a device answers */
};

/* Serves one access. False ends the guest, its `end` being set. */
typedef bool pio_handler(struct vcpu *v, struct pio_access *access);

struct pio_range {
	uint16_t first;
	uint16_t count;
	pio_handler *handler;
};

struct pio_bus {
	struct pio_range ranges[16];
	unsigned int count;
};

/* Adds a range. False if it overlaps another or the bus is full. */
bool pio_register(struct pio_bus *bus, uint16_t first, uint16_t count, pio_handler *handler);
/* The range that holds the port, or NULL. */
const struct pio_range *pio_find(const struct pio_bus *bus, uint16_t port);
/* Registers the devices every guest has, and those of --testdev. */
void pio_add_devices(struct vm *vm);
/* Serves an exit's accesses, run->io.count of them. False ends the guest. */
bool pio_exit(struct vcpu *v);

/* ---- console.c: what the guests print ---- */

#define CONSOLE_BYTES 4096 /* power of two */

struct console_shared {
	int fd;
	bool prefix; /* more than one guest: "[vCPU n] " before each line */
	bool color;
	pthread_mutex_t lock; /* one writer at a time: lines stay whole */
	_Atomic bool failed;  /* a write failed: the reader has gone */
};

/* One guest's output. The vCPU thread produces, whoever holds the lock consumes. */
struct console {
	struct console_shared *shared;
	unsigned int id;
	_Atomic uint32_t head; /* bytes produced */
	_Atomic uint32_t tail; /* bytes written out */
	uint8_t buffer[CONSOLE_BYTES];
};

void console_init(struct console *c, struct console_shared *shared, unsigned int id);
/* One byte from the vCPU thread; writes out at a newline and when full. */
void console_put(struct console *c, uint8_t byte);
/*
 * Writes out what is buffered. With several guests a line without its end
 * stays behind unless `all`: it would be torn by another guest's.
 */
void console_flush(struct console *c, bool all);

/* ---- keyboard.c: from stdin or a file to HC_GETCHAR and COM1 ---- */

#define KEYBOARD_BYTES 256

struct keyboard {
	int fd; /* -1: no input, at its end from the start */
	bool tty;
	bool started;
	pthread_t thread;
	_Atomic bool end;      /* no byte will be added any more */
	_Atomic bool full;     /* the thread waits for room */
	_Atomic uint32_t head; /* bytes added */
	_Atomic uint32_t tail; /* bytes taken */
	uint8_t ring[KEYBOARD_BYTES];
};

void keyboard_start(struct vm *vm);
void keyboard_stop(struct vm *vm);
/* Next byte, HC_NOTHING_YET or HC_END_OF_INPUT. */
uint32_t keyboard_take(struct vm *vm);
bool keyboard_has_byte(struct vm *vm);
/* Waits for a byte or the end of input. False if the vCPU is to stop. */
bool keyboard_wait(struct vcpu *v);

/* ---- timer.c: IRQ0 ---- */

struct timer {
	bool started;
	pthread_t thread;
	uint64_t period_ns;
	uint64_t start_ns; /* ticks are at start_ns + n * period_ns */
	_Atomic uint64_t ticks;
	_Atomic uint64_t ticks_lost; /* the guest was behind by more than it can catch up */
};

void timer_start(struct vm *vm);
void timer_stop(struct vm *vm);
/* Real mode: sleeps until the next tick. False if the vCPU is to stop. */
bool timer_wait_tick(struct vcpu *v);

/* ---- serial.c: COM1 ---- */

struct serial {
	uint8_t plain[COM1_PORTS]; /* registers that only remember: LCR, MCR, SCR */
	uint8_t divisor[2], fcr;
	_Atomic uint8_t ier;		/* the keyboard thread looks at these two */
	_Atomic bool thr_empty_pending; /* THRE interrupt not yet acknowledged by an IIR read */
	bool irq_level;
};

pio_handler serial_access;
/* Tells the PIC after input has arrived. */
void serial_input_arrived(struct vm *vm);

/* ---- hypercall.c ---- */

pio_handler hypercall_access;

/* ---- testdev.c: targets of micro-benchmarks, with --testdev ---- */

void testdev_add(struct vm *vm);
/* What answers at an address, NULL if it is not the test device's. */
uint8_t *testdev_mmio(const struct vm *vm, uint64_t gpa, uint32_t len);
/* Takes the writes that the kernel has batched; they come before the exit that ended the batch. */
void testdev_drain(struct vcpu *v);

/* ---- vm.c: a guest-physical space ---- */

struct vm {
	const struct config *config;
	int kvm_fd;
	int fd;
	size_t run_bytes; /* size of a vCPU's shared kvm_run area */
	uint8_t *mem;
	uint64_t mem_bytes;
	bool irqchip;
	struct pio_bus pio;
	struct serial serial;
	struct keyboard keyboard;
	struct timer timer;
	uint32_t scratch;      /* TESTDEV_SCRATCH_PORT */
	uint8_t *testdev_mmio; /* TESTDEV_MMIO, NULL without --testdev */
	int doorbell_fd;
	int stop_fd; /* readable once the VM is to stop */
	_Atomic bool stopping;
	pthread_mutex_t lock;	   /* for `wake` and the serial port */
	pthread_cond_t wake;	   /* stop, input, room for input */
	uint64_t vm_ns, memory_ns; /* when each step of the set-up had ended */
};

/* /dev/kvm, checked for what the VMM needs. Ends the program with STATUS_HOST otherwise. */
int kvm_open(void);
/* ioctl that ends the program with the request's name, the error and a hint. */
int kvm_ioctl(int fd, unsigned long request, const char *name, uintptr_t argument);
#define vm_ioctl(fd, request, argument) kvm_ioctl(fd, request, #request, (uintptr_t)(argument))

void vm_create(struct vm *vm, int kvm_fd, uint64_t mem_bytes, bool irqchip,
	       const struct config *config);
void vm_destroy(struct vm *vm);
/* Makes every thread of the VM leave its loop; from any thread, any number of times. */
void vm_stop(struct vm *vm);
/* Raises and lowers an interrupt line. >0 delivered, 0 still pending from before, <0 masked. */
int vm_pulse_irq(struct vm *vm, unsigned int irq);
void vm_set_irq(struct vm *vm, unsigned int irq, bool level);
/* Host address of guest memory, NULL when any byte lies outside. */
void *gpa_ptr(const struct vm *vm, uint64_t gpa, size_t len);

/* ---- x86.c: register state ---- */

void x86_setup_real(struct vcpu *v, uint32_t base, uint32_t entry);
void x86_setup_protected(struct vcpu *v, uint32_t entry, uint32_t multiboot_info);
/* Copies the bytes at the instruction pointer; how many, 0 if it points outside memory. */
size_t x86_code(const struct vcpu *v, uint64_t *linear, uint8_t *code, size_t len);
/* Registers, instruction bytes and pending interrupts to stderr. */
void x86_dump(struct vcpu *v);

/* ---- vcpu.c: a processor and its thread ---- */

enum end {
	END_RUNNING,
	END_HLT,
	END_HC_EXIT,
	END_DEBUG_EXIT,
	END_FAULT,
	END_TIMEOUT,
	END_INTERRUPTED
};

struct vcpu {
	struct vm *vm;
	unsigned int id; /* its number on the command line */
	int fd;
	struct kvm_run *run;
	struct kvm_coalesced_mmio_ring *coalesced; /* NULL without --testdev */
	const struct image *image;
	pthread_t thread;
	bool started;
	int done_fd; /* counts vCPUs that ended; the supervisor reads it */
	_Atomic int tid;
	_Atomic bool stop;
	enum end end;
	int status;
	uint64_t unhandled_io;
	struct console console;
	struct stats *stats;
	uint64_t vcpu_ns, load_ns, first_entry_ns, exit_ns;
};

void vcpu_create(struct vcpu *v, struct vm *vm, unsigned int id);
void vcpu_start(struct vcpu *v, int done_fd);
/* Makes the vCPU leave KVM_RUN and its loop. */
void vcpu_kick(struct vcpu *v);
void vcpu_join(struct vcpu *v);
void vcpu_destroy(struct vcpu *v);
/* Ends the guest from its own thread. Always false, for a handler to return. */
bool vcpu_end(struct vcpu *v, enum end end, int status);
bool vcpu_fault(struct vcpu *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *end_name(enum end end);

/* ---- exit.c: what to do at each VM exit ---- */

/* Handles the exit in v->run. False ends the guest. */
bool exit_handle(struct vcpu *v);
/* "KVM_EXIT_IO", or NULL for a code without a name. */
const char *exit_name(uint32_t reason);

/* ---- probe.c: what this host's KVM can do ---- */

enum host_feature { HOST_REAL_MODE, HOST_PROTECTED, HOST_IRET, HOST_PAGING, HOST_IRQCHIP };

int probe_main(bool json);
/* True if a tiny guest shows that the host's KVM has the feature. */
bool probe_feature(enum host_feature feature);
/*
 * Whether the guest has come to an instruction that the host's KVM cannot run
 * at all: no fault of the guest. Says in one line where it runs.
 */
bool probe_beyond_host(const struct vcpu *v);
/* "kvm_amd", "kvm_intel", "kvm_pvm", or "kvm" when the module's name is hidden. */
const char *probe_kvm_kind(void);

#endif
