// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Pinned memory
 *
 * What of a range with the attribute PINNED is in VRAM does not make room for other memory. A pin
 * is kept by this VM, for an address: which page of VRAM is there. The page's chunk counts it
 * (vsvm_vram_pin()), and eviction passes over a chunk that counts any.
 *
 * So a pin has to be undone as soon as the page is no longer at that address, or is no longer to be
 * pinned. Both are known. The kernel takes no page away from an address without an event to our
 * notifier, before, and any event but a mere change of protection undoes the pins of its range:
 * munmap, exit, mremap, a copy at a write after fork, an access of a CPU, a migration. The
 * attribute goes by vsvm_svm_set_attr(), and a VM takes all of its pins with it. A child that has
 * the page from its parent has no attributes and so no pins; that of the parent lasts until its own
 * address gets another page, and if that is because the parent ends, the child's page is as any
 * other.
 *
 * And a pin has to be made wherever a page is: by the fault that maps it, which looks at all of the
 * block of 2M for that (vsvm_pin_window()), so that what a migration has brought along is pinned
 * with it; and by the call that sets the attribute, for what is there (vsvm_pin_range()). Either
 * enters it under pt->lock, if the notifier has heard nothing since the kernel was asked for the
 * page. If it hears of it later, it finds the pin::
 *
 *   fault                                   munmap
 *   -----                                   ------
 *   seq, HMM: a page of VRAM
 *   room for the pin (allocates)
 *   pt->lock: read_retry(seq) is false
 *     pin                                   invalidate(): pt->lock
 *                                             unpin
 *                                           the page is freed: its chunk counts no pin
 *
 * An event may be about more than comes of it: of a range that is to migrate, some pages stay. They
 * have lost their pins then, and their entries in the GPU's page table, so the next access pins
 * them again; until then they may be evicted.
 *
 * Locking: pt->lock covers pins. Room for them is made under update_lock, without pt->lock.
 *
 * Limits: 8 bytes or more for each page.
 */

#include <linux/mm.h>
#include <linux/xarray.h>

#include <drm/vsvm_drm.h>

#include "../vsvm_vram.h"
#include "svm.h"
#include "svm_attr.h"
#include "svm_pages.h"
#include "svm_pin.h"

/* How often a range that changes meanwhile is looked at. */
#define RANGE_TRIES	16

void vsvm_pin_init(struct vsvm_svm *svm)
{
	xa_init(&svm->pins);
}

void vsvm_pin_fini(struct vsvm_svm *svm)
{
	/* They went with the intervals. */
	WARN_ON_ONCE(svm->num_pins);
	xa_destroy(&svm->pins);
}

/**
 * vsvm_pin_window() - what to look at around a request whose memory is to be pinned
 * @req: request
 * @bounds: what may be mapped, @req included
 *
 * Return: the span: all of its block.
 */
struct vsvm_span vsvm_pin_window(const struct vsvm_request *req, struct vsvm_span bounds)
{
	u64 block = ALIGN_DOWN(req->start, VSVM_PT_BLOCK_SIZE);

	return vsvm_span_clip(bounds, (struct vsvm_span) { block, block + VSVM_PT_BLOCK_SIZE });
}

/* Where in VRAM page @i of @span is, by @svm->pfns, which are of @span. */
static u64 offset_of(struct vsvm_svm *svm, struct vsvm_span span, u64 i)
{
	return vsvm_pages_vram_offset(svm->vram.pool, svm->pfns[i], span.start + (i << PAGE_SHIFT));
}

static u64 pages_of(struct vsvm_span span)
{
	return (span.end - span.start) >> PAGE_SHIFT;
}

/**
 * vsvm_pin_reserve() - make room for pins
 * @svm: SVM; its @pfns are of @span
 * @span: pages; those in VRAM are going to be pinned
 *
 * vsvm_pin_enter() or vsvm_pin_release() has to follow. What there is no memory for is not pinned.
 *
 * Context: update_lock held, pt->lock not.
 */
void vsvm_pin_reserve(struct vsvm_svm *svm, struct vsvm_span span)
{
	u64 i;

	lockdep_assert_held(&svm->update_lock);
	lockdep_assert_not_held(&svm->pt->lock);

	for (i = 0; i < pages_of(span); i++)
		if (offset_of(svm, span, i) != U64_MAX &&
		    xa_reserve(&svm->pins, (span.start >> PAGE_SHIFT) + i,
			       GFP_KERNEL_ACCOUNT | __GFP_NOWARN))
			return;
}

/**
 * vsvm_pin_release() - undo vsvm_pin_reserve()
 * @svm: SVM
 * @span: as it was then
 *
 * Context: update_lock held.
 */
void vsvm_pin_release(struct vsvm_svm *svm, struct vsvm_span span)
{
	u64 i;

	lockdep_assert_held(&svm->update_lock);

	for (i = 0; i < pages_of(span); i++)
		xa_release(&svm->pins, (span.start >> PAGE_SHIFT) + i);
}

/* Takes a pin out. */
static void undo(struct vsvm_svm *svm, unsigned long index, void *entry)
{
	lockdep_assert_held(&svm->pt->lock);

	xa_erase(&svm->pins, index);
	vsvm_vram_unpin(svm->vram.pool, (u64)xa_to_value(entry) << PAGE_SHIFT);
	svm->num_pins--;
}

static void enter(struct vsvm_svm *svm, unsigned long index, u64 offset)
{
	void *new = xa_mk_value(offset >> PAGE_SHIFT), *old = xa_load(&svm->pins, index);

	if (old == new)
		return;
	/* The notifiers have missed an event. */
	if (WARN_ON_ONCE(old))
		undo(svm, index, old);
	if (!vsvm_vram_pin(svm->vram.pool, offset)) {
		svm->stats.pins_refused++;
		return;
	}
	/* It takes memory only where there was none for the room. */
	if (xa_err(xa_store(&svm->pins, index, new, GFP_NOWAIT | __GFP_NOWARN))) {
		vsvm_vram_unpin(svm->vram.pool, offset);
		svm->stats.pins_refused++;
		return;
	}
	svm->num_pins++;
}

/**
 * vsvm_pin_enter() - pin what is in VRAM
 * @svm: SVM; its @pfns are of @span, and still true
 * @span: as vsvm_pin_reserve() was told
 *
 * Context: update_lock and pt->lock held; does not sleep.
 */
void vsvm_pin_enter(struct vsvm_svm *svm, struct vsvm_span span)
{
	u64 i, offset;

	lockdep_assert_held(&svm->update_lock);
	lockdep_assert_held(&svm->pt->lock);

	for (i = 0; i < pages_of(span); i++) {
		offset = offset_of(svm, span, i);
		if (offset != U64_MAX)
			enter(svm, (span.start >> PAGE_SHIFT) + i, offset);
	}
	vsvm_pin_release(svm, span);
}

/**
 * vsvm_pin_forget() - undo the pins of a range
 * @svm: SVM
 * @span: range
 *
 * Context: pt->lock held; may be in reclaim, does not sleep or allocate.
 */
void vsvm_pin_forget(struct vsvm_svm *svm, struct vsvm_span span)
{
	unsigned long index;
	void *entry;

	lockdep_assert_held(&svm->pt->lock);

	if (likely(!svm->num_pins) || span.start >= span.end)
		return;
	xa_for_each_range(&svm->pins, index, entry, span.start >> PAGE_SHIFT,
			  (span.end - 1) >> PAGE_SHIFT)
		undo(svm, index, entry);
}

/**
 * vsvm_pin_event() - the kernel is about to change a range
 * @svm: SVM
 * @span: range
 * @event: what it is going to do
 *
 * Context: a notifier, pt->lock held.
 */
void vsvm_pin_event(struct vsvm_svm *svm, struct vsvm_span span, enum mmu_notifier_event event)
{
	switch (event) {
	case MMU_NOTIFY_PROTECTION_VMA:
	case MMU_NOTIFY_PROTECTION_PAGE:
	case MMU_NOTIFY_SOFT_DIRTY:
		/* The page stays. */
		return;
	default:
		vsvm_pin_forget(svm, span);
	}
}

/*
 * Looks at a part of a range, the attribute being there, and pins. *@end becomes where that ended.
 * Returns false if it changed meanwhile.
 */
static bool look(struct vsvm_svm *svm, u64 start, u64 *end)
{
	struct vsvm_interval *interval = vsvm_interval_find(svm, start);
	struct vsvm_span span = { start, *end };
	struct vm_area_struct *vma;
	unsigned long seq;
	bool wanted;
	int ret = 0;

	if (!interval)
		return true;
	seq = mmu_interval_read_begin(&interval->notifier);
	mmap_read_lock(svm->mm);
	vma = vma_lookup(svm->mm, start);
	wanted = vma && !vsvm_attr_forget(svm);
	if (wanted) {
		span = vsvm_span_clip(span, (struct vsvm_span) { vma->vm_start, vma->vm_end });
		span = vsvm_span_clip(span, vsvm_interval_span(interval));
		wanted = vsvm_attr_get(svm, start, &span).pinned;
	}
	if (wanted)
		ret = vsvm_pages_look(svm, interval, seq, span);
	mmap_read_unlock(svm->mm);
	*end = span.end;
	if (!wanted || ret)
		return ret != VSVM_SERVE_AGAIN;

	vsvm_pin_reserve(svm, span);
	mutex_lock(&svm->pt->lock);
	if (mmu_interval_read_retry(&interval->notifier, seq)) {
		mutex_unlock(&svm->pt->lock);
		vsvm_pin_release(svm, span);
		return false;
	}
	vsvm_pin_enter(svm, span);
	mutex_unlock(&svm->pt->lock);
	return true;
}

/**
 * vsvm_pin_range() - pin what of a range is in VRAM
 * @svm: SVM
 * @span: range, which has got the attribute; what has lost it since is passed over
 *
 * What keeps changing is left to the fault that the changes bring about.
 *
 * Context: process, update_lock held, mmap_lock not, mm_users.
 */
void vsvm_pin_range(struct vsvm_svm *svm, struct vsvm_span span)
{
	unsigned int tries = 0;
	u64 addr, end;

	lockdep_assert_held(&svm->update_lock);

	if (!svm->vram.pool)
		return;
	for (addr = span.start; addr < span.end; addr = end) {
		end = min(span.end, ALIGN_DOWN(addr, VSVM_PT_BLOCK_SIZE) + VSVM_PT_BLOCK_SIZE);
		if (fatal_signal_pending(current))
			return;
		if (!look(svm, addr, &end) && ++tries < RANGE_TRIES)
			end = addr;
		else
			tries = 0;
		cond_resched();
	}
}
