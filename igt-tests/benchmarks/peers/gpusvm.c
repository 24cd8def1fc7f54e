// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: drm_gpusvm
 *
 * What a driver does that uses the kernel's drm_gpusvm, without the GPU: find or make the range,
 * get its pages, look under the notifier's lock that they are still valid, which is where the
 * driver would enter them into its page table. Here nothing is entered. DMA addresses are made, for
 * that is part of the helper.
 *
 * One fault is one range: of 4K, 64K or 2M, the largest that is allowed and fits into the mapping.
 * A range is valid or not, whatever the access, so pages are always asked for to be written, as
 * drivers do where the mapping allows it. Notifiers are of 512M, as the helper recommends. An
 * invalidation takes away the DMA addresses; ranges whose mapping went wait on a list for the next
 * fault or PEER_SYNC.
 *
 * With device memory (pagemap.c) it does what xe does when it is asked to move memory: range by
 * range, the migration, and then the pages, as after a fault. Back, drm_gpusvm touches the pages of
 * a range as a CPU would. A fault alone moves nothing.
 *
 * Locking: the helper's notifier lock covers the list. The driver's lock that it asks for is that
 * of the file (peer_main.c).
 */

#include <linux/device/faux.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gpusvm.h>
#include <drm/drm_pagemap.h>

#include "pagemap.h"
#include "peer.h"

#define TRIES	16

/**
 * struct gpusvm_range - a range of the helper, and a place for it on a list
 */
struct gpusvm_range {
	/** @base: the helper's part */
	struct drm_gpusvm_range base;
	/** @link: in &gpusvm.gone */
	struct list_head link;
};

/**
 * struct gpusvm - a mirror
 */
struct gpusvm {
	/** @base: the helper's part */
	struct drm_gpusvm base;
	/** @chunks: sizes of ranges, the largest first */
	unsigned long chunks[3];
	/** @ctx: how ranges are made and pages asked for */
	struct drm_gpusvm_ctx ctx;
	/** @pagemap: device memory, or NULL */
	struct drm_pagemap *pagemap;
	/** @gone: ranges whose mapping went, in part or as a whole */
	struct list_head gone;
	/** @invalidations: received */
	u64 invalidations;
};

static struct faux_device *device;
static struct drm_device *drm;

/* Nobody opens it. It says whose module it is, for who holds device memory. */
static const struct file_operations driver_fops = {
	.owner = THIS_MODULE,
};

static const struct drm_driver driver = {
	.name = "vsvm-peers",
	.desc = "drm_gpusvm without a GPU",
	.fops = &driver_fops,
};

static struct gpusvm_range *to_range(struct drm_gpusvm_range *base)
{
	return container_of(base, struct gpusvm_range, base);
}

static struct drm_gpusvm_range *range_alloc(struct drm_gpusvm *base)
{
	struct gpusvm_range *range = kzalloc_obj(*range);

	if (!range)
		return NULL;
	INIT_LIST_HEAD(&range->link);
	return &range->base;
}

static void range_free(struct drm_gpusvm_range *base)
{
	kfree(to_range(base));
}

static void invalidate(struct drm_gpusvm *base, struct drm_gpusvm_notifier *notifier,
		       const struct mmu_notifier_range *event)
{
	struct gpusvm *svm = container_of(base, struct gpusvm, base);
	struct drm_gpusvm_ctx ctx = { .in_notifier = true };
	struct drm_gpusvm_range *range = NULL;

	svm->invalidations++;
	drm_gpusvm_for_each_range(range, notifier, event->start, event->end) {
		drm_gpusvm_range_unmap_pages(base, range, &ctx);
		if (event->event != MMU_NOTIFY_UNMAP)
			continue;
		drm_gpusvm_range_set_unmapped(range, event);
		if (list_empty(&to_range(range)->link))
			list_add_tail(&to_range(range)->link, &svm->gone);
	}
}

static const struct drm_gpusvm_ops helper_ops = {
	.range_alloc = range_alloc,
	.range_free = range_free,
	.invalidate = invalidate,
};

static struct gpusvm_range *gone_first(struct gpusvm *svm)
{
	struct gpusvm_range *range;

	drm_gpusvm_notifier_lock(&svm->base);
	range = list_first_entry_or_null(&svm->gone, struct gpusvm_range, link);
	if (range)
		list_del_init(&range->link);
	drm_gpusvm_notifier_unlock(&svm->base);
	return range;
}

static void gpusvm_sync(void *peer)
{
	struct gpusvm *svm = peer;
	struct gpusvm_range *range;

	while ((range = gone_first(svm)))
		drm_gpusvm_range_remove(&svm->base, &range->base);
}

/* What is to become of a range before its pages are asked for. */
enum where { STAY, TO_DEVICE, TO_SYSTEM };

static int move(struct gpusvm *svm, struct drm_gpusvm_range *range, enum where where)
{
	if (where == TO_SYSTEM)
		return drm_gpusvm_range_evict(&svm->base, range);
	return drm_pagemap_populate_mm(svm->pagemap, drm_gpusvm_range_start(range),
				       drm_gpusvm_range_end(range), svm->base.mm, 0);
}

/* One try at the range that has @addr. On success *@next is where it ends. */
static int serve_range(struct gpusvm *svm, u64 addr, u64 start, u64 end, enum where where,
		       u64 *next)
{
	struct drm_gpusvm_range *range;
	bool valid;
	int ret;

	gpusvm_sync(svm);

	range = drm_gpusvm_range_find_or_insert(&svm->base, addr, start, end, &svm->ctx);
	if (IS_ERR(range))
		return PTR_ERR(range);
	if (where != STAY) {
		ret = move(svm, range, where);
		if (ret)
			return ret == -EBUSY ? -EAGAIN : ret;
	}
	ret = drm_gpusvm_range_get_pages(&svm->base, range, &svm->ctx);
	if (ret == -EOPNOTSUPP || ret == -EFAULT || ret == -EPERM)
		return -EAGAIN;
	if (ret)
		return ret;

	drm_gpusvm_notifier_lock(&svm->base);
	valid = drm_gpusvm_range_pages_valid(&svm->base, range);
	drm_gpusvm_notifier_unlock(&svm->base);
	*next = drm_gpusvm_range_end(range);
	return valid ? 0 : -EAGAIN;
}

static int serve(struct gpusvm *svm, u64 start, u64 end, enum where where)
{
	unsigned int tries = 0;
	u64 addr = start;
	int ret;

	while (addr < end) {
		ret = serve_range(svm, addr, start, end, where, &addr);
		if (!ret)
			tries = 0;
		else if (ret != -EAGAIN || ++tries == TRIES)
			return ret;
	}
	return 0;
}

static int gpusvm_fault(void *peer, u64 start, u64 end, bool write)
{
	return serve(peer, start, end, STAY);
}

static int gpusvm_move(void *peer, u64 start, u64 end, bool to_device)
{
	struct gpusvm *svm = peer;

	if (!svm->pagemap)
		return -EOPNOTSUPP;
	return serve(svm, start, end, to_device ? TO_DEVICE : TO_SYSTEM);
}

static u64 range_bytes(struct drm_gpusvm_range *range)
{
	u64 bytes = kmalloc_size_roundup(sizeof(struct gpusvm_range));
	u64 pages = drm_gpusvm_range_size(range) / PAGE_SIZE;

	if (range->pages.dma_addr)
		bytes += kmalloc_size_roundup(pages * sizeof(*range->pages.dma_addr));
	return bytes;
}

static void gpusvm_stats(void *peer, struct peer_stats *stats)
{
	struct drm_gpusvm_notifier *notifier;
	struct drm_gpusvm_range *range;
	struct gpusvm *svm = peer;

	drm_gpusvm_for_each_notifier(notifier, &svm->base, 0, LONG_MAX) {
		stats->notifiers++;
		stats->bytes += kmalloc_size_roundup(sizeof(*notifier));
		range = NULL;
		drm_gpusvm_for_each_range(range, notifier, 0, LONG_MAX)
			stats->bytes += range_bytes(range);
	}
	stats->invalidations = READ_ONCE(svm->invalidations);
}

static void gpusvm_destroy(void *peer)
{
	struct gpusvm *svm = peer;

	drm_gpusvm_fini(&svm->base);
	drm_pagemap_put(svm->pagemap);
	kfree(svm);
}

static bool hear_nothing(struct mmu_interval_notifier *notifier,
			 const struct mmu_notifier_range *event, unsigned long cur_seq)
{
	mmu_interval_set_seq(notifier, cur_seq);
	return true;
}

/* The first notifier of a process costs more, which is no fault's business. */
static int prime(struct mm_struct *mm)
{
	static const struct mmu_interval_notifier_ops ops = { .invalidate = hear_nothing };
	struct mmu_interval_notifier notifier;
	int ret;

	ret = mmu_interval_notifier_insert(&notifier, mm, 0, PAGE_SIZE, &ops);
	if (!ret)
		mmu_interval_notifier_remove(&notifier);
	return ret;
}

/* As xe has it. */
static int use_device_memory(struct gpusvm *svm)
{
	struct drm_pagemap *pagemap = pagemap_create();

	if (IS_ERR(pagemap))
		return PTR_ERR(pagemap);
	svm->pagemap = pagemap;
	svm->ctx.devmem_possible = true;
	svm->ctx.check_pages_threshold = SZ_64K;
	svm->ctx.device_private_page_owner = pagemap_owner();
	return 0;
}

static void *gpusvm_create(struct mm_struct *mm, const struct peer_setup *setup)
{
	static const unsigned long sizes[] = { SZ_2M, SZ_64K, SZ_4K };
	unsigned int i, count = 0;
	struct gpusvm *svm;
	int ret;

	svm = kzalloc_obj(*svm);
	if (!svm)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&svm->gone);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (sizes[i] <= setup->chunk)
			svm->chunks[count++] = sizes[i];

	ret = prime(mm);
	if (!ret && setup->flags & PEER_DEVICE_MEMORY)
		ret = use_device_memory(svm);
	if (!ret)
		ret = drm_gpusvm_init(&svm->base, "vsvm-peers", drm, mm, 0, TASK_SIZE, SZ_512M,
				      &helper_ops, svm->chunks, count);
	if (ret) {
		drm_pagemap_put(svm->pagemap);
		kfree(svm);
		return ERR_PTR(ret);
	}
	return svm;
}

const struct peer_ops gpusvm_ops = {
	.create = gpusvm_create,
	.destroy = gpusvm_destroy,
	.fault = gpusvm_fault,
	.move = gpusvm_move,
	.sync = gpusvm_sync,
	.stats = gpusvm_stats,
};

/**
 * gpusvm_init() - make the device that DMA addresses are for
 *
 * Return: 0 or an error.
 */
int gpusvm_init(void)
{
	int ret;

	device = faux_device_create("vsvm-peers", NULL, NULL);
	if (!device)
		return -ENODEV;
	ret = dma_coerce_mask_and_coherent(&device->dev, DMA_BIT_MASK(64));
	if (ret)
		goto err_device;

	drm = drm_dev_alloc(&driver, &device->dev);
	if (IS_ERR(drm)) {
		ret = PTR_ERR(drm);
		goto err_device;
	}
	ret = pagemap_init(drm);
	if (ret)
		goto err_drm;
	return 0;

err_drm:
	drm_dev_put(drm);
err_device:
	faux_device_destroy(device);
	return ret;
}

/**
 * gpusvm_exit() - undo gpusvm_init()
 */
void gpusvm_exit(void)
{
	pagemap_exit();
	drm_dev_put(drm);
	faux_device_destroy(device);
}
