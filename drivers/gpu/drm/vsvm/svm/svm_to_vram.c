// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: To VRAM
 *
 * Moves what a fault or a prefetch asks for to VRAM, where that is where it is to be.
 *
 * What goes to VRAM: anonymous memory, and what a private mapping of a file has copied, also where
 * another device has it in its VRAM: then our copy engine reads it there, and it does not stop in
 * system memory. A page of 2M goes as one if the process has it for itself, which takes mmap_lock
 * for writing (vsvm_migrate_alone()), and in pieces otherwise. Of such, only what a request asks
 * for itself goes, or what the program wants to move with it: what lies around it the other device
 * uses. What stays:
 * page cache, hugetlb, what is pinned, locked (mlock) or merged (KSM), and what userfaultfd
 * watches. It is mapped where it is, and counted.
 *
 * How much: what the program wants to move together, or what the density of the block suggests
 * (svm_density.c).
 *
 * Sizes: a folio of 2M that the range holds whole goes as one, to a chunk of its own. So does a
 * hole of 2M. If there is no such destination the kernel splits it and it goes page by page. What
 * VRAM it takes has been set aside before mmap_lock was taken (&vsvm_svm_vram.spare).
 *
 * A VM holds chunks only while it moves something (vsvm_migrate_end()), so that nobody's VRAM is
 * beyond the reach of eviction for long.
 *
 * Where VRAM is coherent all of it goes page by page (why: DOC: VRAM of the driver).
 *
 * What moves to VRAM again and again in a short time, because a CPU wants it back or there is not
 * enough VRAM, is left alone for a while (svm_moves.c), unless a prefetch asks for it.
 *
 * Locking: update_lock; mmap_lock for reading, but where it is said.
 */

#include <linux/hmm.h>
#include <linux/ksm.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/userfaultfd_k.h>

#include <drm/vsvm_drm.h>

#include "../vsvm_hold.h"
#include "../vsvm_peer.h"
#include "../vsvm_trace.h"
#include "../vsvm_vram.h"
#include "svm.h"
#include "svm_density.h"
#include "svm_migrate.h"
#include "svm_moves.h"
#include "svm_pages.h"
#include "svm_peer.h"
#include "svm_to_ram.h"
#include "svm_to_vram.h"

/* Pages that come back together when a CPU touches one, unless the program wants it otherwise. */
#define RETURN_ORDER	4

/**
 * vsvm_migrate_vma_ok() - may pages of a VMA go to VRAM?
 * @vma: VMA
 *
 * Context: mmap_lock held.
 * Return: true if some may.
 */
bool vsvm_migrate_vma_ok(const struct vm_area_struct *vma)
{
	if (vma->vm_flags & (VM_SPECIAL | VM_LOCKED | VM_HUGETLB | VM_SHARED) || vma_is_dax(vma))
		return false;
	if (userfaultfd_armed((struct vm_area_struct *)vma))
		return false;
	/* Of a private mapping, what has been copied; without any, all of it is page cache. */
	return vma_is_anonymous((struct vm_area_struct *)vma) || vma->anon_vma;
}

/* Is a page that the kernel would let go one that is to stay? */
static bool stays(const struct page *page)
{
	const struct folio *folio = page_folio(page);

	return !folio_test_anon(folio) || folio_test_ksm(folio);
}

/* How many pages come back together, as log2. */
static unsigned int return_order(const struct vsvm_request *req)
{
	if (!req->granularity)
		return RETURN_ORDER;
	return min_t(unsigned int, req->granularity - PAGE_SHIFT, HPAGE_PMD_ORDER);
}

/* What is kept with each page or folio that goes, as &page.zone_device_data. */
static unsigned long mark_of(const struct vsvm_request *req)
{
	return return_order(req) | (req->advised ? VSVM_PAGE_ADVISED : 0);
}

/* Whose VRAM is a page in that has been collected to be moved? NULL: it is the system's. */
static const struct vsvm_vram *owner_of(const struct page *page)
{
	return is_zone_device_page(page) ? vsvm_vram_of(page) : NULL;
}

/* Is a page that has been collected, from @addr, to go to @vram? */
static bool page_goes(const struct vsvm_vram *vram, const struct page *page, u64 addr,
		      const struct vsvm_request *req)
{
	const struct vsvm_vram *owner = owner_of(page);

	/* It may have got there since vsvm_peer_hot() looked. */
	if (unlikely(owner))
		return owner != vram && vsvm_peer_takes(req, addr) &&
		       !(req->present && vsvm_peer_is_advised(page));
	return !stays(page);
}

/* Is page @i of @m to go to VRAM? */
static bool goes(const struct vsvm_vram *vram, const struct migrate_vma *m, unsigned int i,
		 const struct vsvm_request *req)
{
	const struct page *page = migrate_pfn_to_page(m->src[i]);
	u64 addr = m->start + ((u64)i << PAGE_SHIFT);

	if (!(m->src[i] & MIGRATE_PFN_MIGRATE))
		return false;
	/* A hole is filled where somebody wants it, or memory would come from nothing. */
	if (!page)
		return !req->present && vsvm_request_has(req, addr);
	return page_goes(vram, page, addr, req);
}

/* Would a page that HMM has told of by @pfn go? It may be gone by now, and is not looked at. */
static bool may_go(const struct vsvm_vram *vram, unsigned long pfn, u64 addr,
		   const struct vsvm_request *req)
{
	pfn &= ~HMM_PFN_FLAGS;
	return !vsvm_vram_has_pfn(vram, pfn) &&
	       (!vsvm_peer_has_pfn(vram, pfn) || vsvm_peer_takes(req, addr));
}

/*
 * Has enough been set aside for the request? A chunk more than that would be one that another has
 * to make room for, for nothing.
 */
static bool has_room(struct vsvm_svm_vram *vram, const struct vsvm_request *req)
{
	if (vram->spare)
		return true;
	return req->room && !req->room_2m && vram->open &&
	       vsvm_vram_free_pages(vram->pool, vram->open) >= req->room;
}

/**
 * vsvm_migrate_begin() - set aside what it takes to move a request to VRAM
 * @svm: SVM with VRAM
 * @req: request; noted that it has been asked for, whether it was to be had or not
 *
 * What may have to make room for others, or wait for memory, is done here.
 *
 * Context: update_lock held, mmap_lock not, mm_users.
 */
void vsvm_migrate_begin(struct vsvm_svm *svm, struct vsvm_request *req)
{
	struct vsvm_svm_vram *vram = &svm->vram;

	lockdep_assert_held(&svm->update_lock);

	req->reserved = true;
	if (!vram->room)
		vram->room = vsvm_migrate_room_alloc(VSVM_SVM_RUN_PAGES);
	if (!vram->room)
		return;
	if (!vram->open && vram->last)
		vram->open = vsvm_vram_hold(vram->pool, vram->client, vram->last);
	if (!has_room(vram, req))
		vram->spare = vsvm_vram_get(vram->pool, vram->client);
}

/**
 * vsvm_migrate_end() - let others have what was set aside and not used
 * @svm: SVM
 *
 * Context: update_lock held.
 */
void vsvm_migrate_end(struct vsvm_svm *svm)
{
	struct vsvm_svm_vram *vram = &svm->vram;

	lockdep_assert_held(&svm->update_lock);

	if (likely(!vram->open && !vram->spare))
		return;
	if (vram->open)
		vram->last = vram->open;
	vsvm_vram_put(vram->pool, vram->open);
	vsvm_vram_put(vram->pool, vram->spare);
	vram->open = NULL;
	vram->spare = NULL;
}

/**
 * vsvm_migrate_vram_pages() - pages of VRAM, in room->pages
 * @svm: SVM, for which vsvm_migrate_begin() has been called
 * @count: how many are wanted
 *
 * From the open chunk, then from the spare one.
 *
 * Context: update_lock held.
 * Return: how many there are, locked and with a reference each.
 */
unsigned int vsvm_migrate_vram_pages(struct vsvm_svm *svm, unsigned int count)
{
	struct vsvm_svm_vram *vram = &svm->vram;
	struct page **pages = vram->room->pages;
	unsigned int got = 0;

	if (vram->open)
		got = vsvm_vram_pages(vram->pool, vram->open, pages, count);
	if (got < count && vram->spare) {
		vsvm_vram_put(vram->pool, vram->open);
		vram->open = vram->spare;
		vram->spare = NULL;
		got += vsvm_vram_pages(vram->pool, vram->open, pages + got, count - got);
	}
	return got;
}

/* Has a page copied to where it goes, or that cleared where there is none. */
static void plan_copy(struct vsvm_svm *svm, const struct page *src, u64 to, u64 size)
{
	struct vsvm_migrate_room *room = svm->vram.room;
	const struct vsvm_vram *owner = src ? owner_of(src) : NULL;

	if (!src)
		vsvm_migrate_add_copy(room, 0, to, size,
				      VSVM_HW_COPY_TO_VRAM | VSVM_HW_COPY_CLEAR);
	else if (unlikely(owner))
		vsvm_migrate_add_copy(room, vsvm_vram_offset(owner, src), to, size,
				      VSVM_HW_COPY_TO_VRAM |
				      vsvm_peer_copy_from(svm->vram.pool, owner));
	else
		vsvm_migrate_add_copy(room, page_to_phys(src), to, size, VSVM_HW_COPY_TO_VRAM);
}

/* Step 2 for a range of 2M that is one folio, or a hole. */
static bool plan_whole(struct vsvm_svm *svm, struct migrate_vma *m, const struct vsvm_request *req)
{
	struct page *page, *src = migrate_pfn_to_page(m->src[0]);
	struct vsvm_svm_vram *vram = &svm->vram;
	u64 to;

	if (!(m->src[0] & MIGRATE_PFN_COMPOUND))
		return false;
	if (src ? !page_goes(vram->pool, src, m->start, req) : req->present)
		return false;
	/* It may have been a page of 2M when it was looked at. */
	if (!src && vma_thp_disabled(m->vma, m->vma->vm_flags, false))
		return false;
	page = vsvm_vram_folio(vram->pool, vram->spare);
	if (!page)
		return false;
	to = vsvm_vram_offset(vram->pool, page);
	WRITE_ONCE(page->zone_device_data, (void *)mark_of(req));
	m->dst[0] = migrate_pfn(page_to_pfn(page)) | MIGRATE_PFN_COMPOUND;
	plan_copy(svm, src, to, HPAGE_PMD_SIZE);
	vsvm_vram_put(vram->pool, vram->spare);
	vram->spare = NULL;
	return true;
}

static void plan_page(struct vsvm_svm *svm, struct migrate_vma *m, unsigned int i,
		      struct page *page, const struct vsvm_request *req)
{
	const struct page *src = migrate_pfn_to_page(m->src[i]);
	u64 to = vsvm_vram_offset(svm->vram.pool, page);

	WRITE_ONCE(page->zone_device_data, vsvm_density_mark(m->start + ((u64)i << PAGE_SHIFT),
							     req, mark_of(req)));
	m->dst[i] = migrate_pfn(page_to_pfn(page));
	plan_copy(svm, src, to, PAGE_SIZE);
}

/* Step 2 otherwise. */
static void plan_pages(struct vsvm_svm *svm, struct migrate_vma *m, const struct vsvm_request *req)
{
	struct page **pages = svm->vram.room->pages;
	unsigned int i, count = 0, next = 0;

	for (i = 0; i < m->npages; i++)
		count += goes(svm->vram.pool, m, i, req);
	count = vsvm_migrate_vram_pages(svm, count);
	for (i = 0; i < m->npages && next < count; i++)
		if (goes(svm->vram.pool, m, i, req))
			plan_page(svm, m, i, pages[next++], req);
}

/* From the first to the last page that is going to move and that the CPU has had. */
static struct vsvm_span sources(const struct migrate_vma *m)
{
	struct vsvm_span span = { m->end, m->start };
	u64 i, addr;

	for (i = 0; i < m->npages; i++) {
		if (!migrate_pfn_to_page(m->src[i]) || !m->dst[i])
			continue;
		addr = m->start + (i << PAGE_SHIFT);
		span.start = min(span.start, addr);
		span.end = addr + (m->src[i] & MIGRATE_PFN_COMPOUND ? HPAGE_PMD_SIZE : PAGE_SIZE);
	}
	return span;
}

/*
 * Moves a range of a VMA, in one block of 2M, to VRAM. Holes are filled where they are in the pages
 * of the request, or all of it is one. Where the CPU had a page of 2M, @was_2m. From another device
 * it goes as one only if nobody can unmap it meanwhile, @alone. Returns how many pages moved.
 */
static unsigned int to_vram(struct vsvm_svm *svm, struct vm_area_struct *vma,
			    struct vsvm_span span, const struct vsvm_request *req, bool was_2m,
			    bool alone)
{
	struct vsvm_migrate_room *room = svm->vram.room;
	u64 begin = vsvm_trace_begin(vsvm_migrate);
	struct migrate_vma m = {
		.vma = vma,
		.start = span.start,
		.end = span.end,
		.src = room->src,
		.dst = room->dst,
		.pgmap_owner = vsvm_vram_owner(),
		.flags = MIGRATE_VMA_SELECT_SYSTEM,
	};
	unsigned int moved, from_peers = 0;
	struct vsvm_span had;

	/* Else the kernel splits what is 2M, and says of a hole that it is many small ones. */
	if (svm->vram.spare && req->page_size != DRM_VSVM_PAGE_SIZE_4K &&
	    (was_2m || !vma_thp_disabled(vma, vma->vm_flags, false)) &&
	    !svm->vram.pool->coherent && (!req->from_peers || alone))
		m.flags |= MIGRATE_VMA_SELECT_COMPOUND;

	if (req->from_peers)
		m.flags |= vsvm_vram_select(svm->vram.pool);

	if (migrate_vma_setup(&m) || !m.npages)
		return 0;
	vsvm_hold(svm->pt->as, VSVM_HOLD_MIGRATE_PAGES, span.start, span.end);
	/* What was found whole goes so or, where VRAM has been closed meanwhile, not at all. */
	if (m.cpages && !plan_whole(svm, &m, req) && !(room->src[0] & MIGRATE_PFN_COMPOUND))
		plan_pages(svm, &m, req);
	vsvm_migrate_copy(svm->vram.pool->hw, room, m.npages);
	had = sources(&m);
	migrate_vma_pages(&m);
	moved = vsvm_migrate_moved(room, m.npages);
	if (req->from_peers)
		from_peers = vsvm_peer_taken(room, m.npages);
	svm->stats.ahead += vsvm_density_ahead(room, m.start, m.npages, req);
	vsvm_hold(svm->pt->as, VSVM_HOLD_MIGRATE_DONE, span.start, span.end);
	migrate_vma_finalize(&m);

	svm->stats.to_vram += moved;
	svm->stats.from_peer += from_peers;
	if (from_peers)
		trace_vsvm_peer(vsvm_hw_as_id(svm->pt->as), span.start, span.end, VSVM_PEER_TAKEN,
				from_peers);
	if (was_2m && !(room->dst[0] & MIGRATE_PFN_COMPOUND))
		svm->stats.pages_split += moved;
	if (moved && had.start < had.end)
		vsvm_moves_note(svm, had, req);
	trace_vsvm_migrate(vsvm_hw_as_id(svm->pt->as), span.start, span.end, true, moved,
			   vsvm_trace_ns(begin));
	return moved;
}

/* Has the CPU nothing in a block, of which @pfns tells? */
static bool is_hole(const unsigned long *pfns, struct vsvm_span block)
{
	u64 i, count = (block.end - block.start) >> PAGE_SHIFT;

	for (i = 0; i < count; i++)
		if (pfns[i] & HMM_PFN_VALID)
			return false;
	return true;
}

/**
 * vsvm_migrate_span() - what is to move to VRAM for a request?
 * @pfns: what HMM says of the pages of @block, without faulting
 * @vram: VRAM
 * @block: part of a block of 2M that may move; the request is in it
 * @req: request
 * @whole: a block of which nothing is there may be had as one page of 2M
 *
 * Where the CPU has something, what the program wants to move together, or what suits. Else what
 * the request lacks.
 *
 * Return: the span, empty if all that is wanted is in VRAM already.
 */
struct vsvm_span vsvm_migrate_span(const unsigned long *pfns, const struct vsvm_vram *vram,
				   struct vsvm_span block, const struct vsvm_request *req,
				   bool whole)
{
	struct vsvm_span span = block, wanted = { req->start, req->end };
	bool in_request, system = false, hole = false, lacks = false;
	u64 addr, size;

	if (req->granularity) {
		size = BIT_ULL(req->granularity);
		span.start = max(span.start, ALIGN_DOWN(req->start, size));
		span.end = min(span.end, ALIGN(req->end, size));
	} else {
		span = vsvm_density_span(pfns, vram, block, req, READ_ONCE(vsvm_density_percent));
	}
	for (addr = span.start; addr < span.end; addr += PAGE_SIZE) {
		unsigned long pfn = pfns[(addr - block.start) >> PAGE_SHIFT];

		in_request = vsvm_request_has(req, addr);
		if (!(pfn & HMM_PFN_VALID)) {
			hole |= in_request;
		} else if (may_go(vram, pfn, addr, req)) {
			system = true;
			lacks |= in_request;
		}
	}
	if (whole && !req->present && is_hole(pfns, block))
		return req->granularity ? span : block;
	hole &= !req->present;
	/* Unless the program has said so, nothing moves for who has all that it wants. */
	if (system && (req->granularity || hole || lacks))
		return span;
	return hole ? wanted : (struct vsvm_span) {};
}

/*
 * What VRAM may @span take, of which some may be there already? A page of 2M only where it is all
 * of a block (@whole), and the CPU has one there, or nothing in its first page. @pfns is what HMM
 * says of the block, from @start on.
 */
static void ask_room(const unsigned long *pfns, const struct vsvm_vram *vram, u64 start, bool whole,
		     struct vsvm_span span, struct vsvm_request *req)
{
	const unsigned long first = pfns[0];
	u64 addr;

	req->room = 0;
	for (addr = span.start; addr < span.end; addr += PAGE_SIZE) {
		unsigned long pfn = pfns[(addr - start) >> PAGE_SHIFT];

		req->room += !(pfn & HMM_PFN_VALID) || may_go(vram, pfn, addr, req);
	}
	req->room_2m = whole && span.end - span.start == VSVM_PT_BLOCK_SIZE &&
		       (!(first & HMM_PFN_VALID) ||
			hmm_pfn_to_map_order(first) >= HPAGE_PMD_ORDER);
}

/* How many pages does a request want, of which @svm->pfns, from @start on, tells? */
static unsigned int count_wanted(const struct vsvm_svm *svm, u64 start,
				 const struct vsvm_request *req)
{
	unsigned int count = 0;
	u64 addr;

	if (!req->present)
		return (req->end - req->start) >> PAGE_SHIFT;
	for (addr = req->start; addr < req->end; addr += PAGE_SIZE) {
		unsigned long pfn = svm->pfns[(addr - start) >> PAGE_SHIFT];

		count += pfn & HMM_PFN_VALID && may_go(svm->vram.pool, pfn, addr, req);
	}
	return count;
}

/**
 * vsvm_migrate_count() - count the pages that a request wants and does not get
 * @svm: SVM
 * @interval: covers the request
 * @seq: of its notifier
 * @req: request
 * @kept: raised by 4K pages: of what is there, if the request is for no more; else of all of it
 *
 * Context: as vsvm_migrate_request().
 * Return: 0, or as vsvm_pages_look(); then nothing is counted.
 */
int vsvm_migrate_count(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		       const struct vsvm_request *req, u64 *kept)
{
	int ret = 0;

	if (req->present)
		ret = vsvm_pages_look(svm, interval, seq,
				      (struct vsvm_span) { req->start, req->end });
	if (!ret)
		*kept += count_wanted(svm, req->start, req);
	return ret;
}

/*
 * Pages that are to be written and may not be, after a fork, would be copied once they are in VRAM,
 * and the copies be in system memory. So that is done before. A page of zeroes is none of them.
 */
static void own_pages(struct vsvm_svm *svm, struct vm_area_struct *vma, u64 start,
		      const struct vsvm_request *req)
{
	const unsigned int flags = FAULT_FLAG_REMOTE | FAULT_FLAG_WRITE;
	bool peer;
	u64 addr;

	for (addr = req->start; addr < req->end; addr += PAGE_SIZE) {
		unsigned long pfn = svm->pfns[(addr - start) >> PAGE_SHIFT];

		if (!(pfn & HMM_PFN_VALID) || pfn & HMM_PFN_WRITE ||
		    !may_go(svm->vram.pool, pfn, addr, req))
			continue;
		peer = vsvm_peer_has_pfn(svm->vram.pool, pfn & ~HMM_PFN_FLAGS);
		if (!peer && !folio_test_anon(page_folio(pfn_to_page(pfn & ~HMM_PFN_FLAGS))))
			continue;
		handle_mm_fault(vma, addr, flags, NULL);
		/* That has brought it to the system, and the next one copies it. */
		if (peer)
			handle_mm_fault(vma, addr, flags, NULL);
	}
}

/* Is a request for a page of 2M that another device has, and that may go as one? */
static bool goes_whole(const struct vsvm_svm *svm, struct vsvm_span span,
		       const struct vsvm_request *req)
{
	return req->from_peers && svm->vram.spare && !svm->vram.pool->coherent &&
	       req->page_size != DRM_VSVM_PAGE_SIZE_4K &&
	       IS_ALIGNED(span.start, VSVM_PT_BLOCK_SIZE) &&
	       span.end - span.start == VSVM_PT_BLOCK_SIZE;
}

/* Has vsvm_peer_hot() made it one for a page of 2M, which is not to go in pieces? */
static bool is_hot_2m(const struct vsvm_request *req)
{
	return req->present && req->from_peers && req->end - req->start == VSVM_PT_BLOCK_SIZE;
}

/**
 * vsvm_migrate_alone() - take 2M over from another device as one page
 * @svm: SVM, for which vsvm_migrate_begin() has been called
 * @req: request, for which vsvm_migrate_request() has said %VSVM_SERVE_ALONE
 *
 * Why alone: while it is on its way nobody may unmap it as a whole (DOC: To system memory). If that
 * cannot be excluded, it is left for the next try, which moves it in pieces.
 *
 * Context: update_lock held, mmap_lock not, mm_users.
 */
void vsvm_migrate_alone(struct vsvm_svm *svm, struct vsvm_request *req)
{
	struct vsvm_span block = { ALIGN_DOWN(req->start, VSVM_PT_BLOCK_SIZE) };
	struct vm_area_struct *vma;

	lockdep_assert_held(&svm->update_lock);

	block.end = block.start + VSVM_PT_BLOCK_SIZE;
	req->alone = true;
	/* A work item cannot be killed, but then those are that it waits for. */
	if (mmap_write_lock_killable(svm->mm))
		return;
	/* It may be another one by now, whose memory may be in VRAM as well as elsewhere. */
	vma = vma_lookup(svm->mm, block.start);
	if (vma && vma->vm_end >= block.end && vsvm_migrate_vma_ok(vma) &&
	    !vsvm_migrate_is_shared(vma)) {
		/* madvise() is content with the lock of the VMA. */
		vma_start_write(vma);
		if (to_vram(svm, vma, block, req, true, true)) {
			req->moved = true;
			req->only_vram = true;
		}
	}
	mmap_write_unlock(svm->mm);
}

/**
 * vsvm_migrate_request() - bring the memory of a request to where it is to be
 * @svm: SVM
 * @interval: covers the request
 * @seq: of its notifier
 * @vma: VMA of the request
 * @req: request
 * @bounds: what may be mapped: shared by @vma and @interval
 *
 * Context: update_lock and mmap_lock (for reading) held, mm_users.
 * Return: 0 if it is to be served where it is, %VSVM_SERVE_MOVED or another VSVM_SERVE_*.
 */
int vsvm_migrate_request(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
			 struct vm_area_struct *vma, struct vsvm_request *req,
			 struct vsvm_span bounds)
{
	u64 start = ALIGN_DOWN(req->start, VSVM_PT_BLOCK_SIZE);
	unsigned int wanted;
	struct vsvm_span span, block = vsvm_span_clip(bounds, (struct vsvm_span) {
		start, start + VSVM_PT_BLOCK_SIZE
	});
	bool whole = block.end - block.start == VSVM_PT_BLOCK_SIZE &&
		     req->page_size != DRM_VSVM_PAGE_SIZE_4K &&
		     !vma_thp_disabled(vma, vma->vm_flags, false);
	bool was_2m;
	int ret;

	if (likely(req->location != DRM_VSVM_LOCATION_VRAM) || req->moved || !svm->vram.pool)
		return 0;

	lockdep_assert_held(&svm->update_lock);
	mmap_assert_locked(svm->mm);

	whole = whole && !svm->vram.pool->coherent;
	if (!vsvm_migrate_vma_ok(vma)) {
		ret = vsvm_migrate_count(svm, interval, seq, req, &svm->stats.kept_kind);
		req->moved = !ret;
		return ret;
	}
	ret = vsvm_pages_look(svm, interval, seq, block);
	if (ret)
		return ret;
	was_2m = hmm_pfn_to_map_order(svm->pfns[(req->start - block.start) >> PAGE_SHIFT]) >=
		 HPAGE_PMD_ORDER;
	/* Who asks says where that ends. */
	req->stream = !req->present && !req->asked && vsvm_moves_stream(svm, block, req);
	span = vsvm_migrate_span(svm->pfns, svm->vram.pool, block, req, whole);
	if (span.start == span.end) {
		req->moved = true;
		req->only_vram = true;
		return 0;
	}
	wanted = count_wanted(svm, block.start, req);
	if (!req->asked && vsvm_moves_thrash(svm, req->start)) {
		req->moved = true;
		svm->stats.kept_thrashing += wanted;
		return 0;
	}
	req->from_peers = vsvm_peer_wanted(svm, block.start, span, req);
	ask_room(svm->pfns, svm->vram.pool, block.start, whole, span, req);
	if (!req->reserved && !has_room(&svm->vram, req))
		return VSVM_SERVE_RESERVE;

	if (was_2m && !req->alone && svm->vram.room && goes_whole(svm, span, req))
		return VSVM_SERVE_ALONE;

	req->moved = true;
	if (is_hot_2m(req)) {
		*(req->alone ? &svm->stats.kept_busy : &svm->stats.kept_full) += wanted;
		return 0;
	}
	if (!svm->vram.room || (!svm->vram.spare &&
				!vsvm_vram_free_pages(svm->vram.pool, svm->vram.open))) {
		svm->stats.kept_full += wanted;
		return 0;
	}
	/* What is exclusive looks like a hole, and the kernel does not move it as it is. */
	if (req->mode == DRM_VSVM_ATOMIC_EXCLUSIVE && !req->present)
		vsvm_pages_make(svm, vma, block.start, req);
	req->only_vram = true;
	if (req->write && !req->present)
		own_pages(svm, vma, block.start, req);
	if (to_vram(svm, vma, span, req, was_2m, false))
		return VSVM_SERVE_MOVED;
	/* It may be on a disk, which the kernel does not see to. */
	if (!req->present)
		vsvm_pages_make(svm, vma, block.start, req);
	if (req->present || !to_vram(svm, vma, span, req, was_2m, false)) {
		svm->stats.kept_busy += wanted;
		req->only_vram = false;
	}
	return VSVM_SERVE_MOVED;
}
