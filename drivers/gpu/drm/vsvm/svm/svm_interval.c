// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Intervals
 *
 * An interval is a span of one process's address space whose CPU page table changes we hear of. It
 * is made when the GPU faults where none is, as large as the VMA found there, and follows the VMA
 * from then on.
 *
 * Larger than the VMA is noise: we zap what we never mapped. Smaller is a hole: a page is freed and
 * the GPU keeps it. And a notifier cannot be resized. So bounds only ever change by
 * vsvm_interval_replace():
 *
 * 1. insert the new notifiers, which overlap the old ones;
 * 2. wait until each is live: while an invalidation runs, the core keeps a new notifier on a list
 *    where it hears nothing, and mmu_interval_read_begin() waits for the end of that;
 * 3. under pt->lock, exchange old and new in our own tree, which faults go by; zap what no interval
 *    covers any longer; hand on to the new ones that a deferred update is due;
 * 4. remove the old notifiers and free them.
 *
 * From 2 to 4 both hear each event. The second zap finds nothing. Page table entries belong to the
 * VM, not to an interval, and are at all times below at least one live notifier.
 *
 * The zap of step 3 is no mere caution. munmap() takes the VMA out of the tree, downgrades
 * mmap_lock and only then sends its event:
 *
 *  munmap(B), next to A in one interval    deferred update for an earlier munmap
 *  ------------------------------------    -------------------------------------
 *  VMA B leaves the tree
 *  mmap_write_downgrade()
 *                                          mmap_read_lock(): A alone is left
 *                                          new notifier for A, swap, zap B
 *                                          remove the notifier of A and B
 *  invalidate(): nobody hears it
 *  the pages of B are freed
 *
 * An invalidation never changes bounds. On MMU_NOTIFY_UNMAP it puts the interval on svm->deferred
 * and leaves the rest to the deferred update (svm_update.c). Growth, split and merge of a VMA send
 * no event at all: a fault that finds its VMA reaching beyond the interval extends it, and swallows
 * the intervals of the same VMA next to it. That is the policy "vma"; svm_policy.c has the others.
 *
 * Locking: svm->update_lock serialises all who change bounds, so an interval found under it stays.
 * pt->lock covers the tree, the deferred list and every page table entry; invalidate() takes it, so
 * it is never held where memory is allocated, user memory faulted, or a notifier inserted or
 * removed.
 *
 *  fault (svm_fault.c)                     munmap on another CPU
 *  -------------------                     ---------------------
 *  mutex_lock(update_lock)
 *  seq = mmu_interval_read_begin()
 *  hmm_range_fault() -> pfns
 *                                          invalidate():
 *                                            mutex_lock(pt->lock)
 *                                            mmu_interval_set_seq()
 *                                            zap, wait for the TLB
 *                                            list_add(deferred), queue_work
 *                                            mutex_unlock(pt->lock)
 *  mutex_lock(pt->lock)
 *  mmu_interval_read_retry(seq): true
 *  mutex_unlock(pt->lock), once more
 *                                          deferred update:
 *                                            mutex_lock(update_lock)
 *                                            VMAs as they are now
 *                                            vsvm_interval_replace()
 *
 * Had the fault taken pt->lock first, the zap would have found its entries. Either way no entry
 * outlives the page. And the deferred update waits for the fault, or the fault for the update, so
 * an interval does not vanish under a fault that has begun to read.
 */

#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../vsvm_hold.h"
#include "../vsvm_trace.h"
#include "svm.h"
#include "svm_atomic.h"
#include "svm_attr.h"
#include "svm_counter.h"
#include "svm_interval.h"
#include "svm_moves.h"
#include "svm_pin.h"
#include "svm_update.h"

static struct kmem_cache *interval_cache;

int vsvm_interval_module_init(void)
{
	interval_cache = KMEM_CACHE(vsvm_interval, SLAB_ACCOUNT);
	return interval_cache ? 0 : -ENOMEM;
}

void vsvm_interval_module_fini(void)
{
	kmem_cache_destroy(interval_cache);
}

/**
 * vsvm_interval_bytes() - memory that intervals take
 * @count: how many
 *
 * Return: bytes.
 */
u64 vsvm_interval_bytes(u64 count)
{
	return count * kmem_cache_size(interval_cache);
}

/*
 * Called before the CPU's page table changes. Zaps, and has the bounds looked at again where a
 * mapping went away. Does not sleep but for pt->lock, does not allocate.
 */
static bool interval_invalidate(struct mmu_interval_notifier *notifier,
				const struct mmu_notifier_range *range, unsigned long cur_seq)
{
	struct vsvm_interval *interval = container_of(notifier, struct vsvm_interval, notifier);
	struct vsvm_svm *svm = interval->svm;
	u64 begin = vsvm_trace_begin(vsvm_invalidate);
	struct vsvm_pt_zapped zapped;
	struct vsvm_span span;

	if (vsvm_atomic_is_taking(svm, range))
		return true;
	if (mmu_notifier_range_blockable(range)) {
		vsvm_hold(svm->pt->as, VSVM_HOLD_INVALIDATE, range->start, range->end);
		mutex_lock(&svm->pt->lock);
	} else if (!mutex_trylock(&svm->pt->lock)) {
		return false;
	}

	if (!vsvm_atomic_is_own(svm))
		mmu_interval_set_seq(notifier, cur_seq);

	span = vsvm_span_clip((struct vsvm_span) { range->start, range->end },
			      vsvm_interval_span(interval));
	zapped = vsvm_svm_zap(svm, span.start, span.end);
	vsvm_pin_event(svm, span, range->event);
	svm->stats.invalidations++;
	interval->invalidations++;

	if (range->event == MMU_NOTIFY_UNMAP) {
		/* All of it goes, whoever covers it: one note for all intervals that hear of it. */
		vsvm_attr_unmapped(svm, (struct vsvm_span) { range->start, range->end });
		vsvm_counter_unmapped(svm, span);
		vsvm_moves_unmapped(svm, span);
		vsvm_atomic_unmapped(svm, span);
		vsvm_update_defer(svm, interval);
	}

	mutex_unlock(&svm->pt->lock);
	trace_vsvm_invalidate(vsvm_hw_as_id(svm->pt->as), span.start, span.end, range->event,
			      zapped.pages, zapped.dirty, vsvm_trace_ns(begin));
	if (mmu_notifier_range_blockable(range))
		vsvm_hold(svm->pt->as, VSVM_HOLD_INVALIDATED, range->start, range->end);
	return true;
}

static const struct mmu_interval_notifier_ops interval_ops = {
	.invalidate = interval_invalidate,
};

static struct vsvm_interval *from_node(struct interval_tree_node *node)
{
	return node ? container_of(node, struct vsvm_interval, node) : NULL;
}

/**
 * vsvm_interval_first() - lowest interval that overlaps a range
 * @svm: SVM
 * @start: first byte
 * @end: one past the last byte
 *
 * Context: update_lock or pt->lock held; the interval stays as long as update_lock is.
 * Return: the interval or NULL.
 */
struct vsvm_interval *vsvm_interval_first(struct vsvm_svm *svm, u64 start, u64 end)
{
	return from_node(interval_tree_iter_first(&svm->intervals, start, end - 1));
}

/**
 * vsvm_interval_find() - interval at an address
 * @svm: SVM
 * @addr: address
 *
 * Context: as vsvm_interval_first().
 * Return: the interval or NULL.
 */
struct vsvm_interval *vsvm_interval_find(struct vsvm_svm *svm, u64 addr)
{
	lockdep_assert_held(&svm->update_lock);
	return vsvm_interval_first(svm, addr, addr + 1);
}

/**
 * vsvm_interval_alloc() - an interval that hears nothing yet
 * @svm: SVM
 * @start: first byte, page aligned
 * @end: one past the last byte, page aligned
 *
 * Context: may sleep; mmap_lock may be held for reading.
 * Return: the interval or NULL.
 */
struct vsvm_interval *vsvm_interval_alloc(struct vsvm_svm *svm, u64 start, u64 end)
{
	struct vsvm_interval *interval = kmem_cache_zalloc(interval_cache, GFP_KERNEL);

	if (!interval)
		return NULL;
	interval->svm = svm;
	interval->node.start = start;
	interval->node.last = end - 1;
	interval->around = VSVM_AROUND_MAX;
	interval->huge = end - start >= VSVM_PT_BLOCK_SIZE;
	INIT_LIST_HEAD(&interval->deferred);
	return interval;
}

/**
 * vsvm_interval_free() - free an interval that hears nothing
 * @interval: never inserted, or removed
 */
void vsvm_interval_free(struct vsvm_interval *interval)
{
	kmem_cache_free(interval_cache, interval);
}

/* Removes notifiers that are out of the tree already. */
static void intervals_remove(struct vsvm_svm *svm, struct list_head *list)
{
	struct vsvm_interval *interval, *next;

	list_for_each_entry(interval, list, link)
		mmu_interval_notifier_remove(&interval->notifier);

	/* The last of their callbacks has returned, but may have asked for an update. */
	mutex_lock(&svm->pt->lock);
	list_for_each_entry(interval, list, link)
		list_del(&interval->deferred);
	mutex_unlock(&svm->pt->lock);

	list_for_each_entry_safe(interval, next, list, link) {
		list_del(&interval->link);
		vsvm_interval_free(interval);
	}
}

/**
 * vsvm_interval_zap_uncovered() - zap and prune where no interval is
 * @svm: SVM
 * @start: first byte of where to look
 * @end: one past the last byte
 *
 * Context: pt->lock held.
 */
void vsvm_interval_zap_uncovered(struct vsvm_svm *svm, u64 start, u64 end)
{
	u64 addr = start;

	lockdep_assert_held(&svm->pt->lock);

	while (addr < end) {
		struct vsvm_interval *next = vsvm_interval_first(svm, addr, end);
		u64 gap_end = next ? vsvm_interval_start(next) : end;

		if (gap_end > addr) {
			vsvm_svm_zap(svm, addr, gap_end);
			vsvm_pin_forget(svm, (struct vsvm_span) { addr, gap_end });
		}
		addr = next ? vsvm_interval_end(next) : end;
	}
	vsvm_pt_prune(svm->pt, start, end);
}

/**
 * vsvm_interval_replace() - change bounds: new intervals in place of old ones
 * @svm: SVM
 * @olds: intervals of the tree to be removed, through &vsvm_interval.link; empty on success
 * @news: intervals from vsvm_interval_alloc(), which do not overlap each other or any interval that
 *        stays; empty on success
 *
 * See DOC: Intervals for the order and why. On failure nothing has changed; both lists keep their
 * entries. Either list may be empty.
 *
 * Context: process, update_lock held, mmap_lock not; mm_users held if @news is not empty. Waits for
 * invalidations under way.
 * Return: 0 or -ENOMEM.
 */
int vsvm_interval_replace(struct vsvm_svm *svm, struct list_head *olds, struct list_head *news)
{
	struct vsvm_interval *interval, *next;
	bool due = false;
	int ret;

	lockdep_assert_held(&svm->update_lock);

	list_for_each_entry(interval, news, link) {
		u64 start = vsvm_interval_start(interval);

		ret = mmu_interval_notifier_insert(&interval->notifier, svm->mm, start,
						   vsvm_interval_end(interval) - start,
						   &interval_ops);
		if (ret)
			goto undo;
	}
	list_for_each_entry(interval, news, link)
		mmu_interval_read_begin(&interval->notifier);
	vsvm_hold(svm->pt->as, VSVM_HOLD_INTERVAL_LIVE, 0, U64_MAX);

	mutex_lock(&svm->pt->lock);
	list_for_each_entry(interval, olds, link) {
		interval_tree_remove(&interval->node, &svm->intervals);
		svm->num_intervals--;
		trace_vsvm_interval(vsvm_hw_as_id(svm->pt->as), vsvm_interval_start(interval),
				    vsvm_interval_end(interval), false);
		due |= !list_empty(&interval->deferred);
	}
	list_for_each_entry_safe(interval, next, news, link) {
		VM_WARN_ON_ONCE(vsvm_interval_first(svm, vsvm_interval_start(interval),
						    vsvm_interval_end(interval)));
		list_del(&interval->link);
		interval_tree_insert(&interval->node, &svm->intervals);
		svm->num_intervals++;
		trace_vsvm_interval(vsvm_hw_as_id(svm->pt->as), vsvm_interval_start(interval),
				    vsvm_interval_end(interval), true);
		/* An event that came before the new notifier was live. */
		if (due)
			vsvm_update_defer(svm, interval);
	}
	list_for_each_entry(interval, olds, link)
		vsvm_interval_zap_uncovered(svm, vsvm_interval_start(interval),
					    vsvm_interval_end(interval));
	mutex_unlock(&svm->pt->lock);

	vsvm_hold(svm->pt->as, VSVM_HOLD_INTERVAL_SWAPPED, 0, U64_MAX);
	if (!list_empty(olds))
		intervals_remove(svm, olds);
	return 0;

undo:
	list_for_each_entry_continue_reverse(interval, news, link)
		mmu_interval_notifier_remove(&interval->notifier);
	/* While they were in they may have asked for an update. */
	mutex_lock(&svm->pt->lock);
	list_for_each_entry(interval, news, link)
		list_del_init(&interval->deferred);
	mutex_unlock(&svm->pt->lock);
	return ret;
}

/**
 * vsvm_interval_prime() - have the kernel set up notifiers for the process
 * @svm: SVM
 *
 * The first notifier of an mm stops all page table changes of the process for a moment. That is
 * paid here, by who makes the VM, and not by the first page fault.
 *
 * Context: process, no locks.
 * Return: 0, -ENOMEM, or -EINTR for a signal.
 */
int vsvm_interval_prime(struct vsvm_svm *svm)
{
	struct vsvm_interval *interval = vsvm_interval_alloc(svm, 0, PAGE_SIZE);
	int ret;

	if (!interval)
		return -ENOMEM;
	/* Should it hear of something, a deferred update must not find it. */
	mutex_lock(&svm->update_lock);
	ret = mmu_interval_notifier_insert(&interval->notifier, svm->mm, 0, PAGE_SIZE,
					   &interval_ops);
	if (!ret)
		mmu_interval_notifier_remove(&interval->notifier);
	mutex_lock(&svm->pt->lock);
	list_del(&interval->deferred);
	mutex_unlock(&svm->pt->lock);
	mutex_unlock(&svm->update_lock);
	vsvm_interval_free(interval);
	return ret;
}

/**
 * vsvm_interval_cover() - make an interval, in place of those it contains
 * @svm: SVM
 * @span: its bounds, from &vsvm_interval_policy.cover
 *
 * Context: as vsvm_interval_replace(), with mm_users held.
 * Return: the interval, or NULL if there is no memory.
 */
struct vsvm_interval *vsvm_interval_cover(struct vsvm_svm *svm, struct vsvm_span span)
{
	struct vsvm_interval *interval, *old;
	u64 addr = span.start;
	LIST_HEAD(olds);
	LIST_HEAD(news);
	bool extended;

	interval = vsvm_interval_alloc(svm, span.start, span.end);
	if (!interval)
		return NULL;
	list_add(&interval->link, &news);

	while (addr < span.end && (old = vsvm_interval_first(svm, addr, span.end))) {
		list_add_tail(&old->link, &olds);
		addr = vsvm_interval_end(old);
	}
	extended = !list_empty(&olds);

	if (vsvm_interval_replace(svm, &olds, &news)) {
		vsvm_interval_free(interval);
		return NULL;
	}
	if (extended)
		svm->stats.extended++;
	else
		svm->stats.created++;
	return interval;
}

/**
 * vsvm_interval_remove() - stop listening to one interval
 * @svm: SVM
 * @interval: interval; freed
 *
 * What it covers is zapped before the notifier goes.
 *
 * Context: process, update_lock held, mmap_lock not.
 */
void vsvm_interval_remove(struct vsvm_svm *svm, struct vsvm_interval *interval)
{
	LIST_HEAD(olds);
	LIST_HEAD(news);

	list_add(&interval->link, &olds);
	/* Nothing is inserted, so nothing can fail. */
	WARN_ON_ONCE(vsvm_interval_replace(svm, &olds, &news));
}

/**
 * vsvm_interval_remove_all() - stop listening
 * @svm: SVM
 *
 * Everything is zapped before the notifiers go.
 *
 * Context: process, update_lock held, mmap_lock not. The process may have ended.
 */
void vsvm_interval_remove_all(struct vsvm_svm *svm)
{
	struct vsvm_interval *interval;
	LIST_HEAD(olds);
	LIST_HEAD(news);
	u64 addr = 0;

	while ((interval = vsvm_interval_first(svm, addr, U64_MAX))) {
		list_add_tail(&interval->link, &olds);
		addr = vsvm_interval_end(interval);
	}
	vsvm_interval_replace(svm, &olds, &news);
}
