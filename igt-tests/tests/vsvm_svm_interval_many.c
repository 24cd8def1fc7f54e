// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm svm interval many
 * Description: Mappings as an adversary would have them end with the right intervals
 *
 * The oracle is /proc/self/maps: after VM_SYNC intervals do not overlap, have no address that is
 * not mapped, each lies in one mapping, and each mapping that the GPU has used is one interval.
 * When all is gone, memory is what it was before.
 */
#include "vsvm_svm.h"

IGT_TEST_DESCRIPTION("Mappings as an adversary would have them end with the right intervals");

/* As many mappings as a process has by default, less those that it needs itself */
#define MANY		60032u
/* A debug kernel looks at all of them whenever one changes, and so takes the square of the time */
#define MANY_CHECKED	2048u
#define MAX_MAP_COUNT	"/proc/sys/vm/max_map_count"

/**
 * struct oracle - mappings and intervals of a range
 */
struct oracle {
	/** @vmas: mappings */
	struct svm_vma *vmas;
	/** @intervals: intervals */
	struct drm_vsvm_interval *intervals;
	/** @num_vmas: how many */
	unsigned int num_vmas;
	/** @num_intervals: how many */
	unsigned int num_intervals;
};

static void oracle_fini(struct oracle *o)
{
	free(o->vmas);
	free(o->intervals);
}

static void oracle_init(struct oracle *o, struct svm *t, const void *p, size_t size,
			unsigned int max)
{
	vsvm_vm_sync(t->ctx.fd, t->ctx.vm);
	o->vmas = malloc(max * sizeof(*o->vmas));
	o->intervals = malloc(max * sizeof(*o->intervals));
	o->num_vmas = svm_vmas_in(p, size, o->vmas, max);
	o->num_intervals = svm_intervals_in(t, p, size, o->intervals, max);
	igt_assert_lte(o->num_vmas, max);
	igt_assert_lte(o->num_intervals, max);
}

/* The mapping that has an address, from @at on; they are in order */
static unsigned int vma_at(const struct oracle *o, unsigned int at, uint64_t addr)
{
	while (at < o->num_vmas && o->vmas[at].end <= addr)
		at++;
	igt_assert_f(at < o->num_vmas && o->vmas[at].start <= addr,
		     "an interval has %#llx, where nothing is mapped\n", (long long)addr);
	return at;
}

/* The GPU has used every mapping of the range that may be read */
static void expect_like_maps(struct svm *t, const void *p, size_t size, unsigned int max)
{
	unsigned int at = 0, used = 0;
	struct oracle o;
	uint64_t end = 0;

	if (!vsvm_is_vma_policy())
		return;
	oracle_init(&o, t, p, size, max);
	for (unsigned int i = 0; i < o.num_intervals; i++) {
		const struct drm_vsvm_interval *interval = &o.intervals[i];

		igt_assert_lte_u64(end, interval->start);
		igt_assert_lt_u64(interval->start, interval->end);
		igt_assert_eq_u64(interval->flags, 0);
		end = interval->end;
		at = vma_at(&o, at, interval->start);
		igt_assert_f(end <= o.vmas[at].end,
			     "interval %#llx-%#llx reaches beyond the mapping %#llx-%#llx\n",
			     (long long)interval->start, (long long)end,
			     (long long)o.vmas[at].start, (long long)o.vmas[at].end);
		if (!o.vmas[at].readable)
			continue;
		igt_assert_f(interval->start == o.vmas[at].start && end == o.vmas[at].end,
			     "interval %#llx-%#llx is a part of the mapping %#llx-%#llx\n",
			     (long long)interval->start, (long long)end,
			     (long long)o.vmas[at].start, (long long)o.vmas[at].end);
		used++;
	}
	for (unsigned int i = 0; i < o.num_vmas; i++)
		used -= o.vmas[i].readable;
	igt_assert_eq(used, 0);
	oracle_fini(&o);
}

/*
 * All that the VM has is what it had at first, but for pages of its own that the kernel, or a CPU,
 * has taken back meanwhile
 */
static void expect_start(struct svm *t, const struct drm_vsvm_vm_stats *start)
{
	struct drm_vsvm_vm_stats now = svm_sync_stats(t);

	igt_assert_lte_u64(now.pages, start->pages);
	if (!vsvm_is_vma_policy())
		return;
	igt_assert_eq_u64(now.intervals, start->intervals);
	igt_assert_eq_u64(now.interval_bytes, start->interval_bytes);
	igt_assert_eq_u64(now.pt_bytes, start->pt_bytes);
}

/* Let the process have so many mappings; returns what to restore, or 0 */
static unsigned long allow_mappings(unsigned long count)
{
	FILE *f = fopen(MAX_MAP_COUNT, "r+");
	unsigned long was;

	igt_assert_f(f && fscanf(f, "%lu", &was) == 1, MAX_MAP_COUNT ": %m\n");
	if (was < count) {
		rewind(f);
		fprintf(f, "%lu\n", count);
	}
	igt_assert_eq(fclose(f), 0);
	return was < count ? was : 0;
}

static void restore_mappings(unsigned long count)
{
	FILE *f = count ? fopen(MAX_MAP_COUNT, "w") : NULL;

	if (!f)
		return;
	fprintf(f, "%lu\n", count);
	fclose(f);
}

/* What the GPU reads in the first word of pages, by waves that fault on 64 of them at a time */
static void gpu_words(struct svm *t, const struct vsvm_program *program, const void *p,
		      uint32_t *words, unsigned int count)
{
	memset(words, 0xff, count * sizeof(*words));
	svm_dispatch(t, program, p, vsvm_ptr(words), count);
}

/*
 * A mapping for each page: neighbours are of pages of a file that are not neighbours. Then every
 * third one goes, and then all.
 */
static void test_sixty_thousand(int fd)
{
	const unsigned int many = access("/sys/kernel/debug/kmemleak", F_OK) ? MANY : MANY_CHECKED;
	const unsigned long was = allow_mappings(many + 2000);
	const unsigned int file_pages = 509, step = 7;
	struct vsvm_program *program = svm_load_program(PAGE);
	int file = memfd_create("vsvm", MFD_CLOEXEC);
	const size_t size = many * PAGE;
	struct drm_vsvm_vm_stats start, full;
	uint8_t *p = svm_buffer(size);
	uint32_t *words, word;
	struct svm t;

	words = svm_buffer(many * sizeof(*words));
	svm_init(&t, fd);
	igt_assert_fd(file);
	igt_assert_eq(ftruncate(file, file_pages * PAGE), 0);
	for (word = 0; word < file_pages; word++)
		igt_assert_eq_s64(pwrite(file, &word, sizeof(word), word * PAGE), sizeof(word));
	/* one packet has all of it, and takes as long as it takes */
	vsvm_queue_destroy(fd, t.ctx.queue);
	t.ctx.queue = vsvm_queue_create_on(fd, t.ctx.vm, DRM_VSVM_ENGINE_ANY, ~0ull);
	/* the program and the results have their intervals before anything is counted */
	svm_fill(&t, words, many * sizeof(*words), 0);
	gpu_words(&t, program, t.scratch, words, VSVM_WAVE_LANES);
	start = svm_sync_stats(&t);
	for (unsigned int i = 0; i < many; i++)
		igt_assert(mmap(p + i * PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, file,
				(i * step % file_pages) * PAGE) == p + i * PAGE);
	gpu_words(&t, program, p, words, many);
	for (unsigned int i = 0; i < many; i++)
		igt_assert_eq_u32(words[i], i * step % file_pages);
	full = svm_sync_stats(&t);
	igt_assert_eq_u64(full.pages, start.pages + many);
	if (vsvm_is_vma_policy())
		igt_assert_eq_u64(full.intervals, start.intervals + many);
	expect_like_maps(&t, p, size, many);

	for (unsigned int i = 0; i < many; i += 3)
		vsvm_unmap(p + i * PAGE, PAGE);
	full = svm_sync_stats(&t);
	igt_assert_eq_u64(full.pages, start.pages + many - (many + 2) / 3);
	expect_like_maps(&t, p, size, many);
	svm_expect_error(&t, p, VSVM_ACCESS_READ, VSVM_ERROR_UNMAPPED);
	svm_expect_error(&t, p + (many / 2 / 3 * 3) * PAGE, VSVM_ACCESS_WRITE, VSVM_ERROR_UNMAPPED);
	/* the others work, and are where they belong */
	svm_read_pages(&t, p + PAGE, many / 3 / 8, 3 * 8 * PAGE);
	for (unsigned int i = 0; i < many / 3 / 8; i++)
		igt_assert_eq_u64(t.scratch[i], (24 * i + 1) * step % file_pages);
	svm_write(&t, p + PAGE + 8, 0x600d);
	igt_assert_eq_u64(*(uint64_t *)(p + PAGE + 8), 0x600d);

	svm_buffer_free(p, size);
	expect_start(&t, &start);
	svm_buffer_free(words, many * sizeof(*words));
	svm_fini(&t);
	close(file);
	free(program);
	restore_mappings(was);
}

/* Rights that alternate every two pages, and move on: a split or merge is told to nobody */
static void test_alternating(int fd)
{
	static const int prots[] = { RW, PROT_READ, RW, PROT_NONE };
	const unsigned int pages = 512, rounds = 6;
	const size_t size = pages * PAGE;
	struct drm_vsvm_vm_stats start;
	uint8_t *p = svm_buffer(size);
	struct svm t;

	svm_init(&t, fd);
	start = svm_sync_stats(&t);
	svm_number_pages(p, pages, 1);
	for (unsigned int round = 0; round < rounds; round++) {
		const unsigned int left = pages - round;

		for (unsigned int i = 0; i < left; i++)
			igt_assert_eq(mprotect(p + i * PAGE, PAGE, prots[(i / 2 + round) % 4]), 0);
		svm_stream(&t);
		for (unsigned int i = 0; i < left; i++) {
			int prot = prots[(i / 2 + round) % 4];

			if (prot == RW)
				vsvm_emit_fill(&t.s, vsvm_ptr(p + i * PAGE + 8), 8, 100 * round + i,
					       8);
			if (prot != PROT_NONE)
				vsvm_emit_copy(&t.s, vsvm_ptr(&t.scratch[2 * i]),
					       vsvm_ptr(p + i * PAGE), 16);
		}
		vsvm_run(&t.ctx, &t.s);
		for (unsigned int i = 0; i < left; i++) {
			int prot = prots[(i / 2 + round) % 4];

			if (prot != PROT_NONE)
				igt_assert_eq_u64(t.scratch[2 * i], i + 1);
			if (prot == RW)
				igt_assert_eq_u64(t.scratch[2 * i + 1], 100 * round + i);
		}
		for (unsigned int i = 0; i < 8; i++) {
			int prot = prots[(i / 2 + round) % 4];

			if (prot != RW)
				svm_expect_error(&t, p + i * PAGE, VSVM_ACCESS_WRITE,
						 VSVM_ERROR_PERMISSION);
		}
		/* an event at last: all the intervals that it concerns follow */
		vsvm_unmap(p + (left - 1) * PAGE, PAGE);
		expect_like_maps(&t, p, size, pages);
	}
	/*
	 * All is one mapping now. When half of the last interval goes, what is left of it takes
	 * in those before it, one after the other, though the GPU has not come by
	 */
	igt_assert_eq(mprotect(p, (pages - rounds) * PAGE, RW), 0);
	vsvm_unmap(p + (pages - rounds - 1) * PAGE, PAGE);
	expect_like_maps(&t, p, size, pages);
	svm_expect_pages(&t, p, pages - rounds - 1, 1);
	expect_like_maps(&t, p, size, pages);
	svm_buffer_free(p, size);
	expect_start(&t, &start);
	svm_fini(&t);
}

/* Every second page of a block, which is one or many, goes, and comes back as other memory */
static void test_every_second(int fd, bool large)
{
	const unsigned int pages = VSVM_2M / PAGE;
	struct drm_vsvm_vm_stats start, now;
	uint8_t *p = svm_buffer(VSVM_2M);
	struct svm t;

	svm_init(&t, fd);
	start = svm_sync_stats(&t);
	igt_assert_eq(madvise(p, VSVM_2M, large ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	svm_number_pages(p, pages, 1);
	/* dirty, all of it */
	vsvm_emit_fill(svm_stream(&t), vsvm_ptr(p), 8, 1, 8);
	for (unsigned int i = 0; i < pages; i++)
		vsvm_emit_fill(&t.s, vsvm_ptr(p + i * PAGE), 8, i + 1, 8);
	vsvm_run(&t.ctx, &t.s);
	for (unsigned int i = 1; i < pages; i += 2)
		vsvm_unmap(p + i * PAGE, PAGE);
	vsvm_vm_sync(fd, t.ctx.vm);
	svm_read_pages(&t, p, pages / 2, 2 * PAGE);
	for (unsigned int i = 0; i < pages / 2; i++)
		igt_assert_eq_u64(t.scratch[i], 2 * i + 1);
	now = svm_sync_stats(&t);
	igt_assert_eq_u64(now.pages, start.pages + pages / 2);
	expect_like_maps(&t, p, VSVM_2M, pages);
	for (unsigned int i = 1; i < pages; i += 102)
		svm_expect_errors(&t, p + i * PAGE, VSVM_ERROR_UNMAPPED);

	for (unsigned int i = 1; i < pages; i += 2)
		svm_map_at(p + i * PAGE, PAGE);
	/* the same again, which makes one mapping of all of them */
	igt_assert_eq(madvise(p, VSVM_2M, large ? MADV_HUGEPAGE : MADV_NOHUGEPAGE), 0);
	svm_read_pages(&t, p, pages, PAGE);
	for (unsigned int i = 0; i < pages; i++)
		igt_assert_eq_u64(t.scratch[i], i % 2 ? 0 : i + 1);
	expect_like_maps(&t, p, VSVM_2M, pages);
	svm_buffer_free(p, VSVM_2M);
	expect_start(&t, &start);
	svm_fini(&t);
}

#define SLOTS		48
#define SLOT_PAGES	4
/* with a gap, so that nothing merges */
#define SLOT_STRIDE	((SLOT_PAGES + 1) * PAGE)

/* Pages change places through mremap, again and again, with the GPU's writes in them */
static void test_shuffle(int fd)
{
	const unsigned int moves = 400, look = 50;
	uint8_t *p = svm_buffer((SLOTS + 1) * SLOT_STRIDE);
	uint64_t number[SLOTS + 1][SLOT_PAGES] = {};
	unsigned int empty = SLOTS;
	struct drm_vsvm_vm_stats start;
	struct vsvm_rng rng = { 42 };
	struct svm t;

	svm_init(&t, fd);
	for (unsigned int i = 0; i <= SLOTS; i++)
		vsvm_unmap(p + i * SLOT_STRIDE + (i == SLOTS ? 0 : SLOT_PAGES * PAGE),
			   i == SLOTS ? SLOT_STRIDE : PAGE);
	start = svm_sync_stats(&t);
	for (unsigned int i = 0; i < SLOTS; i++)
		for (unsigned int j = 0; j < SLOT_PAGES; j++) {
			number[i][j] = i * 1000 + j + 1;
			*(uint64_t *)(p + i * SLOT_STRIDE + j * PAGE) = number[i][j];
		}
	for (unsigned int move = 1; move <= moves; move++) {
		unsigned int from = vsvm_rand(&rng) % (SLOTS + 1), page = vsvm_rand(&rng) %
				    SLOT_PAGES;
		void *to = p + empty * SLOT_STRIDE;

		if (from == empty)
			continue;
		igt_assert(mremap(p + from * SLOT_STRIDE, SLOT_PAGES * PAGE, SLOT_PAGES * PAGE,
				  MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
		memcpy(number[empty], number[from], sizeof(number[0]));
		number[empty][page] += 100000;
		svm_write(&t, to + page * PAGE, number[empty][page]);
		empty = from;
		if (move % look)
			continue;
		svm_stream(&t);
		for (unsigned int i = 0; i <= SLOTS; i++)
			for (unsigned int j = 0; i != empty && j < SLOT_PAGES; j++)
				vsvm_emit_copy(&t.s, vsvm_ptr(&t.scratch[i * SLOT_PAGES + j]),
					       vsvm_ptr(p + i * SLOT_STRIDE + j * PAGE), 8);
		vsvm_run(&t.ctx, &t.s);
		for (unsigned int i = 0; i <= SLOTS; i++)
			for (unsigned int j = 0; i != empty && j < SLOT_PAGES; j++) {
				uint8_t *at = p + i * SLOT_STRIDE + j * PAGE;

				igt_assert_eq_u64(t.scratch[i * SLOT_PAGES + j], number[i][j]);
				igt_assert_eq_u64(*(uint64_t *)at, number[i][j]);
			}
		expect_like_maps(&t, p, (SLOTS + 1) * SLOT_STRIDE, SLOTS + 1);
		igt_assert_eq_u64(svm_stats(&t).pages, start.pages + SLOTS * SLOT_PAGES);
		svm_expect_error(&t, p + empty * SLOT_STRIDE, VSVM_ACCESS_READ,
				 VSVM_ERROR_UNMAPPED);
	}
	svm_buffer_free(p, (SLOTS + 1) * SLOT_STRIDE);
	expect_start(&t, &start);
	svm_fini(&t);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_open();

	igt_describe("A process with as many mappings as it may have cannot use them all");
	igt_subtest("sixty-thousand")
		test_sixty_thousand(fd);
	igt_describe("Rights that alternate leave intervals that are no mappings");
	igt_subtest("alternating")
		test_alternating(fd);
	igt_describe("Small pages of which every second goes and comes back are mixed up");
	igt_subtest("every-second")
		test_every_second(fd, false);
	igt_describe("A large page of which every second part goes and comes back is mixed up");
	igt_subtest("every-second-huge")
		test_every_second(fd, true);
	igt_describe("Memory that is moved about is lost, or its intervals stay where it was");
	igt_subtest("shuffle")
		test_shuffle(fd);

	igt_fixture()
		drm_close_driver(fd);
}
