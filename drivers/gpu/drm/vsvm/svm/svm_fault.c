// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Page faults
 *
 * From a batch of records to page table entries, in four steps for each run of neighbouring pages:
 *
 * 1. the VMA: may this access be at all, and which bounds should the interval have
 *    (svm_interval.c);
 * 2. the pages: hmm_range_fault(), first without faulting over a window around the run, so that
 * what
 *    the CPU has already is mapped in one go, then with faulting over what the run still lacks. Two
 *    steps, because HMM faults a hole in the CPU's page table as a whole if one page of it is asked
 *    for: a window that may fault would allocate memory that nobody touched;
 * 3. one sweep from HMM's answer to page table entries, not yet in the table;
 * 4. under pt->lock: if the notifier has heard nothing meanwhile, the entries go into the table; if
 *    it has, all of it again.
 *
 * An access that cannot be gets a precise error, for itself alone: a run that fails is taken apart
 * page by page, and who only reads does not share the error of who writes.
 *
 * Locking: update_lock around the batch, mmap_lock for steps 1 and 2, pt->lock for step 4.
 *
 * Limits: tries go on for a bounded time (FAULT_TIMEOUT, FAULT_TRIES). userfaultfd and stack growth
 * are not waited for or done: those accesses fail as the CPU would fail with SIGBUS or SIGSEGV.
 */

#include <linux/fs.h>
#include <linux/hmm.h>
#include <linux/jiffies.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "svm.h"
#include "svm_batch.h"
#include "svm_interval.h"
#include "svm_update.h"

/* How long, in ms, and how often one run may meet invalidations before it is given up. */
#define FAULT_TIMEOUT	(10 * HMM_RANGE_DEFAULT_TIMEOUT)
#define FAULT_TRIES	16

/**
 * struct request - what is left of a run
 */
struct request {
	/** @start: first byte still to be served */
	u64 start;
	/** @end: one past the last byte to be served together */
	u64 end;
	/** @write: for writing */
	bool write;
	/**
	 * @asked_cpu: the CPU's own fault handler has been asked about @start, and sees no error
	 */
	bool asked_cpu;
};

/* Besides an enum vsvm_error, a step may answer: memory changed under it; the interval is new. */
#define AGAIN	(-1)
#define COVERED	(-2)

/* What forbids an access to a VMA, whatever its pages are. */
static int vma_error(struct vm_area_struct *vma, bool write)
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

/*
 * HMM says no more than -EFAULT. Asks the CPU's fault handler for the reason, once: if it sees no
 * error the page is one that no device can have.
 */
static int page_error(struct vm_area_struct *vma, struct request *req)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (req->write ? FAULT_FLAG_WRITE : 0);
	vm_fault_t fault;

	if (req->asked_cpu)
		return VSVM_ERROR_UNSUPPORTED;
	req->asked_cpu = true;

	fault = handle_mm_fault(vma, req->start, flags, NULL);
	if (fault & VM_FAULT_OOM)
		return VSVM_ERROR_NOMEM;
	if (fault & (VM_FAULT_SIGBUS | VM_FAULT_HWPOISON | VM_FAULT_HWPOISON_LARGE))
		return VSVM_ERROR_BUS;
	if (fault & VM_FAULT_SIGSEGV)
		return VSVM_ERROR_PERMISSION;
	return AGAIN;
}

static bool pfn_serves(unsigned long pfn, bool write)
{
	unsigned long need = HMM_PFN_VALID | (write ? HMM_PFN_WRITE : 0);

	return (pfn & (need | HMM_PFN_ERROR)) == need;
}

/* Step 2. Fills svm->pfns for @window; on success the pages of @req in it are there as wanted. */
static int get_pages(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		     struct vm_area_struct *vma, struct request *req, struct vsvm_span window)
{
	struct hmm_range range = {
		.notifier = &interval->notifier,
		.notifier_seq = seq,
		.start = window.start,
		.end = window.end,
		.hmm_pfns = svm->pfns,
	};
	unsigned long *pfns = &svm->pfns[(req->start - window.start) >> PAGE_SHIFT];
	unsigned int i, count = (req->end - req->start) >> PAGE_SHIFT;
	int ret;

	mmap_assert_locked(svm->mm);

	memset(svm->pfns, 0, ((window.end - window.start) >> PAGE_SHIFT) * sizeof(*svm->pfns));
	ret = hmm_range_fault(&range);
	if (ret)
		return ret == -EBUSY ? AGAIN : VSVM_ERROR_UNSUPPORTED;

	for (i = 0; i < count && pfn_serves(pfns[i], req->write); i++)
		;
	if (i == count)
		return VSVM_ERROR_NONE;

	range.start = req->start;
	range.end = req->end;
	range.hmm_pfns = pfns;
	range.default_flags = HMM_PFN_REQ_FAULT | (req->write ? HMM_PFN_REQ_WRITE : 0);
	ret = hmm_range_fault(&range);
	if (!ret)
		return VSVM_ERROR_NONE;
	if (ret == -EBUSY)
		return AGAIN;
	if (count > 1) {
		/* One of them is bad. Find it, and serve the others. */
		req->end = req->start + PAGE_SIZE;
		return AGAIN;
	}
	return page_error(vma, req);
}

/*
 * The 2M entry that maps @req, if the CPU has it so and nothing of it lies outside @bounds; else 0.
 */
static u64 block_leaf(struct vsvm_svm *svm, struct request *req, struct vsvm_span window,
		      struct vsvm_span bounds)
{
	u64 block = ALIGN_DOWN(req->start, VSVM_PT_BLOCK_SIZE);
	unsigned long pfn = svm->pfns[(req->start - window.start) >> PAGE_SHIFT];
	u64 phys;

	if (hmm_pfn_to_map_order(pfn) < VSVM_PT_SHIFT(1) - PAGE_SHIFT)
		return 0;
	if (block < bounds.start || block + VSVM_PT_BLOCK_SIZE > bounds.end)
		return 0;

	phys = page_to_phys(hmm_pfn_to_page(pfn)) - (req->start - block);
	if (!IS_ALIGNED(phys, VSVM_PT_BLOCK_SIZE))
		return 0;
	return vsvm_pt_leaf(phys, pfn & HMM_PFN_WRITE);
}

/* Step 3. */
static void make_leaves(struct vsvm_svm *svm, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		unsigned long pfn = svm->pfns[i];

		svm->leaves[i] = pfn_serves(pfn, false) ?
			vsvm_pt_leaf(page_to_phys(hmm_pfn_to_page(pfn)), pfn & HMM_PFN_WRITE) : 0;
	}
}

/* Steps 3 and 4. */
static int map_pages(struct vsvm_svm *svm, struct vsvm_interval *interval, unsigned long seq,
		     struct request *req, struct vsvm_span window, struct vsvm_span bounds)
{
	unsigned int count = (window.end - window.start) >> PAGE_SHIFT;
	u64 block = block_leaf(svm, req, window, bounds);
	int ret = VSVM_ERROR_NONE;

	make_leaves(svm, count);

	mutex_lock(&svm->pt->lock);
	if (mmu_interval_read_retry(&interval->notifier, seq)) {
		ret = AGAIN;
	} else if (block && vsvm_pt_map_block(svm->pt, &svm->cache,
					      ALIGN_DOWN(req->start, VSVM_PT_BLOCK_SIZE), block)) {
		svm->stats.pages_mapped += VSVM_PT_BLOCK_SIZE >> PAGE_SHIFT;
		svm->stats.leaves_2m++;
	} else {
		svm->stats.pages_mapped += vsvm_pt_map_range(svm->pt, &svm->cache, window.start,
							     svm->leaves, count);
	}
	mutex_unlock(&svm->pt->lock);
	return ret;
}

/*
 * Makes the interval for @cover, the VMA at @addr having had @bounds. mmap_lock is not held, so the
 * VMA may go before the interval is live. Nobody hears of that, and nobody but us can have the
 * interval's bounds looked at again.
 */
static int cover_vma(struct vsvm_svm *svm, u64 addr, struct vsvm_span cover,
		     struct vsvm_span bounds)
{
	struct vm_area_struct *vma;

	if (vsvm_interval_cover(svm, cover))
		return VSVM_ERROR_NOMEM;

	mmap_read_lock(svm->mm);
	vma = vma_lookup(svm->mm, addr);
	if (!vma || vma->vm_start > bounds.start || vma->vm_end < bounds.end) {
		mutex_lock(&svm->pt->lock);
		vsvm_update_defer(svm, vsvm_interval_find(svm, addr));
		mutex_unlock(&svm->pt->lock);
	}
	mmap_read_unlock(svm->mm);
	return COVERED;
}

/* One try at the pages from req->start on. On success or error, *@next is where to go on. */
static int try_serve(struct vsvm_svm *svm, struct request *req, u64 *next)
{
	struct vsvm_span bounds, cover, window;
	struct vsvm_interval *interval;
	struct vm_area_struct *vma;
	unsigned long seq = 0;
	u64 block;
	int ret;

	*next = req->start + PAGE_SIZE;
	if (vsvm_pt_cache_fill(&svm->cache, req->start, req->end))
		return VSVM_ERROR_NOMEM;

	interval = vsvm_interval_find(svm, req->start);
	if (interval)
		seq = mmu_interval_read_begin(&interval->notifier);

	mmap_read_lock(svm->mm);
	vma = vma_lookup(svm->mm, req->start);
	ret = vma_error(vma, req->write);
	if (ret)
		goto unlock;

	bounds = (struct vsvm_span) { vma->vm_start, vma->vm_end };
	cover = vsvm_interval_cover_span(svm, req->start, bounds);
	if (!interval || cover.start < vsvm_interval_start(interval) ||
	    cover.end > vsvm_interval_end(interval)) {
		mmap_read_unlock(svm->mm);
		return cover_vma(svm, req->start, cover, bounds);
	}

	bounds.start = max(bounds.start, vsvm_interval_start(interval));
	bounds.end = min(bounds.end, vsvm_interval_end(interval));
	req->end = min(req->end, bounds.end);

	block = ALIGN_DOWN(req->start, VSVM_PT_BLOCK_SIZE);
	window.start = ALIGN_DOWN(req->start, VSVM_SVM_WINDOW_PAGES * PAGE_SIZE);
	window.start = max3(window.start, bounds.start, block);
	window.end = ALIGN(req->end, VSVM_SVM_WINDOW_PAGES * PAGE_SIZE);
	window.end = min3(window.end, bounds.end, block + VSVM_PT_BLOCK_SIZE);

	ret = get_pages(svm, interval, seq, vma, req, window);
	if (!ret)
		*next = req->end;
unlock:
	mmap_read_unlock(svm->mm);
	return ret ? ret : map_pages(svm, interval, seq, req, window, bounds);
}

/* Are the pages mapped as wanted already? Another batch, or a window, may have been faster. */
static bool served(struct vsvm_svm *svm, const struct vsvm_run *run)
{
	u64 need = VSVM_PTE_VALID | (run->write ? VSVM_PTE_WRITE : 0);
	u64 addr;

	mutex_lock(&svm->pt->lock);
	for (addr = run->start; addr < run->end; addr += PAGE_SIZE)
		if ((vsvm_pt_lookup(svm->pt, addr) & need) != need)
			break;
	mutex_unlock(&svm->pt->lock);
	return addr == run->end;
}

/*
 * Records of reading may stand in a run for writing, one page having both. What writing meets says
 * nothing of them: without an error they try again at the replay, and ask for themselves.
 */
static void fail(struct vsvm_svm_fault *faults, const struct vsvm_run *run, u64 start, u64 end,
		 u32 error)
{
	unsigned int i;

	for (i = run->first; i < run->first + run->count; i++)
		if (faults[i].hw.addr >= start && faults[i].hw.addr < end &&
		    vsvm_batch_writes(&faults[i]) == run->write)
			faults[i].error = error;
}

static void serve_run(struct vsvm_svm *svm, struct vsvm_svm_fault *faults,
		      const struct vsvm_run *run)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(FAULT_TIMEOUT);
	struct request req = { run->start, run->end, run->write };
	unsigned int tries = 0;
	u64 next;
	int ret;

	if (served(svm, run)) {
		svm->stats.spurious += run->count - run->duplicates;
		return;
	}
	while (req.start < run->end) {
		ret = try_serve(svm, &req, &next);
		if (ret < 0) {
			svm->stats.retries += ret == AGAIN;
			cond_resched();
			/* One try alone may take as long, if it waits for I/O. */
			if (++tries < FAULT_TRIES || time_before(jiffies, deadline))
				continue;
			ret = VSVM_ERROR_RETRY;
			next = req.end;
		}
		if (ret)
			fail(faults, run, req.start, next, ret);
		req = (struct request) { next, run->end, run->write };
	}
}

/**
 * vsvm_svm_fault() - serve a batch of page faults
 * @svm: SVM
 * @faults: the batch; sorted, and the error of each set
 * @count: its length
 *
 * The caller replays afterwards, and kills the queues of those that have an error.
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

	vsvm_batch_sort(faults, count);

	memcg = vsvm_svm_charge_begin(svm);
	mutex_lock(&svm->update_lock);
	while (vsvm_batch_next(faults, count, &run)) {
		serve_run(svm, faults, &run);
		svm->stats.runs++;
		svm->stats.duplicate += run.duplicates;
	}
	vsvm_pt_cache_drain(&svm->cache);
	mutex_unlock(&svm->update_lock);
	vsvm_svm_charge_end(memcg);

	mmput_async(svm->mm);
}
