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

#include "../vsvm_vram.h"
#include "svm.h"
#include "svm_atomic.h"
#include "svm_attr.h"
#include "svm_counter.h"
#include "svm_dup.h"
#include "svm_interval.h"
#include "svm_migrate.h"
#include "svm_pin.h"
#include "svm_policy.h"
#include "svm_update.h"
#include "svm_wait.h"

int vsvm_svm_module_init(void)
{
	int ret;

	ret = vsvm_interval_module_init();
	if (ret)
		return ret;
	ret = vsvm_wait_module_init();
	if (ret)
		vsvm_interval_module_fini();
	return ret;
}

void vsvm_svm_module_fini(void)
{
	vsvm_wait_module_fini();
	vsvm_interval_module_fini();
}

/**
 * vsvm_svm_init() - let the GPU see a process's memory
 * @svm: zeroed
 * @mm: its memory; the caller is in it, so it has users
 * @pt: page table
 * @update_wq: for deferred updates, which may have to wait for faults of the same VM; outlives @svm
 * @vram: VRAM for its memory; outlives @svm
 * @client: the VM, as one that has @vram; outlives @svm. NULL if there is no VRAM
 * @args: the range for BOs, the policy and the threshold of counters; checked
 *
 * Context: process, no locks.
 * Return: 0, -ENOMEM, or -EINTR for a signal.
 */
int vsvm_svm_init(struct vsvm_svm *svm, struct mm_struct *mm, struct vsvm_pt *pt,
		  struct workqueue_struct *update_wq, struct vsvm_vram *vram,
		  struct vsvm_vram_client *client, const struct drm_vsvm_vm_create *args)
{
	int ret;

	if (vram->num_pages) {
		svm->vram.client = client;
		svm->vram.pool = vram;
	}

	svm->pfns = kvmalloc_array(VSVM_SVM_RUN_PAGES, sizeof(*svm->pfns), GFP_KERNEL_ACCOUNT);
	svm->keys = kvmalloc_array(2 * VSVM_FAULT_BATCH, sizeof(*svm->keys), GFP_KERNEL_ACCOUNT);
	if (!svm->pfns || !svm->keys) {
		kvfree(svm->keys);
		kvfree(svm->pfns);
		return -ENOMEM;
	}

	xa_init(&svm->vram.moves);
	svm->mm = mm;
	mmgrab(mm);
	svm->pt = pt;
	vsvm_atomic_init(svm);
	vsvm_pin_init(svm);
	/* From here on who closes VRAM may have copies dropped, by @pt. */
	vsvm_dup_init(svm);
	svm->bo_start = args->bo_start;
	svm->bo_end = args->bo_start + args->bo_size;
	svm->policy = vsvm_policy_get(args->interval_policy);
	svm->window = args->interval_window;
	svm->vram.location = args->location;
	svm->intervals = RB_ROOT_CACHED;
	mutex_init(&svm->update_lock);
	svm->update_wq = update_wq;
	vsvm_update_init(svm);
	vsvm_attr_init(svm);
	vsvm_wait_init(svm);

	ret = vsvm_interval_prime(svm);
	/* Where all memory has a place, or there is no VRAM, there is nothing to be found out. */
	if (!ret && svm->vram.pool && !args->location &&
	    args->counter_threshold != DRM_VSVM_COUNTER_OFF)
		ret = vsvm_counter_init(svm, args->counter_threshold ?:
					READ_ONCE(vsvm_counter_threshold));
	if (ret)
		vsvm_svm_fini(svm);
	return ret;
}

/**
 * vsvm_svm_fini() - forget the process's memory
 * @svm: SVM; no queue runs in the VM, no fault is being served and none waits for the process
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
	vsvm_attr_fini(svm);
	vsvm_pin_fini(svm);
	vsvm_dup_fini(svm);
	vsvm_counter_fini(svm);
	vsvm_atomic_fini(svm);
	vsvm_pt_cache_drain(&svm->cache);
	vsvm_migrate_room_free(svm->vram.room);
	xa_destroy(&svm->vram.moves);

	mutex_destroy(&svm->update_lock);
	mmdrop(svm->mm);
	kvfree(svm->keys);
	kvfree(svm->pfns);
}

/**
 * vsvm_svm_register() - listen to a range from now on
 * @svm: SVM with the policy "registered"
 * @start: first byte, page aligned
 * @end: one past the last byte, page aligned; the range holds nothing of the BOs'
 *
 * Context: process, no locks; the process is @svm's.
 * Return: 0, -EEXIST if it overlaps another one, -ENOMEM, -EINTR.
 */
int vsvm_svm_register(struct vsvm_svm *svm, u64 start, u64 end)
{
	int ret = 0;

	if (mutex_lock_killable(&svm->update_lock))
		return -EINTR;
	if (vsvm_interval_first(svm, start, end))
		ret = -EEXIST;
	else if (!vsvm_interval_cover(svm, (struct vsvm_span) { start, end }))
		ret = -ENOMEM;
	mutex_unlock(&svm->update_lock);
	return ret;
}

/**
 * vsvm_svm_unregister() - undo vsvm_svm_register()
 * @svm: SVM
 * @start: as it was then
 * @end: as it was then
 *
 * On return nothing of the range is mapped, and it has no attributes.
 *
 * Context: process, no locks.
 * Return: 0, -ENOENT, -ENOMEM, -EINTR.
 */
int vsvm_svm_unregister(struct vsvm_svm *svm, u64 start, u64 end)
{
	struct vsvm_interval *interval;
	int ret = -ENOENT;

	if (mutex_lock_killable(&svm->update_lock))
		return -EINTR;
	interval = vsvm_interval_find(svm, start);
	if (interval && vsvm_interval_start(interval) == start &&
	    vsvm_interval_end(interval) == end) {
		/* Nobody will hear that the memory goes, and they with it. */
		ret = vsvm_attr_reset(svm, start, end);
		if (!ret)
			vsvm_interval_remove(svm, interval);
	}
	mutex_unlock(&svm->update_lock);
	return ret;
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
 * vsvm_svm_zap() - take a range of the process's memory from the GPU, and count that
 * @svm: SVM
 * @start: first byte, page aligned
 * @end: one past the last byte
 *
 * Context: pt->lock held; as vsvm_pt_zap().
 * Return: how much has gone.
 */
struct vsvm_pt_zapped vsvm_svm_zap(struct vsvm_svm *svm, u64 start, u64 end)
{
	struct vsvm_pt_zapped zapped = vsvm_pt_zap(svm->pt, start, end);

	svm->stats.pages_zapped += zapped.pages;
	svm->stats.pages_dirtied += zapped.dirty;
	svm->stats.pages_2m -= zapped.pages_2m;
	/* The TLB has answered, so nobody reads them any more. */
	vsvm_dup_forget(svm, (struct vsvm_span) { start, end });
	return zapped;
}

/**
 * vsvm_svm_vram_bytes() - how much of the process's memory is in VRAM by this VM?
 * @svm: SVM, or zeroed
 *
 * Context: any.
 * Return: bytes.
 */
u64 vsvm_svm_vram_bytes(const struct vsvm_svm *svm)
{
	return svm->vram.client ? READ_ONCE(svm->vram.client->pages) << PAGE_SHIFT : 0;
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
	stats->faults_waited = READ_ONCE(s->waited);
	stats->waits = READ_ONCE(s->waits);
	stats->waits_now = READ_ONCE(svm->num_waits);
	stats->prefetched = READ_ONCE(s->prefetched);
	stats->pages_2m = READ_ONCE(s->pages_2m);
	stats->pages_to_vram = READ_ONCE(s->to_vram);
	stats->pages_to_system = READ_ONCE(s->to_system);
	stats->kept_kind = READ_ONCE(s->kept_kind);
	stats->kept_busy = READ_ONCE(s->kept_busy);
	stats->kept_full = READ_ONCE(s->kept_full);
	stats->kept_thrashing = READ_ONCE(s->kept_thrashing);
	stats->pages_exclusive = READ_ONCE(s->exclusive);
	stats->atomics_moved = READ_ONCE(s->atomics_moved);
	stats->atomic_turns = READ_ONCE(s->atomic_turns);
	stats->pages_pinned = READ_ONCE(svm->num_pins);
	stats->pins_refused = READ_ONCE(s->pins_refused);
	stats->duplicated = READ_ONCE(s->duplicated);
	stats->duplicates = READ_ONCE(svm->num_dups);
	stats->duplicates_refused = READ_ONCE(s->duplicates_refused);
	stats->pages_split = READ_ONCE(s->pages_split);
	stats->counter_notices = READ_ONCE(s->counter_notices);
	stats->counter_early = READ_ONCE(s->counter_early);
	stats->counter_pages = READ_ONCE(s->counter_pages);
	stats->pages_ahead = READ_ONCE(s->ahead);
	stats->pages_from_peer = READ_ONCE(s->from_peer);
	stats->pages_peer = READ_ONCE(s->peer);
	stats->peer_refused = READ_ONCE(s->peer_refused);
	if (svm->vram.client) {
		stats->pages_faulted = atomic64_read(&svm->vram.client->faulted);
		stats->pages_evicted = atomic64_read(&svm->vram.client->evicted);
		stats->pages_ahead_used = atomic64_read(&svm->vram.client->ahead_used);
		stats->vram_pages = READ_ONCE(svm->vram.client->pages);
	}
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
