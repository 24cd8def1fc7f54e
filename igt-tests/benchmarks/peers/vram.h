/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef VSVM_PEER_VRAM_H
#define VSVM_PEER_VRAM_H

#include <linux/bitmap.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

/** PEER_VRAM_SIZE - bytes of it */
#define PEER_VRAM_SIZE		SZ_64M
/** PEER_VRAM_PAGES - 4K pages of it */
#define PEER_VRAM_PAGES		(PEER_VRAM_SIZE / PAGE_SIZE)
/** PEER_VRAM_BLOCK - bytes that lie together */
#define PEER_VRAM_BLOCK		SZ_2M

/**
 * struct peer_vram - device memory of a peer
 */
struct peer_vram {
	/** @pgmap: struct pages for it */
	struct dev_pagemap pgmap;
	/** @first_pfn: of the first one */
	unsigned long first_pfn;
	/** @blocks: the memory, in pieces of %PEER_VRAM_BLOCK */
	void *blocks[PEER_VRAM_SIZE / PEER_VRAM_BLOCK];
	/** @lock: of @used and @next */
	spinlock_t lock;
	/** @used: which pages are taken */
	DECLARE_BITMAP(used, PEER_VRAM_PAGES);
	/** @next: where to look first for one that is not */
	unsigned long next;
};

int peer_vram_init(struct peer_vram *vram, const struct dev_pagemap_ops *ops, void *owner);
void peer_vram_fini(struct peer_vram *vram);
unsigned long peer_vram_alloc(struct peer_vram *vram, unsigned int pages);
void peer_vram_free(struct peer_vram *vram, unsigned long pfn, unsigned int pages);

/** peer_vram_ptr() - what is behind a device-private page, up to the end of its 2M */
static inline void *peer_vram_ptr(const struct peer_vram *vram, const struct page *page)
{
	u64 offset = (u64)(page_to_pfn(page) - vram->first_pfn) << PAGE_SHIFT;

	return vram->blocks[offset / PEER_VRAM_BLOCK] + offset % PEER_VRAM_BLOCK;
}

#endif
