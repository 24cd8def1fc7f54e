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
 * VMAs as they are now, and the policy (svm_policy.c) says what is to be: with an interval for each
 * VMA, each VMA that overlaps the old interval gets the part it shares with it, together with what
 * other intervals beside that have of the same VMA; if there is none the interval goes. What an
 * event said is of no interest, so updates may be merged, delayed or repeated at will.
 *
 * Late is harmless: until the update an interval is too large, which is noise. So it waits a moment
 * for more (GATHER_DELAY), as a program seldom unmaps one thing alone. Lost is impossible:
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

#include "../vsvm_hold.h"
#include "../vsvm_trace.h"
#include "svm.h"
#include "svm_attr.h"
#include "svm_interval.h"
#include "svm_policy.h"
#include "svm_update.h"

/* How long what is unmapped in a row is gathered, in jiffies: until the next tick. */
#define GATHER_DELAY	1
/* When to try again what failed for want of memory. */
#define RETRY_DELAY	(HZ / 10)

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
	/* There is room for the notes of a few ranges only that lose their attributes. */
	queue_delayed_work(svm->update_wq, &svm->update_work, svm->has_attrs ? 0 : GATHER_DELAY);
}

/**
 * vsvm_update_recheck() - is a VMA still what an interval was made for?
 * @svm: SVM
 * @interval: live by now
 * @vma: VMA that is there now, or NULL
 * @seen: bounds of the one that was there before
 *
 * Between the look at a VMA and the interval's being live nobody hears if the VMA goes or shrinks.
 * If it has, the interval's bounds are updated.
 *
 * Context: update_lock and mmap_lock held.
 */
void vsvm_update_recheck(struct vsvm_svm *svm, struct vsvm_interval *interval,
			 const struct vm_area_struct *vma, struct vsvm_span seen)
{
	mmap_assert_locked(svm->mm);

	if (vma && vma->vm_start <= seen.start && seen.end <= vma->vm_end)
		return;
	mutex_lock(&svm->pt->lock);
	vsvm_update_defer(svm, interval);
	mutex_unlock(&svm->pt->lock);
}

/* Brings the bounds of one interval up to date. Returns 0 or -ENOMEM, and then it is as it was. */
static int update_interval(struct vsvm_svm *svm, struct vsvm_interval *old)
{
	struct vsvm_interval *new, *next;
	bool merged;
	LIST_HEAD(olds);
	LIST_HEAD(news);
	size_t count;
	int ret;

	mmap_read_lock(svm->mm);
	ret = vsvm_attr_forget(svm);
	mmap_read_unlock(svm->mm);
	if (ret)
		return ret;
	ret = svm->policy->follow(svm, old, &olds, &news);
	if (ret <= 0) {
		if (!ret) {
			mutex_lock(&svm->pt->lock);
			vsvm_pt_prune(svm->pt, vsvm_interval_start(old), vsvm_interval_end(old));
			mutex_unlock(&svm->pt->lock);
		}
		return ret;
	}
	merged = !list_empty(&olds);
	count = list_count_nodes(&news);
	vsvm_hold(svm->pt->as, VSVM_HOLD_UPDATE_VMAS, vsvm_interval_start(old),
		  vsvm_interval_end(old));

	ret = vsvm_attr_uncover(svm, vsvm_interval_span(old), &news);
	if (!ret) {
		list_add(&old->link, &olds);
		ret = vsvm_interval_replace(svm, &olds, &news);
	}
	if (ret) {
		list_for_each_entry_safe(new, next, &news, link)
			vsvm_interval_free(new);
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
	struct mem_cgroup *memcg = NULL;
	struct vsvm_interval *interval;
	struct vsvm_span span;
	u64 begin, seq;
	bool alive;
	int ret;

	vsvm_hold(svm->pt->as, VSVM_HOLD_UPDATE, 0, U64_MAX);
	alive = mmget_not_zero(svm->mm);
	if (alive)
		memcg = vsvm_svm_charge_begin(svm);
	mutex_lock(&svm->update_lock);
	if (!alive) {
		svm->stats.removed += svm->num_intervals;
		vsvm_interval_remove_all(svm);
	}
	while ((interval = deferred_pop(svm, &seq))) {
		span = vsvm_interval_span(interval);
		begin = vsvm_trace_begin(vsvm_update);
		ret = update_interval(svm, interval);
		trace_vsvm_update(vsvm_hw_as_id(svm->pt->as), span.start, span.end, ret,
				  vsvm_trace_ns(begin));
		if (ret) {
			/* No memory. It stays as it is, too large, until there is. */
			vsvm_hold(svm->pt->as, VSVM_HOLD_UPDATE_RETRY,
				  vsvm_interval_start(interval), vsvm_interval_end(interval));
			mutex_lock(&svm->pt->lock);
			if (list_empty(&interval->deferred))
				list_add(&interval->deferred, &svm->deferred);
			mutex_unlock(&svm->pt->lock);
			queue_delayed_work(svm->update_wq, &svm->update_work, RETRY_DELAY);
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

	if (READ_ONCE(svm->done_seq) < seq)
		mod_delayed_work(svm->update_wq, &svm->update_work, 0);
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
