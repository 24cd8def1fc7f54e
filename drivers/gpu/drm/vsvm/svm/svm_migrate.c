// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Migration
 *
 * Moves memory of a process between the system and VRAM, by its addresses: to VRAM for the GPU
 * (svm_to_vram.c), and back when a CPU touches it (svm_to_ram.c) or room is needed (svm_evict.c).
 * The kernel does the better part of it, and takes the pages out of reach of everybody meanwhile:
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
 * This file has what both ways need.
 *
 * Locking: mmap_lock for reading in all of it. To VRAM: update_lock, for &vsvm_svm_vram.
 */

#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "svm_migrate.h"

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
	room->whose = VSVM_OWN;
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
	WRITE_ONCE(tail->page.zone_device_data, head->page.zone_device_data);
}
