// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: The floor of migration
 *
 * The least that it takes to move memory to a device and back: migrate_vma_setup(), a destination
 * for each page, a copy by the CPU, migrate_vma_pages() and migrate_vma_finalize(), in runs of 2M.
 * A folio of 2M goes as one. Nothing is entered into a table of the device afterwards, nothing is
 * remembered of who has what, and nobody makes room.
 *
 * When a CPU touches a page, as much around it comes back as the mirror was set up for, which is
 * kept with the page; of a folio of 2M all.
 *
 * Locking: mmap_lock for reading.
 *
 * Limits: for a process of one thread that has its memory for itself; DOC: To system memory (vsvm)
 * says what Linux 7.2 does to others. Memory that nobody has touched stays so.
 */

#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "floor_move.h"
#include "vram.h"

#define RUN_PAGES	(PEER_VRAM_BLOCK / PAGE_SIZE)

static struct peer_vram vram;

/* Destinations in device memory, and the copy. Where there is none the page stays. */
static void fill_device(struct migrate_vma *m, unsigned int order)
{
	unsigned int i, pages;
	unsigned long pfn;

	for (i = 0; i < m->npages; i += pages) {
		struct page *page, *src = migrate_pfn_to_page(m->src[i]);
		unsigned long whole = m->src[i] & MIGRATE_PFN_COMPOUND;

		pages = whole ? HPAGE_PMD_NR : 1;
		if (!src || !(m->src[i] & MIGRATE_PFN_MIGRATE))
			continue;
		pfn = peer_vram_alloc(&vram, pages);
		if (!pfn)
			continue;
		page = pfn_to_page(pfn);
		zone_device_folio_init((struct folio *)page, &vram.pgmap,
				       whole ? HPAGE_PMD_ORDER : 0);
		page->zone_device_data = (void *)(unsigned long)order;
		memcpy(peer_vram_ptr(&vram, page), page_address(src), pages * PAGE_SIZE);
		m->dst[i] = migrate_pfn(pfn) | whole;
	}
}

/* The same on the way back. */
static void fill_system(struct migrate_vma *m)
{
	unsigned int i, pages;

	for (i = 0; i < m->npages; i += pages) {
		struct page *src = migrate_pfn_to_page(m->src[i]);
		unsigned long whole = m->src[i] & MIGRATE_PFN_COMPOUND;
		struct folio *folio;

		pages = whole ? HPAGE_PMD_NR : 1;
		if (!src || !(m->src[i] & MIGRATE_PFN_MIGRATE))
			continue;
		folio = vma_alloc_folio(GFP_HIGHUSER_MOVABLE, whole ? HPAGE_PMD_ORDER : 0, m->vma,
					m->start + i * PAGE_SIZE);
		if (!folio)
			continue;
		folio_lock(folio);
		memcpy(folio_address(folio), peer_vram_ptr(&vram, src), pages * PAGE_SIZE);
		m->dst[i] = migrate_pfn(folio_pfn(folio)) | whole;
	}
}

/**
 * floor_move() - move a range to the device, or back
 * @start: first byte, page aligned
 * @end: one past the last byte, page aligned; in the same mapping
 * @to_device: which way
 * @order: log2 of the pages that come back when a CPU touches one
 *
 * Context: in the process whose memory it is.
 * Return: 0, also if something stayed; -EINVAL; -ENOMEM.
 */
int floor_move(u64 start, u64 end, bool to_device, unsigned int order)
{
	struct migrate_vma m = {
		.pgmap_owner = &vram,
		.flags = MIGRATE_VMA_SELECT_COMPOUND |
			 (to_device ? MIGRATE_VMA_SELECT_SYSTEM :
				      MIGRATE_VMA_SELECT_DEVICE_PRIVATE),
	};
	unsigned long *pfns;
	int ret = 0;
	u64 next;

	pfns = kvmalloc_array(2 * RUN_PAGES, sizeof(*pfns), GFP_KERNEL);
	if (!pfns)
		return -ENOMEM;

	mmap_read_lock(current->mm);
	m.vma = vma_lookup(current->mm, start);
	for (; start < end && !ret; start = next) {
		next = min(end, ALIGN(start + 1, PEER_VRAM_BLOCK));
		m.start = start;
		m.end = next;
		m.src = pfns;
		m.dst = pfns + RUN_PAGES;
		ret = migrate_vma_setup(&m);
		if (ret || !m.cpages)
			continue;
		if (to_device)
			fill_device(&m, order);
		else
			fill_system(&m);
		migrate_vma_pages(&m);
		migrate_vma_finalize(&m);
	}
	mmap_read_unlock(current->mm);
	kvfree(pfns);
	return ret;
}

static vm_fault_t cpu_fault(struct vm_fault *vmf)
{
	unsigned long order = (unsigned long)vmf->page->zone_device_data;
	struct vm_area_struct *vma = vmf->vma;
	struct migrate_vma m = {
		.vma = vma,
		.pgmap_owner = &vram,
		.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE,
		.fault_page = vmf->page,
	};
	unsigned long at, pages, *pfns;
	vm_fault_t ret = 0;

	if (!vmf->pte) {
		order = HPAGE_PMD_ORDER;
		m.flags |= MIGRATE_VMA_SELECT_COMPOUND;
	} else if (folio_test_large(page_folio(vmf->page))) {
		/* Mapped in pieces, it has to be split first, and then the access comes again. */
		order = 0;
	}
	m.start = max(vma->vm_start, ALIGN_DOWN(vmf->address, PAGE_SIZE << order));
	m.end = min(vma->vm_end, ALIGN(vmf->address + 1, PAGE_SIZE << order));
	pages = (m.end - m.start) >> PAGE_SHIFT;

	pfns = kvmalloc_array(2 * pages, sizeof(*pfns), GFP_KERNEL);
	if (!pfns)
		return VM_FAULT_OOM;
	m.src = pfns;
	m.dst = pfns + pages;
	if (migrate_vma_setup(&m)) {
		ret = VM_FAULT_SIGBUS;
	} else if (m.cpages) {
		fill_system(&m);
		at = vmf->pte ? (vmf->address - m.start) >> PAGE_SHIFT : 0;
		if (m.src[at] & MIGRATE_PFN_MIGRATE && !m.dst[at])
			ret = VM_FAULT_OOM;
		migrate_vma_pages(&m);
		migrate_vma_finalize(&m);
	}
	kvfree(pfns);
	return ret;
}

static void folio_freed(struct folio *folio)
{
	peer_vram_free(&vram, folio_pfn(folio), folio_nr_pages(folio));
}

/* Each piece of a folio has what the folio had. */
static void folio_in_pieces(struct folio *head, struct folio *tail)
{
	if (!tail)
		return;
	tail->pgmap = head->pgmap;
	tail->mapping = head->mapping;
	tail->page.zone_device_data = head->page.zone_device_data;
}

static const struct dev_pagemap_ops page_ops = {
	.folio_free = folio_freed,
	.migrate_to_ram = cpu_fault,
	.folio_split = folio_in_pieces,
};

/**
 * floor_move_init() - make the device memory
 *
 * Return: 0 or an error.
 */
int floor_move_init(void)
{
	return peer_vram_init(&vram, &page_ops, &vram);
}

/**
 * floor_move_exit() - undo floor_move_init()
 */
void floor_move_exit(void)
{
	peer_vram_fini(&vram);
}
