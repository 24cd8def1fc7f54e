// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Attributes of ranges
 *
 * What a program wishes for a range of its memory, in a maple tree by address: a range that has
 * nothing but defaults is not in it. A wish is about the memory, not about the address: it goes
 * when the memory is unmapped. To hear of that, a range with attributes has intervals from the
 * start, whether the GPU has touched it or not.
 *
 * The notifier may not allocate, and so not take anything out of the tree. It notes what was
 * unmapped (vsvm_attr_unmapped()), and whoever looks at attributes next, the deferred update or a
 * fault that came first, forgets them before. So memory that was mapped at the same place since
 * does not inherit a wish. Where nobody listens any more, because the range was unregistered, its
 * wishes are forgotten at once. A note is of all that one munmap() takes, however many mappings
 * that is. There is room for %VSVM_SVM_GONE of them; if there are more before anybody looks, the
 * last one spans several, and of that those are forgotten of which nothing is mapped now. And what
 * no interval covers any longer has no wishes, for nobody would hear of its end
 * (vsvm_attr_uncover()).
 *
 * Locking: update_lock around everything; pt->lock for the note.
 */

#include <linux/bitfield.h>
#include <linux/mm.h>
#include <linux/xarray.h>

#include <drm/vsvm_drm.h>

#include "../vsvm_hold.h"
#include "svm.h"
#include "svm_attr.h"
#include "svm_interval.h"
#include "svm_pin.h"
#include "svm_policy.h"
#include "svm_update.h"

void vsvm_attr_init(struct vsvm_svm *svm)
{
	mt_init(&svm->attrs);
}

void vsvm_attr_fini(struct vsvm_svm *svm)
{
	mtree_destroy(&svm->attrs);
}

/* What is where in an entry of the tree. */
#define ENTRY_PAGE_SIZE		GENMASK(7, 0)
#define ENTRY_LOCATION		GENMASK(15, 8)
#define ENTRY_GRANULARITY	GENMASK(23, 16)
#define ENTRY_ATOMIC		GENMASK(27, 24)
#define ENTRY_ACCESSED_BY	BIT(28)
#define ENTRY_PINNED		BIT(29)
#define ENTRY_READ_MOSTLY	BIT(30)
#define ENTRY_PEER		GENMASK(32, 31)

/**
 * vsvm_attr_pack() - an entry of the tree
 * @attr: attributes
 *
 * Return: the entry; NULL for the defaults.
 */
void *vsvm_attr_pack(struct vsvm_attr attr)
{
	unsigned long value = FIELD_PREP(ENTRY_PAGE_SIZE, attr.page_size) |
			      FIELD_PREP(ENTRY_LOCATION, attr.location) |
			      FIELD_PREP(ENTRY_GRANULARITY, attr.granularity) |
			      FIELD_PREP(ENTRY_ATOMIC, attr.atomic) |
			      FIELD_PREP(ENTRY_ACCESSED_BY, attr.accessed_by) |
			      FIELD_PREP(ENTRY_PINNED, attr.pinned) |
			      FIELD_PREP(ENTRY_READ_MOSTLY, attr.read_mostly) |
			      FIELD_PREP(ENTRY_PEER, attr.peer);

	return value ? xa_mk_value(value) : NULL;
}

/**
 * vsvm_attr_unpack() - what an entry of the tree says
 * @entry: entry or NULL
 *
 * Return: the attributes.
 */
struct vsvm_attr vsvm_attr_unpack(void *entry)
{
	unsigned long value = entry ? xa_to_value(entry) : 0;

	return (struct vsvm_attr) {
		.page_size = FIELD_GET(ENTRY_PAGE_SIZE, value),
		.location = FIELD_GET(ENTRY_LOCATION, value),
		.granularity = FIELD_GET(ENTRY_GRANULARITY, value),
		.atomic = FIELD_GET(ENTRY_ATOMIC, value),
		.accessed_by = FIELD_GET(ENTRY_ACCESSED_BY, value),
		.pinned = FIELD_GET(ENTRY_PINNED, value),
		.read_mostly = FIELD_GET(ENTRY_READ_MOSTLY, value),
		.peer = FIELD_GET(ENTRY_PEER, value),
	};
}

/**
 * vsvm_attr_get() - what is wished at an address
 * @svm: SVM
 * @addr: address
 * @bounds: a span around it; clipped to where the answer is the same
 *
 * Context: update_lock held, mmap_lock for reading, and vsvm_attr_forget() called since it is.
 * Return: the attributes.
 */
struct vsvm_attr vsvm_attr_get(struct vsvm_svm *svm, u64 addr, struct vsvm_span *bounds)
{
	MA_STATE(mas, &svm->attrs, addr, addr);
	void *entry;

	lockdep_assert_held(&svm->update_lock);

	if (likely(mtree_empty(&svm->attrs)))
		return (struct vsvm_attr) {};
	mas_lock(&mas);
	entry = mas_walk(&mas);
	/* Past the last entry it is all there is. */
	*bounds = vsvm_span_clip(*bounds, (struct vsvm_span) {
		mas.index, (u64)mas.last + 1 ?: U64_MAX
	});
	mas_unlock(&mas);
	return vsvm_attr_unpack(entry);
}

/**
 * vsvm_attr_unmapped() - note that a range is no longer mapped
 * @svm: SVM
 * @span: range
 *
 * Context: pt->lock held; does not sleep or allocate.
 */
void vsvm_attr_unmapped(struct vsvm_svm *svm, struct vsvm_span span)
{
	struct vsvm_span *last;
	unsigned int i;

	lockdep_assert_held(&svm->pt->lock);

	if (!svm->has_attrs)
		return;
	/* All intervals that one munmap() is about hear the same. */
	for (i = 0; i < svm->num_gone; i++)
		if (vsvm_span_contains(svm->gone[i], span))
			return;
	if (svm->num_gone < VSVM_SVM_GONE) {
		svm->gone[svm->num_gone++] = span;
		return;
	}
	last = &svm->gone[VSVM_SVM_GONE - 1];
	last->start = min(last->start, span.start);
	last->end = max(last->end, span.end);
}

/**
 * vsvm_attr_reset() - give a range the defaults
 * @svm: SVM
 * @start: first byte
 * @end: one past the last byte
 *
 * Context: update_lock held.
 * Return: 0 or -ENOMEM, and then nothing has changed.
 */
int vsvm_attr_reset(struct vsvm_svm *svm, u64 start, u64 end)
{
	lockdep_assert_held(&svm->update_lock);

	return mtree_store_range(&svm->attrs, start, end - 1, NULL, GFP_KERNEL_ACCOUNT);
}

/* Forgets where nothing is mapped. */
static int forget_holes(struct vsvm_svm *svm, struct vsvm_span span)
{
	struct vm_area_struct *vma;
	struct vma_iterator vmi;
	u64 addr = span.start;
	int ret = 0;

	mmap_assert_locked(svm->mm);

	vma_iter_init(&vmi, svm->mm, span.start);
	for_each_vma_range(vmi, vma, span.end) {
		if (vma->vm_start > addr)
			ret = vsvm_attr_reset(svm, addr, vma->vm_start);
		if (ret)
			break;
		addr = vma->vm_end;
	}
	return !ret && addr < span.end ? vsvm_attr_reset(svm, addr, span.end) : ret;
}

/**
 * vsvm_attr_forget() - forget the attributes of memory that is gone
 * @svm: SVM
 *
 * As long as mmap_lock is not dropped afterwards, each mapping has its own attributes, for one that
 * took the place of another could come only after the event of that.
 *
 * Context: update_lock held, mmap_lock for reading.
 * Return: 0 or -ENOMEM; then it has to be called again.
 */
int vsvm_attr_forget(struct vsvm_svm *svm)
{
	struct vsvm_span span;
	bool more, exact;
	int ret = 0;

	lockdep_assert_held(&svm->update_lock);

	if (!svm->has_attrs)
		return 0;
	do {
		mutex_lock(&svm->pt->lock);
		more = svm->num_gone;
		if (more)
			span = svm->gone[--svm->num_gone];
		exact = svm->num_gone < VSVM_SVM_GONE - 1;
		mutex_unlock(&svm->pt->lock);
		if (!more)
			break;
		ret = exact ? vsvm_attr_reset(svm, span.start, span.end) : forget_holes(svm, span);
		if (ret) {
			mutex_lock(&svm->pt->lock);
			vsvm_attr_unmapped(svm, span);
			mutex_unlock(&svm->pt->lock);
		}
	} while (!ret);
	return ret;
}

/**
 * vsvm_attr_uncover() - forget the attributes of what no interval is going to cover
 * @svm: SVM
 * @span: bounds of the interval that goes
 * @news: those that take its place, by rising address
 *
 * Context: update_lock held.
 * Return: 0 or -ENOMEM.
 */
int vsvm_attr_uncover(struct vsvm_svm *svm, struct vsvm_span span, struct list_head *news)
{
	struct vsvm_interval *interval;
	int ret = 0;

	if (!svm->has_attrs)
		return 0;
	list_for_each_entry(interval, news, link) {
		if (vsvm_interval_start(interval) > span.start)
			ret = vsvm_attr_reset(svm, span.start, vsvm_interval_start(interval));
		if (ret)
			return ret;
		span.start = vsvm_interval_end(interval);
	}
	return span.start < span.end ? vsvm_attr_reset(svm, span.start, span.end) : 0;
}

/*
 * Sees to it that an interval hears of each mapping in a range. @addr moves to where that ends for
 * now: one interval is made at a time, because mmap_lock has to be dropped for it.
 */
static int cover_next(struct vsvm_svm *svm, u64 *addr)
{
	struct vsvm_interval *interval = vsvm_interval_find(svm, *addr);
	struct vsvm_span vma_span, cover;
	struct vm_area_struct *vma;

	mmap_read_lock(svm->mm);
	vma = vma_lookup(svm->mm, *addr);
	if (vma)
		vma_span = (struct vsvm_span) { vma->vm_start, vma->vm_end };
	mmap_read_unlock(svm->mm);
	if (!vma)
		return -ENOENT;

	cover = svm->policy->cover(svm, *addr, vma_span);
	if (cover.start >= cover.end)
		return -ENOENT;
	if (!interval || !vsvm_span_contains(vsvm_interval_span(interval), cover)) {
		vsvm_hold(svm->pt->as, VSVM_HOLD_FAULT_COVER, *addr, *addr + PAGE_SIZE);
		interval = vsvm_interval_cover(svm, cover);
		if (!interval)
			return -ENOMEM;
		mmap_read_lock(svm->mm);
		vsvm_update_recheck(svm, interval, vma_lookup(svm->mm, *addr), vma_span);
		mmap_read_unlock(svm->mm);
	}
	*addr = min(vma_span.end, cover.end);
	return 0;
}

/* With the intervals there: is all of it still mapped? From now on we hear if it goes. */
static bool is_mapped(struct vsvm_svm *svm, u64 start, u64 end)
{
	struct vm_area_struct *vma;

	mmap_assert_locked(svm->mm);

	while (start < end && (vma = vma_lookup(svm->mm, start)))
		start = vma->vm_end;
	return start >= end;
}

static void change(struct vsvm_attr *attr, u32 type, u32 value)
{
	switch (type) {
	case DRM_VSVM_ATTR_PAGE_SIZE:
		attr->page_size = value;
		break;
	case DRM_VSVM_ATTR_LOCATION:
		attr->location = value;
		break;
	case DRM_VSVM_ATTR_GRANULARITY:
		attr->granularity = value;
		break;
	case DRM_VSVM_ATTR_ACCESSED_BY:
		attr->accessed_by = value;
		break;
	case DRM_VSVM_ATTR_ATOMIC:
		attr->atomic = value;
		break;
	case DRM_VSVM_ATTR_PINNED:
		attr->pinned = value;
		break;
	case DRM_VSVM_ATTR_READ_MOSTLY:
		attr->read_mostly = value;
		break;
	case DRM_VSVM_ATTR_PEER:
		attr->peer = value;
		break;
	}
}

/*
 * Where an attribute has changed, what the GPU has mapped goes, for the next fault to make anew. A
 * page size matters for the blocks around it too: they may be mapped as one now. What is used where
 * it is stays mapped so, and what is pinned, or no longer, is mapped where it was.
 */
static void changed(struct vsvm_svm *svm, const struct drm_vsvm_attr_op *op, struct vsvm_span span)
{
	if (op->type == DRM_VSVM_ATTR_PAGE_SIZE) {
		span.start = ALIGN_DOWN(span.start, VSVM_PT_BLOCK_SIZE);
		span.end = ALIGN(span.end, VSVM_PT_BLOCK_SIZE);
	}
	span = vsvm_span_clip(span, (struct vsvm_span) { op->addr, op->addr + op->size });
	mutex_lock(&svm->pt->lock);
	if (op->type == DRM_VSVM_ATTR_PINNED)
		vsvm_pin_forget(svm, span);
	else if (op->type != DRM_VSVM_ATTR_ACCESSED_BY || !op->value)
		vsvm_svm_zap(svm, span.start, span.end);
	mutex_unlock(&svm->pt->lock);
}

/* Stores it where it is not so already. */
static int store(struct vsvm_svm *svm, const struct drm_vsvm_attr_op *op)
{
	u64 addr, end = op->addr + op->size;
	struct vsvm_attr attr, old;
	struct vsvm_span span;
	int ret = 0;

	for (addr = op->addr; addr < end && !ret; addr = span.end) {
		span = (struct vsvm_span) { addr, end };
		old = vsvm_attr_get(svm, addr, &span);
		attr = old;
		change(&attr, op->type, op->value);
		if (vsvm_attr_pack(attr) == vsvm_attr_pack(old))
			continue;
		ret = mtree_store_range(&svm->attrs, addr, span.end - 1, vsvm_attr_pack(attr),
					GFP_KERNEL_ACCOUNT);
		if (!ret)
			changed(svm, op, span);
	}
	return ret;
}

/**
 * vsvm_svm_set_attr() - set an attribute of a range
 * @svm: SVM
 * @op: what, where and how; checked but for what is mapped there
 *
 * Context: process, no locks; the process is @svm's.
 * Return: 0, -ENOENT if a part is not mapped (or not registered), -ENOMEM, -EINTR.
 */
int vsvm_svm_set_attr(struct vsvm_svm *svm, const struct drm_vsvm_attr_op *op)
{
	u64 end = op->addr + op->size, addr;
	int ret;

	if (mutex_lock_killable(&svm->update_lock))
		return -EINTR;
	mutex_lock(&svm->pt->lock);
	svm->has_attrs = true;
	mutex_unlock(&svm->pt->lock);
	for (addr = op->addr, ret = 0; addr < end && !ret;)
		ret = cover_next(svm, &addr);
	if (ret)
		goto unlock;

	/*
	 * munmap() sends its event after it has dropped mmap_lock for writing. So one whose VMA
	 * is gone already is seen by is_mapped(), and one that comes later forgets what is
	 * stored here.
	 */
	mmap_read_lock(svm->mm);
	ret = vsvm_attr_forget(svm);
	if (!ret && is_mapped(svm, op->addr, end))
		ret = store(svm, op);
	else
		ret = ret ?: -ENOENT;
	mmap_read_unlock(svm->mm);
	/* What is there already. What will come is pinned when it is mapped. */
	if (!ret && op->type == DRM_VSVM_ATTR_PINNED && op->value)
		vsvm_pin_range(svm, (struct vsvm_span) { op->addr, end });
unlock:
	mutex_unlock(&svm->update_lock);
	return ret;
}

static u32 value_of(struct vsvm_attr attr, u32 type)
{
	switch (type) {
	case DRM_VSVM_ATTR_LOCATION:
		return attr.location;
	case DRM_VSVM_ATTR_GRANULARITY:
		return attr.granularity;
	case DRM_VSVM_ATTR_ACCESSED_BY:
		return attr.accessed_by;
	case DRM_VSVM_ATTR_ATOMIC:
		return attr.atomic;
	case DRM_VSVM_ATTR_PINNED:
		return attr.pinned;
	case DRM_VSVM_ATTR_READ_MOSTLY:
		return attr.read_mostly;
	case DRM_VSVM_ATTR_PEER:
		return attr.peer;
	default:
		return attr.page_size;
	}
}

/**
 * vsvm_svm_get_attr() - tell an attribute of a range
 * @svm: SVM
 * @op: where and which, checked; the value is filled in, and the size made what it is true of
 *
 * Context: process, no locks; the process is @svm's.
 * Return: 0, -ENOMEM, -EINTR.
 */
int vsvm_svm_get_attr(struct vsvm_svm *svm, struct drm_vsvm_attr_op *op)
{
	u64 addr = op->addr, end = op->addr + op->size;
	struct vsvm_span span;
	struct vsvm_attr attr;
	int ret;

	if (mutex_lock_killable(&svm->update_lock))
		return -EINTR;
	mmap_read_lock(svm->mm);
	ret = vsvm_attr_forget(svm);
	while (!ret && addr < end) {
		span = (struct vsvm_span) { addr, end };
		attr = vsvm_attr_get(svm, addr, &span);
		/* Where one attribute changes, another may be the same. */
		if (addr != op->addr && value_of(attr, op->type) != op->value)
			break;
		op->value = value_of(attr, op->type);
		addr = span.end;
	}
	mmap_read_unlock(svm->mm);
	mutex_unlock(&svm->update_lock);
	op->size = addr - op->addr;
	return ret;
}
