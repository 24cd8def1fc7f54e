// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: Shared virtual memory
 *
 * The memory of a process as the GPU sees it. A fault of the GPU (svm_fault.c) makes or finds an
 * interval (svm_interval.c), asks HMM for the pages and enters them into the VM's page table
 * (vsvm_pt.c). A change of the CPU's page table reaches the interval's notifier, which takes the
 * entries away; if a mapping went, a deferred update (svm_update.c) brings the interval's bounds up
 * to date.
 *
 * Lock order: update_lock, mmap_lock, pt->lock. Notifiers come in below mmap_lock, or reclaim, and
 * take pt->lock alone.
 *
 * The range for BOs is not the process's as far as the GPU goes: no interval reaches into it and no
 * fault in it comes here.
 */

#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/vsvm_drm.h>

#include "svm.h"
#include "svm_interval.h"
#include "svm_update.h"

int vsvm_svm_module_init(void)
{
	int ret;

	ret = vsvm_interval_module_init();
	if (ret)
		return ret;
	ret = vsvm_update_module_init();
	if (ret)
		vsvm_interval_module_fini();
	return ret;
}

void vsvm_svm_module_fini(void)
{
	vsvm_update_module_fini();
	vsvm_interval_module_fini();
}

/**
 * vsvm_svm_init() - let the GPU see a process's memory
 * @svm: zeroed
 * @mm: its memory; the caller is in it, so it has users
 * @pt: page table
 * @bo_start: first byte of the range for BOs
 * @bo_end: one past its last byte
 *
 * Context: process, no locks.
 * Return: 0, -ENOMEM, or -EINTR for a signal.
 */
int vsvm_svm_init(struct vsvm_svm *svm, struct mm_struct *mm, struct vsvm_pt *pt, u64 bo_start,
		  u64 bo_end)
{
	int ret;

	svm->pfns = kvmalloc_array(VSVM_SVM_RUN_PAGES, sizeof(*svm->pfns), GFP_KERNEL_ACCOUNT);
	svm->leaves = kvmalloc_array(VSVM_SVM_RUN_PAGES, sizeof(*svm->leaves), GFP_KERNEL_ACCOUNT);
	if (!svm->pfns || !svm->leaves) {
		kvfree(svm->pfns);
		kvfree(svm->leaves);
		return -ENOMEM;
	}

	svm->mm = mm;
	mmgrab(mm);
	svm->pt = pt;
	svm->bo_start = bo_start;
	svm->bo_end = bo_end;
	svm->intervals = RB_ROOT_CACHED;
	mutex_init(&svm->update_lock);
	vsvm_update_init(svm);

	ret = vsvm_interval_prime(svm);
	if (ret)
		vsvm_svm_fini(svm);
	return ret;
}

/**
 * vsvm_svm_fini() - forget the process's memory
 * @svm: SVM; no queue runs in the VM and no fault is being served
 *
 * On return nothing of the process is mapped, and the kernel knows what the GPU has written.
 *
 * Context: process, no locks; any process, and @svm's own may have ended.
 */
void vsvm_svm_fini(struct vsvm_svm *svm)
{
	mutex_lock(&svm->update_lock);
	vsvm_interval_remove_all(svm);
	mutex_unlock(&svm->update_lock);
	vsvm_update_fini(svm);

	mutex_destroy(&svm->update_lock);
	mmdrop(svm->mm);
	kvfree(svm->pfns);
	kvfree(svm->leaves);
}

/**
 * vsvm_svm_charge_begin() - have what a work item allocates charged to the process
 * @svm: SVM; its mm has users
 *
 * A work item belongs to nobody, so the tables and intervals that it makes for a process, and what
 * the kernel's fault handler makes for it, would be nobody's: memory that no limit holds.
 *
 * Context: a work item; not nested.
 * Return: for vsvm_svm_charge_end(); may be NULL.
 */
struct mem_cgroup *vsvm_svm_charge_begin(struct vsvm_svm *svm)
{
	struct mem_cgroup *memcg = get_mem_cgroup_from_mm(svm->mm);

	set_active_memcg(memcg);
	return memcg;
}

/**
 * vsvm_svm_charge_end() - undo vsvm_svm_charge_begin()
 * @memcg: what it returned
 */
void vsvm_svm_charge_end(struct mem_cgroup *memcg)
{
	set_active_memcg(NULL);
	mem_cgroup_put(memcg);
}

/**
 * vsvm_svm_stats() - read the counters
 * @svm: SVM
 * @stats: its SVM fields are filled in
 */
void vsvm_svm_stats(struct vsvm_svm *svm, struct drm_vsvm_vm_stats *stats)
{
	const struct vsvm_svm_stats *s = &svm->stats;

	stats->faults_spurious = READ_ONCE(s->spurious);
	stats->faults_duplicate = READ_ONCE(s->duplicate);
	stats->runs = READ_ONCE(s->runs);
	stats->retries = READ_ONCE(s->retries);
	stats->pages_mapped = READ_ONCE(s->pages_mapped);
	stats->leaves_2m = READ_ONCE(s->leaves_2m);
	stats->pages_zapped = READ_ONCE(s->pages_zapped);
	stats->pages_dirtied = READ_ONCE(s->pages_dirtied);
	stats->invalidations = READ_ONCE(s->invalidations);
	stats->intervals_created = READ_ONCE(s->created);
	stats->intervals_extended = READ_ONCE(s->extended);
	stats->intervals_shrunk = READ_ONCE(s->shrunk);
	stats->intervals_split = READ_ONCE(s->split);
	stats->intervals_removed = READ_ONCE(s->removed);
	stats->deferred_updates = READ_ONCE(s->updates);
	stats->intervals = READ_ONCE(svm->num_intervals);
	stats->interval_bytes = vsvm_interval_bytes(stats->intervals);
}

/**
 * vsvm_svm_list() - list the intervals
 * @svm: SVM
 * @list: filled with as many as there is room for, by rising address
 * @count: its length, may be 0
 *
 * Context: process, no locks.
 * Return: how many intervals there are.
 */
u64 vsvm_svm_list(struct vsvm_svm *svm, struct drm_vsvm_interval *list, u64 count)
{
	struct vsvm_interval *interval;
	u64 i = 0, addr = 0;

	mutex_lock(&svm->pt->lock);
	while (i < count && (interval = vsvm_interval_first(svm, addr, U64_MAX))) {
		list[i++] = (struct drm_vsvm_interval) {
			.start = vsvm_interval_start(interval),
			.end = vsvm_interval_end(interval),
			.invalidations = interval->invalidations,
			.flags = list_empty(&interval->deferred) ? 0 : DRM_VSVM_INTERVAL_DEFERRED,
		};
		addr = vsvm_interval_end(interval);
	}
	i = svm->num_intervals;
	mutex_unlock(&svm->pt->lock);
	return i;
}
