/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_PT_H_
#define _VSVM_PT_H_

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/vsvm_hw.h>

struct vsvm_vram;

/** VSVM_PT_BLOCK_SIZE - what one level 1 entry spans: the larger page size of SVM, 2 MiB */
#define VSVM_PT_BLOCK_SIZE	BIT_ULL(VSVM_PT_SHIFT(1))

/**
 * struct vsvm_pt_cache - empty tables set aside, because the path that enters them may not allocate
 */
struct vsvm_pt_cache {
	/** @tables: empty tables, linked through their first word */
	void *tables;
	/** @count: how many */
	unsigned int count;
};

/**
 * struct vsvm_pt - the page table of one VM
 */
struct vsvm_pt {
	/** @lock: covers every entry and all counts; see DOC: Page tables of the driver */
	struct mutex lock;
	/** @as: what the hardware knows of it */
	struct vsvm_hw_as *as;
	/** @root: the level 4 table */
	u64 *root;
	/** @tables: tables, the root included */
	u64 tables;
	/** @mapped: 4K pages mapped by leaves of any size */
	u64 mapped;
	/** @vram: own VRAM, which leaves with that aperture and no peer name; NULL: none */
	const struct vsvm_vram *vram;
};

/**
 * struct vsvm_pt_map - 4K pages being entered, see vsvm_pt_map_begin()
 */
struct vsvm_pt_map {
	/** @table: the level 0 table that they go into */
	u64 *table;
	/** @slot: entry of the first address */
	u64 *slot;
	/** @entered: entries that were empty before */
	unsigned int entered;
	/** @flush: the TLB must hear of it */
	bool flush;
};

/**
 * struct vsvm_pt_zapped - what a zap has taken away
 */
struct vsvm_pt_zapped {
	/** @pages: 4K pages */
	u64 pages;
	/** @pages_2m: of these, pages of leaves of 2M */
	u64 pages_2m;
	/** @dirty: of these, pages that the GPU had written */
	u64 dirty;
};

int vsvm_pt_init(struct vsvm_pt *pt, struct vsvm_hw *hw, const struct vsvm_vram *vram);
void vsvm_pt_fini(struct vsvm_pt *pt);
int vsvm_pt_cache_fill(struct vsvm_pt_cache *cache, u64 start, u64 end);
int vsvm_pt_cache_add(struct vsvm_pt_cache *cache, u64 count);
void vsvm_pt_cache_drain(struct vsvm_pt_cache *cache);
u64 vsvm_pt_lookup(struct vsvm_pt *pt, u64 addr);
u64 vsvm_pt_mapped(struct vsvm_pt *pt, u64 start, u64 end, u64 need);
bool vsvm_pt_map_begin(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr,
		       struct vsvm_pt_map *map);
void vsvm_pt_map_again(struct vsvm_pt_map *map, u64 *slot, u64 leaf);
void vsvm_pt_map_end(struct vsvm_pt *pt, struct vsvm_pt_map *map, u64 start, u64 end);
unsigned int vsvm_pt_map_range(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr,
			       const u64 *leaves, unsigned int count);
bool vsvm_pt_map_large(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr, u64 leaf,
		       unsigned int level);
unsigned int vsvm_pt_split_need(struct vsvm_pt *pt, u64 addr);
void vsvm_pt_split(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr);
struct vsvm_pt_zapped vsvm_pt_zap(struct vsvm_pt *pt, u64 start, u64 end);
void vsvm_pt_age_vram(struct vsvm_pt *pt, unsigned int peer, void (*used)(void *data, u64 offset),
		      void *data);
void vsvm_pt_prune(struct vsvm_pt *pt, u64 start, u64 end);

/* Enters a page of 2M, see vsvm_pt_map_large(). */
static inline bool vsvm_pt_map_block(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr,
				     u64 leaf)
{
	return vsvm_pt_map_large(pt, cache, addr, leaf, 1);
}

/**
 * vsvm_pt_leaf() - the entry that maps a page of system memory
 * @phys: its physical address
 * @write: may the GPU write it; atomics go with writing
 *
 * Return: the entry, for level 0; vsvm_pt_map_large() adds what others need.
 */
static inline u64 vsvm_pt_leaf(u64 phys, bool write)
{
	return phys | VSVM_PTE_VALID | (write ? VSVM_PTE_WRITE | VSVM_PTE_ATOMIC : 0);
}

/**
 * vsvm_pt_map_page() - enter one page
 * @map: from vsvm_pt_map_begin()
 * @i: how many pages behind the address given there
 * @leaf: its entry
 *
 * A page that is mapped already keeps at least the rights and the dirty bit that it has.
 *
 * Context: pt->lock held.
 */
static inline void vsvm_pt_map_page(struct vsvm_pt_map *map, unsigned int i, u64 leaf)
{
	u64 *slot = &map->slot[i];

	if (likely(!READ_ONCE(*slot))) {
		WRITE_ONCE(*slot, leaf);
		map->entered++;
	} else {
		vsvm_pt_map_again(map, slot, leaf);
	}
}

#endif
