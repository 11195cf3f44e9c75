/* SPDX-License-Identifier: MIT */
#include "made_up.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../bench.h"
#include "../histogram.h"
#include "../statistics.h"

struct maker {
	const struct made_up *made_up;
	const char *folder;
	struct rng rng;
	struct csv samples;
	const char *where, *workload, *backend;
	unsigned guests, run;
};

static const struct guest {
	const char *name;
	unsigned io, hlt;
	double ms; /* run time on the made-up host */
	unsigned bytes;
} guests[] = {
	{ "minimal", 0, 1, 1.3, 1 },	       { "hello", 12, 1, 1.4, 27 },
	{ "counter", 11, 1450, 1460, 61 },     { "fibonacci", 29, 1, 1.5, 58 },
	{ "multiplication", 640, 1, 5.2, 90 }, { "hctest", 67, 0, 1.9, 141 },
};

static const struct payload {
	const char *name;
	double tcg, native, exact; /* ratios */
} payloads[] = {
	{ "integer", 8, 8, 12 },   { "sieve", 7, 7, 8.5 }, { "division", 1.3, 1.3, 9 },
	{ "x87", 10, 10, 252 },	   { "sse2", 13, 13, 70 }, { "movs", 57, 57, 4 },
	{ "portio", 0.2, 0, 0.3 },
};

static const char *const operations[] = {
	"out", "in", "cpuid", "mmio-write", "hlt-irq", "doorbell"
};

static double normal(struct rng *rng)
{
	double u = ((double)rng_next(rng) + 1) / 18446744073709551617.0;
	double v = (double)rng_next(rng) / 18446744073709551616.0;

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static double noisy(struct maker *m, double value)
{
	return floor(value * exp(m->made_up->noise * normal(&m->rng)));
}

static void sample(struct maker *m, const char *phase, const char *metric, const char *unit,
		   double value)
{
	csv_text(&m->samples, m->where);
	csv_text(&m->samples, m->workload);
	csv_count(&m->samples, m->guests);
	csv_text(&m->samples, m->backend);
	csv_count(&m->samples, m->run);
	csv_text(&m->samples, phase);
	csv_count(&m->samples, 1);
	csv_text(&m->samples, metric);
	csv_text(&m->samples, unit);
	csv_number(&m->samples, value);
	csv_end_row(&m->samples);
}

static void failure(struct maker *m, const char *text)
{
	csv_text(&m->samples, m->where);
	csv_text(&m->samples, m->workload);
	csv_count(&m->samples, m->guests);
	csv_text(&m->samples, m->backend);
	csv_count(&m->samples, m->run);
	csv_text(&m->samples, "counted");
	csv_count(&m->samples, 0);
	csv_text(&m->samples, "failure");
	csv_text(&m->samples, "text");
	csv_text(&m->samples, text);
	csv_end_row(&m->samples);
}

static void host_run(struct maker *m, const struct guest *g)
{
	static const char *const phases[] = { "exec", "open", "vm",   "memory",
					      "vcpu", "load", "entry" };
	bool ours = !strcmp(m->backend, "kvm-vmm"), bare = !strcmp(m->backend, "floor");
	bool crowded = (ours || bare) && m->guests == 1 && m->made_up->crowded &&
		       !strcmp(m->made_up->crowded, g->name);
	double drift = (m->made_up->drift > 0 ? m->made_up->drift : 1) * (crowded ? 1.06 : 1);
	double faster = drift * (ours && m->made_up->faster > 0 ? m->made_up->faster : 1);
	double crowd = m->guests <= 2 ? 1 + 0.05 * (m->guests - 1) : 2.1;
	double wall = noisy(m, g->ms * 1e6 * crowd * faster *
				   (ours	 ? 1
				    : bare	 ? 0.9
				    : g->hlt > 1 ? 1.02
						 : 30));

	sample(m, "counted", "wall", "ns", wall);
	sample(m, "counted", "cpu", "ns",
	       noisy(m, g->ms * 0.8e6 * drift *
			    (ours   ? 1
			     : bare ? 0.9
				    : 25)));
	sample(m, "counted", "max_rss", "bytes",
	       (ours ? 1.31e6 : 45e6) + 4096 * (double)rng_below(&m->rng, 4));
	if (!ours)
		return;
	for (size_t p = 0; p < ARRAY_SIZE(phases); p++) {
		char metric[32];

		snprintf(metric, sizeof metric, "phase.%s", phases[p]);
		sample(m, "counted", metric, "ns", noisy(m, 40e3 * (double)(p + 1)));
	}
	sample(m, "counted", "startup", "ns", noisy(m, 1.12e6 * faster));
}

static void exits(struct maker *m, const struct guest *g)
{
	unsigned io = g->io + (g->io ? m->made_up->more_exits : 0);

	if (strcmp(m->backend, "kvm-vmm") != 0)
		return;
	sample(m, "counted", "exits", "exits", (io + g->hlt) * m->guests);
	if (io)
		sample(m, "counted", "exits.KVM_EXIT_IO", "exits", io * m->guests);
	if (g->hlt)
		sample(m, "counted", "exits.KVM_EXIT_HLT", "exits", g->hlt * m->guests);
}

static void guest_runs(struct maker *m, const struct guest *g, const char *backend, unsigned count)
{
	unsigned runs = m->made_up->runs ? m->made_up->runs : 20;

	m->where = "host";
	m->workload = g->name;
	m->backend = backend;
	m->guests = count;
	m->run = 0;
	sample(m, "warmup", "wall", "ns", g->ms * 5e6);
	for (m->run = 1; m->run <= runs; m->run++) {
		host_run(m, g);
		exits(m, g);
	}
	sample(m, "traced", "pss", "bytes", !strcmp(backend, "kvm-vmm") ? 0.9e6 : 30e6);
}

static void exact_runs(struct maker *m, const struct guest *g)
{
	static const char *const backends[] = { "kvm-vmm", "floor", "qemu-tcg", "no-stats" };

	m->where = "exact";
	m->workload = g->name;
	m->guests = 1;
	for (size_t b = 0; b < ARRAY_SIZE(backends); b++) {
		m->backend = backends[b];
		for (m->run = 1; m->run <= 2; m->run++) {
			double path = 3100.0 * (g->io + g->hlt);
			double cpu[] = { 1.2e6 + path, 0.6e6 + path,
					 90e6 + (double)rng_below(&m->rng, 100000),
					 1.2e6 + path - 60000 - 340.0 * (g->io + g->hlt) };

			sample(m, "counted", "cpu", "instructions", cpu[b]);
			exits(m, g);
		}
	}
}

static void compute_runs(struct maker *m, const struct payload *p)
{
	const struct {
		const char *where, *backend, *unit;
		double cycles;
	} views[] = {
		{ "host", "kvm-vmm", "cycles", 1e6 },
		{ "host", "qemu-tcg", "cycles", 1e6 * p->tcg },
		{ "host", "native", "cycles", p->native > 0 ? 1e6 * p->tcg / p->native : 0 },
		{ "exact", "kvm-vmm", "instructions", 1e6 },
		{ "exact", "qemu-tcg", "instructions", 1e6 * p->exact },
	};

	m->workload = p->name;
	m->guests = 1;
	for (size_t v = 0; v < ARRAY_SIZE(views); v++) {
		m->where = views[v].where;
		m->backend = views[v].backend;
		for (m->run = 1; views[v].cycles > 0 && m->run <= 10; m->run++) {
			bool exact = !strcmp(m->where, "exact") && !strcmp(m->backend, "kvm-vmm");

			sample(m, "counted", "iterations", "count", 1000);
			sample(m, "counted", "cycles", views[v].unit,
			       exact ? views[v].cycles * 1000 : noisy(m, views[v].cycles * 1000));
		}
	}
}

static void bucket_rows(struct csv *csv, const char *const *texts, const struct histogram *h)
{
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		if (!h->bucket[i])
			continue;
		for (size_t t = 0; texts[t]; t++)
			csv_text(csv, texts[t]);
		csv_count(csv, hist_lower(i));
		csv_count(csv, hist_upper(i));
		csv_count(csv, h->bucket[i]);
		csv_end_row(csv);
	}
}

static struct histogram lognormal(struct maker *m, double median, double spread, unsigned count)
{
	struct histogram h;

	histogram_init(&h);
	for (unsigned i = 0; i < count; i++)
		histogram_record(&h, (uint64_t)(median * exp(spread * normal(&m->rng))), 1);
	return h;
}

static int write_histograms(struct maker *m)
{
	char *path = xasprintf("%s/%s", m->folder, HISTOGRAMS_CSV);
	struct csv csv;
	struct histogram h;

	if (csv_create(&csv, path, HISTOGRAMS_COLUMNS, false) < 0)
		return -1;
	for (size_t g = 0; g < ARRAY_SIZE(guests); g++)
		for (int handler = 0; handler < 2; handler++) {
			const char *span = handler ? "handler" : "run";

			h = lognormal(m, handler ? 900 : 2400, 0.2, guests[g].io * 20);
			bucket_rows(&csv,
				    (const char *const[]){ "host", guests[g].name, "1", "kvm-vmm",
							   "KVM_EXIT_IO", span, "ns", NULL },
				    &h);
			h = lognormal(m, handler ? 1e6 : 6500, 0.1, guests[g].hlt * 20);
			bucket_rows(&csv,
				    (const char *const[]){ "host", guests[g].name, "1", "kvm-vmm",
							   "KVM_EXIT_HLT", span, "ns", NULL },
				    &h);
			h = lognormal(m, handler ? 700 : 2980, 0, guests[g].io * 2);
			bucket_rows(&csv,
				    (const char *const[]){ "exact", guests[g].name, "1", "kvm-vmm",
							   "KVM_EXIT_IO", span, "instructions",
							   NULL },
				    &h);
		}
	for (size_t o = 0; o < ARRAY_SIZE(operations); o++) {
		h = lognormal(m, 800 * (double)(o + 1), 0.1, 1000);
		bucket_rows(&csv,
			    (const char *const[]){ "host", "micro-real", "1", "kvm-vmm",
						   operations[o], "op", "cycles", NULL },
			    &h);
		h = lognormal(m, 300 * (double)(o + 1), 0.1, 1000);
		bucket_rows(&csv,
			    (const char *const[]){ "host", "micro-real", "1", "qemu-tcg",
						   operations[o], "op", "cycles", NULL },
			    &h);
	}
	free(path);
	return csv_close(&csv);
}

static int write_crosscheck(struct maker *m)
{
	char *path = xasprintf("%s/%s", m->folder, CROSSCHECK_CSV);
	struct csv csv;

	if (csv_create(&csv, path, CROSSCHECK_COLUMNS, false) < 0)
		return -1;
	for (size_t g = 0; g < ARRAY_SIZE(guests); g++) {
		const char *const texts[] = { "host", guests[g].name, "1", "kvm-vmm",
					      "0",    "KVM_EXIT_IO" };

		for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
			csv_text(&csv, texts[t]);
		csv_count(&csv, guests[g].io);
		csv_count(&csv, guests[g].io);
		csv_text(&csv, "");
		csv_text(&csv, "MATCH");
		csv_end_row(&csv);
	}
	free(path);
	return csv_close(&csv);
}

static int write_paths(struct maker *m)
{
	static const char *const parts[] = { "guest_and_kernel", "kernel_to_user", "handler",
					     "reentry" };
	static const char *const stages[] = { "injected_to_delivered", "delivered_to_handled",
					      "injected_to_handled" };
	char *split = xasprintf("%s/split.csv", m->folder),
	     *irq = xasprintf("%s/irq_latency.csv", m->folder);
	struct csv csv;

	if (csv_create(&csv, split, "where,workload,reason,part,unit,count,mean,p50,p99", false) <
	    0)
		return -1;
	for (size_t g = 1; g < 5; g++)
		for (size_t p = 0; p < ARRAY_SIZE(parts); p++) {
			const char *const texts[] = { "host", guests[g].name, "KVM_EXIT_IO",
						      parts[p], "ns" };

			for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
				csv_text(&csv, texts[t]);
			csv_count(&csv, guests[g].io);
			csv_number(&csv, 400.0 * (double)(4 - p));
			csv_number(&csv, 390.0 * (double)(4 - p));
			csv_number(&csv, 900.0 * (double)(4 - p));
			csv_end_row(&csv);
		}
	if (csv_close(&csv) < 0 ||
	    csv_create(&csv, irq, "where,workload,irq,stage,unit,lower,upper,count", false) < 0)
		return -1;
	for (size_t s = 0; s < ARRAY_SIZE(stages); s++) {
		struct histogram h = lognormal(m, 1500 * (double)(s + 1), 0.3, 500);

		bucket_rows(
		    &csv,
		    (const char *const[]){ "host", "counter", "IRQ0 timer", stages[s], "ns", NULL },
		    &h);
	}
	free(split);
	free(irq);
	return csv_close(&csv);
}

static int write_machine(struct maker *m)
{
	const char *kvm = m->made_up->kvm ? m->made_up->kvm : "kvm_amd";
	bool emulated = !strcmp(kvm, "kvm_pvm");
	json_t *machine = json_pack(
	    "{s:s, s:s, s:s, s:s, s:f, s:s, s:s, s:{s:{s:s, s:s, s:i, s:I, s:s, s:s, s:{s:s, s:b, "
	    "s:f}, s:s,"
	    " s:[{s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s}]}}, s:[], s:[s]}",
	    "format", "minikvm-machine-1", "version", "0.1.0", "revision", "made-up", "started",
	    "2026-01-31T12:34:56Z", "seconds", 61.2, "state", "complete", "command",
	    "made up for a test", "machines", "host", "host", "made-up-host", "cpu",
	    "Made-up CPU, 3 GHz", "cores", 2, "memory_bytes", (json_int_t)8 << 30, "kernel",
	    "6.1.0", "hypervisor", "none", "probe", "kvm", kvm, "real_mode_emulated", emulated,
	    "real_mode_ns_per_instruction", emulated ? 450.0 : 0.5, "governor", "performance",
	    "checks", "check", "governor", "level", "ok", "found", "performance", "hint", "",
	    "check", "load", "level", "warn", "found", "1.7", "hint", "stop other programs",
	    "images", "notes", "Every figure of this folder is made up.");
	json_t *images = json_object_get(machine, "images");
	char *path = xasprintf("%s/%s", m->folder, MACHINE_JSON);
	int status;

	for (size_t g = 0; g < ARRAY_SIZE(guests); g++)
		json_array_append_new(images,
				      json_pack("{s:s, s:s, s:s, s:i, s:i}", "workload",
						guests[g].name, "kind", "guest", "about", "made up",
						"bytes", (int)guests[g].bytes, "rom_bytes", 65536));
	for (size_t p = 0; p < ARRAY_SIZE(payloads); p++)
		json_array_append_new(images,
				      json_pack("{s:s, s:s, s:s}", "workload", payloads[p].name,
						"kind", "compute", "about", "made up"));
	json_array_append_new(images, json_pack("{s:s, s:s, s:s}", "workload", "micro-real", "kind",
						"micro", "about", "made up"));
	status = json_write(path, machine);
	json_decref(machine);
	free(path);
	return status;
}

int made_up_write(const char *folder, const struct made_up *made_up)
{
	struct maker maker = { .made_up = made_up, .folder = folder, .rng = { made_up->seed } },
		     *m = &maker;
	char *path = xasprintf("%s/%s", folder, SAMPLES_CSV);

	if (csv_create(&m->samples, path, SAMPLES_COLUMNS, false) < 0)
		return -1;
	free(path);
	for (size_t g = 0; g < ARRAY_SIZE(guests); g++) {
		for (unsigned count = 1; count <= 4; count *= 2)
			guest_runs(m, &guests[g], "kvm-vmm", count);
		guest_runs(m, &guests[g], "qemu-tcg", 1);
		guest_runs(m, &guests[g], "floor", 1);
		exact_runs(m, &guests[g]);
	}
	for (size_t p = 0; p < ARRAY_SIZE(payloads); p++)
		compute_runs(m, &payloads[p]);
	if (made_up->hostile) {
		m->where = "host";
		m->workload = made_up->hostile;
		m->backend = "kvm-vmm";
		m->guests = 1;
		failure(m, made_up->hostile);
		for (m->run = 1; m->run < 8; m->run++)
			host_run(m, &guests[1]);
	}
	if (csv_close(&m->samples) < 0 || write_histograms(m) < 0 || write_crosscheck(m) < 0 ||
	    write_paths(m) < 0)
		return -1;
	return write_machine(m);
}
