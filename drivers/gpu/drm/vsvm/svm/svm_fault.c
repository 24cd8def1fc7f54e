// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Page faults
 *
 * From a batch of records to page table entries, in three steps for each run of neighbouring pages:
 *
 * 1. the VMA: may this access be at all; and an interval that covers it, made, or made larger, as
 *    the policy wants it (svm_policy.c, svm_interval.c);
 * 2. the pages, from HMM (svm_pages.c);
 * 3. the entries, if nothing has changed meanwhile (svm_pages.c).
 *
 * An access that cannot be gets a precise error, for itself alone: a run that fails is taken apart
 * page by page, and who only reads does not share the error of who writes. One that has to wait for
 * the process is left to svm_wait.c. One below a stack makes it grow first (svm_stack.c).
 *
 * A prefetch takes the same way, but from its caller's thread, and a block at a time.
 *
 * Locking: update_lock around the batch, or around a block of a prefetch; mmap_lock for steps 1 and
 * 2, pt->lock for step 3.
 *
 * Limits: tries go on for a bounded time (FAULT_TIMEOUT, FAULT_TRIES).
 */

#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include <drm/vsvm_drm.h>

#include "../vsvm_hold.h"
#include "../vsvm_trace.h"
#include "svm.h"
#include "svm_atomic.h"
#include "svm_attr.h"
#include "svm_batch.h"
#include "svm_dup.h"
#include "svm_fault.h"
#include "svm_interval.h"
#include "svm_moves.h"
#include "svm_pages.h"
#include "svm_peer.h"
#include "svm_policy.h"
#include "svm_stack.h"
#include "svm_to_ram.h"
#include "svm_to_vram.h"
#include "svm_update.h"
#include "svm_wait.h"

/* How long, in ms, and how often one run may meet invalidations before it is given up. */
#define FAULT_TIMEOUT	10000
#define FAULT_TRIES	16

/**
 * vsvm_svm_vma_error() - what forbids an access to a VMA, whatever its pages are
 * @vma: VMA, or NULL
 * @write: for writing
 *
 * Return: &enum vsvm_error.
 */
int vsvm_svm_vma_error(struct vm_area_struct *vma, bool write)
{
	if (!vma)
		return VSVM_ERROR_UNMAPPED;
	if (vma->vm_flags & (VM_IO | VM_PFNMAP))
		return VSVM_ERROR_UNSUPPORTED;
	/* Secret memory is not in the kernel's own mapping, and is nobody else's business. */
	if (vma->vm_file && file_inode(vma->vm_file)->i_sb->s_magic == SECRETMEM_MAGIC)
		return VSVM_ERROR_UNSUPPORTED;
	if (!(vma->vm_flags & VM_READ))
		return VSVM_ERROR_PERMISSION;
	if (write && (!(vma->vm_flags & VM_WRITE) || (vma->vm_flags & VM_SHADOW_STACK)))
		return VSVM_ERROR_PERMISSION;
	return VSVM_ERROR_NONE;
}

static struct vsvm_span vma_span(const struct vm_area_struct *vma)
{
	return (struct vsvm_span) { vma->vm_start, vma->vm_end };
}

/*
 * Makes *@interval for the first access to a VMA, whose bounds go to *@seen. mmap_lock is not
 * held after they were read, so the VMA may go before the interval is live, and nobody hears of
 * that; see vsvm_update_recheck().
 */
static int cover_first(struct vsvm_svm *svm, const struct vsvm_request *req,
		       struct vsvm_span *seen, struct vsvm_interval **interval)
{
	struct vm_area_struct *vma;
	struct vsvm_span cover;
	int ret;

	mmap_read_lock(svm->mm);
	vma = vma_lookup(svm->mm, req->start);
	ret = vsvm_svm_vma_error(vma, req->write);
	if (!ret)
		*seen = vma_span(vma);
	mmap_read_unlock(svm->mm);
	if (ret)
		return ret;

	cover = svm->policy->cover(svm, req->start, *seen);
	if (cover.start >= cover.end)
		return VSVM_ERROR_UNREGISTERED;
	vsvm_hold(svm->pt->as, VSVM_HOLD_FAULT_COVER, req->start, req->start + PAGE_SIZE);
	*interval = vsvm_interval_cover(svm, cover);
	if (!*interval)
		return VSVM_ERROR_NOMEM;
	vsvm_hold(svm->pt->as, VSVM_HOLD_FAULT_COVERED, req->start, req->start + PAGE_SIZE);
	return VSVM_ERROR_NONE;
}

/*
 * Does the policy want more than the interval covers, its VMA having grown? If so, that is made,
 * and mmap_lock is dropped. Returns 0 if not, else as try_serve().
 */
static int extend(struct vsvm_svm *svm, struct vsvm_interval *interval, u64 addr,
		  struct vsvm_span vma)
{
	struct vsvm_span cover = svm->policy->cover(svm, addr, vma);

	if (vsvm_span_contains(vsvm_interval_span(interval), cover))
		return 0;
	mmap_read_unlock(svm->mm);
	vsvm_hold(svm->pt->as, VSVM_HOLD_FAULT_COVER, addr, addr + PAGE_SIZE);
	interval = vsvm_interval_cover(svm, cover);
	if (!interval)
		return VSVM_ERROR_NOMEM;
	vsvm_hold(svm->pt->as, VSVM_HOLD_FAULT_COVERED, addr, addr + PAGE_SIZE);

	mmap_read_lock(svm->mm);
	vsvm_update_recheck(svm, interval, vma_lookup(svm->mm, addr), vma);
	mmap_read_unlock(svm->mm);
	return VSVM_SERVE_AGAIN;
}

/*
 * One try at a request, which may become smaller, and has @interval, or none. Returns
 * %VSVM_ERROR_NONE if all of it is mapped, an &enum vsvm_error or %VSVM_SERVE_WAIT for its first
 * page, or one of the others, and then the interval may be another one.
 */
static int try_serve(struct vsvm_svm *svm, struct vsvm_request *req, struct vsvm_interval *interval)
{
	struct vsvm_span bounds, window, seen = {};
	struct vm_area_struct *vma;
	struct vsvm_attr attr;
	unsigned long seq;
	u8 location;
	int ret;

	if (vsvm_pt_cache_fill(&svm->cache, req->start, req->end))
		return VSVM_ERROR_NOMEM;

	if (!interval) {
		ret = cover_first(svm, req, &seen, &interval);
		if (ret)
			return ret;
	}
	seq = mmu_interval_read_begin(&interval->notifier);

	mmap_read_lock(svm->mm);
	vma = vma_lookup(svm->mm, req->start);
	if (seen.end)
		vsvm_update_recheck(svm, interval, vma, seen);
	ret = vsvm_svm_vma_error(vma, req->write);
	if (ret)
		goto unlock;

	bounds = vma_span(vma);
	if (!vsvm_span_contains(vsvm_interval_span(interval), bounds)) {
		ret = extend(svm, interval, req->start, bounds);
		if (ret)
			return ret;
		bounds = vsvm_span_clip(bounds, vsvm_interval_span(interval));
	}
	if (vsvm_attr_forget(svm)) {
		ret = VSVM_ERROR_NOMEM;
		goto unlock;
	}
	attr = vsvm_attr_get(svm, req->start, &bounds);
	req->page_size = attr.page_size;
	req->granularity = attr.granularity;
	req->mode = attr.atomic;
	req->pinned = attr.pinned;
	req->peer = attr.peer;
	req->dup_refused = 0;
	req->dup = attr.read_mostly && vsvm_dup_wanted(svm, vma, req);
	location = attr.accessed_by ? DRM_VSVM_LOCATION_ANY : attr.location ?: svm->vram.location;
	req->advised = location == DRM_VSVM_LOCATION_VRAM;
	/* As far as that has not been settled, by a prefetch or an atomic. */
	if (!req->location)
		req->location = location;
	req->end = min(req->end, bounds.end);

	vsvm_hold(svm->pt->as, VSVM_HOLD_FAULT_VMA, req->start, req->end);
	ret = vsvm_peer_request(svm, interval, seq, vma, req);
	if (!ret && req->atomic && req->mode != DRM_VSVM_ATOMIC_DIRECT)
		ret = vsvm_atomic_request(svm, interval, seq, vma, req, bounds);
	if (!ret)
		ret = vsvm_migrate_request(svm, interval, seq, vma, req, bounds);
	if (!ret && req->dup)
		ret = vsvm_dup_request(svm, req);
	if (!ret)
		ret = vsvm_pages_get(svm, interval, seq, vma, req, bounds, &window);
unlock:
	mmap_read_unlock(svm->mm);
	if (!ret && req->dup)
		ret = vsvm_dup_pages(svm, interval, seq, req, window);
	return ret ? ret : vsvm_pages_map(svm, interval, seq, req, window, bounds);
}

/*
 * Serves pages from @req->start on, where @interval is, or none. Returns as try_serve(), but none
 * that asks for another try; @req->end is where what the answer is about ends.
 */
static int serve(struct vsvm_svm *svm, struct vsvm_request *req, struct vsvm_interval *interval)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(FAULT_TIMEOUT);
	u64 begin = vsvm_trace_begin(vsvm_fault_run);
	unsigned int tries = 0;
	int ret;

	for (;;) {
		ret = try_serve(svm, req, interval);
		if (ret == VSVM_ERROR_UNMAPPED) {
			vsvm_hold(svm->pt->as, VSVM_HOLD_FAULT_UNMAPPED, req->start,
				  req->start + PAGE_SIZE);
			if (vsvm_stack_grow(svm->mm, req->start))
				ret = VSVM_SERVE_AGAIN;
		}
		if (ret == VSVM_SERVE_RESERVE)
			vsvm_migrate_begin(svm, req);
		if (ret == VSVM_SERVE_ALONE)
			vsvm_migrate_alone(svm, req);
		if (ret == VSVM_SERVE_RESERVE || ret == VSVM_SERVE_MOVED ||
		    ret == VSVM_SERVE_ALONE) {
			interval = vsvm_interval_find(svm, req->start);
			continue;
		}
		if (ret == VSVM_SERVE_DONE)
			ret = VSVM_ERROR_NONE;
		if (ret != VSVM_SERVE_AGAIN)
			break;
		svm->stats.retries++;
		interval = vsvm_interval_find(svm, req->start);
		cond_resched();
		/* One try alone may take as long, if it waits for I/O. */
		if (++tries >= FAULT_TRIES && time_after_eq(jiffies, deadline)) {
			ret = VSVM_ERROR_RETRY;
			break;
		}
	}
	if (ret && ret != VSVM_ERROR_RETRY)
		req->end = req->start + PAGE_SIZE;
	if (!ret)
		svm->stats.duplicates_refused += req->dup_refused;
	trace_vsvm_fault_run(vsvm_hw_as_id(svm->pt->as), req->start, req->end, req->write, ret,
			     tries + 1, vsvm_trace_ns(begin));
	return ret;
}

/*
 * Are the pages of a request mapped as wanted already? Another batch, or a window, may have been
 * faster. If not, looks what is mapped beside them.
 */
static bool served(struct vsvm_svm *svm, struct vsvm_request *req,
		   const struct vsvm_interval *interval)
{
	u64 need = VSVM_PTE_VALID | (req->write ? VSVM_PTE_WRITE : 0) |
		   (req->atomic ? VSVM_PTE_ATOMIC : 0);
	bool done;

	/* Nothing of it is. Beside it something may be, if its VMA grew, but that is rare. */
	if (!interval)
		return false;
	mutex_lock(&svm->pt->lock);
	done = vsvm_pt_mapped(svm->pt, req->start, req->end, need) >= req->end;
	if (!done)
		vsvm_pages_beside(svm->pt, req);
	mutex_unlock(&svm->pt->lock);
	return done;
}

static void serve_run(struct vsvm_svm *svm, struct vsvm_svm_fault *faults,
		      const struct vsvm_run *run)
{
	struct vsvm_interval *interval = vsvm_interval_find(svm, run->start);
	struct vsvm_request req = { run->start, run->end, run->write, run->atomic };
	u64 start = run->start;
	int ret;

	if (served(svm, &req, interval)) {
		svm->stats.spurious += run->count - run->duplicates;
		vsvm_moves_faulted(svm, run->start, run->end);
		return;
	}
	for (; start < run->end; start = req.end) {
		req.start = start;
		req.end = run->end;
		req.asked_cpu = false;
		req.location = 0;
		req.asked = false;
		req.full = 0;
		req.moved = false;
		req.only_vram = false;
		req.alone = false;
		req.reserved = false;
		if (start != run->start)
			interval = vsvm_interval_find(svm, start);
		ret = serve(svm, &req, interval);
		if (ret == VSVM_SERVE_WAIT) {
			ret = 0;
			if (vsvm_batch_wait(faults, run, start, req.end) &&
			    vsvm_wait_begin(svm, start, run->write))
				ret = VSVM_ERROR_NOMEM;
		}
		if (ret)
			vsvm_batch_fail(faults, run, start, req.end, ret);
	}
}

/**
 * vsvm_svm_fault() - serve a batch of page faults
 * @svm: SVM
 * @faults: the batch; sorted, and what became of each set
 * @count: its length, at most %VSVM_FAULT_BATCH
 *
 * The caller replays afterwards, unless all of them wait, and kills the queues of those that have
 * an error.
 *
 * Context: a work item, no locks. May wait for memory, for I/O and for invalidations.
 */
void vsvm_svm_fault(struct vsvm_svm *svm, struct vsvm_svm_fault *faults, unsigned int count)
{
	struct vsvm_run run = {};
	struct mem_cgroup *memcg;
	unsigned int i;

	if (!mmget_not_zero(svm->mm)) {
		for (i = 0; i < count; i++)
			faults[i].error = VSVM_ERROR_EXITED;
		return;
	}

	vsvm_batch_sort(faults, count, svm->keys);

	memcg = vsvm_svm_charge_begin(svm);
	mutex_lock(&svm->update_lock);
	while (vsvm_batch_next(faults, count, &run)) {
		serve_run(svm, faults, &run);
		svm->stats.runs++;
		svm->stats.duplicate += run.duplicates;
	}
	vsvm_migrate_end(svm);
	mutex_unlock(&svm->update_lock);
	vsvm_svm_charge_end(memcg);

	mmput_async(svm->mm);
}

/**
 * vsvm_svm_turn() - let atomics that CPUs come before again and again have a page for once
 * @svm: SVM
 *
 * See DOC: Atomics. First CPUs have it for a moment, in which we hold no lock.
 *
 * Context: the work item that serves the VM's faults, no locks; the last batch has been reported.
 * Return: true if there has been a replay; false if there is still to be one, if any.
 */
bool vsvm_svm_turn(struct vsvm_svm *svm)
{
	struct vsvm_request req = { .write = true, .atomic = true, .turn = true };
	struct mem_cgroup *memcg;

	if (!vsvm_atomic_turn_next(svm, &req.start) || READ_ONCE(svm->closing) ||
	    !mmget_not_zero(svm->mm))
		return false;
	req.end = req.start + PAGE_SIZE;

	memcg = vsvm_svm_charge_begin(svm);
	mutex_lock(&svm->update_lock);
	serve(svm, &req, vsvm_interval_find(svm, req.start));
	vsvm_migrate_end(svm);
	mutex_unlock(&svm->update_lock);
	vsvm_svm_charge_end(memcg);

	mmput_async(svm->mm);
	return req.turned;
}

/* An error of the service as that of a system call. */
static int prefetch_errno(int error)
{
	switch (error) {
	case VSVM_ERROR_NONE:
		return 0;
	case VSVM_ERROR_NOMEM:
		return -ENOMEM;
	case VSVM_ERROR_RETRY:
		return -EBUSY;
	default:
		return -EFAULT;
	}
}

static int map_ahead(struct vsvm_svm *svm, u64 start, u64 end, bool write, u8 location, u64 *done)
{
	bool mine = current->mm == svm->mm;
	struct vsvm_interval *interval;
	struct vsvm_request req;
	int ret;

	for (; start < end; start = req.end) {
		if (READ_ONCE(svm->closing))
			return -ENOENT;
		/* Each call gets somewhere, so who is interrupted and goes on comes to the end. */
		if (*done && signal_pending(current))
			return -EINTR;
		req = (struct vsvm_request) { start, end, write };
		req.end = min(end, ALIGN_DOWN(start, VSVM_PT_BLOCK_SIZE) + VSVM_PT_BLOCK_SIZE);
		if (mine)
			vsvm_wait_read(svm, req.start, req.end, write);
		/* Who is killed must not read with locks held what it could not without. */
		if (fatal_signal_pending(current) || mutex_lock_killable(&svm->update_lock))
			return -EINTR;
		if (location == DRM_VSVM_LOCATION_SYSTEM)
			vsvm_migrate_back(svm, (struct vsvm_span) { req.start, req.end });
		interval = vsvm_interval_find(svm, start);
		req.location = location;
		req.asked = location;
		ret = served(svm, &req, interval) && location != DRM_VSVM_LOCATION_VRAM ?
		      0 : serve(svm, &req, interval);
		vsvm_migrate_end(svm);
		if (!ret)
			svm->stats.prefetched += (req.end - req.start) >> PAGE_SHIFT;
		mutex_unlock(&svm->update_lock);

		if (ret == VSVM_SERVE_WAIT && mine) {
			vsvm_wait_here(svm, start, write);
			if (signal_pending(current))
				return -EINTR;
			req.end = start;
		} else if (ret && ret != VSVM_SERVE_WAIT) {
			return prefetch_errno(ret);
		}
		*done += req.end - start;
		cond_resched();
	}
	return 0;
}

/**
 * vsvm_svm_prefetch() - map a range before it is used
 * @svm: SVM; its mm has users
 * @start: first byte, page aligned
 * @end: one past the last byte, page aligned
 * @write: for writing
 * @location: &enum drm_vsvm_location where it is to be, whatever else is wished for it
 * @done: raised by the bytes that are mapped, from the first one on
 *
 * Where the process has to do something, a thread of the process waits for it; another one, which a
 * work item is, leaves that to the fault that will come.
 *
 * Context: process or work item, no locks.
 * Return: 0, -EFAULT if the GPU may not access a page, -ENOMEM, -EBUSY, -EINTR for a signal, or
 * -ENOENT if the VM is given up meanwhile.
 */
int vsvm_svm_prefetch(struct vsvm_svm *svm, u64 start, u64 end, bool write, u8 location,
		      u64 *done)
{
	u64 begin = vsvm_trace_begin(vsvm_prefetch);
	int ret = map_ahead(svm, start, end, write, location, done);

	trace_vsvm_prefetch(vsvm_hw_as_id(svm->pt->as), start, end, write, ret,
			    vsvm_trace_ns(begin));
	return ret;
}
