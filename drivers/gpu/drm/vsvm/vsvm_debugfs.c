// SPDX-License-Identifier: GPL-2.0-only OR MIT

/**
 * DOC: debugfs
 *
 * In /sys/kernel/debug/dri/N/: "vms", the counters of every VM; "intervals", every interval of
 * every SVM VM; "engines", the counters of the engines. For people and tests to read; the format
 * may change. With the module parameter hold_points there is also "hold", see vsvm_hold.c.
 *
 * A VM is called by the number that fault records have for it. Which it is of a program's, its line
 * says: "client" is drm-client-id in the fdinfo of its file, "id" the vm_id there.
 */

#include <linux/seq_file.h>
#include <linux/slab.h>

#include <drm/drm_debugfs.h>

#include "vsvm_drv.h"
#include "vsvm_hold.h"
#include "vsvm_vm.h"

/* The first VM whose number is at least *@asid, with a reference. */
static struct vsvm_vm *next_vm(struct vsvm_device *vdev, unsigned long *asid)
{
	struct vsvm_vm *vm;

	xa_lock(&vdev->vms);
	for (vm = xa_find(&vdev->vms, asid, ULONG_MAX, XA_PRESENT); vm;
	     vm = xa_find_after(&vdev->vms, asid, ULONG_MAX, XA_PRESENT))
		if (kref_get_unless_zero(&vm->ref))
			break;
	xa_unlock(&vdev->vms);
	return vm;
}

static void print_header(struct seq_file *m, struct vsvm_vm *vm, unsigned long asid)
{
	seq_printf(m, "vm %lu: %s[%d]%s bo %#llx-%#llx client %llu id %u\n", asid, vm->comm,
		   vm->tgid, vm->mm ? " svm" : "", vm->bo_start, vm->bo_end, vm->client,
		   READ_ONCE(vm->id));
}

static int show_vms(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	struct vsvm_device *vdev = to_vsvm_device(entry->dev);
	struct drm_vsvm_vm_stats s;
	unsigned long asid = 0;
	struct vsvm_vm *vm;

	for (; (vm = next_vm(vdev, &asid)); asid++) {
		print_header(m, vm, asid);
		vsvm_vm_stats(vm, &s);
#define SHOW(field) seq_printf(m, "  %-19s %llu\n", #field, s.field)
		SHOW(faults);
		SHOW(faults_duplicate);
		SHOW(faults_spurious);
		SHOW(faults_failed);
		SHOW(batches);
		SHOW(runs);
		SHOW(retries);
		SHOW(fault_ns);
		SHOW(pages_mapped);
		SHOW(leaves_2m);
		SHOW(pages_zapped);
		SHOW(pages_dirtied);
		SHOW(invalidations);
		SHOW(intervals_created);
		SHOW(intervals_extended);
		SHOW(intervals_shrunk);
		SHOW(intervals_split);
		SHOW(intervals_removed);
		SHOW(deferred_updates);
		SHOW(intervals);
		SHOW(interval_bytes);
		SHOW(pt_bytes);
		SHOW(pages);
		SHOW(bo_bytes);
		SHOW(queues);
		SHOW(faults_waited);
		SHOW(waits);
		SHOW(waits_now);
		SHOW(prefetched);
		SHOW(pages_2m);
		SHOW(pages_to_vram);
		SHOW(pages_to_system);
		SHOW(pages_faulted);
		SHOW(pages_evicted);
		SHOW(vram_pages);
		SHOW(vram_bytes);
		SHOW(kept_kind);
		SHOW(kept_busy);
		SHOW(kept_full);
		SHOW(kept_thrashing);
		SHOW(pages_split);
		SHOW(counter_notices);
		SHOW(counter_early);
		SHOW(counter_pages);
		SHOW(pages_ahead);
		SHOW(pages_ahead_used);
		SHOW(atomic_turns);
		SHOW(bo_blocks);
		SHOW(bo_blocks_evicted);
		SHOW(pages_from_peer);
		SHOW(pages_peer);
		SHOW(peer_refused);
#undef SHOW
		vsvm_vm_put(vm);
	}
	return 0;
}

static int print_intervals(struct seq_file *m, struct vsvm_vm *vm)
{
	u64 i, count = vsvm_svm_list(&vm->svm, NULL, 0);
	struct drm_vsvm_interval *list;

	list = kvcalloc(max(count, 1ULL), sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;

	/* There may be fewer by now, or more: then those that fit. */
	count = min(count, vsvm_svm_list(&vm->svm, list, count));
	for (i = 0; i < count; i++)
		seq_printf(m, "  %#llx-%#llx invalidations %llu%s\n", list[i].start, list[i].end,
			   list[i].invalidations,
			   list[i].flags & DRM_VSVM_INTERVAL_DEFERRED ? " deferred" : "");
	kvfree(list);
	return 0;
}

static int show_intervals(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	struct vsvm_device *vdev = to_vsvm_device(entry->dev);
	unsigned long asid = 0;
	struct vsvm_vm *vm;
	int ret = 0;

	for (; !ret && (vm = next_vm(vdev, &asid)); asid++) {
		print_header(m, vm, asid);
		if (vm->mm)
			ret = print_intervals(m, vm);
		vsvm_vm_put(vm);
	}
	return ret;
}

static int show_engines(struct seq_file *m, void *unused)
{
	struct drm_debugfs_entry *entry = m->private;
	struct vsvm_device *vdev = to_vsvm_device(entry->dev);
	struct vsvm_hw_stats s;
	unsigned int i;

	seq_printf(m, "%6s %15s %10s %10s %12s %12s ", "engine", "busy_ns", "packets", "waves",
		   "insns", "bytes");
	seq_printf(m, "%12s %12s %10s %10s %13s\n", "tlb_hits", "tlb_misses", "faults",
		   "overflows", "invalidations");
	for (i = 0; i < vdev->num_engines; i++) {
		vsvm_hw_stats(vdev->hw, i, &s);
		seq_printf(m, "%6u %15llu %10llu %10llu %12llu %12llu ", i, s.busy_ns, s.packets,
			   s.waves, s.insns, s.bytes);
		seq_printf(m, "%12llu %12llu %10llu %10llu %13llu\n", s.tlb_hits, s.tlb_misses,
			   s.faults, s.overflows, s.invalidations);
	}
	return 0;
}

static const struct drm_debugfs_info vsvm_debugfs_files[] = {
	{ "vms", show_vms, 0, NULL },
	{ "intervals", show_intervals, 0, NULL },
	{ "engines", show_engines, 0, NULL },
};

void vsvm_debugfs_init(struct vsvm_device *vdev)
{
	drm_debugfs_add_files(&vdev->drm, vsvm_debugfs_files, ARRAY_SIZE(vsvm_debugfs_files));
	vsvm_hold_debugfs_init(vdev);
}
