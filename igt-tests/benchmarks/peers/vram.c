// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Device memory of a peer
 *
 * Device-private pages, and memory of the host that stands for what they name. All of it is there
 * from the start, as with a card, and so is no part of what a migration costs. A bitmap says which
 * pages are taken.
 *
 * Locking: vram->lock, with interrupts off, for a page may be freed anywhere.
 */

#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/string.h>

#include "vram.h"

static void free_blocks(struct peer_vram *vram)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vram->blocks); i++)
		free_pages((unsigned long)vram->blocks[i], get_order(PEER_VRAM_BLOCK));
}

/**
 * peer_vram_init() - make device memory
 * @vram: zeroed
 * @ops: for its pages
 * @owner: as &dev_pagemap.owner
 *
 * Return: 0 or an error.
 */
int peer_vram_init(struct peer_vram *vram, const struct dev_pagemap_ops *ops, void *owner)
{
	struct resource *res;
	unsigned int i;
	void *ret;

	spin_lock_init(&vram->lock);
	for (i = 0; i < ARRAY_SIZE(vram->blocks); i++) {
		vram->blocks[i] = (void *)__get_free_pages(GFP_KERNEL, get_order(PEER_VRAM_BLOCK));
		if (!vram->blocks[i]) {
			free_blocks(vram);
			return -ENOMEM;
		}
	}

	res = request_free_mem_region(&iomem_resource, PEER_VRAM_SIZE, "vsvm-peers");
	if (IS_ERR(res)) {
		free_blocks(vram);
		return PTR_ERR(res);
	}
	vram->pgmap.type = MEMORY_DEVICE_PRIVATE;
	vram->pgmap.range.start = res->start;
	vram->pgmap.range.end = res->end;
	vram->pgmap.nr_range = 1;
	vram->pgmap.ops = ops;
	vram->pgmap.owner = owner;
	ret = memremap_pages(&vram->pgmap, NUMA_NO_NODE);
	if (IS_ERR(ret)) {
		release_mem_region(res->start, resource_size(res));
		free_blocks(vram);
		return PTR_ERR(ret);
	}
	vram->first_pfn = PHYS_PFN(res->start);
	return 0;
}

/**
 * peer_vram_fini() - undo peer_vram_init()
 * @vram: nobody makes pages of it any more; waits for those in use
 */
void peer_vram_fini(struct peer_vram *vram)
{
	memunmap_pages(&vram->pgmap);
	release_mem_region(vram->pgmap.range.start, range_len(&vram->pgmap.range));
	free_blocks(vram);
}

/**
 * peer_vram_alloc() - take some pages
 * @vram: device memory
 * @pages: a power of two, up to 2M; they begin at a multiple of that
 *
 * Return: number of the first page, or 0.
 */
unsigned long peer_vram_alloc(struct peer_vram *vram, unsigned int pages)
{
	unsigned long flags, at;

	spin_lock_irqsave(&vram->lock, flags);
	at = bitmap_find_next_zero_area(vram->used, PEER_VRAM_PAGES, vram->next, pages, pages - 1);
	if (at >= PEER_VRAM_PAGES)
		at = bitmap_find_next_zero_area(vram->used, PEER_VRAM_PAGES, 0, pages, pages - 1);
	if (at < PEER_VRAM_PAGES) {
		bitmap_set(vram->used, at, pages);
		vram->next = at + pages;
	}
	spin_unlock_irqrestore(&vram->lock, flags);
	return at < PEER_VRAM_PAGES ? vram->first_pfn + at : 0;
}

/**
 * peer_vram_free() - undo peer_vram_alloc(), or a part of it
 * @vram: device memory
 * @pfn: number of the first page
 * @pages: how many
 */
void peer_vram_free(struct peer_vram *vram, unsigned long pfn, unsigned int pages)
{
	unsigned long flags;

	spin_lock_irqsave(&vram->lock, flags);
	bitmap_clear(vram->used, pfn - vram->first_pfn, pages);
	spin_unlock_irqrestore(&vram->lock, flags);
}
