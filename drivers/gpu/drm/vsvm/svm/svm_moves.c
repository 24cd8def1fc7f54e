// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: What has moved of late
 *
 * Of each block of 2M whose memory has moved to VRAM it is remembered which of its pages were the
 * last ones, when that was, and how often some of these had moved shortly before. Two things are
 * told by that.
 *
 * *Thrashing*: what comes and goes all the time is used by both sides, or there is not VRAM enough.
 * A block that has moved %THRASH_MOVES times, never later than %THRASH_GAP after the last time, is
 * mapped where it is for %THRASH_STAY.
 *
 * *Streams*: who goes through memory from its start, or from its end, begins with each block anew,
 * and density (svm_density.c) has the first half of it move in five steps. Where the block before
 * has moved to its end not long ago, and the GPU has used some of its second half or faulted
 * there, and a fault is in the first 64K of a block, that is a stream, and all of the block moves
 * at once. Likewise in the other direction. That it has moved is not enough: it may have moved as
 * a part of a stream, or because somebody asked for it, and then each mistake would be the reason
 * for the next one. So who reads a word of each block moves 64K each time. That it is used the
 * device says in the page table, and a page of 2M has one mark for all of it, from which nothing
 * can be told. It is half a block, for many waves fault at once and go on in any order.
 *
 * Where the program has said what is to move together, or what it wants by a prefetch, that moves.
 * Of holes that are filled in VRAM nothing is noted, for nothing has moved.
 *
 * Locking: update_lock, but for memory that is unmapped: the xarray has a lock of its own, and an
 * entry that is noted too late, after its memory has gone, is of memory that was there just now.
 */

#include <linux/bitfield.h>
#include <linux/jiffies.h>
#include <linux/xarray.h>

#include "../vsvm_pt.h"
#include "svm.h"
#include "svm_density.h"
#include "svm_moves.h"
#include "svm_pages.h"

#define THRASH_MOVES	16ULL
/* In jiffies. */
#define THRASH_GAP	(HZ / 5)
#define THRASH_STAY	HZ
#define STREAM_GAP	(5 * HZ)

/* An entry of &vsvm_svm_vram.moves. */
#define MOVES_COUNT	GENMASK_ULL(7, 0)
#define MOVES_FIRST	GENMASK_ULL(16, 8)
#define MOVES_LAST	GENMASK_ULL(25, 17)
#define MOVES_JIFFIES	GENMASK_ULL(57, 26)
/* A fault has asked for something of the first, the second half. */
#define MOVES_FAULT_FIRST	BIT_ULL(58)
#define MOVES_FAULT_LAST	BIT_ULL(59)

#define HALF		(VSVM_PT_BLOCK_SIZE / 2)

static u64 page_in_block(u64 addr)
{
	return addr % VSVM_PT_BLOCK_SIZE >> PAGE_SHIFT;
}

/* In which halves of its block is a range, as MOVES_FAULT_*? */
static u64 halves_of(u64 start, u64 end)
{
	return (start % VSVM_PT_BLOCK_SIZE < HALF ? MOVES_FAULT_FIRST : 0) |
	       ((end - 1) % VSVM_PT_BLOCK_SIZE >= HALF ? MOVES_FAULT_LAST : 0);
}

/* What is remembered of a block; 0: nothing, or it is longer ago than @gap. */
static u64 moves_of(struct vsvm_svm *svm, u64 addr, u32 gap)
{
	void *entry = xa_load(&svm->vram.moves, addr / VSVM_PT_BLOCK_SIZE);
	u64 moves = entry ? xa_to_value(entry) : 0;

	lockdep_assert_held(&svm->update_lock);

	return (u32)jiffies - (u32)FIELD_GET(MOVES_JIFFIES, moves) < gap ? moves : 0;
}

/**
 * vsvm_moves_thrash() - has a block come and gone so often that it had better stay for a while?
 * @svm: SVM
 * @addr: address in the block
 *
 * Context: update_lock held.
 * Return: true if so.
 */
bool vsvm_moves_thrash(struct vsvm_svm *svm, u64 addr)
{
	return FIELD_GET(MOVES_COUNT, moves_of(svm, addr, THRASH_STAY)) >= THRASH_MOVES;
}

/* Has the GPU used a page of 4K in half a block? */
static bool is_used(struct vsvm_svm *svm, u64 half)
{
	bool used = false;
	u64 addr, pte;

	mutex_lock(&svm->pt->lock);
	for (addr = half; addr < half + HALF && !used; addr += PAGE_SIZE) {
		pte = vsvm_pt_lookup(svm->pt, addr);
		/* All of the block is one. */
		if (pte & VSVM_PTE_LEAF)
			break;
		used = pte & VSVM_PTE_ACCESSED;
	}
	mutex_unlock(&svm->pt->lock);
	return used;
}

/**
 * vsvm_moves_stream() - does a request go on where a neighbouring block has moved?
 * @svm: SVM
 * @block: part of a block of 2M that may move; the request is in it
 * @req: request
 *
 * Context: update_lock held, pt->lock not.
 * Return: true if all of the block is going to be wanted.
 */
bool vsvm_moves_stream(struct vsvm_svm *svm, struct vsvm_span block,
		       const struct vsvm_request *req)
{
	u64 moves;

	if (IS_ALIGNED(block.start, VSVM_PT_BLOCK_SIZE) && block.start &&
	    req->start - block.start < VSVM_DENSITY_LEAF) {
		moves = moves_of(svm, block.start - 1, STREAM_GAP);
		if (moves && FIELD_GET(MOVES_LAST, moves) == page_in_block(block.start - 1) &&
		    (moves & MOVES_FAULT_LAST || is_used(svm, block.start - HALF)))
			return true;
	}
	if (IS_ALIGNED(block.end, VSVM_PT_BLOCK_SIZE) &&
	    block.end - req->end < VSVM_DENSITY_LEAF) {
		moves = moves_of(svm, block.end, STREAM_GAP);
		if (moves && !FIELD_GET(MOVES_FIRST, moves) &&
		    (moves & MOVES_FAULT_FIRST || is_used(svm, block.end)))
			return true;
	}
	return false;
}

/**
 * vsvm_moves_note() - pages have moved which the CPU, or another device, had
 * @svm: SVM
 * @span: from the first of them to the last, in one block
 * @req: request that they have moved for
 *
 * Context: update_lock held, pt->lock not. Without memory for it, they have not moved as far as
 * this goes.
 */
void vsvm_moves_note(struct vsvm_svm *svm, struct vsvm_span span, const struct vsvm_request *req)
{
	u64 first = page_in_block(span.start), last = page_in_block(span.end - 1);
	u64 moves = moves_of(svm, span.start, THRASH_GAP), count = 1;

	lockdep_assert_not_held(&svm->pt->lock);

	if (moves) {
		count = FIELD_GET(MOVES_COUNT, moves);
		if (first <= FIELD_GET(MOVES_LAST, moves) && last >= FIELD_GET(MOVES_FIRST, moves))
			count = min(count + 1, THRASH_MOVES);
	}
	moves = FIELD_PREP(MOVES_COUNT, count) | FIELD_PREP(MOVES_FIRST, first) |
		FIELD_PREP(MOVES_LAST, last) | FIELD_PREP(MOVES_JIFFIES, (u32)jiffies);
	if (!req->asked && !req->present)
		moves |= halves_of(req->start, req->end);
	xa_store(&svm->vram.moves, span.start / VSVM_PT_BLOCK_SIZE, xa_mk_value(moves),
		 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
}

/**
 * vsvm_moves_faulted() - a fault has found its pages mapped
 * @svm: SVM
 * @start: first byte
 * @end: one past the last byte, in the same block
 *
 * It had been on its way when they moved: the GPU is about to use them.
 *
 * Context: update_lock held, pt->lock not.
 */
void vsvm_moves_faulted(struct vsvm_svm *svm, u64 start, u64 end)
{
	u64 halves = halves_of(start, end), moves;

	moves = moves_of(svm, start, STREAM_GAP);
	if (moves && (moves & halves) != halves)
		xa_store(&svm->vram.moves, start / VSVM_PT_BLOCK_SIZE, xa_mk_value(moves | halves),
			 GFP_NOWAIT | __GFP_NOWARN);
}

/**
 * vsvm_moves_unmapped() - memory is unmapped: what comes to its place is new
 * @svm: SVM
 * @span: what is unmapped, not empty; blocks of which it has a part are meant
 *
 * Context: pt->lock held; may be in reclaim; does not sleep or allocate.
 */
void vsvm_moves_unmapped(struct vsvm_svm *svm, struct vsvm_span span)
{
	unsigned long block;
	void *entry;

	lockdep_assert_held(&svm->pt->lock);

	xa_for_each_range(&svm->vram.moves, block, entry, span.start / VSVM_PT_BLOCK_SIZE,
			  (span.end - 1) / VSVM_PT_BLOCK_SIZE)
		xa_erase(&svm->vram.moves, block);
}
