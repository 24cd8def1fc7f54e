// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Eviction
 *
 * Makes room in VRAM: the chunk that was used longest ago goes back to system memory, whoever's it
 * is. It is known by its place only. Which processes map it, and where, changes without notice
 * (mremap, fork), so nobody remembers that; the kernel finds them by its reverse mapping, and has
 * our notifiers called. No mmap_lock is waited for, for whoever wants room may be in the middle of
 * a fault of another process.
 *
 * Destinations are allocated before the first page is locked: memory may be what is short, and
 * reclaim must not meet pages that wait for it. If there is not enough the chunk stays, and who
 * wanted room does without VRAM.
 *
 * A folio of 2M that a process has mapped as such is another matter. A bug of the kernel's (see
 * DOC: Migration) forbids to move it so while it may be unmapped; and where the system has no 2M
 * for it, it has to be split, which the kernel does only for who comes by an address. So a process
 * that maps it is looked for, by the same reverse mapping, and it goes through that
 * (evict_mapped()): as one if the process has it for itself and can be kept from unmapping it, else
 * page by page. This does take an mmap_lock, but never waits for it::
 *
 *   eviction                                whoever may map it
 *   --------                                ------------------
 *   folio locked: it stays mapped where
 *     it is, and its anon_vma stays
 *   anon_vma: a VMA, its mm, the address
 *   mm_users taken, folio unlocked
 *                                           munmap, mremap, exit, a CPU's access
 *   lock_alone(mm), or mmap_read_trylock(mm)
 *   is there still a folio of ours?
 *   migrate_vma_setup() looks itself
 *
 * Whatever became of the folio meanwhile, what is found there is good to be moved.
 *
 * Locking: none of ours. The chunk is held, so nobody allocates from it, and no other evicts it.
 */

#include <linux/memremap.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>

#include "../vsvm_hold.h"
#include "../vsvm_trace.h"
#include "../vsvm_vram.h"
#include "svm_evict.h"
#include "svm_migrate.h"

/* Mappings of a folio of 2M that are tried, one after the other. */
#define MAPPING_TRIES	256

/* Destinations for as many pages as may be in the chunk. Returns how many there are. */
static unsigned int alloc_pages_for(struct vsvm_vram_chunk *chunk, struct vsvm_migrate_room *room)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	unsigned int count, used = READ_ONCE(chunk->used);

	for (count = 0; count < used; count++) {
		room->pages[count] = alloc_page(gfp);
		if (!room->pages[count])
			break;
	}
	return count;
}

/* A destination for a folio of 2M. */
static unsigned int alloc_folio_for(struct vsvm_migrate_room *room)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN;
	struct folio *folio = folio_alloc(gfp, HPAGE_PMD_ORDER);

	room->pages[0] = folio ? &folio->page : NULL;
	return !!folio;
}

/*
 * Gives destinations to the pages that were found, and puts those that are left over back. What is
 * found is of the size that was expected, unless the kernel has just split it.
 */
static void plan(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk,
		 struct vsvm_migrate_room *room, unsigned int count, bool whole)
{
	u64 from = vsvm_vram_chunk_offset(vram, chunk);
	unsigned int i, next = 0;

	for (i = 0; i < VSVM_VRAM_CHUNK_PAGES; i++) {
		room->dst[i] = 0;
		if (!(room->src[i] & MIGRATE_PFN_MIGRATE) || next == count ||
		    !!(room->src[i] & MIGRATE_PFN_COMPOUND) != whole)
			continue;
		lock_page(room->pages[next]);
		room->dst[i] = migrate_pfn(page_to_pfn(room->pages[next])) |
			       (whole ? MIGRATE_PFN_COMPOUND : 0);
		vsvm_migrate_add_copy(room, from + ((u64)i << PAGE_SHIFT),
				      page_to_phys(room->pages[next]),
				      whole ? HPAGE_PMD_SIZE : PAGE_SIZE, VSVM_HW_COPY_FROM_VRAM);
		next++;
	}
	while (next < count)
		put_page(room->pages[next++]);
}

/* Moves the pages of a chunk. Returns how many. */
static unsigned int move(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk,
			 struct vsvm_migrate_room *room, bool whole)
{
	struct page *first = vsvm_vram_page(vram, vsvm_vram_chunk_offset(vram, chunk));
	unsigned int count, moved;

	count = whole ? alloc_folio_for(room) : alloc_pages_for(chunk, room);
	if (!count)
		return 0;
	migrate_device_range(room->src, page_to_pfn(first), VSVM_VRAM_CHUNK_PAGES);
	vsvm_hold(chunk->client->as, VSVM_HOLD_EVICT_PAGES, 0, U64_MAX);
	plan(vram, chunk, room, count, whole);
	vsvm_migrate_copy(vram->hw, room, VSVM_VRAM_CHUNK_PAGES);
	migrate_device_pages(room->src, room->dst, VSVM_VRAM_CHUNK_PAGES);
	moved = vsvm_migrate_moved(room, VSVM_VRAM_CHUNK_PAGES);
	migrate_device_finalize(room->src, room->dst, VSVM_VRAM_CHUNK_PAGES);
	return moved;
}

/*
 * A process that may map a folio, the @n-th of them, and where: *@mm, with a reference on its
 * users, NULL if it is about to end. False if there are not so many.
 */
static bool find_mapping(struct folio *folio, unsigned int n, struct mm_struct **mm,
			 unsigned long *addr)
{
	struct anon_vma *anon_vma;
	struct rb_node *node;
	bool found = false;

	*mm = NULL;
	if (!folio_trylock(folio))
		return false;
	if (!folio_mapped(folio) || !folio_test_anon(folio))
		goto unlock;

	anon_vma = (void *)((unsigned long)folio->mapping & ~FOLIO_MAPPING_FLAGS);
	down_read(&anon_vma->root->rwsem);
	for (node = rb_first_cached(&anon_vma->rb_root); node; node = rb_next(node)) {
		struct vm_area_struct *vma = rb_entry(node, struct anon_vma_chain, rb)->vma;

		if (folio->index < vma->vm_pgoff ||
		    folio->index + HPAGE_PMD_NR > vma->vm_pgoff + vma_pages(vma))
			continue;
		if (n--)
			continue;
		*addr = vma->vm_start + ((folio->index - vma->vm_pgoff) << PAGE_SHIFT);
		if (mmget_not_zero(vma->vm_mm))
			*mm = vma->vm_mm;
		found = true;
		break;
	}
	up_read(&anon_vma->root->rwsem);
unlock:
	folio_unlock(folio);
	return found;
}

/* What mmap_write_lock() does, if nobody has it: mmap_write_unlock() undoes it. */
static bool lock_alone(struct mm_struct *mm)
{
	if (!down_write_trylock(&mm->mmap_lock))
		return false;
	mm_lock_seqcount_begin(mm);
	return true;
}

/* Moves what of a chunk, or of another, is mapped at an address. Returns how many pages. */
static unsigned int move_mapped(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk,
				struct mm_struct *mm, unsigned long addr,
				struct vsvm_migrate_room *room)
{
	struct vsvm_span span = { addr, addr + HPAGE_PMD_SIZE };
	bool alone = lock_alone(mm);
	struct vm_area_struct *vma;
	unsigned int moved = 0;

	if (!alone && !mmap_read_trylock(mm))
		return 0;
	vma = vma_lookup(mm, addr);
	if (vma && span.end <= vma->vm_end) {
		/* madvise() is content with the lock of the VMA. */
		if (alone)
			vma_start_write(vma);
		vsvm_hold(chunk->client->as, VSVM_HOLD_EVICT_PAGES, 0, U64_MAX);
		vsvm_migrate_to_ram(vram, vma, span, alone && !vsvm_migrate_is_shared(vma), NULL,
				    room, &moved);
	}
	if (alone)
		mmap_write_unlock(mm);
	else
		mmap_read_unlock(mm);
	return moved;
}

/* Moves a folio of 2M, whole or in pages, through a process that maps it. Returns how many. */
static unsigned int evict_mapped(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk,
				 struct folio *folio, struct vsvm_migrate_room *room)
{
	unsigned int n, moved = 0;
	struct mm_struct *mm;
	unsigned long addr;
	bool found;

	for (n = 0; n < MAPPING_TRIES && !moved; n++) {
		if (!folio_try_get(folio))
			break;
		found = find_mapping(folio, n, &mm, &addr);
		/* One reference too many would keep it from moving. */
		folio_put(folio);
		if (!found)
			break;
		if (!mm)
			continue;
		moved = move_mapped(vram, chunk, mm, addr, room);
		mmput_async(mm);
	}
	return moved;
}

/**
 * vsvm_evict_pages() - move what is in a chunk to system memory
 * @vram: VRAM
 * @chunk: chunk, held by the caller
 *
 * Context: process; as vsvm_vram_get(). Waits for memory, but not for long.
 * Return: true if nothing is left in it.
 */
bool vsvm_evict_pages(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk)
{
	struct folio *folio = (struct folio *)vsvm_vram_page(vram,
							     vsvm_vram_chunk_offset(vram, chunk));
	u64 begin = vsvm_trace_begin(vsvm_evict);
	struct vsvm_migrate_room *room;
	unsigned int moved = 0;
	bool whole;

	room = vsvm_migrate_room_alloc(VSVM_VRAM_CHUNK_PAGES);
	if (!room)
		return false;
	/* Only a hint of what will be found: the kernel may split it any time. */
	whole = READ_ONCE(chunk->used) == VSVM_VRAM_CHUNK_PAGES && folio_test_large(folio);
	if (!whole || !folio_entire_mapcount(folio))
		moved = move(vram, chunk, room, whole);
	if (!moved && whole && folio_test_large(folio))
		moved = evict_mapped(vram, chunk, folio, room);
	vsvm_migrate_room_free(room);

	atomic64_add(moved, &chunk->client->evicted);
	trace_vsvm_evict(vsvm_vram_chunk_offset(vram, chunk), moved, whole,
			 vsvm_trace_ns(begin));
	return !READ_ONCE(chunk->used);
}

/**
 * vsvm_evict_chunk() - make room in VRAM
 * @vram: VRAM
 * @client: who has to; NULL: whoever has used his longest ago
 *
 * Context: as vsvm_evict_pages().
 * Return: false if there is nobody, or it could not be done.
 */
bool vsvm_evict_chunk(struct vsvm_vram *vram, const struct vsvm_vram_client *client)
{
	struct vsvm_vram_chunk *chunk;
	bool done;

	vsvm_vram_age(vram);
	chunk = vsvm_vram_victim(vram, client);
	if (!chunk)
		return false;
	done = vsvm_evict_pages(vram, chunk);
	/* The last one of the list if pages are left: somebody has them in hand. */
	vsvm_vram_put(vram, chunk);
	return done;
}
