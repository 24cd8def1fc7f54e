// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Tests of phyr and DMA
 *
 * Mapping lists for a device, vsvm_phyr_dma.c: by a mapper that gives whatever addresses a case
 * wants and keeps account of what is mapped, which stands for an IOMMU; and by the kernel's DMA API
 * for a device of KUnit's, which has bounce buffers where the machine has.
 */

#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/vsvm_phyr.h>

#define P(n)	((u64)(n) << VSVM_PHYR_SHIFT)
#define MAX_PIECES	256

enum way {
	/* the same address */
	SAME,
	/* so many pages further */
	SHIFTED,
	/* one piece after the other, from an address on */
	PACKED,
	/* the same address, but for one piece */
	ONE_DIFFERS,
};

struct fixture {
	struct rnd_state rnd;
	struct vsvm_phyr_mapper mapper;
	enum way how;
	u64 arg;
	/* calls to map; the one that fails, and how; the one that gives bytes within a page */
	unsigned int calls, fail_at, within_at;
	int error;
	/* what is mapped now: device's address and size */
	struct vsvm_phyr_range live[MAX_PIECES];
	unsigned int num_live;
	/* unmap calls of what is not mapped */
	unsigned int wrong;
	/* where the next piece goes, if PACKED */
	u64 next;
	struct vsvm_phyr_range ranges[MAX_PIECES];
};

static int fake_map(void *ctx, u64 phys, u64 size, u64 *dma)
{
	struct fixture *f = ctx;
	unsigned int call = f->calls++;

	if (size > f->mapper.max || !size || f->num_live == MAX_PIECES)
		f->wrong++;
	if (call == f->fail_at)
		return f->error;
	switch (f->how) {
	case SAME:
		*dma = phys;
		break;
	case SHIFTED:
		*dma = phys + P(f->arg);
		break;
	case PACKED:
		*dma = f->next;
		f->next += size;
		break;
	case ONE_DIFFERS:
		*dma = call == f->arg ? P(1ULL << 40) : phys;
		break;
	}
	if (call == f->within_at)
		*dma += 512;
	if (f->num_live < MAX_PIECES)
		f->live[f->num_live++] = (struct vsvm_phyr_range) { *dma, size };
	return 0;
}

static void fake_unmap(void *ctx, u64 dma, u64 size)
{
	struct fixture *f = ctx;
	unsigned int i;

	for (i = 0; i < f->num_live; i++) {
		if (f->live[i].addr == dma && f->live[i].size == size) {
			f->live[i] = f->live[--f->num_live];
			return;
		}
	}
	f->wrong++;
}

static int setup(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	prandom_seed_state(&f->rnd, 2022);
	f->mapper = (struct vsvm_phyr_mapper) {
		.max = ALIGN_DOWN(U64_MAX, VSVM_PHYR_PAGE),
		.map = fake_map,
		.unmap = fake_unmap,
		.ctx = f,
	};
	f->fail_at = UINT_MAX;
	f->within_at = UINT_MAX;
	test->priv = f;
	return 0;
}

static void begin(struct fixture *f, enum way how, u64 arg)
{
	f->how = how;
	f->arg = arg;
	f->next = P(arg);
	f->calls = 0;
}

/* Chunks of several orders, none beside another. */
static struct vsvm_phyr *random_list(struct kunit *test, unsigned int count)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr *list;
	unsigned int i;

	for (i = 0; i < count; i++) {
		u64 pages = 1 << (prandom_u32_state(&f->rnd) % 6);

		f->ranges[i] = (struct vsvm_phyr_range) {
			P(pages * (i * 128 + 2 * (prandom_u32_state(&f->rnd) % 16))), P(pages)
		};
	}
	list = vsvm_phyr_from_ranges(f->ranges, count, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, list);
	KUNIT_ASSERT_EQ(test, list->count, count);
	return list;
}

static void expect_unmapped(struct kunit *test, struct vsvm_phyr *list)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->num_live, 0);
	KUNIT_EXPECT_EQ(test, f->wrong, 0);
	/* Only our own reference is left. */
	KUNIT_EXPECT_EQ(test, kref_read(&list->ref), 1);
}

static void test_same(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr *list = random_list(test, 20), *mapped;

	begin(f, SAME, 0);
	mapped = vsvm_phyr_map(list, &f->mapper, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, mapped, list);
	KUNIT_EXPECT_EQ(test, kref_read(&list->ref), 2);
	KUNIT_EXPECT_EQ(test, f->num_live, 20);
	vsvm_phyr_unmap(list, mapped, &f->mapper);
	expect_unmapped(test, list);
	vsvm_phyr_put(list);
}

/* A device's list of the same bytes: every page is where the mapper said. */
static void expect_shifted(struct kunit *test, const struct vsvm_phyr *list,
			   const struct vsvm_phyr *mapped, u64 by)
{
	struct vsvm_phyr_range a, b;
	unsigned int wrong = 0;
	u64 at;

	KUNIT_EXPECT_EQ(test, mapped->pages, list->pages);
	for (at = 0; at < vsvm_phyr_size(list); at += VSVM_PHYR_PAGE)
		wrong += vsvm_phyr_lookup(list, at, &a) || vsvm_phyr_lookup(mapped, at, &b) ||
			 b.addr != a.addr + P(by) || !IS_ALIGNED(b.addr & -b.size, b.size);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static void test_shifted(struct kunit *test)
{
	static const u64 shifts[] = { 1, 2, 3, 16, 31, 32, 1ULL << 40 };
	static const u64 sizes[] = { U64_MAX, 1, 2, 3, 5, 8 };
	struct fixture *f = test->priv;
	struct vsvm_phyr *list = random_list(test, 5), *mapped;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(shifts); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			begin(f, SHIFTED, shifts[i]);
			f->mapper.max = sizes[j] == U64_MAX ? -VSVM_PHYR_PAGE : P(sizes[j]);
			mapped = vsvm_phyr_map(list, &f->mapper, GFP_KERNEL);
			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mapped);
			expect_shifted(test, list, mapped, shifts[i]);
			/* Less aligned is more chunks, as aligned is as many. */
			if (shifts[i] == 1ULL << 40)
				KUNIT_EXPECT_EQ(test, mapped->count, list->count);
			else if (shifts[i] == 1)
				KUNIT_EXPECT_GT(test, mapped->count, list->count);
			vsvm_phyr_unmap(list, mapped, &f->mapper);
			expect_unmapped(test, list);
		}
	}
	vsvm_phyr_put(list);
}

/* An IOMMU that makes it one run. */
static void test_packed(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr *list = random_list(test, 30), *mapped;
	struct vsvm_phyr_range found;

	f->mapper.max = P(5);
	begin(f, PACKED, 1 << 20);
	mapped = vsvm_phyr_map(list, &f->mapper, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mapped);
	KUNIT_EXPECT_EQ(test, mapped->pages, list->pages);
	KUNIT_EXPECT_EQ(test, mapped->count, hweight64(list->pages));
	KUNIT_EXPECT_EQ(test, vsvm_phyr_lookup(mapped, P(list->pages - 1), &found), 0);
	KUNIT_EXPECT_EQ(test, found.addr, P((1 << 20) + list->pages - 1));
	vsvm_phyr_unmap(list, mapped, &f->mapper);
	expect_unmapped(test, list);
	vsvm_phyr_put(list);
}

static void test_one_differs(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct vsvm_phyr *list = random_list(test, 10), *mapped;
	unsigned int at, i, wrong;

	for (at = 0; at < list->count; at++) {
		begin(f, ONE_DIFFERS, at);
		mapped = vsvm_phyr_map(list, &f->mapper, GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mapped);
		KUNIT_EXPECT_PTR_NE(test, mapped, list);
		KUNIT_EXPECT_EQ(test, mapped->count, list->count);
		wrong = 0;
		for (i = 0; i < list->count; i++)
			wrong += vsvm_phyr_chunk_addr(mapped->chunks[i]) !=
				 (i == at ? P(1ULL << 40) : vsvm_phyr_chunk_addr(list->chunks[i]));
		KUNIT_EXPECT_EQ(test, wrong, 0);
		vsvm_phyr_unmap(list, mapped, &f->mapper);
		expect_unmapped(test, list);
	}
	vsvm_phyr_put(list);
}

/* Whichever call fails, nothing stays mapped, and the error is the mapper's. */
static void test_failure(struct kunit *test)
{
	static const struct {
		enum way how;
		u64 arg;
	} ways[] = { { SAME }, { SHIFTED, 1 }, { PACKED, 64 }, { ONE_DIFFERS, 3 } };
	struct fixture *f = test->priv;
	struct vsvm_phyr *list = random_list(test, 8);
	unsigned int i, at;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		for (at = 0; at < list->count; at++) {
			begin(f, ways[i].how, ways[i].arg);
			f->fail_at = at;
			f->error = -ENOSPC;
			KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_map(list, &f->mapper, GFP_KERNEL)),
					-ENOSPC);
			KUNIT_EXPECT_EQ(test, f->calls, at + 1);
			expect_unmapped(test, list);
			f->fail_at = UINT_MAX;

			begin(f, ways[i].how, ways[i].arg);
			f->within_at = at;
			KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_map(list, &f->mapper, GFP_KERNEL)),
					-EIO);
			expect_unmapped(test, list);
			f->within_at = UINT_MAX;
		}
	}

	/* The device's last address is within the list: all was mapped, and the list cannot be. */
	begin(f, PACKED, (U64_MAX >> VSVM_PHYR_SHIFT) - list->pages + 2);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vsvm_phyr_map(list, &f->mapper, GFP_KERNEL)), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, f->calls, list->count);
	expect_unmapped(test, list);
	vsvm_phyr_put(list);
}

static struct device *device(struct kunit *test, u64 mask)
{
	struct device *dev = kunit_device_register(test, "vsvm-phyr");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, dma_coerce_mask_and_coherent(dev, mask), 0);
	return dev;
}

/* A device that sees memory as the CPU does costs a reference. */
static void test_dma_direct(struct kunit *test)
{
	struct device *dev = device(test, DMA_BIT_MASK(64));
	struct vsvm_phyr *list, *mapped;
	struct folio *folios[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(folios); i++) {
		folios[i] = folio_alloc(GFP_KERNEL, i);
		KUNIT_ASSERT_NOT_NULL(test, folios[i]);
	}
	list = vsvm_phyr_from_folios(folios, ARRAY_SIZE(folios), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, list);
	mapped = vsvm_phyr_dma_map(dev, list, DMA_BIDIRECTIONAL, GFP_KERNEL);
	KUNIT_EXPECT_PTR_EQ(test, mapped, list);
	if (!IS_ERR(mapped))
		vsvm_phyr_dma_unmap(dev, list, mapped, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, kref_read(&list->ref), 1);
	vsvm_phyr_put(list);
	for (i = 0; i < ARRAY_SIZE(folios); i++)
		folio_put(folios[i]);
}

/* Is @mapped other memory, with the words that were written? */
static void expect_bounced(struct kunit *test, const struct vsvm_phyr *mapped)
{
	struct vsvm_phyr_range found;
	unsigned int wrong = 0;
	u64 at;

	for (at = 0; at < vsvm_phyr_size(mapped); at += VSVM_PHYR_PAGE) {
		wrong += vsvm_phyr_lookup(mapped, at, &found);
		wrong += found.addr > U32_MAX || *(u64 *)phys_to_virt(found.addr) != at + 7;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* Memory beyond the device's reach comes by other addresses, and in smaller pieces. */
static void test_dma_bounced(struct kunit *test)
{
	struct device *dev = device(test, DMA_BIT_MASK(32));
	/* More than a bounce buffer takes. */
	const unsigned int order = 7;
	struct vsvm_phyr *list, *mapped;
	struct folio *folio = folio_alloc(GFP_KERNEL, order);
	u64 at;

	KUNIT_ASSERT_NOT_NULL(test, folio);
	if (PFN_PHYS(folio_pfn(folio)) <= U32_MAX) {
		folio_put(folio);
		kunit_skip(test, "no memory above 4 GiB");
	}
	for (at = 0; at < folio_size(folio); at += PAGE_SIZE)
		*(u64 *)(folio_address(folio) + at) = at + 7;

	list = vsvm_phyr_from_folios(&folio, 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, list);
	mapped = vsvm_phyr_dma_map(dev, list, DMA_TO_DEVICE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mapped);
	KUNIT_EXPECT_PTR_NE(test, mapped, list);
	KUNIT_EXPECT_EQ(test, mapped->pages, list->pages);
	expect_bounced(test, mapped);
	vsvm_phyr_dma_unmap(dev, list, mapped, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, kref_read(&list->ref), 1);
	vsvm_phyr_put(list);
	folio_put(folio);
}

static struct kunit_case phyr_dma_cases[] = {
	KUNIT_CASE(test_same),
	KUNIT_CASE(test_shifted),
	KUNIT_CASE(test_packed),
	KUNIT_CASE(test_one_differs),
	KUNIT_CASE(test_failure),
	KUNIT_CASE(test_dma_direct),
	KUNIT_CASE(test_dma_bounced),
	{}
};

static struct kunit_suite phyr_dma_suite = {
	.name = "vsvm-phyr-dma",
	.init = setup,
	.test_cases = phyr_dma_cases,
};

kunit_test_suite(phyr_dma_suite);
