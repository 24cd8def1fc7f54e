// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Atomics
 *
 * An entry has a bit of its own for atomics (%VSVM_PTE_ATOMIC), and the device faults with
 * %VSVM_ACCESS_ATOMIC where it is missing. Which entries get it, the attribute ATOMIC says:
 *
 * direct
 *	Each that is for writing. The device's atomics are the CPU's own, so they may meet.
 * exclusive
 *	In system memory, that of a page which no CPU can reach: make_device_exclusive() takes it
 *	out of the CPU's page table, one page at a time, and what is 2M there becomes pages of 4K.
 * migrate
 *	In system memory none. The fault moves the page to VRAM (svm_to_vram.c).
 *
 * In VRAM each that is for writing has it, for there is no CPU that could reach it; in VRAM of
 * another device by *direct* only, for that one's atomics could reach it. Loads and stores are
 * served as always, in whatever mode, by entries without the bit.
 *
 * A CPU that touches an exclusive page has a page fault, in which the kernel tells our notifier
 * (MMU_NOTIFY_CLEAR) and only then gives it the page. So no update is lost: each side finds what
 * the other wrote last. Nobody can take the page away between make_device_exclusive() and the entry
 * without our noticing::
 *
 *  fault of an atomic                      CPU that touches the page
 *  ------------------                      -------------------------
 *  seq = mmu_interval_read_begin()
 *  make_device_exclusive(): the page is
 *    not mapped, and its folio locked
 *                                          page fault: waits for the folio
 *  pt->lock: read_retry(seq) is false
 *    the entry, with ATOMIC
 *  folio_unlock()
 *                                          folio_lock()
 *                                          interval_invalidate(): zap, dirty, wait for the TLB
 *                                          the page is mapped again
 *
 * madvise() and truncation do not wait for the folio, but their event does it: either it comes
 * before pt->lock is taken, and all of it is done again, or the zap finds the entry.
 *
 * make_device_exclusive() sends events itself, in our own thread, and they must not count: the page
 * may have to be copied (COW), split, or, where a try before this one was in vain, be given back
 * first. Were they to make us try again, the next try would send them again. All of them are over
 * when it returns, with the page as we asked for, so of that page they say nothing. Of other pages
 * they may (making room for a copy may page them out), and those are zapped, but nobody is reading
 * any: all who read hold update_lock, as we do (vsvm_atomic_is_own()). By the last one, which says
 * that the page is being made exclusive for us, it stays the page that it was, and is not zapped
 * (vsvm_atomic_is_taking()).
 *
 * The kernel calls an exclusive page clean. It is dirtied when its entry goes, as always, and
 * before the kernel looks. If we drop the entry for reasons of our own, the page stays out of the
 * reach of CPUs until one touches it, which costs that one a page fault.
 *
 * A CPU and a GPU that both never leave a page alone pass it to and fro, and an atomic that is
 * always too late would wait for ever: the CPU has the page back before the access is tried again.
 * So a page that was taken more than %TURN_LOSSES times has a turn, when the batch of faults is
 * done and before its replay. It is taken once more, and its folio stays locked while the replay is
 * made, until everything that had been parked has tried its access again
 * (vsvm_hw_fault_retried())::
 *
 *  turn                                    engine                  CPU
 *  ----                                    ------                  ---
 *  make_device_exclusive(): locked
 *  the entry, with ATOMIC
 *  replay                                                          page fault: waits for the folio
 *                                          tries again: done
 *  all have tried again
 *  folio_unlock()
 *                                                                  has the page
 *
 * Whoever waited for the page at the replay has had it once: no entry of it goes but by who holds
 * the folio, or throws the memory away. Then its count begins anew. Of several pages that are due
 * the one that was taken most often is next, and a count rises as long as its page loses, so none
 * is passed over for ever. If an engine does not come to it within %TURN_LIMIT, which has other
 * things to do or is stopped, the lock is let go all the same, and the page is due again.
 *
 * CPUs need no turn to be let in, for each of their faults gives them the page. But it may be taken
 * again before the instruction has been repeated. So before a turn nobody takes the page for
 * %TURN_CPU, with nothing locked, and what is parked stays parked: by then a CPU that wanted the
 * page has it, and has used it if it was running.
 *
 * Locking: update_lock; mmap_lock for reading; the folio's lock, then pt->lock. A turn waits for
 * engines with the first three held; a slice of theirs takes no lock that anybody holds who waits
 * for one of these. Counts are under the lock of their xarray.
 *
 * Limits: who got hold of an exclusive page before, for DMA, goes on using it; the device's atomics
 * are the CPU's own and so do not mind. A CPU that does not come to run within %TURN_CPU, time
 * after time, is not helped. A count takes 8 bytes or more for each page that was taken, until it
 * is unmapped.
 */

#include <linux/delay.h>
#include <linux/hmm.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/userfaultfd_k.h>
#include <linux/xarray.h>

#include "../vsvm_fault.h"
#include "../vsvm_hold.h"
#include "../vsvm_peer.h"
#include "../vsvm_trace.h"
#include "../vsvm_vram.h"
#include "svm.h"
#include "svm_atomic.h"
#include "svm_pages.h"
#include "svm_to_vram.h"

/* How often VRAM for an atomic is asked for in vain. */
#define FULL_TRIES	16
/* How often a page may be taken in vain before it has a turn. */
#define TURN_LOSSES	8
/* How long CPUs have it before that, in us, and how long they are kept off at most, in jiffies. */
#define TURN_CPU	1000
#define TURN_LIMIT	HZ
/* How often it is looked whether all have tried again, in us. */
#define TURN_LOOK	20

void vsvm_atomic_init(struct vsvm_svm *svm)
{
	xa_init(&svm->turn.takes);
}

void vsvm_atomic_fini(struct vsvm_svm *svm)
{
	xa_destroy(&svm->turn.takes);
}

/* A page has been taken once more, and not for a turn. */
static void note_take(struct vsvm_svm *svm, u64 addr)
{
	struct vsvm_svm_turn *turn = &svm->turn;
	void *entry = xa_load(&turn->takes, addr >> PAGE_SHIFT);
	unsigned long count = entry ? xa_to_value(entry) + 1 : 1;

	lockdep_assert_held(&svm->update_lock);

	/* Without memory for it nobody knows better. */
	if (xa_err(xa_store(&turn->takes, addr >> PAGE_SHIFT, xa_mk_value(count),
			    GFP_KERNEL_ACCOUNT | __GFP_NOWARN)))
		count = max(count, TURN_LOSSES + 1UL);
	if (count <= TURN_LOSSES || count <= turn->count)
		return;
	turn->addr = addr;
	turn->count = count;
}

/**
 * vsvm_atomic_turn_next() - which page is to have a turn?
 * @svm: SVM
 * @addr: out: its address
 *
 * CPUs have had it for a while then.
 *
 * Context: the work item that serves the VM's faults, no locks.
 * Return: false if none is.
 */
bool vsvm_atomic_turn_next(struct vsvm_svm *svm, u64 *addr)
{
	struct vsvm_svm_turn *turn = &svm->turn;

	/* Only this work item takes pages for atomics. */
	if (likely(!turn->count))
		return false;
	*addr = turn->addr;
	turn->count = 0;
	usleep_range(TURN_CPU, 2 * TURN_CPU);
	return true;
}

/* Everything that waits tries again, while @req's page, entered, is locked. */
static void have_turn(struct vsvm_svm *svm, struct vsvm_request *req)
{
	unsigned long limit = jiffies + TURN_LIMIT;
	u64 number = vsvm_fault_replay(svm);
	bool retried;

	lockdep_assert_held(&svm->update_lock);

	req->turned = true;
	svm->stats.atomic_turns++;
	while (!(retried = vsvm_hw_fault_retried(svm->pt->as, number)) &&
	       !time_after(jiffies, limit) && !READ_ONCE(svm->closing))
		usleep_range(TURN_LOOK, 5 * TURN_LOOK);
	if (retried)
		xa_erase(&svm->turn.takes, req->start >> PAGE_SHIFT);
}

/**
 * vsvm_atomic_unmapped() - memory is unmapped: what comes to its place begins anew
 * @svm: SVM
 * @span: what is unmapped, not empty
 *
 * Context: pt->lock held; may be in reclaim; does not sleep or allocate.
 */
void vsvm_atomic_unmapped(struct vsvm_svm *svm, struct vsvm_span span)
{
	unsigned long index;
	void *entry;

	lockdep_assert_held(&svm->pt->lock);

	xa_for_each_range(&svm->turn.takes, index, entry, span.start >> PAGE_SHIFT,
			  (span.end - 1) >> PAGE_SHIFT)
		xa_erase(&svm->turn.takes, index);
}

/**
 * vsvm_atomic_is_taking() - is an event that a page is being made exclusive, for us?
 * @svm: SVM
 * @range: the event
 *
 * Context: a notifier.
 * Return: true if so: whatever the GPU has of the page, it may keep.
 */
bool vsvm_atomic_is_taking(const struct vsvm_svm *svm, const struct mmu_notifier_range *range)
{
	return range->event == MMU_NOTIFY_EXCLUSIVE && range->owner == svm;
}

/**
 * vsvm_atomic_is_own() - is the caller making a page exclusive?
 * @svm: SVM
 *
 * Context: a notifier.
 * Return: true if its events are not to be heard of by who reads, which is the caller itself.
 */
bool vsvm_atomic_is_own(const struct vsvm_svm *svm)
{
	return READ_ONCE(svm->taker) == current;
}

/* Enters a page that has been made exclusive, in the state that @seq is of. */
static int enter(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		 u64 addr, struct page *page)
{
	u64 leaf = vsvm_pt_leaf(page_to_phys(page), true);
	struct vsvm_vram *owner = svm->vram.pool;
	struct vsvm_pt_map map;

	lockdep_assert_held(&svm->update_lock);

	/* Where CPUs map VRAM, it may have been there, and write-protected. */
	if (owner && !vsvm_vram_has_pfn(owner, page_to_pfn(page)))
		owner = vsvm_peer_any() ? vsvm_peer_by_pfn(page_to_pfn(page)) : NULL;
	if (owner)
		leaf = vsvm_pt_leaf(vsvm_vram_offset(owner, page), true) |
		       vsvm_peer_bits(svm->vram.pool, owner);

	mutex_lock(&svm->pt->lock);
	if (mmu_interval_read_retry(&interval->notifier, seq)) {
		mutex_unlock(&svm->pt->lock);
		return VSVM_SERVE_AGAIN;
	}
	/* The CPU has had it as 4K when it was taken, and what was 2M before has been zapped. */
	if (!WARN_ON_ONCE(!vsvm_pt_map_begin(svm->pt, &svm->cache, addr, &map))) {
		vsvm_pt_map_page(&map, 0, leaf);
		vsvm_pt_map_end(svm->pt, &map, addr, addr + PAGE_SIZE);
		svm->stats.pages_mapped++;
		svm->stats.exclusive++;
	}
	mutex_unlock(&svm->pt->lock);
	trace_vsvm_exclusive(vsvm_hw_as_id(svm->pt->as), addr);
	return VSVM_SERVE_DONE;
}

static int take(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		struct vm_area_struct *vma, struct vsvm_request *req, struct vsvm_span bounds)
{
	struct folio *folio;
	struct page *page;
	int ret;

	if (vma->vm_flags & (VM_SHARED | VM_HUGETLB) || userfaultfd_armed(vma))
		return VSVM_ERROR_UNSUPPORTED;
	/* If it is to be in VRAM, that will do. */
	ret = vsvm_migrate_request(svm, interval, seq, vma, req, bounds);
	if (ret)
		return ret;
	if (req->page_size == DRM_VSVM_PAGE_SIZE_2M)
		return VSVM_ERROR_PAGE_SIZE;

	WRITE_ONCE(svm->taker, current);
	page = make_device_exclusive(svm->mm, req->start, svm, &folio);
	WRITE_ONCE(svm->taker, NULL);
	if (IS_ERR(page)) {
		switch (PTR_ERR(page)) {
		case -ENOMEM:
			return VSVM_ERROR_NOMEM;
		case -EOPNOTSUPP:
			return VSVM_ERROR_UNSUPPORTED;
		default:
			return vsvm_pages_error(vma, req);
		}
	}
	vsvm_hold(svm->pt->as, VSVM_HOLD_EXCLUSIVE_PAGE, req->start, req->end);
	ret = enter(svm, interval, seq, req->start, page);
	if (ret == VSVM_SERVE_DONE && req->turn)
		have_turn(svm, req);
	folio_unlock(folio);
	folio_put(folio);
	if (ret == VSVM_SERVE_DONE && !req->turn)
		note_take(svm, req->start);
	return ret;
}

/* It did not move. Who has pinned it may keep it so for ever; others let go. */
static int busy(struct vsvm_svm *svm, unsigned long pfn)
{
	pfn &= ~HMM_PFN_FLAGS;
	if (!vsvm_vram_has_pfn(svm->vram.pool, pfn) &&
	    !vsvm_peer_has_pfn(svm->vram.pool, pfn) &&
	    folio_maybe_dma_pinned(page_folio(pfn_to_page(pfn))))
		return VSVM_ERROR_UNSUPPORTED;
	return VSVM_SERVE_AGAIN;
}

/* The first page, of which HMM says @pfn, is to go to VRAM. */
static int move(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		struct vm_area_struct *vma, struct vsvm_request *req, struct vsvm_span bounds,
		unsigned long pfn)
{
	int ret;

	if (vma->vm_flags & (VM_SHARED | VM_HUGETLB) || userfaultfd_armed(vma) || !svm->vram.pool)
		return VSVM_ERROR_UNSUPPORTED;
	/* What is shared after a fork would be copied at the write, to where CPUs have it. */
	if (!vsvm_pages_serves(pfn, true))
		return vsvm_pages_fault(vma, req);
	if (!vsvm_migrate_vma_ok(vma))
		return VSVM_ERROR_UNSUPPORTED;
	if (req->moved) {
		/* It could not be moved, or is back already. */
		req->moved = false;
		req->reserved = false;
		return busy(svm, pfn);
	}

	req->location = DRM_VSVM_LOCATION_VRAM;
	req->asked = true;
	ret = vsvm_migrate_request(svm, interval, seq, vma, req, bounds);
	if (ret == VSVM_SERVE_MOVED)
		svm->stats.atomics_moved++;
	if (ret)
		return ret;
	if (!req->moved)
		return VSVM_ERROR_UNSUPPORTED;
	req->moved = false;
	req->reserved = false;
	return ++req->full < FULL_TRIES ? VSVM_SERVE_AGAIN : VSVM_ERROR_NOMEM;
}

/**
 * vsvm_atomic_request() - have memory so that atomics can be done there
 * @svm: SVM
 * @interval: covers the request
 * @seq: of its notifier
 * @vma: VMA of the request
 * @req: request for atomics, where they are not direct; may be made smaller
 * @bounds: what may be mapped: shared by @vma and @interval
 *
 * Context: update_lock held, mmap_lock for reading, mm_users; may wait for memory and I/O.
 * Return: 0 if it is in VRAM and to be served as always; %VSVM_SERVE_DONE, another VSVM_SERVE_*, or
 * &enum vsvm_error.
 */
int vsvm_atomic_request(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
			struct vm_area_struct *vma, struct vsvm_request *req,
			struct vsvm_span bounds)
{
	struct vsvm_span span = { req->start, req->end };
	unsigned int i, count = (req->end - req->start) >> PAGE_SHIFT;
	unsigned long pfn;
	int ret;

	lockdep_assert_held(&svm->update_lock);
	mmap_assert_locked(svm->mm);
	if (WARN_ON_ONCE(!req->atomic || req->mode == DRM_VSVM_ATOMIC_DIRECT))
		return 0;

	ret = vsvm_pages_look(svm, interval, seq, span);
	if (ret)
		return ret;
	for (i = 0; i < count; i++) {
		pfn = svm->pfns[i];
		if (!vsvm_pages_serves(pfn, true) || !svm->vram.pool ||
		    !vsvm_vram_has_pfn(svm->vram.pool, pfn & ~HMM_PFN_FLAGS))
			break;
	}
	if (i) {
		req->end = req->start + ((u64)i << PAGE_SHIFT);
		return 0;
	}
	if (req->mode == DRM_VSVM_ATOMIC_MIGRATE)
		return move(svm, interval, seq, vma, req, bounds, pfn);
	req->end = req->start + PAGE_SIZE;
	return take(svm, interval, seq, vma, req, bounds);
}
