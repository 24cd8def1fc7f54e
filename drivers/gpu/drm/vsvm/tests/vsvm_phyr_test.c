// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of phyr
 *
 * Lists of physical ranges, vsvm_phyr.c, against a model that is an array of page numbers. Pages
 * are at random, from seeds that are always the same. Where memory itself does not matter there is
 * none: the numbers go up to the last page of 64 bits.
 */

#include <kunit/test.h>
#include <linux/hmm.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vsvm_phyr.h>

#define P(n)		((u64)(n) << VSVM_PHYR_SHIFT)
#define LAST_PAGE	(U64_MAX >> VSVM_PHYR_SHIFT)
#define MAX_MODEL	4096
#define NUM_FOLIOS	40

struct fixture {
	struct rnd_state rnd;
	/* The model: pages in the order of the list. */
	u64 model[MAX_MODEL];
	unsigned int count;
	/* The model as the builders want it. */
	struct vsvm_phyr_range ranges[MAX_MODEL];
	unsigned long pfns[MAX_MODEL];
	/* For the optimum: pages of the run that ends here, and fewest chunks up to here. */
	unsigned int run[MAX_MODEL + 1], best[MAX_MODEL + 1];
	struct page *pages[MAX_MODEL];
	struct folio *folios[NUM_FOLIOS];
};

static int setup(struct kunit *test)
{
	struct fixture *f = kvzalloc(sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	prandom_seed_state(&f->rnd, 2022);
	test->priv = f;
	return 0;
}

static void teardown(struct kunit *test)
{
	kvfree(test->priv);
}

static u32 below(struct fixture *f, u32 limit)
{
	return prandom_u32_state(&f->rnd) % limit;
}

/* Pages as they may come: runs of all sizes and alignments, neighbours, the same page again. */
static void random_model(struct fixture *f, unsigned int max)
{
	u64 page = 0;

	f->count = 0;
	while (f->count < max) {
		unsigned int i, n = 1 + below(f, 1 << below(f, 7));

		switch (below(f, 8)) {
		case 0:
			/* goes on where the last run ended */
			break;
		case 1:
			/* backwards: neighbours that are no run */
			page -= min_t(u64, page, 2 * n);
			break;
		case 2:
			page = ALIGN(page, 1 << below(f, 12));
			break;
		case 3:
			page = LAST_PAGE - below(f, 200);
			break;
		default:
			page = (u64)below(f, 1 << 20) << below(f, 20);
		}
		for (i = 0; i < n && f->count < max && page <= LAST_PAGE; i++)
			f->model[f->count++] = page++;
		if (page > LAST_PAGE)
			page = 0;
	}
}

static struct vsvm_phyr *from_model(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr *list;
	unsigned int i;

	for (i = 0; i < f->count; i++)
		f->ranges[i] = (struct vsvm_phyr_range) { P(f->model[i]), VSVM_PHYR_PAGE };
	list = vsvm_phyr_from_ranges(f->ranges, f->count, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, list);
	return list;
}

/* Fewest chunks that pages can become, by trying all that may be the last one. */
static unsigned int optimum(struct fixture *f, const u64 *model, unsigned int count)
{
	unsigned int i, order;

	f->best[0] = 0;
	for (i = 1; i <= count; i++) {
		f->run[i] = i > 1 && model[i - 1] == model[i - 2] + 1 ? f->run[i - 1] + 1 : 1;
		f->best[i] = UINT_MAX;
		for (order = 0; (1 << order) <= f->run[i]; order++)
			if (IS_ALIGNED(model[i - (1 << order)], 1 << order))
				f->best[i] = min(f->best[i], f->best[i - (1 << order)] + 1);
	}
	return f->best[count];
}

/* What DOC: phyr promises, run by run. */
static unsigned int bound(const u64 *model, unsigned int count)
{
	unsigned int i, n, sum = 0;

	for (i = 0; i < count; i += n) {
		for (n = 1; i + n < count && model[i + n] == model[i] + n;)
			n++;
		sum += max(1, 2 * ilog2(n));
	}
	return sum;
}

/* Is @list the model's pages from @first on, @count of them, and as it has to be? */
static void expect_list(struct kunit *test, const struct vsvm_phyr *list, const u64 *model,
			unsigned int count)
{
	struct fixture *f = test->priv;
	unsigned int at = 0, wrong = 0;
	u64 i, j;

	KUNIT_EXPECT_EQ(test, list->pages, count);
	KUNIT_EXPECT_EQ(test, vsvm_phyr_size(list), P(count));
	KUNIT_EXPECT_EQ(test, list->count, optimum(f, model, count));
	KUNIT_EXPECT_LE(test, list->count, bound(model, count));
	KUNIT_EXPECT_LE(test, list->count, count);
	KUNIT_EXPECT_EQ(test, vsvm_phyr_bytes(list), sizeof(*list) + 8 * list->count);

	for (i = 0; i < list->count; i++) {
		u64 addr = vsvm_phyr_chunk_addr(list->chunks[i]);
		u64 size = vsvm_phyr_chunk_size(list->chunks[i]);

		wrong += !IS_ALIGNED(addr, size);
		for (j = 0; j < size; j += VSVM_PHYR_PAGE, at++)
			wrong += at >= count || model[at] != (addr + j) >> VSVM_PHYR_SHIFT;
	}
	KUNIT_EXPECT_EQ(test, at, count);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static void test_round_trip(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr *list;
	unsigned int i;

	for (i = 1; i <= 300; i++) {
		random_model(f, i);
		list = from_model(test);
		expect_list(test, list, f->model, f->count);
		vsvm_phyr_put(list);
	}
	random_model(f, MAX_MODEL);
	list = from_model(test);
	expect_list(test, list, f->model, f->count);
	vsvm_phyr_put(list);
}

/* Every place and size of a single run, as far as that makes a difference. */
static void test_bound(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr_range range;
	struct vsvm_phyr *list;
	unsigned int first, i;

	for (first = 0; first < 17; first++) {
		for (f->count = 1; f->count <= 36; f->count++) {
			for (i = 0; i < f->count; i++)
				f->model[i] = first + i;
			range = (struct vsvm_phyr_range) { P(first), P(f->count) };
			list = vsvm_phyr_from_ranges(&range, 1, GFP_KERNEL);
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, list);
			expect_list(test, list, f->model, f->count);
			vsvm_phyr_put(list);
		}
	}
	/* The worst there is: 1, 2, 4, ... and down again. */
	for (i = 1; i < 50; i++) {
		u64 pages = (2ULL << i) - 2;

		range = (struct vsvm_phyr_range) { P((1ULL << 51) - (1ULL << i) + 1), P(pages) };
		list = vsvm_phyr_from_ranges(&range, 1, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, list);
		KUNIT_EXPECT_EQ(test, list->count, 2 * i);
		KUNIT_EXPECT_EQ(test, list->count, 2 * ilog2(pages));
		vsvm_phyr_put(list);
	}
}

static void test_hmm_pfns(struct kunit *test)
{
	static const unsigned long flags[] = {
		0, HMM_PFN_WRITE, 9UL << HMM_PFN_ORDER_SHIFT, 4UL << HMM_PFN_ORDER_SHIFT,
	};
	struct fixture *f = test->priv;
	struct vsvm_phyr *list, *same;
	unsigned int round, i;
	unsigned long old;

	for (round = 0; round < 40; round++) {
		random_model(f, 1 + below(f, 128));
		for (i = 0; i < f->count; i++)
			f->pfns[i] = f->model[i] | HMM_PFN_VALID |
				     flags[below(f, ARRAY_SIZE(flags))];
		same = from_model(test);
		list = vsvm_phyr_from_hmm_pfns(f->pfns, f->count, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, list);
		KUNIT_EXPECT_TRUE(test, vsvm_phyr_equal(list, same));
		vsvm_phyr_put(list);
		vsvm_phyr_put(same);

		/* A hole is an error wherever it is, also within what is said to be one page. */
		i = below(f, f->count);
		old = f->pfns[i];
		f->pfns[i] = old & ~HMM_PFN_VALID;
		KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_from_hmm_pfns(f->pfns, f->count,
								      GFP_KERNEL)), -EFAULT);
		f->pfns[i] = old | HMM_PFN_ERROR;
		KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_from_hmm_pfns(f->pfns, f->count,
								      GFP_KERNEL)), -EFAULT);
		f->pfns[i] = 0;
		KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_from_hmm_pfns(f->pfns, f->count,
								      GFP_KERNEL)), -EFAULT);
	}
	KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_from_hmm_pfns(f->pfns, 0, GFP_KERNEL)), -EINVAL);
}

static void expect_same(struct kunit *test, struct vsvm_phyr *list, const struct vsvm_phyr *want)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, list);
	KUNIT_EXPECT_TRUE(test, vsvm_phyr_equal(list, want));
	vsvm_phyr_put(list);
}

static void expect_sgt(struct kunit *test, const struct vsvm_phyr *want)
{
	struct fixture *f = test->priv;
	struct scatterlist *sg;
	struct sg_table sgt;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, sg_alloc_table_from_pages(&sgt, f->pages, f->count, 0, P(f->count),
							GFP_KERNEL), 0);
	expect_same(test, vsvm_phyr_from_sgt(&sgt, GFP_KERNEL), want);

	/* Mapped, by hand: fewer segments than entries, and only these count. */
	sgt.nents = 1;
	sg_dma_address(sgt.sgl) = P(7);
	sg_dma_len(sgt.sgl) = P(3);
	f->ranges[0] = (struct vsvm_phyr_range) { P(7), P(3) };
	want = vsvm_phyr_from_ranges(f->ranges, 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, want);
	expect_same(test, vsvm_phyr_from_sgt_dma(&sgt, GFP_KERNEL), want);
	vsvm_phyr_put((struct vsvm_phyr *)want);
	sg_dma_len(sgt.sgl) = P(3) - 8;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_from_sgt_dma(&sgt, GFP_KERNEL)), -EINVAL);

	/* An entry that begins within its page. */
	for_each_sgtable_sg(&sgt, sg, i) {
		sg->offset = 512;
		KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_from_sgt(&sgt, GFP_KERNEL)), -EINVAL);
		sg->offset = 0;
	}
	sg_free_table(&sgt);
}

/* Memory there is: pages, folios and an sg_table of the same say the same. */
static void test_memory(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr *want;
	unsigned int i, j;

	f->count = 0;
	for (i = 0; i < NUM_FOLIOS; i++) {
		f->folios[i] = folio_alloc(GFP_KERNEL, below(f, 6));
		KUNIT_ASSERT_NOT_NULL(test, f->folios[i]);
	}
	for (i = NUM_FOLIOS - 1; i > 0; i--) {
		j = below(f, i + 1);
		swap(f->folios[i], f->folios[j]);
	}
	for (i = 0; i < NUM_FOLIOS; i++) {
		for (j = 0; j < folio_nr_pages(f->folios[i]); j++) {
			f->pages[f->count] = folio_page(f->folios[i], j);
			f->model[f->count++] = page_to_pfn(folio_page(f->folios[i], j));
		}
	}

	want = from_model(test);
	expect_list(test, want, f->model, f->count);
	expect_same(test, vsvm_phyr_from_pages(f->pages, f->count, GFP_KERNEL), want);
	expect_same(test, vsvm_phyr_from_folios(f->folios, NUM_FOLIOS, GFP_KERNEL), want);
	expect_sgt(test, want);
	vsvm_phyr_put(want);

	KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_from_pages(f->pages, 0, GFP_KERNEL)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_from_folios(f->folios, 0, GFP_KERNEL)), -EINVAL);
	for (i = 0; i < NUM_FOLIOS; i++)
		folio_put(f->folios[i]);
}

struct bad_case {
	const char *name;
	struct vsvm_phyr_range ranges[2];
	unsigned int count;
	int error;
};

static const struct bad_case bad_cases[] = {
	{ "nothing", {}, 0, -EINVAL },
	{ "empty range", { { P(1), 0 } }, 1, -EINVAL },
	{ "empty range, then pages", { { P(1), 0 }, { P(1), P(1) } }, 2, -EINVAL },
	{ "pages, then empty range", { { P(1), P(1) }, { P(2), 0 } }, 2, -EINVAL },
	{ "within a page", { { P(1) + 8, P(1) } }, 1, -EINVAL },
	{ "part of a page", { { P(1), P(1) - 1 } }, 1, -EINVAL },
	{ "beyond the end", { { P(LAST_PAGE), P(2) } }, 1, -EOVERFLOW },
	{ "beyond the end by all", { { P(2), P(LAST_PAGE) } }, 1, -EOVERFLOW },
	{ "too much together", { { P(1), P(LAST_PAGE) }, { 0, P(1) } }, 2, -EOVERFLOW },
	{ "too much in halves", { { 0, P(1ULL << 51) }, { 0, P(1ULL << 51) } }, 2, -EOVERFLOW },
};

static void test_bad(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_cases); i++) {
		const struct bad_case *bad = &bad_cases[i];
		struct vsvm_phyr *list;

		list = vsvm_phyr_from_ranges(bad->ranges, bad->count, GFP_KERNEL);
		KUNIT_EXPECT_TRUE_MSG(test, IS_ERR(list), "%s", bad->name);
		if (IS_ERR(list))
			KUNIT_EXPECT_EQ_MSG(test, PTR_ERR(list), bad->error, "%s", bad->name);
		else
			vsvm_phyr_put(list);
	}
}

static void test_top(struct kunit *test)
{
	struct vsvm_phyr_range range = { P(LAST_PAGE), P(1) };
	struct fixture *f = test->priv;
	struct vsvm_phyr_iter it;
	struct vsvm_phyr *list;
	unsigned int i = 0;
	u64 sum = 0;

	/* The page after the last one is not the first one. */
	f->model[0] = LAST_PAGE - 1;
	f->model[1] = LAST_PAGE;
	f->model[2] = 0;
	f->model[3] = 1;
	f->count = 4;
	list = from_model(test);
	expect_list(test, list, f->model, f->count);
	KUNIT_EXPECT_EQ(test, list->count, 2);
	KUNIT_EXPECT_EQ(test, vsvm_phyr_lookup(list, P(2) - 1, &range), 0);
	KUNIT_EXPECT_EQ(test, range.addr, U64_MAX);
	KUNIT_EXPECT_EQ(test, range.size, 1);
	vsvm_phyr_put(list);

	/* All memory there can be but one page: the most that a size can say. */
	range = (struct vsvm_phyr_range) { P(1), P(LAST_PAGE) };
	list = vsvm_phyr_from_ranges(&range, 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, list);
	KUNIT_EXPECT_EQ(test, list->count, 52);
	KUNIT_EXPECT_EQ(test, list->pages, VSVM_PHYR_MAX_PAGES);
	KUNIT_EXPECT_EQ(test, vsvm_phyr_size(list), P(LAST_PAGE));
	vsvm_phyr_for_each(&it, list) {
		KUNIT_EXPECT_EQ(test, it.addr, P(1ULL << i));
		KUNIT_EXPECT_EQ(test, it.size, P(1ULL << i));
		sum += it.size;
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, 52);
	KUNIT_EXPECT_EQ(test, sum, P(LAST_PAGE));
	KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_concat(list, list, GFP_KERNEL)), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_slice(list, P(1), P(LAST_PAGE), GFP_KERNEL)),
			-EINVAL);
	vsvm_phyr_put(list);
}

static void expect_bad_split(struct kunit *test, const struct vsvm_phyr *list, u64 offset)
{
	struct vsvm_phyr *head = NULL, *tail = NULL;

	KUNIT_EXPECT_EQ(test, vsvm_phyr_split(list, offset, GFP_KERNEL, &head, &tail), -EINVAL);
	KUNIT_EXPECT_NULL(test, head);
	KUNIT_EXPECT_NULL(test, tail);
}

static void test_split(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr *list, *head, *tail;
	unsigned int round, at;

	for (round = 0; round < 12; round++) {
		random_model(f, 2 + below(f, 200));
		list = from_model(test);
		for (at = 1; at < f->count; at++) {
			KUNIT_ASSERT_EQ(test, vsvm_phyr_split(list, P(at), GFP_KERNEL, &head,
							      &tail), 0);
			expect_list(test, head, f->model, at);
			expect_list(test, tail, f->model + at, f->count - at);
			expect_same(test, vsvm_phyr_concat(head, tail, GFP_KERNEL), list);
			vsvm_phyr_put(head);
			vsvm_phyr_put(tail);
		}
		/* It is as it was. */
		expect_list(test, list, f->model, f->count);
		expect_bad_split(test, list, 0);
		expect_bad_split(test, list, P(f->count));
		expect_bad_split(test, list, P(f->count + 1));
		expect_bad_split(test, list, P(1) - 1);
		expect_bad_split(test, list, P(1) + 1);
		expect_bad_split(test, list, U64_MAX);
		vsvm_phyr_put(list);
	}
}

/* What the iterator gives for a part, byte for byte; returns the number of what is wrong. */
static unsigned int walk_part(struct fixture *f, const struct vsvm_phyr *list, u64 offset, u64 size)
{
	u64 at = offset, all = P(f->count), end = offset < all ? offset + min(size, all - offset) :
								 offset;
	struct vsvm_phyr_iter it;
	unsigned int wrong = 0;
	u64 n;

	vsvm_phyr_for_each_in(&it, list, offset, size) {
		/* No piece goes beyond its chunk, and every page in it is the one. */
		wrong += it.size > vsvm_phyr_chunk_size(list->chunks[it.index]);
		for (n = 0; n < it.size && at < end;) {
			u64 step = min(VSVM_PHYR_PAGE - at % VSVM_PHYR_PAGE, it.size - n);

			wrong += it.addr + n != P(f->model[at / VSVM_PHYR_PAGE]) +
						at % VSVM_PHYR_PAGE;
			n += step;
			at += step;
		}
		wrong += n != it.size;
	}
	return wrong + (at != end);
}

static void test_iterate(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int round, first, last, wrong = 0;
	struct vsvm_phyr *list;

	for (round = 0; round < 20; round++) {
		random_model(f, 1 + below(f, 48));
		list = from_model(test);
		for (first = 0; first <= f->count + 1; first++) {
			for (last = first; last <= f->count + 1; last++) {
				u64 in = below(f, VSVM_PHYR_PAGE);

				wrong += walk_part(f, list, P(first), P(last - first));
				wrong += walk_part(f, list, P(first) + in,
						   P(last - first) + below(f, VSVM_PHYR_PAGE));
				wrong += walk_part(f, list, P(first) + in, 1);
			}
			wrong += walk_part(f, list, P(first), U64_MAX);
		}
		wrong += walk_part(f, list, U64_MAX, U64_MAX);
		wrong += walk_part(f, list, P(f->count) - 1, U64_MAX);
		vsvm_phyr_put(list);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static void test_consume(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr_iter it;
	struct vsvm_phyr *list;
	unsigned int wrong = 0;
	u64 at;

	random_model(f, 200);
	list = from_model(test);
	vsvm_phyr_iter_init(&it, list, 0, U64_MAX);
	for (at = 0; it.size; ) {
		u64 step = min_t(u64, it.size, 1 + below(f, 6000));

		wrong += it.addr != P(f->model[at / VSVM_PHYR_PAGE]) + at % VSVM_PHYR_PAGE;
		vsvm_phyr_iter_consume(&it, step);
		at += step;
	}
	KUNIT_EXPECT_EQ(test, at, P(f->count));
	KUNIT_EXPECT_EQ(test, wrong, 0);
	vsvm_phyr_put(list);
}

/* Returns the number of pages whose lookup is wrong. */
static unsigned int look_up_all(struct fixture *f, const struct vsvm_phyr *list)
{
	struct vsvm_phyr_range found;
	unsigned int i, wrong = 0;

	for (i = 0; i < f->count; i++) {
		u64 in = below(f, VSVM_PHYR_PAGE);

		wrong += vsvm_phyr_lookup(list, P(i) + in, &found) ||
			 found.addr != P(f->model[i]) + in;
	}
	wrong += vsvm_phyr_lookup(list, P(f->count), &found) != -ERANGE;
	wrong += vsvm_phyr_lookup(list, U64_MAX, &found) != -ERANGE;
	return wrong;
}

/* Each number of chunks: the last block's part of the index is complete with some of them. */
static void test_index(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr *list;
	unsigned int n;

	for (n = 1; n <= 210; n++) {
		unsigned int i;

		for (i = 0; i < n; i++)
			f->model[i] = 3 * i;
		f->count = n;
		list = from_model(test);
		KUNIT_EXPECT_EQ(test, list->count, n);
		KUNIT_EXPECT_EQ(test, look_up_all(f, list), 0);
		vsvm_phyr_put(list);
	}
	for (n = 0; n < 4; n++) {
		random_model(f, MAX_MODEL - n);
		list = from_model(test);
		KUNIT_EXPECT_GT(test, list->count, 64);
		KUNIT_EXPECT_EQ(test, look_up_all(f, list), 0);
		vsvm_phyr_put(list);
	}
}

/* Numbers in the index that are as large as they come. */
static void test_index_large(struct kunit *test)
{
	struct fixture *f = test->priv;
	const unsigned int count = 1000;
	struct vsvm_phyr_range found;
	unsigned int i, wrong = 0;
	struct vsvm_phyr *list;
	u64 offset = 0;

	for (i = 0; i < count; i++)
		f->ranges[i] = (struct vsvm_phyr_range) {
			P(3ULL << 46 | 1), P((1ULL << (i % 47)) + i)
		};
	list = vsvm_phyr_from_ranges(f->ranges, count, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, list);
	for (i = 0; i < count; i++) {
		wrong += vsvm_phyr_lookup(list, offset, &found) || found.addr != f->ranges[i].addr;
		wrong += vsvm_phyr_lookup(list, offset + f->ranges[i].size - 1, &found) ||
			 found.addr != f->ranges[i].addr + f->ranges[i].size - 1 || found.size != 1;
		offset += f->ranges[i].size;
	}
	KUNIT_EXPECT_EQ(test, offset, vsvm_phyr_size(list));
	KUNIT_EXPECT_GT(test, offset, 1ULL << 62);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	vsvm_phyr_put(list);
}

static void test_equal(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr *list, *other;

	random_model(f, 100);
	list = from_model(test);
	KUNIT_EXPECT_PTR_EQ(test, vsvm_phyr_get(list), list);
	KUNIT_EXPECT_EQ(test, kref_read(&list->ref), 2);
	vsvm_phyr_put(list);
	KUNIT_EXPECT_TRUE(test, vsvm_phyr_equal(list, list));
	f->model[50]++;
	other = from_model(test);
	KUNIT_EXPECT_FALSE(test, vsvm_phyr_equal(list, other));
	vsvm_phyr_put(other);
	f->model[50]--;
	f->count--;
	other = from_model(test);
	KUNIT_EXPECT_FALSE(test, vsvm_phyr_equal(list, other));
	vsvm_phyr_put(other);
	vsvm_phyr_put(list);
	vsvm_phyr_put(NULL);
}

static struct kunit_case phyr_cases[] = {
	KUNIT_CASE(test_round_trip),
	KUNIT_CASE(test_bound),
	KUNIT_CASE(test_hmm_pfns),
	KUNIT_CASE(test_memory),
	KUNIT_CASE(test_bad),
	KUNIT_CASE(test_top),
	KUNIT_CASE(test_split),
	KUNIT_CASE(test_iterate),
	KUNIT_CASE(test_consume),
	KUNIT_CASE(test_index),
	KUNIT_CASE(test_index_large),
	KUNIT_CASE(test_equal),
	{}
};

static struct kunit_suite phyr_suite = {
	.name = "vsvm-phyr",
	.init = setup,
	.exit = teardown,
	.test_cases = phyr_cases,
};

kunit_test_suite(phyr_suite);
