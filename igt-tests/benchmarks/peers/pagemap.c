// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: drm_pagemap
 *
 * What a driver gives to the kernel's drm_pagemap, so that this moves memory of a process to the
 * device and back: an allocation of device memory for a range, the numbers of its pages, and two
 * copies, here by the CPU. All else is the helper's, and so is what comes back when a CPU touches a
 * page: all of the allocation.
 *
 * If there is no room, the allocation that was made first is evicted, by the helper.
 *
 * Locking: populate_lock, below mmap_lock, around an allocation and the migration to it, so that
 * nobody evicts one that is on its way; vram.lock for the list, for an allocation may end anywhere.
 *
 * Limits: there are no fences, for a copy is done when it returns.
 */

#include <linux/dma-mapping.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_pagemap.h>

#include "pagemap.h"
#include "vram.h"

/**
 * struct allocation - device memory for a range
 */
struct allocation {
	/** @base: the helper's part */
	struct drm_pagemap_devmem base;
	/** @ref: the helper's, and who evicts it */
	struct kref ref;
	/** @link: in allocations */
	struct list_head link;
	/** @pfn: its first page */
	unsigned long pfn;
};

static struct drm_device *device;
static struct peer_vram vram;
static DEFINE_MUTEX(populate_lock);
/* The first one first. */
static LIST_HEAD(allocations);

static struct allocation *to_allocation(struct drm_pagemap_devmem *base)
{
	return container_of(base, struct allocation, base);
}

static void allocation_free(struct kref *ref)
{
	kfree(container_of(ref, struct allocation, ref));
}

static void allocation_release(struct drm_pagemap_devmem *base)
{
	struct allocation *allocation = to_allocation(base);
	unsigned long flags;

	spin_lock_irqsave(&vram.lock, flags);
	list_del_init(&allocation->link);
	spin_unlock_irqrestore(&vram.lock, flags);
	peer_vram_free(&vram, allocation->pfn, base->size >> PAGE_SHIFT);
	kref_put(&allocation->ref, allocation_free);
}

static int allocation_pfns(struct drm_pagemap_devmem *base, unsigned long count,
			   unsigned long *pfns)
{
	unsigned long i;

	for (i = 0; i < count; i++)
		pfns[i] = to_allocation(base)->pfn + i;
	return 0;
}

/* A folio that goes as one is named by its first page alone. */
static int copy_to_device(struct page **pages, struct drm_pagemap_addr *addrs, unsigned long count,
			  struct dma_fence *fence)
{
	unsigned long i, step;

	for (i = 0; i < count; i += step) {
		step = pages[i] ? folio_nr_pages(page_folio(pages[i])) : 1;
		if (!pages[i])
			continue;
		if (addrs[i].addr)
			memcpy(peer_vram_ptr(&vram, pages[i]), phys_to_virt(addrs[i].addr),
			       step * PAGE_SIZE);
		else
			memset(peer_vram_ptr(&vram, pages[i]), 0, step * PAGE_SIZE);
	}
	return 0;
}

static int copy_to_system(struct page **pages, struct drm_pagemap_addr *addrs, unsigned long count,
			  struct dma_fence *fence)
{
	unsigned long i, step;

	for (i = 0; i < count; i += step) {
		step = 1UL << addrs[i].order;
		if (pages[i] && addrs[i].addr)
			memcpy(phys_to_virt(addrs[i].addr), peer_vram_ptr(&vram, pages[i]),
			       step * PAGE_SIZE);
	}
	return 0;
}

static const struct drm_pagemap_devmem_ops allocation_ops = {
	.devmem_release = allocation_release,
	.populate_devmem_pfn = allocation_pfns,
	.copy_to_devmem = copy_to_device,
	.copy_to_ram = copy_to_system,
};

static bool evict_first(void)
{
	struct allocation *allocation;
	bool evicted;

	lockdep_assert_held(&populate_lock);

	spin_lock_irq(&vram.lock);
	allocation = list_first_entry_or_null(&allocations, struct allocation, link);
	if (allocation)
		kref_get(&allocation->ref);
	spin_unlock_irq(&vram.lock);
	if (!allocation)
		return false;
	evicted = !drm_pagemap_evict_to_ram(&allocation->base);
	kref_put(&allocation->ref, allocation_free);
	return evicted;
}

static int populate(struct drm_pagemap *pagemap, unsigned long start, unsigned long end,
		    struct mm_struct *mm, unsigned long timeslice_ms)
{
	const struct drm_pagemap_migrate_details details = { .timeslice_ms = timeslice_ms };
	struct allocation *allocation = kzalloc_obj(*allocation);
	int ret;

	if (!allocation)
		return -ENOMEM;
	kref_init(&allocation->ref);

	mutex_lock(&populate_lock);
	do {
		allocation->pfn = peer_vram_alloc(&vram, (end - start) >> PAGE_SHIFT);
	} while (!allocation->pfn && evict_first());
	if (!allocation->pfn) {
		mutex_unlock(&populate_lock);
		kfree(allocation);
		return -ENOSPC;
	}

	spin_lock_irq(&vram.lock);
	list_add_tail(&allocation->link, &allocations);
	spin_unlock_irq(&vram.lock);
	drm_pagemap_devmem_init(&allocation->base, device->dev, mm, &allocation_ops, pagemap,
				end - start, NULL);
	/* It is the helper's from now on, whatever becomes of it. */
	ret = drm_pagemap_migrate_to_devmem(&allocation->base, mm, start, end, &details);
	mutex_unlock(&populate_lock);
	return ret;
}

/* Where a driver would find the page in its device memory. */
static struct drm_pagemap_addr map_page(struct drm_pagemap *pagemap, struct device *dev,
					struct page *page, unsigned int order,
					enum dma_data_direction dir)
{
	return drm_pagemap_addr_encode(PFN_PHYS(page_to_pfn(page) - vram.first_pfn),
				       DRM_INTERCONNECT_DRIVER, order, dir);
}

static const struct drm_pagemap_ops pagemap_ops = {
	.device_map = map_page,
	.populate_mm = populate,
};

/**
 * pagemap_create() - a drm_pagemap of the device memory
 *
 * It has a reference on the module, so this lasts as long as any of its pages.
 *
 * Return: what drm_pagemap_put() is for, or ERR_PTR.
 */
struct drm_pagemap *pagemap_create(void)
{
	struct drm_pagemap *pagemap = kzalloc_obj(*pagemap);
	int ret;

	if (!pagemap)
		return ERR_PTR(-ENOMEM);
	ret = drm_pagemap_init(pagemap, &vram.pgmap, device, &pagemap_ops);
	if (ret) {
		kfree(pagemap);
		return ERR_PTR(ret);
	}
	return pagemap;
}

/**
 * pagemap_owner() - whose the device memory is
 *
 * Return: as &dev_pagemap.owner.
 */
void *pagemap_owner(void)
{
	return &vram;
}

/**
 * pagemap_init() - make the device memory
 * @drm: device; its driver names the module
 *
 * Return: 0 or an error.
 */
int pagemap_init(struct drm_device *drm)
{
	device = drm;
	return peer_vram_init(&vram, drm_pagemap_pagemap_ops_get(), &vram);
}

/**
 * pagemap_exit() - undo pagemap_init()
 */
void pagemap_exit(void)
{
	peer_vram_fini(&vram);
}
