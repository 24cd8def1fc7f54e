// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Copies for reading
 *
 * In a range with the attribute READ_MOSTLY a page that the GPU reads is copied to VRAM, and the
 * GPU's entry, for reading alone, is of the copy. The CPU keeps its page. So both must have the
 * same bytes for as long as there is a copy, which the kernel does not see to: of most memory it
 * tells nobody that it is written (docs/svm.rst, *Memory that is mostly read*, goes through the
 * ways). Of page cache of a memfd that is sealed by F_SEAL_WRITE nothing can be written:
 *
 * - there is no writable mapping of it, nor will be, or the seal is refused; who writes to a
 *   private one gets another page, and that is an event to our notifier, also by ptrace and its
 *   like;
 * - write(), hole punching and the like fail;
 * - the seal is refused while anybody else holds the pages, for DMA or otherwise, so nobody has
 *   them for writing from before;
 * - a seal is never taken off.
 *
 * What can still happen to such a page (truncation, swap, migration, poison) unmaps it, and is an
 * event. With any event the copy goes, for it is dropped wherever its entry is (vsvm_svm_zap()). A
 * write of the GPU finds an entry that is not for writing; its fault is served as always: an error
 * if the mapping is shared, and if it is private a page of its own, which again is an event.
 *
 * The copy is made without locks, as the bytes do not change; the page is held meanwhile, so that
 * it is not another one by then. It is entered if the notifier has heard nothing::
 *
 *   fault                                   munmap, or any event
 *   -----                                   --------------------
 *   HMM: a page of the memfd
 *   pt->lock: read_retry(seq) is false
 *     take a reference
 *   copy to a page of VRAM
 *   pt->lock: read_retry(seq) is false
 *     the entry, and the note of it
 *                                           invalidate(): pt->lock
 *                                             zap, wait for the TLB
 *                                             the copy goes back to VRAM
 *
 * A copy is no memory of a process: it cannot be evicted to one, nor does eviction know where it is
 * entered. So its chunk is pinned (vsvm_vram_pin()), up to the limit for pins. When the device goes
 * all copies are dropped (&vsvm_vram_client.drop), and the GPU would find the CPU's pages.
 *
 * Locking: pt->lock covers the copies. update_lock for making one.
 *
 * Limits: 4K each; only what an access asks for is copied, nothing around it.
 */

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/hmm.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/xarray.h>

#include <drm/vsvm_drm.h>

#include "../vsvm_hold.h"
#include "../vsvm_vram.h"
#include "svm.h"
#include "svm_dup.h"
#include "svm_migrate.h"
#include "svm_pages.h"
#include "svm_to_vram.h"

/* &vsvm_vram_client.drop: the device goes. */
static void drop_all(void *data)
{
	struct vsvm_svm *svm = data;
	unsigned long index;
	void *entry;

	mutex_lock(&svm->pt->lock);
	xa_for_each(&svm->dups, index, entry)
		vsvm_svm_zap(svm, (u64)index << PAGE_SHIFT, (u64)(index + 1) << PAGE_SHIFT);
	mutex_unlock(&svm->pt->lock);
}

void vsvm_dup_init(struct vsvm_svm *svm)
{
	struct vsvm_vram_client *client = svm->vram.client;

	xa_init(&svm->dups);
	if (!client)
		return;
	mutex_lock(&svm->vram.pool->age_mutex);
	client->data = svm;
	client->drop = drop_all;
	mutex_unlock(&svm->vram.pool->age_mutex);
}

void vsvm_dup_fini(struct vsvm_svm *svm)
{
	struct vsvm_vram_client *client = svm->vram.client;

	if (client) {
		mutex_lock(&svm->vram.pool->age_mutex);
		client->drop = NULL;
		mutex_unlock(&svm->vram.pool->age_mutex);
	}
	/* They went with the intervals. */
	WARN_ON_ONCE(svm->num_dups);
	xa_destroy(&svm->dups);
}

/**
 * vsvm_dup_vma_ok() - may page cache that a VMA maps be copied?
 * @vma: VMA
 *
 * Context: mmap_lock held.
 * Return: true if nobody can write it.
 */
bool vsvm_dup_vma_ok(const struct vm_area_struct *vma)
{
	const struct file *file = vma->vm_file;

	if (!file || !shmem_mapping(file->f_mapping))
		return false;
	return READ_ONCE(SHMEM_I(file_inode(file))->seals) & F_SEAL_WRITE;
}

/**
 * vsvm_dup_wanted() - is a request in a READ_MOSTLY range to have copies?
 * @svm: SVM
 * @vma: VMA of the request
 * @req: request
 *
 * Context: update_lock and mmap_lock held.
 * Return: true if so.
 */
bool vsvm_dup_wanted(struct vsvm_svm *svm, const struct vm_area_struct *vma,
		     struct vsvm_request *req)
{
	lockdep_assert_held(&svm->update_lock);

	if (req->write)
		return false;
	if (svm->vram.pool && vsvm_dup_vma_ok(vma) && req->page_size != DRM_VSVM_PAGE_SIZE_2M)
		return true;
	req->dup_refused = (req->end - req->start) >> PAGE_SHIFT;
	return false;
}

/**
 * vsvm_dup_request() - have VRAM for the copies of a request
 * @svm: SVM
 * @req: request that is to have copies
 *
 * Context: update_lock held.
 * Return: 0, or %VSVM_SERVE_RESERVE if it has to be set aside first.
 */
int vsvm_dup_request(struct vsvm_svm *svm, const struct vsvm_request *req)
{
	lockdep_assert_held(&svm->update_lock);

	if (!req->reserved && (!svm->vram.room || !svm->vram.spare))
		return VSVM_SERVE_RESERVE;
	return 0;
}

static void free_copy(struct page *page)
{
	folio_unlock(page_folio(page));
	folio_put(page_folio(page));
}

/* The page at @addr if it is one to be copied, by what HMM says of it. pt->lock held, and true. */
static struct page *source(struct vsvm_svm *svm, unsigned long pfn, u64 addr)
{
	struct page *page;

	lockdep_assert_held(&svm->pt->lock);

	if (!vsvm_pages_serves(pfn, false) || vsvm_pages_vram_offset(svm->vram.pool, pfn, addr) !=
	    U64_MAX || vsvm_pt_lookup(svm->pt, addr))
		return NULL;
	page = pfn_to_page(pfn & ~HMM_PFN_FLAGS);
	/* What a private mapping has copied, or nobody has ever written, is not of the file. */
	if (is_zero_pfn(page_to_pfn(page)) || folio_test_anon(page_folio(page)))
		return NULL;
	return page;
}

/* Enters copy @page of the page at @addr. Returns false if it is not to be. */
static bool enter(struct vsvm_svm *svm, u64 addr, struct page *page)
{
	u64 offset = vsvm_vram_offset(svm->vram.pool, page);
	unsigned long index = addr >> PAGE_SHIFT;
	struct vsvm_pt_map map;

	if (!vsvm_vram_pin(svm->vram.pool, offset))
		return false;
	if (xa_err(xa_store(&svm->dups, index, xa_mk_value(offset >> PAGE_SHIFT),
			    GFP_NOWAIT | __GFP_NOWARN)))
		goto unpin;
	if (!vsvm_pt_map_begin(svm->pt, &svm->cache, addr, &map)) {
		xa_erase(&svm->dups, index);
		goto unpin;
	}
	vsvm_pt_map_page(&map, 0, vsvm_pt_leaf(offset, false) | VSVM_PTE_VRAM);
	vsvm_pt_map_end(svm->pt, &map, addr, addr + PAGE_SIZE);
	folio_unlock(page_folio(page));
	svm->num_dups++;
	svm->stats.duplicated++;
	svm->stats.pages_mapped++;
	return true;

unpin:
	vsvm_vram_unpin(svm->vram.pool, offset);
	return false;
}

/**
 * vsvm_dup_pages() - copy the pages of a request, and enter the copies
 * @svm: SVM
 * @interval: covers the request
 * @seq: of its notifier, from before vsvm_pages_get()
 * @req: request that is to have copies
 * @window: what @svm->pfns is about
 *
 * What is not copied is left to vsvm_pages_map().
 *
 * Context: update_lock held, mmap_lock not.
 * Return: 0 or %VSVM_SERVE_AGAIN.
 */
int vsvm_dup_pages(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		   struct vsvm_request *req, struct vsvm_span window)
{
	unsigned long *pfns = &svm->pfns[(req->start - window.start) >> PAGE_SHIFT];
	unsigned int i, count = (req->end - req->start) >> PAGE_SHIFT;
	struct vsvm_migrate_room *room = svm->vram.room;
	unsigned int wanted = 0, got, next = 0;
	bool again, failed = false;

	lockdep_assert_held(&svm->update_lock);

	if (!room) {
		req->dup_refused = count;
		return 0;
	}
	/* The sources by place, as long as they are held. */
	memset(room->src, 0, count * sizeof(*room->src));
	mutex_lock(&svm->pt->lock);
	again = mmu_interval_read_retry(&interval->notifier, seq);
	for (i = 0; i < count && !again; i++) {
		u64 addr = req->start + ((u64)i << PAGE_SHIFT);
		struct page *page = source(svm, pfns[i], addr);

		if (!page) {
			req->dup_refused += !vsvm_pt_lookup(svm->pt, addr);
			continue;
		}
		folio_get(page_folio(page));
		room->src[i] = page_to_pfn(page);
		wanted++;
	}
	mutex_unlock(&svm->pt->lock);
	if (again)
		return VSVM_SERVE_AGAIN;

	got = vsvm_migrate_vram_pages(svm, wanted);
	for (i = 0; i < count; i++) {
		if (!room->src[i] || next == got)
			continue;
		vsvm_migrate_add_copy(room, PFN_PHYS(room->src[i]),
				      vsvm_vram_offset(svm->vram.pool, room->pages[next++]),
				      PAGE_SIZE, VSVM_HW_COPY_TO_VRAM);
		failed |= xa_reserve(&svm->dups, (req->start >> PAGE_SHIFT) + i,
				     GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	}
	failed |= vsvm_migrate_copy(svm->vram.pool->hw, room, 0);
	vsvm_hold(svm->pt->as, VSVM_HOLD_DUP_PAGES, req->start, req->end);

	mutex_lock(&svm->pt->lock);
	again = mmu_interval_read_retry(&interval->notifier, seq);
	for (i = 0, next = 0; i < count; i++) {
		if (!room->src[i])
			continue;
		folio_put(page_folio(pfn_to_page(room->src[i])));
		if (next < got) {
			struct page *page = room->pages[next++];

			if (!again && !failed &&
			    enter(svm, req->start + ((u64)i << PAGE_SHIFT), page))
				continue;
			free_copy(page);
		}
		req->dup_refused++;
	}
	mutex_unlock(&svm->pt->lock);
	for (i = 0; i < count; i++)
		xa_release(&svm->dups, (req->start >> PAGE_SHIFT) + i);
	return again ? VSVM_SERVE_AGAIN : 0;
}

/**
 * vsvm_dup_has() - is there a copy?
 * @svm: SVM
 * @addr: address of the page
 *
 * Context: pt->lock held.
 * Return: true if the GPU has the copy there.
 */
bool vsvm_dup_has(struct vsvm_svm *svm, u64 addr)
{
	lockdep_assert_held(&svm->pt->lock);
	return xa_load(&svm->dups, addr >> PAGE_SHIFT);
}

/**
 * vsvm_dup_forget() - drop the copies of a range
 * @svm: SVM
 * @span: range, of which nothing is entered any more, nor in a TLB
 *
 * Context: pt->lock held; may be in reclaim, does not sleep or allocate.
 */
void vsvm_dup_forget(struct vsvm_svm *svm, struct vsvm_span span)
{
	unsigned long index;
	void *entry;

	lockdep_assert_held(&svm->pt->lock);

	if (likely(!svm->num_dups) || span.start >= span.end)
		return;
	xa_for_each_range(&svm->dups, index, entry, span.start >> PAGE_SHIFT,
			  (span.end - 1) >> PAGE_SHIFT) {
		u64 offset = (u64)xa_to_value(entry) << PAGE_SHIFT;

		xa_erase(&svm->dups, index);
		vsvm_vram_unpin(svm->vram.pool, offset);
		folio_put(page_folio(vsvm_vram_page(svm->vram.pool, offset)));
		svm->num_dups--;
	}
}
