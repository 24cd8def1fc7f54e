// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Memory in VRAM of other devices
 *
 * What a fault finds in VRAM of a peer, by the wish for the range (&enum drm_vsvm_peer):
 *
 * - it is mapped where it is: HMM tells of it as of our own, and svm_pages.c makes an entry that
 *   names the peer. Nothing moves, and nothing differs afterwards: what zaps our own VRAM zaps
 *   this, with the same notifier, be it that the peer needs the room, is unbound, or a CPU wants
 *   the page. To the peer it counts as used (vsvm_vram_used(), vsvm_vram_age.c);
 * - or it moves to our VRAM, by our copy engine, which reads the peer's (svm_to_vram.c);
 * - or it is refused, and comes to system memory first, here.
 *
 * Both devices may fault on a page at once, each wanting it. Migration takes it from all who map
 * it, by the folio's lock: who does not get that finds the page where the other one has put it, the
 * next time, and maps it there. If both go on they are found to thrash, as a CPU and a GPU would be
 * (svm_moves.c), and who is maps it where it is.
 *
 * A page in VRAM of whatever device has no page table entry of a CPU, so atomics of several devices
 * are between these alone. They act on the same memory by the same instructions, and lose nothing.
 * Once a CPU wants the page it comes back, which takes it from all of them first.
 *
 * What is mapped where it is, because nothing says where it is to be, is counted by the device as
 * system memory is, and moves to our VRAM when we use it often (svm_counter.c). Only what the peer
 * has by no advice: not what was brought there because an attribute or a VM wants it there for
 * good (%VSVM_PAGE_ADVISED), and not what is in a chunk of which something is pinned. That stays,
 * for a count is less than a wish, whosever that is. A page of 2M moves as one or stays, for in
 * pieces it would cost either device more than it is worth; but where pages are to be 4K the
 * region moves. Where two use the same each takes it from the other until their thresholds, which
 * double each time, have grown beyond that.
 *
 * Locking: update_lock and mmap_lock (for reading); pt->lock where it is said.
 *
 * Limits: advice that is given, or taken back, while the memory is in VRAM counts when it gets
 * there the next time. %DRM_VSVM_ATTR_PINNED is about the VRAM of the VM's own device.
 */

#include <linux/hmm.h>
#include <linux/migrate.h>
#include <linux/mm.h>

#include <drm/vsvm_drm.h>

#include "../vsvm_peer.h"
#include "../vsvm_trace.h"
#include "svm.h"
#include "svm_migrate.h"
#include "svm_pages.h"
#include "svm_peer.h"
#include "svm_to_ram.h"

static bool has(const struct vsvm_svm *svm, unsigned long pfn)
{
	return pfn & HMM_PFN_VALID && svm->vram.pool &&
	       vsvm_peer_has_pfn(svm->vram.pool, pfn & ~HMM_PFN_FLAGS);
}

/**
 * vsvm_peer_request() - bring what is refused in VRAM of peers to system memory
 * @svm: SVM
 * @interval: covers the request
 * @seq: of its notifier
 * @vma: VMA of the request
 * @req: request
 *
 * Context: update_lock held, mmap_lock for reading, mm_users; may wait for memory.
 * Return: 0 if there is none; VSVM_SERVE_* or &enum vsvm_error.
 */
int vsvm_peer_request(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		      struct vm_area_struct *vma, struct vsvm_request *req)
{
	struct vsvm_span span = { req->start, req->end };
	unsigned int i, count = (req->end - req->start) >> PAGE_SHIFT, first, moved;
	int ret;

	if (likely(req->peer != DRM_VSVM_PEER_REFUSE) || !vsvm_peer_any() || !svm->vram.pool)
		return 0;
	lockdep_assert_held(&svm->update_lock);
	mmap_assert_locked(svm->mm);

	ret = vsvm_pages_look(svm, interval, seq, span);
	if (ret)
		return ret;
	for (first = 0; first < count && !has(svm, svm->pfns[first]); first++)
		;
	if (first == count)
		return 0;
	for (i = count; !has(svm, svm->pfns[i - 1]); i--)
		;
	span.end = span.start + ((u64)i << PAGE_SHIFT);
	span.start += (u64)first << PAGE_SHIFT;

	if (!svm->vram.room)
		svm->vram.room = vsvm_migrate_room_alloc(VSVM_SVM_RUN_PAGES);
	if (!svm->vram.room)
		return VSVM_ERROR_NOMEM;
	svm->vram.room->whose = VSVM_PEERS;
	ret = vsvm_migrate_to_ram(svm->vram.pool, vma, span, false, NULL, svm->vram.room, &moved);
	svm->vram.room->whose = VSVM_OWN;
	svm->stats.peer_refused += moved;
	trace_vsvm_peer(vsvm_hw_as_id(svm->pt->as), span.start, span.end, VSVM_PEER_REFUSED, moved);
	if (moved)
		return VSVM_SERVE_MOVED;
	/* Somebody has it in hand, or there is little memory: as an access by a CPU would. */
	req->end = min(req->end, span.start + PAGE_SIZE);
	if (span.start == req->start)
		return vsvm_pages_fault(vma, req);
	req->end = span.start;
	return 0;
}

/**
 * vsvm_peer_refused() - leave out what must not be mapped
 * @svm: SVM; its @pfns lose what is in VRAM of peers and was not asked for
 * @req: request
 * @window: what @svm->pfns is about
 *
 * Context: update_lock held. What is left may be stale, as ever.
 * Return: true if a page of the request is there, where vsvm_peer_request() has found none.
 */
bool vsvm_peer_refused(struct vsvm_svm *svm, const struct vsvm_request *req,
		       struct vsvm_span window)
{
	unsigned long *pfn = svm->pfns;
	u64 addr;

	lockdep_assert_held(&svm->update_lock);

	if (likely(req->peer != DRM_VSVM_PEER_REFUSE))
		return false;
	for (addr = window.start; addr < window.end; addr += PAGE_SIZE, pfn++) {
		if (!has(svm, *pfn))
			continue;
		if (vsvm_request_has(req, addr))
			return true;
		*pfn = 0;
	}
	return false;
}

/**
 * vsvm_peer_mapped() - pages have been mapped, of which some may be in VRAM of peers
 * @svm: SVM; its @pfns say where they are
 * @window: what @svm->pfns is about
 * @huge: it was a page of 2M, of which that is a part
 *
 * Context: pt->lock held since it was seen that @svm->pfns are not stale: the pages are in use.
 */
void vsvm_peer_mapped(struct vsvm_svm *svm, struct vsvm_span window, bool huge)
{
	unsigned int i, count = (window.end - window.start) >> PAGE_SHIFT, mapped = 0;
	struct vsvm_vram *vram = NULL;
	u64 offset, last = U64_MAX;

	lockdep_assert_held(&svm->pt->lock);

	for (i = 0; i < count; i++) {
		unsigned long pfn = svm->pfns[i] & ~HMM_PFN_FLAGS;

		if (!vsvm_pages_serves(svm->pfns[i], false) || !has(svm, svm->pfns[i]))
			continue;
		mapped++;
		if (!vram || !vsvm_vram_has_pfn(vram, pfn)) {
			vram = vsvm_peer_by_pfn(pfn);
			last = U64_MAX;
		}
		/* Once for each chunk. */
		offset = (u64)(pfn - vram->first_pfn) << PAGE_SHIFT;
		if (offset / VSVM_HW_VRAM_BLOCK != last)
			vsvm_vram_used(vram, offset);
		last = offset / VSVM_HW_VRAM_BLOCK;
		if (huge) {
			mapped = VSVM_PT_BLOCK_SIZE >> PAGE_SHIFT;
			break;
		}
	}
	if (!mapped)
		return;
	svm->stats.peer += mapped;
	trace_vsvm_peer(vsvm_hw_as_id(svm->pt->as), window.start, window.end, VSVM_PEER_MAPPED,
			mapped);
}

/**
 * vsvm_peer_takes() - does a request for VRAM take a page that a peer has there?
 * @req: request
 * @addr: address of the page
 *
 * What it asks for itself, and what the program wants to move with it.
 *
 * Return: true if so.
 */
bool vsvm_peer_takes(const struct vsvm_request *req, u64 addr)
{
	if (req->peer == DRM_VSVM_PEER_REFUSE)
		return false;
	if (req->peer != DRM_VSVM_PEER_DEFAULT && !req->asked)
		return false;
	/* Of what is around a region that is used often nobody knows that it is used here. */
	return (req->granularity && !req->present) || vsvm_request_has(req, addr);
}

/**
 * vsvm_peer_is_advised() - is a page in VRAM of a device because it is wanted there for good?
 * @page: page in VRAM, or the first one of a folio of 2M
 *
 * Context: any; it may be out of date on return, unless the page is locked.
 * Return: true if so.
 */
bool vsvm_peer_is_advised(const struct page *page)
{
	return (unsigned long)READ_ONCE(page->zone_device_data) & VSVM_PAGE_ADVISED;
}

/*
 * Does a peer have a page, of which HMM has told by @pfn, because somebody wants it there? As it
 * may be gone by now this is a guess, but one that looks at nothing that is not there: DOC: Peers.
 */
static bool is_kept(unsigned long pfn)
{
	const struct vsvm_vram *owner;
	const struct folio *folio;
	bool kept = false;

	pfn &= ~HMM_PFN_FLAGS;
	rcu_read_lock();
	owner = vsvm_peer_by_pfn(pfn);
	if (owner) {
		folio = page_folio(pfn_to_page(pfn));
		kept = vsvm_peer_is_advised(&folio->page) ||
		       vsvm_vram_has_pins(owner, (u64)(pfn - owner->first_pfn) << PAGE_SHIFT);
	}
	rcu_read_unlock();
	return kept;
}

/* Is page @i of @span, of which @svm->pfns tells, in VRAM of a peer, and does it stay there? */
static bool stays(struct vsvm_svm *svm, const struct vsvm_request *req, struct vsvm_span span,
		  u64 i)
{
	return has(svm, svm->pfns[i]) &&
	       (!vsvm_peer_takes(req, span.start + (i << PAGE_SHIFT)) || is_kept(svm->pfns[i]));
}

/**
 * vsvm_peer_hot() - see what of memory that is used often is in VRAM of peers
 * @svm: SVM
 * @interval: covers the request
 * @seq: of its notifier
 * @req: request, for what is there; it ends where what may move, or what may not, does, and becomes
 *       all of a page of 2M that it is in
 * @bounds: what may move
 *
 * To be collected for a migration costs a page its pins, until the device uses it again; so what
 * stays is not, unless it is in the same 64K as something that moves.
 *
 * Context: update_lock held, mmap_lock for reading, mm_users.
 * Return: 0 if it may move, %VSVM_SERVE_DONE if it stays, or as vsvm_pages_look().
 */
int vsvm_peer_hot(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		  struct vsvm_request *req, struct vsvm_span bounds)
{
	u64 block = ALIGN_DOWN(req->start, VSVM_PT_BLOCK_SIZE);
	struct vsvm_span whole = { block, block + VSVM_PT_BLOCK_SIZE };
	struct vsvm_span span = { req->start, req->end };
	u64 i, count = (req->end - req->start) >> PAGE_SHIFT;
	bool first;
	int ret;

	if (likely(!vsvm_peer_any()))
		return 0;
	ret = vsvm_pages_look(svm, interval, seq, span);
	if (ret)
		return ret;
	first = stays(svm, req, span, 0);
	for (i = 1; i < count && stays(svm, req, span, i) == first; i++)
		;
	req->end = span.start + (i << PAGE_SHIFT);
	if (first) {
		if (vsvm_peer_takes(req, req->start))
			svm->stats.kept_busy += i;
		return VSVM_SERVE_DONE;
	}
	if (has(svm, svm->pfns[0]) && hmm_pfn_to_map_order(svm->pfns[0]) >= HPAGE_PMD_ORDER &&
	    req->page_size != DRM_VSVM_PAGE_SIZE_4K && !svm->vram.pool->coherent &&
	    vsvm_span_contains(bounds, whole)) {
		req->start = whole.start;
		req->end = whole.end;
	}
	return 0;
}

/**
 * vsvm_peer_wanted() - is there something that a request for VRAM takes from a peer?
 * @svm: SVM
 * @start: first byte of what @svm->pfns is about
 * @span: what is to move
 * @req: request
 *
 * Context: update_lock held. It may be stale.
 * Return: true if so.
 */
bool vsvm_peer_wanted(const struct vsvm_svm *svm, u64 start, struct vsvm_span span,
		      const struct vsvm_request *req)
{
	u64 addr;

	if (!vsvm_peer_any())
		return false;
	for (addr = span.start; addr < span.end; addr += PAGE_SIZE)
		if (vsvm_peer_takes(req, addr) &&
		    has(svm, svm->pfns[(addr - start) >> PAGE_SHIFT]))
			return true;
	return false;
}

/**
 * vsvm_peer_taken() - of what has gone to VRAM, how much have peers had?
 * @room: room, between steps 3 and 4 of a migration: the sources are still there
 * @count: pages that it is about
 *
 * Return: 4K pages.
 */
unsigned int vsvm_peer_taken(const struct vsvm_migrate_room *room, unsigned int count)
{
	unsigned int i, taken = 0;

	for (i = 0; i < count; i++) {
		const struct page *page = migrate_pfn_to_page(room->src[i]);

		if (page && is_zone_device_page(page) && room->src[i] & MIGRATE_PFN_MIGRATE &&
		    room->dst[i])
			taken += room->dst[i] & MIGRATE_PFN_COMPOUND ? HPAGE_PMD_NR : 1;
	}
	return taken;
}
