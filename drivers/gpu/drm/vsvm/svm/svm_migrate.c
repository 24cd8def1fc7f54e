// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Migration
 *
 * Moves memory of a process between the system and VRAM, by its addresses: to VRAM for the GPU, and
 * back when a CPU touches it. (By its place in VRAM, to make room there: svm_evict.c.) The kernel
 * does the better part of it, and takes the pages out of reach of everybody meanwhile:
 *
 * 1. migrate_vma_setup() takes the pages of a range, locks them, puts migration entries in place of
 *    what maps them, in every process, and has our notifiers called for that;
 * 2. we find a destination for each that is to go and can, and have the copy engine copy all of
 *    them in one go. A hole, or a page of zeroes, is cleared there instead;
 * 3. migrate_vma_pages() makes the destinations what the sources were. Where it cannot, for
 *    somebody else has a reference, the source stays;
 * 4. migrate_vma_finalize() puts entries for whichever it is back.
 *
 * Nothing here touches the GPU's page table. The notifiers have zapped it in step 1, and the fault
 * that wanted the memory, or the next one, maps what is there.
 *
 * What goes to VRAM: anonymous memory, and what a private mapping of a file has copied. What stays:
 * page cache, hugetlb, what is pinned, locked (mlock) or merged (KSM), and what userfaultfd
 * watches. It is mapped where it is, and counted.
 *
 * Sizes: a folio of 2M that the range holds whole goes as one, to a chunk of its own. So does a
 * hole of 2M. If there is no such destination the kernel splits it and it goes page by page. What
 * VRAM it takes has been set aside before mmap_lock was taken (&vsvm_svm_vram.spare).
 *
 * A VM holds chunks only while it moves something (vsvm_migrate_end()), so that nobody's VRAM is
 * beyond the reach of eviction for long.
 *
 * A CPU that touches a page in VRAM, directly or by a system call, or by a fault of another device,
 * comes to vsvm_migrate_cpu_fault(), also from inside the service of our own faults. It takes no
 * lock of ours but that of the VRAM's lists. It brings back the page with those around it that are
 * in VRAM too (as the attribute of the range said when they went there); of a folio of 2M all. It
 * must get on: if there is no memory for more, the one page will do.
 *
 * What moves to VRAM again and again in a short time, because a CPU wants it back or there is not
 * enough VRAM, is left alone for a while (is_thrashing()), unless a prefetch asks for it.
 *
 * While a folio of 2M is on its way back, nobody may unmap all of it at once: zap_huge_pmd() (of
 * Linux 7.2) finds the migration entry in place of the mapping, sees that its folio is
 * device-private, and takes that for a mapping. It drops a reference that is not there, and the
 * folio is freed while we copy it; what comes of it is memory that is charged to nobody, and a
 * CPU that never gets the lock of the list for it. Of entries for 4K it knows better. So a folio
 * that another process or thread could unmap is split before it moves, and eviction, of which the
 * process knows nothing, excludes it by mmap_lock (svm_evict.c).
 *
 * Limits: another process that discards 2M of this one, by process_madvise() or as the OOM reaper,
 * just while its only thread touches them, meets that bug still.
 *
 * Locking: mmap_lock for reading in all of it. To VRAM: update_lock, for &vsvm_svm_vram.
 */

#include <linux/bitfield.h>
#include <linux/hmm.h>
#include <linux/ksm.h>
#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>

#include <drm/vsvm_drm.h>

#include "../vsvm_hold.h"
#include "../vsvm_trace.h"
#include "../vsvm_vram.h"
#include "svm.h"
#include "svm_migrate.h"
#include "svm_pages.h"

/*
 * A block that moves to VRAM so many times, never later than GAP after the last time, is used by
 * both sides, or does not fit. It is mapped where it is for STAY, in jiffies.
 */
#define THRASH_MOVES	16ULL
#define THRASH_GAP	(HZ / 5)
#define THRASH_STAY	HZ

/* Pages that come back together when a CPU touches one, unless the program wants it otherwise. */
#define RETURN_ORDER	4

/**
 * vsvm_migrate_room_alloc() - room for moving some pages
 * @max: how many
 *
 * Return: the room or NULL.
 */
struct vsvm_migrate_room *vsvm_migrate_room_alloc(unsigned int max)
{
	struct vsvm_migrate_room *room;
	size_t size = sizeof(*room) + max * (sizeof(*room->copies) + sizeof(*room->src) +
					     sizeof(*room->dst) + sizeof(*room->pages));

	room = kvmalloc(size, GFP_KERNEL | __GFP_NOWARN);
	if (!room)
		return NULL;
	room->max = max;
	room->num_copies = 0;
	room->evict_as = NULL;
	room->copies = (void *)(room + 1);
	room->src = (void *)(room->copies + max);
	room->dst = room->src + max;
	room->pages = (void *)(room->dst + max);
	return room;
}

/**
 * vsvm_migrate_room_free() - undo vsvm_migrate_room_alloc()
 * @room: room, or NULL
 */
void vsvm_migrate_room_free(struct vsvm_migrate_room *room)
{
	kvfree(room);
}

/**
 * vsvm_migrate_add_copy() - have something copied
 * @room: where it is noted
 * @src: as &vsvm_hw_copy.src
 * @dst: as &vsvm_hw_copy.dst
 * @size: bytes, whole pages
 * @flags: VSVM_HW_COPY_*
 */
void vsvm_migrate_add_copy(struct vsvm_migrate_room *room, u64 src, u64 dst, u64 size, u32 flags)
{
	struct vsvm_hw_copy *last = room->copies + room->num_copies - 1;

	/* Neighbours on both sides are one descriptor. What is cleared has one side. */
	if (room->num_copies && last->flags == flags && last->dst + last->size == dst &&
	    (flags & VSVM_HW_COPY_CLEAR || last->src + last->size == src)) {
		last->size += size;
		return;
	}
	room->copies[room->num_copies++] = (struct vsvm_hw_copy) { src, dst, size, flags };
}

/**
 * vsvm_migrate_drop() - give back the destinations
 * @room: room
 * @count: pages that it is about
 */
void vsvm_migrate_drop(struct vsvm_migrate_room *room, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct page *page = migrate_pfn_to_page(room->dst[i]);

		room->dst[i] = 0;
		if (!page)
			continue;
		folio_unlock(page_folio(page));
		folio_put(page_folio(page));
	}
}

/**
 * vsvm_migrate_copy() - have all copied that was added
 * @hw: device
 * @room: room; if it cannot be done, its destinations are given back, and nothing moves
 * @count: pages that it is about
 *
 * Return: 0 or -EFAULT.
 */
int vsvm_migrate_copy(struct vsvm_hw *hw, struct vsvm_migrate_room *room, unsigned int count)
{
	int ret = vsvm_hw_copy_run(hw, room->copies, room->num_copies);

	/* All places that were named are there. */
	if (WARN_ON_ONCE(ret))
		vsvm_migrate_drop(room, count);
	room->num_copies = 0;
	return ret;
}

/**
 * vsvm_migrate_moved() - how much has gone over?
 * @room: room, between steps 3 and 4
 * @count: pages that it is about
 *
 * Return: 4K pages.
 */
unsigned int vsvm_migrate_moved(const struct vsvm_migrate_room *room, unsigned int count)
{
	unsigned int i, moved = 0;

	for (i = 0; i < count; i++)
		if (room->src[i] & MIGRATE_PFN_MIGRATE && room->dst[i])
			moved += room->dst[i] & MIGRATE_PFN_COMPOUND ? HPAGE_PMD_NR : 1;
	return moved;
}

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

/* What is kept with a page in VRAM: log2 of the pages that come back together. */
static void *return_order(const struct vsvm_request *req)
{
	unsigned int order = RETURN_ORDER;

	if (req->granularity)
		order = min_t(unsigned int, req->granularity - PAGE_SHIFT, HPAGE_PMD_ORDER);
	return (void *)(unsigned long)order;
}

/* Is page @i of @m to go to VRAM? */
static bool goes(const struct migrate_vma *m, unsigned int i, const struct vsvm_request *req)
{
	const struct page *page = migrate_pfn_to_page(m->src[i]);
	u64 addr = m->start + ((u64)i << PAGE_SHIFT);

	if (!(m->src[i] & MIGRATE_PFN_MIGRATE))
		return false;
	/* A hole is filled where somebody wants it, or memory would come from nothing. */
	return page ? !stays(page) : addr >= req->start && addr < req->end;
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
	if (!vram->spare)
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

/* As many destinations as there are, in room->pages. From the open chunk, then from the spare. */
static unsigned int vram_pages(struct vsvm_svm *svm, unsigned int count)
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

/* Step 2 for a range of 2M that is one folio, or a hole. */
static bool plan_whole(struct vsvm_svm *svm, struct migrate_vma *m, const struct vsvm_request *req)
{
	struct page *page, *src = migrate_pfn_to_page(m->src[0]);
	struct vsvm_svm_vram *vram = &svm->vram;
	u64 to;

	if (!(m->src[0] & MIGRATE_PFN_COMPOUND) || (src && stays(src)))
		return false;
	page = vsvm_vram_folio(vram->pool, vram->spare);
	if (!page)
		return false;
	to = vsvm_vram_offset(vram->pool, page);
	page->zone_device_data = return_order(req);
	m->dst[0] = migrate_pfn(page_to_pfn(page)) | MIGRATE_PFN_COMPOUND;
	if (src)
		vsvm_migrate_add_copy(vram->room, page_to_phys(src), to, HPAGE_PMD_SIZE,
				      VSVM_HW_COPY_TO_VRAM);
	else
		vsvm_migrate_add_copy(vram->room, 0, to, HPAGE_PMD_SIZE,
				      VSVM_HW_COPY_TO_VRAM | VSVM_HW_COPY_CLEAR);
	vsvm_vram_put(vram->pool, vram->spare);
	vram->spare = NULL;
	return true;
}

static void plan_page(struct vsvm_svm *svm, struct migrate_vma *m, unsigned int i,
		      struct page *page, const struct vsvm_request *req)
{
	const struct page *src = migrate_pfn_to_page(m->src[i]);
	u64 to = vsvm_vram_offset(svm->vram.pool, page);

	page->zone_device_data = return_order(req);
	m->dst[i] = migrate_pfn(page_to_pfn(page));
	if (src)
		vsvm_migrate_add_copy(svm->vram.room, page_to_phys(src), to, PAGE_SIZE,
				      VSVM_HW_COPY_TO_VRAM);
	else
		vsvm_migrate_add_copy(svm->vram.room, 0, to, PAGE_SIZE,
				      VSVM_HW_COPY_TO_VRAM | VSVM_HW_COPY_CLEAR);
}

/* Step 2 otherwise. */
static void plan_pages(struct vsvm_svm *svm, struct migrate_vma *m, const struct vsvm_request *req)
{
	struct page **pages = svm->vram.room->pages;
	unsigned int i, count = 0, next = 0;

	for (i = 0; i < m->npages; i++)
		count += goes(m, i, req);
	count = vram_pages(svm, count);
	for (i = 0; i < m->npages && next < count; i++)
		if (goes(m, i, req))
			plan_page(svm, m, i, pages[next++], req);
}

/*
 * What is remembered of a block of 2M, in an entry of &vsvm_svm_vram.moves: which of its pages have
 * moved last, when, and how often some of these had moved shortly before.
 */
#define MOVES_COUNT	GENMASK_ULL(7, 0)
#define MOVES_FIRST	GENMASK_ULL(16, 8)
#define MOVES_LAST	GENMASK_ULL(25, 17)
#define MOVES_JIFFIES	GENMASK_ULL(57, 26)

static u64 moves_of(struct vsvm_svm *svm, u64 addr)
{
	void *entry = xa_load(&svm->vram.moves, addr / VSVM_PT_BLOCK_SIZE);

	return entry ? xa_to_value(entry) : 0;
}

static u32 moves_age(u64 moves)
{
	return (u32)jiffies - (u32)FIELD_GET(MOVES_JIFFIES, moves);
}

/* Has a block come and gone so often that it had better stay where it is for a while? */
static bool is_thrashing(struct vsvm_svm *svm, u64 addr)
{
	u64 moves = moves_of(svm, addr);

	return FIELD_GET(MOVES_COUNT, moves) >= THRASH_MOVES && moves_age(moves) < THRASH_STAY;
}

/* Notes that pages have moved which the CPU had. */
static void note_move(struct vsvm_svm *svm, struct vsvm_span span)
{
	u64 first = span.start % VSVM_PT_BLOCK_SIZE >> PAGE_SHIFT;
	u64 last = (span.end - 1) % VSVM_PT_BLOCK_SIZE >> PAGE_SHIFT;
	u64 moves = moves_of(svm, span.start), count = 1;

	if (moves && moves_age(moves) < THRASH_GAP) {
		count = FIELD_GET(MOVES_COUNT, moves);
		if (first <= FIELD_GET(MOVES_LAST, moves) && last >= FIELD_GET(MOVES_FIRST, moves))
			count = min(count + 1, THRASH_MOVES);
	}
	moves = FIELD_PREP(MOVES_COUNT, count) | FIELD_PREP(MOVES_FIRST, first) |
		FIELD_PREP(MOVES_LAST, last) | FIELD_PREP(MOVES_JIFFIES, (u32)jiffies);
	/* Without memory for it, it has not moved as far as this goes. */
	xa_store(&svm->vram.moves, span.start / VSVM_PT_BLOCK_SIZE, xa_mk_value(moves),
		 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
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
 * of the request, or all of it is one. Returns how many pages moved.
 */
static unsigned int to_vram(struct vsvm_svm *svm, struct vm_area_struct *vma,
			    struct vsvm_span span, const struct vsvm_request *req)
{
	struct vsvm_migrate_room *room = svm->vram.room;
	u64 begin = vsvm_trace_begin(vsvm_migrate);
	struct migrate_vma m = {
		.vma = vma,
		.start = span.start,
		.end = span.end,
		.src = room->src,
		.dst = room->dst,
		.pgmap_owner = vsvm_vram_owner(svm->vram.pool),
		.flags = MIGRATE_VMA_SELECT_SYSTEM,
	};
	struct vsvm_span had;
	unsigned int moved;

	/* Else the kernel splits what is 2M, and says of a hole that it is many small ones. */
	if (svm->vram.spare && req->page_size != DRM_VSVM_PAGE_SIZE_4K)
		m.flags |= MIGRATE_VMA_SELECT_COMPOUND;

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
	vsvm_hold(svm->pt->as, VSVM_HOLD_MIGRATE_DONE, span.start, span.end);
	migrate_vma_finalize(&m);

	svm->stats.to_vram += moved;
	if (moved && had.start < had.end)
		note_move(svm, had);
	trace_vsvm_migrate(vsvm_hw_as_id(svm->pt->as), span.start, span.end, true, moved,
			   vsvm_trace_ns(begin));
	return moved;
}

/**
 * vsvm_migrate_span() - what is to move to VRAM for a request?
 * @pfns: what HMM says of the pages of @block, without faulting
 * @vram: VRAM
 * @block: part of a block of 2M that may move; the request is in it
 * @req: request
 * @whole: a block of which nothing is there may be had as one page of 2M
 *
 * Where the CPU has something, all of the block, or what the program wants to move together. Else
 * what the request lacks.
 *
 * Return: the span, empty if all that is wanted is in VRAM already.
 */
struct vsvm_span vsvm_migrate_span(const unsigned long *pfns, const struct vsvm_vram *vram,
				   struct vsvm_span block, const struct vsvm_request *req,
				   bool whole)
{
	struct vsvm_span span = block, wanted = { req->start, req->end };
	bool any = false, system = false, hole = false;
	u64 addr, size;

	if (req->granularity) {
		size = BIT_ULL(req->granularity);
		span.start = max(span.start, ALIGN_DOWN(req->start, size));
		span.end = min(span.end, ALIGN(req->end, size));
	}
	for (addr = block.start; addr < block.end; addr += PAGE_SIZE) {
		unsigned long pfn = pfns[(addr - block.start) >> PAGE_SHIFT];

		any |= !!(pfn & HMM_PFN_VALID);
		if (addr < span.start || addr >= span.end)
			continue;
		if (!(pfn & HMM_PFN_VALID))
			hole |= addr >= req->start && addr < req->end;
		else
			system |= !vsvm_vram_has_pfn(vram, pfn & ~HMM_PFN_FLAGS);
	}
	if (system || (whole && !any))
		return span;
	return hole ? wanted : (struct vsvm_span) {};
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
	struct vsvm_span span, block = vsvm_span_clip(bounds, (struct vsvm_span) {
		start, start + VSVM_PT_BLOCK_SIZE
	});
	bool whole = block.end - block.start == VSVM_PT_BLOCK_SIZE &&
		     req->page_size != DRM_VSVM_PAGE_SIZE_4K && !(vma->vm_flags & VM_NOHUGEPAGE);
	int ret;

	if (likely(req->location != DRM_VSVM_LOCATION_VRAM) || req->moved || !svm->vram.pool)
		return 0;

	lockdep_assert_held(&svm->update_lock);
	mmap_assert_locked(svm->mm);

	if (!vsvm_migrate_vma_ok(vma)) {
		req->moved = true;
		svm->stats.kept_kind += (req->end - req->start) >> PAGE_SHIFT;
		return 0;
	}
	ret = vsvm_pages_look(svm, interval, seq, block);
	if (ret)
		return ret;
	span = vsvm_migrate_span(svm->pfns, svm->vram.pool, block, req, whole);
	if (span.start == span.end) {
		req->moved = true;
		return 0;
	}
	if (!req->asked && is_thrashing(svm, req->start)) {
		req->moved = true;
		svm->stats.kept_thrashing += (req->end - req->start) >> PAGE_SHIFT;
		return 0;
	}
	if (!svm->vram.spare && !req->reserved)
		return VSVM_SERVE_RESERVE;

	req->moved = true;
	if (!svm->vram.room || (!svm->vram.spare && !svm->vram.open)) {
		svm->stats.kept_full += (req->end - req->start) >> PAGE_SHIFT;
		return 0;
	}
	if (to_vram(svm, vma, span, req))
		return VSVM_SERVE_MOVED;
	/* It may be on a disk, which the kernel does not see to. */
	vsvm_pages_make(svm, vma, block.start, req);
	if (!to_vram(svm, vma, span, req))
		svm->stats.kept_busy += (req->end - req->start) >> PAGE_SHIFT;
	return VSVM_SERVE_MOVED;
}

/* Step 2 on the way back: the pages of @m that are in VRAM. -ENOMEM if @fault_page gets none. */
static int plan_ram(struct vsvm_vram *vram, struct migrate_vma *m, struct vsvm_migrate_room *room)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NOWARN;
	unsigned int i, step;
	int ret = 0;

	for (i = 0; i < m->npages; i += step) {
		struct page *src = migrate_pfn_to_page(m->src[i]);
		u64 addr = m->start + ((u64)i << PAGE_SHIFT);
		struct folio *folio = NULL;
		unsigned int j;

		step = 1;
		if (!src || !(m->src[i] & MIGRATE_PFN_MIGRATE))
			continue;
		if (m->src[i] & MIGRATE_PFN_COMPOUND) {
			step = HPAGE_PMD_NR;
			folio = vma_alloc_folio(gfp | __GFP_NORETRY, HPAGE_PMD_ORDER, m->vma, addr);
		}
		if (folio) {
			folio_lock(folio);
			m->dst[i] = migrate_pfn(folio_pfn(folio)) | MIGRATE_PFN_COMPOUND;
			vsvm_migrate_add_copy(room, vsvm_vram_offset(vram, src),
					      page_to_phys(&folio->page), HPAGE_PMD_SIZE,
					      VSVM_HW_COPY_FROM_VRAM);
			continue;
		}
		for (j = 0; j < step; j++) {
			/* If the first one of a folio stays all of it does. */
			bool must = src + j == m->fault_page ||
				    (m->fault_page && step > 1 && !j);

			/* What a CPU waits for may cost what it costs. */
			folio = vma_alloc_folio(must ? GFP_HIGHUSER_MOVABLE : gfp | __GFP_NORETRY,
						0, m->vma, addr + ((u64)j << PAGE_SHIFT));
			if (!folio) {
				if (must)
					ret = -ENOMEM;
				if (!j)
					break;
				continue;
			}
			folio_lock(folio);
			m->dst[i + j] = migrate_pfn(folio_pfn(folio));
			vsvm_migrate_add_copy(room, vsvm_vram_offset(vram, src + j),
					      page_to_phys(&folio->page), PAGE_SIZE,
					      VSVM_HW_COPY_FROM_VRAM);
		}
	}
	return ret;
}

/**
 * vsvm_migrate_to_ram() - move what of a range is in VRAM to system memory
 * @vram: VRAM
 * @vma: VMA
 * @span: range, in the VMA; of a folio of 2M all, if it is mapped as one
 * @whole: a folio of 2M may stay one; only where nobody can unmap it meanwhile, see DOC: Migration
 * @fault_page: page that a CPU waits for, locked and with a reference; NULL: none
 * @room: room for as many pages
 * @moved: out: 4K pages that moved
 *
 * Context: mmap_lock held for reading, mm_users. May be in the service of a fault of ours.
 * Return: 0, also if nothing had to, or could, be moved; -ENOMEM if @fault_page stays for want of
 * memory; -EINVAL.
 */
int vsvm_migrate_to_ram(struct vsvm_vram *vram, struct vm_area_struct *vma, struct vsvm_span span,
			bool whole, struct page *fault_page, struct vsvm_migrate_room *room,
			unsigned int *moved)
{
	struct migrate_vma m = {
		.vma = vma,
		.start = span.start,
		.end = span.end,
		.src = room->src,
		.dst = room->dst,
		.pgmap_owner = vsvm_vram_owner(vram),
		.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE |
			 (whole ? MIGRATE_VMA_SELECT_COMPOUND : 0),
		.fault_page = fault_page,
	};
	int ret;

	mmap_assert_locked(vma->vm_mm);
	*moved = 0;

	ret = migrate_vma_setup(&m);
	if (ret)
		return ret;
	if (room->evict_as && m.cpages)
		vsvm_hold(room->evict_as, VSVM_HOLD_EVICT_PAGES, 0, U64_MAX);
	if (m.cpages)
		ret = plan_ram(vram, &m, room);
	vsvm_migrate_copy(vram->hw, room, m.npages);
	migrate_vma_pages(&m);
	*moved = vsvm_migrate_moved(room, m.npages);
	migrate_vma_finalize(&m);
	return ret;
}

/**
 * vsvm_migrate_is_shared() - may another process have what is in a VMA too?
 * @vma: VMA
 *
 * Context: mmap_lock held.
 * Return: false if nobody has; and so it stays as long as mmap_lock is held.
 */
bool vsvm_migrate_is_shared(struct vm_area_struct *vma)
{
	struct anon_vma *anon_vma = vma->anon_vma;
	struct rb_node *node;
	bool shared = false;

	if (!anon_vma)
		return false;
	/* A child's, or one that was merged: what it has may be a parent's too. */
	if (!list_is_singular(&vma->anon_vma_chain))
		return true;
	down_read(&anon_vma->root->rwsem);
	for (node = rb_first_cached(&anon_vma->rb_root); node && !shared; node = rb_next(node))
		shared = rb_entry(node, struct anon_vma_chain, rb)->vma->vm_mm != vma->vm_mm;
	up_read(&anon_vma->root->rwsem);
	return shared;
}

/* Has anybody but the caller, a thread of the process, to do with the memory? */
static bool has_other_users(struct mm_struct *mm)
{
	return atomic_read(&mm->mm_users) > 1;
}

/**
 * vsvm_migrate_back() - move a range to system memory, as far as it goes
 * @svm: SVM
 * @span: range, in a block of 2M
 *
 * Context: update_lock held, mmap_lock not, mm_users.
 */
void vsvm_migrate_back(struct vsvm_svm *svm, struct vsvm_span span)
{
	struct vm_area_struct *vma;
	struct vma_iterator vmi;
	unsigned int moved;

	if (!svm->vram.pool || !READ_ONCE(svm->vram.pool->num_pages))
		return;
	if (!svm->vram.room)
		svm->vram.room = vsvm_migrate_room_alloc(VSVM_SVM_RUN_PAGES);
	if (!svm->vram.room)
		return;

	vma_iter_init(&vmi, svm->mm, span.start);
	mmap_read_lock(svm->mm);
	for_each_vma_range(vmi, vma, span.end) {
		struct vsvm_span part = vsvm_span_clip(span, (struct vsvm_span) {
			vma->vm_start, vma->vm_end
		});
		bool whole = !vsvm_migrate_is_shared(vma) && !has_other_users(svm->mm);

		if (!vsvm_migrate_to_ram(svm->vram.pool, vma, part, whole, NULL, svm->vram.room,
					 &moved))
			svm->stats.to_system += moved;
	}
	mmap_read_unlock(svm->mm);
}

/*
 * Is it a folio of 2M that somebody may unmap as a whole while it is on its way: another process,
 * or another thread by madvise()? From munmap, exit and fork mmap_lock keeps it in this process.
 */
static bool is_split_first(const struct vm_fault *vmf)
{
	return !vmf->pte && (folio_mapcount(page_folio(vmf->page)) > 1 ||
			     has_other_users(vmf->vma->vm_mm));
}

/* What comes back with a page: what is around it, in the VMA. */
static struct vsvm_span return_span(const struct vm_fault *vmf, bool split)
{
	unsigned int order = (unsigned long)vmf->page->zone_device_data;
	u64 size = PAGE_SIZE << order;
	u64 start = ALIGN_DOWN(vmf->address, size);

	/* A folio that is mapped as a whole comes back as one, or split by the kernel. */
	if (!vmf->pte && !split) {
		start = ALIGN_DOWN(vmf->address, HPAGE_PMD_SIZE);
		return (struct vsvm_span) { start, start + HPAGE_PMD_SIZE };
	}
	/*
	 * One that is mapped in pieces has to be split first, and that is all that can be done in
	 * one go: migrate_vma_setup() (of Linux 7.2) hands our lock over to the piece that we are
	 * here for, and then takes the first piece, if it is in the range, for one that is locked.
	 * With the page alone in the range nothing moves, and the access comes again.
	 */
	if (folio_test_large(page_folio(vmf->page))) {
		start = ALIGN_DOWN(vmf->address, PAGE_SIZE);
		return (struct vsvm_span) { start, start + PAGE_SIZE };
	}
	return vsvm_span_clip((struct vsvm_span) { start, start + size }, (struct vsvm_span) {
		vmf->vma->vm_start, vmf->vma->vm_end
	});
}

/**
 * vsvm_migrate_cpu_fault() - &dev_pagemap_ops.migrate_to_ram: a CPU wants a page that is in VRAM
 * @vmf: fault; its page is locked and has a reference
 *
 * Context: process, mmap_lock held for reading.
 * Return: 0, also if the access has to be tried again, or VM_FAULT_OOM.
 */
vm_fault_t vsvm_migrate_cpu_fault(struct vm_fault *vmf)
{
	struct vsvm_vram *vram = vsvm_vram_of(vmf->page);
	bool split = is_split_first(vmf);
	struct vsvm_span span = return_span(vmf, split);
	u64 begin = vsvm_trace_begin(vsvm_migrate);
	struct vsvm_vram_client *client;
	struct vsvm_migrate_room *room;
	unsigned int moved = 0;
	int ret;

	/* The page is in use, so its chunk stays, and whose it is. */
	client = vsvm_vram_page_client(vram, vmf->page);
	vsvm_hold(client->as, VSVM_HOLD_CPU_FAULT, span.start, span.end);

	room = vsvm_migrate_room_alloc((span.end - span.start) >> PAGE_SHIFT);
	if (!room && vmf->pte) {
		span.start = ALIGN_DOWN(vmf->address, PAGE_SIZE);
		span.end = span.start + PAGE_SIZE;
		room = vsvm_migrate_room_alloc(1);
	}
	if (!room)
		return VM_FAULT_OOM;
	/*
	 * The kernel does not split a folio for a page of it while somebody else has a reference.
	 * Ours can go for so long: the folio is mapped here, and stays so while it is locked, which
	 * the first page is, by which we know it, also when it has been split.
	 */
	if (split)
		folio_put(page_folio(vmf->page));
	ret = vsvm_migrate_to_ram(vram, vmf->vma, span, !split, vmf->page, room, &moved);
	if (split)
		folio_get(page_folio(vmf->page));
	vsvm_migrate_room_free(room);

	atomic64_add(moved, &client->faulted);
	trace_vsvm_migrate(0, span.start, span.end, false, moved, vsvm_trace_ns(begin));
	if (ret == -ENOMEM)
		return VM_FAULT_OOM;
	return ret ? VM_FAULT_SIGBUS : 0;
}

/**
 * vsvm_migrate_folio_split() - &dev_pagemap_ops.folio_split: the kernel splits a folio in VRAM
 * @head: folio that keeps the first page
 * @tail: one of the others, NULL when all are done
 *
 * Context: interrupts are off.
 */
void vsvm_migrate_folio_split(struct folio *head, struct folio *tail)
{
	if (!tail)
		return;
	tail->pgmap = head->pgmap;
	tail->page.mapping = head->page.mapping;
	tail->page.zone_device_data = head->page.zone_device_data;
}
