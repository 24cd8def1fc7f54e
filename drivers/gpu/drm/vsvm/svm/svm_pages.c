// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Pages of a fault
 *
 * From a request, a few neighbouring pages of one VMA that an interval covers, to page table
 * entries:
 *
 * 1. hmm_range_fault() without faulting over a window around the request, so that what the CPU has
 *    already is mapped in one go; where a 2M page is likely, over one page before, for that says
 *    all there is to know of the other 511;
 * 2. hmm_range_fault() with faulting over what the request still lacks. Two steps, because HMM
 *    faults a hole in the CPU's page table as a whole if one page of it is asked for: a window that
 *    may fault would allocate memory that nobody touched;
 * 3. under pt->lock, if the notifier has heard nothing meanwhile, one sweep from HMM's answer to
 *    page table entries; if it has, all of it again.
 *
 * Fault-around: where the GPU has pages mapped right before the request, it is likely to be on its
 * way through memory, and as many as that (it looks at some powers of two) are looked at behind it,
 * up to the end of the 2M block. Elsewhere it is an aligned window of &vsvm_interval.around pages,
 * which halves with each request that is next to nothing, down to %AROUND_MIN, and doubles with
 * each that is, up to %VSVM_AROUND_MAX. So any number of streams through one interval have large
 * windows and random accesses small ones. It costs a walk of the CPU's page table, nothing else.
 *
 * Where memory is wanted in VRAM, and can go there, only what is in VRAM is mapped around a
 * request: the rest is to fault, or it would never go.
 *
 * Where userfaultfd watches, the CPU's fault handler may want to wait for the process. HMM has no
 * way to say so, so it is not let near: the handler is asked directly, page by page and without
 * waiting, and HMM only looks at what is there then. Who has to wait is told so
 * (%VSVM_SERVE_WAIT), and svm_wait.c does it.
 *
 * Locking: update_lock around everything; mmap_lock for steps 1 and 2, pt->lock for step 3.
 */

#include <linux/hmm.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/userfaultfd_k.h>

#include <drm/vsvm_drm.h>

#include "../vsvm_hold.h"
#include "../vsvm_peer.h"
#include "../vsvm_trace.h"
#include "../vsvm_vram.h"
#include "svm.h"
#include "svm_atomic.h"
#include "svm_dup.h"
#include "svm_pages.h"
#include "svm_peer.h"
#include "svm_pin.h"

/* Pages of a fault-around window at least. */
#define AROUND_MIN	16

/**
 * vsvm_pages_serves() - is a page there as wanted?
 * @pfn: what HMM says of it
 * @write: for writing
 *
 * Return: true if the GPU may have it.
 */
bool vsvm_pages_serves(unsigned long pfn, bool write)
{
	unsigned long need = HMM_PFN_VALID | (write ? HMM_PFN_WRITE : 0);

	return (pfn & (need | HMM_PFN_ERROR)) == need;
}

/**
 * vsvm_pages_beside() - what is mapped beside a request?
 * @pt: page table, locked
 * @req: request; @before and @behind are set
 */
void vsvm_pages_beside(struct vsvm_pt *pt, struct vsvm_request *req)
{
	unsigned int pages = 1;

	req->before = 0;
	while (pages <= VSVM_SVM_RUN_PAGES / 2 && req->start >= (u64)pages << PAGE_SHIFT &&
	       vsvm_pt_lookup(pt, req->start - ((u64)pages << PAGE_SHIFT))) {
		req->before = pages;
		pages = max(2 * pages, VSVM_AROUND_MAX);
	}
	req->behind = vsvm_pt_lookup(pt, req->end);
}

/**
 * vsvm_pages_window() - what to look at around a request
 * @req: request
 * @around: pages of a window where nothing is mapped; a power of two
 * @bounds: what may be mapped, @req included
 *
 * Return: a span that contains @req, within its block and @bounds.
 */
struct vsvm_span vsvm_pages_window(const struct vsvm_request *req, unsigned int around,
				   struct vsvm_span bounds)
{
	u64 block = ALIGN_DOWN(req->start, VSVM_PT_BLOCK_SIZE);
	struct vsvm_span window = { req->start, req->end };
	u64 size;

	size = (u64)max(around, min(2 * req->before, VSVM_SVM_RUN_PAGES)) << PAGE_SHIFT;
	if (!req->before)
		window.start = ALIGN_DOWN(window.start, size);
	if (!req->behind)
		window.end = ALIGN(window.end, size);
	window = vsvm_span_clip(window, bounds);
	return vsvm_span_clip(window, (struct vsvm_span) { block, block + VSVM_PT_BLOCK_SIZE });
}

/**
 * vsvm_pages_around() - how large the next window is to be where nothing is mapped
 * @around: pages of it so far
 * @req: request that was served
 *
 * Return: pages, a power of two, %AROUND_MIN..%VSVM_AROUND_MAX.
 */
unsigned int vsvm_pages_around(unsigned int around, const struct vsvm_request *req)
{
	if (req->before || req->behind)
		return min(2 * around, VSVM_AROUND_MAX);
	return max(around / 2, AROUND_MIN);
}

/*
 * Numbers of the pages that VRAM has. Where there are peers, of theirs too, and whatever lies
 * between: one comparison says of most pages that they are in system memory.
 */
struct vram_pfns {
	unsigned long first;
	unsigned long count;
	const struct vsvm_vram *vram;
};

static struct vram_pfns vram_pfns(const struct vsvm_vram *vram)
{
	struct vram_pfns pfns = {};

	if (!vram)
		return pfns;
	pfns.first = vram->first_pfn;
	pfns.count = READ_ONCE(vram->num_pages);
	pfns.vram = vram;
	if (vsvm_peer_any())
		vsvm_peer_span(&pfns.first, &pfns.count);
	return pfns;
}

/*
 * Where in VRAM a page is. Of what is mapped as 2M, HMM (of Linux 7.2) counts the pages from the
 * first one on, wherever in it the range begins that it was asked about. But a folio of 2M is a
 * chunk, which says where each page of it is.
 */
static u64 vram_offset(const struct vsvm_vram *vram, unsigned long pfn, u64 addr)
{
	u64 offset = (u64)((pfn & ~HMM_PFN_FLAGS) - vram->first_pfn) << PAGE_SHIFT;

	if (hmm_pfn_to_map_order(pfn) < HPAGE_PMD_ORDER)
		return offset;
	return ALIGN_DOWN(offset, VSVM_HW_VRAM_BLOCK) + addr % VSVM_HW_VRAM_BLOCK;
}

/**
 * vsvm_pages_vram_offset() - where in VRAM is a page?
 * @vram: VRAM, or NULL
 * @pfn: what HMM says of the page
 * @addr: its address
 *
 * Return: the offset, or U64_MAX if it is elsewhere or nowhere.
 */
u64 vsvm_pages_vram_offset(const struct vsvm_vram *vram, unsigned long pfn, u64 addr)
{
	if (!vram || !vsvm_pages_serves(pfn, false) ||
	    !vsvm_vram_has_pfn(vram, pfn & ~HMM_PFN_FLAGS))
		return U64_MAX;
	return vram_offset(vram, pfn, addr & PAGE_MASK);
}

/*
 * The 4K entry for a page in VRAM of a device, or between the pages of several. It is made before
 * it is known whether @pfn is stale, so a peer that owns the page is kept by RCU alone
 * (vsvm_peer_close()).
 */
static u64 vram_leaf(const struct vsvm_vram *vram, unsigned long pfn, u64 addr)
{
	const struct vsvm_vram *owner = vram;
	bool write = pfn & HMM_PFN_WRITE;

	guard(rcu)();
	if (unlikely(!vsvm_vram_has_pfn(vram, pfn & ~HMM_PFN_FLAGS)))
		owner = vsvm_peer_by_pfn(pfn & ~HMM_PFN_FLAGS);
	/* If it is stale and the owner gone, the entry is not made. */
	if (!owner)
		return vsvm_pt_leaf((u64)(pfn & ~HMM_PFN_FLAGS) << PAGE_SHIFT, write);
	return vsvm_pt_leaf(vram_offset(owner, pfn, addr), write) | vsvm_peer_bits(vram, owner);
}

/* The 4K entry for a page, wherever it is. */
static __always_inline u64 page_leaf(struct vram_pfns vram, unsigned long pfn, u64 addr)
{
	bool write = pfn & HMM_PFN_WRITE;

	if (unlikely((pfn & ~HMM_PFN_FLAGS) - vram.first < vram.count))
		return vram_leaf(vram.vram, pfn, addr);
	return vsvm_pt_leaf((u64)(pfn & ~HMM_PFN_FLAGS) << PAGE_SHIFT, write);
}

/**
 * vsvm_pages_block_leaf() - the 2M entry for a page
 * @vram: VRAM that it may be in, or NULL
 * @pfn: what HMM says of the page
 * @addr: its address
 * @bounds: what may be mapped
 *
 * Return: the entry, if the CPU has it so and nothing of it lies outside @bounds; else 0.
 */
u64 vsvm_pages_block_leaf(const struct vsvm_vram *vram, unsigned long pfn, u64 addr,
			  struct vsvm_span bounds)
{
	u64 block = ALIGN_DOWN(addr, VSVM_PT_BLOCK_SIZE);
	u64 leaf;

	if (hmm_pfn_to_map_order(pfn) < VSVM_PT_SHIFT(1) - PAGE_SHIFT)
		return 0;
	if (block < bounds.start || block + VSVM_PT_BLOCK_SIZE > bounds.end)
		return 0;

	leaf = page_leaf(vram_pfns(vram), pfn, addr) - (addr - block);
	return IS_ALIGNED(leaf & VSVM_PTE_ADDR, VSVM_PT_BLOCK_SIZE) ? leaf : 0;
}

/* What the CPU's fault handler says, as an &enum vsvm_error. */
static int fault_error(vm_fault_t fault)
{
	if (fault & VM_FAULT_OOM)
		return VSVM_ERROR_NOMEM;
	if (fault & (VM_FAULT_SIGBUS | VM_FAULT_HWPOISON | VM_FAULT_HWPOISON_LARGE))
		return VSVM_ERROR_BUS;
	if (fault & VM_FAULT_SIGSEGV)
		return VSVM_ERROR_PERMISSION;
	return VSVM_ERROR_NONE;
}

/**
 * vsvm_pages_fault() - have the CPU's fault handler bring the first page of a request
 * @vma: VMA of the request, not watched by userfaultfd
 * @req: request
 *
 * Context: as vsvm_pages_get().
 * Return: &enum vsvm_error or %VSVM_SERVE_AGAIN.
 */
int vsvm_pages_fault(struct vm_area_struct *vma, const struct vsvm_request *req)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (req->write ? FAULT_FLAG_WRITE : 0);

	return fault_error(handle_mm_fault(vma, req->start, flags, NULL)) ?: VSVM_SERVE_AGAIN;
}

/**
 * vsvm_pages_error() - why can the first page of a request not be had?
 * @vma: VMA of the request, not watched by userfaultfd
 * @req: request
 *
 * HMM and others say no more than -EFAULT. Asks the CPU's fault handler for the reason, once: if it
 * sees no error the page is one that no device can have.
 *
 * Context: as vsvm_pages_get().
 * Return: &enum vsvm_error or %VSVM_SERVE_AGAIN.
 */
int vsvm_pages_error(struct vm_area_struct *vma, struct vsvm_request *req)
{
	if (req->asked_cpu)
		return VSVM_ERROR_UNSUPPORTED;
	req->asked_cpu = true;
	return vsvm_pages_fault(vma, req);
}

/*
 * Asks HMM for a part of the pages; with @flags 0 it looks without faulting. Pages in @vram are
 * good where they are; without, they are brought to the system if they are to be faulted.
 */
static int ask_hmm(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		   struct vsvm_span span, unsigned long *pfns, unsigned long flags,
		   struct vsvm_vram *vram)
{
	struct hmm_range range = {
		.notifier = &interval->notifier,
		.notifier_seq = seq,
		.start = span.start,
		.end = span.end,
		.hmm_pfns = pfns,
		.default_flags = flags,
		.dev_private_owner = vram ? vsvm_vram_owner() : NULL,
	};

	mmap_assert_locked(svm->mm);
	memset(pfns, 0, ((span.end - span.start) >> PAGE_SHIFT) * sizeof(*pfns));
	return hmm_range_fault(&range);
}

/**
 * vsvm_pages_look() - which pages of a span are there?
 * @svm: SVM; its @pfns get the answer
 * @interval: covers the span
 * @seq: of its notifier
 * @span: at most %VSVM_SVM_RUN_PAGES pages of one VMA
 *
 * Context: as vsvm_pages_get().
 * Return: as vsvm_pages_get(). Without faulting, only an invalidation is in the way, or a VMA that
 * was checked before.
 */
int vsvm_pages_look(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		    struct vsvm_span span)
{
	switch (ask_hmm(svm, interval, seq, span, svm->pfns, 0, svm->vram.pool)) {
	case 0:
		return VSVM_ERROR_NONE;
	case -EBUSY:
		return VSVM_SERVE_AGAIN;
	default:
		return VSVM_ERROR_UNSUPPORTED;
	}
}

/**
 * vsvm_pages_make() - have the pages of a request be there, if that can be done
 * @svm: SVM; its @pfns are what vsvm_pages_look() has found
 * @vma: VMA of the request, not watched by userfaultfd
 * @start: first byte of what @svm->pfns is about; the request is in it
 * @req: request
 *
 * Not by HMM: what has been tried for the request before may have been an event for the notifier,
 * and then HMM does nothing.
 *
 * Context: as vsvm_pages_get().
 */
void vsvm_pages_make(struct vsvm_svm *svm, struct vm_area_struct *vma, u64 start,
		     const struct vsvm_request *req)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (req->write ? FAULT_FLAG_WRITE : 0);
	u64 addr;

	for (addr = req->start; addr < req->end; addr += PAGE_SIZE)
		if (!(svm->pfns[(addr - start) >> PAGE_SHIFT] & HMM_PFN_VALID))
			handle_mm_fault(vma, addr, flags, NULL);
}

/* How many of the pages are there as wanted, from the first on? */
static unsigned int count_served(const unsigned long *pfns, unsigned int count, bool write)
{
	unsigned int i;

	for (i = 0; i < count && vsvm_pages_serves(pfns[i], write); i++)
		;
	return i;
}

/*
 * Step 2 where userfaultfd watches. The access is the process's own, made by its GPU, so it is
 * asked for as one of user mode; the kernel itself might not be allowed to wait. Serves those
 * before the first page that is bad or must wait, and says which it was when that is the first.
 */
static int get_watched(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		       struct vm_area_struct *vma, struct vsvm_request *req,
		       struct vsvm_span window)
{
	unsigned int flags = FAULT_FLAG_REMOTE | FAULT_FLAG_USER | FAULT_FLAG_ALLOW_RETRY |
			     FAULT_FLAG_RETRY_NOWAIT | (req->write ? FAULT_FLAG_WRITE : 0);
	unsigned long *pfns = &svm->pfns[(req->start - window.start) >> PAGE_SHIFT];
	vm_fault_t fault;
	u64 addr;

	for (addr = req->start; addr < req->end; addr += PAGE_SIZE) {
		if (vsvm_pages_serves(*pfns++, req->write))
			continue;
		fault = handle_mm_fault(vma, addr, flags, NULL);
		if (!(fault & (VM_FAULT_RETRY | VM_FAULT_ERROR)))
			continue;
		if (addr == req->start)
			return fault & VM_FAULT_RETRY ? VSVM_SERVE_WAIT : fault_error(fault);
		req->end = addr;
		break;
	}
	/* It is there now, unless somebody was faster. */
	return VSVM_SERVE_AGAIN;
}

/**
 * vsvm_pages_get() - have the pages of a request in @svm->pfns
 * @svm: SVM
 * @interval: covers the request
 * @seq: of its notifier
 * @vma: VMA of the request
 * @req: request; may be made smaller
 * @bounds: what may be mapped: shared by @vma and @interval
 * @window: out: what @svm->pfns is about; the request is in it
 *
 * Context: update_lock held, mmap_lock for reading, mm_users; may wait for memory and I/O.
 * Return: &enum vsvm_error or VSVM_SERVE_*; on success the request's pages are there as wanted.
 */
int vsvm_pages_get(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		   struct vm_area_struct *vma, struct vsvm_request *req, struct vsvm_span bounds,
		   struct vsvm_span *window)
{
	unsigned long flags = HMM_PFN_REQ_FAULT | (req->write ? HMM_PFN_REQ_WRITE : 0);
	struct vsvm_span span = { req->start, req->end };
	unsigned int count = (req->end - req->start) >> PAGE_SHIFT;
	unsigned long *pfns;
	int ret;

	if (interval->huge && !req->pinned && !req->dup &&
	    req->page_size != DRM_VSVM_PAGE_SIZE_4K) {
		*window = (struct vsvm_span) { req->start, req->start + PAGE_SIZE };
		ret = vsvm_pages_look(svm, interval, seq, *window);
		if (ret)
			return ret;
		if (vsvm_pages_serves(svm->pfns[0], req->write) &&
		    vsvm_pages_block_leaf(svm->vram.pool, svm->pfns[0], req->start, bounds))
			return VSVM_ERROR_NONE;
	}

	if (req->dup)
		*window = span;
	else if (req->pinned)
		*window = vsvm_pin_window(req, bounds);
	else
		*window = vsvm_pages_window(req, interval->around, bounds);
	pfns = &svm->pfns[(req->start - window->start) >> PAGE_SHIFT];
	ret = vsvm_pages_look(svm, interval, seq, *window);
	if (ret || count_served(pfns, count, req->write) == count)
		return ret;

	if (userfaultfd_armed(vma))
		return get_watched(svm, interval, seq, vma, req, *window);

	ret = ask_hmm(svm, interval, seq, span, pfns, flags, svm->vram.pool);
	/*
	 * Of pages in VRAM HMM does not look whether they may be written: after a fork they may
	 * not, and the CPU's fault handler has to copy them, which it does in system memory.
	 */
	if (!ret && svm->vram.pool && count_served(pfns, count, req->write) < count)
		ret = ask_hmm(svm, interval, seq, span, pfns, flags, NULL);
	if (!ret)
		return VSVM_ERROR_NONE;
	if (ret == -EBUSY)
		return VSVM_SERVE_AGAIN;
	if (count > 1) {
		/* One of them is bad. Find it, and serve the others. */
		req->end = req->start + PAGE_SIZE;
		return VSVM_SERVE_AGAIN;
	}
	return vsvm_pages_error(vma, req);
}

/* What would be mapped around a request where it is would not fault, and stay there. */
static void drop_system(struct vsvm_svm *svm, const struct vsvm_request *req,
			struct vsvm_span window)
{
	const struct vsvm_vram *vram = svm->vram.pool;
	unsigned long *pfn = svm->pfns;
	u64 addr;

	for (addr = window.start; addr < window.end; addr += PAGE_SIZE, pfn++)
		if ((addr < req->start || addr >= req->end) &&
		    !vsvm_vram_has_pfn(vram, *pfn & ~HMM_PFN_FLAGS) &&
		    !(req->peer == DRM_VSVM_PEER_MAP &&
		      vsvm_peer_has_pfn(vram, *pfn & ~HMM_PFN_FLAGS)))
			*pfn = 0;
}

/*
 * The sweep of step 3 for 4K pages. It is what a page costs beside HMM, so what is rare is known
 * when it is compiled: @plain says that nothing has been copied for reading, and @mode is of no
 * matter.
 */
static __always_inline unsigned int map_pages(struct vsvm_svm *svm, struct vsvm_pt_map *map,
					      struct vsvm_span window, u8 mode, const bool plain)
{
	unsigned int i, mapped = 0, count = (window.end - window.start) >> PAGE_SHIFT;
	const struct vram_pfns vram = vram_pfns(svm->vram.pool);
	const unsigned long *pfns = svm->pfns;
	u64 addr, leaf;

	for (i = 0; i < count; i++) {
		if (!vsvm_pages_serves(pfns[i], false))
			continue;
		addr = window.start + ((u64)i << PAGE_SHIFT);
		/* There is a copy, which has been entered. */
		if (!plain && svm->num_dups && vsvm_dup_has(svm, addr))
			continue;
		leaf = page_leaf(vram, pfns[i], addr);
		vsvm_pt_map_page(map, i, plain ? leaf : vsvm_atomic_leaf(leaf, mode));
		mapped++;
	}
	return mapped;
}

/* Step 3 for 4K pages. Returns how many are mapped by it. */
static unsigned int map_small(struct vsvm_svm *svm, struct vsvm_span window, u8 mode)
{
	struct vsvm_pt_map map;
	unsigned int mapped;

	if (!vsvm_pt_map_begin(svm->pt, &svm->cache, window.start, &map))
		return 0;
	if (likely(!svm->num_dups && mode == DRM_VSVM_ATOMIC_DIRECT))
		mapped = map_pages(svm, &map, window, mode, true);
	else
		mapped = map_pages(svm, &map, window, mode, false);
	vsvm_pt_map_end(svm->pt, &map, window.start, window.end);
	return mapped;
}

/**
 * vsvm_pages_map() - enter the pages of a request, and those around it
 * @svm: SVM
 * @interval: covers the request
 * @seq: of its notifier, from before vsvm_pages_get()
 * @req: request; may be made smaller
 * @window: what @svm->pfns is about
 * @bounds: what may be mapped
 *
 * Context: update_lock held, mmap_lock not.
 * Return: &enum vsvm_error or %VSVM_SERVE_AGAIN.
 */
int vsvm_pages_map(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		   struct vsvm_request *req, struct vsvm_span window, struct vsvm_span bounds)
{
	unsigned long pfn = svm->pfns[(req->start - window.start) >> PAGE_SHIFT];
	unsigned int mapped = VSVM_PT_BLOCK_SIZE >> PAGE_SHIFT;
	u64 before, block = 0;
	bool huge = false;

	if (req->page_size != DRM_VSVM_PAGE_SIZE_4K)
		block = vsvm_atomic_leaf(vsvm_pages_block_leaf(svm->vram.pool, pfn, req->start,
							       bounds), req->mode);
	if (req->only_vram && !block)
		drop_system(svm, req, window);
	if (vsvm_peer_any() && vsvm_peer_refused(svm, req, window))
		return VSVM_SERVE_AGAIN;
	if (req->pinned)
		vsvm_pin_reserve(svm, window);
	vsvm_hold(svm->pt->as, VSVM_HOLD_FAULT_PAGES, req->start, req->end);

	mutex_lock(&svm->pt->lock);
	if (mmu_interval_read_retry(&interval->notifier, seq)) {
		mutex_unlock(&svm->pt->lock);
		if (req->pinned)
			vsvm_pin_release(svm, window);
		return VSVM_SERVE_AGAIN;
	}
	if (req->pinned)
		vsvm_pin_enter(svm, window);
	/* Not before: of pages that are gone nothing can be said. */
	if (!block && req->page_size == DRM_VSVM_PAGE_SIZE_2M) {
		mutex_unlock(&svm->pt->lock);
		return VSVM_ERROR_PAGE_SIZE;
	}
	before = svm->pt->mapped;
	if (block)
		huge = vsvm_pt_map_block(svm->pt, &svm->cache,
					 ALIGN_DOWN(req->start, VSVM_PT_BLOCK_SIZE), block);
	/* It may have been there for reading. */
	svm->stats.pages_2m += svm->pt->mapped - before;
	if (huge)
		svm->stats.leaves_2m++;
	else
		mapped = map_small(svm, window, req->mode);
	svm->stats.pages_mapped += mapped;
	if (vsvm_peer_any())
		vsvm_peer_mapped(svm, window, huge);
	mutex_unlock(&svm->pt->lock);
	trace_vsvm_map(vsvm_hw_as_id(svm->pt->as), window.start, window.end, mapped, huge);

	if (huge) {
		window.start = ALIGN_DOWN(req->start, VSVM_PT_BLOCK_SIZE);
		window.end = window.start + VSVM_PT_BLOCK_SIZE;
	}
	if (svm->vram.pool && vsvm_vram_has_pfn(svm->vram.pool, pfn & ~HMM_PFN_FLAGS))
		vsvm_vram_used(svm->vram.pool,
			       vram_offset(svm->vram.pool, pfn, req->start));

	/* A 2M page was expected, but what is mapped there already is in the way. */
	req->end = min(req->end, window.end);

	interval->huge = huge;
	interval->around = vsvm_pages_around(interval->around, req);
	return VSVM_ERROR_NONE;
}
