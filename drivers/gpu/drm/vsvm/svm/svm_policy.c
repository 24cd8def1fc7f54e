// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Interval policies
 *
 * What spans an interval is a matter of taste, and of cost: nouveau hears of the whole process,
 * drm_gpusvm of fixed windows, RDMA's on-demand paging of what was registered. So there are four
 * answers, chosen when a VM is made; fault path, notifier and page table are the same for all of
 * them, and so are the results.
 *
 * vma
 *     An interval for each VMA that the GPU faulted in, made by the first fault. It grows with its
 *     VMA at the next fault that needs it, and a deferred update shrinks, splits or removes it. It
 *     hears what concerns the VMA, and nothing else.
 *
 * window
 *     The address space in aligned windows of one size; an interval for each window that has seen
 *     a fault, whatever VMAs are in it. It never changes, and goes when its window holds no VMA.
 *
 * mm
 *     One interval for everything below the range for BOs and one for everything above, each made
 *     by the first fault there. They hear every change of the process and never go.
 *
 * registered
 *     An interval for each range that the program registered, until it is unregistered. A fault
 *     outside is an error. That memory was mapped over or unmapped in between is of no account:
 *     the range is the program's, and a fault finds what is there now.
 *
 * A policy decides about bounds alone. What makes a change of bounds safe is the same for all, see
 * DOC: Intervals.
 *
 * Locking: update_lock, as for everything that changes bounds; @follow takes mmap_lock for reading.
 */

#include <linux/mm.h>

#include <drm/vsvm_drm.h>

#include "svm.h"
#include "svm_interval.h"
#include "svm_policy.h"

/* All that a GPU address can name. */
static const struct vsvm_span everything = { 0, 1ULL << VSVM_VA_BITS };

/* @span, less the range for BOs, on the side where @addr is. */
static struct vsvm_span without_bos(const struct vsvm_svm *svm, u64 addr, struct vsvm_span span)
{
	if (svm->bo_end <= addr)
		span.start = max(span.start, svm->bo_end);
	else
		span.end = min(span.end, svm->bo_start);
	return span;
}

/*
 * The VMA, less the range for BOs, less the intervals that reach beyond the VMA: those cover
 * another VMA too, and a deferred update or later fault will put them right.
 */
static struct vsvm_span vma_cover(struct vsvm_svm *svm, u64 addr, struct vsvm_span vma)
{
	struct vsvm_interval *interval;

	vma = without_bos(svm, addr, vma);

	interval = vsvm_interval_first(svm, vma.start, vma.end);
	if (!interval)
		return vma;
	if (vsvm_interval_start(interval) < vma.start)
		vma.start = vsvm_interval_end(interval) <= addr ? vsvm_interval_end(interval) :
								  vsvm_interval_start(interval);

	interval = vsvm_interval_first(svm, vma.end - 1, vma.end);
	if (interval && vsvm_interval_end(interval) > vma.end)
		vma.end = vsvm_interval_start(interval) > addr ? vsvm_interval_start(interval) :
								 vsvm_interval_end(interval);
	return vma;
}

static void free_list(struct list_head *list)
{
	struct vsvm_interval *interval, *next;

	list_for_each_entry_safe(interval, next, list, link)
		vsvm_interval_free(interval);
	INIT_LIST_HEAD(list);
}

/**
 * vsvm_policy_swallow() - take in the intervals beside a part of a VMA
 * @svm: SVM
 * @vma: bounds of the VMA
 * @span: what the VMA and the interval to be updated share
 * @olds: gets those that are taken in, by &vsvm_interval.link
 *
 * Those are the neighbours without a gap that lie in the same VMA: they were cut from others, or
 * made where this one had ended.
 *
 * Context: update_lock held.
 * Return: @span with all of them.
 */
struct vsvm_span vsvm_policy_swallow(struct vsvm_svm *svm, struct vsvm_span vma,
				     struct vsvm_span span, struct list_head *olds)
{
	struct vsvm_interval *next;

	while (span.start > vma.start) {
		next = vsvm_interval_find(svm, span.start - 1);
		if (!next || vsvm_interval_start(next) < vma.start)
			break;
		span.start = vsvm_interval_start(next);
		list_add(&next->link, olds);
	}
	while (span.end < vma.end) {
		next = vsvm_interval_find(svm, span.end);
		if (!next || vsvm_interval_end(next) > vma.end)
			break;
		span.end = vsvm_interval_end(next);
		list_add_tail(&next->link, olds);
	}
	return span;
}

static bool same_bounds(const struct vsvm_interval *old, struct list_head *news)
{
	struct vsvm_interval *new;

	if (!list_is_singular(news))
		return false;
	new = list_first_entry(news, struct vsvm_interval, link);
	return vsvm_interval_start(new) == vsvm_interval_start(old) &&
	       vsvm_interval_end(new) == vsvm_interval_end(old);
}

/* An interval for each VMA that overlaps the old one, of what they share. */
static int vma_follow(struct vsvm_svm *svm, struct vsvm_interval *old, struct list_head *olds,
		      struct list_head *news)
{
	struct vsvm_span bounds = vsvm_interval_span(old);
	struct vm_area_struct *vma;
	struct vma_iterator vmi;
	int ret = 1;

	vma_iter_init(&vmi, svm->mm, bounds.start);
	mmap_read_lock(svm->mm);
	for_each_vma_range(vmi, vma, bounds.end) {
		struct vsvm_span whole = { vma->vm_start, vma->vm_end };
		struct vsvm_span span = vsvm_span_clip(whole, bounds);
		struct vsvm_interval *new;

		span = vsvm_policy_swallow(svm, whole, span, olds);
		new = vsvm_interval_alloc(svm, span.start, span.end);
		if (!new) {
			ret = -ENOMEM;
			break;
		}
		list_add_tail(&new->link, news);
	}
	mmap_read_unlock(svm->mm);

	if (ret == 1 && same_bounds(old, news))
		ret = 0;
	if (ret != 1) {
		free_list(news);
		INIT_LIST_HEAD(olds);
	}
	return ret;
}

static struct vsvm_span window_cover(struct vsvm_svm *svm, u64 addr, struct vsvm_span vma)
{
	u64 start = ALIGN_DOWN(addr, svm->window);

	return without_bos(svm, addr, vsvm_span_clip((struct vsvm_span) {
		start, start + svm->window
	}, everything));
}

/* It stays while there is a VMA in it. */
static int window_follow(struct vsvm_svm *svm, struct vsvm_interval *old, struct list_head *olds,
			 struct list_head *news)
{
	bool used;

	mmap_read_lock(svm->mm);
	used = find_vma_intersection(svm->mm, vsvm_interval_start(old), vsvm_interval_end(old));
	mmap_read_unlock(svm->mm);
	return !used;
}

static struct vsvm_span mm_cover(struct vsvm_svm *svm, u64 addr, struct vsvm_span vma)
{
	return without_bos(svm, addr, everything);
}

/* Faults find the interval that was registered, or come here. */
static struct vsvm_span registered_cover(struct vsvm_svm *svm, u64 addr, struct vsvm_span vma)
{
	struct vsvm_interval *interval = vsvm_interval_find(svm, addr);

	return interval ? vsvm_interval_span(interval) : (struct vsvm_span) {};
}

static int never_follow(struct vsvm_svm *svm, struct vsvm_interval *old, struct list_head *olds,
			struct list_head *news)
{
	return 0;
}

static const struct vsvm_interval_policy policies[] = {
	[DRM_VSVM_INTERVAL_POLICY_VMA] = {
		.name = "vma",
		.cover = vma_cover,
		.follow = vma_follow,
	},
	[DRM_VSVM_INTERVAL_POLICY_WINDOW] = {
		.name = "window",
		.cover = window_cover,
		.follow = window_follow,
	},
	[DRM_VSVM_INTERVAL_POLICY_MM] = {
		.name = "mm",
		.cover = mm_cover,
		.follow = never_follow,
	},
	[DRM_VSVM_INTERVAL_POLICY_REGISTERED] = {
		.name = "registered",
		.cover = registered_cover,
		.follow = never_follow,
	},
};

/**
 * vsvm_policy_get() - look up a policy
 * @number: &enum drm_vsvm_interval_policy
 *
 * Return: the policy, or NULL if there is none of this number.
 */
const struct vsvm_interval_policy *vsvm_policy_get(u32 number)
{
	return number < ARRAY_SIZE(policies) ? &policies[number] : NULL;
}
