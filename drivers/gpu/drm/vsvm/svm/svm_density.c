// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Density
 *
 * How much goes to VRAM with what a fault asks for, where the program has not said what is to move
 * together. All of 2M is much for one word; a page at a time is a fault for each. What has been
 * used so far tells what will be.
 *
 * A block of 2M is a binary tree whose 32 leaves are 64K each. A fault moves the leaves that it is
 * in. For each of them it looks at the trees, ever larger, that the leaf is in, and takes the
 * largest that is dense: of whose pages more than a share (density_percent of the module) are in
 * VRAM already or in the leaves of the fault. So one access moves 64K; who goes through a block
 * from its start has it moved by 64K, 64K, 128K, 256K, 512K and 1M; and scattered accesses move 64K
 * each until half of a tree is there, which then comes as a whole. Who goes on into the next block
 * has that at once (DOC: What has moved of late).
 *
 * Pages that do not count are those that the block has no room for: beyond the VMA, the interval,
 * or the attribute. Pages that nobody has count, but are not made, for they would be memory that
 * nobody asked for; only those that the fault itself asks for are.
 *
 * One page of 2M, which cannot be moved in parts without being split, goes whole. So does a block
 * of which nothing is there, if it may be had as one page.
 *
 * Whether it was worth it: a page that has moved without having been asked for is marked
 * (%VSVM_PAGE_AHEAD). The device sets ACCESSED in an entry of its page table when it uses the page;
 * that is looked at when the entry goes, or the page table is asked what is in use, and then the
 * mark goes and the page is counted as used. A page that goes with its mark was moved in vain. The
 * count is exact as far as that: of what is mapped and used it tells when the entry goes.
 *
 * Locking: none of its own. Two page tables may have the same page, after a fork, under two locks:
 * the mark is taken by compare-and-exchange, so one of them counts it.
 */

#include <linux/hmm.h>
#include <linux/math.h>
#include <linux/migrate.h>
#include <linux/mm.h>

#include "../vsvm_pt.h"
#include "../vsvm_vram.h"
#include "svm_density.h"
#include "svm_migrate.h"
#include "svm_pages.h"

unsigned int vsvm_density_percent = 50;

static bool is_dense(const struct vsvm_density *density, unsigned int first, unsigned int count,
		     unsigned int percent)
{
	unsigned int i, pages = 0, there = 0;

	for (i = first; i < first + count; i++) {
		pages += density->pages[i];
		there += density->there[i];
	}
	return there * 100 > pages * percent;
}

/**
 * vsvm_density_grow() - the largest dense trees that some leaves are in
 * @density: how full the block is
 * @leaves: the leaves, which count as full if @density says so; not empty
 * @percent: share of a tree that has to be exceeded
 *
 * Return: what the trees of all the leaves, and these themselves, span.
 */
struct vsvm_leaves vsvm_density_grow(const struct vsvm_density *density, struct vsvm_leaves leaves,
				     unsigned int percent)
{
	struct vsvm_leaves grown = leaves;
	unsigned int leaf, count, first;

	percent = min(percent, 100U);
	for (leaf = leaves.first; leaf < leaves.end; leaf++) {
		for (count = 2; count <= VSVM_DENSITY_LEAVES; count *= 2) {
			first = round_down(leaf, count);
			if (!is_dense(density, first, count, percent))
				continue;
			grown.first = min(grown.first, first);
			grown.end = max(grown.end, first + count);
		}
	}
	return grown;
}

static unsigned int leaf_of(u64 addr)
{
	return addr % VSVM_PT_BLOCK_SIZE / VSVM_DENSITY_LEAF;
}

/**
 * vsvm_density_span() - what is to move to VRAM for a request without a granularity?
 * @pfns: what HMM says of the pages of @block, without faulting
 * @vram: VRAM
 * @block: part of a block of 2M that may move; the request is in it
 * @req: request, of which something is not in VRAM
 * @percent: as for vsvm_density_grow()
 *
 * Return: the span.
 */
struct vsvm_span vsvm_density_span(const unsigned long *pfns, const struct vsvm_vram *vram,
				   struct vsvm_span block, const struct vsvm_request *req,
				   unsigned int percent)
{
	struct vsvm_leaves leaves = { leaf_of(req->start), leaf_of(req->end - 1) + 1 };
	u64 addr, base = ALIGN_DOWN(block.start, VSVM_PT_BLOCK_SIZE);
	struct vsvm_density density = {};
	unsigned int leaf;

	if (req->stream || (req->start <= block.start && req->end >= block.end))
		return block;
	for (addr = block.start; addr < block.end; addr += PAGE_SIZE) {
		unsigned long pfn = pfns[(addr - block.start) >> PAGE_SHIFT];
		bool there = pfn & HMM_PFN_VALID && vsvm_vram_has_pfn(vram, pfn & ~HMM_PFN_FLAGS);

		density.pages[leaf_of(addr)]++;
		density.there[leaf_of(addr)] += there;
		if (pfn & HMM_PFN_VALID && !there && addr >= req->start && addr < req->end &&
		    hmm_pfn_to_map_order(pfn) >= HPAGE_PMD_ORDER)
			return block;
	}
	for (leaf = leaves.first; leaf < leaves.end; leaf++)
		density.there[leaf] = density.pages[leaf];

	leaves = vsvm_density_grow(&density, leaves, percent);
	return vsvm_span_clip(block, (struct vsvm_span) {
		base + leaves.first * VSVM_DENSITY_LEAF, base + leaves.end * VSVM_DENSITY_LEAF
	});
}

static bool is_ahead(u64 addr, const struct vsvm_request *req)
{
	return addr < req->start || addr >= req->end;
}

/**
 * vsvm_density_mark() - what is to be kept with a page of 4K that goes to VRAM
 * @addr: address of the page
 * @req: request that it goes for
 * @mark: what else is kept with it
 *
 * Return: for &page.zone_device_data.
 */
void *vsvm_density_mark(u64 addr, const struct vsvm_request *req, unsigned long mark)
{
	return (void *)(mark | (is_ahead(addr, req) ? VSVM_PAGE_AHEAD : 0));
}

/**
 * vsvm_density_ahead() - how many have moved without having been asked for?
 * @room: room, between steps 3 and 4 of a migration
 * @start: address of its first page
 * @count: pages that it is about
 * @req: request that they moved for
 *
 * Return: 4K pages; what is part of a page of 2M had to go with it, and is none of them.
 */
unsigned int vsvm_density_ahead(const struct vsvm_migrate_room *room, u64 start,
				unsigned int count, const struct vsvm_request *req)
{
	unsigned int i, ahead = 0;

	for (i = 0; i < count; i++)
		ahead += room->src[i] & MIGRATE_PFN_MIGRATE && room->dst[i] &&
			 !(room->dst[i] & MIGRATE_PFN_COMPOUND) &&
			 is_ahead(start + ((u64)i << PAGE_SHIFT), req);
	return ahead;
}

/**
 * vsvm_density_used() - the device has used a page of VRAM
 * @vram: VRAM
 * @offset: of the page, or of the first one of 2M
 *
 * Context: pt->lock of a page table that maps it held, or did so until just now: the page is still
 * in use. Does not sleep or allocate.
 */
void vsvm_density_used(const struct vsvm_vram *vram, u64 offset)
{
	unsigned long kept;
	struct folio *folio;
	struct page *page;

	/* What BOs and copies for reading have here is nobody's folio. */
	if (!READ_ONCE(vram->num_pages))
		return;
	page = vsvm_vram_page(vram, offset);
	folio = page_folio(page);
	/* In the pages of a larger folio, but for the first, there is something else. */
	if (&folio->page != page || folio_test_large(folio) || !folio_ref_count(folio))
		return;
	kept = (unsigned long)READ_ONCE(page->zone_device_data);
	if (likely(!(kept & VSVM_PAGE_AHEAD)))
		return;
	if (cmpxchg(&page->zone_device_data, (void *)kept,
		    (void *)(kept & ~VSVM_PAGE_AHEAD)) == (void *)kept)
		atomic64_inc(&vsvm_vram_page_client(vram, page)->ahead_used);
}
