// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Page tables of the driver
 *
 * Builds the tables that <linux/vsvm_hw.h> describes: one for each VM, shared by the memory of the
 * process and by BOs. The tables themselves are all there is; a table's number of used entries is
 * in the private word of its page, so a mapped page costs its eight bytes and no more.
 *
 * Locking: pt->lock covers every entry. Notifiers take it, so nothing below it may allocate with
 * reclaim, touch user memory or wait for a fence. Tables are therefore set aside beforehand in a
 * &struct vsvm_pt_cache. The device writes too, but only accessed and dirty bits, and only into
 * valid leaves; so leaves leave by xchg() and change by cmpxchg().
 *
 * Order: an entry goes first, then the TLB, then whatever the entry named (page or table) may be
 * freed. Zapping and pruning keep pt->lock until the TLB has answered. So whoever finds an entry
 * gone under the lock knows that no engine uses the page any more.
 *
 * Dirty: a page that the GPU wrote is dirtied when its entry goes. Nobody can clean the page
 * between that and the end of the TLB's answer, for cleaning begins with an invalidation of the
 * same page, and that waits for pt->lock. To ->dirty_folio() of a file system, which is called
 * without the folio lock, pt->lock is what the lock of the CPU's page table is when that is zapped.
 *
 * A zap leaves empty tables in place, because notifiers run where the next fault may want them
 * again; vsvm_pt_prune() frees them.
 *
 * Splitting: a zap takes a large leaf whole, which suits memory that can be faulted in again. A BO
 * cannot, so a leaf that is to lose a part becomes a table of smaller ones first, by
 * vsvm_pt_split(). It exchanges the entry, so that a dirty bit is either copied or set in one of
 * the new leaves. TLBs hear nothing of it: what they have says where the same memory is, and when
 * any part of it is invalidated all of it is dropped.
 */

#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/unroll.h>

#include "svm/svm_density.h"
#include "vsvm_peer.h"
#include "vsvm_pt.h"
#include "vsvm_vram.h"

/* Leaves that are looked at together. */
#define MAPPED_STEP	8
#define VSVM_PT_END	BIT_ULL(VSVM_PT_SHIFT(VSVM_PT_LEVELS))

/* Tables that are to be freed when the TLB has forgotten them, linked through their first word. */
struct table_list {
	void *first;
};

static unsigned int entry_index(u64 addr, unsigned int level)
{
	return (addr >> VSVM_PT_SHIFT(level)) & (VSVM_PT_ENTRIES - 1);
}

static bool entry_is_leaf(u64 entry, unsigned int level)
{
	return !level || (entry & VSVM_PTE_LEAF);
}

static u64 *entry_table(u64 entry)
{
	return phys_to_virt(entry & VSVM_PTE_ADDR);
}

static u64 leaf_pages(unsigned int level)
{
	return 1ULL << (VSVM_PT_BITS * level);
}

/* Used entries of a table. */
static unsigned long *table_used(u64 *table)
{
	return &virt_to_page(table)->private;
}

static void list_push(void **first, u64 *table)
{
	*(void **)table = *first;
	*first = table;
}

static u64 *list_pop(void **first)
{
	u64 *table = *first;

	if (table) {
		*first = *(void **)table;
		/* It goes into use: the link must not look like an entry. */
		table[0] = 0;
	}
	return table;
}

static u64 *table_alloc(gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_ZERO);

	if (!page)
		return NULL;
	set_page_private(page, 0);
	return page_address(page);
}

static void table_free(u64 *table)
{
	set_page_private(virt_to_page(table), 0);
	free_page((unsigned long)table);
}

/**
 * vsvm_pt_init() - make an empty page table and tell the hardware of it
 * @pt: page table
 * @hw: device
 * @vram: its VRAM, or NULL
 *
 * Return: 0 or -ENOMEM.
 */
int vsvm_pt_init(struct vsvm_pt *pt, struct vsvm_hw *hw, const struct vsvm_vram *vram)
{
	pt->root = table_alloc(GFP_KERNEL_ACCOUNT);
	if (!pt->root)
		return -ENOMEM;

	pt->as = vsvm_hw_as_create(hw, virt_to_phys(pt->root));
	if (IS_ERR(pt->as)) {
		table_free(pt->root);
		return PTR_ERR(pt->as);
	}

	mutex_init(&pt->lock);
	pt->tables = 1;
	pt->mapped = 0;
	pt->vram = vram;

	/* Notifiers take the lock in reclaim; let lockdep know before it happens. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&pt->lock);
	fs_reclaim_release(GFP_KERNEL);
	return 0;
}

/**
 * vsvm_pt_fini() - free a page table
 * @pt: page table; no queue uses it any more, and everything is zapped
 */
void vsvm_pt_fini(struct vsvm_pt *pt)
{
	mutex_lock(&pt->lock);
	vsvm_pt_prune(pt, 0, VSVM_PT_END);
	WARN_ON_ONCE(pt->mapped || pt->tables != 1);
	mutex_unlock(&pt->lock);

	vsvm_hw_as_destroy(pt->as);
	table_free(pt->root);
	mutex_destroy(&pt->lock);
}

/**
 * vsvm_pt_cache_fill() - set aside the tables that mapping a range can need
 * @cache: filled up; what it holds already counts
 * @start: first byte
 * @end: one past the last byte
 *
 * Context: process, without pt->lock.
 * Return: 0 or -ENOMEM.
 */
int vsvm_pt_cache_fill(struct vsvm_pt_cache *cache, u64 start, u64 end)
{
	unsigned int level;
	u64 need = 0;

	for (level = 1; level < VSVM_PT_LEVELS; level++)
		need += ((end - 1) >> VSVM_PT_SHIFT(level)) - (start >> VSVM_PT_SHIFT(level)) + 1;

	return need > cache->count ? vsvm_pt_cache_add(cache, need - cache->count) : 0;
}

/**
 * vsvm_pt_cache_add() - set aside more tables
 * @cache: gets them
 * @count: how many
 *
 * Context: process, without pt->lock.
 * Return: 0 or -ENOMEM.
 */
int vsvm_pt_cache_add(struct vsvm_pt_cache *cache, u64 count)
{
	for (; count; count--) {
		u64 *table = table_alloc(GFP_KERNEL_ACCOUNT);

		if (!table)
			return -ENOMEM;
		list_push(&cache->tables, table);
		cache->count++;
	}
	return 0;
}

/**
 * vsvm_pt_cache_drain() - give back what was set aside and not used
 * @cache: emptied
 */
void vsvm_pt_cache_drain(struct vsvm_pt_cache *cache)
{
	u64 *table;

	while ((table = list_pop(&cache->tables)))
		table_free(table);
	cache->count = 0;
}

/**
 * vsvm_pt_lookup() - the leaf that maps an address
 * @pt: page table, locked
 * @addr: address
 *
 * Return: the entry or 0.
 */
u64 vsvm_pt_lookup(struct vsvm_pt *pt, u64 addr)
{
	unsigned int level = VSVM_PT_LEVELS - 1;
	u64 *table = pt->root;
	u64 entry;

	lockdep_assert_held(&pt->lock);

	if (addr >= VSVM_PT_END)
		return 0;

	for (;; level--) {
		entry = READ_ONCE(table[entry_index(addr, level)]);
		if (!(entry & VSVM_PTE_VALID))
			return 0;
		if (entry_is_leaf(entry, level))
			return entry;
		table = entry_table(entry);
	}
}

/* How many of @count leaves have all bits of @need, from the first on? */
static unsigned int count_mapped(const u64 *table, unsigned int count, u64 need)
{
	unsigned int i, j;
	u64 all;

	/* Several at a time: where nothing is to be done, this is all that a fault costs. */
	for (i = 0; i + MAPPED_STEP <= count; i += MAPPED_STEP) {
		all = need;
		unrolled_count(MAPPED_STEP)
		for (j = 0; j < MAPPED_STEP; j++)
			all &= READ_ONCE(table[i + j]);
		if (all != need)
			break;
	}
	while (i < count && (READ_ONCE(table[i]) & need) == need)
		i++;
	return i;
}

/**
 * vsvm_pt_mapped() - how far is a range mapped as wanted?
 * @pt: page table, locked
 * @start: first byte, page aligned
 * @end: one past the last byte
 * @need: bits that each leaf must have
 *
 * Return: the first address that is not, or @end or more if all of it is.
 */
u64 vsvm_pt_mapped(struct vsvm_pt *pt, u64 start, u64 end, u64 need)
{
	unsigned int level, i, count, mapped;
	u64 *table, entry;
	u64 addr = start;

	lockdep_assert_held(&pt->lock);

	while (addr < end && addr < VSVM_PT_END) {
		table = pt->root;
		for (level = VSVM_PT_LEVELS - 1; level; level--) {
			entry = READ_ONCE(table[entry_index(addr, level)]);
			if (!(entry & VSVM_PTE_VALID))
				return addr;
			if (entry_is_leaf(entry, level))
				break;
			table = entry_table(entry);
		}
		if (level) {
			if ((entry & need) != need)
				return addr;
			addr = ALIGN_DOWN(addr, 1ULL << VSVM_PT_SHIFT(level)) +
			       (1ULL << VSVM_PT_SHIFT(level));
			continue;
		}
		i = entry_index(addr, 0);
		count = min_t(u64, VSVM_PT_ENTRIES - i, PFN_UP(end - addr));
		mapped = count_mapped(table + i, count, need);
		addr += (u64)mapped << PAGE_SHIFT;
		if (mapped < count)
			return addr;
	}
	return addr;
}

/*
 * The table at @level on the way to @addr, made from @cache where it is missing. NULL where a leaf
 * of a higher level stands in the way.
 */
static u64 *table_get(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr, unsigned int level)
{
	unsigned int at = VSVM_PT_LEVELS - 1;
	u64 *table = pt->root;

	for (; at > level; at--) {
		u64 *slot = &table[entry_index(addr, at)];
		u64 entry = READ_ONCE(*slot);

		if (!(entry & VSVM_PTE_VALID)) {
			u64 *next = list_pop(&cache->tables);

			/* The caller filled the cache for this very range. */
			if (WARN_ON_ONCE(!next))
				return NULL;
			cache->count--;
			entry = virt_to_phys(next) | VSVM_PTE_VALID;
			/* The zeroes of the new table before the pointer to it. */
			smp_store_release(slot, entry);
			++*table_used(table);
			pt->tables++;
		} else if (entry_is_leaf(entry, at)) {
			return NULL;
		}
		table = entry_table(entry);
	}
	return table;
}

/*
 * Puts @leaf in place of a valid entry. What the GPU has already, it keeps: the same page with the
 * same or more rights stays as it is, dirty bit included; more rights are added. Returns true if
 * the slot changed in a way that the TLB must hear of.
 */
static bool leaf_change(u64 *slot, u64 leaf)
{
	const u64 place = VSVM_PTE_ADDR | VSVM_PTE_VRAM | VSVM_PTE_PEER;
	u64 old = READ_ONCE(*slot);
	u64 new;

	do {
		new = leaf | (old & (VSVM_PTE_ACCESSED | VSVM_PTE_DIRTY));
		if ((old ^ leaf) & place) {
			/*
			 * Another page, and no invalidation took the old one away: the notifiers
			 * have missed an event.
			 */
			WARN_ON_ONCE(1);
			new = leaf;
		} else if ((old & leaf) == leaf) {
			return false;
		}
	} while (!try_cmpxchg(slot, &old, new));

	/* Only adding rights needs no word to the TLB: it looks again before it faults. */
	return (old ^ leaf) & place;
}

/**
 * vsvm_pt_map_begin() - begin to enter 4K pages
 * @pt: page table, locked
 * @cache: filled for the range
 * @addr: first address, page aligned; the pages are in its block of %VSVM_PT_BLOCK_SIZE
 * @map: out: for vsvm_pt_map_page(); on success vsvm_pt_map_end() has to follow
 *
 * Context: does not sleep or allocate.
 * Return: false if the block is mapped by a 2M leaf, which then stays.
 */
bool vsvm_pt_map_begin(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr,
		       struct vsvm_pt_map *map)
{
	lockdep_assert_held(&pt->lock);

	map->table = table_get(pt, cache, addr, 0);
	if (!map->table)
		return false;
	map->slot = &map->table[entry_index(addr, 0)];
	map->entered = 0;
	map->flush = false;
	return true;
}

/**
 * vsvm_pt_map_again() - enter a page where one is
 * @map: from vsvm_pt_map_begin()
 * @slot: its slot
 * @leaf: its entry
 *
 * Context: pt->lock held; called by vsvm_pt_map_page() alone.
 */
void vsvm_pt_map_again(struct vsvm_pt_map *map, u64 *slot, u64 leaf)
{
	map->flush |= leaf_change(slot, leaf);
}

/**
 * vsvm_pt_map_end() - count what was entered, tell the TLB
 * @pt: page table, locked
 * @map: from vsvm_pt_map_begin()
 * @start: first address that was entered or changed, or less
 * @end: one past the last
 *
 * Context: does not sleep or allocate.
 */
void vsvm_pt_map_end(struct vsvm_pt *pt, struct vsvm_pt_map *map, u64 start, u64 end)
{
	*table_used(map->table) += map->entered;
	pt->mapped += map->entered;
	if (map->flush)
		vsvm_hw_tlb_invalidate(pt->as, start, end);
}

/**
 * vsvm_pt_map_range() - enter 4K pages
 * @pt: page table, locked
 * @cache: filled for the range
 * @addr: first address, page aligned
 * @leaves: an entry for each page, 0 for those to be left alone
 * @count: pages; the range stays within one block of %VSVM_PT_BLOCK_SIZE
 *
 * Pages that are mapped already keep at least the rights and the dirty bit that they have. If the
 * block is mapped by a 2M leaf, nothing is done.
 *
 * Context: does not sleep or allocate.
 * Return: entries written.
 */
unsigned int vsvm_pt_map_range(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr,
			       const u64 *leaves, unsigned int count)
{
	unsigned int i, written = 0;
	struct vsvm_pt_map map;

	if (!vsvm_pt_map_begin(pt, cache, addr, &map))
		return 0;
	for (i = 0; i < count; i++) {
		if (!leaves[i])
			continue;
		vsvm_pt_map_page(&map, i, leaves[i]);
		written++;
	}
	vsvm_pt_map_end(pt, &map, addr, addr + ((u64)count << PAGE_SHIFT));
	return written;
}

/**
 * vsvm_pt_map_large() - enter a page of 2M or 1G
 * @pt: page table, locked
 * @cache: filled for the page
 * @addr: address, aligned to the page
 * @leaf: its entry; the physical address is as well aligned
 * @level: 1 for 2M, 2 for 1G
 *
 * Context: does not sleep or allocate.
 * Return: false if something smaller is mapped there, or a table below was not pruned; that stays.
 */
bool vsvm_pt_map_large(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr, u64 leaf,
		       unsigned int level)
{
	u64 *table, *slot, *old = NULL;
	bool flush = false;
	u64 entry;

	lockdep_assert_held(&pt->lock);

	leaf |= VSVM_PTE_LEAF;
	table = table_get(pt, cache, addr, level);
	if (!table)
		return false;

	slot = &table[entry_index(addr, level)];
	entry = READ_ONCE(*slot);
	if ((entry & VSVM_PTE_VALID) && !(entry & VSVM_PTE_LEAF)) {
		old = entry_table(entry);
		if (*table_used(old))
			return false;
		WRITE_ONCE(*slot, 0);
		--*table_used(table);
	}

	if (entry & VSVM_PTE_LEAF) {
		flush = leaf_change(slot, leaf);
	} else {
		WRITE_ONCE(*slot, leaf);
		++*table_used(table);
		pt->mapped += leaf_pages(level);
	}
	if (flush || old)
		vsvm_hw_tlb_invalidate(pt->as, addr, addr + BIT_ULL(VSVM_PT_SHIFT(level)));
	if (old) {
		table_free(old);
		pt->tables--;
	}
	return true;
}

/*
 * The leaf that reaches across @addr, and its level. NULL if @addr is where leaves begin, or
 * nothing is mapped.
 */
static u64 *leaf_across(struct vsvm_pt *pt, u64 addr, unsigned int *level)
{
	unsigned int at = VSVM_PT_LEVELS - 1;
	u64 *table = pt->root;

	if (addr >= VSVM_PT_END)
		return NULL;

	for (;; at--) {
		u64 *slot = &table[entry_index(addr, at)];
		u64 entry = READ_ONCE(*slot);

		if (!(entry & VSVM_PTE_VALID) || IS_ALIGNED(addr, BIT_ULL(VSVM_PT_SHIFT(at))))
			return NULL;
		if (entry_is_leaf(entry, at)) {
			*level = at;
			return slot;
		}
		table = entry_table(entry);
	}
}

/**
 * vsvm_pt_split_need() - the tables that vsvm_pt_split() takes
 * @pt: page table, locked
 * @addr: where to split, page aligned
 *
 * Return: how many, 0 if no leaf reaches across @addr.
 */
unsigned int vsvm_pt_split_need(struct vsvm_pt *pt, u64 addr)
{
	unsigned int level, need = 0;

	lockdep_assert_held(&pt->lock);

	if (!leaf_across(pt, addr, &level))
		return 0;
	for (; !IS_ALIGNED(addr, BIT_ULL(VSVM_PT_SHIFT(level))); level--)
		need++;
	return need;
}

/* Makes @table say what the large leaf @entry of @level says. */
static void leaf_spread(u64 *table, u64 entry, unsigned int level)
{
	u64 step = BIT_ULL(VSVM_PT_SHIFT(level - 1));
	unsigned int i;

	if (level == 1)
		entry &= ~VSVM_PTE_LEAF;
	for (i = 0; i < VSVM_PT_ENTRIES; i++, entry += step)
		table[i] = entry;
}

/**
 * vsvm_pt_split() - make an address the beginning of a leaf
 * @pt: page table, locked
 * @cache: has vsvm_pt_split_need() tables
 * @addr: address, page aligned
 *
 * A leaf that reaches across it becomes smaller ones, which map the same and are as dirty.
 *
 * Context: does not sleep or allocate.
 */
void vsvm_pt_split(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr)
{
	unsigned int level;
	u64 *slot;

	lockdep_assert_held(&pt->lock);

	while ((slot = leaf_across(pt, addr, &level))) {
		u64 *table = list_pop(&cache->tables);
		u64 entry = READ_ONCE(*slot);

		if (WARN_ON_ONCE(!table))
			return;
		cache->count--;
		/* The device may set bits meanwhile. The exchange is after what fills the table. */
		do {
			leaf_spread(table, entry, level);
		} while (!try_cmpxchg(slot, &entry, virt_to_phys(table) | VSVM_PTE_VALID));
		*table_used(table) = VSVM_PT_ENTRIES;
		pt->tables++;
	}
}

/*
 * The GPU wrote the page. Anonymous memory has no filesystem to tell, and is likely to be dirty
 * already; of a file's memory each buffer must be marked, whatever the page as a whole is.
 */
static void folio_dirty(struct folio *folio)
{
	if (!folio_test_anon(folio))
		folio_mark_dirty(folio);
	else if (!folio_test_dirty(folio))
		folio_set_dirty(folio);
}

/* VRAM that a leaf, which has been there until now, names: its page is in use still. */
static const struct vsvm_vram *leaf_vram(const struct vsvm_pt *pt, u64 leaf)
{
	unsigned int peer = FIELD_GET(VSVM_PTE_PEER, leaf);

	return likely(!peer) ? pt->vram : vsvm_peer_by_number(peer);
}

/* A large leaf of a BO may map many folios, one of SVM a part of one. */
static void leaf_dirty(const struct vsvm_pt *pt, u64 leaf, u64 pages)
{
	unsigned long pfn = PHYS_PFN(leaf & VSVM_PTE_ADDR), end = pfn + pages;
	struct folio *folio;

	if (leaf & VSVM_PTE_VRAM) {
		const struct vsvm_vram *vram = leaf_vram(pt, leaf);

		/* What a BO has there is nobody else's, and copied whole if it moves. */
		if (vsvm_vram_has_bo(vram, leaf & VSVM_PTE_ADDR))
			return;
		folio_dirty(page_folio(vsvm_vram_page(vram, leaf & VSVM_PTE_ADDR)));
		return;
	}

	do {
		folio = page_folio(pfn_to_page(pfn));
		folio_dirty(folio);
		pfn = folio_pfn(folio) + folio_nr_pages(folio);
	} while (pages > 1 && pfn < end);
}

/*
 * Zaps the entries [slot, last] of a table, all leaves that are there having @pages.
 * Returns how many went.
 */
static unsigned int leaves_zap(const struct vsvm_pt *pt, u64 *slot, u64 *last, u64 pages,
			       unsigned int *dirty)
{
	unsigned int gone = 0;
	u64 old;

	for (; slot <= last; slot++) {
		if (!READ_ONCE(*slot))
			continue;
		old = xchg(slot, 0);
		gone++;
		if (old & VSVM_PTE_DIRTY) {
			++*dirty;
			leaf_dirty(pt, old, pages);
		}
		if (unlikely(old & VSVM_PTE_VRAM) && old & VSVM_PTE_ACCESSED)
			vsvm_density_used(leaf_vram(pt, old), old & VSVM_PTE_ADDR);
	}
	return gone;
}

/*
 * Zaps what overlaps [start, end), leaves that reach beyond it included, and widens *@lo, *@hi to
 * what went.
 */
static void table_zap(struct vsvm_pt *pt, u64 *table, unsigned int level, u64 start, u64 end,
		      struct vsvm_pt_zapped *zapped, u64 *lo, u64 *hi)
{
	u64 span = 1ULL << VSVM_PT_SHIFT(level);
	unsigned int gone, dirty;
	u64 addr, next;

	for (addr = start; addr < end && *table_used(table); addr = next) {
		u64 *slot = &table[entry_index(addr, level)], *last = slot;
		u64 base = ALIGN_DOWN(addr, span);
		u64 entry = READ_ONCE(*slot);

		next = base + span;
		if (!level) {
			/* The caller stays within this table. */
			next = ALIGN(end, span);
			last = &table[entry_index(next - 1, 0)];
		} else if (!(entry & VSVM_PTE_VALID)) {
			continue;
		} else if (!entry_is_leaf(entry, level)) {
			table_zap(pt, entry_table(entry), level - 1, addr, min(next, end), zapped,
				  lo, hi);
			continue;
		}

		dirty = 0;
		gone = leaves_zap(pt, slot, last, leaf_pages(level), &dirty);
		if (!gone)
			continue;
		*table_used(table) -= gone;
		pt->mapped -= gone * leaf_pages(level);
		if (level == 1)
			zapped->pages_2m += gone * leaf_pages(1);
		zapped->pages += gone * leaf_pages(level);
		zapped->dirty += dirty * leaf_pages(level);
		*lo = min(*lo, base);
		*hi = max(*hi, next);
	}
}

/**
 * vsvm_pt_zap() - take away what maps a range, and wait for the TLB
 * @pt: page table, locked
 * @start: first byte, page aligned
 * @end: one past the last byte, page aligned or beyond the last address
 *
 * Dirties the pages that the GPU wrote. A larger leaf that overlaps the range goes whole. When it
 * returns, no engine can reach the pages.
 *
 * Context: may be in reclaim; does not sleep or allocate.
 * Return: how much has gone.
 */
struct vsvm_pt_zapped vsvm_pt_zap(struct vsvm_pt *pt, u64 start, u64 end)
{
	struct vsvm_pt_zapped zapped = {};
	u64 lo = VSVM_PT_END, hi = 0;

	lockdep_assert_held(&pt->lock);

	end = min(end, VSVM_PT_END);
	if (start >= end)
		return zapped;

	table_zap(pt, pt->root, VSVM_PT_LEVELS - 1, start, end, &zapped, &lo, &hi);
	if (zapped.pages)
		vsvm_hw_tlb_invalidate(pt->as, lo, hi);
	return zapped;
}

/* How a walk of vsvm_pt_age_vram() reports. */
struct age {
	/* What leaves that it is about have of VRAM and PEER. */
	u64 aperture;
	void (*used)(void *data, u64 offset);
	void *data;
	bool any;
};

static void table_age(u64 *table, unsigned int level, struct age *age)
{
	const u64 look = VSVM_PTE_VALID | VSVM_PTE_VRAM | VSVM_PTE_PEER | VSVM_PTE_ACCESSED;
	const u64 seen = VSVM_PTE_VALID | VSVM_PTE_ACCESSED | age->aperture;
	unsigned int i, left = *table_used(table);
	u64 entry;

	for (i = 0; left && i < VSVM_PT_ENTRIES; i++) {
		entry = READ_ONCE(table[i]);
		if (!entry)
			continue;
		left--;
		if (!entry_is_leaf(entry, level)) {
			table_age(entry_table(entry), level - 1, age);
		} else if ((entry & look) == seen) {
			/* If the device sets DIRTY just now it is in use, and stays as it is. */
			cmpxchg(&table[i], entry, entry & ~VSVM_PTE_ACCESSED);
			age->used(age->data, entry & VSVM_PTE_ADDR);
			age->any = true;
		}
	}
}

/**
 * vsvm_pt_age_vram() - which VRAM has been used since this was last asked?
 * @pt: page table, locked
 * @peer: whose: as %VSVM_PTE_PEER has it, 0: the device's own
 * @used: called with the offset of each leaf that the device has used
 * @data: for @used
 *
 * Context: does not sleep or allocate.
 */
void vsvm_pt_age_vram(struct vsvm_pt *pt, unsigned int peer, void (*used)(void *data, u64 offset),
		      void *data)
{
	struct age age = { VSVM_PTE_VRAM | FIELD_PREP(VSVM_PTE_PEER, peer), used, data };

	lockdep_assert_held(&pt->lock);

	table_age(pt->root, VSVM_PT_LEVELS - 1, &age);
	/* What the TLB has it does not look up again, and so would not say of. */
	if (age.any)
		vsvm_hw_tlb_invalidate(pt->as, 0, VSVM_PT_END);
}

static void table_prune(struct vsvm_pt *pt, u64 *table, unsigned int level, u64 start, u64 end,
			struct table_list *gone)
{
	u64 span = 1ULL << VSVM_PT_SHIFT(level);
	u64 addr, next;

	for (addr = start; addr < end && *table_used(table); addr = next) {
		u64 *slot = &table[entry_index(addr, level)];
		u64 entry = READ_ONCE(*slot);
		u64 *below;

		next = ALIGN_DOWN(addr, span) + span;
		if (!(entry & VSVM_PTE_VALID) || entry_is_leaf(entry, level))
			continue;
		below = entry_table(entry);
		if (level > 1)
			table_prune(pt, below, level - 1, addr, min(next, end), gone);
		if (*table_used(below))
			continue;
		WRITE_ONCE(*slot, 0);
		--*table_used(table);
		pt->tables--;
		/*
		 * An engine may be reading it. It holds no entry, and the link, an address of
		 * the kernel with its low bits clear, does not look like a valid one.
		 */
		list_push(&gone->first, below);
	}
}

/**
 * vsvm_pt_prune() - free the empty tables of a range
 * @pt: page table, locked
 * @start: first byte
 * @end: one past the last byte
 *
 * Context: does not sleep or allocate.
 */
void vsvm_pt_prune(struct vsvm_pt *pt, u64 start, u64 end)
{
	struct table_list gone = {};
	u64 *table;

	lockdep_assert_held(&pt->lock);

	end = min(end, VSVM_PT_END);
	if (start >= end)
		return;

	table_prune(pt, pt->root, VSVM_PT_LEVELS - 1, start, end, &gone);
	if (!gone.first)
		return;
	vsvm_hw_tlb_invalidate(pt->as, start & PAGE_MASK, PAGE_ALIGN(end));
	while ((table = list_pop(&gone.first)))
		table_free(table);
}
