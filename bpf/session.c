/* SPDX-License-Identifier: MIT */
/* Finds the tracepoints in the kernel's BTF, loads the programs and maps their memory. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fatal.h"
#include "session.h"
#include "kvm_exits.skel.h" /* uses the types of kvm_exits.h */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* BTF of the kernel and of the modules that may hold KVM; vmlinux first. */
static const char *const btf_modules[] = { "kvm", "kvm_amd", "kvm_intel", "kvm_pvm" };
#define BTFS (1 + COUNT(btf_modules))

struct session {
	struct kvm_exits_bpf *skel;
	struct btf *btf[BTFS];
	struct probe_link {
		const char *tracepoint;
		struct bpf_program *program;
		struct bpf_link *link;
	} probes[MAX_PROBES];
	size_t probe_count;
	unsigned int missing;
	int stats_fd;
	const struct hist *hists;
	const struct access *pios;
	const struct irq *irqs;
	uint32_t max_hists;
	int only_vcpu;
};

/* ---- arguments by name ---- */

#define ARG(tp, field, need, ...)                                                                  \
	{                                                                                          \
		tp, offsetof(struct arg_index, field), need,                                       \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static const struct arg_name {
	const char *tracepoint;
	size_t offset; /* in struct arg_index */
	bool required;
	const char *names[2]; /* as kernels have called it */
} arg_names[] = {
	ARG("kvm_exit", exit_vcpu, true, "vcpu"),
	ARG("kvm_exit", exit_reason, false, "exit_reason"), /* until 5.16 */
	ARG("kvm_exit", exit_isa, true, "isa"),
	ARG("kvm_entry", entry_vcpu, false, "vcpu"),
	ARG("kvm_userspace_exit", user_reason, true, "reason"),
	ARG("kvm_userspace_exit", user_errno, true, "errno"),
	ARG("kvm_fpu", fpu_load, true, "load"),
	ARG("kvm_pio", pio_rw, true, "rw"),
	ARG("kvm_pio", pio_port, true, "port"),
	ARG("kvm_pio", pio_size, true, "size"),
	ARG("kvm_pio", pio_count, true, "count"),
	ARG("kvm_mmio", mmio_type, true, "type"),
	ARG("kvm_mmio", mmio_len, true, "len"),
	ARG("kvm_mmio", mmio_gpa, true, "gpa"),
	ARG("kvm_fast_mmio", fast_mmio_gpa, true, "gpa"),
	ARG("kvm_set_irq", irq_gsi, true, "gsi"),
	ARG("kvm_set_irq", irq_level, true, "level"),
	ARG("kvm_inj_virq", inject_vector, true, "vector", "irq"), /* irq: until 5.18 */
	ARG("kvm_inj_virq", inject_soft, false, "soft"),
	ARG("kvm_inj_virq", inject_reinjected, false, "reinjected"),
	ARG("kvm_ack_irq", ack_chip, true, "irqchip"),
	ARG("kvm_ack_irq", ack_pin, true, "pin"),
	ARG("kvm_vcpu_wakeup", wakeup_ns, true, "ns"),
	ARG("kvm_vcpu_wakeup", wakeup_waited, true, "waited"),
	ARG("kvm_vcpu_wakeup", wakeup_valid, true, "valid"),
	ARG("kvm_emulate_insn", insn_vcpu, false, "vcpu"),
	ARG("kvm_emulate_insn", insn_failed, true, "failed"),
	ARG("sched_switch", switch_prev, true, "prev"),
	ARG("sched_switch", switch_next, true, "next"),
	ARG("sched_process_fork", fork_parent, true, "parent"),
	ARG("sched_process_fork", fork_child, true, "child"),
};

/* The prototype of the function behind a tracepoint: it has the arguments' names. */
static const struct btf_type *tracepoint_proto(const struct btf *btf, const char *tracepoint)
{
	static const char *const prefixes[] = { "__traceiter_", "__bpf_trace_", "__probestub_" };
	char name[128];
	size_t i;

	for (i = 0; i < COUNT(prefixes); i++) {
		int id;

		snprintf(name, sizeof(name), "%s%s", prefixes[i], tracepoint);
		id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
		if (id > 0)
			return btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	}
	return NULL;
}

static uint8_t arg_position(const struct btf *btf, const struct btf_type *proto, const char *name)
{
	const struct btf_param *params = btf_params(proto);
	uint16_t i;

	/* params[0] is the tracepoint's own void *__data, which programs do not see */
	for (i = 1; name && i < btf_vlen(proto); i++)
		if (!strcmp(btf__name_by_offset(btf, params[i].name_off), name))
			return i <= MAX_ARGS ? i - 1 : NO_ARG;
	return NO_ARG;
}

/* Whether a tracepoint can be attached to here; fills its argument positions. */
static bool tracepoint_find(const struct session *s, const char *tracepoint,
			    struct arg_index *index)
{
	const struct btf_type *proto = NULL;
	const struct btf *btf = NULL;
	char type[128];
	size_t i;

	snprintf(type, sizeof(type), "btf_trace_%s", tracepoint);
	for (i = 0; i < BTFS && !proto; i++) {
		btf = s->btf[i];
		if (btf && btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0)
			proto = tracepoint_proto(btf, tracepoint);
	}
	if (!proto)
		return false;
	for (i = 0; i < COUNT(arg_names); i++) {
		const struct arg_name *a = &arg_names[i];
		uint8_t position;

		if (strcmp(a->tracepoint, tracepoint))
			continue;
		position = arg_position(btf, proto, a->names[0]);
		if (position == NO_ARG)
			position = arg_position(btf, proto, a->names[1]);
		if (position == NO_ARG && a->required)
			return false;
		((uint8_t *)index)[a->offset] = position;
	}
	return true;
}

static void btf_open(struct session *s)
{
	size_t i;

	s->btf[0] = btf__load_vmlinux_btf();
	if (!s->btf[0])
		fatal("no BTF of this kernel",
		      "use one built with CONFIG_DEBUG_INFO_BTF "
		      "(/sys/kernel/btf/vmlinux)",
		      errno);
	for (i = 1; i < BTFS; i++) {
		char path[128];

		snprintf(path, sizeof(path), "/sys/kernel/btf/%s", btf_modules[i - 1]);
		if (!access(path, R_OK))
			s->btf[i] = btf__load_module_btf(btf_modules[i - 1], s->btf[0]);
	}
}

/* ---- choice of programs ---- */

struct probe_choice {
	const char *tracepoint;
	struct bpf_program *program;
	unsigned int event; /* WATCH_* it serves; 0: helps others */
	bool wanted;
};

/* Without these modules no kvm_exit fires: the start of KVM_RUN takes its place. */
static bool has_hardware_kvm(void)
{
	return !access("/sys/module/kvm_amd", F_OK) || !access("/sys/module/kvm_intel", F_OK);
}

/* Whether the lean programs fit: see LEAN_* in kvm_exits.h. */
static bool lean_fits(const struct session *s, const struct options *o)
{
	struct arg_index i;

	memset(&i, NO_ARG, sizeof(i));
	return !o->record && !o->split && (o->counts || o->max_histograms) &&
	       tracepoint_find(s, "sched_switch", &i) &&
	       tracepoint_find(s, "kvm_userspace_exit", &i) && i.user_reason == LEAN_USER_REASON &&
	       i.user_errno == LEAN_USER_ERRNO &&
	       (!(o->events & WATCH_EXIT) ||
		(tracepoint_find(s, "kvm_exit", &i) && i.exit_vcpu == LEAN_EXIT_VCPU &&
		 i.exit_isa == LEAN_EXIT_ISA && i.exit_reason == NO_ARG));
}

/* Enables the programs this run needs, and remembers which tracepoints the kernel lacks. */
static void probes_choose(struct session *s, const struct options *o, struct arg_index *index)
{
	unsigned int e = o->events;
	bool timed = !o->counts && (e & (WATCH_EXIT | WATCH_USER));
	bool split = timed && (o->split || !(e & WATCH_EXIT) || !has_hardware_kvm());
	struct kvm_exits_bpf *k = s->skel;
	bool lean = lean_fits(s, o), full = !lean;
	bool counts = !timed && (e & WATCH_USER);
	bool hw = e & WATCH_EXIT;
	const struct probe_choice choices[] = {
		/* first: the lean programs rely on it */
		{ "sched_switch", k->progs.sched_switch, 0, timed },
		{ "kvm_exit", k->progs.exit_lean, WATCH_EXIT, timed && hw && lean },
		{ "kvm_exit", k->progs.exit_full, WATCH_EXIT, hw && !(timed && lean) },
		{ "kvm_entry", k->progs.entry_lean, WATCH_EXIT, timed && hw && lean },
		{ "kvm_entry", k->progs.entry_full, WATCH_EXIT, timed && hw && full },
		{ "kvm_userspace_exit", k->progs.user_lean, WATCH_USER, timed && lean },
		{ "kvm_userspace_exit", k->progs.user_counts, WATCH_USER, counts && lean },
		{ "kvm_userspace_exit", k->progs.user_full, WATCH_USER, (timed || counts) && full },
		{ "kvm_fpu", k->progs.run_start, 0, split },
		{ "sched_process_fork", k->progs.process_fork, 0, !o->all },
		{ "kvm_pio", k->progs.pio, WATCH_PIO, e & WATCH_PIO },
		{ "kvm_mmio", k->progs.mmio, WATCH_MMIO, e & WATCH_MMIO },
		{ "kvm_fast_mmio", k->progs.fast_mmio, 0, e & WATCH_MMIO },
		{ "kvm_vcpu_wakeup", k->progs.halt, WATCH_HALT, e & WATCH_HALT },
		{ "kvm_set_irq", k->progs.irq_set, WATCH_IRQ, e & WATCH_IRQ },
		{ "kvm_inj_virq", k->progs.irq_inject, WATCH_IRQ, e & WATCH_IRQ },
		{ "kvm_ack_irq", k->progs.irq_ack, WATCH_IRQ, e & WATCH_IRQ },
		{ "kvm_emulate_insn", k->progs.insn, WATCH_INSN, e & WATCH_INSN },
	};
	size_t i;

	memset(index, NO_ARG, sizeof(*index));
	for (i = 0; i < COUNT(choices); i++) {
		const struct probe_choice *c = &choices[i];
		bool found = c->wanted && tracepoint_find(s, c->tracepoint, index);

		bpf_program__set_autoload(c->program, found);
		if (c->wanted && !found)
			s->missing |= c->event;
		if (!found)
			continue;
		s->probes[s->probe_count++] =
		    (struct probe_link){ c->tracepoint, c->program, NULL };
	}
	if ((s->missing & e) == e)
		fatal("this kernel has none of the tracepoints asked for",
		      "load KVM first: modprobe kvm_amd, kvm_intel or kvm_pvm", 0);
}

static bool attached(const struct session *s, const struct bpf_program *program)
{
	size_t i;

	for (i = 0; i < s->probe_count; i++)
		if (s->probes[i].program == program)
			return true;
	return false;
}

static void rodata_set(struct session *s, const struct options *o, const struct arg_index *index)
{
	struct kvm_exits_bpf__rodata *r = s->skel->rodata;

	memcpy((void *)&r->arg, index, sizeof(*index));
	r->all_tasks = o->all;
	r->want_time = !o->counts;
	r->want_hist = !o->counts && o->max_histograms;
	r->want_record = o->record != NULL;
	r->want_split = o->split;
	r->only_vcpu = o->vcpu;
	r->max_threads = o->max_threads;
	r->max_cells = o->max_rows;
	r->max_hists = o->max_histograms;
}

static void maps_size(struct session *s, const struct options *o)
{
	struct kvm_exits_bpf *k = s->skel;
	bool irq = o->events & WATCH_IRQ;

	s->only_vcpu = o->vcpu;
	s->max_hists = o->counts || !o->max_histograms ? 1 : o->max_histograms;
	bpf_map__set_max_entries(k->maps.hists, s->max_hists);
	bpf_map__set_max_entries(k->maps.pios, o->events & WATCH_PIO ? PIO_ROWS : 1);
	bpf_map__set_max_entries(k->maps.irqs, irq ? MAX_GSI : 1);
	bpf_map__set_max_entries(k->maps.mmios, o->events & WATCH_MMIO ? o->max_addresses : 1);
	if (o->record)
		bpf_map__set_max_entries(k->maps.ring, o->ring_bytes);
}

/* The memory of an array map, read-only. */
static const void *map_memory(const struct bpf_map *map)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (size_t)bpf_map__max_entries(map) * ((bpf_map__value_size(map) + 7) & ~7u);
	void *memory =
	    mmap(NULL, (size + page - 1) / page * page, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		fatal("mmap of an eBPF map", "needs Linux 5.5 or later", errno);
	return memory;
}

static void maps_open(struct session *s)
{
	struct kvm_exits_bpf *k = s->skel;

	s->hists = map_memory(k->maps.hists);
	s->pios = map_memory(k->maps.pios);
	s->irqs = map_memory(k->maps.irqs);
}

static void load(struct session *s)
{
	int error = -kvm_exits_bpf__load(s->skel);

	if (!error)
		return;
	if (error == EPERM || (error == EACCES && geteuid()))
		fatal("loading eBPF programs",
		      "run as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN", error);
	if (error == ENOMEM || error == E2BIG)
		fatal("loading eBPF maps",
		      "try smaller --max-threads, --max-rows, "
		      "--max-histograms, --ring-size",
		      error);
	fatal("loading eBPF programs", "run with -v to see the verifier's words", error);
}

static void attach(struct session *s)
{
	size_t i;

	/* Until a CPU switches threads it must not be taken to run the first one found. */
	for (i = 0; i < MAX_CPUS; i++)
		s->skel->bss->cpus[i].tid_slot = (uint64_t)SLOT_UNSEEN << 32;
	for (i = 0; i < s->probe_count; i++) {
		struct probe_link *p = &s->probes[i];

		p->link = bpf_program__attach(p->program);
		if (!p->link)
			fatal(p->tracepoint,
			      "cannot attach to this tracepoint: is another KVM "
			      "module loaded than at the start?",
			      errno);
	}
}

struct session *session_open(const struct options *o, pid_t pid)
{
	struct session *s = calloc(1, sizeof(*s));
	struct arg_index index;
	uint32_t tgid = (uint32_t)pid;
	uint8_t one = 1;

	if (!s)
		fatal("out of memory", "free some", ENOMEM);
	btf_open(s);
	s->skel = kvm_exits_bpf__open();
	if (!s->skel)
		fatal("opening the eBPF object", "this build is broken", errno);
	probes_choose(s, o, &index);
	rodata_set(s, o, &index);
	maps_size(s, o);
	load(s);
	maps_open(s);
	if (pid && bpf_map_update_elem(bpf_map__fd(s->skel->maps.targets), &tgid, &one, BPF_ANY))
		fatal("eBPF map of targets", "try again", errno);
	s->stats_fd = o->no_cost ? -1 : bpf_enable_stats(BPF_STATS_RUN_TIME);
	attach(s);
	return s;
}

void session_detach(struct session *s)
{
	size_t i;

	for (i = s->probe_count; i-- > 0;) { /* sched_switch last */
		bpf_link__destroy(s->probes[i].link);
		s->probes[i].link = NULL;
	}
}

void session_close(struct session *s)
{
	size_t i;

	session_detach(s);
	if (s->stats_fd >= 0)
		close(s->stats_fd);
	kvm_exits_bpf__destroy(s->skel);
	for (i = BTFS; i-- > 0;)
		btf__free(s->btf[i]);
	free(s);
}

/* ---- what was counted ---- */

static uint32_t at_most(uint32_t n, uint32_t max)
{
	return n < max ? n : max;
}

uint32_t session_threads(const struct session *s, const struct thread **threads)
{
	*threads = s->skel->bss->threads;
	return at_most(s->skel->bss->used_threads, s->skel->rodata->max_threads);
}

bool session_watches(const struct session *s, const struct thread *t)
{
	return s->only_vcpu < 0 || t->vcpu == s->only_vcpu;
}

const struct cell *session_cell(const struct session *s, uint16_t index)
{
	return index && index < MAX_CELLS ? &s->skel->bss->cells[index] : NULL;
}

const struct hist *session_hist(const struct session *s, const struct span *span)
{
	return span->hist && span->hist <= s->max_hists ? &s->hists[span->hist - 1] : NULL;
}

const struct access *session_pios(const struct session *s)
{
	return bpf_map__max_entries(s->skel->maps.pios) == PIO_ROWS ? s->pios : NULL;
}

const struct irq *session_irqs(const struct session *s)
{
	return bpf_map__max_entries(s->skel->maps.irqs) == MAX_GSI ? s->irqs : NULL;
}

void session_mmios(const struct session *s,
		   void (*each)(void *arg, const struct mmio_key *key, const struct access *a),
		   void *arg)
{
	int fd = bpf_map__fd(s->skel->maps.mmios);
	struct mmio_key key, *previous = NULL;
	struct access a;

	while (!bpf_map_get_next_key(fd, previous, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &a))
			each(arg, &key, &a);
		previous = &key;
	}
}

struct lost session_lost(const struct session *s)
{
	return s->skel->bss->lost;
}

int session_ring_fd(const struct session *s)
{
	return bpf_map__fd(s->skel->maps.ring);
}

size_t session_cost(const struct session *s, struct probe_cost *cost, size_t max)
{
	size_t i;

	for (i = 0; i < s->probe_count && i < max; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);

		cost[i] = (struct probe_cost){ .tracepoint = s->probes[i].tracepoint };
		if (bpf_obj_get_info_by_fd(bpf_program__fd(s->probes[i].program), &info, &size))
			continue;
		cost[i].runs = info.run_cnt;
		cost[i].run_ns = info.run_time_ns;
		cost[i].missed = info.recursion_misses;
	}
	return s->probe_count;
}

bool session_has_cost(const struct session *s)
{
	return s->stats_fd >= 0;
}

bool session_has_exits(const struct session *s)
{
	return attached(s, s->skel->progs.exit_lean) || attached(s, s->skel->progs.exit_full);
}

unsigned int session_missing(const struct session *s)
{
	return s->missing;
}
