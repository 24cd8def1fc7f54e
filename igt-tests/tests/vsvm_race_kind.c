// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm race kind
 * Description: Memory of another kind takes the place of what went, before anybody has looked
 *
 * munmap() and mmap() at the same address. "fault": while a fault has the old page in hand.
 * "used": before the deferred update for the munmap has begun, and the GPU uses the new memory by
 * then. "looked": when the update has looked and found nothing, so that the interval is to go.
 */
#include "vsvm_race.h"

IGT_TEST_DESCRIPTION("Memory of another kind takes the place of what went");

#define SIZE	VSVM_2M
/* Somewhere in the middle */
#define AT	(100 * PAGE)

enum kind {
	ANON, READONLY, NONE, SHMEM, FILE_PRIVATE, FILE_SHARED, BEYOND, HUGETLB, THP, NUM_KINDS
};

static const struct {
	const char *name;
	int prot;
	/* what an access dies of, if it does */
	uint32_t read, write;
} kinds[NUM_KINDS] = {
	[ANON] = { "anon", RW },
	[READONLY] = { "readonly", PROT_READ, .write = VSVM_ERROR_PERMISSION },
	[NONE] = { "none", PROT_NONE, VSVM_ERROR_PERMISSION, VSVM_ERROR_PERMISSION },
	[SHMEM] = { "shmem", RW },
	[FILE_PRIVATE] = { "file-private", RW },
	[FILE_SHARED] = { "file-shared", RW },
	[BEYOND] = { "file-beyond", RW, VSVM_ERROR_BUS, VSVM_ERROR_BUS },
	[HUGETLB] = { "hugetlb", RW },
	[THP] = { "thp", RW },
};

/**
 * struct place - an address at which memory changes its kind
 */
struct place {
	/** @t: VM */
	struct svm t;
	/** @p: the place, %SIZE bytes */
	uint8_t *p;
	/** @want: what is there to be read */
	uint8_t *want;
	/** @got: for what the GPU reads */
	uint8_t *got;
	/** @file: of the new memory, or -1 */
	int file;
};

static void huge_pages(int change)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "r+");
	long count;

	igt_require_f(f && fscanf(f, "%ld", &count) == 1, "nr_hugepages: %m\n");
	rewind(f);
	fprintf(f, "%ld\n", count + change);
	fclose(f);
}

static void place_begin(struct place *l, int fd, enum kind kind)
{
	struct vsvm_rng rng = { 100 + kind };

	l->file = -1;
	l->p = svm_buffer(SIZE);
	l->want = svm_buffer(SIZE);
	l->got = svm_buffer(SIZE);
	if (kind == HUGETLB)
		huge_pages(1);
	race_init(&l->t, fd);
	/* the old memory, which the GPU has */
	igt_assert_eq(madvise(l->p, SIZE, MADV_NOHUGEPAGE), 0);
	svm_fill(&l->t, l->p, SIZE, 0x01d01d01d01d);
	/* and which can be there again: everything that follows is another thing */
	vsvm_rand_fill(&rng, l->want, SIZE);
	if (kind == READONLY)
		memset(l->want, 0, SIZE);
	svm_fill(&l->t, l->got, SIZE, 0);
	svm_copy(&l->t, l->got, l->want, SIZE);
	vsvm_vm_sync(fd, l->t.ctx.vm);
}

static void place_end(struct place *l, enum kind kind)
{
	const struct drm_vsvm_vm_stats before = svm_sync_stats(&l->t);
	const unsigned int there = svm_intervals_in(&l->t, l->p, SIZE, NULL, 0);

	/* what happens now is heard, and then all is gone */
	vsvm_unmap(l->p, SIZE);
	svm_expect_errors(&l->t, l->p + AT, VSVM_ERROR_UNMAPPED);
	if (vsvm_is_vma_policy()) {
		igt_assert_eq_u64(svm_sync_stats(&l->t).intervals, before.intervals - there);
		igt_assert_eq(svm_intervals_in(&l->t, l->p, SIZE, NULL, 0), 0);
	}
	if (l->file >= 0)
		close(l->file);
	svm_fini(&l->t);
	if (kind == HUGETLB)
		huge_pages(-1);
	svm_buffer_free(l->p, SIZE);
	svm_buffer_free(l->want, SIZE);
	svm_buffer_free(l->got, SIZE);
}

static void file_fill(struct place *l)
{
	igt_assert_eq(ftruncate(l->file, SIZE), 0);
	igt_assert_eq_s64(pwrite(l->file, l->want, SIZE, 0), SIZE);
}

static void place_map(struct place *l, enum kind which, int flags)
{
	if (l->file < 0)
		flags |= MAP_ANONYMOUS;
	igt_assert(mmap(l->p, SIZE, kinds[which].prot, flags | MAP_FIXED, l->file, 0) == l->p);
}

/* The old memory goes, and this comes */
static void place_change(struct place *l, enum kind kind)
{
	vsvm_unmap(l->p, SIZE);
	switch (kind) {
	case SHMEM:
		l->file = memfd_create("vsvm", MFD_CLOEXEC);
		file_fill(l);
		place_map(l, kind, MAP_SHARED);
		break;
	case FILE_PRIVATE:
	case FILE_SHARED:
		l->file = svm_temp_file(SIZE);
		file_fill(l);
		place_map(l, kind, kind == FILE_SHARED ? MAP_SHARED : MAP_PRIVATE);
		break;
	case BEYOND:
		l->file = memfd_create("vsvm", MFD_CLOEXEC);
		place_map(l, kind, MAP_SHARED);
		break;
	case HUGETLB:
		l->file = memfd_create("vsvm", MFD_CLOEXEC | MFD_HUGETLB);
		igt_assert_eq(ftruncate(l->file, SIZE), 0);
		place_map(l, kind, MAP_SHARED);
		memcpy(l->p, l->want, SIZE);
		break;
	default:
		place_map(l, kind, MAP_PRIVATE);
		if (kind != READONLY && kind != NONE) {
			igt_assert_eq(madvise(l->p, SIZE, kind == THP ? MADV_HUGEPAGE :
								       MADV_NOHUGEPAGE), 0);
			memcpy(l->p, l->want, SIZE);
		}
	}
}

/* The GPU has what is there now, and nothing else */
static void place_expect(struct place *l, enum kind kind)
{
	uint64_t *word = (uint64_t *)(l->p + AT), in_file = 0;

	if (kinds[kind].read) {
		svm_expect_error(&l->t, word, VSVM_ACCESS_READ, kinds[kind].read);
	} else {
		svm_fill(&l->t, l->got, SIZE, 0);
		svm_copy(&l->t, l->got, l->p, SIZE);
		igt_assert(!memcmp(l->got, l->want, SIZE));
	}
	if (kinds[kind].write) {
		svm_expect_error(&l->t, word, VSVM_ACCESS_WRITE, kinds[kind].write);
		return;
	}
	svm_write(&l->t, word, 0x600d);
	igt_assert_eq_u64(*word, 0x600d);
	if (kind == SHMEM || kind == FILE_PRIVATE || kind == FILE_SHARED) {
		igt_assert_eq_s64(pread(l->file, &in_file, 8, AT), 8);
		igt_assert_eq(in_file == 0x600d, kind != FILE_PRIVATE);
	}
	memcpy(l->want + AT, word, 8);
}

static void test_fault(int fd, enum kind kind)
{
	struct vsvm_hold hold;
	struct place l;
	uint64_t seqno;

	place_begin(&l, fd, kind);
	/* the entries go, the pages stay */
	igt_assert_eq(mprotect(l.p, SIZE, PROT_READ), 0);
	igt_assert_eq(mprotect(l.p, SIZE, RW), 0);
	race_arm(&hold, &l.t, "fault-pages", l.p + AT, PAGE);
	seqno = race_read(&l.t, l.p + AT);
	vsvm_hold_wait(&hold);
	place_change(&l, kind);
	vsvm_hold_release(&hold);
	if (kinds[kind].read)
		race_expect_error(&l.t, kinds[kind].read, VSVM_ACCESS_READ, l.p + AT);
	else
		race_expect_value(&l.t, seqno, *(uint64_t *)(l.want + AT));
	place_expect(&l, kind);
	vsvm_vm_sync(fd, l.t.ctx.vm);
	place_expect(&l, kind);
	if (!kinds[kind].read)
		svm_expect_interval(&l.t, l.p, SIZE);
	place_end(&l, kind);
}

static void test_used(int fd, enum kind kind)
{
	struct drm_vsvm_vm_stats before, after;
	struct vsvm_hold hold;
	struct place l;

	place_begin(&l, fd, kind);
	vsvm_hold_arm(&hold, fd, l.t.ctx.vm, "update");
	place_change(&l, kind);
	vsvm_hold_wait(&hold);
	place_expect(&l, kind);
	igt_assert(vsvm_hold_is_held(&hold));
	svm_settle(&l.t);
	before = svm_stats(&l.t);
	vsvm_hold_release(&hold);
	after = svm_sync_stats(&l.t);
	/* what it is about has gone: the new memory is left alone */
	igt_assert_eq_u64(after.pages, before.pages);
	if (!kinds[kind].read)
		svm_expect_interval(&l.t, l.p, SIZE);
	place_expect(&l, kind);
	place_end(&l, kind);
}

static void test_looked(int fd, enum kind kind)
{
	struct drm_vsvm_vm_stats before, after;
	struct vsvm_hold hold;
	struct place l;
	uint64_t seqno;

	vsvm_require_vma_policy();
	place_begin(&l, fd, kind);
	before = svm_stats(&l.t);
	race_arm(&hold, &l.t, "update-vmas", l.p, SIZE);
	vsvm_unmap(l.p, SIZE);
	vsvm_hold_wait(&hold);
	place_change(&l, kind);
	seqno = race_read(&l.t, l.p + AT);
	race_wait_faults(&l.t, &before, 1);
	vsvm_hold_release(&hold);
	if (kinds[kind].read)
		race_expect_error(&l.t, kinds[kind].read, VSVM_ACCESS_READ, l.p + AT);
	else
		race_expect_value(&l.t, seqno, *(uint64_t *)(l.want + AT));
	after = svm_sync_stats(&l.t);
	igt_assert_eq_u64(after.intervals_removed, before.intervals_removed + 1);
	place_expect(&l, kind);
	/* the update took nothing of it; what no access may have has got no interval */
	if (!kinds[kind].read || kind == BEYOND)
		svm_expect_interval(&l.t, l.p, SIZE);
	else
		igt_assert_eq(svm_intervals_in(&l.t, l.p, SIZE, NULL, 0), 0);
	place_end(&l, kind);
}

/*
 * Every second page goes, and other memory is in the holes before the update for the first of them
 * has begun, or when it has looked and knows of the first hole alone
 */
static void test_holes(int fd, const char *point)
{
	const unsigned int pages = SIZE / PAGE;
	int file = memfd_create("vsvm", MFD_CLOEXEC);
	struct drm_vsvm_vm_stats before;
	uint8_t *p = svm_buffer(SIZE);
	struct drm_vsvm_interval *list;
	struct vsvm_hold hold;
	struct svm_vma *vmas;
	unsigned int count;
	uint64_t seqno;
	struct svm t;

	igt_assert_fd(file);
	igt_assert_eq(ftruncate(file, SIZE), 0);
	for (uint64_t i = 0, word; i < pages; i++) {
		word = 5000 + i;
		igt_assert_eq_s64(pwrite(file, &word, 8, i * PAGE), 8);
	}
	race_init(&t, fd);
	svm_number_pages(p, pages, 1);
	svm_expect_pages(&t, p, pages, 1);
	before = svm_stats(&t);
	vsvm_hold_arm(&hold, fd, t.ctx.vm, point);
	vsvm_unmap(p + PAGE, PAGE);
	vsvm_hold_wait(&hold);
	for (unsigned int i = 1; i < pages; i += 2) {
		void *at = p + i * PAGE;

		vsvm_unmap(at, PAGE);
		/* from the end of the file on, so that nothing merges */
		igt_assert(mmap(at, PAGE, RW, MAP_SHARED | MAP_FIXED, file,
				(pages - i) * PAGE) == at);
	}
	svm_stream(&t);
	for (unsigned int i = 0; i < pages; i++)
		vsvm_emit_copy(&t.s, vsvm_ptr(&t.scratch[i]), vsvm_ptr(p + i * PAGE), 8);
	seqno = vsvm_submit(&t.ctx, &t.s);
	race_wait_faults(&t, &before, 1);
	vsvm_hold_release(&hold);
	vsvm_finish(&t.ctx, seqno);
	for (unsigned int i = 0; i < pages; i++)
		igt_assert_eq_u64(t.scratch[i], i % 2 ? 5000 + pages - i : i + 1);
	vsvm_vm_sync(fd, t.ctx.vm);
	if (vsvm_is_vma_policy()) {
		list = malloc(pages * sizeof(*list));
		vmas = malloc(pages * sizeof(*vmas));
		count = svm_vmas_in(p, SIZE, vmas, pages);
		igt_assert_eq(count, pages);
		igt_assert_eq(svm_intervals_in(&t, p, SIZE, list, pages), count);
		for (unsigned int i = 0; i < count; i++) {
			igt_assert_eq_u64(list[i].start, vmas[i].start);
			igt_assert_eq_u64(list[i].end, vmas[i].end);
		}
		free(list);
		free(vmas);
	}
	svm_buffer_free(p, SIZE);
	igt_assert_eq_u64(svm_sync_stats(&t).pages, before.pages - pages);
	svm_fini(&t);
	close(file);
}

int igt_main()
{
	int fd = -1;

	igt_fixture()
		fd = vsvm_hold_setup();

	for (enum kind kind = 0; kind < NUM_KINDS; kind++) {
		igt_describe_f("The GPU has an old page where %s memory is now", kinds[kind].name);
		igt_subtest_f("fault-%s", kinds[kind].name)
			test_fault(fd, kind);
		igt_describe_f("An update for old memory takes %s memory away", kinds[kind].name);
		igt_subtest_f("used-%s", kinds[kind].name)
			test_used(fd, kind);
		igt_describe_f("%s memory has no interval, because there was nothing a moment ago",
			       kinds[kind].name);
		igt_subtest_f("looked-%s", kinds[kind].name)
			test_looked(fd, kind);
	}
	igt_describe("Memory in the holes of other memory is lost when the update comes late");
	igt_subtest("holes-update")
		test_holes(fd, "update");
	igt_describe("Memory in holes that an update did not know of has a wrong interval");
	igt_subtest("holes-update-vmas") {
		vsvm_require_vma_policy();
		test_holes(fd, "update-vmas");
	}

	igt_fixture()
		vsvm_hold_teardown(fd);
}
