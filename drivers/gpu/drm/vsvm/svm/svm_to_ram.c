// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: To system memory
 *
 * A CPU that touches a page in VRAM, directly or by a system call, or by a fault of another device,
 * comes to vsvm_migrate_cpu_fault(), also from inside the service of our own faults. It takes no
 * lock of ours but that of the VRAM's lists. It brings back the page with those around it that are
 * in VRAM too (as the attribute of the range said when they went there); of a folio of 2M all. It
 * must get on: if there is no memory for more, the one page will do.
 *
 * While a folio of 2M is on its way back, nobody may unmap all of it at once: zap_huge_pmd() (of
 * Linux 7.2) finds the migration entry in place of the mapping, sees that its folio is
 * device-private, and takes that for a mapping. It drops a reference that is not there, and the
 * folio is freed while we copy it; what comes of it is memory that is charged to nobody, and a
 * CPU that never gets the lock of the list for it. Of entries for 4K it knows better. So a folio
 * that another process or thread could unmap is split before it moves, and eviction, of which the
 * process knows nothing, excludes it by mmap_lock (svm_evict.c).
 *
 * In a range there may be pages of several devices. A CPU's access, and eviction, are about those
 * of one, whose pages alone come along; who wants a range in system memory means all
 * (&vsvm_migrate_room.whose). Others are collected with them, for all have one owner (DOC: Peers),
 * and then left where they are. One copy engine copies what comes, from whatever VRAM.
 *
 * Locking: mmap_lock for reading.
 *
 * Limits: another process that discards 2M of this one, by process_madvise() or as the OOM reaper,
 * just while its only thread touches them, meets that bug still.
 */

#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>

#include "../vsvm_hold.h"
#include "../vsvm_peer.h"
#include "../vsvm_trace.h"
#include "../vsvm_vram.h"
#include "svm.h"
#include "svm_migrate.h"
#include "svm_to_ram.h"

/* Is a page, which is locked, one that is to come? */
static bool comes(const struct vsvm_vram *vram, const struct vsvm_migrate_room *room,
		  const struct page *page)
{
	switch (room->whose) {
	case VSVM_OWN:
		return vsvm_vram_of(page) == vram;
	case VSVM_PEERS:
		return vsvm_vram_of(page) != vram;
	default:
		return true;
	}
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
		const struct vsvm_vram *owner;
		struct folio *folio = NULL;
		unsigned int j;
		u32 from;

		step = 1;
		if (!src || !(m->src[i] & MIGRATE_PFN_MIGRATE) || !comes(vram, room, src))
			continue;
		owner = vsvm_vram_of(src);
		from = vsvm_peer_copy_from(vram, owner);
		if (m->src[i] & MIGRATE_PFN_COMPOUND) {
			step = HPAGE_PMD_NR;
			folio = vma_alloc_folio(gfp | __GFP_NORETRY, HPAGE_PMD_ORDER, m->vma, addr);
		}
		if (folio) {
			folio_lock(folio);
			m->dst[i] = migrate_pfn(folio_pfn(folio)) | MIGRATE_PFN_COMPOUND;
			vsvm_migrate_add_copy(room, vsvm_vram_offset(owner, src),
					      page_to_phys(&folio->page), HPAGE_PMD_SIZE, from);
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
			vsvm_migrate_add_copy(room, vsvm_vram_offset(owner, src + j),
					      page_to_phys(&folio->page), PAGE_SIZE, from);
		}
	}
	return ret;
}

/**
 * vsvm_migrate_to_ram() - move what of a range is in VRAM to system memory
 * @vram: VRAM of the device that copies
 * @vma: VMA
 * @span: range, in the VMA; of a folio of 2M all, if it is mapped as one
 * @whole: a folio of 2M may stay one; only where nobody can unmap it meanwhile (DOC: above)
 * @fault_page: page that a CPU waits for, locked and with a reference; NULL: none
 * @room: room for as many pages, which says whose
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
		.pgmap_owner = vsvm_vram_owner(),
		.flags = vsvm_vram_select(vram) | (whole ? MIGRATE_VMA_SELECT_COMPOUND : 0),
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

	svm->vram.room->whose = VSVM_ALL;
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
	svm->vram.room->whose = VSVM_OWN;
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
	unsigned int order = (unsigned long)vmf->page->zone_device_data & VSVM_PAGE_ORDER;
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
