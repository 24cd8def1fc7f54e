// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Deferred updates
 *
 * A notifier can be neither resized nor removed from inside its own callback. So when a mapping
 * goes away, invalidate() only zaps and puts the interval on a list, and the work item here brings
 * the bounds up to date later: it shrinks, splits or removes the interval.
 *
 * The update never trusts the event. Between the munmap() and the work the process may have mapped
 * something else at the same place, and the GPU may have faulted there. The update looks at the
 * VMAs as they are now: each VMA that overlaps the old interval gets the part it shares with it,
 * together with what other intervals beside that have of the same VMA; if there is none the
 * interval goes. What an event said is of no interest, so updates may be merged, delayed or
 * repeated at will.
 *
 * Late is harmless: until the update an interval is too large, which is noise. Lost is impossible:
 * the mark stays until an update has begun to look, is handed on when bounds change
 * (vsvm_interval_replace()), and comes back if there was no memory, to be tried again a moment
 * later (RETRY_DELAY); who waits for the update waits for that too.
 *
 * The mm: the list holds no reference on its users, and so the callbacks, which must not drop one,
 * need not take one. The work takes its own, and drops it by mmput_async(), for it may be the last.
 * If the process has ended all intervals go.
 *
 * Locking: update_lock around the whole, as for faults; mmap_lock for reading while looking.
 */

#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/workqueue.h>

#include "svm.h"
#include "svm_interval.h"
#include "svm_update.h"

/* When to try again what failed for want of memory. */
#define RETRY_DELAY	(HZ / 10)

static struct workqueue_struct *update_wq;

int vsvm_update_module_init(void)
{
	update_wq = alloc_workqueue("vsvm-update", WQ_UNBOUND, 0);
	return update_wq ? 0 : -ENOMEM;
}

void vsvm_update_module_fini(void)
{
	destroy_workqueue(update_wq);
}

/**
 * vsvm_update_defer() - have the bounds of an interval looked at again
 * @svm: SVM
 * @interval: its notifier has been inserted
 *
 * Context: pt->lock held; may be in reclaim; does not sleep or allocate.
 */
void vsvm_update_defer(struct vsvm_svm *svm, struct vsvm_interval *interval)
{
	lockdep_assert_held(&svm->pt->lock);

	if (list_empty(&interval->deferred))
		list_add_tail(&interval->deferred, &svm->deferred);
	svm->deferred_seq++;
	queue_delayed_work(update_wq, &svm->update_work, 0);
}

static void free_list(struct list_head *list)
{
	struct vsvm_interval *interval, *next;

	list_for_each_entry_safe(interval, next, list, link)
		vsvm_interval_free(interval);
	INIT_LIST_HEAD(list);
}

/*
 * Widens @span, what a VMA and an interval share, over the intervals beside it that lie in the same
 * VMA: they were cut from others, or made where this one had ended. They go to @olds.
 */
static void swallow(struct vsvm_svm *svm, struct vm_area_struct *vma, struct vsvm_span *span,
		    struct list_head *olds)
{
	struct vsvm_interval *next;

	while (span->start > vma->vm_start) {
		next = vsvm_interval_find(svm, span->start - 1);
		if (!next || vsvm_interval_start(next) < vma->vm_start)
			break;
		span->start = vsvm_interval_start(next);
		list_add(&next->link, olds);
	}
	while (span->end < vma->vm_end) {
		next = vsvm_interval_find(svm, span->end);
		if (!next || vsvm_interval_end(next) > vma->vm_end)
			break;
		span->end = vsvm_interval_end(next);
		list_add_tail(&next->link, olds);
	}
}

/*
 * Fills @news with an interval for each VMA that overlaps @old, and @olds with the intervals, @old
 * excepted, that they take in. Returns how many are new, or -ENOMEM.
 */
static int follow_vmas(struct vsvm_svm *svm, struct vsvm_interval *old, struct list_head *olds,
		       struct list_head *news)
{
	u64 start = vsvm_interval_start(old), end = vsvm_interval_end(old);
	struct vm_area_struct *vma;
	struct vma_iterator vmi;
	int count = 0;

	vma_iter_init(&vmi, svm->mm, start);
	mmap_read_lock(svm->mm);
	for_each_vma_range(vmi, vma, end) {
		struct vsvm_span span = {
			.start = max_t(u64, vma->vm_start, start),
			.end = min_t(u64, vma->vm_end, end),
		};
		struct vsvm_interval *new;

		swallow(svm, vma, &span, olds);
		new = vsvm_interval_alloc(svm, span.start, span.end);
		if (!new) {
			count = -ENOMEM;
			break;
		}
		list_add_tail(&new->link, news);
		count++;
	}
	mmap_read_unlock(svm->mm);
	return count;
}

static bool same_bounds(struct vsvm_interval *old, struct list_head *news)
{
	struct vsvm_interval *new;

	if (!list_is_singular(news))
		return false;
	new = list_first_entry(news, struct vsvm_interval, link);
	return vsvm_interval_start(new) == vsvm_interval_start(old) &&
	       vsvm_interval_end(new) == vsvm_interval_end(old);
}

static int update_interval(struct vsvm_svm *svm, struct vsvm_interval *old)
{
	LIST_HEAD(olds);
	LIST_HEAD(news);
	int count, ret;
	bool merged;

	count = follow_vmas(svm, old, &olds, &news);
	if (count < 0 || same_bounds(old, &news)) {
		free_list(&news);
		return min(count, 0);
	}
	merged = !list_empty(&olds);

	list_add(&old->link, &olds);
	ret = vsvm_interval_replace(svm, &olds, &news);
	if (ret) {
		free_list(&news);
		return ret;
	}

	svm->stats.extended += merged;
	if (!count)
		svm->stats.removed++;
	else if (count > 1)
		svm->stats.split++;
	else if (!merged)
		svm->stats.shrunk++;
	return 0;
}

/*
 * Takes the next interval off the list. The mark goes before the VMAs are looked at, so a later
 * event sets it again.
 */
static struct vsvm_interval *deferred_pop(struct vsvm_svm *svm, u64 *seq)
{
	struct vsvm_interval *interval;

	mutex_lock(&svm->pt->lock);
	interval = list_first_entry_or_null(&svm->deferred, struct vsvm_interval, deferred);
	if (interval)
		list_del_init(&interval->deferred);
	else
		*seq = svm->deferred_seq;
	mutex_unlock(&svm->pt->lock);
	return interval;
}

static void update_work(struct work_struct *work)
{
	struct vsvm_svm *svm = container_of(to_delayed_work(work), struct vsvm_svm, update_work);
	bool alive = mmget_not_zero(svm->mm);
	struct mem_cgroup *memcg = NULL;
	struct vsvm_interval *interval;
	u64 seq;

	if (alive)
		memcg = vsvm_svm_charge_begin(svm);
	mutex_lock(&svm->update_lock);
	if (!alive) {
		svm->stats.removed += svm->num_intervals;
		vsvm_interval_remove_all(svm);
	}
	while ((interval = deferred_pop(svm, &seq))) {
		if (update_interval(svm, interval)) {
			/* No memory. It stays as it is, too large, until there is. */
			mutex_lock(&svm->pt->lock);
			if (list_empty(&interval->deferred))
				list_add(&interval->deferred, &svm->deferred);
			mutex_unlock(&svm->pt->lock);
			queue_delayed_work(update_wq, &svm->update_work, RETRY_DELAY);
			break;
		}
		svm->stats.updates++;
		cond_resched();
	}
	if (!interval)
		WRITE_ONCE(svm->done_seq, seq);
	mutex_unlock(&svm->update_lock);
	wake_up_all(&svm->done_wq);

	if (alive) {
		vsvm_svm_charge_end(memcg);
		mmput_async(svm->mm);
	}
}

/**
 * vsvm_svm_sync() - wait for the deferred updates asked for so far
 * @svm: SVM
 *
 * Context: process, no locks.
 * Return: 0, or -ERESTARTSYS for a signal.
 */
int vsvm_svm_sync(struct vsvm_svm *svm)
{
	u64 seq;

	mutex_lock(&svm->pt->lock);
	seq = svm->deferred_seq;
	mutex_unlock(&svm->pt->lock);

	return wait_event_interruptible(svm->done_wq, READ_ONCE(svm->done_seq) >= seq);
}

void vsvm_update_init(struct vsvm_svm *svm)
{
	INIT_LIST_HEAD(&svm->deferred);
	init_waitqueue_head(&svm->done_wq);
	INIT_DELAYED_WORK(&svm->update_work, update_work);
}

/**
 * vsvm_update_fini() - wait for the last update
 * @svm: SVM without intervals, so that nobody asks for another
 */
void vsvm_update_fini(struct vsvm_svm *svm)
{
	cancel_delayed_work_sync(&svm->update_work);
	WARN_ON_ONCE(!list_empty(&svm->deferred));
}
