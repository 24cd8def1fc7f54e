// SPDX-License-Identifier: MIT
/**
 * TEST: vsvm vram density
 * Description: How much goes to VRAM with what the GPU asks for, and whether it was worth it
 *
 * How much is there after each access is compared with a model, which looks at all trees of a block
 * anew each time.
 */
#include "vsvm_vram.h"

IGT_TEST_DESCRIPTION("How much goes to VRAM with what the GPU asks for, and was it worth it");

#define LEAF_PAGES	16u
#define PERCENT		"/sys/module/vsvm/parameters/density_percent"

/**
 * struct model - where the pages of a block ought to be
 */
struct model {
	/** @t: the VM */
	struct svm *t;
	/** @p: the block */
	uint8_t *p;
	/** @there: the CPU has, or had, the page */
	bool there[BLOCK_PAGES];
	/** @vram: it is in VRAM */
	bool vram[BLOCK_PAGES];
	/** @percent: what is dense */
	unsigned int percent;
	/** @moved: pages that have moved in all */
	uint64_t moved;
	/** @ahead: of these, those that nobody asked for */
	uint64_t ahead;
};

/* Is the tree of @size pages around a page dense, the leaf of the page counted? */
static bool model_is_dense(const struct model *m, unsigned int page, unsigned int size)
{
	unsigned int first = page / size * size, full = 0;

	for (unsigned int i = first; i < first + size; i++)
		full += m->vram[i] || i / LEAF_PAGES == page / LEAF_PAGES;
	return full * 100 > size * m->percent;
}

/* The GPU accesses a page */
static void model_access(struct model *m, unsigned int page)
{
	unsigned int size = LEAF_PAGES, first;

	if (m->vram[page])
		return;
	for (unsigned int tree = BLOCK_PAGES; tree > LEAF_PAGES && size == LEAF_PAGES; tree /= 2)
		if (model_is_dense(m, page, tree))
			size = tree;
	first = page / size * size;
	for (unsigned int i = first; i < first + size; i++) {
		if (m->vram[i] || !(m->there[i] || i == page))
			continue;
		m->vram[i] = true;
		m->moved++;
		m->ahead += i != page;
	}
}

static unsigned int model_pages(const struct model *m)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < BLOCK_PAGES; i++)
		count += m->vram[i];
	return count;
}

static uint64_t *word(const struct model *m, unsigned int page)
{
	return (uint64_t *)(m->p + page * PAGE);
}

/* A block of 4K pages that is wanted in VRAM; the CPU has each of which @has says so */
static void model_init(struct model *m, struct svm *t, bool (*has)(unsigned int page))
{
	*m = (struct model){ .t = t, .p = vram_buffer(t, BLOCK_PAGES), .percent = 50 };
	for (unsigned int i = 0; i < BLOCK_PAGES; i++) {
		m->there[i] = !has || has(i);
		if (m->there[i])
			*word(m, i) = 100 + i;
	}
}

static void model_expect(struct model *m)
{
	struct drm_vsvm_vm_stats stats = svm_stats(m->t);

	igt_assert_eq_u64(stats.vram_pages, model_pages(m));
	igt_assert_eq_u64(stats.pages_to_vram, m->moved);
	igt_assert_eq_u64(stats.pages_ahead, m->ahead);
}

/* The GPU reads a page, and as much moves as the model says */
static void model_read(struct model *m, unsigned int page)
{
	bool made = !m->there[page] && !m->vram[page];

	model_access(m, page);
	igt_assert_eq_u64(svm_read(m->t, word(m, page)), made ? 0 : 100 + page);
	if (made)
		svm_write(m->t, word(m, page), 100 + page);
	m->there[page] = true;
	model_expect(m);
}

static void model_fini(struct model *m)
{
	/* nothing is lost, and nothing came from nowhere */
	for (unsigned int i = 0; i < BLOCK_PAGES; i++)
		igt_assert_eq_u64(*word(m, i), m->there[i] ? 100 + i : 0);
	svm_buffer_free(m->p, VSVM_2M);
	vram_expect_pages(m->t, 0);
}

static void test_sequential(int fd, bool reverse)
{
	static const unsigned int steps[] = { 16, 32, 64, 128, 256, 512 };
	unsigned int step = 0, seen = 0, pages;
	struct model m;
	struct svm t;

	svm_init(&t, fd);
	model_init(&m, &t, NULL);
	for (unsigned int i = 0; i < BLOCK_PAGES; i++) {
		model_read(&m, reverse ? BLOCK_PAGES - 1 - i : i);
		pages = svm_stats(&t).vram_pages;
		if (pages == seen)
			continue;
		igt_assert_lt(step, ARRAY_SIZE(steps));
		igt_assert_eq_u64(pages, steps[step++]);
		seen = pages;
	}
	igt_assert_eq(step, ARRAY_SIZE(steps));
	/* one page of each step was asked for */
	igt_assert_eq_u64(svm_stats(&t).pages_ahead, BLOCK_PAGES - step);
	model_fini(&m);
	svm_fini(&t);
}

enum stream { STREAM_NEXT, STREAM_LEAF, STREAM_FAR, STREAM_HALF, STREAM_UNUSED, STREAM_ATTR,
	      STREAM_UNMAPPED, NUM_STREAMS };

static const char *const stream_names[] = {
	"next", "leaf", "far", "half", "unused", "attr", "unmapped",
};

/*
 * Who has gone through a block has the next one at once: its first 64K are enough, but it has to be
 * these, of memory that is still there, and the block before has to have moved to its end, and its
 * second half to be used
 */
static void test_stream(int fd, enum stream how, bool reverse)
{
	const unsigned int half = how == STREAM_HALF ? BLOCK_PAGES / 2 : BLOCK_PAGES;
	const unsigned int page = how == STREAM_FAR ? LEAF_PAGES :
				  how == STREAM_LEAF ? LEAF_PAGES - 1 : 0;
	unsigned int more = LEAF_PAGES;
	uint8_t *p, *first, *next;
	struct svm t;

	svm_init(&t, fd);
	p = vram_buffer(&t, 2 * BLOCK_PAGES);
	svm_number_pages(p, 2 * BLOCK_PAGES, 100);
	first = reverse ? p + 2 * VSVM_2M - PAGE : p;
	next = reverse ? p + VSVM_2M - PAGE - page * PAGE : p + VSVM_2M + page * PAGE;
	if (how == STREAM_UNUSED)
		vram_prefetch(&t, reverse ? p + VSVM_2M : p, VSVM_2M);
	/* by 64K, 64K, 128K, ..., and the second half; or what is there, but not that */
	for (unsigned int i = 0; i < (how == STREAM_UNUSED ? half / 2 : half);
	     i = i ? 2 * i : LEAF_PAGES) {
		uint8_t *at = reverse ? first - i * PAGE : first + i * PAGE;

		igt_assert_eq_u64(svm_read(&t, at), 100 + (at - p) / PAGE);
	}
	vram_expect_pages(&t, half);
	if (how == STREAM_ATTR)
		igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p, 2 * VSVM_2M, DRM_VSVM_ATTR_GRANULARITY,
					  15), 0);
	if (how == STREAM_UNMAPPED) {
		uint8_t *gone = reverse ? p + VSVM_2M : p;

		igt_assert_eq(munmap(gone, VSVM_2M), 0);
		vsvm_vm_sync(fd, t.ctx.vm);
		igt_assert(mmap(gone, VSVM_2M, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				0) == gone);
		vram_expect_pages(&t, 0);
	}
	igt_assert_eq_u64(svm_read(&t, next), 100 + (next - p) / PAGE);
	if (how == STREAM_NEXT || how == STREAM_LEAF)
		more = BLOCK_PAGES;
	if (how == STREAM_ATTR)
		more = 8;
	vram_expect_pages(&t, (how == STREAM_UNMAPPED ? 0 : half) + more);
	if (how != STREAM_UNMAPPED)
		svm_expect_pages(&t, p, 2 * BLOCK_PAGES, 100);
	svm_buffer_free(p, 2 * VSVM_2M);
	vram_expect_pages(&t, 0);
	svm_fini(&t);
}

/* A word of each block, after one that has moved whole: none of them is used to its end */
static void test_stride(int fd, bool reverse)
{
	const unsigned int blocks = 6;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, blocks * BLOCK_PAGES);
	svm_number_pages(p, blocks * BLOCK_PAGES, 100);
	vram_prefetch(&t, reverse ? p + (blocks - 1) * VSVM_2M : p, VSVM_2M);
	for (unsigned int i = 1; i < blocks; i++) {
		svm_read(&t, reverse ? p + (blocks - i) * VSVM_2M - PAGE : p + i * VSVM_2M);
		vram_expect_pages(&t, BLOCK_PAGES + i * LEAF_PAGES);
	}
	svm_buffer_free(p, blocks * VSVM_2M);
	svm_fini(&t);
}

/* What a prefetch asks for, and the rest of the last 64K, but not the block that it ends in */
static void test_prefetch(int fd)
{
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, 2 * BLOCK_PAGES);
	svm_number_pages(p, 2 * BLOCK_PAGES, 100);
	vram_prefetch(&t, p, VSVM_2M);
	svm_expect_pages(&t, p, BLOCK_PAGES, 100);
	vram_prefetch(&t, p, VSVM_2M + PAGE);
	vram_expect_pages(&t, BLOCK_PAGES + LEAF_PAGES);
	svm_buffer_free(p, 2 * VSVM_2M);
	svm_fini(&t);
}

/* Every other 64K is half of each tree, which is not enough; one more page is */
static void test_alternate(int fd)
{
	struct model m;
	struct svm t;

	svm_init(&t, fd);
	model_init(&m, &t, NULL);
	for (unsigned int i = 0; i < BLOCK_PAGES; i += 2 * LEAF_PAGES) {
		model_read(&m, i + 5);
		vram_expect_pages(&t, i / 2 + LEAF_PAGES);
	}
	vram_expect_pages(&t, BLOCK_PAGES / 2);
	for (unsigned int i = 0; i < BLOCK_PAGES; i += 2 * LEAF_PAGES)
		model_read(&m, i);
	vram_expect_pages(&t, BLOCK_PAGES / 2);
	model_read(&m, 3 * LEAF_PAGES + 7);
	vram_expect_pages(&t, BLOCK_PAGES);
	model_fini(&m);
	svm_fini(&t);
}

static void test_random(int fd, unsigned int seed, unsigned int percent)
{
	struct vsvm_rng rng = { seed };
	struct model m;
	struct svm t;

	vsvm_set(PERCENT, "%u", percent);
	svm_init(&t, fd);
	model_init(&m, &t, NULL);
	m.percent = percent;
	for (unsigned int i = 0; i < 64; i++)
		model_read(&m, vsvm_rand(&rng) % BLOCK_PAGES);
	model_fini(&m);
	svm_fini(&t);
	vsvm_set_back();
}

/* A few pages of each leaf, none of some */
static bool is_sparse(unsigned int page)
{
	return page / LEAF_PAGES % 5 && page % 3 == 1;
}

/* Nobody's pages do not come into being, but for those that are asked for */
static void test_sparse(int fd)
{
	struct vsvm_rng rng = { 11 };
	struct model m;
	struct svm t;

	svm_init(&t, fd);
	model_init(&m, &t, is_sparse);
	for (unsigned int i = 0; i < 64; i++)
		model_read(&m, vsvm_rand(&rng) % BLOCK_PAGES);
	model_fini(&m);
	svm_fini(&t);
}

/* A mapping that is only a part of a block: what is not of it does not count */
static void test_bounds(int fd)
{
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, 40);
	svm_number_pages(p, 40, 100);
	igt_assert_eq_u64(svm_read(&t, p + 3 * PAGE), 103);
	vram_expect_pages(&t, 16);
	/* the last 8 pages are the whole of the tree beyond; with the first 16 they are 24 of 40 */
	igt_assert_eq_u64(svm_read(&t, p + 39 * PAGE), 139);
	vram_expect_pages(&t, 40);
	igt_assert_eq_u64(svm_stats(&t).pages_ahead, 38);
	svm_expect_pages(&t, p, 40, 100);
	vram_check(p, 40, 100);
	svm_buffer_free(p, 40 * PAGE);
	svm_fini(&t);
}

/* Another wish in the middle of the block: the trees end there */
static void test_attr(int fd)
{
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, BLOCK_PAGES);
	svm_number_pages(p, BLOCK_PAGES, 100);
	igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p + 64 * PAGE, 448 * PAGE, DRM_VSVM_ATTR_LOCATION,
				  DRM_VSVM_LOCATION_SYSTEM), 0);
	for (unsigned int i = 0; i < 64; i += LEAF_PAGES)
		igt_assert_eq_u64(svm_read(&t, p + i * PAGE), 100 + i);
	vram_expect_pages(&t, 64);
	svm_expect_pages(&t, p, BLOCK_PAGES, 100);
	vram_expect_pages(&t, 64);
	vram_check(p, BLOCK_PAGES, 100);
	svm_buffer_free(p, VSVM_2M);
	svm_fini(&t);
}

/* What the program says goes before */
static void test_granularity(int fd, unsigned int order)
{
	const unsigned int together = 1u << (order - 12);
	struct drm_vsvm_vm_stats stats;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, BLOCK_PAGES);
	igt_assert_eq(__vsvm_attr(fd, t.ctx.vm, p, VSVM_2M, DRM_VSVM_ATTR_GRANULARITY, order), 0);
	svm_number_pages(p, BLOCK_PAGES, 100);
	for (unsigned int i = 0; i < BLOCK_PAGES / together; i++) {
		igt_assert_eq_u64(svm_read(&t, p + i * together * PAGE), 100 + i * together);
		stats = svm_stats(&t);
		igt_assert_eq_u64(stats.vram_pages, (i + 1) * together);
		igt_assert_eq_u64(stats.pages_ahead, (i + 1) * (together - 1));
	}
	svm_expect_pages(&t, p, BLOCK_PAGES, 100);
	vram_check(p, BLOCK_PAGES, 100);
	svm_buffer_free(p, VSVM_2M);
	svm_fini(&t);
}

/* One page of 2M goes whole, whatever is asked of it, and nothing of it is ahead */
static void test_huge(int fd)
{
	struct drm_vsvm_vm_stats stats;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_huge(&t, 1);
	svm_number_pages(p, BLOCK_PAGES, 100);
	igt_assert_eq_u64(svm_read(&t, p + 300 * PAGE), 400);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.vram_pages, BLOCK_PAGES);
	igt_assert_eq_u64(stats.pages_2m, BLOCK_PAGES);
	igt_assert_eq_u64(stats.pages_ahead, 0);
	vram_check(p, BLOCK_PAGES, 100);
	igt_assert_eq_u64(vsvm_huge_kib(p), VSVM_2M / 1024);
	svm_buffer_free(p, VSVM_2M);
	svm_fini(&t);
}

static void test_percent(int fd, unsigned int percent, unsigned int pages)
{
	struct svm t;
	uint8_t *p;

	vsvm_set(PERCENT, "%u", percent);
	svm_init(&t, fd);
	p = vram_buffer(&t, BLOCK_PAGES);
	svm_number_pages(p, BLOCK_PAGES, 100);
	igt_assert_eq_u64(svm_read(&t, p), 100);
	vram_expect_pages(&t, LEAF_PAGES < pages ? pages : LEAF_PAGES);
	igt_assert_eq_u64(svm_read(&t, p + LEAF_PAGES * PAGE), 100 + LEAF_PAGES);
	vram_expect_pages(&t, 2 * LEAF_PAGES < pages ? pages : 2 * LEAF_PAGES);
	vram_check(p, BLOCK_PAGES, 100);
	svm_buffer_free(p, VSVM_2M);
	svm_fini(&t);
	vsvm_set_back();
}

/* How a page that was moved ahead leaves VRAM, or stays */
enum leave { LEAVE_MUNMAP, LEAVE_DONTNEED, LEAVE_CPU, LEAVE_ATTR, LEAVE_BACK, NUM_LEAVES };

static const char *const leave_names[] = { "munmap", "dontneed", "cpu", "attr", "prefetch" };

static void leave(struct svm *t, enum leave how, uint8_t *p, size_t size)
{
	switch (how) {
	case LEAVE_MUNMAP:
		vsvm_unmap(p, size);
		break;
	case LEAVE_DONTNEED:
		igt_assert_eq(madvise(p, size, MADV_DONTNEED), 0);
		break;
	case LEAVE_CPU:
		for (size_t i = 0; i < size; i += PAGE)
			vram_touch(p + i);
		break;
	case LEAVE_ATTR:
		igt_assert_eq(__vsvm_attr(t->ctx.fd, t->ctx.vm, p, size, DRM_VSVM_ATTR_LOCATION,
					  DRM_VSVM_LOCATION_SYSTEM), 0);
		break;
	default:
		vram_fetch_back(t, p, size);
	}
}

/* Of 30 pages that came with two, the GPU uses 9, and two that it asked for */
static void test_used(int fd, enum leave how)
{
	static const unsigned int used[] = { 1, 2, 3, 7, 15, 17, 21, 22, 31 };
	struct drm_vsvm_vm_stats stats;
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, BLOCK_PAGES);
	svm_number_pages(p, BLOCK_PAGES, 100);
	svm_read(&t, p);
	svm_read(&t, p + 16 * PAGE);
	for (unsigned int round = 0; round < 3; round++)
		for (unsigned int i = 0; i < ARRAY_SIZE(used); i++)
			igt_assert_eq_u64(svm_read(&t, p + used[i] * PAGE), 100 + used[i]);
	vram_expect_pages(&t, 32);
	leave(&t, how, p, 32 * PAGE);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.pages_ahead, 30);
	igt_assert_eq_u64(stats.pages_ahead_used, ARRAY_SIZE(used));
	/* whatever becomes of them now, they have been counted */
	if (how == LEAVE_ATTR)
		svm_expect_pages(&t, p, 32, 100);
	svm_buffer_free(p, VSVM_2M);
	stats = svm_stats(&t);
	igt_assert_eq_u64(stats.pages_ahead, 30);
	igt_assert_eq_u64(stats.pages_ahead_used,
			  how == LEAVE_ATTR ? 30 : ARRAY_SIZE(used));
	svm_fini(&t);
}

/* Written pages are used too, once each, however often their mapping comes and goes */
static void test_used_again(int fd)
{
	struct svm t;
	uint8_t *p;

	svm_init(&t, fd);
	p = vram_buffer(&t, 16);
	svm_number_pages(p, 16, 100);
	svm_read(&t, p);
	vram_expect_pages(&t, 16);
	for (unsigned int i = 0; i < 5; i++) {
		svm_write(&t, p + 4 * PAGE, 104);
		svm_read(&t, p + 9 * PAGE);
		igt_assert_eq(__vsvm_page_size(fd, t.ctx.vm, p, 16 * PAGE,
					       i % 2 ? DRM_VSVM_PAGE_SIZE_AUTO :
						       DRM_VSVM_PAGE_SIZE_4K), 0);
		igt_assert_eq_u64(svm_stats(&t).pages_ahead_used, 2);
	}
	vram_expect_pages(&t, 16);
	vram_check(p, 16, 100);
	/* they go there once more, and are new */
	svm_read(&t, p + 4 * PAGE);
	igt_assert_eq_u64(svm_stats(&t).pages_ahead, 30);
	svm_read(&t, p);
	svm_buffer_free(p, 16 * PAGE);
	igt_assert_eq_u64(svm_stats(&t).pages_ahead_used, 3);
	svm_fini(&t);
}

/* Two VMs have the same pages: who has moved them counts, and each page once */
static void test_used_two(int fd)
{
	struct svm t, u;
	uint8_t *p;

	svm_init(&t, fd);
	svm_init(&u, fd);
	p = vram_buffer(&t, 16);
	svm_number_pages(p, 16, 100);
	svm_read(&t, p);
	svm_read(&t, p + 5 * PAGE);
	svm_read(&u, p + 5 * PAGE);
	svm_read(&u, p + 6 * PAGE);
	vram_expect_pages(&t, 16);
	svm_buffer_free(p, 16 * PAGE);
	igt_assert_eq_u64(svm_stats(&t).pages_ahead, 15);
	igt_assert_eq_u64(svm_stats(&t).pages_ahead_used, 2);
	igt_assert_eq_u64(svm_stats(&u).pages_ahead, 0);
	igt_assert_eq_u64(svm_stats(&u).pages_ahead_used, 0);
	svm_fini(&u);
	svm_fini(&t);
}

int igt_main()
{
	static const unsigned int orders[] = { 12, 14, 17 };
	int fd = -1;

	igt_fixture() {
		fd = vsvm_open();
		vram_require(fd);
	}

	for (int reverse = 0; reverse < 2; reverse++) {
		igt_describe("Memory that is read from end to end does not come ever faster");
		igt_subtest_f("sequential%s", reverse ? "-reverse" : "")
			test_sequential(fd, reverse);
	}
	for (int reverse = 0; reverse < 2; reverse++) {
		for (unsigned int how = 0; how < NUM_STREAMS; how++) {
			igt_describe("From block to block memory comes bit by bit, or too much");
			igt_subtest_f("stream-%s%s", stream_names[how],
				      reverse ? "-reverse" : "")
				test_stream(fd, how, reverse);
		}
		igt_describe("A word of each block brings all of them");
		igt_subtest_f("stride%s", reverse ? "-reverse" : "")
			test_stride(fd, reverse);
	}
	igt_describe("A prefetch brings 2M more than it names");
	igt_subtest("prefetch-end")
		test_prefetch(fd);

	igt_describe("Memory of which half is used comes whole, or more than half does not");
	igt_subtest("alternate")
		test_alternate(fd);
	for (unsigned int seed = 1; seed < 5; seed++) {
		igt_describe("Scattered accesses bring more or less than is dense");
		igt_subtest_f("random-%u", seed)
			test_random(fd, seed, 30 + 10 * seed);
	}
	igt_describe("Memory that nobody has is made because it is near");
	igt_subtest("sparse")
		test_sparse(fd);
	igt_describe("What lies beyond a mapping counts, or comes along");
	igt_subtest("bounds")
		test_bounds(fd);
	igt_describe("Memory comes along that is wanted elsewhere");
	igt_subtest("attr")
		test_attr(fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(orders); i++) {
		igt_describe("More moves than the program has said");
		igt_subtest_f("granularity-%u", orders[i])
			test_granularity(fd, orders[i]);
	}
	igt_describe("A page of 2M is split because little of it is used");
	igt_subtest("huge")
		test_huge(fd);
	igt_describe("The share that has to be there is not what the module was told");
	igt_subtest("percent") {
		test_percent(fd, 0, BLOCK_PAGES);
		test_percent(fd, 100, 0);
		test_percent(fd, 24, 64);
	}
	for (enum leave how = 0; how < NUM_LEAVES; how++) {
		igt_describe("It is not known how much of what came along was used");
		igt_subtest_f("used-%s", leave_names[how])
			test_used(fd, how);
	}
	igt_describe("A page is counted twice, or never again");
	igt_subtest("used-again")
		test_used_again(fd);
	igt_describe("A page that two have is counted twice, or of who has not moved it");
	igt_subtest("used-two-vms")
		test_used_two(fd);

	igt_fixture()
		drm_close_driver(fd);
}
