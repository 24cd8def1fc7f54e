// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Eviction
 *
 * Makes room in VRAM: the chunk that was used longest ago goes back to system memory, whoever's it
 * is. A BO's goes by vsvm_bo_evict(). Memory of a process is known by its place only. Which
 * processes map it, and where, changes without notice (mremap, fork), so nobody remembers that. For
 * each folio of it, a process that maps it is looked for by the kernel's reverse mapping, and it
 * goes through that, with its neighbours; the kernel finds whoever else maps it, and has our
 * notifiers called.
 *
 * There is a way by the place, migrate_device_range(), which needs no process. It must not be gone
 * (in Linux 7.2): while pages are on their way nothing maps them, and if who did unmaps that, their
 * anon_vma is freed, which migrate_device_finalize() looks into. With mmap_lock of one that maps
 * them the VMA stays, and its anon_vma.
 *
 * So this does take an mmap_lock, but never waits for it, for whoever wants room may be in the
 * middle of a fault of another process. (When the device goes nobody wants room, and it does wait:
 * see vsvm_vram_close.c.) ::
 *
 *   eviction                                whoever may map it
 *   --------                                ------------------
 *   folio locked: it stays mapped where
 *     it is, and its anon_vma stays
 *   anon_vma: a VMA, its mm, the address
 *   mm_users taken, folio unlocked
 *                                           munmap, mremap, exit, a CPU's access
 *   lock_mm(): mmap_lock, if it is free
 *   is there still a folio of ours?
 *   migrate_vma_setup() looks itself
 *
 * Whatever became of the folio meanwhile, what is found there is good to be moved.
 *
 * A folio of 2M that is mapped as such goes as one if the process has it for itself and can be kept
 * from unmapping it, by mmap_lock for writing (why: DOC: To system memory), and the system has 2M
 * for it. Else the kernel splits it, and it goes page by page.
 *
 * If there is not enough memory, or a process does not let go of its mmap_lock, the chunk stays,
 * and another one is tried. After a few, who wanted room does without VRAM.
 *
 * Locking: none of ours. The chunk is held, so nobody allocates from it, and no other evicts it.
 */

#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>

#include "../vsvm_bo_place.h"
#include "../vsvm_hold.h"
#include "../vsvm_trace.h"
#include "../vsvm_vram.h"
#include "svm_evict.h"
#include "svm_migrate.h"
#include "svm_to_ram.h"

/* Mappings of a folio that are tried, one after the other. */
#define MAPPING_TRIES	256

/*
 * A process that may map a folio, or a part of it, the @n-th of them, and where: *@mm, with a
 * reference on its users, NULL if it is about to end. False if there are not so many.
 */
static bool find_mapping(struct folio *folio, unsigned int n, struct mm_struct **mm,
			 struct vsvm_span *span)
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
		pgoff_t start = max(folio->index, vma->vm_pgoff);
		pgoff_t end = min(folio->index + folio_nr_pages(folio),
				  vma->vm_pgoff + vma_pages(vma));

		if (start >= end)
			continue;
		if (n--)
			continue;
		span->start = vma->vm_start + ((start - vma->vm_pgoff) << PAGE_SHIFT);
		span->end = vma->vm_start + ((end - vma->vm_pgoff) << PAGE_SHIFT);
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

/* Takes mmap_lock; *@alone, in: for writing, if possible; out: it is. With @wait until killed. */
static bool lock_mm(struct mm_struct *mm, bool *alone, bool wait)
{
	if (wait)
		return !(*alone ? mmap_write_lock_killable(mm) : mmap_read_lock_killable(mm));
	*alone = *alone && lock_alone(mm);
	return *alone || mmap_read_trylock(mm);
}

/* Moves what is mapped in a range, of a chunk or of another. Returns how many pages. */
static unsigned int move_mapped(struct vsvm_vram *vram, struct mm_struct *mm,
				struct vsvm_span span, bool huge, bool wait,
				struct vsvm_migrate_room *room)
{
	struct vm_area_struct *vma;
	unsigned int moved = 0;
	bool alone = huge;

	if (!lock_mm(mm, &alone, wait))
		return 0;
	vma = vma_lookup(mm, span.start);
	if (vma) {
		span.end = min(span.end, vma->vm_end);
		/* madvise() is content with the lock of the VMA. */
		if (alone)
			vma_start_write(vma);
		vsvm_migrate_to_ram(vram, vma, span, alone && !vsvm_migrate_is_shared(vma), NULL,
				    room, &moved);
	}
	if (alone)
		mmap_write_unlock(mm);
	else
		mmap_read_unlock(mm);
	return moved;
}

/* Moves a folio, and so many pages in all from it on. Returns how many. */
static unsigned int evict_folio(struct vsvm_vram *vram, struct folio *folio, unsigned int pages,
				bool huge, bool wait, struct vsvm_migrate_room *room)
{
	unsigned int n, moved = 0;
	struct vsvm_span span;
	struct mm_struct *mm;
	bool found;

	for (n = 0; n < MAPPING_TRIES && !moved; n++) {
		if (!folio_try_get(folio))
			break;
		found = find_mapping(folio, n, &mm, &span);
		/* One reference too many would keep it from moving. */
		folio_put(folio);
		if (!found)
			break;
		if (!mm)
			continue;
		if (!huge)
			span.end = span.start + ((u64)pages << PAGE_SHIFT);
		moved = move_mapped(vram, mm, span, huge, wait, room);
		mmput_async(mm);
	}
	return moved;
}

/*
 * How many pages, from page @i of a chunk on, are likely to be mapped side by side? Nobody keeps
 * them from changing: who is told too many, or too few, finds out.
 */
static unsigned int count_beside(struct page *first, unsigned int i)
{
	struct folio *folio = (struct folio *)(first + i);
	void *mapping = READ_ONCE(folio->mapping);
	pgoff_t index = READ_ONCE(folio->index);
	unsigned int count = 1;

	while (i + count < VSVM_VRAM_CHUNK_PAGES) {
		folio = (struct folio *)(first + i + count);
		if (READ_ONCE(folio->mapping) != mapping ||
		    READ_ONCE(folio->index) != index + count)
			break;
		count++;
	}
	return count;
}

/* Moves memory of processes. Returns how many pages. */
static unsigned int evict_memory(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk,
				 bool wait, bool *whole)
{
	struct page *first = vsvm_vram_page(vram, vsvm_vram_chunk_offset(vram, chunk));
	struct vsvm_migrate_room *room;
	unsigned int i, step, moved = 0;

	room = vsvm_migrate_room_alloc(VSVM_VRAM_CHUNK_PAGES);
	if (!room)
		return 0;
	room->evict_as = chunk->client->as;
	/* Only a hint of what will be found: the kernel may split it any time. */
	*whole = folio_test_large((struct folio *)first);
	if (*whole)
		moved = evict_folio(vram, (struct folio *)first, VSVM_VRAM_CHUNK_PAGES, true, wait,
				    room);
	for (i = 0; i < VSVM_VRAM_CHUNK_PAGES && READ_ONCE(chunk->used); i += step) {
		step = 1;
		if (!test_bit(i, chunk->map) || folio_test_large(page_folio(first + i)))
			continue;
		step = count_beside(first, i);
		moved += evict_folio(vram, (struct folio *)(first + i), step, false, wait,
				     room);
	}
	vsvm_migrate_room_free(room);
	return moved;
}

/**
 * vsvm_evict_pages() - move what is in a chunk to system memory
 * @vram: VRAM
 * @chunk: chunk, held by the caller
 * @wait: wait for those who have mmap_lock, until the caller is killed
 * @last: the device goes; see vsvm_bo_evict()
 *
 * Context: process; as vsvm_vram_get(), and with @wait or @last no locks. Waits for memory, but not
 * for long.
 * Return: true if nothing is left in it.
 */
bool vsvm_evict_pages(struct vsvm_vram *vram, struct vsvm_vram_chunk *chunk, bool wait,
		      bool last)
{
	u64 begin = vsvm_trace_begin(vsvm_evict);
	unsigned int used, moved = 0;
	bool bo, whole = true;

	/* A BO may leave it just now; then there is nothing in it, and nothing comes. */
	spin_lock_irq(&vram->lock);
	bo = chunk->bo;
	used = chunk->used;
	spin_unlock_irq(&vram->lock);

	if (bo) {
		vsvm_bo_evict(vram, chunk, last);
		moved = READ_ONCE(chunk->used) ? 0 : used;
		atomic64_add(moved / VSVM_VRAM_CHUNK_PAGES, &chunk->client->bo_evicted);
	} else if (used) {
		moved = evict_memory(vram, chunk, wait, &whole);
		atomic64_add(moved, &chunk->client->evicted);
	}
	trace_vsvm_evict(vsvm_vram_chunk_offset(vram, chunk), moved, whole,
			 vsvm_trace_ns(begin));
	return !READ_ONCE(chunk->used);
}

/**
 * vsvm_evict_chunk() - make room in VRAM
 * @vram: VRAM
 * @client: who has to; NULL: whoever has used his longest ago
 *
 * If pages are left, somebody has them in hand, or there is no memory for them. Then the chunk has
 * become the last one of the list, and who calls again meets another one.
 *
 * Context: as vsvm_evict_pages().
 * Return: false if there is nobody; else it has been done or may be tried again.
 */
bool vsvm_evict_chunk(struct vsvm_vram *vram, const struct vsvm_vram_client *client)
{
	struct vsvm_vram_chunk *chunk;

	vsvm_vram_age(vram);
	chunk = vsvm_vram_victim(vram, client);
	if (!chunk)
		return false;
	vsvm_evict_pages(vram, chunk, false, false);
	vsvm_vram_put(vram, chunk);
	return true;
}
