// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Migration by access counters
 *
 * Memory of which the program has not said where it is to be goes to VRAM if the GPU uses it often,
 * from the system or from VRAM of another device (svm_peer.c). The device counts (DOC: Access
 * counters, in hw/hw_counter.c), vsvm_counter.c hands its notices over, and here the region that a
 * notice is about moves, and is mapped where it has moved to.
 *
 * What moves is what the CPU, or the other device, has of the region, and what its density suggests
 * (svm_density.c). Nothing is made for it: no hole is filled, no file read, nothing brought from
 * swap. It takes the way of a fault for memory that is wanted in VRAM, so what cannot move stays,
 * is counted (&drm_vsvm_vm_stats.kept_kind and the others), and moves that come too fast are
 * damped. What stays besides:
 *
 * - what has an attribute for its location, whatever it is, for that is advice; likewise what is to
 *   be used where it is, copied for reading, or taken page by page for atomics;
 * - what another process may have too, after a fork: it would take it away from that;
 * - what another device has by advice, or is to be used where it is (%DRM_VSVM_PEER_MAP);
 * - mappings of a region that the GPU has not touched, and of which nobody would hear;
 * - VMs with a default location, which have no counters.
 *
 * The way back is that of all memory in VRAM: a CPU touches it, another GPU uses it often, or
 * others need the room. Memory that several sides use would come and go without end, so each move
 * makes the next one dearer: when a region is told of again it has been away, and its threshold is
 * twice what it was, up to 2^%VSVM_COUNTER_RETURNS times the first one. A region that n
 * translations have counted in has moved about log2(n / threshold) times, and after that once in
 * so many translations as the largest threshold is. So it settles in VRAM if the GPU uses it that
 * much more often than a CPU takes it back, and else in the system.
 *
 * A notice that comes too early is left alone: the counter goes on, and tells again when it has
 * doubled. The same goes for what has to stay. When a region has moved, or is not there any more,
 * its counters begin anew.
 *
 * It is a hint that has grown old. Between the count and the service the memory may have gone,
 * moved, or changed hands::
 *
 *   service                                 munmap, mmap at the same place
 *   -------                                 ------------------------------
 *   a notice of region R
 *                                           the VMA leaves the tree
 *                                           invalidate(): lock, set_seq, zap, unlock
 *                                             the counters of R begin anew
 *   mutex_lock(update_lock)
 *   seq = mmu_interval_read_begin()
 *   mmap_read_lock(): the VMA that is there
 *     now, or none
 *   hmm_range_fault(), without faulting
 *   migrate_vma_setup() looks itself
 *
 * So what moves is what is there now, if that may be moved; nothing of what was counted is taken
 * for granted. With mmap_lock taken first, munmap() waits, and finds the memory in VRAM. No access
 * fails for the service: one of the GPU meets the entries before, none, and then it is a fault like
 * any other and comes after the service (update_lock), or those after. A CPU waits only for what is
 * just being copied.
 *
 * What is remembered of regions is in a table of %VSVM_COUNTER_NOTES entries, where regions compete
 * for places: who loses his is treated as new. What has moved as a page of 2M has one note for all
 * of its regions, whichever of them was used. It is forgotten when the memory is unmapped.
 *
 * Locking: update_lock; mmap_lock for reading, or for writing where 2M go from device to device as
 * one (svm_to_vram.c); pt->lock for the notes.
 *
 * Limits: the count is that of one engine. How often a CPU uses memory nobody counts; all that is
 * known is that it has been back.
 */

#include <linux/hash.h>
#include <linux/hmm.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/vsvm_drm.h>

#include "../vsvm_hold.h"
#include "../vsvm_vram.h"
#include "svm.h"
#include "svm_attr.h"
#include "svm_counter.h"
#include "svm_fault.h"
#include "svm_interval.h"
#include "svm_pages.h"
#include "svm_peer.h"
#include "svm_to_ram.h"
#include "svm_to_vram.h"

/* How often a part of a region may change under the service before it is let be. */
#define PART_TRIES	16

/*
 * A note: the address of a region, and in the bits below how often it has moved. What moves as a
 * page of 2M has one for all of it, with the address of the first region.
 */
#define NOTE_MOVES	(VSVM_HW_COUNTER_REGION / 2 - 1)
#define NOTE_BLOCK	(VSVM_HW_COUNTER_REGION / 2)
#define NOTE_ADDR	(~((u64)VSVM_HW_COUNTER_REGION - 1))

unsigned int vsvm_counter_threshold = 256;

/**
 * vsvm_counter_init() - have the accesses of a VM counted
 * @svm: SVM, of which no queue runs
 * @threshold: count at which a region moves first; 0: do not count
 *
 * Return: 0 or -ENOMEM.
 */
int vsvm_counter_init(struct vsvm_svm *svm, u32 threshold)
{
	if (!threshold)
		return 0;
	svm->counter.notes = kvcalloc(VSVM_COUNTER_NOTES, sizeof(*svm->counter.notes),
				      GFP_KERNEL_ACCOUNT);
	if (!svm->counter.notes)
		return -ENOMEM;
	svm->counter.threshold = threshold;
	vsvm_hw_counter_enable(svm->pt->as, threshold);
	return 0;
}

/**
 * vsvm_counter_fini() - undo vsvm_counter_init()
 * @svm: SVM; no notice of it is being served
 */
void vsvm_counter_fini(struct vsvm_svm *svm)
{
	if (!svm->counter.notes)
		return;
	vsvm_hw_counter_enable(svm->pt->as, 0);
	kvfree(svm->counter.notes);
	svm->counter.notes = NULL;
}

/* Where the note of a region is, or that of the block of 2M that it begins. */
static u64 *note_of(const struct vsvm_svm *svm, u64 addr, bool block)
{
	return &svm->counter.notes[hash_64(addr / VSVM_HW_COUNTER_REGION * 2 + block,
					   ilog2(VSVM_COUNTER_NOTES))];
}

static unsigned int moves_of(const struct vsvm_svm *svm, u64 addr, bool block)
{
	u64 note = *note_of(svm, addr, block);

	return (note & ~NOTE_MOVES) == (addr | (block ? NOTE_BLOCK : 0)) ? note & NOTE_MOVES : 0;
}

/**
 * vsvm_counter_returns() - how often has a region moved because of a count?
 * @svm: SVM with counters
 * @region: its address
 *
 * Context: pt->lock held.
 * Return: times, alone or as a part of a page of 2M, at most %VSVM_COUNTER_RETURNS.
 */
unsigned int vsvm_counter_returns(const struct vsvm_svm *svm, u64 region)
{
	lockdep_assert_held(&svm->pt->lock);

	return max(moves_of(svm, region, false),
		   moves_of(svm, ALIGN_DOWN(region, VSVM_PT_BLOCK_SIZE), true));
}

/**
 * vsvm_counter_note() - a region has moved because of its count
 * @svm: SVM with counters
 * @region: its address
 * @block: and with it all of its block of 2M
 *
 * Context: pt->lock held.
 */
void vsvm_counter_note(struct vsvm_svm *svm, u64 region, bool block)
{
	unsigned int moves = min(vsvm_counter_returns(svm, region) + 1, VSVM_COUNTER_RETURNS);
	u64 addr = block ? ALIGN_DOWN(region, VSVM_PT_BLOCK_SIZE) : region;

	*note_of(svm, addr, block) = addr | (block ? NOTE_BLOCK : 0) | moves;
}

/* Forgets the notes in a span that begins with a region, or a block. */
static void forget(struct vsvm_svm *svm, u64 start, u64 end, bool block)
{
	u64 step = block ? VSVM_PT_BLOCK_SIZE : VSVM_HW_COUNTER_REGION, addr;

	for (addr = start; addr < end; addr += step)
		if (moves_of(svm, addr, block))
			*note_of(svm, addr, block) = 0;
}

/**
 * vsvm_counter_forget() - nothing is known any more of the regions of a range
 * @svm: SVM with counters
 * @span: range; regions, and pages of 2M, of which it has a part are meant
 *
 * Context: pt->lock held; does not sleep or allocate.
 */
void vsvm_counter_forget(struct vsvm_svm *svm, struct vsvm_span span)
{
	u64 region = round_down(span.start, VSVM_HW_COUNTER_REGION);
	u64 block = ALIGN_DOWN(span.start, VSVM_PT_BLOCK_SIZE);
	unsigned int i;

	lockdep_assert_held(&svm->pt->lock);

	if ((span.end - region) / VSVM_HW_COUNTER_REGION < VSVM_COUNTER_NOTES) {
		forget(svm, region, span.end, false);
		forget(svm, block, span.end, true);
		return;
	}
	for (i = 0; i < VSVM_COUNTER_NOTES; i++) {
		u64 note = svm->counter.notes[i], addr = note & NOTE_ADDR;

		if (addr >= (note & NOTE_BLOCK ? block : region) && addr < span.end)
			svm->counter.notes[i] = 0;
	}
}

/**
 * vsvm_counter_unmapped() - memory is unmapped: what comes to its place is new
 * @svm: SVM
 * @span: what is unmapped, not empty
 *
 * Context: pt->lock held; may be in reclaim; does not sleep or allocate.
 */
void vsvm_counter_unmapped(struct vsvm_svm *svm, struct vsvm_span span)
{
	lockdep_assert_held(&svm->pt->lock);

	if (!svm->counter.notes)
		return;
	vsvm_counter_forget(svm, span);
	vsvm_hw_counter_clear(svm->pt->as, span.start, span.end);
}

/* Has the region been used often enough, as often as it has been back? */
static bool is_due(struct vsvm_svm *svm, const struct vsvm_hw_counter_record *record)
{
	unsigned int returns;

	mutex_lock(&svm->pt->lock);
	returns = vsvm_counter_returns(svm, record->addr);
	mutex_unlock(&svm->pt->lock);
	return record->count >= (u64)svm->counter.threshold << returns;
}

/* Does an attribute say where it is to be, or that CPUs are to have it too? */
static bool has_place(struct vsvm_attr attr)
{
	return attr.location != DRM_VSVM_LOCATION_ANY || attr.accessed_by || attr.read_mostly ||
	       attr.atomic == DRM_VSVM_ATOMIC_EXCLUSIVE;
}

/* Maps what is there of a part that has moved; nobody has asked for it, so it says nothing. */
static int map_part(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		    struct vsvm_request *req, struct vsvm_span bounds)
{
	struct vsvm_span part = { req->start, req->end };
	unsigned int around = interval->around;
	bool huge = interval->huge;
	int ret;

	ret = vsvm_pages_map(svm, interval, seq, req, part, bounds);
	interval->around = around;
	interval->huge = huge;
	return ret;
}

/*
 * One try at the part of a region that begins with @req->start, and whose end it sets. Returns 0 if
 * it is done with, or one of VSVM_SERVE_* or &enum vsvm_error. Sets *@stays if there is something
 * that has to stay.
 */
static int try_part(struct vsvm_svm *svm, struct vsvm_request *req, bool *stays)
{
	struct vsvm_interval *interval = vsvm_interval_first(svm, req->start, req->end);
	u64 before = svm->stats.to_vram;
	struct vm_area_struct *vma;
	struct vsvm_span bounds;
	struct vsvm_attr attr;
	bool has_moved = false;
	unsigned long seq;
	int ret = 0;

	if (!interval)
		return 0;
	if (vsvm_interval_start(interval) > req->start) {
		req->end = vsvm_interval_start(interval);
		return 0;
	}
	if (vsvm_pt_cache_fill(&svm->cache, req->start, req->end))
		return VSVM_ERROR_NOMEM;
	seq = mmu_interval_read_begin(&interval->notifier);

	mmap_read_lock(svm->mm);
	vma = find_vma(svm->mm, req->start);
	if (!vma || vma->vm_start > req->start) {
		if (vma)
			req->end = min(req->end, vma->vm_start);
		goto unlock;
	}
	bounds = vsvm_span_clip((struct vsvm_span) { vma->vm_start, vma->vm_end },
				vsvm_interval_span(interval));
	req->end = min(req->end, bounds.end);
	if (vsvm_svm_vma_error(vma, false)) {
		*stays = true;
		goto unlock;
	}
	if (vsvm_attr_forget(svm)) {
		ret = VSVM_ERROR_NOMEM;
		goto unlock;
	}
	attr = vsvm_attr_get(svm, req->start, &bounds);
	req->end = min(req->end, bounds.end);
	if (has_place(attr)) {
		*stays = true;
		goto unlock;
	}
	req->page_size = attr.page_size;
	req->granularity = attr.granularity;
	req->mode = attr.atomic;
	req->pinned = attr.pinned;
	req->peer = attr.peer;
	req->location = DRM_VSVM_LOCATION_VRAM;
	if (!req->moved && vsvm_migrate_is_shared(vma)) {
		ret = vsvm_migrate_count(svm, interval, seq, req, &svm->stats.kept_busy);
		*stays = true;
		goto unlock;
	}
	has_moved = req->moved;
	ret = has_moved ? 0 : vsvm_peer_hot(svm, interval, seq, req, bounds);
	if (ret == VSVM_SERVE_DONE) {
		*stays = true;
		ret = 0;
		goto unlock;
	}
	if (!ret)
		ret = vsvm_migrate_request(svm, interval, seq, vma, req, bounds);
	if (ret == VSVM_SERVE_MOVED)
		*stays |= svm->stats.to_vram == before;
	else if (!ret && has_moved)
		ret = vsvm_pages_look(svm, interval, seq,
				      (struct vsvm_span) { req->start, req->end });
unlock:
	mmap_read_unlock(svm->mm);
	if (!ret && has_moved)
		ret = map_part(svm, interval, seq, req, bounds);
	return ret;
}

/* Kept for whatever reason, in all. */
static u64 kept(const struct vsvm_svm *svm)
{
	const struct vsvm_svm_stats *stats = &svm->stats;

	return stats->kept_kind + stats->kept_busy + stats->kept_full + stats->kept_thrashing;
}

static void serve_region(struct vsvm_svm *svm, const struct vsvm_hw_counter_record *record)
{
	u64 start, end = record->addr + VSVM_HW_COUNTER_REGION;
	u64 to_vram = svm->stats.to_vram, kept_before = kept(svm);
	struct vsvm_request req;
	unsigned int tries;
	bool stays = false;
	u64 moved;
	int ret;

	lockdep_assert_held(&svm->update_lock);

	/* BOs are where they are. */
	if (record->addr < svm->bo_end && end > svm->bo_start)
		return;
	for (start = record->addr; start < end; start = req.end) {
		req = (struct vsvm_request) { .start = start, .end = end, .present = true };
		for (tries = 0; tries < PART_TRIES; tries++) {
			/* What it had become may not be one page any more. */
			if (!req.moved) {
				req.start = start;
				req.end = end;
			}
			ret = try_part(svm, &req, &stays);
			if (ret == VSVM_SERVE_RESERVE)
				vsvm_migrate_begin(svm, &req);
			else if (ret == VSVM_SERVE_ALONE)
				vsvm_migrate_alone(svm, &req);
			else if (ret != VSVM_SERVE_AGAIN && ret != VSVM_SERVE_MOVED)
				break;
		}
		/* A part of that, before the region, is all that is left of it. */
		if (req.end <= start)
			break;
	}

	moved = svm->stats.to_vram - to_vram;
	svm->stats.counter_pages += moved;
	stays |= kept(svm) != kept_before;
	if (!moved && stays)
		return;
	start = record->addr;
	if (moved >= HPAGE_PMD_NR) {
		start = ALIGN_DOWN(start, VSVM_PT_BLOCK_SIZE);
		end = start + VSVM_PT_BLOCK_SIZE;
	}
	mutex_lock(&svm->pt->lock);
	if (moved)
		vsvm_counter_note(svm, record->addr, moved >= HPAGE_PMD_NR);
	/* What was counted before was about memory that is not there any more. */
	vsvm_hw_counter_clear(svm->pt->as, start, end);
	mutex_unlock(&svm->pt->lock);
}

/**
 * vsvm_svm_counter() - serve a notice of an access counter
 * @svm: SVM
 * @record: the notice
 *
 * Context: a work item, no locks. May wait for memory and for invalidations.
 */
void vsvm_svm_counter(struct vsvm_svm *svm, const struct vsvm_hw_counter_record *record)
{
	struct mem_cgroup *memcg;

	vsvm_hold(svm->pt->as, VSVM_HOLD_COUNTER, record->addr,
		  record->addr + VSVM_HW_COUNTER_REGION);
	if (READ_ONCE(svm->closing) || !mmget_not_zero(svm->mm))
		return;
	memcg = vsvm_svm_charge_begin(svm);
	mutex_lock(&svm->update_lock);
	svm->stats.counter_notices++;
	if (is_due(svm, record))
		serve_region(svm, record);
	else
		svm->stats.counter_early++;
	vsvm_migrate_end(svm);
	mutex_unlock(&svm->update_lock);
	vsvm_svm_charge_end(memcg);

	mmput_async(svm->mm);
}
