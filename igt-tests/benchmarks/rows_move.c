// SPDX-License-Identifier: MIT
/*
 * What it costs to move memory to the device and back, and what a CPU waits for that touches it
 * there.
 *
 * Each move is looked at in /proc/self/pagemap: it has to have moved all of it. Each way back ends
 * with the CPU reading what it wrote before.
 */
#include <string.h>

#include "bench.h"

static uint64_t time_call(void (*call)(const struct area *), const struct area *a)
{
	uint64_t start = now();

	call(a);
	return now() - start;
}

static void expect(const struct contestant *c, const struct area *a, size_t pages, const char *what)
{
	size_t found = area_in_device(a);

	if (found != pages)
		die("%s: %zu pages are in device memory, not %zu, %s", c->name, found, pages, what);
}

/* Results are for a page. */
static void timed_move(const struct contestant *c, const char *metric,
		       void (*call)(const struct area *), const struct area *a, bool to_device)
{
	double pages = area_pages(a);
	int64_t time = time_call(call, a);

	expect(c, a, to_device ? pages : 0, metric);
	/* test_hmm returns what it has moved to the device. */
	if (c->copies && to_device) {
		uint64_t start = now();

		c->access(a, false);
		time -= (int64_t)(now() - start);
	}
	report(metric, c->name, time / pages);
}

/* An area that the CPU has written, mapped by the device. */
static void make(const struct row *row, const struct contestant *c, struct area *a)
{
	area_map(a, row->size, row->size, row->count, row->thp);
	if (c->prepare)
		c->prepare(a);
	area_touch(a);
	if (c->add)
		c->add(a);
	c->access(a, false);
}

/* The same bytes, moved by the CPU, which has touched both sides. Results are for a page. */
static void run_memcpy(const struct row *row)
{
	struct area src, dst;
	uint64_t start;

	area_map(&src, row->size, row->size, row->count, row->thp);
	area_map(&dst, row->size, row->size, row->count, row->thp);
	area_touch(&src);
	area_touch(&dst);
	start = now();
	memcpy(dst.base, src.base, row->size);
	report("to-device", "cpu", (now() - start) / (double)area_pages(&src));
}

/* All of it to the device and back, in two ways each. */
void run_move(const struct row *row, const struct contestant *c)
{
	struct area a;
	double pages;

	if (c == &on_cpu) {
		run_memcpy(row);
		return;
	}
	make(row, c, &a);
	pages = area_pages(&a);

	/* The first time device memory may be short of the host's memory that stands for it. */
	c->to_device(&a);
	c->to_system(&a);

	timed_move(c, "to-device", c->to_device, &a, true);
	timed_move(c, "to-system", c->to_system, &a, false);
	area_load(&a);

	if (c->prefer_device) {
		c->prefer_device(&a);
		timed_access(c, "gpu-fault", &a, false, pages);
	} else {
		c->to_device(&a);
	}
	expect(c, &a, pages, "before the CPU touches them");
	timed_move(c, "cpu-touch", area_load, &a, false);
}

/* One page of each 2M, so that no touch finds what another has brought back. */
void run_touch(const struct row *row, const struct contestant *c)
{
	double touches = row->size / (2 * MIB);
	struct area a, some;
	uint64_t time;
	size_t left;

	make(row, c, &a);
	/* Neither the first nor the last one of what comes back with it. */
	some = (struct area) { a.base + MIB + PAGE, PAGE, 2 * MIB, touches };
	c->to_device(&a);
	expect(c, &a, area_pages(&a), "before the CPU touches some");
	time = time_call(area_look, &some);
	left = area_in_device(&a);
	expect(c, &some, 0, "after the CPU touched them");
	area_load(&a);
	report("touch", c->name, time / touches);
	report("returned", c->name, (area_pages(&a) - left) / touches);
}

/*
 * More than there is room for, 2M at a time and over and over: each that comes has another one go.
 * Results are for a page that came.
 */
void run_evict(const struct row *row, const struct contestant *c)
{
	size_t i, at, room = row->room / (2 * MIB), blocks = row->size / (2 * MIB);
	uint64_t start = 0, time;
	struct area a;

	make(row, c, &a);
	for (i = 0; i < 2 * blocks; i++) {
		if (i == blocks)
			start = now();
		if (!c->evicts && i >= room) {
			at = (i - room) % blocks;
			c->to_system(&(struct area) { a.base + at * 2 * MIB, 2 * MIB, 2 * MIB, 1 });
		}
		at = i % blocks;
		c->to_device(&(struct area) { a.base + at * 2 * MIB, 2 * MIB, 2 * MIB, 1 });
	}
	time = now() - start;
	/* One or two may have been set aside. */
	i = area_in_device(&a);
	if (i > row->room / PAGE || i < (row->room - 4 * MIB) / PAGE)
		die("%s: %zu pages are in device memory in the end", c->name, i);
	area_load(&a);
	report("evict", c->name, time / (double)area_pages(&a));
}
