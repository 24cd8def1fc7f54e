// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm interval
 * Description: Intervals follow the mappings of the process, and their memory with them
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Intervals follow the mappings of the process, and their memory with them");

#define PAGES	16
#define SIZE	(PAGES * PAGE)

/* What is left of a counter when its value before is taken away */
static struct drm_vsvm_vm_stats since(struct svm *t, const struct drm_vsvm_vm_stats *before)
{
	struct drm_vsvm_vm_stats now = svm_sync_stats(t);

	for (unsigned int i = 0; i < sizeof(now) / sizeof(uint64_t); i++)
		((uint64_t *)&now)[i] -= ((const uint64_t *)before)[i];
	return now;
}

static void expect_changes(struct svm *t, const struct drm_vsvm_vm_stats *before, int created,
			   int extended, int shrunk, int split, int removed, int intervals)
{
	struct drm_vsvm_vm_stats delta = since(t, before);

	igt_assert_eq_s64(delta.intervals_created, created);
	igt_assert_eq_s64(delta.intervals_extended, extended);
	igt_assert_eq_s64(delta.intervals_shrunk, shrunk);
	igt_assert_eq_s64(delta.intervals_split, split);
	igt_assert_eq_s64(delta.intervals_removed, removed);
	igt_assert_eq_s64(delta.intervals, intervals);
}

/* The mappings of a range that can be read, and the intervals there, are the same */
static void expect_like_maps(struct svm *t, const void *p, size_t size)
{
	struct drm_vsvm_interval intervals[64];
	struct svm_vma vmas[64];
	unsigned int count, found, n = 0;

	count = svm_vmas_in(p, size, vmas, ARRAY_SIZE(vmas));
	igt_assert_lte(count, ARRAY_SIZE(vmas));
	found = svm_intervals_in(t, p, size, intervals, ARRAY_SIZE(intervals));
	for (unsigned int i = 0; i < count; i++) {
		if (!vmas[i].readable)
			continue;
		igt_assert_f(n < found, "no interval for the mapping at %#llx\n",
			     (long long)vmas[i].start);
		igt_assert_f(intervals[n].start == vmas[i].start && intervals[n].end == vmas[i].end,
			     "interval %#llx-%#llx, mapping %#llx-%#llx\n",
			     (long long)intervals[n].start, (long long)intervals[n].end,
			     (long long)vmas[i].start, (long long)vmas[i].end);
		n++;
	}
	igt_assert_eq(found, n);
}

/* As many mappings as fit, each in a page table of its own */
static void test_thousand(int fd)
{
	const unsigned int count = 1000;
	struct drm_vsvm_vm_stats start, full, half, end;
	uint8_t *p = vsvm_reserve(count * VSVM_2M);
	struct drm_vsvm_interval *list;
	unsigned int found;
	struct svm t;

	svm_init(&t, fd);
	start = svm_sync_stats(&t);
	for (unsigned int i = 0; i < count; i++)
		*(uint64_t *)svm_map_at(p + i * VSVM_2M, PAGE) = i;
	igt_assert_eq_u64(svm_stats(&t).intervals, start.intervals);
	svm_read_pages(&t, p, count, VSVM_2M);
	for (unsigned int i = 0; i < count; i++)
		igt_assert_eq_u64(t.scratch[i], i);
	full = svm_sync_stats(&t);
	igt_assert_eq_u64(full.intervals, start.intervals + count);
	igt_assert_eq_u64(full.intervals_created, start.intervals_created + count);
	igt_assert_lte_u64(start.pt_bytes + count * PAGE, full.pt_bytes);
	igt_assert_lt_u64(full.pt_bytes, start.pt_bytes + (count + 16) * PAGE);
	igt_assert_lte_u64(start.interval_bytes + count * 64, full.interval_bytes);

	for (unsigned int i = 0; i < count; i += 2)
		vsvm_unmap(p + i * VSVM_2M, PAGE);
	half = svm_sync_stats(&t);
	igt_assert_eq_u64(half.intervals, start.intervals + count / 2);
	igt_assert_eq_u64(half.intervals_removed, start.intervals_removed + count / 2);
	igt_assert_eq_u64(half.interval_bytes - start.interval_bytes,
			  (full.interval_bytes - start.interval_bytes) / 2);
	igt_assert_eq_u64(full.pt_bytes - half.pt_bytes, count / 2 * PAGE);
	found = vsvm_vm_intervals(fd, t.ctx.vm, &list);
	igt_assert_eq_u64(found, half.intervals);
	for (unsigned int i = 1; i < found; i++)
		igt_assert_lte_u64(list[i - 1].end, list[i].start);
	free(list);
	/* the others work */
	svm_read_pages(&t, p + VSVM_2M, count / 2, 2 * VSVM_2M);
	for (unsigned int i = 0; i < count / 2; i++)
		igt_assert_eq_u64(t.scratch[i], 2 * i + 1);

	vsvm_unmap(p, count * VSVM_2M);
	end = svm_sync_stats(&t);
	igt_assert_eq_u64(end.intervals, start.intervals);
	igt_assert_eq_u64(end.interval_bytes, start.interval_bytes);
	igt_assert_eq_u64(end.pt_bytes, start.pt_bytes);
	igt_assert_eq_u64(end.pages, start.pages);
	svm_fini(&t);
}

/* The same with mappings that are neighbours and only differ in what is allowed */
static void test_thousand_neighbours(int fd)
{
	const unsigned int count = 1000;
	uint8_t *p = svm_buffer(count * PAGE);
	struct drm_vsvm_vm_stats before, after;
	struct svm t;

	svm_init(&t, fd);
	before = svm_sync_stats(&t);
	svm_number_pages(p, count, 1);
	for (unsigned int i = 1; i < count; i += 2)
		igt_assert_eq(mprotect(p + i * PAGE, PAGE, PROT_READ), 0);
	svm_expect_pages(&t, p, count, 1);
	after = svm_sync_stats(&t);
	igt_assert_eq_u64(after.intervals, before.intervals + count);
	for (unsigned int i = 0; i < count; i += 2)
		vsvm_unmap(p + i * PAGE, PAGE);
	after = svm_sync_stats(&t);
	igt_assert_eq_u64(after.intervals, before.intervals + count / 2);
	igt_assert_eq_u64(after.pages, before.pages + count / 2);
	svm_buffer_free(p, count * PAGE);
	after = svm_sync_stats(&t);
	igt_assert_eq_u64(after.intervals, before.intervals);
	igt_assert_eq_u64(after.pt_bytes, before.pt_bytes);
	svm_fini(&t);
}

static void test_bounds(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	igt_assert_eq(svm_intervals_in(&t, p, SIZE, NULL, 0), 0);
	/* whatever page is touched: the whole mapping, and nothing of its neighbours */
	svm_read(&t, p + 9 * PAGE);
	svm_expect_interval(&t, p, SIZE);
	svm_write(&t, p, 1);
	svm_expect_interval(&t, p, SIZE);
	svm_buffer_free(p, SIZE);
	vsvm_vm_sync(fd, t.ctx.vm);
	igt_assert_eq(svm_intervals_in(&t, p, SIZE, NULL, 0), 0);
	svm_fini(&t);
}

/* Pages come and go at random; what remains must look like /proc/self/maps */
static void test_random(int fd)
{
	const unsigned int pages = 32, rounds = 25;
	struct vsvm_rng rng = { 4711 };
	uint8_t *p = svm_buffer(pages * PAGE);
	struct svm_vma vmas[64];
	unsigned int count;
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int round = 0; round < rounds; round++) {
		for (unsigned int op = vsvm_rand(&rng) % 6; op; op--) {
			unsigned int first = vsvm_rand(&rng) % pages;
			unsigned int n = 1 + vsvm_rand(&rng) % (pages - first);

			if (vsvm_rand(&rng) % 2)
				vsvm_unmap(p + first * PAGE, n * PAGE);
			else
				svm_map_at(p + first * PAGE, n * PAGE);
		}
		vsvm_vm_sync(fd, t.ctx.vm);
		count = svm_vmas_in(p, pages * PAGE, vmas, ARRAY_SIZE(vmas));
		igt_assert_lte(count, ARRAY_SIZE(vmas));
		svm_stream(&t);
		for (unsigned int i = 0; i < count; i++)
			for (uint64_t a = vmas[i].start; a < vmas[i].end; a += PAGE)
				vsvm_emit_copy(&t.s, vsvm_ptr(t.scratch), a, 8);
		vsvm_run(&t.ctx, &t.s);
		vsvm_vm_sync(fd, t.ctx.vm);
		expect_like_maps(&t, p, pages * PAGE);
	}
	svm_fini(&t);
	svm_buffer_free(p, pages * PAGE);
}

/* Changes that the GPU runs into before any barrier */
static void test_unsynced(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	for (int round = 0; round < 20; round++) {
		svm_map_at(p, SIZE);
		svm_read_pages(&t, p, PAGES, PAGE);
		/* another mapping from the middle of one interval on, and then across both */
		igt_assert(mmap(p + 4 * PAGE, 4 * PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS |
				MAP_FIXED, -1, 0) == p + 4 * PAGE);
		svm_read_pages(&t, p, PAGES, PAGE);
		igt_assert(mmap(p + 6 * PAGE, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
				MAP_FIXED, -1, 0) == p + 6 * PAGE);
		svm_read_pages(&t, p, PAGES, PAGE);
		vsvm_vm_sync(fd, t.ctx.vm);
		expect_like_maps(&t, p, SIZE);
	}
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

static void test_counters(int fd)
{
	struct drm_vsvm_vm_stats before, delta;
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	before = svm_sync_stats(&t);
	svm_read_pages(&t, p, PAGES, PAGE);
	expect_changes(&t, &before, 1, 0, 0, 0, 0, 1);
	/* reading again, and writing: nothing */
	svm_fill(&t, p, SIZE, 1);
	expect_changes(&t, &before, 1, 0, 0, 0, 0, 1);

	before = svm_sync_stats(&t);
	vsvm_unmap(p, PAGE);
	expect_changes(&t, &before, 0, 0, 1, 0, 0, 0);
	delta = since(&t, &before);
	igt_assert_eq_u64(delta.deferred_updates, 1);
	igt_assert_eq_u64(delta.invalidations, 1);
	igt_assert_eq_u64(delta.pages_zapped, 1);
	igt_assert_eq_u64(delta.pages_dirtied, 1);
	svm_expect_interval(&t, p + PAGE, SIZE - PAGE);

	before = svm_sync_stats(&t);
	vsvm_unmap(p + SIZE - 2 * PAGE, 2 * PAGE);
	expect_changes(&t, &before, 0, 0, 1, 0, 0, 0);
	svm_expect_interval(&t, p + PAGE, SIZE - 3 * PAGE);

	before = svm_sync_stats(&t);
	vsvm_unmap(p + 6 * PAGE, 2 * PAGE);
	expect_changes(&t, &before, 0, 0, 0, 1, 0, 1);
	expect_like_maps(&t, p, SIZE);

	before = svm_sync_stats(&t);
	vsvm_unmap(p + PAGE, 5 * PAGE);
	expect_changes(&t, &before, 0, 0, 0, 0, 1, -1);
	svm_expect_interval(&t, p + 8 * PAGE, 6 * PAGE);

	/* replaced by the same: looked at, and nothing to do */
	before = svm_sync_stats(&t);
	svm_map_at(p + 8 * PAGE, 6 * PAGE);
	expect_changes(&t, &before, 0, 0, 0, 0, 0, 0);
	delta = since(&t, &before);
	igt_assert_eq_u64(delta.deferred_updates, 1);
	igt_assert_eq_u64(delta.pages_zapped, 6);

	before = svm_sync_stats(&t);
	svm_buffer_free(p, SIZE);
	expect_changes(&t, &before, 0, 0, 0, 0, 1, -1);
	igt_assert_eq(svm_intervals_in(&t, p, SIZE, NULL, 0), 0);
	svm_fini(&t);
}

/* Memory that the GPU has nothing to do with costs nothing */
static void test_unrelated(int fd)
{
	uint8_t *p = svm_buffer(SIZE), *other = svm_buffer(SIZE);
	struct drm_vsvm_vm_stats before, delta;
	struct svm t;

	svm_init(&t, fd);
	svm_read_pages(&t, p, PAGES, PAGE);
	before = svm_sync_stats(&t);
	memset(other, 1, SIZE);
	igt_assert_eq(mprotect(other, PAGE, PROT_READ), 0);
	igt_assert_eq(madvise(other, SIZE, MADV_DONTNEED), 0);
	vsvm_unmap(other + PAGE, PAGE);
	svm_buffer_free(other, SIZE);
	delta = since(&t, &before);
	igt_assert_eq_u64(delta.invalidations, 0);
	igt_assert_eq_u64(delta.pages_zapped, 0);
	igt_assert_eq_u64(delta.deferred_updates, 0);
	/* and its own only what they are about */
	igt_assert_eq(madvise(p + PAGE, 3 * PAGE, MADV_DONTNEED), 0);
	delta = since(&t, &before);
	igt_assert_eq_u64(delta.invalidations, 1);
	igt_assert_eq_u64(delta.pages_zapped, 3);
	igt_assert_eq_u64(delta.deferred_updates, 0);
	igt_assert_eq_s64(delta.pages, -3);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

static void test_grow(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	vsvm_unmap(p + 8 * PAGE, 8 * PAGE);
	svm_read(&t, p);
	svm_expect_interval(&t, p, 8 * PAGE);
	/* at its end, then at its beginning; the kernel makes one mapping of it */
	before = svm_sync_stats(&t);
	svm_map_at(p + 8 * PAGE, 4 * PAGE);
	svm_expect_interval(&t, p, 8 * PAGE);
	svm_write(&t, p + 11 * PAGE, 11);
	expect_changes(&t, &before, 0, 1, 0, 0, 0, 0);
	svm_expect_interval(&t, p, 12 * PAGE);

	before = svm_sync_stats(&t);
	svm_map_at(p - 3 * PAGE, 3 * PAGE);
	svm_write(&t, p - 3 * PAGE, 3);
	expect_changes(&t, &before, 0, 1, 0, 0, 0, 0);
	svm_expect_interval(&t, p - 3 * PAGE, 15 * PAGE);
	igt_assert_eq_u64(*(uint64_t *)(p + 11 * PAGE), 11);
	/* what it grew by can be cut off again */
	vsvm_unmap(p - 3 * PAGE, 3 * PAGE);
	vsvm_vm_sync(fd, t.ctx.vm);
	svm_expect_interval(&t, p, 12 * PAGE);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

static void test_brk(int fd)
{
	struct drm_vsvm_interval interval;
	struct svm_vma vma = {};
	uint64_t *p;
	struct svm t;

	svm_init(&t, fd);
	for (int round = 0; round < 4; round++) {
		p = sbrk(8 * PAGE);
		igt_assert(p != (void *)-1);
		p = (uint64_t *)ALIGN(vsvm_ptr(p), 8);
		svm_write(&t, p + PAGE / 8, round + 1);
		igt_assert_eq_u64(p[PAGE / 8], round + 1);
		igt_assert_eq(svm_vmas_in(p, 8, &vma, 1), 1);
		igt_assert(vsvm_vm_find_interval(fd, t.ctx.vm, p + PAGE / 8, &interval));
		igt_assert_eq_u64(interval.start, vma.start);
		igt_assert_eq_u64(interval.end, vma.end);
	}
	svm_fini(&t);
}

/* Two mappings become one when what is between them is mapped */
static void test_merge(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	/* what has been used on its own stays on its own, so the whole is used first */
	memset(p, 0, SIZE);
	vsvm_unmap(p + 6 * PAGE, 4 * PAGE);
	before = svm_sync_stats(&t);
	svm_write(&t, p, 1);
	svm_write(&t, p + 10 * PAGE, 10);
	expect_changes(&t, &before, 2, 0, 0, 0, 0, 2);
	before = svm_sync_stats(&t);
	svm_map_at(p + 6 * PAGE, 4 * PAGE);
	svm_write(&t, p + 7 * PAGE, 7);
	expect_changes(&t, &before, 0, 1, 0, 0, 0, -1);
	svm_expect_interval(&t, p, SIZE);
	igt_assert_eq_u64(svm_read(&t, p), 1);
	igt_assert_eq_u64(svm_read(&t, p + 7 * PAGE), 7);
	igt_assert_eq_u64(svm_read(&t, p + 10 * PAGE), 10);
	/* events of any part still arrive */
	igt_assert_eq(madvise(p, SIZE, MADV_DONTNEED), 0);
	svm_expect_zeros(&t, p, PAGES);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* mprotect splits a mapping without a word; a later munmap must set things right all the same */
static void test_silent_split(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm t;

	svm_init(&t, fd);
	svm_number_pages(p, PAGES, 1);
	svm_expect_pages(&t, p, PAGES, 1);
	igt_assert_eq(mprotect(p + 5 * PAGE, 5 * PAGE, PROT_READ), 0);
	svm_expect_pages(&t, p, PAGES, 1);
	vsvm_unmap(p + 7 * PAGE, PAGE);
	vsvm_vm_sync(fd, t.ctx.vm);
	expect_like_maps(&t, p, SIZE);
	igt_assert_eq(svm_intervals_in(&t, p, SIZE, NULL, 0), 4);
	svm_expect_pages(&t, p, 7, 1);
	svm_expect_pages(&t, p + 8 * PAGE, 8, 9);
	svm_expect_error(&t, p + 9 * PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_PERMISSION);
	svm_fini(&t);
	svm_buffer_free(p, SIZE);
}

/* Pages are gone when munmap returns, bounds at the barrier */
static void test_pages(int fd)
{
	/* less than 2M: there the kernel invalidates all of the 2M that a mapping is cut in */
	const unsigned int pages = 500;
	uint8_t *p = svm_buffer(pages * PAGE);
	struct drm_vsvm_vm_stats before;
	struct svm t;

	svm_init(&t, fd);
	before = svm_sync_stats(&t);
	memset(p, 1, pages * PAGE);
	svm_read_pages(&t, p, pages, PAGE);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages + pages);
	vsvm_unmap(p + 100 * PAGE, 300 * PAGE);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages + pages - 300);
	igt_assert_eq_u64(svm_stats(&t).pages_zapped, before.pages_zapped + 300);
	svm_buffer_free(p, pages * PAGE);
	igt_assert_eq_u64(svm_stats(&t).pages, before.pages);
	igt_assert_eq_u64(svm_sync_stats(&t).pt_bytes, before.pt_bytes);
	svm_fini(&t);
}

/* Two VMs of a process each have their own */
static void test_two_vms(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct svm a, b;

	svm_init(&a, fd);
	svm_init(&b, fd);
	svm_number_pages(p, PAGES, 1);
	svm_expect_pages(&a, p, PAGES, 1);
	igt_assert_eq(svm_intervals_in(&b, p, SIZE, NULL, 0), 0);
	svm_expect_pages(&b, p, PAGES, 1);
	vsvm_unmap(p, PAGE);
	vsvm_vm_sync(fd, a.ctx.vm);
	vsvm_vm_sync(fd, b.ctx.vm);
	svm_expect_interval(&a, p + PAGE, SIZE - PAGE);
	svm_expect_interval(&b, p + PAGE, SIZE - PAGE);
	svm_fini(&a);
	svm_write(&b, p + PAGE, 7);
	svm_fini(&b);
	svm_buffer_free(p, SIZE);
}

static void expect_line(const char *line, const char *name, uint64_t value)
{
	char have[32];
	unsigned long long n;

	if (sscanf(line, " %31s %llu", have, &n) == 2 && !strcmp(have, name))
		igt_assert_f(n == value, "%s is %llu in debugfs, %llu by ioctl\n", name, n,
			     (unsigned long long)value);
}

static void debugfs_child(int fd)
{
	uint8_t *p = svm_buffer(SIZE);
	struct drm_vsvm_interval *list;
	unsigned int count, n = 0, lines = 0;
	unsigned long long start, end;
	struct drm_vsvm_vm_stats stats;
	char line[256], mark[32];
	bool mine = false;
	struct svm t;
	FILE *f;

	svm_init(&t, fd);
	igt_assert_eq(svm_debugfs_vms(fd, getpid()), 1);
	svm_read_pages(&t, p, PAGES, PAGE);
	vsvm_unmap(p + PAGE, PAGE);
	stats = svm_sync_stats(&t);
	count = vsvm_vm_intervals(fd, t.ctx.vm, &list);
	snprintf(mark, sizeof(mark), "[%d]", getpid());

	f = svm_debugfs(fd, "vms");
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "vm ", 3))
			mine = strstr(line, mark);
		if (!mine)
			continue;
		lines++;
#define CHECK(field) expect_line(line, #field, stats.field)
		CHECK(faults);
		CHECK(batches);
		CHECK(pages_mapped);
		CHECK(pages_zapped);
		CHECK(intervals_created);
		CHECK(intervals_split);
		CHECK(deferred_updates);
		CHECK(intervals);
		CHECK(interval_bytes);
		CHECK(pt_bytes);
		CHECK(pages);
		CHECK(queues);
#undef CHECK
	}
	fclose(f);
	igt_assert_lt(12, lines);

	f = svm_debugfs(fd, "intervals");
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "vm ", 3)) {
			mine = strstr(line, mark);
		} else if (mine && sscanf(line, " %llx-%llx", &start, &end) == 2) {
			igt_assert_lt(n, count);
			igt_assert_eq_u64(start, list[n].start);
			igt_assert_eq_u64(end, list[n].end);
			n++;
		}
	}
	fclose(f);
	igt_assert_eq(n, count);
	free(list);
	svm_fini(&t);
	igt_assert_eq(svm_debugfs_vms(fd, getpid()), 0);
	svm_buffer_free(p, SIZE);
}

/* In a process of its own: there debugfs shows no other VM of the same name */
static void test_debugfs(int fd)
{
	fclose(svm_debugfs(fd, "vms"));
	igt_fork(child, 1)
		debugfs_child(fd);
	igt_waitchildren();
}

int igt_main()
{
	int fd = -1;

	igt_fixture() {
		vsvm_require_vma_policy();
		fd = vsvm_open();
	}

	igt_describe("What 1000 mappings cost the driver is not given back with them");
	igt_subtest("thousand")
		test_thousand(fd);
	igt_describe("1000 neighbouring mappings are not told apart");
	igt_subtest("thousand-neighbours")
		test_thousand_neighbours(fd);
	igt_describe("An interval is larger or smaller than the mapping that the GPU has touched");
	igt_subtest("bounds")
		test_bounds(fd);
	igt_describe("The driver's idea of the address space is not the kernel's");
	igt_subtest("random")
		test_random(fd);
	igt_describe("Faults between munmap and the barrier leave bounds that fit no mapping");
	igt_subtest("unsynced")
		test_unsynced(fd);
	igt_describe("Counters by which one judges the cost of mapping and unmapping are wrong");
	igt_subtest("counters")
		test_counters(fd);
	igt_describe("Changes to memory that the GPU does not use cost something");
	igt_subtest("unrelated")
		test_unrelated(fd);
	igt_describe("A mapping that has grown is not watched where it grew");
	igt_subtest("grow")
		test_grow(fd);
	igt_describe("The heap's interval does not grow with the heap");
	igt_subtest("brk")
		test_brk(fd);
	igt_describe("Two intervals stay although their mappings have become one");
	igt_subtest("merge")
		test_merge(fd);
	igt_describe("A mapping that mprotect has split is not followed by later changes");
	igt_subtest("silent-split")
		test_silent_split(fd);
	igt_describe("Pages stay on the GPU after munmap, or tables after the barrier");
	igt_subtest("pages")
		test_pages(fd);
	igt_describe("Two VMs of a process get in each other's way when memory is unmapped");
	igt_subtest("two-vms")
		test_two_vms(fd);
	igt_describe("What debugfs shows is not what the ioctl says");
	igt_subtest("debugfs")
		test_debugfs(fd);

	igt_fixture()
		drm_close_driver(fd);
}
