/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_PT_H_
#define _VSVM_PT_H_

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/vsvm_hw.h>

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
};

/**
 * struct vsvm_pt_zapped - what a zap has taken away
 */
struct vsvm_pt_zapped {
	/** @pages: 4K pages */
	u64 pages;
	/** @dirty: of these, pages that the GPU had written */
	u64 dirty;
};

int vsvm_pt_init(struct vsvm_pt *pt, struct vsvm_hw *hw);
void vsvm_pt_fini(struct vsvm_pt *pt);
int vsvm_pt_cache_fill(struct vsvm_pt_cache *cache, u64 start, u64 end);
void vsvm_pt_cache_drain(struct vsvm_pt_cache *cache);
u64 vsvm_pt_leaf(u64 phys, bool write);
u64 vsvm_pt_lookup(struct vsvm_pt *pt, u64 addr);
unsigned int vsvm_pt_map_range(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr,
			       const u64 *leaves, unsigned int count);
bool vsvm_pt_map_block(struct vsvm_pt *pt, struct vsvm_pt_cache *cache, u64 addr, u64 leaf);
struct vsvm_pt_zapped vsvm_pt_zap(struct vsvm_pt *pt, u64 start, u64 end);
void vsvm_pt_prune(struct vsvm_pt *pt, u64 start, u64 end);

#endif
