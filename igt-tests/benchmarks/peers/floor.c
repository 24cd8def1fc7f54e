// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: The floor
 *
 * The least that a driver has to do to mirror memory of a process by HMM, as a measure for those
 * that do more: one interval notifier for a mapping, hmm_range_fault() in runs of at most 512
 * pages, and one store of 8 bytes for each page into a table that an invalidation clears.
 *
 * Memory moves by floor_move.c, which knows nothing of the tables: an invalidation clears them.
 *
 * What a driver for hardware would do besides is left out: no DMA address, no TLB, no larger page
 * than 4K, no look at what is mapped already (so a fault of a valid page walks the CPU's page table
 * again), no change of a notifier when its mapping changes.
 *
 * Locking: floor->lock covers tables and the list of intervals whose mapping went; invalidate()
 * takes it, so nothing is allocated below it. The tree of intervals belongs to the caller, who
 * comes one at a time.
 */

#include <linux/hmm.h>
#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "floor_move.h"
#include "peer.h"

#define TABLE_SIZE	SZ_2M
#define TABLE_PAGES	(TABLE_SIZE / PAGE_SIZE)

/**
 * struct floor - a mirror
 */
struct floor {
	/** @mm: of the process */
	struct mm_struct *mm;
	/** @intervals: those whose notifier is live */
	struct rb_root_cached intervals;
	/** @num_intervals: how many */
	u64 num_intervals;
	/** @lock: see DOC: The floor */
	struct mutex lock;
	/** @tables: pages of %TABLE_PAGES entries, by address / %TABLE_SIZE */
	struct xarray tables;
	/** @num_tables: how many */
	u64 num_tables;
	/** @gone: intervals whose mapping went */
	struct list_head gone;
	/** @invalidations: received */
	u64 invalidations;
	/** @return_order: log2 of the pages that come back from the device together */
	unsigned int return_order;
	/** @pfns: what HMM found */
	unsigned long pfns[TABLE_PAGES];
};

/**
 * struct interval - a mapping that is heard of
 */
struct interval {
	/** @notifier: the kernel's half */
	struct mmu_interval_notifier notifier;
	/** @node: in &floor.intervals */
	struct interval_tree_node node;
	/** @link: in &floor.gone */
	struct list_head link;
	/** @floor: mirror */
	struct floor *floor;
};

static void clear(struct floor *floor, u64 start, u64 end)
{
	u64 next, *table;

	for (; start < end; start = next) {
		next = min(end, ALIGN(start + 1, TABLE_SIZE));
		table = xa_load(&floor->tables, start / TABLE_SIZE);
		if (table)
			memset(table + start % TABLE_SIZE / PAGE_SIZE, 0,
			       (next - start) / PAGE_SIZE * sizeof(*table));
	}
}

static bool invalidate(struct mmu_interval_notifier *notifier,
		       const struct mmu_notifier_range *range, unsigned long cur_seq)
{
	struct interval *interval = container_of(notifier, struct interval, notifier);
	struct floor *floor = interval->floor;

	if (mmu_notifier_range_blockable(range))
		mutex_lock(&floor->lock);
	else if (!mutex_trylock(&floor->lock))
		return false;

	mmu_interval_set_seq(notifier, cur_seq);
	clear(floor, max_t(u64, range->start, interval->node.start),
	      min_t(u64, range->end, interval->node.last + 1));
	floor->invalidations++;
	if (range->event == MMU_NOTIFY_UNMAP && list_empty(&interval->link))
		list_add_tail(&interval->link, &floor->gone);

	mutex_unlock(&floor->lock);
	return true;
}

static const struct mmu_interval_notifier_ops interval_ops = {
	.invalidate = invalidate,
};

static struct interval *interval_create(struct floor *floor, u64 start, u64 end)
{
	struct interval *interval = kzalloc_obj(*interval);
	int ret;

	if (!interval)
		return ERR_PTR(-ENOMEM);
	interval->floor = floor;
	interval->node.start = start;
	interval->node.last = end - 1;
	INIT_LIST_HEAD(&interval->link);

	ret = mmu_interval_notifier_insert(&interval->notifier, floor->mm, start, end - start,
					   &interval_ops);
	if (ret) {
		kfree(interval);
		return ERR_PTR(ret);
	}
	interval_tree_insert(&interval->node, &floor->intervals);
	floor->num_intervals++;
	return interval;
}

static void interval_destroy(struct floor *floor, struct interval *interval)
{
	mmu_interval_notifier_remove(&interval->notifier);
	mutex_lock(&floor->lock);
	list_del(&interval->link);
	mutex_unlock(&floor->lock);
	interval_tree_remove(&interval->node, &floor->intervals);
	floor->num_intervals--;
	kfree(interval);
}

static struct interval *interval_first(struct floor *floor, u64 start, u64 last)
{
	struct interval_tree_node *node;

	node = interval_tree_iter_first(&floor->intervals, start, last);
	return node ? container_of(node, struct interval, node) : NULL;
}

static u64 *table_get(struct floor *floor, u64 addr)
{
	u64 *table = xa_load(&floor->tables, addr / TABLE_SIZE);
	int ret;

	if (table)
		return table;
	table = (u64 *)get_zeroed_page(GFP_KERNEL);
	if (!table)
		return ERR_PTR(-ENOMEM);
	ret = xa_err(xa_store(&floor->tables, addr / TABLE_SIZE, table, GFP_KERNEL));
	if (ret) {
		free_page((unsigned long)table);
		return ERR_PTR(ret);
	}
	floor->num_tables++;
	return table;
}

/* Pages within one table. */
static int serve_run(struct floor *floor, struct interval *interval, u64 start, u64 end, bool write)
{
	unsigned int i, count = (end - start) / PAGE_SIZE;
	u64 *entries = table_get(floor, start);
	struct hmm_range range = {
		.notifier = &interval->notifier,
		.start = start,
		.end = end,
		.hmm_pfns = floor->pfns,
		.default_flags = HMM_PFN_REQ_FAULT | (write ? HMM_PFN_REQ_WRITE : 0),
	};
	int ret;

	if (IS_ERR(entries))
		return PTR_ERR(entries);
	entries += start % TABLE_SIZE / PAGE_SIZE;
again:
	range.notifier_seq = mmu_interval_read_begin(&interval->notifier);
	mmap_read_lock(floor->mm);
	ret = hmm_range_fault(&range);
	mmap_read_unlock(floor->mm);
	if (ret == -EBUSY)
		goto again;
	if (ret)
		return ret;

	mutex_lock(&floor->lock);
	if (mmu_interval_read_retry(&interval->notifier, range.notifier_seq)) {
		mutex_unlock(&floor->lock);
		goto again;
	}
	for (i = 0; i < count; i++)
		entries[i] = page_to_phys(hmm_pfn_to_page(floor->pfns[i])) | BIT(0) |
			     (floor->pfns[i] & HMM_PFN_WRITE ? BIT(1) : 0);
	mutex_unlock(&floor->lock);
	return 0;
}

static int floor_fault(void *peer, u64 start, u64 end, bool write)
{
	struct floor *floor = peer;
	struct interval *interval = interval_first(floor, start, start);
	int ret = 0;
	u64 next;

	if (!interval)
		interval = interval_create(floor, start, end);
	if (IS_ERR(interval))
		return PTR_ERR(interval);

	for (; start < end && !ret; start = next) {
		next = min(end, ALIGN(start + 1, TABLE_SIZE));
		ret = serve_run(floor, interval, start, next, write);
	}
	return ret;
}

static int floor_move_range(void *peer, u64 start, u64 end, bool to_device)
{
	struct floor *floor = peer;

	return floor_move(start, end, to_device, floor->return_order);
}

static void floor_sync(void *peer)
{
	struct interval *interval, *next;
	struct floor *floor = peer;
	LIST_HEAD(gone);

	mutex_lock(&floor->lock);
	list_splice_init(&floor->gone, &gone);
	mutex_unlock(&floor->lock);

	list_for_each_entry_safe(interval, next, &gone, link)
		interval_destroy(floor, interval);
}

static void floor_stats(void *peer, struct peer_stats *stats)
{
	struct floor *floor = peer;

	stats->notifiers = floor->num_intervals;
	stats->bytes = floor->num_intervals * kmalloc_size_roundup(sizeof(struct interval)) +
		       floor->num_tables * PAGE_SIZE;
	stats->invalidations = READ_ONCE(floor->invalidations);
}

static void floor_destroy(void *peer)
{
	struct interval *interval;
	struct floor *floor = peer;
	unsigned long index;
	u64 *table;

	while ((interval = interval_first(floor, 0, ULONG_MAX)))
		interval_destroy(floor, interval);
	xa_for_each(&floor->tables, index, table)
		free_page((unsigned long)table);
	xa_destroy(&floor->tables);
	mutex_destroy(&floor->lock);
	kfree(floor);
}

static void *floor_create(struct mm_struct *mm, const struct peer_setup *setup)
{
	struct interval *interval;
	struct floor *floor;

	if (setup->chunk && (!is_power_of_2(setup->chunk) || setup->chunk < PAGE_SIZE ||
			     setup->chunk > SZ_2M))
		return ERR_PTR(-EINVAL);
	floor = kzalloc_obj(*floor);
	if (!floor)
		return ERR_PTR(-ENOMEM);
	floor->return_order = get_order(setup->chunk ?: SZ_2M);
	floor->mm = mm;
	floor->intervals = RB_ROOT_CACHED;
	mutex_init(&floor->lock);
	xa_init(&floor->tables);
	INIT_LIST_HEAD(&floor->gone);

	/* The first notifier of a process costs more, which is no fault's business. */
	interval = interval_create(floor, 0, PAGE_SIZE);
	if (IS_ERR(interval)) {
		floor_destroy(floor);
		return ERR_CAST(interval);
	}
	interval_destroy(floor, interval);
	return floor;
}

const struct peer_ops floor_ops = {
	.create = floor_create,
	.destroy = floor_destroy,
	.fault = floor_fault,
	.move = floor_move_range,
	.sync = floor_sync,
	.stats = floor_stats,
};
