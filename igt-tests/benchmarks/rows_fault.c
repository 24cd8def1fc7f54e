// SPDX-License-Identifier: MIT
/*
 * What faults cost, and what a live mirror adds to taking memory away.
 */
#include <time.h>

#include "bench.h"

struct counters count(const struct contestant *c)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	struct counters counters = {};
	uint64_t before;

	if (!c->count)
		return counters;
	/* A batch of faults is counted only when who waited for it goes on. */
	do {
		before = counters.service_ns;
		nanosleep(&moment, NULL);
		c->count(&counters);
	} while (counters.service_ns != before);
	return counters;
}

static int64_t time_access(const struct contestant *c, const struct area *a, bool write)
{
	uint64_t start = now();

	c->access(a, write);
	return now() - start;
}

/* What accesses took, and of that the service of their faults. */
struct cost {
	int64_t time, service;
};

static void add_access(struct cost *cost, const struct contestant *c, const struct area *a,
		       bool write)
{
	struct counters before;

	if (c->prepare)
		c->prepare(a);
	before = count(c);
	cost->time += time_access(c, a, write);
	if (c->copies)
		cost->time -= time_access(c, a, write);
	cost->service += count(c).service_ns - before.service_ns;
	if (c->check && write)
		c->check(a);
}

static void report_cost(const struct cost *cost, const struct contestant *c, const char *metric,
			double per)
{
	report(metric, c->name, cost->time / per);
	if (c->service)
		report(metric, c->service, cost->service / per);
}

void timed_access(const struct contestant *c, const char *metric, const struct area *a, bool write,
		  double per)
{
	struct cost cost = {};

	add_access(&cost, c, a, write);
	report_cost(&cost, c, metric, per);
}

static void timed(const struct contestant *c, const char *metric, void (*call)(const struct area *),
		  const struct area *a, double per)
{
	uint64_t start = now();

	call(a);
	report(metric, c->name, (now() - start) / per);
}

/* What is due after a munmap. */
static void clean_up(const struct contestant *c, const struct area *a)
{
	if (!c->sync)
		return;
	if (c->remove)
		c->remove(a);
	c->sync();
}

static void timed_sync(const struct contestant *c, const struct area *a, double per)
{
	uint64_t start = now();

	if (!c->sync)
		return;
	clean_up(c, a);
	report("clean-up", c->name, (now() - start) / per);
}

static void timed_add(const struct contestant *c, const struct area *a, double per)
{
	if (c->add)
		timed(c, "register", c->add, a, per);
}

/* What the mirror has grown by since it had @before. */
static void report_bytes(const struct contestant *c, uint64_t before, double per)
{
	if (c->count)
		report("bytes", c->name, (count(c).bytes - before) / per);
}

/* One mapping that nobody has touched: fault, fault again, take the pages, take the mapping. */
void run_area(const struct row *row, const struct contestant *c)
{
	uint64_t bytes = count(c).bytes;
	struct area a;
	double pages;

	area_map(&a, row->size, row->size, row->count, row->thp);
	pages = area_pages(&a);
	timed_access(c, "cold", &a, true, pages);
	report_bytes(c, bytes, pages);
	if (!c->copies)
		timed_access(c, "hit", &a, true, pages);
	if (c->refault)
		timed(c, "refault", c->refault, &a, pages);
	timed(c, "dontneed", area_forget, &a, pages);
	c->access(&a, true);
	timed(c, "munmap", area_unmap, &a, pages);
	timed_sync(c, &a, pages);
}

/*
 * A mapping that the CPU has touched, and more of them, one after the other: an engine and who
 * serves its faults take turns as it happens, and with one mapping of 64M that is up to 10 % of a
 * fault.
 */
void run_populated(const struct row *row, const struct contestant *c)
{
	const unsigned int mappings = 8;
	struct cost cost = {};
	double pages = 0;
	struct area a;

	if (c == &on_cpu)
		return;
	for (unsigned int i = 0; i < mappings; i++) {
		area_map(&a, row->size, row->size, row->count, row->thp);
		area_touch(&a);
		add_access(&cost, c, &a, true);
		pages += area_pages(&a);
		area_unmap(&a);
		clean_up(c, &a);
	}
	report_cost(&cost, c, "populated", pages);
}

/* Reading what nobody has touched, which is the zero page; then writing it. */
void run_read(const struct row *row, const struct contestant *c)
{
	struct area a;

	area_map(&a, row->size, row->size, row->count, row->thp);
	timed_access(c, "untouched", &a, false, area_pages(&a));
	timed_access(c, "upgrade", &a, true, area_pages(&a));
}

/* Every second 64K has been touched by the CPU. */
void run_mixed(const struct row *row, const struct contestant *c)
{
	struct area a, half;

	area_map(&a, row->size, row->size, row->count, row->thp);
	half = (struct area) { a.base, 64 * KIB, 128 * KIB, row->size / (128 * KIB) };
	area_touch(&half);
	timed_access(c, "write", &a, true, area_pages(&a));
}

/* Many mappings that the CPU has touched, no two of them neighbours. Results are for a mapping. */
void run_many(const struct row *row, const struct contestant *c)
{
	uint64_t bytes = count(c).bytes;
	struct area a;

	area_map(&a, row->size, row->size + PAGE, row->count, row->thp);
	area_touch(&a);
	timed_add(c, &a, a.count);
	if (c != &on_cpu)
		timed_access(c, "fault", &a, true, a.count);
	report_bytes(c, bytes, a.count);
	timed(c, "munmap", area_unmap, &a, a.count);
	timed_sync(c, &a, a.count);
}

/* Mappings that come, are used once, and go, at whatever addresses the kernel finds. */
void run_churn(const struct row *row, const struct contestant *c)
{
	uint64_t start, bytes = count(c).bytes, before = count(c).invalidations;
	struct area a;

	start = now();
	for (unsigned int i = 0; i < row->count; i++) {
		area_map(&a, row->size, row->size, 1, row->thp);
		area_touch(&a);
		if (c->add)
			c->add(&a);
		c->access(&a, true);
		area_unmap(&a);
		if (c->remove)
			c->remove(&a);
	}
	if (c->sync)
		c->sync();
	report("op", c->name, (double)(now() - start) / row->count);
	if (c->count) {
		report("delivered", c->name,
		       (double)(count(c).invalidations - before) / row->count);
		report("bytes", c->name, (double)(count(c).bytes - bytes));
	}
}

/* A few pages fault again, each in a mapping of its own, when there are ever more mappings. */
void run_intervals(const struct row *row, const struct contestant *c)
{
	unsigned int step = (row->count + 511) / 512;
	struct area a, sample;

	area_map(&a, row->size, row->size + PAGE, row->count, row->thp);
	area_touch(&a);
	timed_access(c, "make", &a, true, a.count);

	sample = (struct area) { a.base, a.size, a.stride * step, a.count / step };
	area_forget(&sample);
	area_touch(&sample);
	timed_access(c, "fault", &sample, true, sample.count);
}
